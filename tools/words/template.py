"""Writes sentences as a .pot file, and compares catalogues with them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.catalogues import entries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tools.words.sentences import Sentence

# No date in it: the same code gives the same file.
_HEAD: Final = """\
# Every sentence of Mistral Desk, collected from the code by `python -m tools.words`.
# To translate: copy this to LANGUAGE/LC_MESSAGES/mistral_desk.po, fill the msgstr lines, set Plural-Forms.
msgid ""
msgstr ""
"Project-Id-Version: mistral-desk\\n"
"Language: \\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=UTF-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n != 1);\\n"
"""


def render(sentences: Sequence[Sentence]) -> str:
    """The template's text."""
    return "\n".join([_HEAD, *map(_entry, sentences)])


def differences(sentences: Sequence[Sentence], catalogue: Path) -> tuple[list[str], list[str]]:
    """Sentences that a catalogue does not translate, and keys in it that the code no longer has."""
    translated = {key for key, _ in entries(catalogue.read_text(encoding="utf-8")) if key}
    wanted = {sentence.key for sentence in sentences}
    return sorted(wanted - translated), sorted(translated - wanted)


def _entry(sentence: Sentence) -> str:
    lines = [f"#: {place}" for place in dict.fromkeys(sentence.places)]
    if "{" in sentence.text + sentence.plural:
        lines.append("#, python-brace-format")
    if sentence.context:
        lines.append(f"msgctxt {_quoted(sentence.context)}")
    lines.append(f"msgid {_quoted(sentence.text)}")
    if sentence.plural:
        lines += [f"msgid_plural {_quoted(sentence.plural)}", 'msgstr[0] ""', 'msgstr[1] ""']
    else:
        lines.append('msgstr ""')
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
