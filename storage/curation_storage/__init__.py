"""Five kinds of bucket behind one small port."""

from curation_storage.errors import (
    AccessDeniedError,
    ConflictError,
    NotFoundError,
    StorageError,
    ThrottledError,
    UnreachableError,
)
from curation_storage.keys import secret_from_folder
from curation_storage.opening import open_folder, open_input, open_lightly
from curation_storage.patience import IMPATIENT, Patience
from curation_storage.port import Listed, Readable, Writable
from curation_storage.read_ahead import ReadLimits

__all__ = [
    "IMPATIENT",
    "AccessDeniedError",
    "ConflictError",
    "Listed",
    "NotFoundError",
    "Patience",
    "ReadLimits",
    "Readable",
    "StorageError",
    "ThrottledError",
    "UnreachableError",
    "Writable",
    "open_folder",
    "open_input",
    "open_lightly",
    "secret_from_folder",
]
