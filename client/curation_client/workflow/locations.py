"""Where the files of a dataset lie: the documented setters become parts of its Datasource."""

import time
from collections.abc import Mapping
from typing import Any

from curation_api import Reason
from curation_api.datasource import (
    S3,
    Azure,
    Gcs,
    InputLocation,
    InputPurpose,
    InputRights,
    LightlyLocation,
    LightlyRights,
    Local,
    Location,
    S3DelegatedAccess,
)
from curation_api.model import ApiModel
from curation_api.names import REPROBE_ANNOTATION
from curation_api.problems import CurationError, InvalidConfigurationError
from curation_client.cluster.errors import ForbiddenException, NotFoundException
from curation_client.cluster.following import follow
from curation_client.cluster.objects import StoredDatasource
from curation_client.cluster.secrets import keep_secret
from curation_client.models import DatasourceConfig, DatasourcePurpose
from curation_client.workflow.configurations import checked
from curation_client.workflow.current import Current

PROVIDERS: dict[str, type[ApiModel]] = {
    "s3": S3,
    "s3DelegatedAccess": S3DelegatedAccess,
    "gcs": Gcs,
    "azure": Azure,
    "local": Local,
}

# The operator looks at rights by a Job, which takes as long as a Pod takes to start.
PROBE_SECONDS = 120


class Locations:
    """The places of the dataset that is meant."""

    def __init__(self, current: Current) -> None:
        self._current = current

    def set(
        self,
        provider: str,
        fields: Mapping[str, Any],
        keys: Mapping[str, str],
        *,
        thumbnail_suffix: str | None,
        purpose: str,
    ) -> None:
        """Let the dataset's files lie there. The keys go into a Secret, and nowhere else."""
        _check_keys(keys)
        datasource = self._current.dataset()
        role = "lightly" if purpose == DatasourcePurpose.LIGHTLY else "input"
        secret = f"{datasource.name}-{role}"
        location = {
            provider: dict(fields),
            "credentials": {"secretRef": {"name": secret}} if keys else None,
            "thumbnailSuffix": thumbnail_suffix or "",
        }
        if purpose == DatasourcePurpose.INPUT:
            location["purpose"] = InputPurpose.INPUT
        checked(LightlyLocation if role == "lightly" else InputLocation, location)
        if keys:
            keep_secret(self._current.server, datasource, secret, keys)
            self._current.places.remember(datasource.namespace, secret, keys)
        spec: dict[str, Any] = {role: _replacing(location)}
        if purpose == DatasourcePurpose.INPUT_OUTPUT:
            spec["lightly"] = None
        self._current.datasources.change(datasource.name, {"spec": spec})

    def get(self, purpose: str | None) -> DatasourceConfig:
        """What was set for this purpose, without credentials; an `ApiException` when nothing was.

        Without a purpose it is the place of the raw files.
        """
        datasource = self._current.dataset()
        spec = datasource.spec
        place = spec.lightly if purpose == DatasourcePurpose.LIGHTLY else spec.input
        if place is None:
            raise NotFoundException(
                f"Dataset {self._current.dataset_id} has no datasource for"
                f" {purpose or DatasourcePurpose.INPUT_OUTPUT}",
                status=404,
                fix="Set one, for example with set_s3_config(…)",
                reason=Reason.NOT_FOUND,
            )
        return _config(datasource, place)

    def permissions(self) -> dict[str, Any]:
        """What may be done with both places, looked at anew; with a reason for what may not."""
        datasource = self._looked_at(self._current.dataset())
        raw = datasource.status.input or InputRights()
        derived = datasource.status.lightly or LightlyRights()
        errors = {**(raw.errors or {}), **(derived.errors or {})}
        answer: dict[str, Any] = {
            "can_list": bool(raw.can_list and derived.can_list),
            "can_read": bool(raw.can_read and derived.can_read),
            "can_write": bool(derived.can_write),
            "can_overwrite": bool(derived.can_overwrite),
        }
        return {**answer, "errors": errors} if errors else answer

    def _looked_at(self, datasource: StoredDatasource) -> StoredDatasource:
        """The dataset after the operator has looked at its rights once more."""
        if datasource.spec.what_is_missing:
            raise InvalidConfigurationError(datasource.spec.what_is_missing)
        mark = str(time.time_ns())
        try:
            asked = self._current.datasources.change(
                datasource.name, {"metadata": {"annotations": {REPROBE_ANNOTATION: mark}}}
            )
        except ForbiddenException:
            return datasource  # What was found last has to do.
        until = time.monotonic() + PROBE_SECONDS
        for seen in follow(self._current.datasources, asked):
            if seen is not None and seen.status.probed_for == mark:
                return seen
            if seen is None or time.monotonic() > until:
                break
        raise CurationError(
            f"Nobody has looked at the rights of Datasource {datasource.name!r}"
            f" for {PROBE_SECONDS} s",
            fix="Check that the operator runs and serves namespace"
            f" {datasource.namespace}: kubectl describe datasource {datasource.name}",
            reason=Reason.PROBE_TIMEOUT,
        )


def _check_keys(keys: Mapping[str, str]) -> None:
    if empty := [name for name, value in keys.items() if not value]:
        raise InvalidConfigurationError(
            f"{', '.join(empty)} must not be empty", fix="Pass the key as it was issued"
        )


def _replacing(location: Mapping[str, Any]) -> dict[str, Any]:
    """As a merge patch that leaves nothing of what was there before."""
    patch: dict[str, Any] = {str(f.alias): None for f in InputLocation.model_fields.values()}
    for provider, model in PROVIDERS.items():
        if (given := location.get(provider)) is not None:
            nothing = dict.fromkeys(str(f.alias) for f in model.model_fields.values())
            patch[provider] = {**nothing, **given}
    others = {key: value for key, value in location.items() if key not in PROVIDERS}
    return {**patch, **others}


def _config(
    datasource: StoredDatasource, place: InputLocation | LightlyLocation
) -> DatasourceConfig:
    spec = datasource.spec
    of_place: dict[str, Any] = {}
    match place:
        case Location(s3=S3() as s3):
            kind, path = ("OBS" if s3.endpoint_url else "S3"), s3.resource_path
            of_place = {
                "s3_region": s3.region,
                "obs_endpoint": s3.endpoint_url,
                "s3_server_side_encryption_kms_key": s3.kms_key,
            }
        case Location(s3_delegated_access=S3DelegatedAccess() as s3):
            kind, path = "S3DelegatedAccess", s3.resource_path
            of_place = {"s3_region": s3.region, "s3_arn": s3.role_arn}
        case Location(gcs=Gcs() as gcs):
            kind, path, of_place = "GCS", gcs.resource_path, {"gcs_project_id": gcs.project_id}
        case Location(azure=Azure() as azure):
            kind, path = "AZURE", azure.container_name
            of_place = {"account_name": azure.account_name}
        case Location(local=Local() as local):
            kind, path = "LOCAL", f"{local.claim_name}/{local.path}".rstrip("/")
        case _:
            raise AssertionError("a Location has exactly one provider")
    purpose = DatasourcePurpose.LIGHTLY
    if place is spec.input:
        is_split = spec.lightly is not None or spec.input.purpose is InputPurpose.INPUT
        purpose = DatasourcePurpose.INPUT if is_split else DatasourcePurpose.INPUT_OUTPUT
    return DatasourceConfig(
        id=datasource.id,
        purpose=purpose,
        type=kind,
        full_path=path,
        thumb_suffix=place.thumbnail_suffix,
        secret_name=place.credentials.secret_ref.name if place.credentials else None,
        **of_place,
    )
