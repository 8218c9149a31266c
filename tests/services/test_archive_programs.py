"""Any sequence of uploads, waits and looks: the archive's stand-in against a model of a few lines (contract)."""

from __future__ import annotations

import hashlib

import httpx
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from trio_pipeline.services.archive import Archive
from trio_pipeline.services.fault_names import FAULTS
from trio_pipeline.services.faults import FaultPlan, parse_fault

items = st.sampled_from(["item-one", "item-two"])
names = st.sampled_from(["a.pdf", "b.pdf"])
steps = st.one_of(
    st.tuples(st.just("put"), items, names, st.binary(max_size=20)),
    st.tuples(st.just("sleep"), st.integers(1, 40)),
    st.tuples(st.just("look"), items),
)
CREATE = {"authorization": "LOW access:secret", "x-archive-auto-make-bucket": "1"}
# A reset or a stall in the middle of a body leaves a generator of httpx's half read, which Trio complains of.
WITHOUT_SOCKETS = sorted(FAULTS["archive"].keys() - {"reset", "stall"})


class Model:
    """What was put when."""

    def __init__(self, queue):
        self._queue = queue
        self.puts = []

    def put(self, item, name, content):
        self.puts.append((item, name, hashlib.md5(content).hexdigest(), trio.current_time() + self._queue))

    def visible(self, item):
        now = trio.current_time()
        return {name: md5 for of, name, md5, due in self.puts if of == item and due <= now}

    def queued(self):
        return sum(due > trio.current_time() for *_, due in self.puts)


def run_on_virtual_time(program, *args):
    return trio.run(program, *args, clock=trio.testing.MockClock(autojump_threshold=0))


def client_of(archive):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=archive), base_url="http://stand-in")


async def put(client, item, name, content):
    return await client.put(f"/{item}/{name}", content=content, headers=CREATE)


@settings(deadline=None)
@given(st.lists(steps, max_size=25), st.integers(0, 60))
def test_what_can_be_seen_is_what_was_put_long_enough_ago(program, queue):
    async def follow():
        archive, model = Archive(queue=queue), Model(queue)
        client = client_of(archive)
        for step in program:
            match step:
                case ("put", item, name, content):
                    assert (await put(client, item, name, content)).status_code == 200
                    model.put(item, name, content)
                case ("sleep", seconds):
                    await trio.sleep(seconds)
                case (_, item):
                    document = (await client.get(f"/metadata/{item}")).json()
                    seen = {file["name"]: file["md5"] for file in document.get("files", [])}
                    assert seen == model.visible(item)
            assert archive.statistics()["tasks_queued"] == model.queued()
        stored = {name: upload["bodies"] for name, upload in archive.statistics()["uploads"].items()}
        assert sum(stored.values()) == len(model.puts)

    run_on_virtual_time(follow)


@settings(deadline=None)
@given(st.sampled_from(WITHOUT_SOCKETS), st.integers(0, 3), st.integers())
def test_each_answer_of_200_is_one_body_stored(fault, after, seed):
    """Only `answer-lost` may store without saying so, and only `lost` may say so without storing."""

    async def upload():
        plan = FaultPlan([parse_fault(f"archive:{fault}=2x@{after}")], seed=seed)
        archive = Archive(plan=plan)
        client = client_of(archive)
        accepted = 0
        for number in range(6):
            try:
                answer = await put(client, "item-one", f"{number}.pdf", b"body")
                accepted += answer.status_code == 200
            except ConnectionResetError:
                pass
        unsaid = {"answer-lost": 2, "lost": -2}.get(fault, 0)
        uploads = archive.statistics()["uploads"]
        assert sum(upload["bodies"] for upload in uploads.values()) == accepted + unsaid
        assert archive.statistics()["in_flight"] == 0

    run_on_virtual_time(upload)


@settings(deadline=None)
@given(st.integers(1, 12), st.floats(0.01, 2))
def test_uploads_at_once_take_as_long_as_one(count, latency):
    async def upload():
        archive = Archive(latency=latency)
        client = client_of(archive)
        async with trio.open_nursery() as nursery:
            for number in range(count):
                nursery.start_soon(put, client, "item-one", f"{number}.pdf", b"x" * number)
        assert archive.statistics()["in_flight_max"] == {"all": count, "upload": count}
        return trio.current_time()

    assert abs(run_on_virtual_time(upload) - latency) < 1e-6
