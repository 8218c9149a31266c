"""Scenario tests: gazettes read by rules, by a model and by both, within limits, whatever the model's host does."""

from __future__ import annotations

import dataclasses
import random
from contextlib import asynccontextmanager

import pytest
import trio
import trio_parallel
from scenes import NEWEST, open_scene

from trio_pipeline.diario.job import Job
from trio_pipeline.diario.language_model.preparing import measure, prepare
from trio_pipeline.diario.preview import preview
from trio_pipeline.diario.selection import Selection
from trio_pipeline.diario.stored_text import packed
from trio_pipeline.services.editions import editions
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.gazettes import make_gazette
from trio_pipeline.services.gemini import GeminiLimits

KINDS = ["rules", "rules+model", "model"]
TABLE = """
    SELECT diario_id, page, ordinal, numero_processo, numero_valido, classe, polo_ativo, polo_passivo,
        advogados_polo_ativo, advogados_polo_passivo, relator, decisao, resultado, segredo
    FROM decisions ORDER BY diario_id, span[1]
"""


def published(count=3, *, judgements=12, prose=2):
    return tuple(
        make_gazette(gazette, seed=3, judgements=judgements, prose=prose) for gazette in editions(count, NEWEST, seed=1)
    )


def truth_of(publications):
    """What a table says that has everything."""
    ordered = sorted(publications, key=lambda one: one.gazette.id)
    return [(one.gazette.id, *row_of(judgement)) for one in ordered for judgement in one.truth]


def row_of(judgement):
    fields = dataclasses.asdict(judgement)
    del fields["span"]
    return tuple(list(value) if isinstance(value, tuple) else value for value in fields.values())


async def read(scene, kind="rules+model", **settings):
    return await scene.run(extract__kind=kind, archive__kind="none", **settings)


def answered_twice(scene):
    """Questions that were asked again after an answer to them was recorded."""
    return scene.rows("""
        SELECT asked.text_hash FROM model_requests AS asked
        JOIN model_requests AS before USING (model, prompt, text_hash)
        JOIN model_answers AS answers ON answers.request = before.request
        WHERE answers.ended_with IS NOT NULL AND answers.seq < asked.seq AND asked.request <> before.request
    """)


@pytest.mark.parametrize("kind", KINDS)
async def test_every_reader_gives_the_truth(tmp_path, autojump_clock, kind):
    made = published()
    async with open_scene(tmp_path, publications=made) as scene:
        report = await read(scene, kind)
        assert report.ended_by == "finished"
        wanted = truth_of(made)
        if kind == "rules":
            unread = "\n".join(text for (text,) in scene.rows("SELECT text FROM unread"))
            wanted = [row for row in wanted if row[3] not in unread]
        assert scene.rows(TABLE) == wanted
        assert scene.states() == [("downloaded", "not_asked", "extracted")]


async def test_model_is_asked_only_about_what_rules_leave(tmp_path, autojump_clock):
    async with open_scene(tmp_path, publications=published()) as scene:
        await read(scene)
        readers = dict(scene.rows("SELECT extractor, count(*) FROM decisions GROUP BY ALL"))
        assert readers == {"rules": 36, "model": 6}
        assert scene.rows("SELECT count(*) FROM unread") == [(0,)]
        assert len(scene.gemini.asked) == 3


async def test_nothing_is_asked_where_rules_read_everything(tmp_path, autojump_clock):
    async with open_scene(tmp_path, publications=published(prose=0)) as scene:
        await read(scene)
        assert scene.gemini.asked == []
        assert scene.outcomes("model") == []


async def test_what_rules_have_read_stays_when_a_model_is_added(tmp_path, autojump_clock):
    made = published()
    async with open_scene(tmp_path, publications=made) as scene:
        await read(scene, "rules")
        requests = len(scene.network.begun)
        await read(scene, "rules+model")
        assert len(scene.network.begun) - requests == 3  # questions, and no PDF
        assert scene.rows(TABLE) == truth_of(made)


async def test_what_a_model_has_read_stays_when_newer_rules_read_without_it(tmp_path, autojump_clock, monkeypatch):
    made = published()
    async with open_scene(tmp_path, publications=made) as scene:
        await read(scene)
        monkeypatch.setattr("trio_pipeline.diario.job.READER_VERSION", "newer")
        await read(scene, "rules")
        assert scene.rows(TABLE) == truth_of(made)
        assert scene.rows("SELECT DISTINCT extractor_version FROM decisions WHERE extractor = 'rules'") != [("newer",)]
        await read(scene)
        assert scene.rows(TABLE) == truth_of(made)
        assert scene.rows("SELECT DISTINCT extractor_version FROM decisions WHERE extractor = 'rules'") == [("newer",)]
        assert len(scene.gemini.asked) == 3, "answers are remembered"
        await scene.run(extract__kind="rules", archive__kind="none", selection=Selection(force=True))
        assert scene.rows("SELECT DISTINCT extractor FROM decisions") == [("rules",)]


async def test_answers_are_remembered_for_another_reading(tmp_path, autojump_clock):
    async with open_scene(tmp_path, publications=published()) as scene:
        await read(scene)
        before = scene.rows(TABLE)
        await scene.run(extract__kind="rules+model", archive__kind="none", selection=Selection(force=True))
        assert len(scene.gemini.asked) == 3
        assert scene.rows(TABLE) == before


async def test_budget_that_is_spent_leaves_the_rest_to_another_run(tmp_path, autojump_clock):
    # So slow that all three are at it before the first is answered.
    async with open_scene(tmp_path, publications=published(), gemini={"latency": 8.0}) as scene:
        report = await read(scene, model__token_budget=23_000)
        assert report.ended_by == "finished"
        assert report.counts["model"]["left"] == 2
        (spent,) = scene.rows("SELECT sum(input_tokens + output_tokens) FROM model_answers")
        assert 0 < spent[0] <= 23_000
        await read(scene)
        assert len(scene.gemini.asked) == 3
        assert scene.states() == [("downloaded", "not_asked", "extracted")]


async def test_refused_key_stops_the_model_and_nothing_else(tmp_path, autojump_clock):
    async with open_scene(tmp_path, publications=published(), gemini={"key": "another"}) as scene:
        report = await read(scene)
        assert "API key not valid" in report.stopped["model"]
        assert scene.rows("SELECT count(*) FROM decisions") == [(36,)]
        assert scene.states() == [("downloaded", "not_asked", "pending")]


async def test_overloaded_model_is_tried_again(tmp_path, autojump_clock):
    made = published()
    async with open_scene(tmp_path, publications=made, gemini_faults=["gemini:overloaded=5x"]) as scene:
        await read(scene)
        assert scene.rows(TABLE) == truth_of(made)


class Harmed:
    """Worker processes, save that cutting or measuring the text of one gazette does them harm."""

    def __init__(self, world, name, harm):
        self._open = world.open_processes
        self._name = name
        self._harm = harm

    @asynccontextmanager
    async def open(self, count):
        async with self._open(count) as self._processes:
            yield self

    async def run(self, function, *args):
        if function not in {prepare, measure} or self._name not in args[0]:
            return await self._processes.run(function, *args)
        await trio.sleep(1)
        if self._harm == "slow":
            await trio.sleep_forever()
        raise MemoryError if self._harm == "large" else trio_parallel.BrokenWorkerError("died")


HARMS = [
    ("large", "rejected", "it killed 2 fresh worker processes with nothing else running: it needs more than 1024 MB"),
    ("deadly", "rejected", "it killed 2 fresh worker processes with nothing else running"),
    ("slow", "failed", "the gazette could not be read in 10 minutes"),
]


@pytest.mark.parametrize(("harm", "outcome", "reason"), HARMS, ids=[harm for harm, *_ in HARMS])
async def test_text_that_harms_its_workers_is_given_up_and_the_others_are_read(
    tmp_path, autojump_clock, harm, outcome, reason
):
    made = published()
    name = made[0].gazette.id
    async with open_scene(tmp_path, publications=made) as scene:
        scene.world = dataclasses.replace(scene.world, open_processes=Harmed(scene.world, name, harm).open)
        report = await read(scene, retry__attempts=1)
        assert report.ended_by == "finished"
        assert scene.outcomes("model", name) == [outcome]
        assert scene.outcomes("model").count("extracted") == 2
        ((detail,),) = scene.rows("SELECT detail->>'reason' FROM events WHERE outcome = ?", outcome)
        assert detail.startswith(reason)
        assert scene.rows("SELECT count(*) FROM decisions WHERE diario_id = ?", name) == [(12,)], "what rules have read"
        assert scene.rows("SELECT count(*) FROM unread WHERE diario_id = ?", name) == [(2,)]


@pytest.mark.parametrize("harm", ["large", "slow"])
async def test_estimate_passes_over_a_text_that_harms_its_workers(tmp_path, autojump_clock, harm):
    made = published()
    async with open_scene(tmp_path, publications=made) as scene:
        await read(scene, "rules")
        world = dataclasses.replace(scene.world, open_processes=Harmed(scene.world, made[0].gazette.id, harm).open)
        job = Job(scene.gazettes, Selection(), scene.settings_with({"extract__kind": "rules+model"}), scene.secrets)
        assert (await preview(job, world)).model.questions == 2


async def test_gazette_of_more_pieces_than_any_is_not_sent(tmp_path, autojump_clock):
    made = published(1)
    async with open_scene(tmp_path, publications=made) as scene:
        await read(scene, "rules")
        (tmp_path / "text" / f"{made[0].gazette.id}.txt.gz").write_bytes(packed("a\n" * 400_000))
        report = await read(scene, "model")
        assert report.ended_by == "finished"
        assert scene.gemini.asked == []
        assert scene.states() == [("downloaded", "not_asked", "rejected")]
        ((reason,),) = scene.rows("SELECT detail->>'reason' FROM events WHERE outcome = 'rejected'")
        assert reason == ("there is more to ask a model about than in any gazette: 800,000 characters in 400,000 lines")
        assert scene.rows("SELECT count(*) FROM decisions") == [(12,)]


async def test_text_in_a_gazette_that_gives_orders_is_only_text(tmp_path, autojump_clock):
    """A gazette whose prose tells the reader to answer something made up, and a model that obeys."""
    made = published(1, prose=1)
    async with open_scene(tmp_path, publications=made, gemini_faults=["gemini:obeys=1.0"]) as scene:
        await read(scene, "model")
        numbers = {number for (number,) in scene.rows("SELECT numero_processo FROM decisions")}
        assert numbers == {one.numero_processo for one in made[0].truth}


# Every mistake and every refusal in one request of ten.
TRANSIENT = sorted(
    set(FAULTS["gemini"])
    - {"invalid-argument", "failed-precondition", "wrong-key", "permission-denied", "no-model", "stall", "per-day"}
)


@pytest.mark.parametrize("kind", ["rules+model", "model"])
@pytest.mark.parametrize("seed", range(3))
async def test_three_days_of_trouble_within_a_daily_quota(tmp_path, autojump_clock, kind, seed):
    rng = random.Random(seed)
    made = published(8, judgements=24, prose=6) if kind == "model" else published(30, judgements=2, prose=4)
    limits = GeminiLimits(requests_a_minute=4, tokens_a_minute=40_000, requests_a_day=14)
    faults = [f"gemini:{name}={0.1 / len(TRANSIENT)}" for name in TRANSIENT]
    settings = {"model__rpm": 4, "model__tpm": 40_000, "model__rpd": 14, "retry__runs": 50}
    async with open_scene(
        tmp_path, publications=made, gemini_faults=faults, gemini={"limits": limits, "latency": 8.0}, seed=seed
    ) as scene:
        cut = 0
        while trio.current_time() < 3 * 86_400:
            with trio.move_on_after(rng.uniform(5, 120)) as scope:
                await read(scene, kind, **settings)
            cut += scope.cancelled_caught
            await trio.sleep(rng.uniform(600, 20_000))
        await read(scene, kind, **settings)
        assert cut > 0
        told = scene.gemini.statistics()
        refused = sum(count for name, count in told["faults"].items() if name in {"per-minute", "exhausted"})
        assert told["outcomes"].get("RESOURCE_EXHAUSTED", 0) == refused, "none but those that were ordered"
        assert answered_twice(scene) == []
        assert scene.states() == [("downloaded", "not_asked", "extracted")]
        rows, wanted = scene.rows(TABLE), truth_of(made)
        assert [row for row in rows if row not in wanted] == []
        unread = "\n".join(text for (text,) in scene.rows("SELECT text FROM unread"))
        assert [row for row in wanted if row not in rows and row[3] not in unread] == []
        assert len(rows) > 0.95 * len(wanted), (len(rows), len(wanted))
