"""Contract tests of the control socket: real Unix sockets, hand-written commands, virtual time."""

from __future__ import annotations

import errno
import json
import os
import socket
import stat
import sys
import tempfile
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock, wait_all_tasks_blocked

from trio_pipeline import _socket_files, control
from trio_pipeline._socket_files import listening_socket
from trio_pipeline.control import (
    BrokenAnswer,
    Command,
    CommandError,
    ControlError,
    ControlLimits,
    NoPipeline,
    ask,
    open_answer,
    open_control,
    socket_path,
)

Rows = AsyncGenerator[Mapping[str, object], None]


@pytest.fixture
def place() -> Iterator[Path]:
    # Not tmp_path: on macOS that alone is longer than the path of a socket may be.
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="tp-") as directory:
        yield Path(directory).resolve()


@pytest.fixture
def path(place: Path) -> Path:
    return place / "test.sock"


async def echo(arguments: Mapping[str, object]) -> Rows:
    yield arguments


async def nothing(arguments: Mapping[str, object]) -> Rows:
    for row in ():
        yield row


async def numbers(arguments: Mapping[str, object]) -> Rows:
    to = arguments["to"]
    if not isinstance(to, int):
        raise CommandError("to must be a number")
    for number in range(to):
        yield {"number": number}


async def fail_late(arguments: Mapping[str, object]) -> Rows:
    yield {"number": 1}
    raise CommandError("the second row is missing")


async def defective(arguments: Mapping[str, object]) -> Rows:
    yield {"number": 1}
    raise KeyError("a defect")


class Endless:
    """A command that says when it has begun and when it has ended, and goes on until it is ended."""

    def __init__(self, row: Mapping[str, object] | None = None) -> None:
        self.row = row
        self.begun = trio.Event()
        self.ended = trio.Event()
        self.ended_at = -1.0

    async def __call__(self, arguments: Mapping[str, object]) -> Rows:
        self.begun.set()
        try:
            while True:
                if self.row is None:
                    await trio.sleep_forever()
                else:
                    yield self.row
        finally:
            self.ended_at = trio.current_time()
            self.ended.set()


COMMANDS: dict[str, Command] = {"echo": echo, "nothing": nothing, "numbers": numbers, "fail_late": fail_late}


def is_there(path: Path) -> bool:
    return os.path.lexists(path)


async def exchange(path: Path, data: bytes, *, end: bool = False) -> list[object]:
    """What a client that keeps to no rules gets for these bytes."""
    async with await trio.open_unix_socket(path) as stream:
        # The server may have refused, and closed, before it has read everything.
        with suppress(trio.BrokenResourceError):
            await stream.send_all(data)
        if end:
            await stream.send_eof()
        return await receive_messages(stream)


async def receive_messages(stream: trio.SocketStream) -> list[object]:
    received = b""
    with suppress(trio.BrokenResourceError):
        async for chunk in stream:
            received += chunk
    return [json.loads(line) for line in received.splitlines()]


async def expect_cut(path: Path, command: str) -> None:
    with pytest.raises(BrokenAnswer):
        await ask(path, command)


async def defect_of(path: Path, command: Command, kind: type[Exception], *, askers: int = 1) -> Exception:
    """What comes out of a control when somebody asks for a command that has a defect."""

    async def serve() -> None:
        async with open_control(path, {"defective": command}):
            for _ in range(askers):
                clients.start_soon(expect_cut, path, "defective")
            await trio.sleep_forever()

    # The clients are outside of what the defect cancels, so that they see their answers cut.
    async with trio.open_nursery() as clients:
        with pytest.raises(kind) as caught:
            await serve()
    return caught.value


def request(command: str, **arguments: object) -> bytes:
    return json.dumps({"command": command, "arguments": arguments}).encode() + b"\n"


# -- answers


async def test_rows_come_in_order(path: Path) -> None:
    async with open_control(path, COMMANDS):
        assert await ask(path, "numbers", {"to": 3}) == [{"number": 0}, {"number": 1}, {"number": 2}]


async def test_no_rows_is_an_answer(path: Path) -> None:
    async with open_control(path, COMMANDS):
        assert await ask(path, "nothing") == []


async def test_wire_format_is_kept(path: Path) -> None:
    async with open_control(path, COMMANDS):
        assert await exchange(path, request("numbers", to=1)) == [{"row": {"number": 0}}, {"end": 1}]
        assert await exchange(path, request("fail_late")) == [
            {"row": {"number": 1}},
            {"error": "the second row is missing"},
        ]


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    # Half surrogate pairs too: extracted text has them.
    | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@settings(deadline=None)
@given(arguments=st.dictionaries(st.text(st.characters(exclude_categories=())), JSON, max_size=4))
def test_any_json_survives_the_way(arguments: dict[str, object]) -> None:
    async def main(path: Path) -> None:
        async with open_control(path, COMMANDS):
            assert await ask(path, "echo", arguments) == [arguments]

    with tempfile.TemporaryDirectory(dir="/tmp", prefix="tp-") as directory:
        trio.run(main, Path(directory) / "test.sock")


async def test_rows_come_while_the_command_works(path: Path) -> None:
    go_on = trio.Event()

    async def halting(arguments: Mapping[str, object]) -> Rows:
        yield {"number": 1}
        await go_on.wait()
        yield {"number": 2}

    async with open_control(path, {"halting": halting}), open_answer(path, "halting") as rows:
        assert await anext(rows) == {"number": 1}
        go_on.set()
        assert [row async for row in rows] == [{"number": 2}]


async def test_large_answers_pass_whole(path: Path) -> None:
    async def large(arguments: Mapping[str, object]) -> Rows:
        for number in range(20):
            yield {"text": str(number % 10) * 100_000}

    async with open_control(path, {"large": large}):
        rows = await ask(path, "large")
    assert [row["text"] for row in rows] == [str(number % 10) * 100_000 for number in range(20)]


async def test_command_error_reaches_who_asked(path: Path) -> None:
    async with open_control(path, COMMANDS):
        with pytest.raises(ControlError, match="to must be a number"):
            await ask(path, "numbers", {"to": "three"})
        with pytest.raises(ControlError, match="the second row is missing"):
            await ask(path, "fail_late")
        assert await ask(path, "nothing") == []


async def test_unknown_command_names_the_known(path: Path) -> None:
    async with open_control(path, COMMANDS):
        with pytest.raises(ControlError, match=r"unknown command 'stast'; known are echo, fail_late, nothing, numbers"):
            await ask(path, "stast")


async def test_many_clients_get_their_own(path: Path) -> None:
    answers: dict[int, object] = {}

    async def client(number: int) -> None:
        answers[number] = await ask(path, "echo", {"number": number})

    async with open_control(path, COMMANDS, limits=ControlLimits(connections=100)), trio.open_nursery() as clients:
        for number in range(100):
            clients.start_soon(client, number)
    assert answers == {number: [{"number": number}] for number in range(100)}


# -- who asks badly


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (b"\n", "the request is not JSON"),
        (b"GET / HTTP/1.1\r\n", "the request is not JSON"),
        (b"\xff\xfe\xfa\n", "the request is not JSON"),
        (b"[" * 200_000 + b"\n", "the request is not JSON"),
        (b'{"command": 1' + b"0" * 5000 + b"}\n", "the request is not JSON"),
        (b"[]\n", 'the request is not {"command": text, "arguments": object}'),
        (b'{"command": "echo"}\n', 'the request is not {"command": text, "arguments": object}'),
        (b'{"command": 1, "arguments": {}}\n', 'the request is not {"command": text, "arguments": object}'),
        (b'{"command": "echo", "arguments": []}\n', 'the request is not {"command": text, "arguments": object}'),
        (
            b'{"command": "echo", "arguments": {}, "user": "root"}\n',
            'the request is not {"command": text, "arguments": object}',
        ),
        (request("echo") + request("echo"), "one request a connection"),
    ],
)
async def test_bad_requests_are_refused(path: Path, data: bytes, error: str) -> None:
    async with open_control(path, COMMANDS):
        assert await exchange(path, data) == [{"error": error}]
        assert await ask(path, "nothing") == []


async def test_control_characters_come_back_escaped(path: Path) -> None:
    async with open_control(path, COMMANDS):
        with pytest.raises(ControlError) as caught:
            await ask(path, "\x1b[2J" + "x" * 1000)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("ending", [b"", b"\n"])
async def test_long_request_is_refused(path: Path, ending: bytes) -> None:
    limits = ControlLimits(request_size=1000)
    async with open_control(path, COMMANDS, limits=limits):
        error = {"error": "the request is longer than 1000 bytes"}
        assert await exchange(path, b"x" * 1001 + ending) == [error]
        # Longer than all buffers on the way: it is not even read to its end.
        assert await exchange(path, b"x" * 10_000_000 + ending) == [error]
        fitting = request("echo", text="")
        assert await exchange(path, request("echo", text="x" * (1001 - len(fitting)))) != [error]


async def test_unfinished_request_is_refused(path: Path) -> None:
    async with open_control(path, COMMANDS):
        assert await exchange(path, b'{"command": "echo"', end=True) == [
            {"error": "the request ends before its line does"}
        ]


async def test_hanging_up_at_once_harms_nobody(path: Path) -> None:
    async with open_control(path, COMMANDS):
        for data in (b"", b"{", request("numbers", to=10**6)):
            async with await trio.open_unix_socket(path) as stream:
                await stream.send_all(data)
        await wait_all_tasks_blocked()
        assert await ask(path, "nothing") == []


class ResetStream:
    """A connection that breaks instead of ending. A Unix socket does that only to who has been written to."""

    async def receive_some(self, size: int) -> bytes:
        raise trio.BrokenResourceError


async def test_reset_before_the_request_is_a_hang_up() -> None:
    with pytest.raises(control._HungUp):
        await control._Connection(ResetStream(), ControlLimits()).receive_request()


async def test_silent_client_is_dropped(path: Path, autojump_clock: MockClock) -> None:
    async with open_control(path, COMMANDS), await trio.open_unix_socket(path) as silent:
        assert await ask(path, "nothing") == []
        assert trio.current_time() == 0.0  # nobody waited for the silent one
        assert await receive_messages(silent) == [{"error": "no request within 5 s"}]
        assert trio.current_time() == 5.0


async def test_slow_request_is_dropped(path: Path, autojump_clock: MockClock) -> None:
    async with open_control(path, COMMANDS), await trio.open_unix_socket(path) as slow:
        for _ in range(4):
            await slow.send_all(b" ")
            await trio.sleep(1)
        # Each byte would have been in time; it is the whole request that has to be.
        assert await receive_messages(slow) == [{"error": "no request within 5 s"}]
        assert trio.current_time() == 5.0


async def test_client_that_does_not_read_is_dropped(path: Path, autojump_clock: MockClock) -> None:
    endless = Endless({"text": "x" * 10_000})
    async with open_control(path, {"endless": endless}), await trio.open_unix_socket(path) as stream:
        await stream.send_all(request("endless"))
        await endless.ended.wait()
    assert endless.ended_at == ControlLimits().stall_time


async def test_one_too_many_is_sent_away(path: Path) -> None:
    endless = Endless()
    async with open_control(path, {"endless": endless, **COMMANDS}, limits=ControlLimits(connections=1)):
        async with open_answer(path, "endless"):
            await endless.begun.wait()
            with pytest.raises(ControlError, match="too many"):
                await ask(path, "nothing")
        await wait_all_tasks_blocked()
        assert await ask(path, "nothing") == []


@pytest.mark.parametrize("row", [None, {"text": "x" * 1000}])
async def test_hanging_up_ends_the_command(path: Path, row: Mapping[str, object] | None) -> None:
    endless = Endless(row)
    async with open_control(path, {"endless": endless, **COMMANDS}):
        async with open_answer(path, "endless"):
            await endless.begun.wait()
        await wait_all_tasks_blocked()
        assert endless.ended.is_set()
        assert await ask(path, "nothing") == []


async def test_other_users_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    # A server that believes to be somebody else sees us as a stranger.
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    async with open_control(path, COMMANDS):
        if hasattr(socket, "SO_PEERCRED"):
            with pytest.raises(ControlError, match="only the user who runs the pipeline"):
                await ask(path, "nothing")


async def test_mode_is_the_lock_where_peers_cannot_be_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    me = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    monkeypatch.setattr(sys, "platform", "darwin")
    async with open_control(path, COMMANDS):
        assert await ask(path, "nothing") == []


# -- how it ends


async def test_defect_comes_out_as_it_is(path: Path) -> None:
    await defect_of(path, defective, KeyError)


async def test_row_that_json_cannot_hold_is_a_defect(path: Path) -> None:
    async def unheard_of(arguments: Mapping[str, object]) -> Rows:
        yield {"not a number": float("nan")}

    await defect_of(path, unheard_of, ValueError)


async def test_commands_broken_channel_is_no_hang_up(path: Path) -> None:
    async def broken(arguments: Mapping[str, object]) -> Rows:
        sender, receiver = trio.open_memory_channel[None](0)
        receiver.close()
        with sender:
            await sender.send(None)
        yield {}

    await defect_of(path, broken, trio.BrokenResourceError)


async def test_two_defects_come_as_flat_group(path: Path) -> None:
    asked = 0

    async def defective_on_the_way_out(arguments: Mapping[str, object]) -> Rows:
        nonlocal asked
        asked += 1
        if asked == 2:
            raise KeyError("first")
        try:
            await trio.sleep_forever()
        finally:
            raise KeyError("second")
        yield {}

    group = await defect_of(path, defective_on_the_way_out, ExceptionGroup, askers=2)
    assert isinstance(group, ExceptionGroup)
    assert sorted(str(error) for error in group.exceptions) == ["'first'", "'second'"]


async def test_block_exceptions_come_out_untouched(path: Path) -> None:
    cause, context = ValueError("cause"), ValueError("context")
    error = RuntimeError("the block's own")
    error.__cause__, error.__context__ = cause, context
    with pytest.raises(RuntimeError) as caught:
        async with open_control(path, COMMANDS):
            raise error
    assert caught.value is error
    assert error.__cause__ is cause
    assert error.__context__ is context


async def test_block_group_stays_a_group(path: Path) -> None:
    error = RuntimeError()
    with pytest.raises(ExceptionGroup, match="the block's own") as caught:
        async with open_control(path, COMMANDS):
            raise ExceptionGroup("the block's own", [error])
    assert caught.value.exceptions == (error,)


async def test_cancellation_cuts_answers(path: Path) -> None:
    endless = Endless()
    async with trio.open_nursery() as clients:
        with trio.CancelScope() as scope:
            async with open_control(path, {"endless": endless}):
                clients.start_soon(expect_cut, path, "endless")
                await endless.begun.wait()
                scope.cancel()
                await trio.sleep_forever()
        assert scope.cancelled_caught
        assert endless.ended.is_set()
        assert not is_there(path)


async def test_answer_under_way_ends_well(path: Path, autojump_clock: MockClock) -> None:
    async def drain(arguments: Mapping[str, object]) -> Rows:
        draining.set()
        await trio.sleep(0.5)
        yield {"draining": True}

    async def client() -> None:
        assert await ask(path, "drain") == [{"draining": True}]

    draining = trio.Event()
    async with trio.open_nursery() as clients, open_control(path, {"drain": drain}):
        clients.start_soon(client)
        await draining.wait()
    assert trio.current_time() == 0.5


async def test_farewell_is_bounded(path: Path, autojump_clock: MockClock) -> None:
    endless = Endless()
    limits = ControlLimits(farewell=2.0)
    async with trio.open_nursery() as clients, open_control(path, {"endless": endless}, limits=limits):
        clients.start_soon(expect_cut, path, "endless")
        await endless.begun.wait()
    assert endless.ended_at == 2.0


async def test_nobody_enters_during_farewell(path: Path, autojump_clock: MockClock) -> None:
    async def come_late() -> None:
        await trio.sleep(0.5)
        with pytest.raises(NoPipeline):
            await ask(path, "nothing")

    endless = Endless()
    async with trio.open_nursery() as clients, open_control(path, {"endless": endless, **COMMANDS}):
        clients.start_soon(expect_cut, path, "endless")
        await endless.begun.wait()
        clients.start_soon(come_late)


async def test_error_of_a_cancelled_client_is_not_hidden(path: Path) -> None:
    async def fail_on_the_way_out() -> None:
        with trio.CancelScope() as scope:
            async with open_answer(path, "nothing"):
                scope.cancel()
                raise KeyError("on the way out")

    async with open_control(path, COMMANDS):
        with pytest.raises(KeyError, match="on the way out"):
            await fail_on_the_way_out()


# -- the socket


class ShortOfFiles:
    """A listener that fails with these errors before it listens."""

    def __init__(self, listener: trio.SocketListener, *errors: int) -> None:
        self.listener = listener
        self.errors = list(errors)

    async def accept(self) -> trio.SocketStream:
        if self.errors:
            raise OSError(self.errors.pop(0), "made up")
        return await self.listener.accept()


async def test_shortage_passes(path: Path, autojump_clock: MockClock) -> None:
    with listening_socket(path) as listener:
        short = ShortOfFiles(trio.SocketListener(listener), errno.EMFILE, errno.ENOMEM)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(control._Server(COMMANDS, ControlLimits(), nursery).listen, short)
            assert await ask(path, "nothing") == []
            nursery.cancel_scope.cancel()
    assert trio.current_time() == 0.2


async def test_failing_listener_is_no_shortage(path: Path) -> None:
    with listening_socket(path) as listener:
        short = ShortOfFiles(trio.SocketListener(listener), errno.EBADF)
        async with trio.open_nursery() as nursery:
            with pytest.raises(OSError, match="made up"):
                await control._Server(COMMANDS, ControlLimits(), nursery).listen(short)


async def test_socket_is_owners_alone(path: Path) -> None:
    before = os.umask(0)
    try:
        async with open_control(path, COMMANDS):
            mode = os.lstat(path).st_mode
    finally:
        os.umask(before)
    assert stat.S_ISSOCK(mode)
    assert stat.S_IMODE(mode) == 0o600


async def test_socket_is_removed(path: Path) -> None:
    async with open_control(path, COMMANDS):
        assert is_there(path)
    assert not is_there(path)
    with pytest.raises(RuntimeError):
        async with open_control(path, COMMANDS):
            raise RuntimeError
    assert not is_there(path)


async def test_left_over_socket_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as killed:
        killed.bind(str(path))
        killed.listen()
    with pytest.raises(NoPipeline):
        await ask(path, "nothing")
    async with open_control(path, COMMANDS):
        assert await ask(path, "nothing") == []


@pytest.mark.parametrize("kind", ["file", "directory", "link to a socket"])
async def test_what_is_no_socket_stays(path: Path, place: Path, kind: str) -> None:
    async with open_control(place / "other.sock", COMMANDS):
        make_other(path, kind, place / "other.sock")
        before = os.lstat(path)
        with pytest.raises(FileExistsError, match="no socket"):
            async with open_control(path, COMMANDS):
                pytest.fail("it must not open")
        assert os.lstat(path) == before
        assert await ask(place / "other.sock", "nothing") == []


def make_other(path: Path, kind: str, other_socket: Path) -> None:
    match kind:
        case "file":
            path.touch()
        case "directory":
            path.mkdir()
        case "link to a socket":
            path.symlink_to(other_socket)


async def test_missing_directory_is_an_os_error(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        async with open_control(place / "missing" / "test.sock", COMMANDS):
            pytest.fail("it must not open")


# -- where it lies


def test_socket_lies_beside_the_database(place: Path) -> None:
    assert socket_path(place / "diarios.duckdb") == place / "diarios.duckdb.sock"


def test_every_name_of_a_database_gives_one_path(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = place / "diarios.duckdb"
    database.touch()
    (place / "link").symlink_to(database)
    monkeypatch.chdir(place)
    assert {socket_path(Path("diarios.duckdb")), socket_path(Path("link"))} == {socket_path(database)}


@pytest.mark.parametrize("letter", ["a", "ã"])
def test_path_length_is_counted_in_bytes(place: Path, monkeypatch: pytest.MonkeyPatch, letter: str) -> None:
    monkeypatch.setattr(_socket_files, "_TEMPORARY", place)
    room = 103 - len(os.fsencode(place / ".sock"))
    width = len(os.fsencode(letter))
    fitting = place / ("b" * (room % width) + letter * (room // width))
    assert len(os.fsencode(socket_path(fitting))) == 103
    assert socket_path(fitting).parent == place
    longer = fitting.with_name(fitting.name + "b")
    assert socket_path(longer).parent == place / f"trio-pipeline-{os.geteuid()}"


async def test_longest_path_beside_works(place: Path) -> None:
    database = place / ("a" * (103 - len(os.fsencode(place / ".sock"))))
    async with open_control(socket_path(database), COMMANDS):
        assert await ask(socket_path(database), "nothing") == []


async def test_long_path_works_elsewhere(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_socket_files, "_TEMPORARY", place)
    first, second = place / ("a" * 200), place / ("b" * 200)
    assert socket_path(first) != socket_path(second)
    async with open_control(socket_path(first), COMMANDS):
        assert await ask(socket_path(first), "nothing") == []
        with pytest.raises(NoPipeline):
            await ask(socket_path(second), "nothing")
    directory = socket_path(first).parent
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("trap", ["open to others", "link", "file", "another's"])
def test_untrustworthy_directory_is_refused(place: Path, monkeypatch: pytest.MonkeyPatch, trap: str) -> None:
    monkeypatch.setattr(_socket_files, "_TEMPORARY", place)
    directory = place / f"trio-pipeline-{os.geteuid()}"
    match trap:
        case "open to others":
            directory.mkdir()
            directory.chmod(0o710)
        case "link":
            (place / "elsewhere").mkdir(mode=0o700)
            directory.symlink_to(place / "elsewhere")
        case "file":
            directory.touch(mode=0o700)
        case "another's":
            me = os.geteuid()
            (place / f"trio-pipeline-{me + 1}").mkdir(mode=0o700)
            monkeypatch.setattr(os, "geteuid", lambda: me + 1)
    with pytest.raises((PermissionError, FileExistsError)):
        socket_path(place / ("a" * 200))


# -- the one who asks, and a server that is not ours


async def answer_with(
    path: Path, answer: bytes, *, task_status: trio.TaskStatus[None], keep_open: bool = False
) -> None:
    """A server that gives one client these bytes for an answer."""
    plain = socket.socket(socket.AF_UNIX)
    with trio.socket.from_stdlib_socket(plain) as listener:
        plain.bind(str(path))
        listener.listen()
        task_status.started()
        connection, _ = await listener.accept()
        async with trio.SocketStream(connection) as stream:
            await stream.receive_some()
            await stream.send_all(answer)
            if keep_open:
                await trio.sleep_forever()


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b'{"row": {"number": 1}}\n',
        b'{"row": {"number": 1}}\n{"end": 1}',
        b'{"row": {"number": 1}}\n{"end": 2}\n',
        b'{"row": 1}\n{"end": 1}\n',
        b"[]\n",
        b"HTTP/1.1 400 Bad Request\r\n",
        b"[" * 200_000 + b"\n",
        b"\xff\n",
    ],
)
async def test_answer_that_is_none_is_broken(path: Path, answer: bytes) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(answer_with, path, answer)
        await expect_cut(path, "echo")


async def test_endless_answer_line_is_broken(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_LONGEST_ANSWER_LINE", 1000)
    async with trio.open_nursery() as nursery:
        await nursery.start(answer_with, path, b"x" * 1001)
        await expect_cut(path, "echo")


async def test_silent_pipeline_is_given_up(path: Path, autojump_clock: MockClock) -> None:
    async with trio.open_nursery() as nursery:
        await nursery.start(partial(answer_with, path, b'{"row": {"number": 1}}\n', keep_open=True))
        async with open_answer(path, "echo", patience=10.0) as rows:
            assert await anext(rows) == {"number": 1}
            with pytest.raises(BrokenAnswer, match="nothing for 10 s"):
                await anext(rows)
        assert trio.current_time() == 10.0
        nursery.cancel_scope.cancel()


async def test_pipeline_that_does_not_take_is_given_up(path: Path, autojump_clock: MockClock) -> None:
    with socket.socket(socket.AF_UNIX) as stopped:
        stopped.bind(str(path))
        stopped.listen()
        with pytest.raises(BrokenAnswer, match="not taken the request for 10 s"):
            await ask(path, "echo", {"text": "x" * 10_000_000}, patience=10.0)


async def test_nobody_listens_without_a_file(path: Path) -> None:
    with pytest.raises(NoPipeline, match=str(path)):
        await ask(path, "nothing")
    with pytest.raises(NoPipeline):
        await ask(path / "below", "nothing")
