"""What all documented records have in common."""

from dataclasses import fields
from typing import Any


class Record:
    """A dataclass that can be turned into plain data, as the documented records can."""

    def to_dict(self, *, by_alias: bool = False) -> dict[str, Any]:
        """As plain data; with `by_alias` in camelCase, as it is written to files."""
        return {
            _camel(field.name) if by_alias else field.name: _plain(
                getattr(self, field.name), by_alias=by_alias
            )
            for field in fields(self)  # type: ignore[arg-type]  # every Record is a dataclass
        }


def _plain(value: Any, *, by_alias: bool) -> Any:
    if isinstance(value, Record):
        return value.to_dict(by_alias=by_alias)
    if isinstance(value, list):
        return [_plain(item, by_alias=by_alias) for item in value]
    return value


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)
