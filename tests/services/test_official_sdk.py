"""The official SDK of Gemini against the stand-in (contract): it asks, and understands whatever it is answered."""

from __future__ import annotations

import datetime
import json
import os
import sys
from pathlib import Path

import trio
from made_gazettes import judgement

from trio_pipeline.diario.language_model.prompt import instruction, schema
from trio_pipeline.services.archive import Archive
from trio_pipeline.services.court import Court
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.gemini import Gemini, GeminiLimits
from trio_pipeline.services.serve import open_services

RUNNER = Path(__file__).parents[1] / "support" / "run_official_sdk.py"
TRUTH = judgement()
TEXT = f"07 - {TRUTH.numero_processo}\nDecisão: {TRUTH.decisao}"
NOW = datetime.datetime(2025, 7, 1, 8, 0, 0)  # noqa: DTZ001 -- as World.now gives it
CONFIG = {
    "system_instruction": instruction(),
    "temperature": 0,
    "max_output_tokens": 4_096,
    "response_mime_type": "application/json",
    "response_schema": schema(),
}


def question(contents=TEXT, config=CONFIG):
    return {"do": "generate", "contents": contents, "config": config}


async def ask(*orders, faults=(), **options):
    """What the SDK gives for each of these orders; the first question has the first fault, and so on."""
    plan = FaultPlan([parse_fault(f"gemini:{fault}=1x@{place}") for place, fault in enumerate(faults)])
    model = Gemini([TRUTH], now=lambda: NOW, plan=plan, **options)
    async with open_services(Court([]), Archive(), model) as urls:
        environment = {"PATH": os.environ["PATH"], "PYTHONUTF8": "1", "GOOGLE_GEMINI_BASE_URL": urls.gemini}
        command = [sys.executable, RUNNER, json.dumps(orders)]
        done = await trio.run_process(command, capture_stdout=True, capture_stderr=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


async def test_requests_are_understood():
    one = {"type": "object", "properties": {"numero_processo": {"type": "string"}}, "required": ["numero_processo"]}
    form = {"type": "object", "properties": {"judgements": {"type": "array", "items": one}}}
    as_json = {"response_mime_type": "application/json", "response_json_schema": form}
    typed, free, count, model = await ask(
        question(), question(config=as_json), {"do": "count", "contents": TEXT}, {"do": "get"}
    )
    (found,) = json.loads(typed["text"])["judgements"]
    assert found["numero_processo"] == TRUTH.numero_processo
    assert typed["finish_reason"] == ["STOP"]
    assert typed["tokens"] > 0
    assert json.loads(free["text"]) == {"judgements": [{"numero_processo": TRUTH.numero_processo}]}
    assert count == {"tokens": -(-len(TEXT) // 4)}
    assert model == {"name": "models/gemini-test"}


REASONS = {
    "max-tokens": "MAX_TOKENS",
    "safety": "SAFETY",
    "recitation": "RECITATION",
    "spii": "SPII",
    "blocklist": "BLOCKLIST",
    "prohibited": "PROHIBITED_CONTENT",
    "other": "OTHER",
}


async def test_ends_are_understood():
    told = await ask(*[question()] * (len(REASONS) + 3), faults=[*REASONS, "blocked-prompt", "thoughts"])
    *ended, blocked, thoughtful, plain = told
    assert [one["finish_reason"] for one in ended] == [[reason] for reason in REASONS.values()]
    assert (blocked["blocked"], blocked["finish_reason"]) == ("PROHIBITED_CONTENT", [])
    assert thoughtful["text"] == plain["text"]
    assert thoughtful["tokens"] > plain["tokens"]


ERRORS = {
    "overloaded": ("ServerError", 503, "UNAVAILABLE"),
    "internal-error": ("ServerError", 500, "INTERNAL"),
    "deadline": ("ServerError", 504, "DEADLINE_EXCEEDED"),
    "wrong-key": ("ClientError", 400, "INVALID_ARGUMENT"),
    "permission-denied": ("ClientError", 403, "PERMISSION_DENIED"),
    "no-model": ("ClientError", 404, "NOT_FOUND"),
    "per-day": ("ClientError", 429, "RESOURCE_EXHAUSTED"),
}


async def test_errors_are_understood():
    told = await ask(*[question()] * len(ERRORS), faults=[*ERRORS])
    assert [(one["error"], one["code"], one["status"]) for one in told] == [*ERRORS.values()]


async def test_quota_says_which_and_for_how_long():
    (told,) = await ask(question(), limits=GeminiLimits(tokens_a_minute=10))
    details = {detail["@type"].rpartition(".")[2]: detail for detail in told["details"]["error"]["details"]}
    assert "PerMinute" in details["QuotaFailure"]["violations"][0]["quotaId"]
    assert details["RetryInfo"]["retryDelay"] == "60s"
