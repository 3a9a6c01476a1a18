"""Credentials that were given to the client: in a Secret that goes with its Datasource."""

import base64
from collections.abc import Mapping

from curation_api.names import API_VERSION, CLIENT_FIELD_MANAGER
from curation_client.cluster.api_server import ApiServer, Raw, path_of
from curation_client.cluster.errors import AlreadyExistsException
from curation_client.cluster.objects import StoredDatasource

CORE = "/api/v1"
_BY_US = {"fieldManager": CLIENT_FIELD_MANAGER}


def keep_secret(
    server: ApiServer, owner: StoredDatasource, name: str, keys: Mapping[str, str]
) -> None:
    """Write a Secret that is removed with the Datasource; an earlier one is replaced."""
    body: Raw = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "ownerReferences": [
                {
                    "apiVersion": API_VERSION,
                    "kind": "Datasource",
                    "name": owner.name,
                    "uid": owner.uid,
                }
            ],
        },
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in keys.items()},
    }
    secrets = path_of(CORE, owner.namespace, "secrets")
    try:
        server.post(secrets, body, **_BY_US)
    except AlreadyExistsException:
        server.put(f"{secrets}/{name}", body, **_BY_US)


def read_secret(server: ApiServer, namespace: str, name: str) -> dict[str, str]:
    """What a Secret holds; an `ApiException` when it may not be read or is not there."""
    data = server.get(path_of(CORE, namespace, "secrets", name)).get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}
