"""`mistral-desk --self-test`: does this very program work, with everything that came with it? One JSON document.

A window that opens proves nothing: a bundle can look whole while its worker cannot load a library. So this door goes
through all others once, in a folder of its own that is gone afterwards; the person's folders are never touched.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import os
import platform
import re
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec
from PIL import Image

from mistral_desk import __version__
from mistral_desk.catalog.store import open_catalogue
from mistral_desk.chat.attachments import Pixels, TextFile, take_in
from mistral_desk.chat.history import History
from mistral_desk.chat.message import Part
from mistral_desk.chat.parts import lookup, picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.prompting import turn_of
from mistral_desk.cli.output import use_utf8
from mistral_desk.core import build
from mistral_desk.core.components import components
from mistral_desk.core.paths import folders, resource
from mistral_desk.inference.child import environment, own_command
from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.projector_file import LONG_SIDE
from mistral_desk.inference.protocol import Piece, Sampling, Turn
from mistral_desk.net.client import authorities
from mistral_desk.net.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from mistral_desk.inference.protocol import Hello

QUESTION: Final = ("What is 7 plus 8?", "15")
"""Asked, and what must be in the answer: the built-in model is known to say so."""
PICTURE_QUESTION: Final = ("What is in this picture?", "circle")
PICTURES: Final = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
"""The kinds of pictures that the program says it takes."""
_WINDOW_S: Final = 120.0
_CHILD_S: Final = 60.0
_SIDE: Final = 160


class Check(msgspec.Struct, frozen=True):
    """One part of the program; `said` is what it answered, or why it does not work."""

    name: str
    ok: bool
    seconds: float
    said: str


class Result(msgspec.Struct, frozen=True):
    """All of it. `backends` are the engine's parts in use, `devices` what they compute on."""

    ok: bool
    version: str
    build: str
    frozen: bool
    system: str
    backends: tuple[str, ...]
    devices: tuple[str, ...]
    cage: tuple[str, ...]
    checks: tuple[Check, ...]


def main(words: Sequence[str]) -> int:
    """Run every check; 0 when all are well, 1 when one is not, 2 for wrong use.

    The result goes to stdout; with a file's name into that file (a program with a window has no stdout on Windows). The
    window is drawn without a display. A second file takes its picture, and then the window opens on the display that
    there is, if there is one.
    """
    if len(words) > 2 or any(word.startswith("-") for word in words):
        sys.stderr.write("mistral-desk --self-test [FILE.json [PICTURE.png]]\n")
        return 2
    use_utf8()
    file, picture = (*(Path(word).absolute() for word in words), None, None)[:2]
    with tempfile.TemporaryDirectory(prefix="mistral-desk-self-test-", ignore_cleanup_errors=True) as home:
        os.environ["MISTRAL_DESK_HOME"] = home
        result = asyncio.run(_Tests(Path(home), picture).run())
    text = msgspec.json.format(msgspec.json.encode(result), indent=1).decode() + "\n"
    if file:
        file.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0 if result.ok else 1


class _Tests:
    """The checks, one after the other; one that fails does not keep the others from being made."""

    def __init__(self, home: Path, picture: Path | None) -> None:
        self._home = home
        self._picture = picture
        self._made: list[Check] = []
        self._engine = Engine()
        self._hello: Hello | None = None

    async def run(self) -> Result:
        """All of them."""
        folders().ensure()
        await self._check("engine", self._load)
        await self._check("answer", self._answer)
        await self._check("picture", self._see)
        await self._check("files", self._files)
        cage = self._engine.cage
        with contextlib.suppress(Exception):  # said by the checks before, if it is of any importance
            await self._engine.close()
        await self._check("database", self._database)
        for name, work in (
            ("catalog", self._catalog),
            ("keyring", self._keyring),
            ("formulas", self._formulas),
            ("connections", self._connections),
            ("licences", self._licences),
            ("guide", self._guide),
            ("window", self._window),
        ):
            await self._check(name, lambda work=work: asyncio.to_thread(work))  # type: ignore[misc]
        hello = self._hello
        return Result(
            ok=all(check.ok for check in self._made),
            version=__version__,
            build=build.build(),
            frozen=bool(getattr(sys, "frozen", False)),
            system=platform.platform(),
            backends=hello.backends if hello else (),
            devices=tuple(f"{one.name}: {one.description}" for one in hello.devices) if hello else (),
            cage=cage.by if cage else (),
            checks=tuple(self._made),
        )

    async def _check(self, name: str, work: Callable[[], Awaitable[str]]) -> None:
        began = time.perf_counter()
        try:
            said, ok = await work(), True
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the result
            said, ok = f"{type(error).__name__}: {error}", False
        self._made.append(Check(name, ok, round(time.perf_counter() - began, 3), said))

    # --- the worker -------------------------------------------------------------------------------------

    async def _load(self) -> str:
        model = await self._engine.ensure(ModelSpec(str(resource("model", "guide.gguf")), context=2048))
        self._hello = hello = self._engine.hello
        if hello is None:
            raise RuntimeError("the worker said nothing of itself")
        if not model.sees:
            raise RuntimeError(f"the built-in model does not see: {model.blind}")
        return f"llama-cpp-python {hello.llama_cpp}; {hello.system}"

    async def _answer(self) -> str:
        asked, wanted = QUESTION
        return _with(wanted, await self._asked(Turn("user", asked), PicturesInMemory()))

    async def _see(self) -> str:
        drawn = await take_in(_drawing(_SIDE), "circle.png", LONG_SIDE)
        if not isinstance(drawn, Pixels):
            raise TypeError("a picture was taken for a text")
        pictures = PicturesInMemory()
        asked, wanted = PICTURE_QUESTION
        turn = turn_of([picture_part(await pictures.put(drawn), drawn.name), Part("text", asked)])
        return _with(wanted, await self._asked(turn, pictures))

    async def _files(self) -> str:
        """Every kind of file that a person may attach: each is decoded by a library of its own."""
        drawn = Image.open(io.BytesIO(_drawing(_SIDE)), formats=("PNG",))
        files = [(kind, io.BytesIO()) for kind in PICTURES]
        for kind, held in files:
            drawn.save(held, kind)
        given = [(kind, held.getvalue()) for kind, held in files] + [("PDF", _page("needle"))]
        found = await asyncio.gather(*(take_in(data, f"it.{kind.lower()}", LONG_SIDE) for kind, data in given))
        for (kind, _data), one in zip(given, found, strict=True):
            right = (one.width, one.height) == (_SIDE, _SIDE) if isinstance(one, Pixels) else "needle" in one.text
            if not right or isinstance(one, TextFile) != (kind == "PDF"):
                raise RuntimeError(f"a file of the kind {kind} came out wrong")
        return f"{', '.join(PICTURES)}, PDF"

    async def _asked(self, turn: Turn, pictures: PicturesInMemory) -> str:
        said = ""
        answer = self._engine.generate((turn,), "none", Sampling(temperature=0.0), 64, lookup(pictures))
        async with contextlib.aclosing(answer) as events:
            async for event in events:
                if isinstance(event, Piece) and event.kind == "text":
                    said += event.text
        return said.strip()

    # --- what lies on the disk --------------------------------------------------------------------------

    async def _database(self) -> str:
        history, problem = await History.open(folders().history)
        try:
            if problem:
                raise RuntimeError(f"a new database is not as it should be: {problem}")
            await history.begin_turn(None, "A needle in the haystack")
            await history.indexed()
            found = await history.search("needle")
            if not found.hits:
                raise RuntimeError("the search did not find what was written")
        finally:
            await history.close()
        return f"{folders().history.stat().st_size} bytes"

    def _catalog(self) -> str:
        catalogue = open_catalogue(folders().cache)
        if not catalogue.records or catalogue.set_aside:
            raise RuntimeError(f"{len(catalogue.records)} models, {len(catalogue.set_aside)} cannot be read")
        return f"{len(catalogue.records)} models"

    def _keyring(self) -> str:
        """Only looked at: a keyring of a person's is not written to by a test, and one that is missing is allowed."""
        import keyring  # noqa: PLC0415 - a part of what is tried

        kind = type(keyring.get_keyring())
        return f"{kind.__module__}.{kind.__qualname__}; a token comes from: {Secrets().where('self-test')}"

    # --- the other doors --------------------------------------------------------------------------------

    def _formulas(self) -> str:
        line = b'{"id": 1, "latex": "\\\\frac{a}{b}", "size": 16, "display": true}\n'
        ended = subprocess.run(own_command("--formulas"), check=True, input=line, capture_output=True, timeout=_CHILD_S)
        svg = msgspec.json.decode(ended.stdout)["svg"]
        return f"{len(svg)} characters of SVG"

    def _connections(self) -> str:
        """Nothing is connected to. No certificates at all is how a bare container is, and is only said."""
        return f"{authorities()} certificate authorities that the system trusts"

    def _guide(self) -> str:
        page = resource("guide", "README.md")
        shown = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", page.read_text(encoding="utf-8"))
        for name in shown:
            with Image.open(page.parent / name) as picture:
                picture.verify()
        return f"{len(shown)} pictures"

    def _licences(self) -> str:
        found = components()
        if without := [part.name for part in found if len(part.text()) < 100]:
            raise RuntimeError(f"no licence's text of {', '.join(without)}")
        return f"{len(found)} parts"

    def _window(self) -> str:
        picture = self._picture or self._home / "window.png"
        more = {} if self._picture else {"QT_QPA_PLATFORM": "offscreen"}
        began = time.perf_counter()
        ended = subprocess.run(
            own_command("--screenshot", str(picture)),
            check=False,
            capture_output=True,
            timeout=_WINDOW_S,
            env=environment() | more,
        )
        took = time.perf_counter() - began
        said = (ended.stdout + ended.stderr).decode("utf-8", "replace").strip()
        if ended.returncode or not picture.is_file():
            raise RuntimeError(f"status {ended.returncode}: {said[-600:]}")
        head = picture.read_bytes()[:24]
        width, height = struct.unpack(">II", head[16:24])
        return f"{width} x {height} pixels, {took:.2f} s with the model's loading"


def _with(wanted: str, said: str) -> str:
    if wanted not in said.casefold():
        raise RuntimeError(f"it said {said!r}, which has no {wanted!r}")
    return said


def _drawing(side: int) -> bytes:
    """A red circle on white as a PNG file in its smallest form: rows of filter 0, three chunks."""
    centre, radius = side / 2, side * 0.32
    rows = bytearray()
    for y in range(side):
        rows.append(0)
        for x in range(side):
            inside = (x - centre) ** 2 + (y - centre) ** 2 <= radius**2
            rows += b"\xd0\x20\x20" if inside else b"\xff\xff\xff"

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(rows), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def _page(word: str) -> bytes:
    """A PDF file of one page with a word on it, in its smallest form: five objects and where they begin."""
    shown = f"BT /F 24 Tf 72 700 Td ({word}) Tj ET".encode()
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    made, places = b"%PDF-1.4\n", []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj%s\nendobj\n" % (number, body)
    table = b"xref\n0 6\n0000000000 65535 f \n" + b"".join(b"%010d 00000 n \n" % place for place in places)
    return made + table + b"trailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(made)
