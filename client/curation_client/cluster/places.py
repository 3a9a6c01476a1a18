"""Opens the buckets of a Datasource from here, by whatever right there is.

Credentials that were given in this process come first; then the Datasource's Secret, if the caller
may read it; then the identity of this machine. Nothing is copied anywhere.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from curation_api.datasource import Location
from curation_api.names import VOLUMES_VARIABLE
from curation_api.problems import CurationError, ExitCode, Reason
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.errors import ForbiddenException, NotFoundException
from curation_client.cluster.objects import StoredDatasource
from curation_client.cluster.secrets import read_secret
from curation_storage import (
    AccessDeniedError,
    Patience,
    Readable,
    Writable,
    open_input,
    open_lightly,
)


class NoKeysError(CurationError, ValueError):
    """Nothing opens this bucket from here."""

    reason = Reason.ACCESS_DENIED
    exit_code = ExitCode.ACCESS_DENIED


class Places:
    """The buckets of Datasources, opened from here. Survives pickling; shows no secret."""

    def __init__(self, server: ApiServer) -> None:
        self._server = server
        self._given: dict[tuple[str, str], Mapping[str, str]] = {}

    def remember(self, namespace: str, secret: str, keys: Mapping[str, str]) -> None:
        """These credentials were given in this process for that Secret."""
        self._given[namespace, secret] = keys

    def open_input(self, datasource: StoredDatasource) -> Readable:
        """The raw files."""
        location, keys = self._opened(datasource, datasource.spec.input_location)
        return open_input(location, keys, volumes=self._folder_of_volumes(location))

    def open_lightly(
        self, datasource: StoredDatasource, *, silence_seconds: float | None = None
    ) -> Writable:
        """Everything derived. `silence_seconds` is how long the store may say nothing."""
        location, keys = self._opened(datasource, datasource.spec.lightly_location)
        usual = Patience()
        patience = replace(usual, silence_seconds=silence_seconds or usual.silence_seconds)
        volumes = self._folder_of_volumes(location)
        return open_lightly(location, keys, volumes=volumes, patience=patience)

    def _opened(
        self, datasource: StoredDatasource, location: Location
    ) -> tuple[Location, Mapping[str, str]]:
        """The location and the keys to it; without credentials it is this machine that asks."""
        if location.credentials is None:
            return location, {}
        name = location.credentials.secret_ref.name
        if given := self._given.get((datasource.namespace, name)):
            return location, given
        try:
            return location, read_secret(self._server, datasource.namespace, name)
        except ForbiddenException:
            obstacle = f"you may not read Secret {name!r} in namespace {datasource.namespace}"
            fix = f"Ask for the right to get Secret {name!r}"
        except NotFoundException:
            obstacle = f"there is no Secret {name!r} in namespace {datasource.namespace}"
            fix = f"Create Secret {name!r}"
        by_identity = location.model_copy(update={"credentials": None})
        if location.s3_delegated_access is None and self._lets_us_in(by_identity):
            return by_identity, {}
        raise NoKeysError(
            f"The bucket of Datasource {datasource.name!r} cannot be opened from here: {obstacle},"
            " and this machine has no identity of its own there",
            fix=f"{fix}, or log this machine in to the provider",
        )

    def _lets_us_in(self, location: Location) -> bool:
        try:
            open_input(location, {}, volumes=Path()).exists_as_folder()
        except AccessDeniedError:
            return False
        return True

    def _folder_of_volumes(self, location: Location) -> Path:
        if location.local is None:
            return Path()
        claim = location.local.claim_name
        volumes = self._server.access.volumes
        if volumes is None or not (volumes / claim).is_dir():
            raise NoKeysError(
                f"Claim {claim!r} is a volume of the cluster, and it is not mounted here",
                fix=f"Mount it, and let {VOLUMES_VARIABLE} name the folder that has it as {claim}/",
            )
        return volumes
