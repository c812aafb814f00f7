"""Lines of the log in which everything that came from outside stands between marks, so that it can be taken out.

What the program says of itself (its sentences, numbers, ids of problems) may go into a report for strangers; paths,
names, addresses and other programs' words may not, and no list of secrets would ever be complete.
"""

from __future__ import annotations

import builtins
import errno
import logging
import os
import re
import sys
import traceback
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Final

from mistral_desk.core.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

_OPEN, _CLOSE = "\N{MATHEMATICAL LEFT ANGLE BRACKET}", "\N{MATHEMATICAL RIGHT ANGLE BRACKET}"
_LEFT_OUT: Final = f"{_OPEN}\N{HORIZONTAL ELLIPSIS}{_CLOSE}"
_MARKED: Final = re.compile(f"{_OPEN}([^{_OPEN}{_CLOSE}]*){_CLOSE}")
_CONTROLS: Final = {code: "\ufffd" for code in (*range(32), *range(127, 160), 0x2028, 0x2029) if code not in {9, 10}}
_DEEPER: Final = "\n    "
"""How a line goes on: nothing that is logged can look like another line."""
_HEAD: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ +\d+ [\w ()-]+ [\w.]+ \| ")
_ID: Final = re.compile(r"([a-z_]+(?:\.[a-z_]+)?)(?::|$)")
_NUMBER: Final = re.compile(r"\[(Errno|WinError) ([0-9]{1,5})\]")
OURS: Final = "mistral_desk"
_PACKAGES: Final = "site-packages"
_PLACES: Final = (OURS, _PACKAGES, "lib-dynload")
FILLED: Final = re.compile(r"%(?:\((?P<key>[^)]*)\))?(?P<form>[-#0 +]*\d*(?:\.\d+)?)(?P<kind>[a-zA-Z%])")
"""Where a sentence of the log is filled in."""
_NUMBERS: Final = frozenset({bool, int, float})
_DIGITS: Final = "diouxXeEfFgG"
"""Ways to fill in that take nothing but numbers."""
_MADE_OF: Final = (
    "PIL PySide6 Shiboken _cffi_backend anyio backports cffi click cryptography diskcache h11 httpcore2 httpx2 idna "
    "importlib_metadata jaraco jeepney jinja2 keyring latex2mathml lazy_importer llama_cpp markdown_it markupsafe "
    "mdurl more_itertools msgspec numpy platformdirs psutil pycparser pygments pypdf qasync secretstorage send2trash "
    "shiboken6 starlette truststore typing_extensions uvicorn win32ctypes ziafont ziamath zipp"
)
KNOWN: Final = sys.stdlib_module_names | {OURS, *_MADE_OF.split()}
"""Modules whose names tell nothing of a person: of Python, of this program, and of what it is made of."""
_ERRORS: Final = frozenset(name for name, kind in vars(builtins).items() if isinstance(kind, type))


class Marking(logging.Formatter):
    """`time LEVEL process thread logger | message`; what was filled in is marked, further lines are indented.

    Only a sentence of this program's loggers is one of ours; of another library's everything is marked.
    """

    def format(self, record: logging.LogRecord) -> str:  # noqa: D102 - the library's name
        head = f"{self.formatTime(record)} {record.levelname:<7} {record.process} {record.threadName} {record.name}"
        lines = [f"{head.translate(_CONTROLS)} | {_said(record)}"]
        if record.exc_info and record.exc_info[1] is not None:
            lines += _trace(record.exc_info[1])
        return "\n".join(lines).translate(_CONTROLS).replace("\n", _DEEPER)


def told(log: str) -> tuple[list[str], int]:
    """The lines of a log without what was marked, and how many were left out because nothing is known of them.

    Ids of problems, kinds of errors and the system's numbers for them are kept: they are lists of ours, or its. What
    stands behind a line that is none of ours belongs to it. It never raises: else there would be no report at all.
    """
    records, unknown = list[list[str]](), 0
    ours = False
    for line in log.split("\n"):
        if _HEAD.match(line):
            records.append([line])
            ours = True
        elif ours and line.startswith(_DEEPER[1:]):
            records[-1].append(line)
        else:
            ours = False
            unknown += bool(line)
    plain = []
    for lines in records:
        try:
            plain.append("\n".join(_plain(lines)))
        except Exception:  # noqa: BLE001 - whatever a line does, the others are told
            unknown += len(lines)
    return plain, unknown


def _plain(lines: list[str]) -> Iterator[str]:
    whole = _MARKED.sub(lambda found: _kept(found[1]), "\n".join(lines))
    if _OPEN in whole.replace(_LEFT_OUT, "") or _CLOSE in whole.replace(_LEFT_OUT, ""):
        head = _HEAD.match(whole)
        whole = f"{head[0] if head else ''}{_LEFT_OUT}"
    yield from whole.split("\n")


def _kept(text: str) -> str:
    if (found := _ID.match(text)) and found[1] in MESSAGES:
        return found[1]
    if text in _ERRORS:
        return text
    if found := _NUMBER.match(text):
        number = int(found[2])
        if found[1] == "WinError":
            return found[0]
        return f"{found[0]} {os.strerror(number)}" if number in errno.errorcode else _LEFT_OUT
    return _LEFT_OUT


def _marked(text: str) -> str:
    return f"{_OPEN}{text.replace(_OPEN, '<').replace(_CLOSE, '>')}{_CLOSE}"


def _said(record: logging.LogRecord) -> str:
    """The sentence. Whatever a value becomes in it is marked as it stands there: no way to fill it in, `%a` and bounds
    of length among them, takes the marks along. Only numbers have none.
    """
    words, given = record.msg, record.args
    if record.name.partition(".")[0] != OURS or not isinstance(words, str):
        return _marked(record.getMessage())
    if not given:
        return words
    rest = iter(given if isinstance(given, tuple) else (given,))

    def filled(found: re.Match[str]) -> str:
        if found["kind"] == "%":
            return "%"
        value = given[found["key"]] if found["key"] and isinstance(given, Mapping) else next(rest)
        text = f"%{found['form']}{found['kind']}" % (value,)
        return text if type(value) in _NUMBERS or found["kind"] in _DIGITS else _marked(text)

    try:
        return FILLED.sub(filled, words)
    except (TypeError, ValueError, LookupError, StopIteration):  # it does not fit, and is said nevertheless
        return _marked(f"{words} {given}")


def _trace(error: BaseException) -> list[str]:
    """The errors that led to one another, the first one first, as Python tells them but for what they say."""
    chain: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in chain:
        chain.append(now)
        now = now.__cause__ or (None if now.__suppress_context__ else now.__context__)
    lines = []
    for one in reversed(chain):
        lines.append("Traceback (most recent call last):")
        lines += [line for frame in traceback.extract_tb(one.__traceback__) for line in _frame(frame)]
        lines.append(f"{_kind(type(one))}: {_marked(_words(one))}")
    return lines


def _kind(kind: type[BaseException]) -> str:
    """What an error is called; in code that is not of this program, of Python and of what is locked, by nobody."""
    if kind.__module__ == "builtins":
        return kind.__qualname__ if kind.__qualname__ in _ERRORS else _marked(kind.__qualname__)
    name = f"{kind.__module__}.{kind.__qualname__}"
    return name if str(kind.__module__).partition(".")[0] in KNOWN else _marked(name)


def _frame(frame: traceback.FrameSummary) -> Iterator[str]:
    """Where it was; code that is in no file (a template's) is somebody else's, and so is a package of their own."""
    parts = PurePath(frame.filename).parts
    begin = max((len(parts) - parts[::-1].index(place) - 1 for place in _PLACES if place in parts), default=None)
    if begin is not None and parts[begin] == _PACKAGES:
        known = any(part.partition(".")[0] in KNOWN for part in parts[begin + 1 : begin + 2])
    else:
        known = begin is not None or frame.filename.startswith(os.__file__.rpartition(os.sep)[0])
    if not known:
        yield f"  File {_marked(frame.filename)}, line {frame.lineno}, in {_marked(frame.name)}"
        return
    place = "/".join(parts[begin:] if begin is not None else parts[-2:])
    yield f'  File "{place}", line {frame.lineno}, in {frame.name}'
    if frame.line:
        yield f"    {frame.line}"


def _words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - an error about an error would lose the first one
        return "?"
