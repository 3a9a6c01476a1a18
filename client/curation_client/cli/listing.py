"""Carries out `curate get`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from curation_client.cli.kinds import Kind, kind_called, split_name
from curation_client.cli.terminal import Terminal, check_form
from curation_client.cluster.api_server import ApiServer, Raw
from curation_client.cluster.objects import chooses_from

FORMS = ("table", "wide", "json", "yaml", "name")
GAP = "   "


@dataclass(frozen=True, slots=True)
class GetRequest:
    """What was asked for."""

    what: Sequence[str]
    """`runs`, `runs a b`, `run/a`."""
    form: str = "table"
    selector: str | None = None
    datasource: str | None = None


def get(asked: GetRequest, server: ApiServer, terminal: Terminal, now: datetime) -> None:
    """Show the objects, the newest last."""
    check_form(asked.form, FORMS)
    kind, names = _meant(asked.what)
    found = list(_found(kind, names, asked, server))
    match asked.form:
        case "json" | "yaml":
            is_one = len(names) == 1
            data = _tidy(found[0]) if is_one else {
                "apiVersion": "v1", "kind": "List", "items": [_tidy(raw) for raw in found],
            }  # fmt: skip
            terminal.dump(data, asked.form)
        case "name":
            terminal.say(f"{kind.resource}/{raw['metadata']['name']}" for raw in found)
        case _ if not found:
            terminal.remark(f"No {kind.words[1]} found in namespace {server.namespace}.")
        case _:
            objects, wide = kind.objects_of(server), asked.form == "wide"
            rows = [kind.row(objects.read(raw), now, wide=wide) for raw in found]
            terminal.say(table_lines(kind.header(wide=wide), rows))


def _meant(what: Sequence[str]) -> tuple[Kind, list[str]]:
    first, *names = what
    kind, name = split_name(first)
    if kind is None:
        return kind_called(first), [split_name(name)[1] for name in names]
    return kind, [name, *(split_name(name)[1] for name in names)]


def _found(kind: Kind, names: list[str], asked: GetRequest, server: ApiServer) -> Iterator[Raw]:
    objects = kind.objects_of(server)
    if names:
        yield from map(objects.get_raw, names)
        return
    selectors = {} if asked.selector is None else {"labelSelector": asked.selector}
    if asked.datasource is not None:
        selectors["fieldSelector"] = chooses_from(asked.datasource)
    yield from sorted(objects.each_raw(**selectors), key=_creation)


def _creation(raw: Raw) -> tuple[str, str]:
    return raw["metadata"]["creationTimestamp"], raw["metadata"]["name"]


def _tidy(raw: Raw) -> dict[str, Any]:
    """Without what only API servers read."""
    metadata = {key: value for key, value in raw["metadata"].items() if key != "managedFields"}
    return {**raw, "metadata": metadata}


def table_lines(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns one below the other, as wide as they need to be."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield GAP.join(cells).rstrip()
