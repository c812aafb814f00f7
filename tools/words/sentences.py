"""Finds every sentence for people in the code: by its syntax, and in the two tables of `core` that declare texts.

Calls of `tr`, `trn`, `trc` and `mark` must hold plain strings: what is put together while running cannot be translated.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from mistral_desk.core import settings
from mistral_desk.core.errors import PHRASES
from mistral_desk.core.message_text import Counted
from mistral_desk.core.messages import MESSAGES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEXTS: Final = {"tr": 1, "mark": 1, "trn": 2, "trc": 2}
"""How many strings each function begins with."""
LATE: Final = frozenset({"tr"})
"""May be handed a variable, where a constant was marked."""


@dataclass
class Sentence:
    """One entry for translators: where it stands, its plural and its context, where it has them."""

    text: str
    plural: str = ""
    context: str = ""
    places: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The key of gettext's binary form."""
        start = f"{self.context}\x04{self.text}" if self.context else self.text
        return f"{start}\0{self.plural}" if self.plural else start


def collect(root: Path) -> tuple[list[Sentence], list[str]]:
    """All sentences of the program, in the order of the files, and what was wrong with a call."""
    found: dict[str, Sentence] = {}
    faults: list[str] = []
    for sentence in (*_declared(), *_called(root, faults)):
        if sentence.key in found:
            found[sentence.key].places += sentence.places
        else:
            found[sentence.key] = sentence
    return list(found.values()), faults


def _declared() -> Iterator[Sentence]:
    place = ["src/mistral_desk/core/messages.py"]
    for message in MESSAGES.values():
        for text in message:
            if isinstance(text, Counted):
                yield Sentence(text.one, plural=str(text), places=[*place])
            elif text:
                yield Sentence(text, places=[*place])
    place = ["src/mistral_desk/core/settings.py"]
    for setting in settings.ALL:
        yield Sentence(setting.label, places=[*place])
        yield Sentence(setting.help, places=[*place])
        if isinstance(setting, settings.Choice) and setting is not settings.LANGUAGE:
            for label in setting.choices.values():
                yield Sentence(label, places=[*place])
        if isinstance(setting, settings.Whole) and any(map(str.isalpha, setting.unit)):
            yield Sentence(setting.unit, places=[*place])
        if isinstance(setting, settings.Whole) and setting.automatic:
            yield Sentence(setting.zero, places=[*place])


def _called(root: Path, faults: list[str]) -> Iterator[Sentence]:
    for path in sorted((root / "src").rglob("*.py")):
        name = path.relative_to(root).as_posix()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), name)):
            if isinstance(node, ast.Call):
                yield from calls(node, name, faults)
                yield from phrases(node, name)


def phrases(node: ast.Call, name: str) -> Iterator[Sentence]:
    """Words of ours that a problem carries as parameters: `DeskError("…", reason="no context")`."""
    if getattr(node.func, "id", "") not in {"DeskError", "Problem"}:
        return
    given = [(one.arg, one.value) for one in node.keywords]
    for part in node.args:
        if isinstance(part, ast.Dict):
            given += [(getattr(key, "value", None), value) for key, value in zip(part.keys, part.values, strict=True)]
    for parameter, value in given:
        if parameter in PHRASES and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield Sentence(value.value, places=[name])


def calls(node: ast.Call, name: str, faults: list[str]) -> Iterator[Sentence]:
    """The sentence of one call, if it is a call of ours."""
    function = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    count = TEXTS.get(function)
    if count is None:
        return
    texts = [one.value for one in node.args[:count] if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    if len(texts) < count:
        plain = not any(isinstance(one, ast.JoinedStr | ast.BinOp) for one in node.args[:count])
        if (function not in LATE and not name.endswith("core/words.py")) or not plain:
            faults.append(f"{name}:{node.lineno}: {function}() needs plain strings")
        return
    if function == "trn":
        yield Sentence(texts[0], plural=texts[1], places=[name])
    elif function == "trc":
        yield Sentence(texts[1], context=texts[0], places=[name])
    else:
        yield Sentence(texts[0], places=[name])
