"""Contract tests of the invariants: a life made by hand in which nothing is wrong, and one for each thing that can be.

(The worlds show that the program keeps them; here it is shown that they would be seen to be broken.)
"""

from __future__ import annotations

import dataclasses
import datetime
import gzip
import hashlib
import os

import pytest

from trio_pipeline.diario.lifecycle import OUTCOMES
from trio_pipeline.diario.model import Gazette
from trio_pipeline.simulation.accounting import everything_is_done, is_settled
from trio_pipeline.simulation.invariants import LIFE_CYCLE, OF_EVERY_LIFE
from trio_pipeline.simulation.scenario import OTHER_BYTES, Act, LifePlan, draw_scenario
from trio_pipeline.simulation.sightings import (
    Answer,
    Event,
    History,
    LedgerRows,
    LifeSeen,
    Pace,
    Reading,
    Request,
    RunRow,
    Sightings,
    Store,
)

NAME = "tjro-diario-2025-01-10-nr8"
FILE = f"tjro-diario-2025/{NAME}.pdf"
URL = "/novodiario/2025/a.pdf"
TARGET = "internet-archive"
BODY = b"%PDF the gazette"
MD5 = hashlib.md5(BODY).hexdigest()
SCENARIO = dataclasses.replace(
    draw_scenario(0),
    gazettes=((0, 16),),
    archive="internet-archive",
    layout="year",
    extract=False,
    download_workers=2,
    archive_workers=2,
    extract_workers=1,
    court_interval=2.0,
    archive_interval=0.0,
    confirm_after=300.0,
    grace=5.0,
    patience=600.0,
    runs=5,
    faults=(),
    held=(),
)


def event(at, stage, outcome, *, attempt=None, not_before=None, reason="", acknowledged=True, name=NAME):
    target = TARGET if stage in {"archive", "confirm"} else None
    return Event(0, at, "run", name, stage, target, outcome, attempt, not_before, reason, acknowledged)


DONE = (
    event(1000.0, "download", "asked"),
    event(1000.0, "archive", "asked"),
    event(1001.0, "download", "downloaded", attempt=1),
    event(1002.0, "archive", "started"),
    event(1003.0, "archive", "submitted", attempt=1, not_before=1003.5),
    event(1004.0, "confirm", "confirmed", attempt=1),
)
COUNTS = {"download": {"downloaded": 1, "left": 0}, "archive": {"submitted": 1}, "confirm": {"confirmed": 1}}


@pytest.fixture
def history():
    gazette = Gazette(NAME, "tjro", datetime.date(2025, 1, 10), 8, "", f"https://www.tjro.jus.br{URL}", "a.pdf")
    return History({NAME: gazette}, {NAME: BODY}, {NAME: 2})


@pytest.fixture
def seen(history, tmp_path):
    """A life in which one gazette was downloaded, uploaded and confirmed."""
    sightings = Sightings(
        run_id="run",
        requests=[Request(1000.0, "tjro", "GET", URL), Request(1002.0, "internet-archive uploads", "PUT", f"/{FILE}")],
        answers=[Answer(1000.5, "GET", URL, 200, None), Answer(1002.9, "PUT", f"/{FILE}", 200, None)],
        sent=[(1002.5, f"/{FILE}")],
        most_at_once={"tjro": 1, "internet-archive uploads": 1},
        ended=1005.0,
        ended_by="finished",
        reported=COUNTS,
    )
    after = LedgerRows(
        events=DONE,
        runs=(RunRow("run", 1000.0, 1005.0, "finished", COUNTS),),
        lives={(NAME, "download", None): "downloaded", (NAME, "archive", TARGET): "confirmed"},
        copies={(NAME, TARGET): "confirmed"},
        states={NAME: ("downloaded", "confirmed", "not_asked")},
    )
    stores = (Store(1002.6, FILE, MD5, 1002.6),)
    return LifeSeen(
        SCENARIO, LifePlan(), 0, tmp_path, 1000.0, 1005.0, 400, False, None, sightings, LedgerRows(), after, stores
    )


def broken(seen, history):
    return [name for name, invariant in OF_EVERY_LIFE.items() if list(invariant(seen, history))]


def record(seen, *events, **changes):
    """Let the ledger say something else."""
    seen.after = dataclasses.replace(seen.after, events=events or seen.after.events, **changes)


def test_good_life_is_good(seen, history):
    assert broken(seen, history) == []
    assert is_settled(seen)
    assert list(everything_is_done(seen, history)) == []


def test_defect(seen, history):
    seen.error = "Traceback …"
    assert broken(seen, history) == ["a run ends without a defect"]
    seen.sightings.disk_failed = True
    assert broken(seen, history) == []


@pytest.mark.parametrize(
    "runs", [(), (RunRow("run", 1000.0, None, None, None),), (RunRow("run", 1000.0, 1005.0, "drained", COUNTS),)]
)
def test_run_without_its_end(seen, history, runs):
    record(seen, runs=runs)
    seen.sightings.ended_by = seen.sightings.ended_by if runs else None
    assert "a run says how it ended" in broken(seen, history)


def test_record_that_was_told_and_is_lost(seen, history):
    seen.crashed = True
    seen.sightings.reported = None
    seen.sightings.told = {"download": {"done": 2, "failed": 0, "put_off": 0}}
    assert broken(seen, history) == ["no acknowledged record is lost"]


def test_record_that_was_reported_and_is_lost(seen, history):
    seen.sightings.reported = {**COUNTS, "download": {"downloaded": 2, "left": 0}}
    assert "no acknowledged record is lost" in broken(seen, history)


def test_record_of_an_earlier_life_that_has_changed(seen, history):
    seen.before = LedgerRows(events=(event(1.0, "download", "asked"),))
    assert "no acknowledged record is lost" in broken(seen, history)


def test_event_that_cannot_happen(seen, history):
    record(seen, *DONE[:2], event(1002.0, "confirm", "confirmed"), *DONE[2:])
    assert "states follow the life cycle" in broken(seen, history)


@pytest.mark.parametrize("outcome", ["started", "submitted"])
def test_second_upload_of_what_may_be_there(seen, history, outcome):
    record(seen, *DONE[:3], event(1001.5, "archive", outcome), *DONE[3:])
    assert "states follow the life cycle" in broken(seen, history)


def test_every_event_of_the_program_is_in_the_table():
    assert {(str(stage), outcome): str(state) for (stage, outcome), state in OUTCOMES.items()} == {
        key: after for key, (_, after) in LIFE_CYCLE.items()
    }


@pytest.mark.parametrize(
    ("stage", "states"), [("confirm", ("downloaded", "submitted")), ("download", ("pending", "not_asked"))]
)
def test_report_that_forgets_what_is_left(seen, history, stage, states):
    record(seen, states={NAME: (*states, "not_asked")})
    assert "a run says what is left" in broken(seen, history)
    seen.sightings.reported = {**COUNTS, stage: {"left": 1}}
    assert "a run says what is left" not in broken(seen, history)


def test_what_lacks_its_pdf_is_left_to_the_download(seen, history):
    record(seen, states={NAME: ("downloaded", "pending", "pending")})
    seen.sightings.ended_by = "drained"
    seen.sightings.reported = {"download": {"left": 1}, "archive": {"left": 0}}
    assert "a run says what is left" not in broken(seen, history)
    (seen.directory / "spool").mkdir()
    (seen.directory / "spool" / f"{NAME}.pdf").write_bytes(BODY)
    assert "a run says what is left" in broken(seen, history)


def test_view_that_says_something_else(seen, history):
    record(seen, lives={**seen.after.lives, (NAME, "download", None): "pending"})
    assert broken(seen, history) == ["states follow the life cycle"]


@pytest.mark.parametrize(
    ("reason", "good"), [("the connection broke off after 9 bytes", 2), ("the court asks to wait: status 503", 1)]
)
def test_attempts_are_used_up_by_failures_and_not_by_the_faults_of_others(seen, history, reason, good):
    for attempt in (1, 2):
        later = event(1001.0, "download", "downloaded", attempt=attempt)
        record(seen, *DONE[:2], event(1000.5, "download", "put_off", attempt=1, reason=reason), later, *DONE[3:])
        assert ("attempts are counted" in broken(seen, history)) is (attempt != good)


@pytest.mark.parametrize(("attempts", "is_good"), [((1, 1, 2), True), ((1, 2, 3), True), ((1, 1, 1), False)])
def test_first_silence_in_a_row_may_be_free(seen, history, attempts, is_good):
    first, second, third = attempts
    silences = [event(1000.5, "download", "put_off", attempt=number, reason="stalled") for number in (first, second)]
    later = event(1001.0, "download", "downloaded", attempt=third)
    record(seen, *DONE[:2], *silences, later, *DONE[3:])
    assert ("attempts are counted" not in broken(seen, history)) is is_good


def test_attempts_begin_again_where_somebody_asked_for_it(seen, history):
    put_off = event(1000.5, "download", "put_off", attempt=1, reason="stalled")
    record(seen, *DONE[:2], put_off, event(1000.7, "download", "reset"), *DONE[2:])
    assert "attempts are counted" not in broken(seen, history)


@pytest.mark.parametrize("attempts", [(2,), (1, 3), (1, 2, 3, 4, 5, 6)])
def test_attempts_that_are_not_counted(seen, history, attempts):
    put_off = [event(1000.5, "download", "put_off", attempt=attempt) for attempt in attempts]
    record(seen, *DONE[:2], *put_off, *DONE[2:])
    assert "attempts are counted" in broken(seen, history)


def test_body_that_is_stored_twice(seen, history):
    seen.stores = (*seen.stores, Store(1003.5, FILE, MD5, 1003.5))
    assert broken(seen, history) == ["nothing is archived twice"]


def test_body_that_may_be_stored_twice(seen, history):
    seen.sightings.sent.clear()
    seen.sightings.answers.clear()
    seen.stores = (*seen.stores, Store(1003.5, FILE, MD5, 1003.5))
    assert broken(seen, history) == []


def test_upload_that_waits_and_is_called_lost(seen, history):
    seen.stores = (dataclasses.replace(seen.stores[0], due=9000.0),)
    record(seen, *DONE[:5], event(1100.0, "confirm", "lost", attempt=1))
    assert "what is called lost is lost" in broken(seen, history)


def test_upload_that_was_not_recorded(seen, history):
    record(seen, *DONE[:3], *DONE[4:])
    assert "what is archived was recorded, and is right" in broken(seen, history)


@pytest.mark.parametrize("change", [{"md5": "0" * 32}, {"name": f"tjro-diario-2024/{NAME}.pdf"}])
def test_upload_of_other_bytes_or_to_another_name(seen, history, change):
    seen.stores = (dataclasses.replace(seen.stores[0], **change),)
    assert "what is archived was recorded, and is right" in broken(seen, history)


@pytest.mark.parametrize("name", [f"archive/2025/{NAME}.pdf", f"spool/{NAME}.pdf", "archive/2025/other.pdf"])
def test_part_of_a_file_under_a_final_name(seen, history, name):
    path = seen.directory / name
    path.parent.mkdir(parents=True)
    path.write_bytes(BODY[:5])
    assert broken(seen, history) == ["a final name holds a whole PDF"]


def folder_copy(seen, history, data, **held):
    """A copy in a folder archive, changed now; `held` says what was there from the beginning."""
    seen.scenario = dataclasses.replace(SCENARIO, archive="folder", **held)
    path = seen.directory / "archive" / "2025" / f"{NAME}.pdf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def test_copy_that_was_there_and_is_replaced(seen, history):
    path = folder_copy(seen, history, BODY, held=((0, "same"),))
    assert broken(seen, history) == ["nothing is archived twice"]
    os.utime(path, (0, 0))
    assert broken(seen, history) == []


def test_bytes_of_others_may_stay_where_they_were_or_be_set_aside(seen, history):
    path = folder_copy(seen, history, OTHER_BYTES, held=((0, "other"),))
    assert broken(seen, history) == ["a final name holds a whole PDF"]  # it is said to be confirmed
    path.rename(path.with_name(f"{NAME}.replaced-1.pdf"))
    assert broken(seen, history) == []


def test_copy_that_has_decayed_is_no_fault_of_the_program(seen, history):
    folder_copy(seen, history, b"%PDF the gazeppe")
    assert broken(seen, history) == ["a final name holds a whole PDF"]
    history.decayed[f"archive/2025/{NAME}.pdf"] = b"%PDF the gazeppe"
    assert broken(seen, history) == []


def test_decayed_pdf_that_was_handed_over_unseen(seen, history):
    reason = "the file in the spool is not the one that was recorded"
    record(seen, *DONE[:4], event(1003.0, "archive", "failed", attempt=1, reason=reason))
    assert "what has decayed is brought back" in broken(seen, history)


def test_confirmed_copy_that_is_not_there(seen, history):
    seen.stores = ()
    assert broken(seen, history) == ["what is confirmed is there"]


@pytest.mark.parametrize("other", [{"md5": "0" * 32}, {"due": 1004.5}])
def test_confirmed_copy_that_is_another_or_not_yet_to_be_seen(seen, history, other):
    seen.stores = (dataclasses.replace(seen.stores[0], **other),)
    assert "what is confirmed is there" in broken(seen, history)


def write_text(seen, data):
    (seen.directory / "text").mkdir(exist_ok=True)
    (seen.directory / "text" / f"{NAME}.txt.gz").write_bytes(data)


def extracted(seen, **changes):
    record(seen, states={NAME: ("downloaded", "confirmed", "extracted")}, **changes)
    write_text(seen, gzip.compress(b"the text"))


@pytest.mark.parametrize(("due", "is_good"), [(1003.0, False), (1303.0, True)])
def test_upload_that_can_be_seen_and_is_called_absent(seen, history, due, is_good):
    submitted = event(1003.0, "archive", "submitted", attempt=1, not_before=1303.0)
    record(seen, *DONE[:4], submitted, event(1303.5, "confirm", "absent", attempt=1))
    seen.stores = (dataclasses.replace(seen.stores[0], due=due),)
    assert ("what is called lost is lost" not in broken(seen, history)) is is_good


def test_decisions_that_are_there_twice(seen, history):
    extracted(seen, decisions={NAME: 4})
    assert broken(seen, history) == ["decisions are whole"]


@pytest.mark.parametrize(("read", "said"), [(0, 2), (2, None), (3, 2)])
def test_decisions_without_their_event_or_event_without_them(seen, history, read, said):
    extracted(seen, decisions={NAME: 2}, readings=(Reading("an id", read, 0, said, 0),))
    assert broken(seen, history) == ["decisions are whole"]


def test_decisions_and_their_event_of_one_piece(seen, history):
    extracted(seen, decisions={NAME: 2}, readings=(Reading("an id", 2, 1, 2, 1),))
    assert broken(seen, history) == []


@pytest.mark.parametrize(
    "data", [b"", gzip.compress(b"the text")[:-3], b"something else"], ids=["empty", "cut short", "no gzip"]
)
def test_text_that_is_not_whole(seen, history, data):
    write_text(seen, data)
    assert broken(seen, history) == (["texts are whole"])


def test_text_that_is_not_there(seen, history):
    extracted(seen, decisions={NAME: 2})
    (seen.directory / "text" / f"{NAME}.txt.gz").unlink()
    assert broken(seen, history) == ["texts are whole"]


def test_requests_too_close_together(seen, history):
    seen.sightings.requests.append(Request(1001.9, "tjro", "GET", URL))
    assert broken(seen, history) == ["the pace is kept"]


def test_requests_after_a_block(seen, history):
    record(seen, *DONE[:2], event(1000.8, "download", "put_off", attempt=1, reason="a block page"), *DONE[2:])
    record(seen, paces=(Pace("tjro", 7.0),))
    seen.sightings.requests.append(Request(1100.0, "tjro", "GET", URL))
    assert broken(seen, history) == ["the pace after a block is kept"]


@pytest.mark.parametrize(
    ("crashed", "ended", "learned"), [(False, 1005.0, True), (True, 1005.0, False), (True, 1020.0, True)]
)
def test_block_must_be_learned(seen, history, crashed, ended, learned):
    blocked = event(1000.8, "download", "put_off", attempt=1, reason="a block page")
    record(seen, *DONE[:2], blocked, *DONE[2:])
    seen.sightings.reported = None
    seen.crashed, seen.ended = crashed, ended
    assert ("the pace after a block is kept" in broken(seen, history)) is learned
    record(seen, paces=(Pace("tjro", 7.0),))
    assert "the pace after a block is kept" not in broken(seen, history)


def test_failure_in_more_runs_than_allowed(seen, history):
    seen.scenario = dataclasses.replace(SCENARIO, runs=2)
    first, second = (
        dataclasses.replace(event(1001.0, "download", "failed", attempt=1), run_id=run_id) for run_id in ("a", "b")
    )
    record(seen, *DONE[:2], first, event(1001.0, "download", "reset"), second)
    assert "failed runs are counted" not in broken(seen, history)
    record(seen, *DONE[:2], first, second)
    assert "failed runs are counted" in broken(seen, history)


@pytest.mark.parametrize(("ended_by", "is_good"), [("finished", False), ("host", False), ("cancelled", True)])
def test_upload_without_a_word_at_its_end(seen, history, ended_by, is_good):
    record(seen, *DONE[:4], states={NAME: ("downloaded", "submitted", "not_asked")})
    seen.sightings.ended_by = ended_by
    assert ("an upload ends with a word" not in broken(seen, history)) is is_good


def test_requests_too_fast_after_a_block_in_an_earlier_life(seen, history):
    seen.before = LedgerRows(paces=(Pace("tjro", 7.0),))
    seen.sightings.requests += [Request(1010.0, "tjro", "GET", URL), Request(1013.0, "tjro", "GET", URL)]
    assert broken(seen, history) == ["the pace after a block is kept"]


def test_too_many_requests_at_a_time(seen, history):
    seen.sightings.most_at_once["tjro"] = 3
    assert broken(seen, history) == ["the concurrency is kept"]


def test_request_before_its_retry_after(seen, history):
    seen.sightings.answers[0] = Answer(1000.5, "GET", URL, 503, 40.0)
    seen.sightings.requests.append(Request(1030.0, "tjro", "GET", URL))
    assert broken(seen, history) == ["Retry-After is heeded"]


def spam(at):
    return event(at, "archive", "rejected", attempt=1, reason="refused with status 503: appears to be spam")


def test_upload_after_spam(seen, history):
    seen.before = LedgerRows(events=(spam(900.0),))
    record(seen, *seen.before.events, *DONE)
    assert "nothing is sent after spam" in broken(seen, history)


def test_upload_after_spam_that_somebody_asked_for(seen, history):
    seen.before = LedgerRows(events=(spam(900.0),))
    record(seen, *seen.before.events, event(1000.0, "archive", "reset"), *DONE)
    assert "nothing is sent after spam" not in broken(seen, history)


def test_request_before_its_time_of_an_earlier_life(seen, history):
    seen.before = LedgerRows(events=(event(900.0, "download", "put_off", not_before=2000.0),))
    record(seen, *seen.before.events, *DONE)
    assert "not_before is heeded" in broken(seen, history)


@pytest.mark.parametrize(("stage", "outcome"), [("confirm", "confirmed"), ("archive", "failed")])
def test_attempt_before_its_time(seen, history, stage, outcome):
    waiting = event(1003.0, "archive", "submitted", attempt=1, not_before=1303.0)
    record(seen, *DONE[:4], waiting, event(1004.0, stage, outcome, attempt=1))
    assert "not_before is heeded" in broken(seen, history)


def test_attempt_before_its_time_where_somebody_asked_for_it(seen, history):
    waiting = event(1003.0, "archive", "put_off", attempt=1, not_before=1303.0)
    record(seen, *DONE[:4], waiting, event(1003.5, "archive", "reset"), event(1004.0, "archive", "failed", attempt=1))
    assert "not_before is heeded" not in broken(seen, history)


def test_silence(seen, history):
    seen.sightings.ended = 9000.0
    assert broken(seen, history) == ["no more than patience is wasted"]


def test_excess(seen, history):
    seen.sightings.excesses.append("12000 bytes in the spool, whose limit is 8500")
    assert broken(seen, history) == ["bounds are kept"]


@pytest.mark.parametrize("name", [f"spool/{NAME}.part", f"archive/2025/.{NAME}.pdf.part"])
def test_partial_file_that_is_left(seen, history, name):
    (seen.directory / name).parent.mkdir(parents=True)
    (seen.directory / name).touch()
    assert broken(seen, history) == ["nothing is left open"]


def test_partial_file_that_an_earlier_life_has_left(seen, history):
    name = f".{NAME}.pdf.part"
    (seen.directory / "archive" / "2025").mkdir(parents=True)
    (seen.directory / "archive" / "2025" / name).touch()
    seen.sightings.found = [name]
    assert broken(seen, history) == []


def test_partial_file_of_the_spool_that_a_life_found_and_did_not_reach(seen, history):
    (seen.directory / "spool").mkdir()
    (seen.directory / "spool" / f"{NAME}.part").touch()
    seen.sightings.found = [f"{NAME}.part"]
    assert broken(seen, history) == ["nothing is left open"]
    seen.sightings.disk_failed = True
    assert broken(seen, history) == []


def test_connection_that_is_left(seen, history):
    seen.sightings.left_over.append("2 ends of connections are left open")
    assert broken(seen, history) == ["nothing is left open"]


def test_drain_that_takes_too_long(seen, history):
    seen.sightings.asked_to_stop = 1000.0
    seen.sightings.ended = 1011.0
    assert broken(seen, history) == ["a drain ends in time"]


def test_second_signal_that_ends_nothing(seen, history):
    seen.sightings.asked_to_stop = seen.sightings.asked_again = 990.0
    assert "a drain ends in time" in broken(seen, history)


def test_drain_that_takes_up_something_new(seen, history):
    seen.sightings.asked_to_stop = 1000.5
    others = [event(1001.0, "download", "put_off", attempt=1, name=name) for name in "abcd"]
    record(seen, *DONE, *others)
    assert "a drain ends in time" in broken(seen, history)


@pytest.mark.parametrize("not_before", [None, 1100.0])
def test_run_that_finishes_and_leaves_something(seen, history, not_before):
    record(seen, *DONE[:2], event(1001.0, "download", "put_off", attempt=1, not_before=not_before))
    record(seen, states={NAME: ("pending", "pending", "not_asked")})
    assert "a run that finished left nothing to do" in broken(seen, history)


@pytest.mark.parametrize(
    ("at", "patience", "is_good"), [(1001.0, None, False), (1004.0, None, True), (1001.0, 3, True)]
)
def test_run_that_finishes_and_leaves_what_a_person_has_asked_for(seen, history, at, patience, is_good):
    seen.sightings.ended = 1008.0
    seen.plan = LifePlan(acts=(Act(0.0, "retry", patience),))
    record(seen, *DONE[:2], event(1001.0, "download", "failed", attempt=1), event(at, "download", "reset"))
    record(seen, states={NAME: ("pending", "pending", "not_asked")})
    assert ("a run that finished left nothing to do" not in broken(seen, history)) is is_good


def test_run_may_leave_what_has_to_wait_for_longer_than_its_patience(seen, history):
    record(seen, *DONE[:2], event(1001.0, "download", "put_off", attempt=1, not_before=5000.0))
    record(seen, states={NAME: ("pending", "pending", "not_asked")})
    assert "a run that finished left nothing to do" not in broken(seen, history)


class TestAccounting:
    def test_gazette_that_nobody_knows(self, seen, history):
        record(seen, states={})
        assert not is_settled(seen)
        assert list(everything_is_done(seen, history)) == [f"{NAME} is not in the ledger"]

    @pytest.mark.parametrize("where", [("pending",) * 2, ("downloaded", "failed"), ("downloaded", "submitted")])
    def test_gazette_that_is_not_done(self, seen, history, where):
        record(seen, states={NAME: (*where, "not_asked")})
        assert not is_settled(seen)
        assert list(everything_is_done(seen, history))

    def test_what_nobody_asked_for(self, seen, history):
        record(seen, states={NAME: ("downloaded", "confirmed", "extracted")})
        assert list(everything_is_done(seen, history)) == [f"extract of {NAME} is extracted, and nobody asked for it"]

    @pytest.mark.parametrize(
        ("faults", "reason", "is_good"),
        [
            (("archive:bad-content=1x@0",), "refused with status 400: BadContent", True),
            ((), "refused with status 400: BadContent", False),
            (("archive:bad-content=1x@0",), "another reason", False),
            ((), "failed in 5 runs, last: stalled", False),  # there was one run only
            ((), "the archive holds other bytes as a.pdf in the item a", False),
        ],
    )
    def test_rejection_needs_a_reason_that_the_world_gave(self, seen, history, faults, reason, is_good):
        seen.scenario = dataclasses.replace(SCENARIO, faults=faults)
        record(seen, *DONE[:4], event(1003.0, "archive", "rejected", attempt=1, reason=reason))
        record(seen, states={NAME: ("downloaded", "rejected", "not_asked")})
        assert is_settled(seen)
        assert (list(everything_is_done(seen, history)) == []) is is_good

    @pytest.mark.parametrize(("faults", "is_good"), [(("archive:spam=1x@0",), True), ((), False)])
    def test_after_spam_nothing_more_is_archived(self, seen, history, faults, is_good):
        seen.scenario = dataclasses.replace(SCENARIO, faults=faults)
        record(seen, *DONE[:4], spam(1003.0), states={NAME: ("downloaded", "rejected", "not_asked")})
        assert is_settled(seen)
        assert (list(everything_is_done(seen, history)) == []) is is_good

    def test_rejection_of_what_others_have_put_there(self, seen, history):
        seen.scenario = dataclasses.replace(SCENARIO, held=((0, "other"),))
        record(seen, *DONE[:3], event(1003.0, "archive", "rejected", attempt=1, reason="holds other bytes as a.pdf"))
        record(seen, states={NAME: ("downloaded", "rejected", "not_asked")})
        assert list(everything_is_done(seen, history)) == []

    def test_what_depends_on_a_rejected_download_is_left(self, seen, history):
        seen.scenario = dataclasses.replace(SCENARIO, runs=1)
        rejected = event(1001.0, "download", "rejected", attempt=1, reason="failed in 1 runs, last: stalled")
        record(seen, *DONE[:2], rejected, states={NAME: ("rejected", "pending", "not_asked")})
        assert is_settled(seen)
        assert list(everything_is_done(seen, history)) == []
