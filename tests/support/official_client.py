"""The official client, at home in a directory of a test, and a stand-in that it takes for the archive."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio
from silent_model import silent_model

from trio_pipeline.services.archive import Archive
from trio_pipeline.services.court import Court
from trio_pipeline.services.serve import open_services

ACCESS, SECRET = "CANARYACCESS", "CANARYSECRET"

_RUNNER = Path(__file__).with_name("run_official_client.py")


class RecordingArchive(Archive):
    """The stand-in, which keeps the head of every request."""

    def __init__(self, **settings):
        super().__init__(keys={ACCESS: SECRET}, **settings)
        self.heads = []

    async def __call__(self, scope, receive, send):
        headers = [(name.decode("latin-1").lower(), value.decode("latin-1")) for name, value in scope["headers"]]
        self.heads.append((f"{scope['method']} {scope['raw_path'].decode()}", headers))
        await super().__call__(scope, receive, send)


class Client:
    """The client, and the stand-in that it talks to at `url`."""

    def __init__(self, archive: RecordingArchive, url: str, home: Path) -> None:
        self.archive = archive
        self.url = url
        self.home = home
        config = home / "ia.ini"
        config.write_text(f"[s3]\naccess = {ACCESS}\nsecret = {SECRET}\n")
        config.chmod(0o600)
        self._options = ["--insecure", "--config-file", str(config)]

    async def ia(self, *arguments: str, code: int = 0) -> str:
        """Run a command, which must end by `code`; what it said on stdout, or on stderr if that is nothing."""
        command = [sys.executable, _RUNNER, self.url.rpartition(":")[2], *self._options, *arguments]
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.home), "PYTHONUTF8": "1"}
        done = await trio.run_process(
            command, capture_stdout=True, capture_stderr=True, check=False, env=environment, cwd=self.home
        )
        said, complaints = done.stdout.decode(), done.stderr.decode()
        assert done.returncode == code, complaints
        assert code or "error" not in complaints.lower()
        return said or complaints

    def answers(self) -> dict:
        """How many answers of each status the stand-in gave."""
        return self.archive.statistics()["answers"]


@asynccontextmanager
async def open_client(home: Path, **settings) -> AsyncIterator[Client]:
    """Serve a stand-in for as long as the context is open, for a client whose home is `home`."""
    archive = RecordingArchive(**settings)
    async with open_services(Court([]), archive, silent_model()) as urls:
        yield Client(archive, urls.archive, home)
