"""The decode child's life: imports, locks itself in, reads a file from stdin, answers on stdout, ends.

It opens no path, and not one byte of the file is read before the cage is closed.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Final

from mistral_desk.chat.decoding import pictures, texts
from mistral_desk.chat.decoding.answer import Head, Refused, Task, framed
from mistral_desk.inference.sandbox import decoder

_PIECE: Final = 1024 * 1024
_LONGEST_TASK: Final = 4096


def main() -> int:
    """Do the one task; the exit status is 0 also when the file is refused, which is an answer like another."""
    if sys.platform == "win32":
        import msvcrt  # noqa: PLC0415

        msvcrt.setmode(0, os.O_BINARY)
        msvcrt.setmode(1, os.O_BINARY)
    task: Task = json.loads(_line())
    if task["document"]:
        from mistral_desk.chat.decoding import documents  # noqa: PLC0415 - half of what a picture takes to decode

        documents.prepare()
    else:
        pictures.prepare()
        texts.prepare()
    by, refused, allowed = decoder.lock_in(task["memory"], task["seconds"])
    cage: Head = {"by": by, "refused": refused, "allowed": allowed}
    try:
        head, body = _understood(_rest(), task)
    except Refused as answer:
        head, body = {"problem": answer.id, "params": answer.params}, b""
    except MemoryError:
        head, body = {"problem": "attachment.no_memory", "params": {}}, b""
    _write(framed({**head, "bytes": len(body), "cage": cage}))
    _write(body)
    os._exit(0)  # nothing here needs to be put in order


def _understood(data: bytes, task: Task) -> tuple[Head, bytes]:
    if not data:
        raise Refused("attachment.empty")
    if task["document"]:
        from mistral_desk.chat.decoding import documents  # noqa: PLC0415 - it is there already

        found = documents.read(data, task["text_bytes"], task["pages"])
        said: Head = {"kind": "text", "encoding": "utf-8", "pages": found.pages, "blank": found.blank}
        return said, found.text.encode("utf-8")
    if kind := pictures.kind(data):
        picture = pictures.decoded(data, kind, task["long_side"], task["pixels"])
        head: Head = {"kind": "pixels", "width": picture.width, "height": picture.height, "original": picture.original}
        return head, picture.rgb
    text, encoding = texts.read(data, task["text_bytes"])
    return {"kind": "text", "encoding": encoding}, text.encode("utf-8")


def _line() -> bytes:
    """The first line of stdin, byte by byte: what follows is not to be read yet."""
    line = bytearray()
    while len(line) < _LONGEST_TASK and not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            break
        line += byte
    return bytes(line)


def _rest() -> bytes:
    pieces = []
    while piece := os.read(0, _PIECE):
        pieces.append(piece)
    return b"".join(pieces)


def _write(data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(1, view) :]
