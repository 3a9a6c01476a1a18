"""Every documented way to show who one is, and long runs that outlast what they began with."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from curation_api import Reason, names
from curation_storage import AccessDeniedError, StorageError
from tests.support.servers.azurite import ACCOUNT, ACCOUNT_KEY
from tests.support.servers.ceph import Keys
from tests.support.servers.session import Servers, client_of
from tests.support.storage_places import (
    CREDENTIALS,
    StoragePlace,
    a_place,
    azure_place,
    gcs_place,
    s3_delegated_place,
    s3_place,
    s3_role,
    with_sas,
)

KMS_KEY = "arn:aws:kms:eu-central-1:123456789012:key/11111111-2222-3333-4444-555555555555"


def names_in(place: StoragePlace) -> list[str]:
    return [file.name for file in place.open_input().list()]


# S3


def test_a_session_of_s3_opens_it(servers: Servers, tmp_path: Path) -> None:
    place = s3_place(servers, tmp_path)
    place.put("a.jpg")
    role = s3_role(servers, {"Action": ["s3:*"], "Resource": ["*"]})
    sts = client_of(servers.worker, servers.sts_gate_port, "sts")
    session = sts.assume_role(RoleArn=role, RoleSessionName="tests")["Credentials"]
    by_session = replace(
        place.elsewhere(endpointUrl=f"http://127.0.0.1:{servers.sts_gate_port}"),
        secret={
            names.S3_ACCESS_KEY_ID: session["AccessKeyId"],
            names.S3_SECRET_ACCESS_KEY: session["SecretAccessKey"],
            names.S3_SESSION_TOKEN: session["SessionToken"],
        },
    )

    assert names_in(by_session) == ["a.jpg"]
    assert by_session.open_input().read("a.jpg") == b"content"


def test_addresses_are_signed_in_the_way_that_every_store_knows(
    servers: Servers, tmp_path: Path
) -> None:
    for place in (s3_place(servers, tmp_path), s3_delegated_place(servers, tmp_path)):
        url = place.open_input().read_url("a.jpg", seconds=60)

        assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in url
        assert "X-Amz-Expires=60" in url


@pytest.fixture
def moto() -> Iterator[ThreadedMotoServer]:
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    yield server
    server.stop()


@pytest.mark.covers("R26")
def test_with_a_kms_key_everything_written_is_encrypted_by_it(
    moto: ThreadedMotoServer, tmp_path: Path
) -> None:
    _, port = moto.get_host_and_port()
    owner = client_of(Keys("", "AKIAOWNER", "secret"), port)
    owner.create_bucket(Bucket="encrypted")
    location = {"resourcePath": "s3://encrypted/farm/", "endpointUrl": f"http://127.0.0.1:{port}"}
    secret = {names.S3_ACCESS_KEY_ID: "AKIAWORKER", names.S3_SECRET_ACCESS_KEY: "secret"}
    place = StoragePlace(
        "s3", {"s3": {**location, "kmsKey": KMS_KEY}, **CREDENTIALS}, secret, "farm/", owner
    )
    bucket = place.open_lightly()
    (tmp_path / "large").write_bytes(b"x" * 20 * 2**20)

    bucket.write(".lightly/bytes", b"1")
    bucket.write(".lightly/parts", tmp_path / "large")
    bucket.write_if_absent(".lightly/absent", b"1")
    bucket.copy(".lightly/bytes", ".lightly/copy")

    for name in ("bytes", "parts", "absent", "copy"):
        head = owner.head_object(Bucket="encrypted", Key=f"farm/.lightly/{name}")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", KMS_KEY)


# S3 in a role


@pytest.mark.covers("R12", "R27")
def test_a_session_in_a_role_is_renewed_before_it_ends(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation_storage.s3.FILES_PER_PAGE", 2)
    monkeypatch.setattr(servers.aws_rules, "session_seconds", 300.0)
    place = s3_delegated_place(servers, tmp_path)
    wanted = [f"{number}.jpg" for number in range(6)]
    for name in wanted:
        place.put(name)
    bucket = place.open_input()
    before = servers.aws_rules.sessions_handed_out
    listing = bucket.list()
    found = [next(listing).name]

    # Five minutes are less than is always left of a session.
    servers.aws_rules.end_sessions()
    found += [file.name for file in listing]
    servers.aws_rules.end_sessions()

    assert found == wanted
    assert dict(bucket.read_many(wanted)) == dict.fromkeys(wanted, b"content")
    assert servers.aws_rules.sessions_handed_out > before + 1


@pytest.mark.covers("R12")
def test_a_session_in_a_role_is_kept_while_it_is_good(servers: Servers, tmp_path: Path) -> None:
    place = s3_delegated_place(servers, tmp_path)
    place.put("a.jpg")
    bucket = place.open_input()
    before = servers.aws_rules.sessions_handed_out

    for _ in range(5):
        bucket.read("a.jpg")

    assert servers.aws_rules.sessions_handed_out == before + 1


def test_a_session_that_ends_during_a_long_listing_is_said_so(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("curation_storage.s3.FILES_PER_PAGE", 2)
    place = s3_delegated_place(servers, tmp_path)
    for number in range(6):
        place.put(f"{number}.jpg")
    listing = place.open_input().list()
    next(listing)

    servers.aws_rules.end_sessions()  # long before the time that the session was given

    with pytest.raises(AccessDeniedError) as error:
        list(listing)
    assert error.value.problem.reason is Reason.TOKEN_EXPIRED


# Google Cloud Storage


@pytest.mark.covers("R13")
def test_a_token_of_google_is_renewed_before_it_ends(
    servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Less than google-auth wants to be left of a token.
    monkeypatch.setattr(servers.gcs.rules, "token_seconds", 60.0)
    monkeypatch.setattr("curation_storage.gcs.FILES_PER_PAGE", 2)
    place = gcs_place(servers, tmp_path)
    wanted = [f"{number}.jpg" for number in range(6)]
    for name in wanted:
        place.put(name)
    bucket = place.open_input()
    listing = bucket.list()
    found = [next(listing).name]

    servers.gcs.rules.revoke_tokens()
    found += [file.name for file in listing]
    servers.gcs.rules.revoke_tokens()

    assert found == wanted
    assert dict(bucket.read_many(wanted)) == dict.fromkeys(wanted, b"content")


def with_key_file(place: StoragePlace, **changed: str | None) -> StoragePlace:
    key = {**json.loads(place.secret[names.GCS_CREDENTIALS]), **changed}
    return replace(place, secret={names.GCS_CREDENTIALS: json.dumps(key)})


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"token_uri": "http://attacker.example/token"}, "token_uri"),
        ({"token_uri": "https://oauth2.googleapis.com.attacker.example/token"}, "token_uri"),
        ({"universe_domain": "attacker.example"}, "universe_domain"),
        ({"type": "external_account"}, "no key file of a service account"),
        ({"type": "authorized_user"}, "no key file of a service account"),
        ({"private_key": None}, "lacks private_key"),
    ],
)
def test_a_key_file_cannot_make_us_call_somebody_else(
    changed: dict[str, str | None], expected: str, servers: Servers, tmp_path: Path
) -> None:
    place = with_key_file(gcs_place(servers, tmp_path), **changed)

    with pytest.raises(AccessDeniedError, match=expected) as error:
        place.open_input()

    assert error.value.problem.reason is Reason.SECRET_KEY_MISSING


@pytest.mark.parametrize("text", ["", "not json", "[]", "/path/to/key.json"])
def test_a_key_file_has_to_be_one(text: str, servers: Servers, tmp_path: Path) -> None:
    place = replace(gcs_place(servers, tmp_path), secret={names.GCS_CREDENTIALS: text})

    with pytest.raises(AccessDeniedError, match=r"credentials\.json"):
        place.open_input()


# Azure


def azure_secrets(place: StoragePlace) -> dict[str, dict[str, str]]:
    token = with_sas(place, "rcwdl").secret[names.AZURE_SAS_TOKEN]
    connection = (
        f"DefaultEndpointsProtocol=https;AccountName={ACCOUNT};AccountKey={ACCOUNT_KEY};"
        "EndpointSuffix=core.windows.net"
    )
    by_token = f"BlobEndpoint=https://elsewhere.example/;SharedAccessSignature={token[1:]}"
    return {
        "SAS token with question mark": {names.AZURE_SAS_TOKEN: token},
        "SAS token without": {names.AZURE_SAS_TOKEN: token.removeprefix("?")},
        "SAS token with a line break": {names.AZURE_SAS_TOKEN: f"{token}\n"},
        "account key": {names.AZURE_ACCOUNT_KEY: ACCOUNT_KEY},
        "connection string": {names.AZURE_CONNECTION_STRING: connection},
        "connection string with a SAS token": {names.AZURE_CONNECTION_STRING: by_token},
    }


@pytest.mark.covers("R14", "R15")
def test_each_kind_of_key_opens_a_container(servers: Servers, tmp_path: Path) -> None:
    place = azure_place(servers, tmp_path)
    place.put("a.jpg")

    for kind, secret in azure_secrets(place).items():
        bucket = replace(place, secret=secret).open_lightly()
        bucket.write(".lightly/copied", b"earlier")
        bucket.copy("a.jpg", ".lightly/copied")

        assert bucket.read(".lightly/copied") == b"content", kind
        assert [file.name for file in bucket.list()] == [".lightly/copied", "a.jpg"], kind


def test_an_address_never_gives_away_a_token_that_may_do_more(
    servers: Servers, tmp_path: Path
) -> None:
    place = azure_place(servers, tmp_path)
    place.put("a.jpg")
    secret = azure_secrets(place)["SAS token without"]

    with pytest.raises(AccessDeniedError, match="allows more than reading"):
        replace(place, secret=secret).open_input().read_url("a.jpg", seconds=60)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ({}, "none of sasToken, accountKey, connectionString"),
        ({names.AZURE_ACCOUNT_KEY: "cut-off"}, "cut off"),
        ({names.AZURE_CONNECTION_STRING: "AccountName=other;AccountKey=AAAA"}, "account other"),
        ({names.AZURE_CONNECTION_STRING: f"AccountName={ACCOUNT}"}, "has no key"),
    ],
)
def test_what_is_no_key_of_azure_is_said_so(
    secret: dict[str, str], expected: str, servers: Servers, tmp_path: Path
) -> None:
    place = replace(azure_place(servers, tmp_path), secret=secret)

    with pytest.raises(AccessDeniedError, match=expected) as error:
        place.open_input()

    assert error.value.problem.reason is Reason.SECRET_KEY_MISSING


# All


@pytest.mark.covers("R11", "R12", "R13")
@pytest.mark.parametrize(
    ("provider", "key"),
    [
        ("s3", names.S3_ACCESS_KEY_ID),
        ("s3", names.S3_SECRET_ACCESS_KEY),
        ("s3-delegated", names.S3_EXTERNAL_ID),
        ("gcs", names.GCS_CREDENTIALS),
        ("azure", names.AZURE_ACCOUNT_KEY),
    ],
)
def test_a_key_that_is_missing_is_named(
    provider: str, key: str, servers: Servers, tmp_path: Path
) -> None:
    place = a_place(provider, servers, tmp_path)
    without = {name: value for name, value in place.secret.items() if name != key}

    with pytest.raises(StorageError, match=key) as error:
        replace(place, secret=without).open_input()

    assert "To fix it: Add the key" in str(error.value)
