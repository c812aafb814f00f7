"""Takes the words out of a PDF document with pypdf: page by page, with the pages' numbers, and nothing else.

Pictures, scripts, forms, notes about the author and files inside it are never looked at, and no address in it is
followed: the cage has no way out. What a document can cost is bounded by pypdf's own limits on streams and trees, by
ours on pages and characters, and in the end by the cage's on time and memory.
"""

from __future__ import annotations

import codecs
import contextlib
import importlib
import io
import logging
import pkgutil
import re
from dataclasses import dataclass
from typing import Final

import pypdf
from pypdf.errors import DependencyError
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject

from mistral_desk.chat.decoding.answer import Refused

_CODECS: Final = (
    *("ascii", "latin-1", "charmap", "utf-8", "utf-16", "utf-16-be", "utf-16-le", "cp1252", "mac-roman"),
    *("gbk", "gb2312", "gb18030", "cp950", "cp932"),
)
"""Of the library's own texts, and of the tables that PDF names; a codec is a file that is read when it is first needed.
"""
_UNSEEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What no text has; from a document's own tables of letters anything can come."""
_GAP: Final = re.compile(r"\n{3,}")
_ALGORITHMS: Final = ("RC4-128", "AES-128", "AES-256")


@dataclass(frozen=True)
class Document:
    """Its words. Of its `pages`, so many gave none (`blank`): pictures, empty ones, and such as cannot be read."""

    text: str
    pages: int
    blank: int


def prepare() -> None:
    """Load all of the library and use it once, because later there are no files."""
    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)  # it complains about each oddity of a document
    for module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with contextlib.suppress(ImportError):  # what stands on packages that are not here
            importlib.import_module(module.name)
    for name in _CODECS:
        codecs.lookup(name)
    read(_sample(""), 100, 1)
    for algorithm in _ALGORITHMS:
        with contextlib.suppress(DependencyError, Refused):
            read(_sample(algorithm), 100, 1)


def read(data: bytes, limit: int, most_pages: int) -> Document:
    """The words of a document; `limit` in bytes of UTF-8. Raises `Refused`: `document.locked`, `.damaged`, `.no_text`,
    `.too_many_pages`, `.too_long`.
    """
    reader, count = _opened(data, most_pages)
    parts: list[str] = []
    unread = blank = size = 0
    for number in range(count):
        place = f"{number + 1} of {count}"
        try:
            words = _plain(reader.pages[number].extract_text())
        except MemoryError:
            raise
        except Exception:  # noqa: BLE001 - whatever a damaged page makes the library stumble over
            unread += 1
            parts.append(f"[Page {place} could not be read]\n")
            continue
        blank += not words
        parts.append(f"[Page {place}]\n{words}\n" if words else f"[Page {place} has no text]\n")
        size += len(parts[-1].encode("utf-8"))
        if size > limit:
            raise Refused("document.too_long", limit=limit // 10**6, page=number + 1, pages=count)
    if unread == count:
        raise Refused("document.damaged")
    if unread + blank == count:
        raise Refused("document.no_text", pages=count)
    return Document("\n".join(parts), count, unread + blank)


def _opened(data: bytes, most_pages: int) -> tuple[pypdf.PdfReader, int]:
    """The document and how many pages it has, where it is one that everybody may read."""
    try:
        reader = pypdf.PdfReader(io.BytesIO(data))
        locked = bool(reader.is_encrypted) and not reader.decrypt("")
        count = 0 if locked else len(reader.pages)
    except MemoryError:
        raise
    except (DependencyError, NotImplementedError) as error:  # a lock that is not known here
        raise Refused("document.locked") from error
    except Exception as error:
        raise Refused("document.damaged") from error
    if locked:
        raise Refused("document.locked")
    if not count:
        raise Refused("document.damaged")
    if count > most_pages:
        raise Refused("document.too_many_pages", pages=count, limit=most_pages)
    return reader, count


def _plain(text: str) -> str:
    """Lines without what cannot be seen at their ends, and at most one empty line between them.

    A page knows no tabs: Qt, among others, tells its spaces as such.
    """
    seen = _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " "))
    return _GAP.sub("\n\n", "\n".join(line.rstrip() for line in seen.split("\n"))).strip("\n")


def _sample(algorithm: str) -> bytes:
    """A document of one word; with an `algorithm` it is locked, and anybody may open it."""
    writer, file = pypdf.PdfWriter(), io.BytesIO()
    page = writer.add_blank_page(100, 100)
    font = DictionaryObject()
    for key, value in (("Type", "Font"), ("Subtype", "Type1"), ("BaseFont", "Helvetica")):
        font[NameObject(f"/{key}")] = NameObject(f"/{value}")
    fonts = DictionaryObject({NameObject("/F"): font})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    words = DecodedStreamObject()
    words.set_data(b"BT /F 12 Tf 10 10 Td (Word) Tj ET")
    page[NameObject("/Contents")] = words.flate_encode()
    if algorithm:
        writer.encrypt("", "owner", algorithm=algorithm)
    writer.write(file)
    return file.getvalue()
