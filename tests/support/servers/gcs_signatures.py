"""Checks an address that was signed in the way GOOG4-RSA-SHA256 prescribes."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.support.servers.gate import Request


def is_well_signed(request: Request, key: rsa.RSAPublicKey, *, now: float) -> bool:
    """Whether this very request was signed with the key, and has not expired."""
    query = request.query
    signed_at = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    if now > signed_at.timestamp() + int(query["X-Goog-Expires"]):
        return False
    try:
        key.verify(
            bytes.fromhex(query["X-Goog-Signature"]),
            _signed_text(request),
            padding.PKCS1v15(),
            hashes.SHA256(),
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def _signed_text(request: Request) -> bytes:
    target = urlsplit(request.target)
    pairs = parse_qsl(target.query, keep_blank_values=True)
    canonical_query = "&".join(
        f"{quote(name, safe='~')}={quote(value, safe='~')}"
        for name, value in sorted(pairs)
        if name != "X-Goog-Signature"
    )
    headers = {name.lower(): value.strip() for name, value in request.headers.items()}
    names = request.query["X-Goog-SignedHeaders"].split(";")
    canonical = "\n".join(
        [
            request.method,
            target.path,
            canonical_query,
            *(f"{name}:{headers.get(name, '')}" for name in names),
            "",
            ";".join(names),
            "UNSIGNED-PAYLOAD",
        ]
    )
    scope = "/".join(request.query["X-Goog-Credential"].split("/")[1:])
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    lines = ["GOOG4-RSA-SHA256", request.query["X-Goog-Date"], scope, digest]
    return "\n".join(lines).encode()
