"""Contract tests: how a model is asked, what an answer costs, and what is lost when there is none."""

from __future__ import annotations

import json

import pytest
import trio
import trio.testing
from pieces import TEXT, first, piece, said, second
from scripted_model import MemoryNotes, ScriptedModel, answer
from virtual_world import make_world

from trio_pipeline.diario.exchange import Stalled
from trio_pipeline.diario.http import Unanswered
from trio_pipeline.diario.language_model.asking import Asker, tokens_at_most
from trio_pipeline.diario.language_model.provider import DayIsOver, End, Unreadable
from trio_pipeline.diario.language_model.questions import ask_about
from trio_pipeline.diario.language_model.quota import BudgetSpent, DayUsedUp, Limits, Quota, Spending
from trio_pipeline.diario.suppression import NOTHING_HIDDEN, parse_suppression
from trio_pipeline.retry import StopStage, TryAgain

PLENTY = Limits(None, None, None, 10**9)


class Interview:
    """A model with a script, asked within limits."""

    def __init__(self, script, *, limits=PLENTY, suppression=NOTHING_HIDDEN):
        world = make_world(lambda: None)
        self.model = ScriptedModel(script)
        self.notes = MemoryNotes()
        self.quota = Quota(limits, Spending(0, ()), world)
        self.asker = Asker(self.model, self.notes, self.quota, world.threads, suppression)

    async def ask(self, *questions):
        return await self.asker.ask_all(questions or [piece()])


def long_piece():
    """A piece that can be halved; each line is one entry's number and decision."""
    return ask_about(
        ["\n".join(f"Linha {n} com algumas palavras do diário da justiça" for n in range(150))], everything=True
    )


def tells(*judgements):
    return lambda _: answer(said(*judgements))


def failing(*errors):
    """A script that raises these first, and answers then."""
    waiting = [*errors]

    def script(_):
        if waiting:
            raise waiting.pop(0)
        return answer(said(first(), second()))

    return script


async def test_answer_is_checked(autojump_clock):
    interview = Interview(tells(first(), second(relator="OUTRO")))
    (asked,) = await interview.ask()
    assert len(asked.verified.judgements) == 1
    assert len(asked.verified.rejected) == 1


async def test_what_was_answered_is_not_asked_again(autojump_clock):
    interview = Interview(tells(first(), second()))
    once = await interview.ask()
    assert await interview.ask() == once
    assert len(interview.model.asked) == 1


async def ask_at_once(interview, askers=2):
    """What each of them hears, or the error that it meets."""
    heard = []

    async def one():
        try:
            heard.append(await interview.ask())
        except TryAgain as error:
            heard.append(error)

    async with trio.open_nursery() as nursery:
        for _ in range(askers):
            nursery.start_soon(one)
    return heard


@pytest.mark.parametrize("limits", [PLENTY, Limits(1, None, None, 10**9)])
async def test_same_question_of_two_gazettes_is_asked_once(autojump_clock, limits):
    interview = Interview(tells(first(), second()), limits=limits)
    once, again = await ask_at_once(interview)
    assert once == again
    assert len(interview.model.asked) == len(interview.notes.begun) == 1
    assert trio.current_time() < 2, "the second one takes no place in the minute"


@pytest.mark.parametrize("error", [TryAgain("503"), Unanswered("no answer")])
async def test_question_that_failed_is_asked_by_who_waited_for_it(autojump_clock, error):
    interview = Interview(failing(error))
    failed, *heard = await ask_at_once(interview, 3)
    assert failed is error
    assert all(asked.verified is not None for (asked,) in heard)
    assert len(interview.model.asked) == 2


@pytest.mark.parametrize("cancelled", [0, 1])
async def test_question_that_was_cancelled_is_asked_by_who_waited_for_it(autojump_clock, cancelled):
    interview = Interview(tells(first(), second()))
    scopes = [trio.CancelScope() for _ in range(3)]
    heard = []

    async def one(scope):
        with scope:
            heard.append(await interview.ask())

    async with trio.open_nursery() as nursery:
        for scope in scopes:
            nursery.start_soon(one, scope)
            await trio.testing.wait_all_tasks_blocked()
        scopes[cancelled].cancel()
    assert len(heard) == 2
    assert len(interview.model.asked) == (2 if cancelled == 0 else 1)


async def test_other_questions_do_not_wait_for_one_under_way(autojump_clock):
    interview = Interview(tells())
    async with trio.open_nursery() as nursery:
        for number in range(5):
            nursery.start_soon(interview.ask, piece(f"{TEXT}\n{number}"))
    assert len(interview.model.asked) == 5
    assert trio.current_time() == pytest.approx(1.0)


async def test_question_is_recorded_before_it_is_sent(autojump_clock):
    def script(_):
        assert len(interview.notes.begun) == 1
        return answer(said())

    interview = Interview(script)
    await interview.ask()
    ((key, most),) = interview.notes.begun
    assert (key.model, key.text_hash) == ("scripted", piece().hash)
    assert most == tokens_at_most(piece(), 1_000)


async def test_answer_costs_what_it_says(autojump_clock):
    interview = Interview(tells())
    await interview.ask()
    assert interview.quota.spent == 150


@pytest.mark.parametrize("told", [(None, None), (None, 50), (100, None)])
async def test_cost_that_is_not_told_is_the_most_that_it_may_be(autojump_clock, told):
    interview = Interview(lambda _: answer(said(), tokens=told))
    await interview.ask()
    most = tokens_at_most(piece(), 1_000)
    sent, answered = (own if own is not None else most for own, most in zip(told, (most - 1_000, 1_000), strict=True))
    assert interview.quota.spent == sent + answered
    ((_, noted),) = interview.notes.ended
    assert (noted.input_tokens, noted.output_tokens) == (sent, answered)


async def test_budget_ends_questions_whose_cost_is_never_told(autojump_clock):
    limits = Limits(None, None, None, 3 * tokens_at_most(piece(), 1_000))
    interview = Interview(lambda _: answer(said(), tokens=(None, None)), limits=limits)
    with pytest.raises(BudgetSpent):
        await interview.ask(*(piece(f"{TEXT}\n{number}") for number in range(9)))
    assert len(interview.model.asked) <= 3
    assert interview.quota.spent <= limits.tokens


@pytest.mark.parametrize("error", [TryAgain("503"), StopStage("no such model")])
async def test_refusal_costs_nothing(autojump_clock, error):
    interview = Interview(failing(error))
    with pytest.raises(type(error)):
        await interview.ask()
    assert interview.quota.spent == 0
    assert interview.notes.ended == [(0, None)]


@pytest.mark.parametrize("error", [Unanswered("no answer"), Stalled("broke off in the middle"), Unreadable("<html>")])
async def test_what_may_have_been_answered_counts_as_spent(autojump_clock, error):
    interview = Interview(failing(error))
    with pytest.raises(TryAgain):
        await interview.ask()
    assert interview.quota.spent == tokens_at_most(piece(), 1_000)
    assert interview.notes.ended == []


async def test_cancelled_question_counts_as_spent(autojump_clock):
    interview = Interview(tells())
    with trio.move_on_after(0.5):
        await interview.ask()
    assert interview.quota.spent == tokens_at_most(piece(), 1_000)


async def test_failure_keeps_what_was_answered_before(autojump_clock):
    questions = ask_about(["\n".join(f"Linha {n} " + "x" * 80 for n in range(400))], everything=True).questions
    refused = []

    def script(question):
        if question is questions[-1] and not refused:
            refused.append(question)
            raise TryAgain("503")
        return answer(said())

    interview = Interview(script)
    with pytest.raises(TryAgain):
        await interview.ask(*questions)
    await interview.ask(*questions)
    assert len(interview.model.asked) == len(questions) + 1


@pytest.mark.parametrize("end", [answer(end=End.UNUSABLE, reason="MAX_TOKENS"), answer('{"judgements": [')])
async def test_too_much_is_asked_in_halves(autojump_clock, end):
    (question,) = long_piece().questions[:1]
    interview = Interview(lambda one: end if one is question else answer(said()))
    whole, *halves = await interview.ask(question)
    assert (whole.question, whole.verified, whole.was_halved) == (question, None, True)
    assert len(halves) == 2
    assert all(one.verified is not None and not one.was_halved for one in halves)
    assert [one.question.owned for one in halves] == sorted(one.question.owned for one in halves)


async def test_smallest_piece_that_is_too_much_is_lost_alone(autojump_clock):
    questions = long_piece().questions
    marked = questions[0].lines[0]
    interview = Interview(
        lambda one: answer(end=End.UNUSABLE, reason="RECITATION") if marked in one.lines else answer(said())
    )
    asked = await interview.ask(*questions)
    (lost,) = [one for one in asked if one.verified is None and not one.was_halved]
    assert lost.reason == "RECITATION"
    assert len(lost.question.text) < 4_000


async def test_answer_that_is_partly_made_up_is_asked_for_in_halves(autojump_clock):
    text = "\n".join([TEXT, *(f"Linha {n} sem processo algum, até a margem" for n in range(60))])
    (question,) = ask_about([text], everything=True).questions
    interview = Interview(
        lambda one: (
            answer(said(first(), second(relator="OUTRO"))) if one is question else answer(said(first(), second()))
        )
    )
    asked = await interview.ask(question)
    assert [len(one.verified.judgements) for one in asked] == [1, 2, 0]
    assert len(interview.model.asked) == 3


async def test_day_that_is_over_ends_asking(autojump_clock):
    interview = Interview(failing(DayIsOver("429 PerDay")))
    with pytest.raises(DayUsedUp):
        await interview.ask()
    with pytest.raises(DayUsedUp):
        await interview.ask()
    assert len(interview.model.asked) == 1
    await trio.sleep(86_400)
    await interview.ask()
    assert len(interview.model.asked) == 2


async def test_what_is_suppressed_is_not_sent(autojump_clock):
    interview = Interview(tells(), suppression=parse_suppression(b"Maria Souza\n"))
    (asked,) = await interview.ask()
    assert "privacy.suppress" in asked.reason
    assert interview.model.asked == []


def test_most_that_a_question_costs_is_more_than_it_has_been_seen_to():
    form = json.dumps(first(), ensure_ascii=False)
    assert tokens_at_most(piece(), 1_000) > (len(piece().text) + len(form)) / 3 + 1_000
