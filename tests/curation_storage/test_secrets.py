"""No secret reaches a message, a log, a repr or last words, whatever a store or a library says."""

import logging
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_job.opening import Address
from curation_storage import StorageError
from curation_storage.scrubbing import HIDDEN, SHORTEST_SECRET, scrubbed
from tests.support.planted import leaks, planted_place, running_echo
from tests.support.probing import run_probe
from tests.support.servers.session import Servers


@pytest.fixture
def echo() -> Iterator[str]:
    with running_echo() as address:
        yield address


PROVIDERS = ("s3", "s3-delegated", "gcs", "azure")


@pytest.mark.covers("R19", "C17")
@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_fails_says_no_secret(
    provider: str, echo: str, servers: Servers, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place = planted_place(echo, provider, servers, tmp_path)
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
    place = planted_place(echo, provider, servers, tmp_path)

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
