"""docs/architecture.md is true of the tree: what it names is there, and each folder of the program is named."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = ROOT / "src" / "mistral_desk"
PAGE: Final = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
ROOMS: Final = {folder.name for folder in PROGRAM.iterdir() if (folder / "__init__.py").is_file()}
_DOTTED: Final = re.compile(r"(?<![\w/.])[a-z]\w*(?:\.(?!md\b|py\b)[a-z]\w*)+")
_QUOTED: Final = re.compile(r"`([^`]+)`")


def folders() -> set[str]:
    found = (path.parent.relative_to(PROGRAM) for path in PROGRAM.rglob("__init__.py"))
    return {".".join(folder.parts) for folder in found if folder.parts}


def named(text: str) -> set[str]:
    """Names like `chat.session` whose first part is a room, and rooms by themselves where they are quoted or drawn."""
    dotted = {name for name in _DOTTED.findall(text) if name.split(".")[0] in ROOMS}
    before, drawn, after = text.split("```")
    words = re.findall(r"\w+", drawn) + [word for quoted in _QUOTED.findall(before + after) for word in quoted.split()]
    return dotted | (ROOMS & set(words))


def is_there(name: str) -> bool:
    """Whether a module or folder has this name, or a module with the name before its last dot says the last part."""
    *before, last = name.split(".")
    holder = PROGRAM.joinpath(*before)
    inside = [holder / "__init__.py", holder.with_suffix(".py")]
    says = any(file.is_file() and re.search(rf"\b{last}\b", file.read_text(encoding="utf-8")) for file in inside)
    return (holder / last).is_dir() or (holder / f"{last}.py").is_file() or says


def test_each_folder_is_named() -> None:
    assert folders() - named(PAGE) == set()
    assert "chat.cellar" not in named(PAGE)


def test_what_is_named_is_there() -> None:
    names = named(PAGE)

    assert {"chat.session", "inference.engine.others", "core.paths.folders", "ui.models.about"} <= names
    assert {name for name in names if not is_there(name)} == set()
    assert not is_there("chat.cellar")
    assert not is_there("core.paths.cellar")


def test_the_rooms_are_in_the_order_that_is_checked() -> None:
    """The line that tells how imports go is the list that import-linter takes."""
    told = re.search(r"`(__main__ > [^`]+)`", PAGE)
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("layers = [")[1].split("]")[0]

    assert told
    said = [sorted(step.split(" | ")) for step in told[1].split(" > ")]
    assert said == [sorted(re.findall(r"mistral_desk\.(\w+)", line)) for line in contract.strip().splitlines()]
