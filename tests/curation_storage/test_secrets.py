"""No secret reaches a message, a log, a repr or last words, whatever a store or a library says."""

import json
import logging
import threading
import traceback
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_api import names
from curation_job.opening import Address
from curation_storage import StorageError
from curation_storage.scrubbing import HIDDEN, SHORTEST_SECRET, scrubbed
from tests.curation_job.probe.probing import run_probe
from tests.support.servers.azurite import ACCOUNT
from tests.support.servers.session import Servers
from tests.support.storage_places import CREDENTIALS, StoragePlace, gcs_place, through

GOOGLE_TOKEN = "ya29.planted/token+of=google"
SIGNATURE = "plantedSignature0123456789+/planted="

PLANTED = {
    names.S3_ACCESS_KEY_ID: "AKIAPLANTEDKEYID0000",
    names.S3_SECRET_ACCESS_KEY: "planted/secret+access=key",
    names.S3_SESSION_TOKEN: "planted/session+token==",
    names.S3_EXTERNAL_ID: "planted:external-id",
    names.AZURE_SAS_TOKEN: f"?sv=2025-01-05&sp=rl&se=2999-01-01&sig={quote(SIGNATURE, safe='')}",
}


class _Echo(BaseHTTPRequestHandler):
    """The worst of stores: it puts all that it was sent into what it says of it."""

    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("latin-1")
        if self.path == "/token":
            token = {"access_token": GOOGLE_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return self._say(200, json.dumps(token))
        said = f"{self.path} {self.headers} {body}"
        if self.path.startswith(("/storage/", "/upload/")):
            return self._say(403, json.dumps({"error": {"code": 403, "message": said}}))
        text = f"<Code>AccessDenied</Code><Message>{escape(said)}</Message>"
        text = f"<Error>{text}</Error>"
        is_sts = "AssumeRole" in body
        return self._say(403, f"<ErrorResponse>{text}</ErrorResponse>" if is_sts else text)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer

    def _say(self, status: int, text: str) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())


@pytest.fixture
def echo() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def at(echo: str, provider: str, servers: Servers, folder: Path) -> StoragePlace:
    """A place whose keys are planted, at the store that echoes."""
    if provider == "gcs":
        return through(gcs_place(servers, folder), echo)
    s3 = {"resourcePath": "s3://farm/raw/", "endpointUrl": echo}
    arn = "arn:aws:iam::123456789012:role/planted"
    role = {"region": "eu-central-1", "roleArn": arn, "stsEndpointUrl": echo}
    azure = {"containerName": "farm/raw", "accountName": ACCOUNT, "endpointUrl": echo}
    locations = {"s3": {"s3": s3}, "s3-delegated": {"s3DelegatedAccess": {**s3, **role}}}
    location = locations.get(provider, {"azure": azure})
    return replace(gcs_place(servers, folder), location={**location, **CREDENTIALS}, secret=PLANTED)


def secrets_of(place: StoragePlace) -> set[str]:
    """What must not be seen, in each form in which it may be sent."""
    values = {*place.secret.values(), GOOGLE_TOKEN, SIGNATURE} - {PLANTED[names.S3_ACCESS_KEY_ID]}
    if key := place.secret.get(names.GCS_CREDENTIALS):
        values |= {line for line in json.loads(key)["private_key"].splitlines() if "--" not in line}
    return values | {quote(value, safe="") for value in values}


def leaks(text: str, place: StoragePlace) -> list[str]:
    return [secret for secret in secrets_of(place) if secret in text]


PROVIDERS = ("s3", "s3-delegated", "gcs", "azure")


@pytest.mark.covers("R19", "C17")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_fails_says_no_secret(
    provider: str, echo: str, servers: Servers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = at(echo, provider, servers, tmp_path)
    bucket = place.open_lightly()
    caplog.set_level(logging.DEBUG)
    said = [repr(bucket), repr(Address(place.parsed, place.secret, tmp_path))]

    for action in (
        lambda: list(bucket.list()),
        lambda: bucket.read("a.jpg"),
        lambda: bucket.read("//a.jpg"),  # which goes another way
        lambda: bucket.look_up("//a.jpg"),
        lambda: bucket.write(".lightly/a", b""),
        lambda: bucket.write_if_absent(".lightly/a", b""),
        lambda: bucket.copy("a.jpg", ".lightly/a"),
        lambda: bucket.delete(".lightly/a"),
    ):
        with pytest.raises(StorageError) as error:
            action()
        said += [repr(error.value), *traceback.format_exception(error.value)]

    assert leaks("\n".join([*said, caplog.text]), place) == []


@pytest.mark.covers("R19", "C17")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_probe_that_fails_prints_no_secret(
    provider: str, echo: str, servers: Servers, tmp_path: Path
) -> None:
    place = at(echo, provider, servers, tmp_path)

    finished = run_probe(place, folder=tmp_path)

    words = (tmp_path / "last-words").read_text()
    assert "AccessDenied" in words or "BadKey" in words
    assert leaks(finished.stdout + finished.stderr + words, place) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("GET /a?sp=r&sig=abc%3D&se=1", "GET /a?sp=r&sig=***&se=1"),
        ("X-Amz-Signature=0a1b&x=1", "X-Amz-Signature=***&x=1"),
        ("X-Goog-Signature: 0a1b end", "X-Goog-Signature: *** end"),
        ("Authorization: Bearer ya29.a0", "Authorization: Bearer ***"),
        ("AccountName=a;AccountKey=abc==;x", "AccountName=a;AccountKey=***;x"),
        ('{"access_token": "ya29.a0"}', '{"access_token": "***"}'),
        ("<SessionToken>abc</SessionToken>", "<SessionToken>***</SessionToken>"),
        ("-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----x", "***x"),
        ("the design of signatures is fine", "the design of signatures is fine"),
    ],
)
def test_what_signs_is_hidden_even_if_it_is_not_known(text: str, expected: str) -> None:
    assert scrubbed(text, ()) == expected


@given(
    st.text(min_size=SHORTEST_SECRET).filter(lambda text: HIDDEN not in text),
    st.text(),
    st.sampled_from([str, lambda text: quote(text, safe="")]),
)
def test_a_known_secret_is_hidden_wherever_it_stands(secret: str, around: str, form) -> None:  # type: ignore[no-untyped-def]
    hidden = scrubbed(f"{around}|{form(secret)}|{around}", (secret,))

    assert form(secret) not in hidden.replace(HIDDEN, "")
