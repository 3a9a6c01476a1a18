"""Planted secrets, and the worst of stores, which says all that it was sent."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote
from xml.sax.saxutils import escape

from curation_api import names
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
    """Puts all that it was sent into what it says of it."""

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


@contextmanager
def running_echo() -> Iterator[str]:
    """Its address, as long as the block lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def planted_place(echo: str, provider: str, servers: Servers, folder: Path) -> StoragePlace:
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
    """The secrets that can be read in a text."""
    return [secret for secret in secrets_of(place) if secret in text]
