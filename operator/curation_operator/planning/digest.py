"""A short name for content."""

import hashlib
import json

DIGEST_LETTERS = 16


def digest(*content: object) -> str:
    """The same letters for the same JSON content."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LETTERS]
