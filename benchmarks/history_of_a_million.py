"""Makes a history of 10,000 conversations with 1,000,000 messages, once, in the system's temporary folder.

The texts are lines of English from the comments and texts of Python's own library, beside lines of Chinese characters
drawn as often as characters are; so words and letters are about as frequent as people write them.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import random
import re
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.chat import backups, rows
from mistral_desk.chat.database import connect, prepare
from mistral_desk.chat.message import ConversationSettings, Part
from mistral_desk.chat.schema import MIGRATIONS

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

CHATS: Final = int(os.environ.get("MISTRAL_DESK_BENCH_CHATS", "10000"))
EACH: Final = 100
RARE: Final = "quetzalcoatlus"
"""Stands in five messages, thousands of chats apart."""
CHINESE: Final = "".join(chr(0x4E00 + number * 7) for number in range(2500))
_BEGAN: Final = 1_650_000_000.0
_SECONDS_BETWEEN: Final = 90.0
_PROSE: Final = re.compile(r"^(#|[A-Z][a-z]+ [a-z]+ [a-z]+ )")


def path() -> Path:
    """The file; made when it is not there yet, which takes minutes."""
    name = f"million-{len(MIGRATIONS)}-{CHATS}-{sys.version_info.major}.{sys.version_info.minor}"
    folder = Path(tempfile.gettempdir(), "mistral-desk-benchmarks", name)
    made = folder / "history.sqlite3"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        part = folder / f"making-{os.getpid()}.sqlite3"
        try:
            _make(part)
            part.replace(made)
        finally:
            for left in folder.glob(f"{part.name}*"):
                left.unlink(missing_ok=True)
    copies = backups.folder_of(made)
    copies.mkdir(exist_ok=True)
    (copies / "daily-of-the-benchmark.sqlite3").touch()  # so that no copy is made while something is measured
    return made


def english() -> list[str]:
    """Lines of prose, in a fixed order."""
    found = []
    top = Path(sysconfig.get_paths()["stdlib"])
    for file in sorted(top.glob("*.py")):
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            plain = line.strip()
            if _PROSE.match(plain) and len(plain) > 30:
                found.append(plain.lstrip("# "))
    return found


def _make(part: Path) -> None:
    part.touch()
    begun = time.monotonic()
    with contextlib.closing(connect(part)) as connection:
        prepare(connection, None, lambda _: None)
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -200000")
        lines = english()
        for first in range(0, CHATS, 100):
            connection.execute("BEGIN IMMEDIATE")
            for number in range(first, min(first + 100, CHATS)):
                _chat(connection, number, lines)
            connection.execute("COMMIT")
            if first % 1000 == 0:
                print(f"{first} of {CHATS} chats after {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _chat(connection: sqlite3.Connection, number: int, lines: list[str]) -> None:
    draw = random.Random(number)
    began = _BEGAN + number * EACH * _SECONDS_BETWEEN
    texts = _texts(draw, lines)
    title = next(texts)[:60]
    key = rows.insert_conversation(connection, title, began, ConversationSettings())
    above: int | None = None
    for turn in range(EACH):
        text = next(texts)
        if turn == EACH // 2 and number % (CHATS // 5 or 1) == 0:
            text += f" {RARE}"
        role = "assistant" if turn % 2 else "user"
        new = rows.NewMessage(role, [Part("text", text)], "", "none", "stop" if turn % 2 else "")  # type: ignore[arg-type]
        above = rows.insert_message(connection, key, above, new, began + turn * _SECONDS_BETWEEN)


def _texts(draw: random.Random, lines: list[str]) -> Iterator[str]:
    """Questions of one line, answers of up to eight; every tenth chat is Chinese."""
    chinese = draw.random() < 0.1
    weights = list(itertools.accumulate(1 / (place + 3) for place in range(len(CHINESE)))) if chinese else []
    for turn in itertools.count():
        count = 1 if turn % 2 else draw.randint(1, 8)
        if chinese:
            yield "\n".join("".join(draw.choices(CHINESE, cum_weights=weights, k=25)) for _ in range(count))
        else:
            yield "\n".join(draw.choice(lines) for _ in range(count))
