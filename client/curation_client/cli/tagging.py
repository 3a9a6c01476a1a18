"""Carries out `curate tags` and `curate export`."""

import sys
from datetime import UTC, datetime
from pathlib import Path

from curation_api.bit_masks import size_of
from curation_api.problems import InvalidConfigurationError
from curation_api.spelling import guess
from curation_client.cli.kinds import DATASOURCE, split_name
from curation_client.cli.listing import table_lines
from curation_client.cli.options import Where
from curation_client.cli.terminal import Terminal, check_form
from curation_client.models import TagArithmeticsOperation
from curation_client.workflow.current import Current
from curation_client.workflow.selections import Selections

# As the documented client calls them, by the names of those who read them.
EXPORTS = {
    "read-urls": "filenames_and_read_urls",
    "label-studio": "label_studio_tasks",
    "labelbox": "label_box_v4_data_rows",
    "labelbox-v3": "label_box_data_rows",
    "sama": "sama_tasks",
}
DOWNLOADS_AT_ONCE = 8


def selections_of(word: str, where: Where) -> Selections:
    """What was selected from the Datasource that is meant."""
    kind, name = split_name(word)
    if kind not in {None, DATASOURCE}:
        raise InvalidConfigurationError(f"{word} is no Datasource", fix="Name one")
    current = Current(where.access())
    current.known_dataset_id = current.datasources.get(name).id
    return Selections(current)


def list_tags(selections: Selections, form: str, terminal: Terminal) -> None:
    """The tags, the newest first."""
    check_form(form, ("table", "json", "yaml", "name"))
    tags = selections.tags.all()
    name_of = {tag.id: tag.name for tag in tags}
    match form:
        case "json" | "yaml":
            terminal.dump([tag.to_dict(by_alias=True) for tag in tags], form)
        case "name":
            terminal.say(tag.name for tag in tags)
        case _ if not tags:
            terminal.remark("There is no tag yet; the first run that completes makes one.")
        case _:
            rows = [
                [
                    tag.name,
                    f"{size_of(tag.bit_mask_data):,}",
                    name_of.get(tag.prev_tag_id or "", ""),
                    f"{datetime.fromtimestamp(tag.created_at / 1000, UTC):%Y-%m-%d %H:%M}",
                ]
                for tag in tags
            ]
            terminal.say(table_lines(["NAME", "SAMPLES", "PARENT", "CREATED"], rows))


def create_tag(
    selections: Selections, name: str, file: str, parent: str | None, terminal: Terminal
) -> None:
    """A tag of the samples in a file."""
    names = [line for line in _text_of(file).splitlines() if line]
    tags = selections.tags
    parent_id = None if parent is None else tags.by_name(parent).id
    made = tags.create_from_filenames(names, name, parent_id)
    terminal.say([f"tag {name} created, with {size_of(made.bit_mask_data):,} samples"])


def _text_of(file: str) -> str:
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidConfigurationError(
            f"{file} cannot be read: {error}", fix="Name a text file with one sample a line"
        ) from error


def combine_tags(
    selections: Selections, first: str, operation: str, second: str, name: str, terminal: Terminal
) -> None:
    """A tag of what two tags make."""
    choices = [str(choice).lower() for choice in TagArithmeticsOperation]
    if operation.lower() not in choices:
        raise InvalidConfigurationError(
            f"{operation!r} makes nothing of two tags", fix=f"Choose {', '.join(choices)}"
        )
    tags = selections.tags
    how = TagArithmeticsOperation(operation.upper())
    made = tags.combine(tags.by_name(first), tags.by_name(second), how, name)
    terminal.say([f"tag {name} created, with {size_of(made.bit_mask_data):,} samples"])


def export(
    selections: Selections, name: str, form: str, folder: Path | None, terminal: Terminal
) -> int:
    """The samples of a tag in some form, or their files."""
    tag = selections.tags.by_name(name)
    if folder is not None:
        failed = selections.download(
            folder, name, max_workers=DOWNLOADS_AT_ONCE, verbose=terminal.err.isatty()
        )
        terminal.say([f"{size_of(tag.bit_mask_data) - len(failed):,} files are in {folder}"])
        return 1 if failed else 0
    if form == "filenames":
        terminal.say(filter(None, selections.export_filenames(tag).split("\n")))
        return 0
    if form not in EXPORTS:
        raise InvalidConfigurationError(
            f"There is no format {form!r}{guess(form, EXPORTS)}",
            fix=f"Choose filenames, {', '.join(EXPORTS)}",
        )
    terminal.dump(selections.export(tag, EXPORTS[form], seconds=None), "json")
    return 0
