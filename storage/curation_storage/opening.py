"""Opens the places of a Datasource. The SDK of a provider is imported only where it is used."""

from collections.abc import Mapping
from pathlib import Path

from curation_api.datasource import Location
from curation_storage.local import LocalInput, LocalLightly
from curation_storage.port import Readable, Writable

Secret = Mapping[str, str]


def open_input(location: Location, secret: Secret, *, volumes: Path) -> Readable:
    """The raw files. What is returned cannot write."""
    if location.local is not None:
        root = volumes / location.local.claim_name / location.local.path
        return LocalInput(root, _volume(location))
    raise NotImplementedError(f"provider of {location}")


def open_lightly(location: Location, secret: Secret, *, volumes: Path) -> Writable:
    """The place for everything derived."""
    if location.local is not None:
        root = volumes / location.local.claim_name / location.local.path
        return LocalLightly(root, _volume(location))
    raise NotImplementedError(f"provider of {location}")


def secret_from_folder(folder: Path) -> dict[str, str]:
    """The values of a Secret that is mounted as a folder: a file for each key."""
    if not folder.is_dir():
        return {}
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file()}


def _volume(location: Location) -> str:
    assert location.local is not None  # noqa: S101
    path = f"/{location.local.path}" if location.local.path else ""
    return f"volume {location.local.claim_name}{path}"
