"""What is asked of Gemini: a request's body, read and found to make sense.

Pure: this file does not know what is answered, nor who may ask.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import cast

from trio_pipeline.services.gemini_errors import GeminiError, invalid_argument
from trio_pipeline.services.gemini_reading import Read, read_json, read_message
from trio_pipeline.services.gemini_schemas import Shape, json_shape, schema_shape

__all__ = ["INPUT_LIMIT", "OUTPUT_LIMIT", "Prompt", "count_prompt", "read_prompt", "tokens_of"]

INPUT_LIMIT = 1_048_576
"""Tokens that a request may have."""

OUTPUT_LIMIT = 65_536
"""Tokens that an answer may have."""

_CONFIG = "GenerateContentRequest.generation_config."
_RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "temperature": (0.0, 2.0),
        "top_p": (0.0, 1.0),
        "top_k": (1, 1_000),
        "max_output_tokens": (1, 2**31),
        "presence_penalty": (-2.0, 2.0),
        "frequency_penalty": (-2.0, 2.0),
        "candidate_count": (1, 8),
    }
)
_TYPES = ("text/plain", "application/json", "text/x.enum")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A request that can be answered.

    Attributes:
        text: Everything that its contents say, message by message.
        tokens: How many tokens it has, the system's instruction included.
        most: How many tokens the answer may have.
        is_json: Whether the answer is to be JSON.
        shape: What the answer is to be like, or None.
        with_thoughts: Whether the model is to show its thoughts.
    """

    text: str
    tokens: int
    most: int
    is_json: bool
    shape: Shape | None
    with_thoughts: bool


def tokens_of(text: str) -> int:
    """How many tokens a text counts as: one for every four characters begun."""
    return -(-len(text) // 4)


def read_prompt(body: bytes, model: str) -> Prompt:
    """What the body of a `generateContent` asks for.

    Args:
        body: As it came.
        model: The model that the address names.

    Raises:
        GeminiError: It cannot be answered, and why.
    """
    return _prompt(read_message(read_json(body), "GenerateContentRequest"), model)


def count_prompt(body: bytes, model: str) -> int:
    """How many tokens the request has that the body of a `countTokens` holds.

    Raises:
        GeminiError: It cannot be counted, and why.
    """
    asked = read_message(read_json(body), "CountTokensRequest")
    whole = cast(Read, asked.get("generate_content_request", {}))
    if bool(whole) == bool(asked.get("contents")):
        raise invalid_argument("Exactly one of contents and generate_content_request must be given.")
    if whole and "model" not in whole:
        raise invalid_argument("* CountTokensRequest.generate_content_request.model: model is not specified\n")
    return _prompt(whole or asked, model).tokens


def _prompt(request: Read, model: str) -> Prompt:
    if request.get("model", f"models/{model}") not in {model, f"models/{model}"}:
        raise invalid_argument("The model of the request is not the one of the address.")
    contents = cast(list[Read], request.get("contents", []))
    config = cast(Read, request.get("generation_config", {}))
    system = cast(Read, request.get("system_instruction", {}))
    complaints = [*_content_complaints(contents), *_config_complaints(config)]
    if complaints:
        raise invalid_argument("".join(f"* {complaint}\n" for complaint in complaints))
    if any(message.get("role") not in {None, "user", "model"} for message in contents):
        raise invalid_argument("Please use a valid role: user, model.")
    text = "\n".join(_texts(contents))
    tokens = tokens_of(text) + tokens_of("\n".join(_texts([system])))
    if tokens > INPUT_LIMIT:
        raise _too_long(tokens)
    thinking = cast(Read, config.get("thinking_config", {}))
    return Prompt(
        text=text,
        tokens=tokens,
        most=min(cast(int, config.get("max_output_tokens", OUTPUT_LIMIT)), OUTPUT_LIMIT),
        is_json=config.get("response_mime_type") == "application/json",
        shape=_shape(config),
        with_thoughts=thinking.get("include_thoughts") is True,
    )


def _too_long(tokens: int) -> GeminiError:
    return invalid_argument(
        f"The input token count ({tokens}) exceeds the maximum number of tokens allowed ({INPUT_LIMIT})."
    )


def _texts(contents: Sequence[Read]) -> Iterator[str]:
    for message in contents:
        for part in cast(list[Read], message.get("parts", [])):
            yield cast(str, part.get("text", ""))


def _content_complaints(contents: Sequence[Read]) -> Iterator[str]:
    if not contents:
        yield "GenerateContentRequest.contents: contents is not specified"
    for number, message in enumerate(contents):
        path = f"GenerateContentRequest.contents[{number}].parts"
        parts = cast(list[Read], message.get("parts", []))
        if not parts:
            yield f"{path}: contents.parts must not be empty."
        for place, part in enumerate(parts):
            if "text" not in part:
                yield f"{path}[{place}].data: required oneof field 'data' must have one initialized field"


def _config_complaints(config: Read) -> Iterator[str]:
    for name, (least, most) in _RANGES.items():
        if name in config and not least <= cast(float, config[name]) <= most:
            yield f"{_CONFIG}{name}: {name} must be in the range [{least}, {most}]."
    if cast(int, config.get("candidate_count", 1)) > 1:
        yield f"{_CONFIG}candidate_count: multiple candidates is not enabled for this model"
    if config.get("response_mime_type", "text/plain") not in _TYPES:
        yield f"{_CONFIG}response_mime_type: allowed mimetypes are {', '.join(f'`{name}`' for name in _TYPES)}."
    if len(cast(list[str], config.get("stop_sequences", []))) > 5:
        yield f"{_CONFIG}stop_sequences: at most 5 are allowed."
    if set(cast(list[str], config.get("response_modalities", []))) - {"TEXT"}:
        yield f"{_CONFIG}response_modalities: the model answers by text only."
    schemas = [name for name in ("response_schema", "response_json_schema") if name in config]
    if len(schemas) > 1:
        yield f"{_CONFIG}response_json_schema: must not be set together with response_schema."
    if schemas and config.get("response_mime_type", "text/plain") == "text/plain":
        yield f"{_CONFIG}{schemas[0]}: only allowed with a response_mime_type of `application/json`."


def _shape(config: Read) -> Shape | None:
    if "response_schema" in config:
        return schema_shape(cast(Read, config["response_schema"]))
    if "response_json_schema" in config:
        return json_shape(config["response_json_schema"])
    return None
