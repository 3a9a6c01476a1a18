"""The documented client is here as a whole: each method, its arguments, and what is said of it."""

import inspect
import re
from importlib import import_module
from pathlib import Path

import pytest

import curation_client
from curation_client import ApiWorkflowClient
from tests.curation_client.published import Method, NotThereError, published_methods
from tools.requirements.claims import requirements

PAGE = (Path(__file__).parents[2] / "docs/reference/client.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", PAGE, re.MULTILINE))
NOT_MET = set(re.findall(r"^- (C\d+):", PAGE, re.MULTILINE))

# Those of the requirements for a client that are about the methods of this page.
PROMISED = {*(f"C{number}" for number in range(1, 64)), "C75", "C76", "C78", "C79"}


@pytest.fixture(scope="module")
def published() -> dict[str, Method]:
    try:
        return published_methods()
    except NotThereError as error:
        pytest.skip(str(error))


def is_implemented(name: str) -> bool:
    return str(ROWS[name]).strip() == "implemented"


def test_every_published_method_has_a_row(published: dict[str, Method]) -> None:
    assert set(published) - set(ROWS) == set()


def test_what_the_page_calls_implemented_is_there_and_nothing_else() -> None:
    there = {name for name in ROWS if hasattr(ApiWorkflowClient, name)}
    there.add("ApiWorkflowClient")

    assert {name for name in ROWS if is_implemented(name)} == there


def test_every_method_takes_the_published_arguments(published: dict[str, Method]) -> None:
    wrong = []
    for name, method in published.items():
        if not is_implemented(name):
            continue
        ours = inspect.getattr_static(ApiWorkflowClient, name)
        if method.is_property:
            assert isinstance(ours, property), name
            continue
        parameters = list(inspect.signature(ours).parameters.values())[1:]
        by_position = [
            (parameter.name, parameter.default is not parameter.empty)
            for parameter in parameters
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        if by_position[: len(method.arguments)] != list(method.arguments):
            wrong.append((name, by_position, method.arguments))
        more = by_position[len(method.arguments) :]
        assert all(is_optional for _, is_optional in more), name

    assert wrong == []


@pytest.mark.covers("C1")
def test_both_documented_imports_lead_to_the_same_class() -> None:
    from curation_client.api_workflow_client import ApiWorkflowClient as ByModule

    assert ByModule is ApiWorkflowClient


def test_the_import_lines_of_the_page_about_migration_lead_somewhere() -> None:
    page = (Path(__file__).parents[2] / "docs/how-to/migrate.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(lightly[\w.]*)` \| `([\w.]+)` \|$", page, re.MULTILINE)

    assert len(rows) == 4
    for _, ours in rows:
        assert import_module(ours).__name__ == ours


def test_everything_that_is_exported_is_there() -> None:
    for name in curation_client.__all__:
        assert getattr(curation_client, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        _ = curation_client.Nothing


@pytest.mark.parametrize("module", ["dataset_type", "datasource_purpose", "docker_run_state"])
def test_the_documented_modules_of_models_keep_their_names(module: str) -> None:
    found = __import__(f"curation_client.models.{module}", fromlist=["*"])
    name = "".join(word.capitalize() for word in module.split("_"))

    assert getattr(found, name) is getattr(curation_client, name)


def test_each_promise_is_shown_by_a_test_or_the_page_says_why_not() -> None:
    shown = {requirement.number for requirement in requirements() if requirement.tests}

    assert PROMISED - shown == NOT_MET
