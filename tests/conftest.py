import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

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
    parser.addoption("--images", help="a folder of archives: test the release with these images")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What needs the machine's one node begins first: it takes longest of what stays together."""
    items.sort(key=lambda item: not is_of_the_node(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """With several test processes, a file is worked on by one."""
    return ByFile(config, log)


class ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps the tests of a file together, and those of the node, which share a cluster."""

    def _split_scope(self, nodeid: str) -> str:
        return "node" if is_of_the_node(nodeid) else nodeid.partition("::")[0]


def is_of_the_node(nodeid: str) -> bool:
    return nodeid.startswith("tests/e2e/")
