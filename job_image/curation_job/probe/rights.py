"""Tries each right on a place, one after another. Nothing is ever written among raw files.

Where a look at one right shows what is as true of all of them, an expired key for example, the
`StorageError` that says so is raised.
"""

from collections.abc import Callable, Iterator

from curation_api.names import DERIVED
from curation_api.probe_report import Finding
from curation_api.problems import Reason
from curation_storage import NotFoundError, Readable, StorageError, Writable

CAN_LIST, CAN_READ, CAN_WRITE, CAN_OVERWRITE = "can_list", "can_read", "can_write", "can_overwrite"
OF_INPUT = (CAN_LIST, CAN_READ)
OF_LIGHTLY = (CAN_LIST, CAN_READ, CAN_WRITE, CAN_OVERWRITE)

# Always the same name: where it may not be removed, one marker is left and not one each time.
MARKER = f"{DERIVED}/curation-probe"
ABSENT = f"{DERIVED}/curation-probe-absent"
CONTENT = b"Written by a look at the rights to this bucket. May be removed.\n"

_OF_ONE_RIGHT = {Reason.ACCESS_DENIED, Reason.CONFLICT, Reason.NOT_FOUND}

Rights = Iterator[tuple[str, Finding]]


def rights_to_input(raw: Readable) -> Rights:
    """Whether raw files can be listed and read."""
    names: list[str] = []
    listing = _tried(lambda: names.extend(_first_name(raw)))
    yield CAN_LIST, listing
    yield CAN_READ, _reading(raw, names, listing)


def rights_to_lightly(lightly: Writable) -> Rights:
    """Whether files can be listed, read, written and replaced."""
    listing = _tried(lambda: _need_folder(lightly))
    yield CAN_LIST, listing
    writing = _tried(lambda: lightly.write_if_absent(MARKER, CONTENT))
    if not writing.granted:
        names: list[str] = []
        if listing.granted:
            names.extend(_first_name(lightly))
        yield CAN_READ, _reading(lightly, names, listing)
        yield CAN_WRITE, writing
        yield CAN_OVERWRITE, writing
        return
    yield CAN_OVERWRITE, _tried(lambda: lightly.write(MARKER, CONTENT))
    yield CAN_READ, _reading(lightly, [MARKER], listing)
    removing = _tried(lambda: lightly.delete(MARKER))
    # Nothing that a run needs; but whoever cleans up should know whose file that is.
    left = f"The marker {MARKER} was left there, for it may not be removed."
    yield CAN_WRITE, writing if removing.granted else writing.model_copy(update={"message": left})


def _tried(action: Callable[[], object]) -> Finding:
    try:
        action()
    except StorageError as error:
        if error.problem.reason not in _OF_ONE_RIGHT:
            raise
        return Finding.no(error.problem.reason, str(error))
    return Finding.yes()


def _first_name(place: Readable) -> list[str]:
    return [listed.name for listed, _ in zip(place.list(), range(1), strict=False)]


def _need_folder(lightly: Writable) -> None:
    if not lightly.exists_as_folder():
        raise NotFoundError(
            f"There is no folder {lightly.location}.",
            fix="Create it, or correct its name in the Datasource; it may stay empty",
            reason=Reason.PATH_NOT_FOUND,
            where=lightly.location,
        )


def _reading(place: Readable, names: list[str], listing: Finding) -> Finding:
    if names:
        return _tried(lambda: place.read(names[0], length=1))
    if listing.granted:
        empty = f"There is no file in {place.location} yet on which to try whether it can be read."
        return Finding.not_tried(Reason.EMPTY_PREFIX, empty)
    try:
        place.read(ABSENT, length=1)
    except NotFoundError:
        # Some stores tell this only to those who may read; the others say that access is denied.
        return Finding.yes()
    except StorageError as error:
        if error.problem.reason not in _OF_ONE_RIGHT:
            raise
    return Finding.not_tried(
        listing.reason, f"Reading could not be tried, for no file is known. {listing.message}"
    )
