"""Google Cloud Storage for tests: an emulator for the data, behind a gate that is strict.

The emulator believes everybody. The gate hands out tokens for signed assertions, knows who may do
what and where, checks signatures of addresses, conditions and ranges, and pages its listings.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from functools import cached_property
from http import HTTPStatus
from http.server import HTTPServer
from typing import Any
from urllib.parse import quote, unquote, urlencode

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt

from tests.support.servers.gate import Answer, Ask, Request, running_gate
from tests.support.servers.gcs_signatures import is_well_signed
from tests.support.servers.ports import free_ports

ALL_RIGHTS = frozenset({"list", "get", "create", "delete"})
PAGE_SIZE = 1000


@dataclass(frozen=True)
class Account:
    """A service account, what it may do, and where."""

    email: str
    rights: frozenset[str] = ALL_RIGHTS
    prefix: str = ""

    def may(self, right: str, name: str) -> bool:
        return right in self.rights and name.startswith(self.prefix)


class Refusal(Exception):  # noqa: N818
    def __init__(self, status: int, message: str, code: str) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass
class GcsRules:
    """Accounts, keys and tokens."""

    token_seconds: float = 3600
    clock: Callable[[], float] = time.time
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens_handed_out: int = 0
    _tokens: dict[str, tuple[Account, float]] = field(default_factory=dict)

    @cached_property
    def key(self) -> rsa.RSAPrivateKey:
        """One for all accounts: making a key takes longer than a test."""
        return rsa.generate_private_key(65537, 2048)

    def revoke_tokens(self) -> None:
        """Every token that was handed out has ended by now."""
        self._tokens.clear()

    def decide(self, request: Request, ask: Ask) -> Answer:
        if request.path == "/token":
            return self._token(request)
        is_xml = not request.path.startswith(("/storage/v1/", "/download/", "/upload/"))
        try:
            return _Call(request, ask, self._who(request), self.clock).answer()
        except Refusal as refusal:
            return _refused(refusal, is_xml=is_xml)

    def _token(self, request: Request) -> Answer:
        assertion = request.form["assertion"]
        claims = jwt.decode(assertion, verify=False)  # type: ignore[no-untyped-call]
        account = self.accounts.get(claims["iss"])
        try:
            jwt.decode(  # type: ignore[no-untyped-call]
                assertion, certs=self._public_key(), audience=claims["aud"]
            )
        except ValueError as error:
            words = (
                "Invalid JWT: iat and exp are not near now"
                if "used too early" in str(error)
                else "Invalid JWT Signature."
            )
            return _json({"error": "invalid_grant", "error_description": words}, 400)
        if account is None:
            words = "Invalid grant: account not found"
            return _json({"error": "invalid_grant", "error_description": words}, 400)
        self.tokens_handed_out += 1
        token = f"ya29.{secrets.token_urlsafe(40)}"
        self._tokens[token] = (account, self.clock() + self.token_seconds)
        return _json(
            {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        )

    def _public_key(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def _who(self, request: Request) -> Account:
        if "X-Goog-Signature" in request.query:
            email = request.query["X-Goog-Credential"].split("/")[0]
            if not is_well_signed(request, self.key.public_key(), now=self.clock()):
                raise Refusal(
                    403, "The signature is wrong or has expired.", "SignatureDoesNotMatch"
                )
            return self.accounts[email]
        bearer = request.headers.get("Authorization", request.headers.get("authorization", ""))
        account, ends = self._tokens.get(bearer.removeprefix("Bearer "), (None, 0.0))
        if account is None or ends < self.clock():
            raise Refusal(401, "Invalid Credentials", "AuthenticationRequired")
        return account


@dataclass
class _Call:
    """One request to the storage, by somebody who is known."""

    request: Request
    ask: Ask
    account: Account
    clock: Callable[[], float]

    def answer(self) -> Answer:
        kind, bucket, name = self._target()
        if not self._metadata(f"/storage/v1/b/{bucket}"):
            raise Refusal(404, "The specified bucket does not exist.", "NoSuchBucket")
        match kind, self.request.method:
            case "list", "GET":
                return self._list(bucket)
            case "upload", _:
                self._check_upload(bucket, name)
                return self.ask(self.request)
            case "rewrite", _:
                source, target = name.split("\0")
                self._known(bucket, source)
                self._check_write(bucket, target)
                return self.ask(self.request)
            case "object", "DELETE":
                self._need("delete", name)
                self._known(bucket, name, reading=False)
                return self.ask(self.request)
            case "object", _:
                known = self._known(bucket, name)
                if self.request.query.get("alt") == "media":
                    return self._content(bucket, name, known)
                return _json(known)
            case _:
                return self._content(bucket, name, self._known(bucket, name))

    def _target(self) -> tuple[str, str, str]:
        """What is meant; a name is still quoted in the path, so that it may hold slashes."""
        path = self.request.target.split("?")[0]
        for start in ("/storage/v1/b/", "/download/storage/v1/b/", "/upload/storage/v1/b/"):
            if path.startswith(start):
                bucket, _, rest = path.removeprefix(start).partition("/o")
                name = unquote(rest.removeprefix("/"))
                if start.startswith("/upload"):
                    return "upload", bucket, self._uploaded_name()
                if "/rewriteTo/" in rest:
                    source, _, target = rest.removeprefix("/").partition(
                        f"/rewriteTo/b/{bucket}/o/"
                    )
                    return "rewrite", bucket, f"{unquote(source)}\0{unquote(target)}"
                return ("object" if rest else "list"), bucket, name
        bucket, _, name = path.removeprefix("/").partition("/")
        return "xml", unquote(bucket), unquote(name)

    def _uploaded_name(self) -> str:
        if "name" in self.request.query:
            return self.request.query["name"]
        text = self.request.body.decode("latin-1")
        if "{" not in text:
            return ""  # the rest of a resumable upload, which was checked when it began
        said, _ = json.JSONDecoder().raw_decode(text[text.index("{") :])
        return str(said["name"]).encode("latin-1").decode()

    def _check_upload(self, bucket: str, name: str) -> None:
        if name:
            self._check_write(bucket, name)

    def _check_write(self, bucket: str, name: str) -> None:
        self._need("create", name)
        existing = self._metadata(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")
        if self.request.query.get("ifGenerationMatch") == "0" and existing:
            raise Refusal(
                412, "At least one of the pre-conditions did not hold.", "PreconditionFailed"
            )
        if existing:
            self._need("delete", name)

    def _need(self, right: str, name: str) -> None:
        if not self.account.may(right, name):
            message = f"{self.account.email} does not have storage.objects.{right} access"
            raise Refusal(403, message, "AccessDenied")

    def _known(self, bucket: str, name: str, *, reading: bool = True) -> dict[str, Any]:
        if reading:
            self._need("get", name)
        known = self._metadata(f"/storage/v1/b/{bucket}/o/{quote(name, safe='')}")
        if not known:
            self._need("list", name)  # who may not list shall not learn what is not there
            raise Refusal(404, f"No such object: {bucket}/{name}", "NoSuchKey")
        wanted = self.request.headers.get("If-Match", self.request.headers.get("if-match"))
        wanted_generation = self.request.query.get("ifGenerationMatch")
        if wanted not in {None, known["etag"]} or wanted_generation not in {
            None,
            known["generation"],
        }:
            raise Refusal(
                412, "At least one of the pre-conditions did not hold.", "PreconditionFailed"
            )
        return known

    def _metadata(self, target: str) -> dict[str, Any]:
        answer = self.ask(Request("GET", target, {}, b""))
        return dict(json.loads(answer.body)) if answer.status == HTTPStatus.OK else {}

    def _list(self, bucket: str) -> Answer:
        query = self.request.query
        prefix = query.get("prefix", "")
        self._need("list", prefix)
        target = f"/storage/v1/b/{bucket}/o?{urlencode({'prefix': prefix})}"
        found = sorted(
            self._metadata(target).get("items", []), key=lambda item: item["name"].encode()
        )
        after = unquote(query.get("pageToken", ""))
        offset = query.get("startOffset", "")
        rest = [
            item
            for item in found
            if item["name"].encode() > after.encode() and item["name"].encode() >= offset.encode()
        ]
        page = rest[: int(query.get("maxResults", PAGE_SIZE))]
        more = {"nextPageToken": quote(page[-1]["name"])} if len(page) < len(rest) else {}
        return _json({"kind": "storage#objects", "items": page, **more})

    def _content(self, bucket: str, name: str, known: dict[str, Any]) -> Answer:
        target = f"/download/storage/v1/b/{bucket}/o/{quote(name, safe='')}?alt=media"
        content = self.ask(Request("GET", target, {}, b"")).body
        modified = datetime.fromisoformat(known["updated"])
        headers = {
            "ETag": known["etag"],
            "x-goog-generation": known["generation"],
            "Last-Modified": format_datetime(modified, usegmt=True),
            "Accept-Ranges": "bytes",
            "Content-Type": "application/octet-stream",
            "Content-Length": str(len(content)),
        }
        wanted = self.request.headers.get("Range", self.request.headers.get("range"))
        if wanted is None:
            return Answer(200, content, headers)
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, stop = int(first), min(int(last or len(content)) + 1, len(content))
        if start >= len(content):
            raise Refusal(416, "The requested range cannot be satisfied.", "InvalidRange")
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{len(content)}"
        return Answer(206, content[start:stop], headers)


@dataclass(frozen=True)
class Gcs:
    """A running store."""

    endpoint: str
    emulator_endpoint: str
    """Behind the gate: for whoever owns all buckets."""
    rules: GcsRules

    def key_file(self, account: Account, key: rsa.RSAPrivateKey | None = None) -> str:
        """The key file of an account, as Google Cloud makes them."""
        self.rules.accounts[account.email] = account
        private = (key or self.rules.key).private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return json.dumps(
            {
                "type": "service_account",
                "project_id": "acme",
                "private_key_id": secrets.token_hex(20),
                "private_key": private.decode(),
                "client_email": account.email,
                "client_id": "1",
                "token_uri": f"{self.endpoint}/token",
                "universe_domain": "googleapis.com",
            }
        )


@contextmanager
def running_gcs() -> Iterator[Gcs]:
    """Emulator and gate, in threads of this process."""
    from gcp_storage_emulator.server import (  # type: ignore[import-untyped]
        RequestHandler,
        create_server,
    )

    # Head and body in one packet: otherwise each answer waits for us to confirm the head. And it
    # answers one at a time: of more than a few who wait, some would be sent away.
    RequestHandler.wbufsize = -1
    HTTPServer.request_queue_size = 128
    (behind,) = free_ports(1)
    emulator = create_server("127.0.0.1", behind, in_memory=True)
    emulator.start()
    try:
        rules = GcsRules()
        with running_gate(rules, behind) as port:
            yield Gcs(f"http://127.0.0.1:{port}", f"http://127.0.0.1:{behind}", rules)
    finally:
        emulator.stop()


def _json(content: object, status: int = 200) -> Answer:
    return Answer(status, json.dumps(content).encode(), {"Content-Type": "application/json"})


def _refused(refusal: Refusal, *, is_xml: bool) -> Answer:
    if is_xml:
        text = f"<Error><Code>{refusal.code}</Code><Message>{refusal.message}</Message></Error>"
        body = f'<?xml version="1.0"?>{text}'.encode()
        return Answer(refusal.status, body, {"Content-Type": "application/xml"})
    error = {
        "code": refusal.status,
        "message": refusal.message,
        "errors": [{"reason": refusal.code}],
    }
    return _json({"error": error}, refusal.status)
