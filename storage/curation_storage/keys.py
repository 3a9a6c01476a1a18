"""Where keys come from: a mapping for the client, for a Pod a folder with a file for each."""

from collections.abc import Mapping
from pathlib import Path

from curation_api.problems import Reason
from curation_storage.errors import Operation, Place, StorageError, Trouble, storage_error


def secret_from_folder(folder: Path) -> dict[str, str]:
    """The values of a Secret that is mounted as a folder: a file for each key."""
    if not folder.is_dir():
        return {}
    # Editors and `echo` end a file with a line break; no key does.
    return {
        path.name: path.read_text("utf-8").rstrip("\r\n")
        for path in sorted(folder.iterdir())
        if path.is_file()
    }


def needed(secret: Mapping[str, str], key: str, *, where: str) -> str:
    """The value of a key that has to be there."""
    value = secret.get(key, "").strip()
    if not value:
        raise lacking(f"it has no key {key}", fix=f"Add the key {key} to the Secret", where=where)
    return value


def lacking(detail: str, *, fix: str, where: str) -> StorageError:
    """The error for a Secret that does not have what it takes; says nothing of what it has."""
    trouble = Trouble(Reason.SECRET_KEY_MISSING, detail, fix)
    place = Place(where=where, bucket=where, endpoint=where)
    return storage_error(trouble, Operation.OPEN, place)
