"""Contract tests: what is sent to Gemini, and what each of its answers means."""

from __future__ import annotations

import json

import httpx
import pytest
from pieces import piece
from scripted_network import Pieces, ScriptedTransport, answer, make_world

from trio_pipeline.diario.http import Unanswered, open_http
from trio_pipeline.diario.language_model.gemini import Gemini
from trio_pipeline.diario.language_model.prompt import instruction
from trio_pipeline.diario.language_model.provider import DayIsOver, End, Unreadable
from trio_pipeline.pacing import Pacer
from trio_pipeline.retry import StopStage, TryAgain

KEY = "canary-key-of-a-test"
JSON = "application/json; charset=UTF-8"
DEEP = b'{"a":' * 100_000
ENDLESS = b" " * (4 * 1024 * 1024 + 1)


class Asked:
    """One question to a Gemini that gives one answer."""

    def __init__(self, status=200, body=None, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.transport = ScriptedTransport(lambda _: answer(status, data, JSON, **headers))
        self.pacer = Pacer("model")

    async def ask(self, name="gemini-x", key=KEY):
        async with open_http(make_world(self.transport), user_agent="tests") as http:
            model = Gemini(http, self.pacer, base_url="https://model.example", name=name, key=key)
            return await model.ask(piece())

    async def fails(self, error, *, key=KEY):
        with pytest.raises(error) as caught:
            await self.ask(key=key)
        assert KEY not in str(caught.value)
        return caught.value


def candidate(*parts, reason="STOP", usage=True):
    told = {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": reason}]}
    if usage:
        told["usageMetadata"] = {"promptTokenCount": 900, "candidatesTokenCount": 40, "totalTokenCount": 1000}
    return told


def error(code, status, message="said", *details):
    return {"error": {"code": code, "status": status, "message": message, "details": list(details)}}


def quota_failure(quota):
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}


def retry_info(delay):
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


async def test_request_has_the_documented_form(autojump_clock):
    asked = Asked(body=candidate({"text": "{}"}))
    await asked.ask()
    (seen,) = asked.transport.seen
    assert (seen.method, str(seen.url)) == (
        "POST",
        "https://model.example/v1beta/models/gemini-x:generateContent",
    )
    assert seen.headers["x-goog-api-key"] == KEY
    assert KEY not in str(seen.url)
    body = json.loads(seen.body)
    assert body["systemInstruction"] == {"parts": [{"text": instruction()}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": piece().text}]}]
    assert body["generationConfig"]["responseMimeType"] == "application/json"
    assert body["generationConfig"]["temperature"] == 0
    assert body["generationConfig"]["maxOutputTokens"] > 0
    assert body["generationConfig"]["responseSchema"]["type"] == "OBJECT"


@pytest.mark.parametrize(
    ("name", "path"), [("models/gemini-x", "gemini-x"), ("../../files", "..%2F..%2Ffiles"), ("a b", "a%20b")]
)
async def test_name_stays_one_part_of_the_path(autojump_clock, name, path):
    asked = Asked(body=candidate({"text": "{}"}))
    await asked.ask(name)
    assert asked.transport.seen[0].url.raw_path == f"/v1beta/models/{path}:generateContent".encode()


async def test_text_is_that_of_all_parts_but_thoughts(autojump_clock):
    given = await Asked(body=candidate({"text": "hm", "thought": True}, {"text": '{"a"'}, {"text": ":1}"})).ask()
    assert (given.end, given.text) == (End.COMPLETE, '{"a":1}')


async def test_text_can_be_kept_whatever_was_said(autojump_clock):
    given = await Asked(body=candidate({"text": "a\ud800"}, {"text": "\udfffé"})).ask()
    assert (given.end, given.text) == (End.COMPLETE, "a??é")
    assert given.text.encode().decode() == given.text


async def test_thoughts_are_paid_for(autojump_clock):
    given = await Asked(body=candidate({"text": "{}"})).ask()
    assert (given.input_tokens, given.output_tokens) == (900, 100)


@pytest.mark.parametrize("count", [None, -1, 900.0, "900", True, [], 2**31, 10**30])
@pytest.mark.parametrize(
    ("name", "spent"),
    [("promptTokenCount", (None, None)), ("totalTokenCount", (900, None)), ("candidatesTokenCount", (900, 100))],
)
async def test_count_that_is_none_is_not_believed(autojump_clock, name, count, spent):
    told = candidate({"text": "{}"})
    told["usageMetadata"][name] = count
    given = await Asked(body=told).ask()
    assert (given.input_tokens, given.output_tokens) == spent


@pytest.mark.parametrize(
    "usage", [None, [], {}, "900", {"promptTokenCount": 0, "totalTokenCount": 0}, {"totalTokenCount": 900}]
)
async def test_cost_that_is_not_told_is_not_known(autojump_clock, usage):
    given = await Asked(body=candidate({"text": "{}"}) | {"usageMetadata": usage}).ask()
    assert (given.input_tokens, given.output_tokens) == (None, None)


async def test_total_of_less_than_its_parts_is_not_believed(autojump_clock):
    usage = {"promptTokenCount": 900, "totalTokenCount": 899, "candidatesTokenCount": 40}
    given = await Asked(body=candidate({"text": "{}"}) | {"usageMetadata": usage}).ask()
    assert (given.input_tokens, given.output_tokens) == (900, None)


async def test_more_than_was_sent_or_asked_for_is_not_believed(autojump_clock):
    asked = Asked(body=candidate({"text": "{}"}))
    await asked.ask()
    most = len(asked.transport.seen[0].body), Gemini.most_output
    for more, spent in [((0, 0), most), ((1, 0), (None, None)), ((0, 1), (most[0], None))]:
        sent, answered = most[0] + more[0], most[1] + more[1]
        usage = {"promptTokenCount": sent, "totalTokenCount": sent + answered}
        given = await Asked(body=candidate({"text": "{}"}) | {"usageMetadata": usage}).ask()
        assert (given.input_tokens, given.output_tokens) == spent


@pytest.mark.parametrize(
    ("body", "end", "reason"),
    [
        (candidate({"text": '{"a'}, reason="MAX_TOKENS"), End.UNUSABLE, "MAX_TOKENS"),
        (candidate(reason="RECITATION"), End.UNUSABLE, "RECITATION"),
        (candidate(reason="OTHER"), End.UNUSABLE, "OTHER"),
        (candidate(), End.UNUSABLE, "STOP without a text"),
        (candidate({"text": "hm", "thought": True}), End.UNUSABLE, "STOP without a text"),
        (candidate(reason="SAFETY"), End.UNUSABLE, "SAFETY"),
        (candidate(reason="SPII"), End.UNUSABLE, "SPII"),
        (candidate(reason="BLOCKLIST"), End.UNUSABLE, "BLOCKLIST"),
        (candidate(reason="PROHIBITED_CONTENT"), End.UNUSABLE, "PROHIBITED_CONTENT"),
        (candidate(reason="\x1b[31mNEW"), End.UNUSABLE, "\\x1b[31mNEW"),
        ({"promptFeedback": {"blockReason": "SAFETY"}}, End.UNUSABLE, "SAFETY"),
        ({}, End.UNUSABLE, "no candidate"),
        ({"candidates": [None]}, End.UNUSABLE, "no finish reason"),
        ({"candidates": "?", "usageMetadata": []}, End.UNUSABLE, "no candidate"),
    ],
)
async def test_every_end_has_its_meaning(autojump_clock, body, end, reason):
    given = await Asked(body=body).ask()
    assert (given.end, given.reason, given.text) == (end, reason, "")


@pytest.mark.parametrize(("status", "counts"), [(500, True), (503, False), (504, True), (502, True)])
async def test_servers_trouble_is_tried_again(autojump_clock, status, counts):
    asked = Asked(status, error(status, "UNAVAILABLE"))
    assert (await asked.fails(TryAgain)).counts is counts
    assert asked.pacer.statistics().rejected == 1


@pytest.mark.parametrize("told", [b"[" * 100_000, b'{"error": ' + DEEP])
async def test_refusal_that_is_too_deep_is_a_refusal(autojump_clock, told):
    assert (await Asked(503, told).fails(TryAgain)).counts is False


@pytest.mark.parametrize("status", [400, 401, 403, 404])
async def test_what_every_request_would_meet_stops_the_stage(autojump_clock, status):
    asked = Asked(status, error(status, "INVALID_ARGUMENT", "API key not valid."))
    assert "API key not valid" in str(await asked.fails(StopStage))


async def test_refusal_that_quotes_the_key_does_not_show_it(autojump_clock):
    told = error(403, "PERMISSION_DENIED", f"Consumer 'api_key:{KEY}' has been suspended.")
    assert "«hidden»" in str(await Asked(403, told).fails(StopStage))


@pytest.mark.parametrize("before", range(200 - len(KEY), 205))
async def test_no_part_of_the_key_is_shown_where_a_refusal_is_cut(autojump_clock, before):
    told = error(403, "PERMISSION_DENIED", "." * (before - len("PERMISSION_DENIED ")) + KEY + "!" * 300)
    assert KEY[:3] not in str(await Asked(403, told).fails(StopStage))


@pytest.mark.parametrize("before", [0, 1, *range(60 - len(KEY), 62)])
@pytest.mark.parametrize(
    "told", [lambda said: candidate(reason=said), lambda said: {"promptFeedback": {"blockReason": said}}]
)
async def test_reason_that_quotes_the_key_is_kept_without_it(autojump_clock, before, told):
    given = await Asked(body=told("." * before + KEY + "\n" * 300)).ask()
    assert given.end is End.UNUSABLE
    assert KEY[:3] not in given.reason
    assert given.reason.isprintable()
    assert len(given.reason) <= 60


async def test_refusal_to_somebody_without_a_key_is_shown_as_it_is(autojump_clock):
    asked = Asked(403, error(403, "PERMISSION_DENIED", "no key"))
    assert str(await asked.fails(StopStage, key="")).endswith(": PERMISSION_DENIED no key")


@pytest.mark.parametrize(
    ("delay", "seconds"), [("19s", 19.0), ("45.837906927s", 45.837906927), ("soon", None), ("1e9s", None), ("", None)]
)
async def test_minutes_quota_says_how_long_to_wait(autojump_clock, delay, seconds):
    minute = quota_failure("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
    told = error(429, "RESOURCE_EXHAUSTED", "quota", minute, retry_info(delay))
    failure = await Asked(429, told).fails(TryAgain)
    assert (failure.after, failure.counts) == (seconds, False)


@pytest.mark.parametrize("delay", ["86401s", "999999999s", "999999999.999999999s"])
async def test_nobody_is_waited_for_longer_than_a_day(autojump_clock, delay):
    asked = Asked(429, error(429, "RESOURCE_EXHAUSTED", "quota", retry_info(delay)))
    assert (await asked.fails(TryAgain)).after == 86_400
    assert asked.pacer.statistics().paused_until == pytest.approx(86_400, abs=1)


async def test_days_quota_ends_the_day(autojump_clock):
    day = quota_failure("GenerateRequestsPerDayPerProjectPerModel-FreeTier")
    asked = Asked(429, error(429, "RESOURCE_EXHAUSTED", "quota", day, retry_info("52758s")))
    await asked.fails(DayIsOver)
    assert asked.pacer.statistics().paused_until is None


@pytest.mark.parametrize(
    "told", [None, [], {"error": "no"}, {"error": {"details": {}}}, error(429, "X", "y", None, {"@type": 7})]
)
async def test_refusal_of_another_form_is_a_refusal(autojump_clock, told):
    assert (await Asked(429, told).fails(TryAgain)).counts is False


@pytest.mark.parametrize("body", [b"", b"<html>", b"[1]", b"\xff", b"[" * 100_000, DEEP])
async def test_success_that_is_no_object_is_tried_again(autojump_clock, body):
    assert (await Asked(200, body).fails(Unreadable)).counts


async def test_endless_answer_is_given_up(autojump_clock):
    assert (await Asked(200, ENDLESS).fails(Unreadable)).counts


async def test_answer_that_does_not_end_may_have_been_paid_for(autojump_clock):
    asked = Asked()
    asked.transport = ScriptedTransport(lambda _: httpx.Response(200, stream=Pieces([30.0, b" " * 4_096] * 130)))
    await asked.fails(Unreadable)


async def test_endless_refusal_is_a_refusal(autojump_clock):
    asked = Asked(503, ENDLESS)
    assert (await asked.fails(TryAgain)).counts is False
    assert asked.pacer.statistics().rejected == 1


async def test_lost_answer_is_told_from_a_refusal(autojump_clock):
    def nothing_comes(_):
        raise httpx.ReadTimeout("nothing came")

    asked = Asked()
    asked.transport = ScriptedTransport(nothing_comes)
    await asked.fails(Unanswered)
