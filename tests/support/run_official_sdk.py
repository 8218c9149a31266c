"""Asks the official SDK each thing that its argument lists, as JSON, and writes what it gives, as JSON.

The address is in GOOGLE_GEMINI_BASE_URL, which the SDK reads by itself.
"""

from __future__ import annotations

import json
import sys

from google import genai
from google.genai import errors, types


def asked(client: genai.Client, order: dict) -> dict:
    model = order.get("model", "gemini-test")
    match order["do"]:
        case "generate":
            config = types.GenerateContentConfig(**order["config"])
            answer = client.models.generate_content(model=model, contents=order["contents"], config=config)
            return {
                "text": answer.text,
                "finish_reason": [candidate.finish_reason.name for candidate in answer.candidates or []],
                "blocked": answer.prompt_feedback.block_reason.name if answer.prompt_feedback else None,
                "tokens": answer.usage_metadata.total_token_count,
            }
        case "count":
            return {"tokens": client.models.count_tokens(model=model, contents=order["contents"]).total_tokens}
        case _:
            return {"name": client.models.get(model=model).name}


def answered(client: genai.Client, order: dict) -> dict:
    try:
        return asked(client, order)
    except errors.APIError as error:
        return {"error": type(error).__name__, "code": error.code, "status": error.status, "details": error.details}


def main() -> None:
    # Attempts of its own would hide what the stand-in says.
    options = types.HttpOptions(retry_options=types.HttpRetryOptions(attempts=1))
    client = genai.Client(api_key="a-key", http_options=options)
    json.dump([answered(client, order) for order in json.loads(sys.argv[1])], sys.stdout)


if __name__ == "__main__":
    main()
