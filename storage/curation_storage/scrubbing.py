"""Takes secrets out of texts that others wrote.

Libraries put addresses, headers and answers into their errors, and with them what signs a request.
"""

import logging
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote

HIDDEN = "***"

# Shorter values are words that occur by chance; no store issues keys this short.
SHORTEST_SECRET = 6

_SIGNING = re.compile(
    r"""(?ix)
    ( \b(?: sig | signature | x-(?:amz|goog)-(?:signature|security-token|credential)
        | AWSAccessKeyId | GoogleAccessId | AccountKey | SharedAccessSignature
        | access_token | refresh_token | id_token | assertion | SessionToken | SecretAccessKey
        )\b ["']? \s* [=:>] \s* ["']? )  [^&\s"'<>;,]+
    | (\b(?: Bearer | SharedKey(?:Lite)? | AWS4-HMAC-SHA256 | AWS ) \s+ )
        [^\s"',]+ (?: ,\s* [^\s"']+ )*
    | -----BEGIN [^-]* PRIVATE\ KEY----- .*? (?: -----END [^-]* PRIVATE\ KEY----- | \Z )
    """,
    re.DOTALL,
)

# At debug level these write down signed addresses and headers.
_TALKATIVE = ("azure", "boto3", "botocore", "google", "msal", "requests", "s3transfer", "urllib3")


def scrubbed(text: str, secrets: Iterable[str]) -> str:
    """The text without these values, and without anything that looks as if it signs a request."""
    forms = {
        form
        for secret in secrets
        for form in (secret, quote(secret, safe=""), quote_plus(secret), unquote(secret))
        if len(form) >= SHORTEST_SECRET
    }
    for form in sorted(forms, key=len, reverse=True):
        text = text.replace(form, HIDDEN)
    return _SIGNING.sub(lambda found: f"{found[1] or found[2] or ''}{HIDDEN}", text)


def scrub(error: BaseException, secrets: Iterable[str]) -> None:
    """Take secrets out of an error that is to be raised on, and out of those that led to it."""
    known = tuple(secrets)
    for one in chain_of(error):
        one.args = tuple(scrubbed(a, known) if isinstance(a, str) else a for a in one.args)


def chain_of(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those that led to it; some libraries keep them in attributes of their own."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        inner = getattr(error, "error", None) or getattr(error, "reason", None)
        error = inner if isinstance(inner, BaseException) else error.__cause__ or error.__context__


def quieten_libraries() -> None:
    """Keep the debug messages of the providers' libraries out of every log."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        # Azure's writes headers and addresses at info level already.
        quiet = logging.WARNING if name == "azure" else logging.INFO
        logger.setLevel(max(logger.level, quiet))
