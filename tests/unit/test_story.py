"""What is told about the program is true: words that the guide names, pictures, figures, decisions, the comparison."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from benchmarks import kept, page
from benchmarks.__main__ import NAMES
from benchmarks.figure import Benchmark, Figure, UnavailableError
from mistral_desk.cli.main import main
from mistral_desk.core.paths import resource
from tests.unit.test_fit_page import rows
from tools.words.sentences import collect

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "guide" / "README.md"
PICTURES = ROOT / "docs" / "guide" / "pictures"
DECISIONS = ROOT / "docs" / "decisions"
MOST = 3_000_000
"""Bytes of all pictures together."""


def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


# --- the guide ----------------------------------------------------------------------------------------------


def bold(words: str) -> list[str]:
    return [" ".join(found.split()) for found in re.findall(r"\*\*(.+?)\*\*", words, re.DOTALL)]


def test_each_word_that_the_guide_names_stands_in_the_window() -> None:
    sentences, _ = collect(ROOT)
    known = {sentence.text for sentence in sentences} | {sentence.plural for sentence in sentences}
    named = bold(text(GUIDE))
    assert len(named) > 100
    assert sorted(set(named) - known) == []


def test_the_guide_needs_nothing_but_itself() -> None:
    """It is read offline, from the installed program: links lead to its own headings, pictures lie beside it."""
    words = text(GUIDE)
    headings = {heading(line) for line in words.splitlines() if line.startswith("#")}
    links = re.findall(r"(?<!!)\[[^\]]+\]\(([^)]+)\)", words)
    assert len(links) > 10
    assert [link for link in links if not link.startswith("#") or link[1:] not in headings] == []
    shown = re.findall(r"!\[([^\]]*)\]\(pictures/([^)]+)\)", words)
    assert all(alt for alt, _ in shown), "who does not see a picture is told what it shows"
    assert {name for _, name in shown} == {file.name for file in PICTURES.iterdir()}


def heading(line: str) -> str:
    """As GitHub names a heading in links."""
    return re.sub(r"[^\w\- ]", "", line.lstrip("#").strip().lower()).replace(" ", "-")


def test_the_program_finds_its_guide() -> None:
    assert resource("guide", "README.md").samefile(GUIDE)


def test_what_8_gb_means_is_what_fit_computes() -> None:
    described = {row[0]: row[1:] for row in rows("Described computers")}
    part = text(GUIDE).partition("really means\n\n!")[2].partition("\n## ")[0]
    for computer, memory in (("8 + 96", "96 GB"), ("8 + 32", "32 GB")):
        line = next(line for line in part.splitlines() if f"and {memory} of memory" in line)
        assert f"**{described[computer][0]}**" in line
    low, _, high = described["8 + 96"][2].split("–")
    assert f"about {float(low):.0f} to {float(high):.0f} tokens" in part
    assert float(described["8 + 32"][2].split("–")[2]) < 1


def test_the_guide_is_as_large_as_its_card_says(capsys: pytest.CaptureFixture[str]) -> None:
    files = [resource("model", name) for name in ("guide.gguf", "guide-mmproj.gguf")]
    card = text(files[0].with_name("README.md"))
    sizes = [file.stat().st_size for file in files]
    assert [size for size in (*sizes, sum(sizes)) if f"{size / 1e6:.1f} MB" not in card] == []
    assert main(["fit", "builtin", "--json", "--machine", '{"cores": 4, "ram_gb": 16}'], window=lambda *_: 0) == 0
    taken = sum(json.loads(capsys.readouterr().out)["placement"]["memory"].values())
    assert f"about {round(taken / 1e7) * 10} MB" in card


# --- pictures -----------------------------------------------------------------------------------------------


def test_pictures_are_small_and_each_is_drawn_by_the_command() -> None:
    pytest.importorskip("PySide6")
    from tools.guide import pictures

    files = [*PICTURES.iterdir(), *pictures.FRONT.iterdir()]
    assert {picture.file for picture in pictures.PICTURES} == set(files)
    assert sum(file.stat().st_size for file in files) < MOST
    for file in files:
        with Image.open(file) as image:
            assert (image.format, image.mode) == ("PNG", "P"), file.name


# --- the command line ---------------------------------------------------------------------------------------


def test_the_page_of_the_command_line_names_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"], window=lambda *_: 0) == 0
    commands = re.findall(r"^    ([a-z]+)(?: |$)", capsys.readouterr().out, re.MULTILINE)
    assert len(commands) > 10
    page = text(ROOT / "docs" / "command-line.md")
    assert [name for name in commands if not re.search(rf"\b{name}\b", page)] == []


# --- figures ------------------------------------------------------------------------------------------------


def one(name: str = "speed", others: float | None = 0.0, load: float = 0.0, met: bool = True) -> kept.Kept:
    figure = Figure(name, 12.5, "ms", "at most 16 ms", met, "by hand")
    return kept.Kept(figure, "2026-11-30", "A processor, 2 cores, 8 GiB", "0123456789", 3.0, load, others)


def test_the_page_of_figures_is_made_of_those_that_are_kept() -> None:
    assert text(page.PAGE) == page.text(kept.kept_figures(), NAMES)
    assert kept.kept_figures().keys() <= set(NAMES)


def test_each_figure_has_one_place_on_the_page() -> None:
    whole = page.text({}, NAMES)
    for name in NAMES:
        assert whole.count(f"`{name}`") == 1, name


def test_a_figure_that_missed_its_aim_or_had_company_says_so() -> None:
    name = NAMES[0]
    assert "†" not in row_of(name, one(name))
    assert "† (40% others)" in row_of(name, one(name, others=0.4))
    assert "† (load 3.5)" in row_of(name, one(name, others=None, load=3.5))
    assert "**missed**" in row_of(name, one(name, met=False))
    assert "2026-11-30, 0123456789" in row_of(name, one(name))


def row_of(name: str, figure: kept.Kept) -> str:
    return next(line for line in page.text({name: figure}, NAMES).splitlines() if line.startswith(f"| `{name}`"))


def test_what_was_measured_is_kept_with_where_it_comes_from(tmp_path: Path) -> None:
    made = kept.measured(Benchmark("speed", "s", 1, "at most", lambda: (0.5, "by hand")))
    kept.save(made, tmp_path)
    assert kept.kept_figures(tmp_path) == {"speed": made}
    assert made.machine
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", made.date)
    assert made.others is None or 0 <= made.others <= 1


def test_figures_of_one_run_had_the_same_company() -> None:
    first = one(others=0.4, load=3.5)
    second = kept.measured(Benchmark("speed-work", "s", 1, "at most", lambda: (0.5, "by hand")), first)
    assert (second.others, second.load) == (0.4, 3.5)


def test_what_could_not_be_measured_leaves_the_figure_of_before(tmp_path: Path) -> None:
    def fails() -> tuple[float, str]:
        raise UnavailableError("not here")

    kept.save(one(), tmp_path)
    kept.save(kept.measured(Benchmark("speed", "s", 1, "at most", fails)), tmp_path)
    assert kept.kept_figures(tmp_path) == {"speed": one()}


# --- decisions ----------------------------------------------------------------------------------------------


def test_every_decision_is_in_the_index_with_its_own_title() -> None:
    pages = sorted(DECISIONS.glob("[0-9]*.md"))
    wanted = []
    for file in pages:
        number, title = re.fullmatch(r"# (\d+)\. (.+)", text(file).splitlines()[0]).groups()  # type: ignore[union-attr]
        assert int(number) == int(file.name[:4])
        wanted.append(f"- [{number}]({file.name}) {title}")
    assert [line for line in text(DECISIONS / "README.md").splitlines() if line.startswith("- [")] == wanted


def lost_names(words: str) -> list[str]:
    """Files, and names inside modules, that a page speaks of and that are not there any more."""
    code = [file for top in ("src", "tests", "tools", "benchmarks") for file in (ROOT / top).rglob("*.py")]

    def called(ending: str) -> list[Path]:
        return [file for file in code if file.as_posix().endswith(ending)]

    lost = [name for name in re.findall(r"`([\w/]+\.py)`", words) if not called(f"/{name}")]
    for module, name in re.findall(r"`([a-z_]+(?:\.[a-z_]+)*)\.(\w+)`", words):
        found = called(f"/mistral_desk/{module.replace('.', '/')}.py")
        if found and not re.search(rf"\b{name}\b", text(found[0])):
            lost.append(f"{module}.{name}")
    return lost


def test_the_code_that_decisions_name_is_there() -> None:
    assert {page.name: lost for page in DECISIONS.glob("*.md") if (lost := lost_names(text(page)))} == {}
    made_up = "`ui/nothing.py`, `core.private.is_theirs`, `core.private.is_ours`, `os.replace`, `ui/app.py`"
    assert lost_names(made_up) == ["ui/nothing.py", "core.private.is_theirs"]


# --- the comparison -----------------------------------------------------------------------------------------


def test_each_fact_about_another_program_has_its_source_and_its_day() -> None:
    programs = set()
    for program, fact, source in compared(text(ROOT / "docs" / "comparison.md").splitlines()):
        programs.add(program)
        if fact == "not known":
            assert not source, program
        else:
            links = re.findall(r"\]\([^)]+\), (?:r )?\d{4}-\d\d-\d\d", source)
            assert links, f"{program}: {fact}"
            assert len(links) == source.count("]("), f"{program}: a source without a day"
    assert len(programs) == 8


def compared(lines: Iterable[str]) -> list[tuple[str, str, str]]:
    """Program, fact and source of each row."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [(row[0], row[1], row[2]) for row in cells if row[0] != "program"]
