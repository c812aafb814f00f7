"""Lists that came along with files of strangers, and such files' names: none passes for somebody else's model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.catalog import facts
from mistral_desk.core.strangers import LONGEST
from mistral_desk.library.part import Part
from mistral_desk.library.scan import scan
from mistral_desk.library.wanted import Wanted

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.library.shelf_file import Installed

CONTENT: Final = b"GGUF" * 10
REPOSITORY: Final = "acme/Tiny-GGUF"


def put(folder: Path, order: str, title: str, repository: str = REPOSITORY) -> Installed:
    """A file with a list that says so, as it is found."""
    part = Part(Wanted(repository, "0" * 40, "tiny.gguf", len(CONTENT)), folder / "tiny.gguf", label=(order, title))
    part.open()
    part.write(0, CONTENT)
    part.finish(part.sha256())
    part.close()
    (one,) = scan(folder) or ()
    return one


@pytest.mark.parametrize(
    "order",
    [
        "endpoint:box/gpt",
        "endpoint:box/gpt:Q4",
        "builtin",
        "ollama:chatty",
        "/etc/passwd",
        r"C:\x",
        "a/b:\u202eQ4",
        "a",
    ],
)
def test_no_list_calls_its_model_as_what_it_is_not(tmp_path: Path, order: str) -> None:
    one = put(tmp_path, order, "Mistral Small 4 Q4_K_M")
    assert (one.id, one.title, one.origin) == (one.path, "tiny", "folder")


@pytest.mark.parametrize("order", [f"{REPOSITORY}:Q4_K_M", f"{REPOSITORY}:more/tiny", f"repair:{REPOSITORY}:Q4_K_M"])
def test_what_was_ordered_keeps_its_name(tmp_path: Path, order: str) -> None:
    one = put(tmp_path, order, "Tiny \u202e\nQ4" + "x" * 10_000)
    assert (one.id, one.origin) == (order.removeprefix("repair:"), "download")
    assert one.title.startswith("Tiny Q4xxx")
    assert len(one.title) == LONGEST


def test_a_list_of_a_file_that_nobody_could_order_says_nothing(tmp_path: Path) -> None:
    one = put(tmp_path, f"{REPOSITORY}:Q4", "Tiny", "../../elsewhere")
    assert (one.id, one.repository) == (one.path, "")


def test_a_file_s_name_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "good\u202efdp.gguf").write_bytes(CONTENT)
    (tmp_path / "\u200b.gguf").write_bytes(CONTENT)
    assert [one.title for one in scan(tmp_path) or ()] == ["goodfdp", "?"]


def test_a_repository_s_name_is_bounded() -> None:
    assert facts.called("a/" + "b" * 10_000, "Q\u202e4" * 100).isprintable()
    assert len(facts.called("a/" + "b" * 10_000, "Q4")) == LONGEST
