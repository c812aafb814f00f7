"""docs/trust.md says what its figures say, and what it and SECURITY.md name is there."""

from __future__ import annotations

import re
from typing import Final

from tools.origin import ROOT
from tools.trust import page
from tools.trust.campaigns import CAMPAIGNS
from tools.trust.figure import kept

SECURITY: Final = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
_NAMED: Final = re.compile(r"`(tests/[\w/]+\.py)(?:::(\w+))?`")


def missing(text: str) -> list[str]:
    """Tests that a text names and that are not there."""
    found = []
    for path, name in _NAMED.findall(text):
        file = ROOT / path
        if not file.is_file() or (name and f"def {name}(" not in file.read_text(encoding="utf-8")):
            found.append(f"{path}::{name}")
    return found


def test_the_page_says_what_the_figures_say() -> None:
    assert page.PAGE.read_text(encoding="utf-8") == page.text(kept()), "python3 dev.py trust page"


def test_each_figure_belongs_to_a_campaign_and_lost_nothing() -> None:
    figures = kept()

    assert figures.keys() <= CAMPAIGNS.keys()
    assert {one.command: one.lost for runs in figures.values() for one in runs if one.lost} == {}


def test_the_named_tests_exist() -> None:
    assert len(_NAMED.findall(SECURITY)) >= 20
    assert missing(SECURITY) == []
    assert missing(page.PAGE.read_text(encoding="utf-8")) == []
    assert missing("`tests/unit/test_house.py::test_of_nothing`") == ["tests/unit/test_house.py::test_of_nothing"]


def test_each_row_of_the_tables_names_a_test() -> None:
    rows = [line for line in SECURITY.splitlines() if line.startswith("| ") and "shown by" not in line]
    assert len(rows) > 30
    assert [row for row in rows if not _NAMED.search(row.rpartition(" | ")[2])] == []
