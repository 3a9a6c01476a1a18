"""What a probe says of keys that are wrong, of addresses, and of what lies in between."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from curation_api import ExitCode, Reason, names
from tests.support.probing import Seen, look_at, run_probe, seen_in
from tests.support.servers.fault_proxy import refusal, running_proxy
from tests.support.servers.gcs import Account
from tests.support.servers.session import Servers, client_of
from tests.support.storage_places import (
    StoragePlace,
    a_place,
    gcs_place,
    port_of,
    s3_place,
    s3_role,
    through,
    with_sas,
)
from tools.control_plane.certificates import CertificateAuthority

NETWORKED = ("s3", "s3-delegated", "gcs", "azure")


@pytest.fixture(params=NETWORKED)
def place(request: pytest.FixtureRequest, servers: Servers, tmp_path: Path) -> StoragePlace:
    return a_place(request.param, servers, tmp_path)


@pytest.fixture
def s3(servers: Servers, tmp_path: Path) -> StoragePlace:
    return a_place("s3", servers, tmp_path)


@pytest.fixture
def delegated(servers: Servers, tmp_path: Path) -> StoragePlace:
    return a_place("s3-delegated", servers, tmp_path)


@pytest.fixture
def azure(servers: Servers, tmp_path: Path) -> StoragePlace:
    return a_place("azure", servers, tmp_path)


def with_key(place: StoragePlace, key: str, value: str | None) -> StoragePlace:
    """The same place with one key of its Secret changed, or without it."""
    kept = {name: text for name, text in place.secret.items() if name != key}
    return replace(place, secret=kept if value is None else {**kept, key: value})


def all_denied(seen: Seen, *reasons: Reason) -> bool:
    """Whether nothing may be done, for one of these reasons, which says what the user must do."""
    return (
        seen.rights == "-- ----"
        and seen.reasons <= set(reasons)
        and all("To fix it: " in sentence for sentence in seen.sentences)
    )


def test_a_bucket_that_is_not_there(place: StoragePlace, tmp_path: Path) -> None:
    field = "containerName" if place.provider == "azure" else "resourcePath"
    scheme = {"azure": "", "gcs": "gs://"}.get(place.provider, "s3://")
    nowhere = place.elsewhere(**{field: f"{scheme}nowhere-to-be-found/farm/"})

    seen = look_at(nowhere, folder=tmp_path)

    assert all_denied(seen, Reason.BUCKET_NOT_FOUND)
    assert all("nowhere-to-be-found" in sentence for sentence in seen.sentences)
    assert seen.exit_code is ExitCode.INVALID_CONFIG


@pytest.mark.covers("R10", "C20")
def test_a_folder_for_results_that_is_not_there(place: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(place, folder=tmp_path)

    assert seen.report.lightly.can_list.reason is Reason.PATH_NOT_FOUND
    assert place.names() == []
    assert seen.exit_code is ExitCode.INVALID_CONFIG


def test_a_wrong_secret_key_of_s3(s3: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_key(s3, names.S3_SECRET_ACCESS_KEY, "x" * 40), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)
    assert seen.exit_code is ExitCode.ACCESS_DENIED


def test_a_key_that_s3_does_not_know(s3: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_key(s3, names.S3_ACCESS_KEY_ID, "AKIANOBODY0000000000"), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)


def test_a_key_file_of_somebody_else(servers: Servers, tmp_path: Path) -> None:
    account = Account("worker-with-a-wrong-key@acme.iam.gserviceaccount.com")
    place = gcs_place(servers, tmp_path, account)
    wrong = servers.gcs.key_file(account, rsa.generate_private_key(65537, 2048))

    seen = look_at(with_key(place, names.GCS_CREDENTIALS, wrong), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)
    assert seen.exit_code is ExitCode.ACCESS_DENIED


def test_a_wrong_account_key_of_azure(azure: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_key(azure, names.AZURE_ACCOUNT_KEY, "AAAA" * 21), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)
    assert "Check that the key in the Secret is whole" in seen.report.input.can_list.message


def test_a_sas_token_that_was_changed(azure: StoragePlace, tmp_path: Path) -> None:
    token = with_sas(azure, "r").secret[names.AZURE_SAS_TOKEN]
    more = token.replace("sp=r&", "sp=racwdl&")

    seen = look_at(replace(azure, secret={names.AZURE_SAS_TOKEN: more}), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)


def test_an_expired_sas_token(azure: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_sas(azure, "rcwdl", timedelta(minutes=-5)), folder=tmp_path)

    assert all_denied(seen, Reason.TOKEN_EXPIRED)
    assert "Issue a new SAS token" in seen.report.input.can_list.message


def test_an_expired_session_of_s3(servers: Servers, tmp_path: Path) -> None:
    place = s3_place(servers, tmp_path)
    role = s3_role(servers, {"Action": ["s3:*"], "Resource": ["*"]})
    sts = client_of(servers.worker, servers.sts_gate_port, "sts")
    session = sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    servers.aws_rules.end_sessions()
    expired = replace(
        place.elsewhere(endpointUrl=f"http://127.0.0.1:{servers.sts_gate_port}"),
        secret={
            names.S3_ACCESS_KEY_ID: session["AccessKeyId"],
            names.S3_SECRET_ACCESS_KEY: session["SecretAccessKey"],
            names.S3_SESSION_TOKEN: session["SessionToken"],
        },
    )

    seen = look_at(expired, folder=tmp_path)

    assert all_denied(seen, Reason.TOKEN_EXPIRED)
    assert seen.exit_code is ExitCode.ACCESS_DENIED


@pytest.mark.covers("R12")
def test_a_wrong_external_id(delegated: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_key(delegated, names.S3_EXTERNAL_ID, "another-one"), folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)
    message = seen.report.input.can_list.message
    assert delegated.location["s3DelegatedAccess"]["roleArn"] in message
    assert "externalId of the Secret" in message


@pytest.mark.covers("R12")
def test_a_missing_external_id(delegated: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(with_key(delegated, names.S3_EXTERNAL_ID, None), folder=tmp_path)

    assert all_denied(seen, Reason.SECRET_KEY_MISSING)
    assert "externalId" in seen.report.input.can_list.message


def test_a_role_that_trusts_somebody_else(
    delegated: StoragePlace, servers: Servers, tmp_path: Path
) -> None:
    stranger = servers.ceph.make_user("stranger")
    place = with_key(delegated, names.S3_ACCESS_KEY_ID, stranger.access_key)
    place = with_key(place, names.S3_SECRET_ACCESS_KEY, stranger.secret_key)

    seen = look_at(place, folder=tmp_path)

    assert all_denied(seen, Reason.BAD_KEY)
    assert "trusts the identity of the worker" in seen.report.input.can_list.message


def test_a_bucket_in_another_region(s3: StoragePlace, servers: Servers, tmp_path: Path) -> None:
    redirection = refusal(301, "PermanentRedirect", "x-amz-bucket-region: eu-west-1")
    with running_proxy(port_of(s3, servers)) as proxy:
        proxy.faults.answers.extend([redirection] * 50)

        seen = look_at(through(s3, proxy.address).elsewhere(region="us-east-2"), folder=tmp_path)

    assert all_denied(seen, Reason.REGION_MISMATCH)
    assert "Set region: eu-west-1 in the Datasource" in seen.report.input.can_list.message
    assert seen.exit_code is ExitCode.INVALID_CONFIG


_LATE_JWT = {
    "error": "invalid_grant",
    "error_description": "Invalid JWT: Token must be a short-lived token (60 minutes) and in a"
    " reasonable timeframe. Check your iat and exp values in the JWT claim.",
}
SKEWED = {
    "s3": refusal(403, "RequestTimeTooSkewed"),
    "gcs": b"HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n" % len(json.dumps(_LATE_JWT)) + json.dumps(_LATE_JWT).encode(),
    "azure": refusal(403, "AuthenticationFailed", message="The date header in the request is old"),
}


@pytest.mark.parametrize("provider", SKEWED)
def test_a_clock_that_is_wrong(provider: str, servers: Servers, tmp_path: Path) -> None:
    place = a_place(provider, servers, tmp_path)
    with running_proxy(port_of(place, servers)) as proxy:
        proxy.faults.answers.extend([SKEWED[provider]] * 50)

        seen = look_at(through(place, proxy.address), folder=tmp_path)

    assert all_denied(seen, Reason.CLOCK_SKEW)
    assert seen.exit_code is ExitCode.ACCESS_DENIED


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """An address with a certificate that nobody here trusts."""
    credential = CertificateAuthority().issue_server(hosts=["store"], addresses=["127.0.0.1"])
    (tmp_path / "certificate").write_bytes(credential.certificate)
    (tmp_path / "key").write_bytes(credential.key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "certificate", tmp_path / "key")
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                with suppress(OSError), context.wrap_socket(connection, server_side=True) as wire:
                    wire.recv(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{listener.getsockname()[1]}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_certificate_that_is_not_trusted(
    place: StoragePlace, untrusted: str, tmp_path: Path
) -> None:
    seen = look_at(through(place, untrusted), folder=tmp_path)

    assert all_denied(seen, Reason.TLS_ERROR)
    assert "SSL_CERT_FILE" in seen.report.input.can_list.message
    assert seen.exit_code is ExitCode.INVALID_CONFIG


def test_an_address_where_nobody_answers(place: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(through(place, "http://127.0.0.1:1"), folder=tmp_path)

    assert all_denied(seen, Reason.ENDPOINT_UNREACHABLE)
    assert "127.0.0.1:1" in seen.report.input.can_list.message
    assert seen.exit_code is ExitCode.TEMPORARY


def test_an_address_that_does_not_exist(place: StoragePlace, tmp_path: Path) -> None:
    seen = look_at(through(place, "http://nobody.invalid"), folder=tmp_path)

    assert all_denied(seen, Reason.ENDPOINT_UNREACHABLE)
    assert "nobody.invalid" in seen.report.input.can_list.message


def test_at_a_black_hole_it_ends_in_time(servers: Servers, tmp_path: Path) -> None:
    def probe(provider: str) -> tuple[Seen, float]:
        folder = tmp_path / provider
        folder.mkdir()
        place = through(a_place(provider, servers, folder), proxy.address)
        started = time.monotonic()
        finished = run_probe(place, folder=folder)
        return seen_in(finished), time.monotonic() - started

    with running_proxy(servers.ceph.keys_port) as proxy, ThreadPoolExecutor() as pool:
        proxy.faults.is_black_hole = True
        for seen, seconds in pool.map(probe, NETWORKED):
            assert seconds < 20
            assert "+" not in seen.rights
            assert seen.exit_code is ExitCode.TEMPORARY


@pytest.mark.parametrize("provider", ["s3", "gcs", "azure"])
def test_no_secret_and_no_identity(
    provider: str, servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
        "NO_GCE_CHECK": "true",
        "HOME": str(tmp_path),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
    }.items():
        monkeypatch.setenv(variable, value)
    place = a_place(provider, servers, tmp_path)
    if provider == "azure":
        place = through(place, "https://127.0.0.1:1")  # its library shows no token without TLS
    location = {key: value for key, value in place.location.items() if key != "credentials"}

    seen = look_at(replace(place, location=location), folder=tmp_path)

    assert all_denied(seen, Reason.IDENTITY_NOT_BOUND)
    assert seen.exit_code is ExitCode.ACCESS_DENIED
