"""Runs the official client's `ia` with its hosts on a port of this machine: `run_official_client.py PORT ARGUMENT…`.

The client knows its hosts by name, and asks the system where they are. It is told here. No other host has an address,
so nothing that it does can leave this machine. Plain HTTP is an option of its own, `--insecure`.
"""

from __future__ import annotations

import socket
import sys

from internetarchive.cli.ia import main

HOSTS = frozenset({"archive.org", "s3.us.archive.org"})


def resolve_here(here: int) -> None:
    def getaddrinfo(host, port, *args, **kwargs):
        if host not in HOSTS or port != 80:
            raise socket.gaierror(socket.EAI_NONAME, f"{host}:{port} has no address in this test")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", here))]

    socket.getaddrinfo = getaddrinfo


if __name__ == "__main__":
    resolve_here(int(sys.argv[1]))
    sys.argv = ["ia", *sys.argv[2:]]
    main()
