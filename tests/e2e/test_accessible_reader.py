"""Our small screen reader waits for no lost answer: it asks anew whatever else is heard, and does nothing twice."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.fixtures.assistive import lacking, session_bus

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())
CHATTER_S: Final = 0.005
"""Between two events: a download, for instance, is told of all the time."""
ANSWERS: Final[dict[str, tuple[str, tuple[Any, ...]]]] = {
    "RegisterEvent": ("", ()),
    "Get": ("v", (("s", "Tiny"),)),
    "GetRoleName": ("s", ("label",)),
    "GetState": ("au", ([1 << 25, 0],)),
    "GetChildren": ("a(so)", ([],)),
    "GetActions": ("a(sss)", ([("Press", "", "")],)),
    "DoAction": ("b", (True,)),
}
HEARD_AT_ONCE: Final = ("RegisterEvent", "DoAction")


@contextlib.contextmanager
def deaf_at_first(address: str) -> Iterator[Counter[str]]:
    """A program, and the registry, that loses what it is asked the first time. How often it was asked what."""
    from jeepney import HeaderFields, MessageType, message_bus, new_method_return
    from jeepney.io.blocking import open_dbus_connection

    asked: Counter[str] = Counter()
    bus = open_dbus_connection(address)
    bus.send_and_get_reply(message_bus.RequestName("org.a11y.atspi.Registry"))

    def serve() -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                message = bus.receive()
                if message.header.message_type is MessageType.method_call:
                    what = message.header.fields[HeaderFields.member]
                    asked[what] += 1
                    if asked[what] > 1 or what in HEARD_AT_ONCE:
                        bus.send(new_method_return(message, *ANSWERS[what]))

    thread = threading.Thread(target=serve, name="a program")
    thread.start()
    try:
        yield asked
    finally:
        bus.sock.shutdown(socket.SHUT_RDWR)
        thread.join()
        bus.close()


@contextlib.contextmanager
def chatter(address: str) -> Iterator[None]:
    """Events without an end."""
    from jeepney import DBusAddress, new_signal
    from jeepney.io.blocking import open_dbus_connection

    bus = open_dbus_connection(address)
    over = threading.Event()
    place = DBusAddress("/bar", interface="org.a11y.atspi.Event.Object")

    def tell() -> None:
        while not over.wait(CHATTER_S):
            bus.send(new_signal(place, "PropertyChange", "siiva{sv}", ("accessible-value", 0, 0, ("s", ""), {})))

    thread = threading.Thread(target=tell, name="chatter")
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        bus.close()


def test_a_lost_question_is_asked_anew_and_what_is_done_is_done_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.fixtures import atspi

    monkeypatch.setattr(atspi, "ANSWER_S", 0.1)
    thing = atspi.Ref("org.a11y.atspi.Registry", "/it")
    with (
        session_bus(os.environ) as address,
        deaf_at_first(address) as asked,
        chatter(address),
        atspi.Reader(address) as reader,
    ):
        (found,) = reader.tree(thing)
        assert (found.role, found.name) == ("label", "Tiny")
        reader.do(thing, "Press")
        reader.until(lambda: reader.heard, "no event is kept")
    assert asked["GetRoleName"] > 1
    assert asked["DoAction"] == 1
