"""A running pipeline over an owner-only Unix socket: its numbers, its knobs, named queries.

One request a connection, JSON lines both ways, the last line telling a whole answer from one that was cut:

    > {"command": "stats", "arguments": {"stage": "download"}}
    < {"row": {...}}          any number of these
    < {"end": 1}              how many rows there were; or {"error": "..."}

Whoever asks keeps the connection open until that line. Hanging up, or sending anything more, ends the command.

This file does not know any command, and nothing of what is behind one.
"""

from __future__ import annotations

import errno
import json
import os
import socket
import struct
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeAlias

import trio

from trio_pipeline._json_lines import Lines, LineTooLong, encode
from trio_pipeline._socket_files import listening_socket, socket_path

__all__ = [
    "BrokenAnswer",
    "Command",
    "CommandError",
    "ControlError",
    "ControlLimits",
    "NoPipeline",
    "ask",
    "open_answer",
    "open_control",
    "socket_path",
]

Command: TypeAlias = Callable[[Mapping[str, object]], AsyncGenerator[Mapping[str, object], None]]
"""An async generator function from a request's arguments to rows that JSON can hold.

It checks its arguments itself and raises `CommandError` for what it cannot do; anything else that it raises is a
defect. It is cancelled when nobody listens to it any more.
"""

# A row holds at most a gazette's text; what is longer is no answer of ours.
_LONGEST_ANSWER_LINE = 64 * 2**20

# The system is short of something for a moment; whoever asks waits in the backlog of the socket.
_PASSING_ERRORS = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE = 0.1


class CommandError(Exception):
    """A command cannot do what it was asked; the message goes to whoever asked."""


class NoPipeline(Exception):
    """Nobody listens at this path: no pipeline runs there, or not any more."""


class ControlError(Exception):
    """The pipeline answered that it cannot do what it was asked."""


class BrokenAnswer(Exception):
    """The answer was cut off, came too slowly, or is none. The command may have been executed all the same."""


class _HungUp(Exception):
    """The other side is gone or does not take what we send."""


@dataclass(frozen=True, slots=True)
class ControlLimits:
    """What one who asks can cost the pipeline at most.

    Attributes:
        request_size: Bytes of a request.
        request_time: Seconds for sending it.
        stall_time: Seconds for taking each row of the answer. Generous: a person may be reading it in a pager.
        connections: How many may be open at once; more are told to come again.
        farewell: Seconds that answers under way get when the pipeline has ended.
    """

    request_size: int = 2**20
    request_time: float = 5.0
    stall_time: float = 300.0
    connections: int = 32
    farewell: float = 1.0


@asynccontextmanager
async def open_control(
    path: Path, commands: Mapping[str, Command], *, limits: ControlLimits | None = None
) -> AsyncIterator[None]:
    """Answer at `path` while the block runs.

    The caller holds the lock of the database that the path belongs to: a socket that lies there is left over from a run
    that was killed, and is replaced. When the block ends nobody new is let in, answers under way get a moment to end,
    and the socket is removed.

    Args:
        path: From `socket_path`.
        commands: What can be asked for, by name.
        limits: What asking can cost at most.

    Raises:
        OSError: The socket cannot be made: what lies there is no socket, or the directory cannot be written to.
        Exception: What a command raised, other than `CommandError`: a defect, which cancels the block. It comes out as
            it is, like the block's own exceptions; only several at once come as a group.

    Cancellation: cuts all answers; the socket is removed.
    """
    limits = limits or ControlLimits()
    with listening_socket(path) as listener, _lone_exception():
        async with trio.open_nursery() as nursery:
            server = _Server(commands, limits, nursery)
            nursery.start_soon(server.listen, trio.SocketListener(listener))
            yield
            server.stop_listening()
            listener.close()
            nursery.cancel_scope.deadline = trio.current_time() + limits.farewell


class _Server:
    def __init__(self, commands: Mapping[str, Command], limits: ControlLimits, nursery: trio.Nursery) -> None:
        self._commands = commands
        self._limits = limits
        self._nursery = nursery
        self._places = trio.CapacityLimiter(limits.connections)
        self._listening = trio.CancelScope()
        self._owner = os.geteuid()

    async def listen(self, listener: trio.abc.Listener[trio.SocketStream]) -> None:
        # Not trio.serve_listeners: it closes a stream by aclose(), a checkpoint, where in a cancelled scope Cancelled
        # takes the place of the error under way (trio#746). A defect in a run that is being cancelled would go unseen.
        with self._listening:
            while True:
                try:
                    stream = await listener.accept()
                except OSError as error:
                    if error.errno not in _PASSING_ERRORS:
                        raise
                    await trio.sleep(_PAUSE)
                else:
                    self._nursery.start_soon(self._serve, stream)

    def stop_listening(self) -> None:
        self._listening.cancel(reason="the pipeline has ended")

    async def _serve(self, stream: trio.SocketStream) -> None:
        connection = _Connection(stream, self._limits)
        with closing(stream.socket), suppress(_HungUp):
            try:
                # Whoever is too many is sent away, not kept waiting: behind silent clients that wait could be long.
                self._places.acquire_nowait()
            except trio.WouldBlock:
                await connection.send({"error": "too many ask at once; ask again"})
                return
            try:
                await self._answer(connection)
            finally:
                self._places.release()

    async def _answer(self, connection: _Connection) -> None:
        try:
            self._check_peer(connection.stream)
            rows = self._command(await connection.receive_request())
            with trio.CancelScope() as listened_to:
                # The watch needs no end of its own: it sees the connection closed, after the answer at the latest.
                self._nursery.start_soon(connection.watch, listened_to)
                await connection.send_rows(rows)
        except CommandError as error:
            await connection.send({"error": str(error)})

    def _check_peer(self, stream: trio.SocketStream) -> None:
        # The second lock on the door, for file systems that do not keep the socket's mode. macOS would tell it by
        # getpeereid(3), which Python does not offer; there the mode is all.
        if sys.platform == "linux":
            credentials = stream.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
            _, user, _ = struct.unpack("3i", credentials)
            if user != self._owner:
                raise CommandError("only the user who runs the pipeline may ask")

    def _command(self, request: bytes) -> AsyncGenerator[Mapping[str, object], None]:
        name, arguments = _parse_request(request)
        command = self._commands.get(name)
        if command is None:
            raise CommandError(f"unknown command {name[:40]!r}; known are {', '.join(sorted(self._commands))}")
        return command(arguments)


class _Connection:
    """One who asks, as the server sees it.

    Errors of the stream become `_HungUp` here, so that a command's own, of a memory channel say, do not pass for them.
    """

    def __init__(self, stream: trio.SocketStream, limits: ControlLimits) -> None:
        self.stream = stream
        self._limits = limits

    async def receive_request(self) -> bytes:
        lines = Lines(self.stream, self._limits.request_size)
        try:
            with trio.fail_after(self._limits.request_time):
                request = await lines.receive()
        except trio.TooSlowError:
            raise CommandError(f"no request within {self._limits.request_time:g} s") from None
        except LineTooLong:
            raise CommandError(f"the request is longer than {self._limits.request_size} bytes") from None
        except trio.BrokenResourceError:
            raise _HungUp from None
        if request is None:
            raise CommandError("the request ends before its line does")
        if lines.rest:
            raise CommandError("one request a connection")
        return request

    async def send_rows(self, rows: AsyncGenerator[Mapping[str, object], None]) -> None:
        count = 0
        async with aclosing(rows):
            async for row in rows:
                await self.send({"row": row})
                count += 1
        await self.send({"end": count})

    async def send(self, message: Mapping[str, object]) -> None:
        line = encode(message)
        try:
            with trio.fail_after(self._limits.stall_time):
                await self.stream.send_all(line)
        except (trio.TooSlowError, trio.BrokenResourceError):
            raise _HungUp from None

    async def watch(self, listened_to: trio.CancelScope) -> None:
        # Without it a command that nobody listens to any more would go on until its next row: a query that was
        # interrupted by Ctrl-C would keep the database busy to its end.
        with suppress(trio.BrokenResourceError, trio.ClosedResourceError):
            await self.stream.receive_some(1)
        listened_to.cancel(reason="whoever asked has hung up")


@contextmanager
def _lone_exception() -> Iterator[None]:
    """Take an exception that is alone in a nursery's group out of it, its cause and context untouched."""
    try:
        yield
    except BaseExceptionGroup as group:
        if len(group.exceptions) > 1:
            raise
        _raise_untouched(group.exceptions[0])


def _raise_untouched(error: BaseException) -> NoReturn:
    context = error.__context__
    try:
        raise error
    finally:
        error.__context__ = context
        del error, context  # the traceback holds this frame: a cycle


def _parse_request(line: bytes) -> tuple[str, dict[str, object]]:
    try:
        request = json.loads(line)
    except (ValueError, RecursionError):
        raise CommandError("the request is not JSON") from None
    match request:
        case {"command": str(command), "arguments": dict(arguments), **others} if not others:
            return command, arguments
    raise CommandError('the request is not {"command": text, "arguments": object}')


async def ask(
    path: Path, command: str, arguments: Mapping[str, object] | None = None, *, patience: float = 30.0
) -> list[dict[str, object]]:
    """Ask the pipeline that listens at `path`, and wait for the whole answer.

    Arguments, errors and cancellation are those of `open_answer`.

    Returns:
        The rows.
    """
    async with open_answer(path, command, arguments, patience=patience) as rows:
        return [row async for row in rows]


@asynccontextmanager
async def open_answer(
    path: Path, command: str, arguments: Mapping[str, object] | None = None, *, patience: float = 30.0
) -> AsyncIterator[AsyncIterator[dict[str, object]]]:
    """Ask the pipeline that listens at `path`; gives the rows as they come.

    Args:
        path: From `socket_path`.
        command: The command's name.
        arguments: What the command takes.
        patience: Seconds that the pipeline may be silent.

    Raises:
        NoPipeline: Nobody listens there.
        ControlError: The pipeline cannot do it, and says why. May come after some rows.
        BrokenAnswer: The answer was cut off or came too slowly; may come after some rows.
        OSError: The socket may not be used: it belongs to somebody else.

    Cancellation: hangs up, at which the pipeline cancels the command. So does leaving the block early.
    """
    request = encode({"command": command, "arguments": arguments or {}})
    stream = await _connect(path)
    # Not aclose(), a checkpoint: in a cancelled scope it would hide the error under way.
    with closing(stream.socket):
        try:
            # A server that refuses does not read the request. Its answer is there to be read all the same.
            with suppress(trio.BrokenResourceError), trio.fail_after(patience):
                await stream.send_all(request)
        except trio.TooSlowError:
            raise BrokenAnswer(f"the pipeline has not taken the request for {patience:g} s") from None
        async with aclosing(_rows(stream, patience)) as rows:
            yield rows


async def _connect(path: Path) -> trio.SocketStream:
    try:
        return await trio.open_unix_socket(path)
    except (FileNotFoundError, NotADirectoryError, ConnectionRefusedError) as error:
        raise NoPipeline(f"no pipeline listens at {path}") from error


async def _rows(stream: trio.SocketStream, patience: float) -> AsyncGenerator[dict[str, object], None]:
    lines = Lines(stream, _LONGEST_ANSWER_LINE)
    count = 0
    while True:
        match await _receive_message(lines, patience):
            case {"row": dict(row)}:
                count += 1
                yield row
            case {"end": int(sent)} if sent == count:
                return
            case {"error": str(message)}:
                raise ControlError(message)
            case _:
                raise BrokenAnswer("the answer is none of a pipeline")


async def _receive_message(lines: Lines, patience: float) -> object:
    try:
        with trio.fail_after(patience):
            line = await lines.receive()
        if line is not None:
            return json.loads(line)
    except trio.TooSlowError:
        raise BrokenAnswer(f"the pipeline has said nothing for {patience:g} s") from None
    except (trio.BrokenResourceError, LineTooLong, ValueError, RecursionError) as error:
        raise BrokenAnswer("the answer was cut off or is none") from error
    raise BrokenAnswer("the answer was cut off")
