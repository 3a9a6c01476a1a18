import pytest
from hypothesis import settings

pytest_plugins = [
    "tests.support.cluster_fixtures",
    "tests.support.node_fixtures",
    "tests.support.outcomes",
    "tests.support.real_node_fixtures",
    "tests.support.storage_fixtures",
]

settings.register_profile("dev", max_examples=50, deadline=None)
# The same examples each time: what somebody else's change broke is found by `dev` and `nightly`.
settings.register_profile("ci", max_examples=50, deadline=None, print_blob=True, derandomize=True)
settings.register_profile("nightly", max_examples=5000, deadline=None, derandomize=False)
settings.load_profile("dev")  # `--hypothesis-profile` chooses another


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cluster", help="a kubeconfig: run the tests of e2e/ against this cluster")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in a hook of its own.
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With several test processes, a file is worked on by one, and so is the machine's one node.

    What needs the node begins first: it is the longest of all that has to stay together.
    """
    items.sort(key=lambda item: not item.get_closest_marker("node"))
    for item in items:
        group = "node" if item.get_closest_marker("node") else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
