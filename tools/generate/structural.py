"""Turns a model's JSON schema into the structural schema that a CRD needs.

A structural schema has no references, no unions and no conditions. What cannot be said in it is
refused here, with the path of the field, before anybody meets a CRD that the API server rejects.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from curation_api.model import (
    LIST_MAP_KEYS_KEY,
    LIST_TYPE_KEY,
    NO_EFFECT_KEY,
    RULES_KEY,
    ApiModel,
)

JsonSchema = dict[str, Any]

# Copied as they are: both languages mean the same by them.
_SAME = (
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    "pattern",
    "format",
    "default",
    LIST_TYPE_KEY,
    LIST_MAP_KEYS_KEY,
)
# Known, and of no use to the API server.
_IGNORED = {"title", "additionalProperties", "const"}
_UNDERSTOOD = {
    *_SAME,
    *_IGNORED,
    "$defs",
    "$ref",
    "anyOf",
    "description",
    "enum",
    "exclusiveMaximum",
    "exclusiveMinimum",
    "items",
    "properties",
    "required",
    "type",
    NO_EFFECT_KEY,
    RULES_KEY,
}


class NotStructural(Exception):  # noqa: N818  says what the schema is
    """Something that a CRD's schema cannot say."""


def structural_schema(model: type[ApiModel]) -> JsonSchema:
    """The structural schema of a model, with descriptions, limits, defaults and rules."""
    schema = model.model_json_schema(by_alias=True, mode="validation")
    return _converted(schema, schema.get("$defs", {}), model.__name__)


def _converted(schema: JsonSchema, definitions: Mapping[str, JsonSchema], path: str) -> JsonSchema:
    schema = _resolved(schema, definitions)
    _refuse(sorted(set(schema) - _UNDERSTOOD), path)
    if "anyOf" in schema:
        return _union(schema, definitions, path)
    converted: JsonSchema = {}
    if description := _description(schema):
        converted["description"] = description
    converted["type"] = _type(schema, path)
    if "const" in schema or "enum" in schema:
        converted["enum"] = schema.get("enum", [schema.get("const")])
    converted.update({key: schema[key] for key in _SAME if key in schema})
    for bound, limit in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if bound in schema:
            converted[limit], converted[bound] = schema[bound], True
    if "items" in schema:
        converted["items"] = _converted(schema["items"], definitions, f"{path}[]")
    converted.update(_members(schema, definitions, path))
    if RULES_KEY in schema:
        converted[RULES_KEY] = schema[RULES_KEY]
    return converted


def _members(schema: JsonSchema, definitions: Mapping[str, JsonSchema], path: str) -> JsonSchema:
    """The properties of an object, or what its free keys hold."""
    if "properties" in schema:
        return {
            "properties": {
                name: _converted(part, definitions, f"{path}.{name}")
                for name, part in schema["properties"].items()
            },
            **({"required": schema["required"]} if "required" in schema else {}),
        }
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict):
        return {"additionalProperties": _converted(extra, definitions, f"{path}.*")}
    return {}


def _resolved(schema: JsonSchema, definitions: Mapping[str, JsonSchema]) -> JsonSchema:
    """The schema with its reference replaced; what stands beside the reference wins."""
    if "$ref" not in schema:
        return schema
    target = definitions[schema["$ref"].removeprefix("#/$defs/")]
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**_resolved(target, definitions), **beside}


def _union(schema: JsonSchema, definitions: Mapping[str, JsonSchema], path: str) -> JsonSchema:
    """A union that a structural schema can say: with null, or of integer and text."""
    beside = {key: value for key, value in schema.items() if key != "anyOf"}
    choices = [choice for choice in schema["anyOf"] if choice.get("type") != "null"]
    has_null = len(choices) < len(schema["anyOf"])
    if sorted(str(choice.get("type")) for choice in choices) == ["integer", "string"]:
        converted: JsonSchema = {"x-kubernetes-int-or-string": True}
        if description := _description(beside):
            converted = {"description": description, **converted}
        for part in (*choices, beside):
            converted.update({key: part[key] for key in ("maxLength", RULES_KEY) if key in part})
    elif len(choices) == 1:
        # What the field says of itself goes before what its type says in general.
        merged = {**_resolved(choices[0], definitions), **beside}
        if RULES_KEY in choices[0] and RULES_KEY in beside:
            merged[RULES_KEY] = [*choices[0][RULES_KEY], *beside[RULES_KEY]]
        converted = _converted(merged, definitions, path)
    else:
        raise NotStructural(
            f"{path}: a CRD cannot say that a value is one of several types;"
            " choose one type, or integer-or-text"
        )
    if has_null and converted.get("default") is None:
        converted.pop("default", None)
    elif has_null:
        converted["nullable"] = True
    return converted


def _type(schema: JsonSchema, path: str) -> str:
    kind = schema.get("type")
    if not isinstance(kind, str):
        raise NotStructural(f"{path}: a CRD needs one type for each value, here is {kind!r}")
    return kind


def _description(schema: JsonSchema) -> str:
    text = str(schema.get("description", ""))
    no_effect = schema.get(NO_EFFECT_KEY)
    return f"{text} No effect any more: {no_effect}".strip() if no_effect else text


def _refuse(unknown: Iterable[str], path: str) -> None:
    for keyword in unknown:
        raise NotStructural(f"{path}: a CRD cannot say {keyword!r}; express it as a Rule")
