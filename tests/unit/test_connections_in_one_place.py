"""Only `net` makes connections. import-linter sees to the libraries; here are the standard library's and Qt's ways."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

import mistral_desk

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE: Final = Path(mistral_desk.__file__).parent
WAYS_OUT: Final = (
    *("socket", "_socket", "ssl", "http.client", "http.server", "urllib.request", "ftplib", "smtplib", "imaplib"),
    *(
        "poplib",
        "nntplib",
        "telnetlib",
        "xmlrpc",
        "socketserver",
        "multiprocessing.connection",
        "multiprocessing.managers",
    ),
    *("asyncio.open_connection", "asyncio.start_server", "asyncio.open_unix_connection", "asyncio.start_unix_server"),
    *("asyncio.streams", "logging.handlers.SocketHandler", "logging.handlers.HTTPHandler", "webbrowser"),
    *("PySide6.QtNetwork", "PySide6.QtWebSockets", "PySide6.QtWebEngineCore"),
)
CALLS: Final = {
    *("create_connection", "create_server", "create_datagram_endpoint", "create_unix_connection"),
    *("create_unix_server", "sock_connect", "sock_accept", "open_connection", "start_server"),
}
"""Methods of an event loop, which need no import."""
ALLOWED: Final = {
    "server/serving.py": "listens for other programs, where a person switched that on",
    "ui/loop.py": "a pair of sockets inside this process, by which signals wake the event loop",
    "ui/single.py": "Qt's local sockets, by which a second start finds the first window",
    "cli/display.py": "asks a display's own socket file whether a window could open",
    "inference/sandbox/trial.py": "tries in the cage whether sockets are refused",
}
"""Files outside `net` that know sockets, and what for; none of them connects to another computer."""


def imports(tree: ast.AST) -> Iterator[str]:
    """Every dotted name that is imported, however it is written."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (one.name for one in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{one.name}" for one in node.names)
        elif isinstance(node, ast.Attribute):
            yield ast.unparse(node)
        elif isinstance(node, ast.Call) and _name(node.func) in {"import_module", "__import__"}:
            yield from (str(one.value) for one in node.args if isinstance(one, ast.Constant))


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def ways_out(text: str) -> set[str]:
    """What a module's text has of the ways out of this process."""
    tree = ast.parse(text)
    names = set(imports(tree))
    found = {way for way in WAYS_OUT if any(name == way or name.startswith(way + ".") for name in names)}
    calls = {_name(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    return found | (calls & CALLS)


def test_nothing_outside_net_can_connect() -> None:
    found = {
        path.relative_to(SOURCE).as_posix()
        for path in sorted(SOURCE.rglob("*.py"))
        if not path.is_relative_to(SOURCE / "net") and ways_out(path.read_text(encoding="utf-8"))
    }
    assert found == set(ALLOWED), "only net makes connections; an exception is named here with its reason"


def test_net_itself_is_seen() -> None:
    assert ways_out((SOURCE / "net" / "neighbour.py").read_text(encoding="utf-8")) == {"socket", "http.client"}


@pytest.mark.parametrize(
    ("text", "way"),
    [
        ("import socket", "socket"),
        ("from socket import create_connection", "socket"),
        ("import http.client as web", "http.client"),
        ("from http import client", "http.client"),
        ("from urllib import request", "urllib.request"),
        ("import urllib.request", "urllib.request"),
        ("import asyncio\nasync def f():\n    await asyncio.open_connection('a', 1)", "asyncio.open_connection"),
        ("async def f(loop):\n    await loop.create_connection(object, 'a', 1)", "create_connection"),
        ("def f():\n    from PySide6 import QtNetwork", "PySide6.QtNetwork"),
        ("import importlib\nimportlib.import_module('ssl')", "ssl"),
    ],
)
def test_every_way_of_writing_it_is_found(text: str, way: str) -> None:
    assert way in ways_out(text)


@pytest.mark.parametrize("text", ["from urllib.parse import urlsplit", "import http.cookies", "import socketless"])
def test_what_connects_to_nothing_is_let_be(text: str) -> None:
    assert ways_out(text) == set()
