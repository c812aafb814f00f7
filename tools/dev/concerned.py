"""Which unit tests `dev.py check` runs: the house's rules always, and those nearest to what changed.

Near is counted in imports: a test file that changed itself, one that imports what changed, one that imports what
imports it. The rest is left to `dev.py test`: a check that takes minutes is not run before every commit.
"""

from __future__ import annotations

import re
import subprocess
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

# What any change may break, whatever it imports.
HOUSE = ("test_house", "test_errors", "test_words", "test_words_visible", "test_dev_door")
# Where modules live, and what their names begin with.
_TREES = {
    "src": "",
    "tests/unit": "tests.unit.",
    "tests/fixtures": "tests.fixtures.",
    "tools": "tools.",
    "benchmarks": "benchmarks.",
}
STEPS = 2


@dataclass(frozen=True)
class Chosen:
    """The test files to run, and of how many."""

    files: tuple[Path, ...]
    of: int


def choose(root: Path, changed: Iterable[str], budget: int) -> Chosen:
    """The unit tests that concern the `changed` files (names from `root`, with slashes), nearest first.

    The house's and the changed ones always; of the rest so many that all together have `budget` bytes: what a test
    file says goes with what it takes.
    """
    every = sorted((root / "tests" / "unit").glob("test_*.py"))
    modules = dict(_modules(root))
    known = {path: name for name, path in modules.items()}
    distances = _distances(modules, {known[path] for path in (root / name for name in changed) if path in known})
    always = {path for path in every if path.stem in HOUSE or distances.get(known[path]) == 0}
    near = sorted(
        (path for path in every if path not in always and known[path] in distances),
        key=lambda path: (distances[known[path]], path.stat().st_size, path.name),
    )
    left = budget - sum(path.stat().st_size for path in always)
    taken = set(always)
    for path in near:
        left -= path.stat().st_size
        if left < 0:
            break
        taken.add(path)
    return Chosen(tuple(sorted(taken)), len(every))


def changed(root: Path) -> list[str] | None:
    """The files that differ from the last commit but one, and those that git does not know yet; None without git."""
    before = _git(root, "rev-parse", "--verify", "-q", "HEAD~1") or _git(root, "rev-parse", "--verify", "-q", "HEAD")
    if not before:
        return None
    differing = _git(root, "diff", "--name-only", "-z", "--relative", before[0], "--")
    unknown = _git(root, "ls-files", "-z", "--others", "--exclude-standard")
    return None if differing is None or unknown is None else sorted({*differing, *unknown})


def _git(root: Path, *words: str) -> list[str] | None:
    """What git says, at NULs and ends of lines; None where it does not answer."""
    try:
        said = subprocess.run(["git", *words], cwd=root, check=False, capture_output=True, encoding="utf-8")
    except OSError:
        return None
    return None if said.returncode else [part for part in said.stdout.replace("\n", "\0").split("\0") if part]


def _modules(root: Path) -> Iterator[tuple[str, Path]]:
    for tree, prefix in _TREES.items():
        for path in (root / tree).rglob("*.py"):
            parts = path.relative_to(root / tree).with_suffix("").parts
            name = prefix + ".".join(parts)
            yield name.removesuffix(".__init__"), path


def _distances(modules: Mapping[str, Path], changed: set[str]) -> dict[str, int]:
    """How many imports lie between each module and the nearest changed one; those further than `STEPS` are missing."""
    importers: defaultdict[str, set[str]] = defaultdict(set)
    for name, path in modules.items():
        for imported in _imported(path, modules):
            importers[imported].add(name)
    found = dict.fromkeys(changed, 0)
    edge = changed
    for step in range(1, STEPS + 1):
        edge = {name for each in edge for name in importers[each]} - found.keys()
        found |= dict.fromkeys(edge, step)
    return found


# Read as text: syntax trees of all files take seconds. What stands in a docstring counts too; it costs a test more.
_IMPORT = re.compile(r"^[ \t]*(?:import ([\w., ]+)|from ([\w.]+) import (\([^)]*\)|[\w, ]+))", re.MULTILINE)


def _imported(path: Path, modules: Mapping[str, Path]) -> set[str]:
    """The modules of this tree that a file imports, at its head or inside a function."""
    names = set()
    for whole, package, what in _IMPORT.findall(path.read_text(encoding="utf-8", errors="replace")):
        names |= {package, *re.findall(r"[\w.]+", whole)}
        names |= {f"{package}.{name}" for name in re.findall(r"\w+", what)}
    return {name for name in names if name in modules}
