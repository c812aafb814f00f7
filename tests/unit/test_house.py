"""The rules of the house that a reader would otherwise have to remember."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.dev import locks

ROOT = Path(__file__).resolve().parents[2]
REQUIREMENTS = ROOT / "requirements"
TEXT = {".py", ".md", ".toml", ".in", ".lock", ".yml", ".yaml", ".json", ".txt", ".cfg", ".sh", ".svg", ".jinja", ""}
MADE = {".git", ".venv", "build", "dist", "out", "shared"}
"""Folders at the top that are made, not written; git knows them as ignored."""

REGISTRY = re.compile(
    r"\bpythonhosted\.org|\bpypi\.org|registry\.npmjs|(?:deb|security)\.debian\.org|static\.crates\.io|pytorch\.org/whl",
    re.IGNORECASE,
)


def house_files() -> list[Path]:
    """Every text file of the tree, found without git: a downloaded archive of the source has none."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        top = Path(folder) == ROOT
        folders[:] = [
            name
            for name in folders
            if not (top and name in MADE)
            and name not in {"__pycache__", "node_modules"}
            and not name.endswith("_cache")
            if not name.endswith(".egg-info") and name != ".hypothesis"
        ]
        found += [Path(folder, name) for name in names if Path(name).suffix in TEXT and name != ".git"]
    return sorted(found)


def python_files() -> list[Path]:
    return [path for path in house_files() if path.suffix == ".py"]


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_the_walk_sees_the_house() -> None:
    names = {name_of(path) for path in house_files()}
    assert {"dev.py", ".ci/run", "LICENSE", "requirements/app.lock", "src/mistral_desk/core/errors.py"} <= names
    assert not any("site-packages" in name for name in names)


def test_files_stay_short_enough_to_read() -> None:
    lengths = {name_of(path): len(path.read_text(encoding="utf-8").splitlines()) for path in python_files()}
    assert {name: lines for name, lines in lengths.items() if lines >= 400} == {}


def test_no_file_is_named_after_nothing() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "helper.py", "misc.py", "common.py", "manager.py"}
    assert [name_of(path) for path in python_files() if path.name in vague] == []


def test_imports_go_one_way() -> None:
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", command, "--no-cache"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_place_of_one_computer_is_written_down() -> None:
    places = [str(place) + os.sep for place in (ROOT, Path.home()) if len(place.parts) > 1]
    hits = [
        f"{name_of(path)}: {place}"
        for path in house_files()
        for place in places
        if place in path.read_text(encoding="utf-8", errors="replace")
    ]
    assert hits == []


def test_no_registry_is_named() -> None:
    hits = [
        f"{name_of(path)}: {match[0]}"
        for path in house_files()
        if (match := REGISTRY.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert hits == []


def test_lists_of_packages_name_no_address() -> None:
    files = sorted(REQUIREMENTS.glob("*.in"))
    assert files
    assert [path.name for path in files if "://" in path.read_text(encoding="utf-8")] == []


def lock_names() -> list[str]:
    return sorted(path.stem for path in REQUIREMENTS.glob("*.lock"))


def test_there_are_locks() -> None:
    assert {"app", "build", "dev"} <= set(lock_names())


@pytest.mark.parametrize("name", lock_names())
def test_each_locked_package_has_hashes_and_no_address(name: str) -> None:
    text = (REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8")
    pins = locks.pins(text)
    assert pins
    assert [pin.name for pin in pins if not pin.hashes] == []
    assert "://" not in text
    assert not re.search(r"^\s*--(?!hash=)|-url|find-links|trusted-host", text, re.MULTILINE)


@pytest.mark.parametrize("name", lock_names())
def test_a_lock_has_what_its_list_asks_for(name: str) -> None:
    locked = {pin.name: pin.version for pin in locks.pins((REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8"))}
    for line in (REQUIREMENTS / f"{name}.in").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith(("#", "-")):
            continue
        asked = Requirement(line.split(" #")[0])
        assert asked.specifier.contains(locked[locks.normal(asked.name)], prereleases=True), line


def test_locks_agree_with_each_other() -> None:
    """They share one environment, so a package has one version in all of them."""
    versions: dict[tuple[str, str], set[str]] = {}
    for name in ("build", "app", "dev"):
        for pin in locks.pins((REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8")):
            marker = pin.text.splitlines()[0].partition(";")[2].strip(" \\")
            versions.setdefault((pin.name, marker), set()).add(pin.version)
    assert {key: found for key, found in versions.items() if len(found) > 1} == {}


def test_the_locks_are_inside_the_bounds_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {"app": project["dependencies"], "dev": project["optional-dependencies"]["dev"]}
    for name, lines in asked.items():
        pins = locks.pins((REQUIREMENTS / f"{name}.lock").read_text(encoding="utf-8"))
        locked = {pin.name: pin.version for pin in pins}
        for line in lines:
            requirement = Requirement(line)
            version = locked.get(locks.normal(requirement.name))
            assert version is not None, f"{line} is not in {name}.lock"
            assert requirement.specifier.contains(version), f"{line}, but {name}.lock has {version}"


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no executable bit")
def test_ci_calls_the_readme_s_test_command() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "python3 dev.py test" in script.read_text(encoding="utf-8")
    assert "python3 dev.py test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_links_in_the_documents_lead_somewhere() -> None:
    broken = [
        f"{name_of(path)}: {target}"
        for path in house_files()
        if path.suffix == ".md" and not path.is_relative_to(ROOT / "tests")
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text(encoding="utf-8"))
        if "://" not in target and not target.startswith("mailto:") and not (path.parent / target).exists()
    ]
    assert broken == []
