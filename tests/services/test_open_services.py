"""The stand-ins on real sockets, where connections can break (collaboration)."""

from __future__ import annotations

import hashlib
from contextlib import asynccontextmanager

import httpx
import pytest
import trio
from silent_model import silent_model

from trio_pipeline.services import extras
from trio_pipeline.services.archive import Archive
from trio_pipeline.services.bodies import open_file_bodies
from trio_pipeline.services.court import Court
from trio_pipeline.services.extras import ExtraMissing
from trio_pipeline.services.faults import FaultPlan, parse_fault
from trio_pipeline.services.serve import lone_error, open_services

PDF = b"%PDF-1.4 " + bytes(range(256)) * 2000
CREATE = {"authorization": "LOW access:secret", "x-archive-auto-make-bucket": "1"}
ITEM = "tjro-diario-2025"


UPLOAD = f"PUT /{ITEM}/a.pdf HTTP/1.1\r\nHost: x\r\nAuthorization: LOW a:b\r\nx-archive-auto-make-bucket: 1\r\n"


def port_of(url):
    return int(url.rpartition(":")[2])


def plan(*texts):
    return FaultPlan([parse_fault(text) for text in texts])


@pytest.fixture
def opened(published):
    """Opens both stand-ins with faults, and a client."""

    @asynccontextmanager
    async def open_both(*faults, content=PDF):
        publication = published(content)
        court = Court([publication], plan=plan(*faults))
        archive = Archive(plan=plan(*faults))
        async with open_services(court, archive, silent_model()) as urls, httpx.AsyncClient(verify=False) as client:
            yield Both(court, archive, urls, client, publication)

    return open_both


class Both:
    def __init__(self, court, archive, urls, client, publication):
        self.court = court
        self.archive = archive
        self.urls = urls
        self.client = client
        self._path = publication.gazette.url.removeprefix("https://www.tjro.jus.br")

    @property
    def pdf_url(self):
        return f"{self.urls.tjro}{self._path}"

    async def get(self):
        return await self.client.get(self.pdf_url)

    async def put(self, content=PDF, **headers):
        url = f"{self.urls.archive}/{ITEM}/a.pdf"
        return await self.client.put(url, content=content, headers=CREATE | headers)

    def raw_get(self):
        return f"GET {self._path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()

    @asynccontextmanager
    async def raw_stream(self, url):
        async with await trio.open_tcp_stream("127.0.0.1", port_of(url)) as stream:
            yield stream

    async def bodies_stored(self):
        answer = await self.client.get(f"{self.urls.archive}/_control/statistics")
        return {name: upload["bodies"] for name, upload in answer.json()["uploads"].items()}


async def received_of(both):
    """How much of the body came before the error, and what the error was."""
    received = 0
    async with both.client.stream("GET", both.pdf_url) as answer:
        assert answer.headers["content-length"] == str(len(PDF))
        try:
            async for part in answer.aiter_raw():
                received += len(part)
        except httpx.HTTPError as error:
            return received, type(error)
    return received, None


class TestWithoutFaults:
    async def test_both_can_be_reached(self, opened):
        async with opened() as both:
            assert (await both.get()).content == PDF
            assert (await both.put()).status_code == 200
            (file,) = (await both.client.get(f"{both.urls.archive}/metadata/{ITEM}")).json()["files"]
            assert file["md5"] == hashlib.md5(PDF).hexdigest()

    async def test_connection_is_kept(self, opened):
        async with opened() as both:
            for _ in range(5):
                await both.get()
                await both.put()
            pool = both.client._transport._pool
            assert len(pool.connections) == 2

    async def test_answers_carry_no_time_and_no_server(self, opened):
        async with opened() as both:
            assert {"date", "server"} & (await both.get()).headers.keys() == set()

    async def test_many_at_once_arrive_whole(self, opened):
        with open_file_bodies() as bodies:
            archive = Archive(bodies=bodies)
            async with (
                open_services(Court([]), archive, silent_model()) as urls,
                httpx.AsyncClient(verify=False) as client,
            ):

                async def put(number):
                    url = f"{urls.archive}/{ITEM}/{number}.pdf"
                    await client.put(url, content=bytes([number]) * 200_000, headers=CREATE)

                async with trio.open_nursery() as nursery:
                    for number in range(8):
                        nursery.start_soon(put, number)
                for number in range(8):
                    answer = await client.get(f"{urls.archive}/download/{ITEM}/{number}.pdf")
                    assert answer.content == bytes([number]) * 200_000

    async def test_chunked_upload_is_411_and_connection_lives_on(self, opened):
        async def parts():
            for _ in range(20):
                yield b"x" * 10_000

        async with opened() as both:
            assert (await both.put(parts())).status_code == 411
            assert (await both.put()).status_code == 200
            assert len(both.client._transport._pool.connections) == 1

    async def test_head_has_length_and_no_body(self, opened):
        async with opened() as both:
            answer = await both.client.head(both.pdf_url)
            assert (answer.headers["content-length"], answer.content) == (str(len(PDF)), b"")

    async def test_expectation_is_met(self, opened):
        async with opened() as both:
            assert (await both.put(expect="100-continue")).status_code == 200


class TestDownloadsThatBreak:
    async def test_refusal_comes_before_any_answer(self, opened):
        async with opened("tjro:refuse=1x") as both:
            with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
                await both.get()
            assert (await both.get()).content == PDF

    async def test_reset_breaks_the_body(self, opened):
        async with opened("tjro:reset=1x") as both:
            received, error = await received_of(both)
            assert error is httpx.ReadError
            assert received < len(PDF)
            assert (await both.get()).content == PDF

    async def test_truncated_body_ends_in_the_middle(self, opened):
        async with opened("tjro:truncate=1x") as both:
            assert await received_of(both) == (len(PDF) // 2, httpx.RemoteProtocolError)
            assert (await both.get()).content == PDF

    async def test_malformed_answer(self, opened):
        async with opened("tjro:malformed=1x") as both:
            with pytest.raises(httpx.RemoteProtocolError):
                await both.get()
            assert (await both.get()).content == PDF

    async def test_stall_lasts_until_the_client_leaves(self, opened):
        async with opened("tjro:stall=1x") as both:
            async with both.raw_stream(both.urls.tjro) as stream:
                await stream.send_all(both.raw_get())
                received = b""
                while not received.endswith(PDF[: len(PDF) // 2]):
                    received += await stream.receive_some()
                assert both.court.statistics()["in_flight"] == 1
            while both.court.statistics()["in_flight"]:
                await trio.lowlevel.checkpoint()

    async def test_listing_can_break_too(self, opened):
        async with opened("tjro-listing:refuse=1x") as both:
            assert (await both.get()).status_code == 200
            with pytest.raises(httpx.RemoteProtocolError):
                await both.client.get(f"{both.urls.tjro}/diario_oficial/list.php?ano=2025")


class TestUploadsThatBreak:
    async def test_lost_answer_leaves_the_body_stored(self, opened):
        async with opened("archive:answer-lost=1x") as both:
            with pytest.raises(httpx.RemoteProtocolError):
                await both.put()
            assert await both.bodies_stored() == {f"{ITEM}/a.pdf": 1}

    async def test_reset_in_the_body_stores_nothing(self, opened):
        async with opened("archive:reset=1x") as both, both.raw_stream(both.urls.archive) as stream:
            await stream.send_all(f"{UPLOAD}Content-Length: 10\r\n\r\n".encode() + b"01234")
            with pytest.raises(trio.BrokenResourceError):
                await stream.receive_some()
            assert await both.bodies_stored() == {}
            assert (await both.put()).status_code == 200
            assert await both.bodies_stored() == {f"{ITEM}/a.pdf": 1}

    async def test_client_that_leaves_has_stored_nothing(self, opened):
        async with opened() as both:
            async with both.raw_stream(both.urls.archive) as stream:
                await stream.send_all(f"{UPLOAD}Content-Length: 100\r\n\r\nhalf".encode())
                while not both.archive.statistics()["bytes_in"]:
                    await trio.lowlevel.checkpoint()
            while both.archive.statistics()["in_flight"]:
                await trio.lowlevel.checkpoint()
            assert await both.bodies_stored() == {}


class TestLeaving:
    async def test_client_that_does_not_read_holds_nobody_up(self, opened):
        # More than the kernel's buffers hold, so that the server is in the middle of a send when it is closed.
        async with opened(content=bytes(30_000_000)) as both:
            stream = await trio.open_tcp_stream("127.0.0.1", port_of(both.urls.tjro))
            await stream.send_all(both.raw_get())
            await stream.receive_some(100)
        async with stream:
            pass

    async def test_ports_are_free_again(self, opened):
        async with opened() as both:
            url = both.pdf_url
        async with httpx.AsyncClient(verify=False) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(url)

    async def test_error_of_the_body_comes_out_alone(self, opened):
        with pytest.raises(KeyError, match="of the body"):
            async with opened():
                raise KeyError("of the body")

    async def test_port_that_is_taken_is_an_os_error(self, opened):
        async with opened() as both:
            port = port_of(both.urls.tjro)
            with pytest.raises(OSError, match="in use"):
                async with open_services(Court([]), Archive(), silent_model(), tjro_port=port):
                    pass

    async def test_cancellation_closes_everything(self, opened):
        with trio.CancelScope() as scope:
            async with opened() as both:
                url = both.pdf_url
                scope.cancel()
                await trio.lowlevel.checkpoint()
        assert scope.cancelled_caught
        async with httpx.AsyncClient(verify=False) as client:
            with pytest.raises(httpx.ConnectError):
                await client.get(url)


class TestExtras:
    async def test_missing_package_names_the_extra(self, monkeypatch):
        def import_module(name):
            raise ModuleNotFoundError("No module named 'hypercorn'", name="hypercorn.trio")

        monkeypatch.setattr(extras.importlib, "import_module", import_module)
        with pytest.raises(ExtraMissing, match=r"hypercorn is not installed.*trio-pipeline\[demo\]"):
            async with open_services(Court([]), Archive(), silent_model()):
                pass

    def test_missing_module_of_ours_is_a_defect(self):
        with pytest.raises(ModuleNotFoundError):
            extras.demo_module("trio_pipeline.services.no_such_module")


def test_several_errors_stay_a_group():
    with pytest.raises(ExceptionGroup), lone_error():
        raise ExceptionGroup("two", [ValueError(), KeyError()])
