"""The kinds of value that occur in more than one place, each with its limits and its wording.

Every text has a longest length: the API server only accepts rules whose cost it can bound.
"""

import re
from typing import Annotated

from pydantic import Field

from curation_api.model import Rule, matching

LONGEST_RUN_NAME = 36
LONGEST_PATH = 1024

ShortText = Annotated[str, Field(max_length=256)]
LongText = Annotated[str, Field(max_length=4096)]

Share = Annotated[float, Field(ge=0, le=1)]
"""A part of a whole, 0 to 1."""

Positive = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]

KubernetesName = Annotated[
    str,
    Field(max_length=253),
    matching(
        r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$",
        "must be the name of a Kubernetes object: small letters, digits, '-' and '.', "
        "with a letter or digit at both ends",
    ),
]

QueueName = Annotated[
    str,
    Field(max_length=63),
    matching(
        r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$",
        "must be the name of a LocalQueue: small letters, digits and '-', at most 63 characters",
    ),
]

TaskName = Annotated[
    str,
    Field(max_length=256),
    matching(
        r"^[a-zA-Z0-9_+=,.@:/-]*$",
        "may hold letters, digits and _ + = , . @ : / - only",
    ),
]

TagName = Annotated[
    str,
    Field(min_length=3, max_length=256),
    matching(
        r"^[a-zA-Z0-9][a-zA-Z0-9 .:;=@_-]+$",
        "must start with a letter or digit, then hold letters, digits, spaces and . : ; = @ _ -",
    ),
]

_QUANTITY = re.compile(r"^\+?[0-9]+(\.[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|e[0-9]+)?$")


def _is_amount(value: object) -> bool:
    if isinstance(value, str):
        return bool(_QUANTITY.match(value)) and re.search(r"[1-9]", value) is not None
    return isinstance(value, int) and value > 0


Amount = Annotated[
    int | Annotated[str, Field(max_length=32)],
    Rule(
        cel="type(self) == int ? self > 0 :"
        " isQuantity(self) && quantity(self).isGreaterThan(quantity('0'))",
        holds=_is_amount,
        message="must be an amount above zero, such as 4, 500m, 16Gi",
    ),
]
"""An amount of something as Kubernetes writes it: 4, 500m, 16Gi."""


def has_dot_parts(path: str) -> bool:
    """Whether a part of the path is '.' or '..'."""
    return any(part in {".", ".."} for part in path.split("/"))


NO_DOT_PARTS = "self.split('/').all(part, part != '.' && part != '..')"


def below(folder: str, *, or_empty: bool = False) -> Rule:
    """A path that stays under `folder` of the LIGHTLY bucket."""
    stays = f"self.startsWith('{folder}/') && self != '{folder}/' && {NO_DOT_PARTS}"
    return Rule(
        cel=f"self == '' || ({stays})" if or_empty else stays,
        holds=lambda path: (
            (or_empty and path == "")
            or (path.startswith(f"{folder}/") and path != f"{folder}/" and not has_dot_parts(path))
        ),
        message=f"must be a path below {folder}/ without '.' or '..' parts,"
        f" such as {folder}/relevant_filenames.txt",
    )


RelativePath = Annotated[
    str,
    Field(max_length=LONGEST_PATH),
    Rule(
        cel=f"!self.startsWith('/') && !self.contains('://') && {NO_DOT_PARTS}",
        holds=lambda path: (
            not path.startswith("/") and "://" not in path and not has_dot_parts(path)
        ),
        message="must be a relative path: no leading '/', no '://', no '.' or '..' parts",
    ),
]
