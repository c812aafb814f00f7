"""Tells plain text from everything else, and names the kinds of files that people try, so that they hear why not."""

from __future__ import annotations

import codecs
import re
from typing import Final

from mistral_desk.chat.decoding.answer import Refused

_MB: Final = 10**6
_LOOK: Final = 64 * 1024
"""Bytes that are looked at before the whole is read as text."""
_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f]")
"""Characters that no text has; a form feed and an escape for colours do occur."""
_UNSEEN_LATIN: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]")
_SVG: Final = re.compile(rb"<svg[\s>]", re.IGNORECASE)

_KNOWN: Final = (
    (re.compile(rb"%PDF-"), "pdf"),
    (re.compile(rb"....ftyp(heic|heix|hevc|heim|heis|mif1|msf1)", re.DOTALL), "heic"),
    (re.compile(rb"....ftypavi[fs]", re.DOTALL), "avif"),
    (re.compile(rb"....ftyp", re.DOTALL), "media"),
    (re.compile(rb"\x1a\x45\xdf\xa3|RIFF....AVI |\x00\x00\x01[\xb3\xba]|FLV", re.DOTALL), "film"),
    (re.compile(rb"ID3|\xff[\xfb\xf3\xf2]|OggS|fLaC|RIFF....WAVE", re.DOTALL), "recording"),
    (re.compile(rb"\xff\x0a|\x00\x00\x00\x0cJXL "), "jpeg xl"),
    (re.compile(rb"\x00\x00\x00\x0cjP  |\xff\x4f\xff\x51"), "jpeg 2000"),
    (re.compile(rb"\x00\x00[\x01\x02]\x00[^\x00]\x00"), "icon"),
    (re.compile(rb"8BPS"), "photoshop"),
    (re.compile(rb"PK\x03\x04"), "zip"),
    (re.compile(rb"\xd0\xcf\x11\xe0"), "office"),
    (re.compile(rb"\x1f\x8b|BZh|\xfd7zXZ\x00|7z\xbc\xaf|Rar!|\x28\xb5\x2f\xfd"), "archive"),
    (re.compile(rb"\x7fELF|MZ|\xcf\xfa\xed\xfe|\xca\xfe\xba\xbe"), "program"),
    (re.compile(rb"GGUF"), "model"),
    (re.compile(rb"SQLite format 3\x00"), "database"),
)
"""How files of these kinds begin, as their formats say; `attachments.kinds.FILE_KINDS` has the words for them."""


def prepare() -> None:
    """Load the codecs now: later there are no files."""
    for encoding in ("utf-8-sig", "utf-16", "utf-32", "cp1252", "latin-1"):
        codecs.getincrementaldecoder(encoding)("strict").decode("a".encode(encoding), final=True)


def read(data: bytes, limit: int) -> tuple[str, str]:
    """The text and its encoding; `limit` in bytes of the file. Raises `Refused`.

    UTF-8, then what a byte order mark says, then Latin-1 (as Windows' code page 1252 where that fits), which is a guess
    and therefore refused as soon as a character occurs that no text has. Line ends become line feeds.
    """
    start = data[:_LOOK]
    if _SVG.search(start) and start.lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"<"):
        raise Refused("attachment.svg")
    if known := next((name for begins, name in _KNOWN if begins.match(data)), ""):
        raise Refused("attachment.not_supported", kind=known)
    if len(data) > limit:
        _decoded(start, cut=True)  # something else than a text is no text that is too long
        raise Refused("attachment.text_too_long", size=-(-len(data) // _MB), limit=limit // _MB)
    text, encoding = _decoded(data)
    if not text.strip():
        raise Refused("attachment.empty")
    return text.replace("\r\n", "\n").replace("\r", "\n"), encoding


def _decoded(data: bytes, *, cut: bool = False) -> tuple[str, str]:
    for begins, encoding in _MARKS:
        if data.startswith(begins):
            text = _strict(data, "utf-8-sig" if encoding == "utf-8" else encoding, cut=cut)
            if text is None:
                raise Refused("attachment.not_a_picture")
            return _seen(text, _UNSEEN), encoding
    text = _strict(data, "utf-8", cut=cut)
    if text is not None:
        return _seen(text, _UNSEEN), "utf-8"
    text = _strict(data, "cp1252", cut=cut)
    return _seen(text if text is not None else data.decode("latin-1"), _UNSEEN_LATIN), "latin-1"


def _strict(data: bytes, encoding: str, *, cut: bool) -> str | None:
    try:
        return codecs.getincrementaldecoder(encoding)("strict").decode(data, final=not cut)
    except UnicodeDecodeError:
        return None


def _seen(text: str, unseen: re.Pattern[str]) -> str:
    if unseen.search(text):
        raise Refused("attachment.not_a_picture")
    return text
