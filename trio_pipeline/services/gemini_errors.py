"""The errors of Gemini, as it words them.

Pure: this file does not know when they are given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

__all__ = [
    "FAULT_ERRORS",
    "INVALID_KEY",
    "NO_KEY",
    "GeminiError",
    "Violation",
    "invalid_argument",
    "invalid_fields",
    "quota_error",
    "unknown_model",
]

_TYPE = "type.googleapis.com/google.rpc."
_DOMAIN = "generativelanguage.googleapis.com"


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong with one field of a request.

    Attributes:
        field: Where, such as `contents[0].parts`; empty for the whole request.
        description: What.
    """

    field: str
    description: str


class GeminiError(Exception):
    """An answer that is not 200.

    Attributes:
        code: The HTTP status.
        status: The word for it.
        message: What people read.
        details: What programs read.
    """

    def __init__(self, code: int, status: str, message: str, details: Sequence[Mapping[str, object]] = ()) -> None:
        super().__init__(f"{code} {status}: {message}")
        self.code = code
        self.status = status
        self.message = message
        self.details = tuple(details)

    def body(self) -> dict[str, object]:
        """The answer's JSON value."""
        error: dict[str, object] = {"code": self.code, "message": self.message, "status": self.status}
        return {"error": {**error, "details": list(self.details)} if self.details else error}


def invalid_argument(message: str) -> GeminiError:
    """The refusal of a request that can be read and makes no sense."""
    return GeminiError(400, "INVALID_ARGUMENT", message)


def invalid_fields(violations: Sequence[Violation]) -> GeminiError:
    """The refusal of a request that is not what the API's messages are."""
    message = "\n".join(violation.description for violation in violations)
    fields = [
        {"field": one.field, "description": one.description} if one.field else {"description": one.description}
        for one in violations
    ]
    details = [{"@type": f"{_TYPE}BadRequest", "fieldViolations": fields}]
    return GeminiError(400, "INVALID_ARGUMENT", message, details)


def unknown_model(model: str, method: str) -> GeminiError:
    """The answer to who asks for a model that there is not."""
    return GeminiError(
        404,
        "NOT_FOUND",
        f"models/{model} is not found for API version v1beta, or is not supported for {method}. Call ListModels to see "
        "the list of available models and their supported methods.",
    )


def quota_error(quota: str, metric: str, limit: int, model: str, delay: str) -> GeminiError:
    """The refusal of a request that a quota has no room for.

    Args:
        quota: The quota's id.
        metric: What it counts, without the service's name.
        limit: How much it allows.
        model: The model asked for.
        delay: When to come again, such as `19s`.
    """
    violation = {
        "quotaMetric": f"{_DOMAIN}/{metric}",
        "quotaId": quota,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    link = {
        "description": "Learn more about Gemini API quotas",
        "url": "https://ai.google.dev/gemini-api/docs/rate-limits",
    }
    return GeminiError(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your current quota, please check your plan and billing details.\n"
        f"* Quota exceeded for metric: {_DOMAIN}/{metric}, limit: {limit}, model: {model}\n"
        f"Please retry in {delay}.",
        [
            {"@type": f"{_TYPE}QuotaFailure", "violations": [violation]},
            {"@type": f"{_TYPE}Help", "links": [link]},
            {"@type": f"{_TYPE}RetryInfo", "retryDelay": delay},
        ],
    )


NO_KEY = GeminiError(
    403,
    "PERMISSION_DENIED",
    "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
    "form of API consumer identity to call this API.",
)
INVALID_KEY = GeminiError(
    400,
    "INVALID_ARGUMENT",
    "API key not valid. Please pass a valid API key.",
    [
        {
            "@type": f"{_TYPE}ErrorInfo",
            "reason": "API_KEY_INVALID",
            "domain": "googleapis.com",
            "metadata": {"service": _DOMAIN},
        },
        {
            "@type": f"{_TYPE}LocalizedMessage",
            "locale": "en-US",
            "message": "API key not valid. Please pass a valid API key.",
        },
    ],
)

FAULT_ERRORS: Mapping[str, GeminiError] = MappingProxyType(
    {
        "exhausted": GeminiError(429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."),
        "internal-error": GeminiError(500, "INTERNAL", "An internal error has occurred. Please retry."),
        "overloaded": GeminiError(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),
        "deadline": GeminiError(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),
        "invalid-argument": invalid_argument("Request contains an invalid argument."),
        "failed-precondition": GeminiError(
            400, "FAILED_PRECONDITION", "User location is not supported for the API use."
        ),
        "wrong-key": INVALID_KEY,
        "permission-denied": GeminiError(403, "PERMISSION_DENIED", "The caller does not have permission"),
        "no-model": GeminiError(404, "NOT_FOUND", "Requested entity was not found."),
    }
)
"""The faults that are an error of the API, by the names that `fault_names` gives them."""
