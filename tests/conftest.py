"""What holds for all tests.

The same tests take the same way every time: hypothesis draws the same examples, and Trio's order of tasks is the same
one in each test. A failure is then a failure for everybody. Other ways are looked for by `make explore`, which draws
examples anew and takes another order of tasks.
"""

from __future__ import annotations

import random
import signal

import pytest
from hypothesis import settings
from trio._core import _run

# What a shell starts in the background ignores SIGINT, and hands that on to its children. Tests that send it, to
# themselves or to a command, would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.register_profile("explore", deadline=None)
settings.load_profile("repeatable")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--schedule-seed", type=int, default=0, help="another order of Trio's tasks; -1 draws one")


def pytest_configure(config: pytest.Config) -> None:
    if config.option.schedule_seed == -1:
        config.option.schedule_seed = random.SystemRandom().randrange(2**32)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, exitstatus: int) -> None:
    if exitstatus != pytest.ExitCode.OK:
        terminalreporter.line(f"order of Trio's tasks: --schedule-seed={terminalreporter.config.option.schedule_seed}")


@pytest.fixture(autouse=True)
def _schedule(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw Trio's order of tasks from the seed and the test's name."""
    monkeypatch.setattr(_run, "_ALLOW_DETERMINISTIC_SCHEDULING", True)
    # Seeded in its place: hypothesis knows this object, and takes care of it between examples.
    _run._r.seed(f"{request.config.option.schedule_seed} {request.node.nodeid}")
