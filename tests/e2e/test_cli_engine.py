"""`mistral-desk engine` as a process: a pack is refused or taken, used, and left by itself; and all of it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from mistral_desk.inference.packs import standing
from tests.fixtures.engine_packs import HERE, break_start, libraries, library, pack
from tests.fixtures.program import Ran, desk

if TYPE_CHECKING:
    from pathlib import Path


def said(ran: Ran) -> dict[str, Any]:
    """The one JSON document of a command."""
    return msgspec.json.decode(ran.out, type=dict[str, Any])


@pytest.mark.slow
@pytest.mark.e2e
@pytest.mark.skipif(not HERE, reason="code is broken in ELF files for x86-64")
def test_an_engine_s_whole_life(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "päck one.zip"
    pack(libraries(tmp_path / "lib"), file, "newer")

    refused = desk("engine", "add", str(file))
    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("Nobody known has signed this engine pack\nAn engine is a program")

    taken = desk("engine", "--json", "add", "--signed-by-anybody", "--use", str(file))
    assert taken.status == 0, taken.err
    told = said(taken)
    assert (told["name"], told["in_use"], told["parts"]) == ("newer", True, ["cpu"])
    assert [(one["name"], one["in_use"], one["known"]) for one in said(desk("engine", "--json"))["engines"]] == [
        ("builtin", False, True),
        ("newer", True, False),
    ]
    in_use = desk("engine", "remove", "newer")
    assert (in_use.status, in_use.err.splitlines()[0]) == (1, "This engine is in use")

    break_start(library(standing.place() / "newer" / "lib", "ggml-base"))
    asked = desk("ask", "What is 7 plus 8?")
    assert (asked.status, asked.out.strip()) == (0, "7 plus 8 is 15."), asked.err

    report = said(desk("doctor", "--json"))
    assert (report["engine"], report["llama_cpp"]) == ("builtin", "0.3.36")
    assert report["engine_left"].startswith("newer failed (illegal instruction")

    again = desk("engine", "use", "newer")
    assert again.status == 1
    assert again.err.startswith("The engine did not pass its test")
    assert desk("engine", "remove", "newer").status == 0
    left = desk("engine")
    assert (left.status, left.out) == (0, "* builtin  comes along, llama-cpp-python 0.3.36\n")
