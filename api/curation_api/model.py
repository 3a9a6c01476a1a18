"""What every model of ours has in common: spelling, strictness, rules, and complete error reports.

The API server checks an object by the schema and the CEL rules that are generated from these
models; Python checks it here. Both must come to the same verdict, so a rule is written once, as a
`Rule`, with both of its languages side by side.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import NoneType
from typing import Any, ClassVar, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    ValidationInfo,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.fields import FieldInfo
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, InitErrorDetails, PydanticCustomError, core_schema

from curation_api.spelling import closest

RULES_KEY = "x-kubernetes-validations"
LIST_TYPE_KEY = "x-kubernetes-list-type"
LIST_MAP_KEYS_KEY = "x-kubernetes-list-map-keys"
NO_EFFECT_KEY = "x-no-effect"


@dataclass(frozen=True, slots=True)
class Rule:
    """Something that must hold, for the API server (`cel`) and for Python (`holds`).

    Put it into a model's `RULES` to relate its fields, or into `Annotated` to restrict one field.
    """

    cel: str
    holds: Callable[[Any], bool]
    message: str
    message_cel: str = ""
    """A sentence that only the API server can make, because it knows more of the case."""
    about: str = ""
    """The part that does not hold, where it is not all that the rule sees."""

    def as_cel(self) -> dict[str, str]:
        """The entry of `x-kubernetes-validations`."""
        entry = {
            "rule": self.cel,
            "message": self.message,
            "messageExpression": self.message_cel,
            "fieldPath": self.about,
        }
        return {key: text for key, text in entry.items() if text}

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the annotated field after its type."""

        def check(value: Any) -> Any:
            if not self.holds(value):
                raise _sentence("rule", self.message)
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the CEL text where the generator finds it."""
        json_schema = handler(schema)
        return {**json_schema, RULES_KEY: [*json_schema.get(RULES_KEY, []), self.as_cel()]}


@dataclass(frozen=True, slots=True)
class NoEffect:
    """Marks a documented key that is still accepted but decides nothing any more."""

    instead: str
    """What does its work today, as a sentence."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the sentence where the generator finds it."""
        return {**handler(schema), NO_EFFECT_KEY: self.instead}


@dataclass(frozen=True, slots=True)
class Distinct:
    """No entry of a list occurs twice; entries that are objects are told apart by one field."""

    by: str | None = None

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Check the list after its entries."""

        def check(entries: list[Any]) -> list[Any]:
            seen = entries if self.by is None else [getattr(entry, self.by) for entry in entries]
            if len(set(seen)) < len(seen):
                what = "value" if self.by is None else self.by
                raise _sentence("duplicate", f"each entry must have a different {what}")
            return entries

        return core_schema.no_info_after_validator_function(check, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Let the API server check it without the cost of a rule."""
        json_schema = handler(schema)
        if self.by is None:
            return {**json_schema, LIST_TYPE_KEY: "set"}
        return {**json_schema, LIST_TYPE_KEY: "map", LIST_MAP_KEYS_KEY: [self.by]}


def matching(pattern: str, message: str) -> Rule:
    """The whole text must match; `message` says in words what is expected."""
    compiled = re.compile(pattern)
    return Rule(
        cel=f"self.matches({_cel_text(pattern)})",
        holds=lambda text: compiled.search(text) is not None,
        message=message,
    )


def unchanged(field: str, message: str) -> Rule:
    """Once created, `field` keeps its value. Only the API server can tell, so Python agrees."""
    return Rule(cel=_is_as_before("self", field), holds=lambda _: True, message=message)


# Every status that the operator writes, it writes because there is something new to say.
_STATUS_IS_WRITTEN = (
    "has(self.status) && has(self.status.message) && (!has(oldSelf.status)"
    " || !has(oldSelf.status.message) || self.status.message != oldSelf.status.message)"
)


def unchanged_in_spec(paths: Sequence[str], why: str, message: str) -> Rule:
    """For a resource: once created, these parts of its spec keep their values.

    A spec and a status are never written together, and to compare specs was more than a third of
    the cost of writing a status. So one rule compares everything, and only where no status is
    written.
    """
    same = {path: _is_as_before("self.spec", path) for path in paths}
    changed = "".join(f"!({cel}) ? '{path}' : " for path, cel in same.items())
    return Rule(
        cel=f"({_STATUS_IS_WRITTEN}) || ({' && '.join(same.values())})",
        holds=lambda _: True,
        message=message,
        message_cel=f"({changed}'') + ' cannot be changed: {why}'",
        about=".spec",
    )


def _is_as_before(where: str, path: str) -> str:
    now, before = f"{where}.{path}", f"{where.replace('self', 'oldSelf')}.{path}"
    return f"has({now}) == has({before}) && (!has({now}) || {now} == {before})"


def _cel_text(text: str) -> str:
    return "r'" + text.replace("'", "'+\"'\"+r'") + "'"


# Marks an object that the API server has already accepted.
_STORED: dict[str, Any] = {}


class ApiModel(BaseModel):
    """A part of a resource or of a message between our programs.

    Reads snake_case (as in the documented dictionaries) and camelCase (as in YAML), writes
    camelCase. An explicit null means "not given", as it does to the API server.
    """

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _report_everything(
        cls, data: Any, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo
    ) -> Self:
        """Collect wrong keys, wrong values and broken rules into one error."""
        if not isinstance(data, Mapping):
            return handler(data)
        given, problems = _read_keys(cls, data, pass_over_unknown=info.context is _STORED)
        try:
            model = handler(given)
        except ValidationError as error:
            problems += [_carried_on(line) for line in error.errors()]
            problems += _broken_rules(cls, _Sight(cls, given))
        else:
            problems += _broken_rules(cls, model)
            if not problems:
                return model
        raise ValidationError.from_exception_data(cls.__name__, problems, hide_input=True)

    @model_serializer(mode="wrap")
    def _leave_out_what_is_not_given(
        self, handler: SerializerFunctionWrapHandler
    ) -> dict[str, Any]:
        fields = type(self).model_fields
        absent = {
            key
            for name, field in fields.items()
            if getattr(self, name) is None and not is_nullable(field)
            for key in (name, field.alias)
        }
        return {key: value for key, value in handler(self).items() if key not in absent}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """Leave the CEL text of the rules where the generator finds it."""
        json_schema = handler.resolve_ref_schema(handler(schema))
        if cls.RULES:
            json_schema[RULES_KEY] = [rule.as_cel() for rule in cls.RULES]
        return json_schema

    @classmethod
    def stored(cls, data: Any) -> Self:
        """As the API server keeps it: a key of a newer version is no reason to stop."""
        return cls.model_validate(data, context=_STORED)

    def manifest(self) -> dict[str, Any]:
        """As plain data in camelCase, with only what was said and none of the defaults."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def complete(self) -> dict[str, Any]:
        """As plain data in camelCase, every default written out."""
        return self.model_dump(mode="json", by_alias=True)


def is_nullable(field: FieldInfo) -> bool:
    """Whether an explicit null differs from leaving the field out."""
    return field.default is not None and NoneType in get_args(field.annotation)


def _read_keys(
    model: type[ApiModel], data: Mapping[Any, Any], *, pass_over_unknown: bool = False
) -> tuple[dict[str, Any], list[InitErrorDetails]]:
    """The known keys in camelCase, and a problem for each key that is unknown or given twice."""
    if model.model_config.get("extra") == "allow":
        return dict(data), []
    spellings = dict(_spellings(model))
    given: dict[str, Any] = {}
    problems = []
    for key, value in data.items():
        field = spellings.get(key)
        if field is None and pass_over_unknown:
            continue
        if field is None:
            problems.append(_unknown(model, str(key), value))
        elif value is None and not is_nullable(field):
            continue
        elif field.alias in given:
            problems.append(
                InitErrorDetails(
                    type=_sentence("given_twice", f"given twice, also as {field.alias!r}"),
                    loc=(str(key),),
                    input=None,
                )
            )
        else:
            given[str(field.alias)] = value
    return given, problems


def _spellings(model: type[ApiModel]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in model.model_fields.items():
        yield name, field
        yield str(field.alias), field


def _unknown(model: type[ApiModel], key: str, value: Any) -> InitErrorDetails:
    fields = model.model_fields
    names = list(fields) if "_" in key else [str(field.alias) for field in fields.values()]
    near = closest(key, names)
    advice = f"did you mean {near!r}?" if near else f"known here: {', '.join(sorted(names))}"
    return InitErrorDetails(
        type=_sentence("unknown_key", f"unknown key {key!r}; {advice}"), loc=(key,), input=value
    )


def _sentence(kind: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{sentence}", {"sentence": text})


def _carried_on(line: Any) -> InitErrorDetails:
    """An error of a part, to be reported again as an error of the whole."""
    kind, context = line["type"], line.get("ctx", {})
    error = PydanticCustomError(kind, "{sentence}", {**context, "sentence": line["msg"]})
    return InitErrorDetails(type=error, loc=line["loc"], input=line["input"])


def _broken_rules(model: type[ApiModel], seen: Any) -> list[InitErrorDetails]:
    return [
        InitErrorDetails(type=_sentence("rule", rule.message), loc=(), input=None)
        for rule in model.RULES
        if not _holds(rule, seen)
    ]


def _holds(rule: Rule, seen: Any) -> bool:
    """Whether the rule holds as far as one can tell: a value of a wrong type is its own problem."""
    try:
        return rule.holds(seen)
    except (TypeError, AttributeError, ValueError, LookupError, ArithmeticError):
        if isinstance(seen, _Sight):
            return True
        raise


class _Sight:
    """A model that could not be read, as far as it can be seen: what was given, else defaults."""

    def __init__(self, model: type[ApiModel], given: Mapping[str, Any]) -> None:
        self._model = model
        self._given = given

    def __getattr__(self, name: str) -> Any:
        field = self._model.model_fields[name]
        if str(field.alias) in self._given:
            return _seen(field.annotation, self._given[str(field.alias)])
        if field.is_required():
            raise AttributeError(name)
        return field.get_default(call_default_factory=True, validated_data={})


def _seen(annotation: Any, value: Any) -> Any:
    part = next(_models_in(annotation), None)
    if part is None:
        return value
    if isinstance(value, list):
        return [_seen(part, item) for item in value]
    return _Sight(part, _read_keys(part, value)[0]) if isinstance(value, Mapping) else value


def _models_in(annotation: Any) -> Iterator[type[ApiModel]]:
    if isinstance(annotation, type) and issubclass(annotation, ApiModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)
