"""The shape that a request to Gemini wants its answer to have: read from a `responseSchema` or a `responseJsonSchema`.

Pure: this file does not know what is answered.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

from trio_pipeline.services.gemini_errors import invalid_argument
from trio_pipeline.services.gemini_reading import Read

__all__ = ["Shape", "json_shape", "schema_shape"]

_FORMATS = {
    "STRING": {"enum", "date-time"},
    "NUMBER": {"float", "double"},
    "INTEGER": {"int32", "int64"},
}
_WORDS = frozenset(
    {
        "additionalProperties",
        "anyOf",
        "description",
        "enum",
        "format",
        "items",
        "maxItems",
        "maximum",
        "minItems",
        "minimum",
        "properties",
        "propertyOrdering",
        "required",
        "title",
        "type",
    }
)
_KINDS = {"string", "number", "integer", "boolean", "array", "object"}
_DEEPEST = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """What a value is to be like.

    Attributes:
        kind: `string`, `number`, `integer`, `boolean`, `array` or `object`.
        nullable: Whether it may be null.
        enum: The only texts that it may be; empty for any.
        items: What an array consists of.
        properties: What an object has, in the order wanted.
        required: Which of them it must have.
    """

    kind: str
    nullable: bool = False
    enum: tuple[str, ...] = ()
    items: Shape | None = None
    properties: Mapping[str, Shape] = field(default_factory=dict)
    required: frozenset[str] = frozenset()


def schema_shape(schema: Read) -> Shape:
    """The shape that a message `Schema` describes.

    Raises:
        GeminiError: It contradicts itself or leaves something out; every such place is named.
    """
    path = "GenerateContentRequest.generation_config.response_schema"
    complaints = list(_complaints(schema, path, 0))
    if complaints:
        raise invalid_argument("".join(f"* {complaint}\n" for complaint in complaints))
    return _of_schema(schema)


def _complaints(schema: Read, path: str, depth: int) -> Iterator[str]:
    kind, choices = cast(str, schema.get("type", "")), cast(list[Read], schema.get("any_of", []))
    if depth > _DEEPEST:
        yield f"{path}: nesting is too deep"
        return
    if kind in {"", "TYPE_UNSPECIFIED"} and not choices:
        yield f"{path}.type: must be specified"
    if schema.get("enum") and kind != "STRING":
        yield f"{path}.enum: only allowed for STRING type"
    if "" in cast(list[str], schema.get("enum", [])):
        yield f"{path}.enum: cannot be empty"
    if "format" in schema and kind in _FORMATS and schema["format"] not in _FORMATS[kind]:
        yield f"{path}.format: only {sorted(_FORMATS[kind])} are supported for {kind} type"
    yield from _inside_complaints(schema, kind, path, depth)
    for number, choice in enumerate(choices):
        yield from _complaints(choice, f"{path}.any_of[{number}]", depth + 1)


def _inside_complaints(schema: Read, kind: str, path: str, depth: int) -> Iterator[str]:
    properties = cast(dict[str, Read], schema.get("properties", {}))
    if kind == "OBJECT" and not properties:
        yield f"{path}.properties: should be non-empty for OBJECT type"
    if properties and kind != "OBJECT":
        yield f"{path}.properties: only allowed for OBJECT type"
    for word in ("required", "property_ordering"):
        for number, name in enumerate(cast(list[str], schema.get(word, []))):
            if name not in properties:
                yield f"{path}.{word}[{number}]: property is not defined"
    for name, inside in properties.items():
        yield from _complaints(inside, f"{path}.properties[{name}]", depth + 1)
    if kind == "ARRAY" and "items" not in schema:
        yield f"{path}.items: missing field."
    if "items" in schema:
        if kind != "ARRAY":
            yield f"{path}.items: only allowed for ARRAY type"
        yield from _complaints(cast(Read, schema["items"]), f"{path}.items", depth + 1)


def _of_schema(schema: Read) -> Shape:
    choices = cast(list[Read], schema.get("any_of", []))
    real = [choice for choice in choices if choice.get("type") != "NULL"]
    if choices:
        null = len(real) < len(choices) or schema.get("nullable") is True
        return _made_nullable(_of_schema(real[0]) if real else Shape("string"), nullable=null)
    properties = cast(dict[str, Read], schema.get("properties", {}))
    return Shape(
        kind=cast(str, schema["type"]).lower(),
        nullable=schema.get("nullable") is True,
        enum=tuple(cast(list[str], schema.get("enum", []))),
        items=_of_schema(cast(Read, schema["items"])) if "items" in schema else None,
        properties={
            name: _of_schema(properties[name])
            for name in _ordered(properties, cast(list[str], schema.get("property_ordering", [])))
        },
        required=frozenset(cast(list[str], schema.get("required", []))),
    )


def _ordered(properties: Mapping[str, object], wanted: Sequence[str]) -> list[str]:
    return list(dict.fromkeys([*wanted, *properties]))


def _made_nullable(shape: Shape, *, nullable: bool) -> Shape:
    return Shape(shape.kind, shape.nullable or nullable, shape.enum, shape.items, shape.properties, shape.required)


def json_shape(schema: object, path: str = "response_json_schema", depth: int = 0) -> Shape:
    """The shape that a JSON Schema describes, as far as the API knows its words.

    Raises:
        GeminiError: It is no schema, or has a word that is not known. References are known to the API and not to the
            stand-in.
    """
    if not isinstance(schema, dict) or depth > _DEEPEST:
        raise invalid_argument(f"{path} is not a JSON Schema.")
    if unknown := sorted(schema.keys() - _WORDS):
        raise invalid_argument(f"{path} has words that are not supported: {', '.join(unknown)}")
    if "anyOf" in schema:
        return _of_choices(schema["anyOf"], path, depth)
    kinds = schema.get("type")
    names = kinds if isinstance(kinds, list) else [kinds]
    real = [name for name in names if name != "null"]
    if len(real) != 1 or real[0] not in _KINDS:
        raise invalid_argument(f"{path}.type is not one type, nor one and null.")
    return Shape(
        kind=real[0],
        nullable=len(real) < len(names),
        enum=tuple(_texts(schema.get("enum", []), f"{path}.enum")),
        items=json_shape(schema.get("items"), f"{path}.items", depth + 1) if real[0] == "array" else None,
        properties=_json_properties(schema, path, depth),
        required=frozenset(_texts(schema.get("required", []), f"{path}.required")),
    )


def _of_choices(choices: object, path: str, depth: int) -> Shape:
    listed = choices if isinstance(choices, list) else []
    real = [choice for choice in listed if choice != {"type": "null"}]
    if not real:
        raise invalid_argument(f"{path}.anyOf offers nothing.")
    shapes = [json_shape(choice, f"{path}.anyOf[{number}]", depth + 1) for number, choice in enumerate(real)]
    return _made_nullable(shapes[0], nullable=len(real) < len(listed))


def _json_properties(schema: Mapping[str, object], path: str, depth: int) -> dict[str, Shape]:
    properties = schema.get("properties", {})
    if not isinstance(properties, dict):
        raise invalid_argument(f"{path}.properties is not an object.")
    order = _texts(schema.get("propertyOrdering", []), f"{path}.propertyOrdering")
    if missing := sorted(set(order) - properties.keys()):
        raise invalid_argument(f"{path}.propertyOrdering has unknown names: {', '.join(missing)}")
    return {
        name: json_shape(properties[name], f"{path}.properties.{name}", depth + 1)
        for name in _ordered(properties, order)
    }


def _texts(value: object, path: str) -> list[str]:
    """The texts of a list; null among the values of an enumeration says what `type` says already."""
    if not isinstance(value, list) or not all(isinstance(one, str) or one is None for one in value):
        raise invalid_argument(f"{path} is not a list of texts.")
    return [one for one in value if one is not None]
