"""Which cluster is meant, and who asks."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from curation_client.cluster.access import Access
from curation_client.cluster.api_server import ApiServer
from curation_client.cluster.errors import NotConnectedError

TOKEN = "s3cr3t-token"


def a_kubeconfig(folder: Path, **contexts: str | None) -> Path:
    """A kubeconfig with a context for each name; the first one is the current one."""
    config: dict[str, Any] = {
        "clusters": [{"name": "it", "cluster": {"server": "https://kubeconfig.example:6443"}}],
        "users": [{"name": "ana", "user": {"token": "of-ana"}}],
        "contexts": [
            {"name": name, "context": {"cluster": "it", "user": "ana", "namespace": namespace}}
            for name, namespace in contexts.items()
        ],
        "current-context": next(iter(contexts)),
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config))
    return path


@pytest.mark.covers("C79")
def test_a_token_and_an_address_are_enough() -> None:
    said = Access().with_environment(
        {"LIGHTLY_TOKEN": TOKEN, "LIGHTLY_SERVER_LOCATION": "https://cluster.example:6443/"}
    )

    configuration, namespace = said.connect()

    assert configuration.host == "https://cluster.example:6443"
    assert configuration.get_api_key_with_prefix("BearerToken") == f"Bearer {TOKEN}"
    assert namespace == "default"


@pytest.mark.covers("C2")
def test_an_argument_counts_more_than_the_environment() -> None:
    environ = {"LIGHTLY_TOKEN": "another", "CURATION_NAMESPACE": "theirs"}

    said = Access(token=TOKEN, namespace="ours").with_environment(environ)

    assert (said.token, said.namespace) == (TOKEN, "ours")


def test_without_a_token_the_current_context_of_the_kubeconfig_counts(tmp_path: Path) -> None:
    kubeconfig = a_kubeconfig(tmp_path, work="farm", play="zoo")

    configuration, namespace = Access(kubeconfig=str(kubeconfig)).connect()
    _, of_other = Access(kubeconfig=str(kubeconfig), context="play").connect()

    assert configuration.host == "https://kubeconfig.example:6443"
    assert configuration.get_api_key_with_prefix("BearerToken") == "Bearer of-ana"
    assert (namespace, of_other) == ("farm", "zoo")


def test_a_token_without_an_address_asks_the_cluster_of_the_kubeconfig(tmp_path: Path) -> None:
    kubeconfig = a_kubeconfig(tmp_path, work=None)

    configuration, namespace = Access(token=TOKEN, kubeconfig=str(kubeconfig)).connect()

    assert configuration.host == "https://kubeconfig.example:6443"
    assert configuration.get_api_key_with_prefix("BearerToken") == f"Bearer {TOKEN}"
    assert namespace == "default"


@pytest.mark.covers("C2")
def test_where_nothing_says_it_the_error_says_what_to_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        "kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", "/no-such-file"
    )

    with pytest.raises(NotConnectedError, match="Set LIGHTLY_SERVER_LOCATION") as error:
        Access().connect()

    assert isinstance(error.value, ValueError)


def test_a_token_is_shown_nowhere() -> None:
    server = ApiServer(Access(token=TOKEN, server="https://cluster.example"))

    assert TOKEN not in repr(server)
    assert pickle.loads(pickle.dumps(server)).access.token == TOKEN  # noqa: S301  our own
