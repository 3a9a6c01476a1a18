"""Other people's words are fit to be shown: no secrets, no control characters, not too long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curation_operator.planning.words import count, duration, quoted

PLANTED = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY"


@pytest.mark.parametrize(
    "text",
    [
        f"GET https://farm.s3.amazonaws.com/cow.jpg?X-Amz-Signature={PLANTED} failed",
        f"https://farm.blob.core.windows.net/c?sv=2024&sig={PLANTED}&se=2027",
        f"AccountKey={PLANTED};EndpointSuffix=core.windows.net",
        f'{{"secretAccessKey": "{PLANTED}"}}',
        f"aws_secret_access_key = {PLANTED}",
        f"password:{PLANTED}",
        f"Authorization: Bearer {PLANTED}",
        f"https://user:{PLANTED}@minio.example.com/",
        f"-----BEGIN RSA PRIVATE KEY-----\n{PLANTED}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{PLANTED}",
    ],
    ids=lambda text: text[:30],
)
def test_what_looks_like_a_secret_is_removed(text: str) -> None:
    assert PLANTED not in quoted(text)
    assert "[removed]" in quoted(text)


def test_ordinary_words_stay_as_they_are() -> None:
    text = "No image found in s3://datalake/farm/ among 12 files: the token bucket is full."

    assert quoted(text) == text


@given(st.text() | st.text().map(lambda text: text * 1000))
def test_anything_becomes_one_short_printable_line(text: str) -> None:
    line = quoted(text, 100)

    assert len(line) <= 100
    assert not any(character < " " or "\x7f" <= character < "\xa0" for character in line)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0"), (999, "999"), (420_000, "420 000"), (1_000_000, "1 000 000")]
)
def test_thousands_are_kept_apart(number: int, text: str) -> None:
    assert count(number) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(40, "40 s"), (300, "5 min"), (5400, "90 min"), (86_400, "24 h")]
)
def test_durations_are_round(seconds: float, text: str) -> None:
    assert duration(seconds) == text
