"""`dev.py check` runs the unit tests nearest to what changed and says how many; one check waits for another."""

from __future__ import annotations

import io
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from tools.dev import concerned, environment
from tools.dev.check import Check, checks_for, run_all, split
from tools.dev.environment import Place

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
PLENTY = 10**9

SOURCES = {
    "src/desk/__init__.py": "",
    "src/desk/base.py": "X = 1\n",
    "src/desk/parts/__init__.py": "from desk.parts.inner import (\n    A,\n    B,\n)\n",
    "src/desk/parts/inner.py": "A = B = 1\n",
    "src/desk/top.py": "def late() -> None:\n    import desk.base, json\n",
    "tests/fixtures/maker.py": "from desk import base\n",
    "tests/unit/test_base.py": "from desk.base import X\n",
    "tests/unit/test_package.py": "from desk.parts import A\n",
    "tests/unit/test_top.py": "from desk import top\n",
    "tests/unit/test_made.py": "from tests.fixtures.maker import base\n",
    "tests/unit/test_far.py": "import json\n",
    "tests/unit/test_house.py": "",
    "docs/page.md": "",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name, text in SOURCES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def chosen(tree: Path, *changed: str, budget: int = PLENTY) -> set[str]:
    return {path.stem for path in concerned.choose(tree, changed, budget).files} - {"test_house"}


@pytest.mark.parametrize(
    ("changed", "tests"),
    [
        ("src/desk/base.py", {"test_base", "test_top", "test_made"}),
        ("src/desk/top.py", {"test_top"}),
        ("src/desk/parts/inner.py", {"test_package"}),
        ("tests/fixtures/maker.py", {"test_made"}),
        ("tests/unit/test_far.py", {"test_far"}),
        ("docs/page.md", set()),
        ("src/desk/gone.py", set()),
    ],
)
def test_tests_near_a_change_are_chosen(tree: Path, changed: str, tests: set[str]) -> None:
    assert chosen(tree, changed) == tests


def test_the_house_s_rules_are_chosen_whatever_changed(tree: Path) -> None:
    picked = concerned.choose(tree, [], 0)
    assert [path.stem for path in picked.files] == ["test_house"]
    assert picked.of == 6
    assert {f"{name}.py" for name in concerned.HOUSE} <= {path.name for path in UNIT.iterdir()}


def test_the_nearest_come_first_while_there_is_room_and_what_changed_always(tree: Path) -> None:
    size = (tree / "tests/unit/test_base.py").stat().st_size
    assert chosen(tree, "src/desk/base.py", budget=size) == {"test_base"}
    assert chosen(tree, "src/desk/base.py", "tests/unit/test_far.py", budget=0) == {"test_far"}


def test_the_real_tree_is_read(tmp_path: Path) -> None:
    names = {path.name for path in concerned.choose(ROOT, ["tools/dev/check.py"], PLENTY).files}
    assert {"test_dev_check.py", "test_dev_door.py", "test_house.py"} <= names
    assert "test_net_client.py" not in names


def git(folder: Path, *words: str) -> None:
    settings = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false", "-c", "core.autocrlf=false")
    subprocess.run(["git", *settings, *words], cwd=folder, check=True, capture_output=True)


def test_git_tells_what_changed_since_the_last_commit_but_one(tmp_path: Path) -> None:
    assert concerned.changed(tmp_path) is None, "no repository"
    git(tmp_path, "init", "-q")
    assert concerned.changed(tmp_path) is None, "no commit"
    for name in ("old.py", "Zweite Übung.py", "third.py"):
        (tmp_path / name).write_text("1", encoding="utf-8")
        git(tmp_path, "add", name)
        git(tmp_path, "commit", "-q", "-m", name)
        if name == "old.py":
            assert concerned.changed(tmp_path) == [], "one commit has none before it"
    assert concerned.changed(tmp_path) == ["third.py"]
    (tmp_path / "Zweite Übung.py").write_text("2", encoding="utf-8")
    (tmp_path / "new.py").write_text("1", encoding="utf-8")
    assert concerned.changed(tmp_path) == ["Zweite Übung.py", "new.py", "third.py"]


def test_the_tests_are_shared_out_and_none_is_lost() -> None:
    files = sorted(UNIT.glob("test_*.py"))
    for parts in (1, 2, 3):
        named = [word for each in checks_for(files, parts) for word in each.command if word.endswith(".py")]
        assert sorted(named) == [str(path) for path in files]


def test_parts_are_of_about_one_size(tmp_path: Path) -> None:
    files = [tmp_path / f"test_{size}.py" for size in (50, 30, 20, 10, 10)]
    for file in files:
        file.write_bytes(b"x" * int(file.stem[5:]))
    assert [[file.name for file in part] for part in split(files[:4], 2)] == [
        ["test_10.py", "test_50.py"],
        ["test_20.py", "test_30.py"],
    ]
    assert split(files[:1], 4) == [[files[0]]]


def test_the_closing_line_counts_the_tests_and_says_how_to_run_all(capsys: pytest.CaptureFixture[str]) -> None:
    said = [
        Check("one", ("-c", "print('..\\n4 passed, 3 deselected in 0.1s')"), counts=True),
        Check("two", ("-c", "print('9 passed?\\n2 failed, 10 passed in 0.1s'); raise SystemExit(1)"), counts=True),
        Check("none", ("-c", "print('5 deselected in 0.1s'); raise SystemExit(5)"), counts=True),
        Check("types", ("-c", "print('7 passed')")),
    ]
    assert run_all(ROOT, Path(sys.executable), said, "of 3 of 9 files; every test: …") == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("Not well: two (")
    assert last.endswith("; 16 unit tests ran and 8 slow ones did not, of 3 of 9 files; every test: …")


def test_a_second_check_waits_for_the_first(tmp_path: Path) -> None:
    place = Place(tmp_path)
    order: list[str] = []
    waits = threading.Event()

    def told(text: str) -> None:
        order.append(text)
        waits.set()

    def second() -> None:
        with environment.alone(place, "check.lock", "waiting", told):
            order.append("second")

    with environment.alone(place, "check.lock", "", io.StringIO().write):
        other = threading.Thread(target=second)
        other.start()
        assert waits.wait(60)
        order.append("first")
    other.join(60)
    assert order == ["waiting", "first", "second"]
