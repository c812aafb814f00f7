"""What a connection does at its limits: a fault inside a fault, a date in an old form, lists that grow."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import socket
import ssl
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.net import client, faults, proxies
from mistral_desk.net import ledger as ledgers
from mistral_desk.net.addresses import address
from mistral_desk.net.exchange import Exchange
from mistral_desk.net.faults import pause_s
from mistral_desk.net.ledger import Ledger
from mistral_desk.net.rpc import address as rpc_address
from mistral_desk.net.rpc import listening, patience, probe
from mistral_desk.net.rpc.address import Address
from mistral_desk.net.rpc.wire import Wire
from tests.fixtures import lending
from tests.fixtures.engines import problem_of, run
from tests.fixtures.online import TEST, online
from tests.fixtures.web_site import Answer, Site

if TYPE_CHECKING:
    from pathlib import Path

# --- what a fault means -------------------------------------------------------------------------------------


def because(error: Exception, *causes: BaseException) -> Exception:
    """The error with what it came of, each of the next."""
    at: BaseException = error
    for cause in causes:
        at.__cause__ = cause
        at = cause
    return error


ALL_REFUSED = ExceptionGroup("all tries", [OSError("one"), ConnectionRefusedError("the other")])
FAULTS: dict[str, tuple[Exception, str, str]] = {
    "nobody there": (httpx2.ConnectTimeout("x"), "net.unreachable", faults.NO_ANSWER),
    "silent": (httpx2.ReadTimeout("x"), "net.timeout", ""),
    "refused at each of its numbers": (
        because(httpx2.ConnectError("x"), OSError("all"), ALL_REFUSED),
        "net.unreachable",
        faults.REFUSED,
    ),
    "silent at each of its numbers": (
        because(httpx2.ConnectError("x"), ExceptionGroup("all", [OSError("one"), OSError("other")])),
        "net.unreachable",
        faults.NO_ANSWER,
    ),
    "no such name": (because(httpx2.ConnectError("x"), socket.gaierror()), "net.unreachable", faults.NO_NAME),
    "a certificate": (
        because(httpx2.ConnectError("x"), ssl.SSLCertVerificationError()),
        "net.tls",
        faults.CERTIFICATE,
    ),
    "no encryption": (because(httpx2.ConnectError("x"), ssl.SSLError()), "net.tls", faults.NO_TLS),
    "a proxy": (httpx2.ProxyError("x"), "net.unreachable", faults.PROXY),
    "no HTTP": (httpx2.RemoteProtocolError("x"), "net.garbled", faults.NOT_HTTP),
    "anything else of the library": (httpx2.TooManyRedirects("x"), "net.unreachable", faults.BROKEN),
}


@pytest.mark.parametrize("case", FAULTS)
def test_a_fault_is_told_by_what_is_at_its_bottom(case: str) -> None:
    error, found, reason = FAULTS[case]
    told = faults.of(error, "hub.example", 0, 30.0)
    assert told is not None
    assert (told.problem.id, told.problem.params.get("reason", "")) == (found, reason)


def test_faults_that_name_each_other_as_their_cause_end() -> None:
    one, other = httpx2.ConnectError("x"), OSError("y")
    one.__cause__, other.__cause__ = other, one
    told = faults.of(one, "hub.example", 0, 30.0)
    assert told is not None
    assert told.problem.params["reason"] == faults.NO_ANSWER
    assert faults.of(ZeroDivisionError(), "hub.example", 0, 30.0) is None, "a bug is no network's fault"


@pytest.mark.parametrize("zone", ["UTC", "Pacific/Kiritimati"])
@pytest.mark.parametrize("form", ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_a_pause_until_a_date_is_the_same_in_all_three_forms_of_http_and_in_each_zone(
    form: str, zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", zone)
    if hasattr(time := __import__("time"), "tzset"):
        time.tzset()
    now = dt.datetime.now(dt.UTC)
    assert 0 < pause_s((now + dt.timedelta(seconds=90)).strftime(form)) <= 90
    assert pause_s((now - dt.timedelta(days=9)).strftime(form)) == 0
    assert pause_s((now + dt.timedelta(days=9)).strftime(form)) == 3600
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.parametrize("words", ["", "soon", "-5", "1e3", "Mon, 99 Foo 2026", "²", "Mon, 30 Nov 99999 00:00:00 GMT"])
def test_a_pause_of_no_sense_is_none(words: str) -> None:
    assert pause_s(words) == 0


# --- a connection that is cut -------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [asyncio.CancelledError, OSError, ssl.SSLError])
def test_a_cut_is_told_as_one_whatever_the_library_makes_of_it(late: type[BaseException]) -> None:
    """A library that is cancelled while it closes a socket may raise what the socket said last."""

    async def test() -> None:
        one = Exchange(address("https://hub.example"), 30.0)
        begun = asyncio.Event()

        async def lasts() -> None:
            begun.set()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                raise late from None

        task = asyncio.create_task(one.wait(lasts))
        await begun.wait()
        one.cut("net.offline")
        with pytest.raises(DeskError, match=r"net\.offline"):
            await task
        assert not task.cancelled()
        assert task.cancelling() == 0, "who asked goes on"

    run(test())


def test_clients_of_loops_that_are_over_are_forgotten(tmp_path: Path) -> None:
    """A command line runs one loop after the other; each has connections of its own."""
    kept: list[int] = []
    with Site(answer=lambda _: Answer(200, b"hello", {"Connection": "close"})) as site:

        async def first() -> client.Net:
            async with online(tmp_path) as made:
                net = client.Net(made._settings, Ledger())
                assert (await net.fetch(site.url, TEST, limit=100)).body == b"hello"
                return net

        net = asyncio.run(first())

        async def second() -> None:
            assert (await net.fetch(site.url, TEST, limit=100)).body == b"hello"
            kept.append(len(net._clients))
            await net.close()

        asyncio.run(second())
    assert kept == [1]


def test_which_computers_need_no_proxy_is_remembered_of_the_last_ones_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "_MOST_HOSTS", 3)
    asked: list[str] = []

    def direct(host: str) -> bool:
        asked.append(host)
        return False

    monkeypatch.setattr(proxies, "direct", direct)

    async def test() -> None:
        async with online(tmp_path) as net:
            for host in ("a", "b", "c", "c", "d", "b", "a"):
                await net._straight(host)
            assert len(net._direct) == 3

    run(test())
    assert asked == ["a", "b", "c", "d", "a"]


# --- the list of connections --------------------------------------------------------------------------------


def test_a_job_of_long_ago_gets_a_new_entry_and_the_others_keep_theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledgers, "_MOST_JOBS", 2)
    one = Ledger()
    for job in ("a", "b", "c", "c", "b", "a"):
        one.end(one.begin("hub.example", "hub", "x", job=job))
    assert sorted(entry.requests for entry in one.entries()) == [1, 1, 2, 2]


def test_a_list_that_is_kept_nowhere_lives_as_long_as_the_program() -> None:
    one = Ledger()
    one.end(one.begin("hub.example", "hub", "x"))
    one.flush()
    one.look_again()
    assert len(one.entries()) == 1
    one.erase()
    assert one.entries() == ()


@pytest.mark.allow_log("the list of connections cannot be shortened", "mistral_desk.net.ledger")
def test_a_list_that_cannot_be_shortened_stays_as_long_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ledgers, "_MOST_LINES", 4)
    one = Ledger(tmp_path / "l")
    (tmp_path / f"l.{os.getpid()}.part").mkdir()  # in the way of the shorter one
    for number in range(9):
        one.end(one.begin(f"{number}.example", "x", "x"))
        one.flush()
    again = Ledger(tmp_path / "l")
    again.look_again()
    assert len(again.entries()) == len(one.entries()) == 9


# --- other computers that lend memory -----------------------------------------------------------------------


def test_a_name_is_looked_up_once_and_its_number_is_what_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    named = rpc_address.parsed("cellar.example")
    monkeypatch.setattr(
        "mistral_desk.net.rpc.address.socket.getaddrinfo", lambda *_: [(2, 1, 6, "", ("192.168.1.7", 1))]
    )
    assert rpc_address.numeric(named) == Address("192.168.1.7", named.port)

    def unknown(*_: object) -> None:
        raise socket.gaierror(8, "not known")

    monkeypatch.setattr("mistral_desk.net.rpc.address.socket.getaddrinfo", unknown)
    with pytest.raises(DeskError, match=r"helper\.unknown"):
        rpc_address.numeric(named)


def test_a_port_that_another_program_has_is_named() -> None:
    with socket.create_server((lending.HOST, 0)) as other:
        taken = Address(lending.HOST, other.getsockname()[1])
        with pytest.raises(DeskError, match=r"helper\.port"):
            listening.free(taken)
    listening.free(Address(lending.HOST, lending.free_port()))


def test_what_was_just_started_and_never_answers_is_given_up() -> None:
    with lending.nobody() as port, pytest.raises(DeskError, match=r"helper\.absent"):
        probe.until_there(Address(lending.HOST, port), 0.0)


def test_a_computer_that_lends_next_to_nothing_is_there_without_figures() -> None:
    with lending.scripted(lending.honest(memory=(1000, 10**9))) as there:
        found = probe.measure(there.address)
    (lent,) = found.devices
    assert (lent.free, lent.gbps, lent.gflops, found.measured) == (1000, 0.0, 0.0, False)
    assert found.turn_s > 0


def test_time_that_is_over_before_a_word_is_asked_for_is_over() -> None:
    with lending.scripted(lending.honest()) as there:
        line = Wire(there.address, 5.0)
        try:
            line.allow(0.0)
            with pytest.raises(TimeoutError):
                line.turn(0)
        finally:
            line.close()


@pytest.mark.skipif(sys.platform == "win32", reason="it has no sockets of files, and other numbers")
def test_the_patience_of_tcp_connections_is_bound_and_of_nothing_else(tmp_path: Path) -> None:
    """And no descriptor is taken or closed by it: an engine that has none left can open no file."""
    known = patience.bound()
    with (
        (tmp_path / "file").open("wb") as file,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as local,
    ):
        for _ in range(2):
            assert patience.bound() == known + 1
        assert tcp.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [one.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) for one in (udp, local)] == [0, 0]
        file.write(b"still open")
        with (tmp_path / "next").open("wb") as after:
            assert after.fileno() < local.fileno() + 9, "none was left open"


def test_what_a_person_switches_off_is_told_by_what_was_under_way(tmp_path: Path) -> None:
    async def test() -> None:
        async with online(tmp_path) as net:
            await net.close()
            assert (await problem_of(net.fetch("http://127.0.0.1:1/", TEST, limit=1)))[0] == "net.cancelled"

    run(test())
