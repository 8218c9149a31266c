"""What requests to Gemini are made of: messages, their fields, and the values of enumerations.

Written from the public description of the API (v1beta), as far as text goes in and text comes out. Pure data: this file
does not know how a message is read, nor what is done with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

__all__ = ["ENUMS", "MESSAGES", "Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a message.

    Attributes:
        kind: `string`, `int32`, `float`, `bool`, `any` for every JSON value, `absent` for what the real API takes and
            the stand-in does not, or the name of a message or an enumeration.
        many: Whether it is a list.
        keyed: Whether it is a map from texts.
    """

    kind: str
    many: bool = False
    keyed: bool = False


_STRING, _INT32, _FLOAT, _BOOL = Field("string"), Field("int32"), Field("float"), Field("bool")
_ANY, _ABSENT = Field("any"), Field("absent")
_STRINGS = Field("string", many=True)

MESSAGES: Mapping[str, Mapping[str, Field]] = MappingProxyType(
    {
        "GenerateContentRequest": {
            "model": _STRING,
            "contents": Field("Content", many=True),
            "system_instruction": Field("Content"),
            "generation_config": Field("GenerationConfig"),
            "safety_settings": Field("SafetySetting", many=True),
            "tools": _ABSENT,
            "tool_config": _ABSENT,
            "cached_content": _ABSENT,
        },
        "CountTokensRequest": {
            "contents": Field("Content", many=True),
            "generate_content_request": Field("GenerateContentRequest"),
        },
        "Content": {"role": _STRING, "parts": Field("Part", many=True)},
        "Part": {
            "text": _STRING,
            "thought": _BOOL,
            "thought_signature": _STRING,
            "inline_data": _ABSENT,
            "file_data": _ABSENT,
            "function_call": _ABSENT,
            "function_response": _ABSENT,
            "executable_code": _ABSENT,
            "code_execution_result": _ABSENT,
        },
        "GenerationConfig": {
            "candidate_count": _INT32,
            "stop_sequences": _STRINGS,
            "max_output_tokens": _INT32,
            "temperature": _FLOAT,
            "top_p": _FLOAT,
            "top_k": _INT32,
            "seed": _INT32,
            "presence_penalty": _FLOAT,
            "frequency_penalty": _FLOAT,
            "response_mime_type": _STRING,
            "response_schema": Field("Schema"),
            "response_json_schema": _ANY,
            "response_modalities": Field("Modality", many=True),
            "thinking_config": Field("ThinkingConfig"),
            "response_logprobs": _ABSENT,
            "logprobs": _ABSENT,
            "speech_config": _ABSENT,
            "image_config": _ABSENT,
            "media_resolution": _ABSENT,
        },
        "ThinkingConfig": {
            "include_thoughts": _BOOL,
            "thinking_budget": _INT32,
            "thinking_level": Field("ThinkingLevel"),
        },
        "SafetySetting": {"category": Field("HarmCategory"), "threshold": Field("HarmBlockThreshold")},
        "Schema": {
            "type": Field("Type"),
            "format": _STRING,
            "title": _STRING,
            "description": _STRING,
            "nullable": _BOOL,
            "enum": _STRINGS,
            "items": Field("Schema"),
            "max_items": _INT32,
            "min_items": _INT32,
            "properties": Field("Schema", keyed=True),
            "required": _STRINGS,
            "min_properties": _INT32,
            "max_properties": _INT32,
            "minimum": _FLOAT,
            "maximum": _FLOAT,
            "min_length": _INT32,
            "max_length": _INT32,
            "pattern": _STRING,
            "example": _ANY,
            "default": _ANY,
            "any_of": Field("Schema", many=True),
            "property_ordering": _STRINGS,
        },
    }
)
"""The fields of each message, by their names with underscores; in JSON either those or camelCase names will do."""

ENUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Type": ("TYPE_UNSPECIFIED", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT", "NULL"),
        "Modality": ("MODALITY_UNSPECIFIED", "TEXT", "IMAGE", "AUDIO"),
        "ThinkingLevel": ("THINKING_LEVEL_UNSPECIFIED", "LOW", "HIGH", "MEDIUM", "MINIMAL"),
        "HarmCategory": (
            "HARM_CATEGORY_UNSPECIFIED",
            "HARM_CATEGORY_DEROGATORY",
            "HARM_CATEGORY_TOXICITY",
            "HARM_CATEGORY_VIOLENCE",
            "HARM_CATEGORY_SEXUAL",
            "HARM_CATEGORY_MEDICAL",
            "HARM_CATEGORY_DANGEROUS",
            "HARM_CATEGORY_HARASSMENT",
            "HARM_CATEGORY_HATE_SPEECH",
            "HARM_CATEGORY_SEXUALLY_EXPLICIT",
            "HARM_CATEGORY_DANGEROUS_CONTENT",
            "HARM_CATEGORY_CIVIC_INTEGRITY",
        ),
        "HarmBlockThreshold": (
            "HARM_BLOCK_THRESHOLD_UNSPECIFIED",
            "BLOCK_LOW_AND_ABOVE",
            "BLOCK_MEDIUM_AND_ABOVE",
            "BLOCK_ONLY_HIGH",
            "BLOCK_NONE",
            "OFF",
        ),
    }
)
"""The values of each enumeration, at the positions of their numbers."""
