"""Five kinds of bucket behind one small port."""

from curation_storage.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StorageError,
    ThrottledError,
    UnreachableError,
)
from curation_storage.opening import open_input, open_lightly, secret_from_folder
from curation_storage.port import Listed, Readable, Writable

__all__ = [
    "AccessDeniedError",
    "ConflictError",
    "Listed",
    "NotFoundError",
    "Readable",
    "StorageError",
    "ThrottledError",
    "UnreachableError",
    "Writable",
    "open_input",
    "open_lightly",
    "secret_from_folder",
]
