"""What must be true of how a life asks hosts: not too fast, not too many at once, not too soon, and no endless waiting.

Pure: this file does not know how anything was seen.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from trio_pipeline.diario.lifecycle import StageName, life_of
from trio_pipeline.simulation.sightings import History, LifeSeen, Request

__all__ = [
    "heeds_not_before",
    "heeds_retry_after",
    "keeps_blocked_pace",
    "keeps_concurrency",
    "keeps_pace",
    "keeps_quiet_after_spam",
    "wastes_no_patience",
]

_COURT = "tjro"
_BLOCKED_INTERVAL = 7.0  # seconds between requests to a host that has shown a block page, at least
_BLOCK_PAUSE = 600.0  # seconds without a request after a block page
_REMEMBERED_AFTER = 15.0  # seconds after which the ledger has what was learned about a host
_MICROSECOND = 2e-6  # what is left of a time that went through the ledger
# Seconds in which it is recorded that a host is gone.
_A_MOMENT = 5.0
# Seconds without any sign of life that have a reason: a stalled exchange, a worker process that hangs, a breaker's
# longest pause for what is not a block.
_LONGEST_SILENCE = 1_500.0


def keeps_pace(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Requests to a host start no closer together than the user's interval."""
    intervals = {_COURT: seen.scenario.court_interval}
    for hosts, requests in _by_hosts(seen.sightings.requests).items():
        interval = intervals.get(hosts, seen.scenario.archive_interval)
        for earlier, later in pairwise(requests):
            if later.at - earlier.at < interval - 1e-9:
                yield f"{hosts}: {later.at - earlier.at:.6f} s between {earlier} and {later}, not {interval}"


def keeps_quiet_after_spam(seen: LifeSeen, _history: History) -> Iterator[str]:
    """Once the archive has taken something for spam, later lives send nothing until a person says that they may."""
    names = seen.before.taken_for_spam()
    # Whoever retries says it; then it counts from the next life on, if not sooner.
    if names and not names & {event.diario_id for event in seen.events if event.outcome == "reset"}:
        yield from (str(request) for request in seen.sightings.requests if request.method == "PUT")


def keeps_blocked_pace(seen: LifeSeen, _history: History) -> Iterator[str]:
    """After a block page a host is left alone, and then asked slowly: in this life, and in all that come after."""
    since = math.inf
    if any(pace.hosts == _COURT and pace.blocked_interval for pace in seen.before.paces):
        since = seen.began
    blocks = [event.at for event in seen.events if event.stage == StageName.DOWNLOAD and "block page" in event.reason]
    requests = _by_hosts(seen.sightings.requests).get(_COURT, [])
    if blocks:
        since = min(since, blocks[0])
        is_over = not seen.crashed or seen.ended > blocks[0] + _REMEMBERED_AFTER
        can_remember = not seen.sightings.disk_failed
        if (
            is_over
            and can_remember
            and not any(one.hosts == _COURT and one.blocked_interval for one in seen.after.paces)
        ):
            yield f"blocked at {blocks[0]:.3f}, which the ledger has not learned"
        for request in requests:
            if blocks[0] + _MICROSECOND < request.at < blocks[0] + _BLOCK_PAUSE - _A_MOMENT:
                yield f"{request}, though blocked at {blocks[0]:.3f}"
    for earlier, later in pairwise(request for request in requests if request.at > since + _MICROSECOND):
        if later.at - earlier.at < _BLOCKED_INTERVAL - 1e-9:
            yield f"{later.at - earlier.at:.3f} s between {earlier} and {later}, though blocked at {since:.3f}"


def _by_hosts(requests: Iterable[Request]) -> dict[str, list[Request]]:
    grouped: dict[str, list[Request]] = defaultdict(list)
    for request in requests:
        grouped[request.hosts].append(request)
    return grouped


def keeps_concurrency(seen: LifeSeen, _history: History) -> Iterator[str]:
    """No host has more requests at a time than the settings allow."""
    uploads = seen.scenario.archive_workers
    allowed = {_COURT: seen.scenario.download_workers, "internet-archive uploads": uploads}
    for hosts, most in seen.sightings.most_at_once.items():
        if most > allowed.get(hosts, uploads + 1):
            yield f"{hosts}: {most} requests at a time"


def heeds_retry_after(seen: LifeSeen, _history: History) -> Iterator[str]:
    """What was asked to wait is not asked for sooner, by this life or by the ones that know it from the ledger."""
    resets = {event.diario_id for event in seen.events if event.outcome == "reset"}
    for answer in seen.sightings.answers:
        is_item = answer.method == "PUT" or answer.path.endswith(".pdf")
        if answer.retry_after is None or not is_item or _identifier(answer.path, resets) is not None:
            continue
        for request in seen.sightings.requests:
            is_same = (request.method, request.path) == (answer.method, answer.path)
            if is_same and answer.at < request.at < answer.at + answer.retry_after - 1e-6:
                yield f"{request}, though {answer}"


def _identifier(path: str, identifiers: Iterable[str]) -> str | None:
    return next((name for name in identifiers if name in path), None)


def heeds_not_before(seen: LifeSeen, history: History) -> Iterator[str]:
    """What was put off is not attempted before its time; the court is not even asked for it by a later life."""
    yield from _attempts_too_soon(seen)
    waiting: dict[str, float] = {}
    for event in seen.before.events:
        if event.stage == StageName.DOWNLOAD:
            waiting.pop(event.diario_id, None)
            if event.not_before is not None:
                waiting[event.diario_id] = event.not_before
    resets = {event.diario_id for event in seen.events if event.outcome == "reset"}
    for request in seen.sightings.requests:
        name = next((name for name, gazette in history.gazettes.items() if gazette.file_name in request.path), None)
        if request.hosts != _COURT or name is None or name in resets:
            continue
        if request.at < waiting.get(name, -math.inf) - 1e-3:
            yield f"{request}, though {name} was to wait until {waiting[name]:.3f}"


def _attempts_too_soon(seen: LifeSeen) -> Iterator[str]:
    waiting: dict[tuple[str, str], float] = {}
    for event in seen.after.events:
        key = event.diario_id, life_of(StageName(event.stage)).value
        until = waiting.pop(key, -math.inf)
        if event.attempt is not None and event.at < until - 1e-3:
            yield f"{event}, though it was to wait until {until:.3f}"
        if event.not_before is not None:
            waiting[key] = event.not_before


def wastes_no_patience(seen: LifeSeen, _history: History) -> Iterator[str]:
    """A run does not sit still for longer than the user's patience and what a slow answer takes."""
    told = seen.sightings
    ended = seen.ended if told.ended is None else told.ended
    moments = sorted([seen.began, ended, *(one.at for one in told.requests), *(one.at for one in seen.events)])
    longest = seen.scenario.patience + _LONGEST_SILENCE
    for earlier, later in pairwise(moments):
        if later - earlier > longest:
            yield f"nothing happened from {earlier:.0f} to {later:.0f}, and patience is {seen.scenario.patience:.0f} s"
