"""Hypercorn over listeners of our own, so that each connection can be cut and every port be 0.

To be imported only where the extra `demo` is installed. This file does not know what the apps serve.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

import trio
from hypercorn.config import Config
from hypercorn.trio.tcp_server import TCPServer
from hypercorn.trio.worker_context import WorkerContext
from hypercorn.typing import ConnectionState, Framework
from hypercorn.utils import wrap_app

from trio_pipeline.services.connection import STATE_KEY, SocketConnection
from trio_pipeline.services.service import Service

__all__ = ["serve_app"]


async def serve_app(
    app: Service,
    host: str,
    port: int,
    *,
    task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED,
) -> None:
    """Serve an app until cancelled.

    Args:
        app: What to serve.
        host: An address of this machine.
        port: 0 lets the system choose.
        task_status: Given the port when it can be reached.

    Raises:
        OSError: The port cannot be had.

    Cancellation: every connection is closed at once, in whatever state it is.
    """
    listeners = await trio.open_tcp_listeners(port, host=host)
    connections: set[SocketConnection] = set()
    try:
        async with trio.open_nursery() as nursery:
            handler = partial(_serve_connection, app, _config(), WorkerContext(None), connections)
            await nursery.start(trio.serve_listeners, handler, listeners)
            task_status.started(listeners[0].socket.getsockname()[1])
            try:
                await trio.sleep_forever()
            finally:
                # Hypercorn shields its sends: a client that does not read would hold up the end for ever.
                await _cut_all(connections)
    finally:
        for listener in listeners:
            await trio.aclose_forcefully(listener)


def _config() -> Config:
    config = Config()
    config.accesslog = None
    config.errorlog = "-"  # an app that raises says so on stderr
    config.include_date_header = False  # the same request gets the same bytes
    config.include_server_header = False
    config.keep_alive_timeout = 60.0  # longer than a polite client's pause
    config.keep_alive_max_requests = 1_000_000
    return config


async def _serve_connection(
    app: Service,
    config: Config,
    context: WorkerContext,
    connections: set[SocketConnection],
    stream: trio.SocketStream,
) -> None:
    connection = SocketConnection(stream)
    connections.add(connection)
    state = ConnectionState({STATE_KEY: connection})
    wrapped = wrap_app(cast(Framework, app), config.wsgi_max_body_size, "asgi")
    try:
        # Hypercorn says that it wants an SSLStream, and takes any stream with a socket.
        await TCPServer(wrapped, config, context, state, cast(Any, connection))
    finally:
        connections.discard(connection)


async def _cut_all(connections: set[SocketConnection]) -> None:
    with trio.CancelScope(shield=True):
        for connection in list(connections):
            await connection.cut(reset=False)
