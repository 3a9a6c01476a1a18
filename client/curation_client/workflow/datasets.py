"""Datasets: each is a Datasource, and its name is the display name of that."""

import hashlib
import re
import warnings
from collections.abc import Iterator
from itertools import count

from curation_api.names import PROCESSED_UNTIL_ANNOTATION
from curation_api.problems import InvalidConfigurationError
from curation_client.cluster.errors import AlreadyExistsException
from curation_client.cluster.objects import StoredDatasource, chooses_from
from curation_client.models import DatasetData, DatasetType
from curation_client.workflow.current import Current, NoDatasetError, milliseconds, name_of

_NAME = re.compile(r"^[a-zA-Z0-9][a-zA-Z0-9 _-]{2,}$")

# What is left of a name in the name of the object; with the hash it must fit into 36 characters.
SLUG_LENGTH = 28

TYPES = {kind.name: kind for kind in DatasetType}


class InvalidNameError(InvalidConfigurationError, ValueError):
    """A name that a dataset cannot have, or that is taken."""


class Datasets:
    """The datasets of the namespace."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def create(self, name: str, kind: str) -> str:
        """Make a dataset; its id comes back. `ValueError` where an own one has that name."""
        if not _NAME.fullmatch(name):
            raise InvalidNameError(
                f"{name!r} cannot be the name of a dataset",
                fix="Use at least three letters, digits, spaces, '_' and '-', with a letter or"
                " digit first",
            )
        if self.named(name, shared=False):
            raise _taken(name)
        spec = {"type": _type_of(kind), "displayName": name}
        try:
            created = self._current.datasources.create(
                self._object_name(name), spec, annotations=self._current.owned()
            )
        except AlreadyExistsException as error:
            raise _taken(name) from error
        return created.id

    def create_unique(self, basename: str, kind: str) -> str:
        """Make a dataset of this name, or of the first of NAME_1, NAME_2, … that is free."""
        names = (basename if number == 0 else f"{basename}_{number}" for number in count())
        taken = {name_of(one) for one in self.each(shared=False)}
        while True:
            name = next(name for name in names if name not in taken)
            try:
                return self.create(name, kind)
            except InvalidNameError as error:
                if not isinstance(error.__cause__, AlreadyExistsException):
                    raise  # Otherwise somebody was faster; take the next one.

    def _object_name(self, name: str) -> str:
        """The same for the same name and owner, so that only one of two at once succeeds."""
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:SLUG_LENGTH].strip("-")
        owner = f"{self._current.user}\n{name}"
        return f"{slug}-{hashlib.sha256(owner.encode()).hexdigest()[:6]}"

    def exists(self, id_: str) -> bool:
        """Whether there is a dataset of this id."""
        return self._current.datasources.find_by_id(id_) is not None

    def get(self, id_: str) -> DatasetData:
        """The dataset of this id; an `ApiException` (404) when there is none."""
        return self._record(self._current.datasources.get_by_id(id_))

    def records(self, *, shared: bool | None) -> Iterator[DatasetData]:
        """The own datasets, those of others that we see, or with None all of them."""
        return map(self._record, self.each(shared=shared))

    def records_named(self, name: str, *, shared: bool | None) -> list[DatasetData]:
        """Those of exactly this name."""
        return [self._record(one) for one in self.named(name, shared=shared)]

    def each(self, *, shared: bool | None) -> Iterator[StoredDatasource]:
        """The Datasources behind."""
        for one in self._current.datasources.each():
            if shared is None or self._current.is_own(one) is not shared:
                yield one

    def named(self, name: str, *, shared: bool | None) -> list[StoredDatasource]:
        """The Datasources of exactly this name."""
        return [one for one in self.each(shared=shared) if name_of(one) == name]

    def choose_by_name(self, name: str, *, shared: bool | None) -> str:
        """The id of the dataset of this name; a warning where there are several."""
        found = self.named(name, shared=shared)
        if not found:
            raise NoDatasetError(
                f"There is no dataset named {name!r} in namespace {self._current.server.namespace}",
                fix="Check the name, or create it with create_dataset(…)",
            )
        if len(found) > 1:
            ids = ", ".join(one.id for one in found)
            warnings.warn(
                f"There are {len(found)} datasets named {name!r}; taking the first of {ids}",
                UserWarning,
                stacklevel=4,
            )
        return found[0].id

    def choose(self, id_: str) -> str:
        """The id, if there is such a dataset; `ValueError` otherwise."""
        if not self.exists(id_):
            raise NoDatasetError(
                f"There is no dataset with the id {id_!r} in namespace"
                f" {self._current.server.namespace}",
                fix="Check the id, and that the namespace is the right one",
            )
        return id_

    def delete(self, id_: str) -> None:
        """Remove the dataset with its runs and Secrets. Buckets stay as they are."""
        datasource = self._current.datasources.get_by_id(id_)
        selector = chooses_from(datasource.name)
        for run in self._current.runs.each(fieldSelector=selector):
            self._current.runs.delete(run)
        self._current.datasources.delete(datasource)

    def _record(self, one: StoredDatasource) -> DatasetData:
        processed = one.annotations.get(PROCESSED_UNTIL_ANNOTATION)
        places = [one.spec.input, one.spec.lightly]
        return DatasetData(
            id=one.id,
            name=name_of(one),
            user_id=one.owner or "",
            type=TYPES[one.spec.type],
            created_at=milliseconds(one.created_at),
            last_modified_at=milliseconds(one.modified_at),
            n_samples=one.status.samples or 0,
            datasources=[one.id for place in places if place is not None],
            datasource_processed_until_timestamp=int(processed) if processed else None,
            n_tags=one.status.tag_count or 0,
        )


def _type_of(kind: str) -> str:
    plain = str(kind).upper()
    if plain not in TYPES:
        raise InvalidNameError(
            f"{kind!r} is no type of a dataset", fix=f"Choose from {', '.join(TYPES.values())}"
        )
    return plain


def _taken(name: str) -> InvalidNameError:
    return InvalidNameError(
        f"There is a dataset named {name!r} already",
        fix="Use it with set_dataset_id_by_name(…), or choose another name",
    )
