"""The window is used by somebody who sees nothing of it, only through AT-SPI as screen readers do, to the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fixtures.assistive import lacking
from tests.ui.heard import WAITS

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())


def test_a_person_who_sees_nothing_asks_shows_downloads_deletes_and_undoes(tmp_path: Path, home: Path) -> None:
    from tests.e2e.accessible_journey import gone  # what it stands on is there on Linux only

    told = gone(tmp_path, home)

    assert told.read["first"] in told.heard["first"], "a short answer is read out when it ends"
    assert told.read["thought"] == "7 plus 8 is 15."
    assert told.read["thinking"], "the thought can be read"
    assert told.read["thinking"] not in " ".join(told.heard["thought"]), "the thought is not read as the answer"
    # On a busy computer a thought of the Guide's can be over before the window has drawn it (tests/ui/test_window.py).
    assert told.heard["thought"][-1] == told.read["thought"]
    between = [one for one in told.heard["thought"][:-1] if not any(words in one for words in WAITS)]
    assert between in ([], ["Thinking…"]), "and nothing else is said"
    assert {"red", "circle"} <= set(told.read["picture"].lower().replace(".", " ").split())
    assert "On this computer:" in told.read["card"], "a card says all that it shows"
    (steps,) = told.progress
    assert steps, "one can follow the download"
    assert steps == sorted(steps)
    assert told.told_of >= 3, "and hears that it goes on"
    assert any("is being downloaded" in words for words in told.heard["download"])
    assert any("Every byte was compared" in words for words in told.heard["download"])
    assert any("11.1 MB are free now" in words for words in told.heard["deleted"])
    assert any(words.endswith("Undo: Ctrl+Z") for words in told.heard["chat deleted"]), "and how it is taken back"
    assert "What is this?" in told.read["chats"]
    assert "New chat: Ctrl+N | " in told.read["shortcuts"]
    there, back = told.ways
    assert len(there) >= 15
    assert back == there[::-1], "Shift+Tab goes back the way that Tab came"
    assert 1.8 < told.taken.growth < 2.1, "text at 200 %"
    assert told.taken.before < 7 < told.taken.afterwards, "high contrast"
    assert told.read["thought at 200 %"] == "2 plus 3 is 5."
    assert told.faults == []
    assert len(told.pages) >= 25
    assert told.left == ""
