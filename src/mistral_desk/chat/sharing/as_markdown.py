"""A conversation as Markdown: one heading of the first level, one of the second for each message, nothing else above
the third; pictures are files beside it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from mistral_desk.chat.parts import read_file, read_picture
from mistral_desk.chat.sharing.reading import contained, fenced, normal
from mistral_desk.chat.sharing.shared import moment, remark, speaker, title_of
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from mistral_desk.chat.message import Message, Part
    from mistral_desk.chat.sharing.shared import Job, Shared

_MEANING: Final = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>#!|~"})


def write(shared: Shared, job: Job) -> None:
    """Write the branch that is shown. Raises `StoppedError` and `OSError`."""
    pictures = _pictures(shared, job)  # before the text: in an archive only one file is written at a time
    job.write(f"# {plain(title_of(shared))}\n\n")
    if when := moment(shared.conversation.created):
        job.write(f"*{plain(when)}*\n\n")
    if shared.settings.system.strip():
        job.write(f"## {plain(tr('Instructions'))}\n\n{contained(shared.settings.system)}\n")
    for number, message in enumerate(shared.messages):
        job.go_on(number / len(shared.messages))
        _message(message, job, pictures)


def plain(text: str) -> str:
    """A line of ours in which nothing has a meaning."""
    return " ".join(normal(text).split()).translate(_MEANING)


def _pictures(shared: Shared, job: Job) -> dict[str, str]:
    """Address of each picture beside the document, by the body of its part."""
    kept: dict[str, str] = {}
    if job.aside is None:
        return kept
    for message in shared.messages:
        for part in message.parts:
            if part.kind == "image" and part.body not in kept:
                job.go_on()
                png, body = job.png(part), read_picture(part)
                if png is not None and body is not None:
                    kept[part.body] = job.aside(body.name, png)
    return kept


def _message(message: Message, job: Job, pictures: dict[str, str]) -> None:
    job.write(f"## {plain(speaker(message))}\n\n")
    if when := moment(message.created):
        job.write(f"*{plain(when)}*\n\n")
    for part in message.parts:
        job.write(_part(part, pictures, thinking=job.wish.thinking))
    if words := remark(message):
        job.write(f"*{plain(words)}*\n\n")


def _part(part: Part, pictures: dict[str, str], *, thinking: bool) -> str:
    match part.kind:
        case "thinking":
            if not thinking or not part.body.strip():
                return ""
            inner = f"**{plain(tr('Thoughts'))}**\n\n{contained(part.body)}"
            return "".join(f"> {line}".rstrip() + "\n" for line in inner.rstrip().split("\n")) + "\n"
        case "image":
            body = read_picture(part)
            name = plain(body.name if body and body.name else tr("Picture"))
            address = pictures.get(part.body)
            if address is None:
                return f"*{plain(tr('Picture'))}: {name}*\n\n"
            return f"![{name}]({quote(address)})\n\n"
        case "file":
            file = read_file(part)
            if file is None:
                return ""
            return f"**{plain(tr('File: {name}', name=file.name))}**\n\n{fenced(normal(file.text))}\n"
        case _:
            return f"{contained(part.body)}\n" if part.body.strip() else ""
