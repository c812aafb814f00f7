"""All that reads what others wrote, as functions of bytes: each may refuse in its own words, and do nothing else.

To add one: a function, a line in `TARGETS`, and a folder with a few good inputs in `corpus/`. What a campaign
finds goes into that folder too, so that every later run begins with it.
"""

from __future__ import annotations

import atexit
import contextlib
import io
import shutil
import tempfile
import warnings
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import gguf, hub, hub_files, listing, record
from mistral_desk.catalog.claims import header_facts
from mistral_desk.chat.decoding import documents, pictures, texts
from mistral_desk.chat.decoding.answer import Refused
from mistral_desk.chat.sharing import sources
from mistral_desk.chat.sharing.reading import contained
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import ALL, Settings
from mistral_desk.fit import read as fit_read
from mistral_desk.inference import frames, model_file, projector_file
from mistral_desk.inference.fitting.wish_file import WishFile
from mistral_desk.inference.protocol import Failed
from mistral_desk.library import adopted_file, journal, orders, shelf_file
from mistral_desk.net.asking import Reply
from mistral_desk.net.endpoints import chunks, sse, store
from mistral_desk.net.ledger import Ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SHARING: Final = ("sources", "splitting", "own", "chatgpt", "chatgpt_content")
_LISTS: Final = ("journal", "shelf_file", "adopted_file", "orders")
CORPUS: Final = Path(__file__).with_name("corpus")


@dataclass(frozen=True)
class Target:
    """`reads` takes the bytes and raises only what nobody expects; `modules` are what a fuzzer watches the ways of."""

    reads: Callable[[bytes], None]
    modules: tuple[str, ...]
    largest: int = 8192

    def corpus(self, name: str) -> list[Path]:
        """The inputs that every run begins with."""
        return sorted((CORPUS / name).iterdir())


def _gguf(data: bytes) -> None:
    path = _place() / "model.gguf"
    with contextlib.suppress(gguf.NotGgufError, gguf.TruncatedError, gguf.DamagedError, DeskError):
        header = gguf.read_header(lambda at, count: data[at : at + count], len(data))
        header_facts(header, "acme/tiny/model.gguf")
        with contextlib.suppress(DeskError):
            projector_file._check(header, path)
        with contextlib.suppress(DeskError):
            fit_read.shape_of(header)
        path.write_bytes(data)
        try:
            model_file.inspect(path)
        except DeskError as error:
            frames.frame(Failed(1, error.problem))  # so it travels from the worker


def _record(data: bytes) -> None:
    with contextlib.suppress(DeskError):
        found = record.read(data)
        record.body(found)
        record.when_to_pick_something_else(found)


def _list(data: bytes) -> None:
    with contextlib.suppress(DeskError):
        listing.listed(data)
    listing.changes(data)


def _hub(data: bytes) -> None:
    reply = Reply(200, {}, data, "https://example.org/api/models")
    for read in (hub._found, hub._commit):
        with contextlib.suppress(DeskError):
            read(reply)
    with contextlib.suppress(DeskError):
        files = hub._files(reply, 1000)
        hub_files.arranged("acme/tiny", "a" * 40, files)


def _chats(data: bytes) -> None:
    with contextlib.suppress(DeskError):
        stream, size = io.BytesIO(data), len(data) or 1
        for one in sources._document(stream, "chats.json", size, (0, 1), _bring, lone=True, most=None):
            if one.chat is not None:
                list(one.bring({"a" * 64}))


def _bring(_wanted: set[str]) -> Iterator[tuple[str, str, bytes]]:
    return iter(())


def _archive(data: bytes) -> None:
    path = _place() / "export.zip"
    path.write_bytes(data)
    with contextlib.suppress(DeskError):
        for _ in sources.arrivals(path):
            pass


def _frame(data: bytes) -> None:
    stream = io.BytesIO(data)
    with contextlib.suppress(frames.ProtocolError):
        while (body := frames.read_frame(stream.read)) is not None:
            for decode in (frames.decode_event, frames.decode_command):
                with contextlib.suppress(frames.ProtocolError):
                    decode(body)


def _stream(data: bytes) -> None:
    """Of an endpoint, cut into two pieces somewhere."""
    events, at = sse.Events(), len(data) // 2
    with contextlib.suppress(sse.TooMuchError):
        for told in (*events.feed(data[:at]), *events.feed(data[at:]), *events.end()):
            with contextlib.suppress(chunks.NotOneError):
                chunks.read(told)


def _markdown(data: bytes) -> None:
    from mistral_desk.ui.chat.markdown import blocks_of

    text = data.decode("utf-8", "replace")
    blocks_of(text)
    contained(text)


def _formula(data: bytes) -> None:
    """Whatever the setter raises, the formula child answers that it stays source; it may not hang or end."""
    with contextlib.suppress(Exception):
        _setter()(data.decode("utf-8", "replace"), 16.0, display=bool(len(data) % 2))


@cache
def _setter() -> Callable[..., str]:
    from mistral_desk.chat.formulas.child import _setter as made

    return made()


@cache
def _ready() -> None:
    """As in the child, which nobody hears a warning of."""
    pictures.prepare()
    documents.prepare()
    warnings.simplefilter("ignore", UserWarning)


def _picture(data: bytes) -> None:
    _ready()
    with contextlib.suppress(Refused, MemoryError):
        if kind := pictures.kind(data):
            found = pictures.decoded(data, kind, 512, 1 << 20)
            if len(found.rgb) != 3 * found.width * found.height:
                raise AssertionError("pixels that do not fit their size")


def _paper(data: bytes) -> None:
    _ready()
    with contextlib.suppress(Refused, MemoryError):
        documents.read(data, 1 << 16, 20)


def _text(data: bytes) -> None:
    with contextlib.suppress(Refused):
        texts.read(data, 1 << 16)


def _settings(data: bytes) -> None:
    path = _place() / "settings.json"
    path.write_bytes(data)
    settings, _ = Settings.open(path)
    for one in ALL:
        one.check(settings.get(one))


def _sidecar(data: bytes) -> None:
    path = _place() / "list"
    path.write_bytes(data)
    journal.read(path)
    shelf_file.load(path)
    for load in (adopted_file.load, orders.load):
        path.write_bytes(data)  # one that makes no sense was set aside
        load(path)
    path.write_bytes(data)
    Ledger(path).look_again()
    path.write_bytes(data)
    store.read(path)
    wishes = _place() / "model-wishes.json"
    wishes.write_bytes(data)
    WishFile.open(_place())


@cache
def _kept() -> Path:
    folder = tempfile.mkdtemp(prefix="fuzz-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


def _place() -> Path:
    """A folder for one file at a time; what was set aside there goes."""
    folder = _kept()
    for left in folder.iterdir():
        left.unlink()
    return folder


def _in(*names: str) -> tuple[str, ...]:
    return tuple(f"mistral_desk.{name}" for name in names)


TARGETS: Final = {
    "gguf": Target(
        _gguf,
        _in("catalog.gguf", "catalog.claims", "fit.read", "inference.projector_file", "inference.model_file"),
    ),
    "record": Target(_record, _in("catalog.record", "catalog.leaves", "catalog.amount", "catalog.passage")),
    "list": Target(_list, _in("catalog.listing")),
    "hub": Target(_hub, _in("catalog.hub", "catalog.hub_files", "catalog.parts")),
    "chats": Target(_chats, _in(*(f"chat.sharing.{name}" for name in _SHARING))),
    "archive": Target(_archive, _in("chat.sharing.archive", "chat.sharing.sources")),
    "frame": Target(_frame, _in("inference.frames")),
    "stream": Target(_stream, _in("net.endpoints.sse", "net.endpoints.chunks")),
    "markdown": Target(_markdown, _in("ui.chat.markdown", "ui.chat.rules", "ui.chat.inlines", "chat.sharing.reading")),
    "formula": Target(_formula, ("ziamath", "latex2mathml"), 200),
    "picture": Target(_picture, _in("chat.decoding.pictures")),
    "paper": Target(_paper, (*_in("chat.decoding.documents"), "pypdf")),
    "text": Target(_text, _in("chat.decoding.texts")),
    "settings": Target(_settings, _in("core.settings", "core.setting_kinds")),
    "sidecar": Target(_sidecar, _in(*(f"library.{name}" for name in _LISTS), "net.ledger", "net.endpoints.store")),
}
