"""Numbers and other people's words, made fit for a status."""

import re

LONGEST_QUOTE = 1000

# Secrets that a stack trace, a signed address or a log line may carry.
_SECRETS = re.compile(
    r"-----BEGIN[A-Z ]*PRIVATE KEY-----.*?(-----END[A-Z ]*PRIVATE KEY-----|$)"
    r"|\b(AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"
    r"|(?<=\?)\S*?(sig|signature|token|credential)\S*=\S*"
    r"|(?i:(?<=bearer )|(?<=basic ))\S+"
    r"|(?<![a-z])(?i:[a-z_-]*(secret|password|passwd|token|accountkey|accesskey|access_key|api_?key)"
    r"[a-z_]*)[\"']?\s*[:=]\s*[\"']?[^\s\"',;]{6,}",
    re.DOTALL | re.IGNORECASE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]+")


def quoted(text: str, longest: int = LONGEST_QUOTE) -> str:
    """Text from outside: no control characters, nothing that looks like a secret, not too long."""
    plain = " ".join(_CONTROL.sub(" ", _SECRETS.sub("[removed]", text)).split())
    return plain if len(plain) <= longest else plain[: longest - 1] + "…"


def count(number: int) -> str:
    """A number with its thousands apart: 420 000."""
    return f"{number:,}".replace(",", " ")


def duration(seconds: float) -> str:
    """About how long, for people: 40 s, 5 min, 3 h."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 100 * 60:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h"
