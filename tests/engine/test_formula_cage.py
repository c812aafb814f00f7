"""The formula child: no way leads out of it, what it may use is bounded, and it sets formulas all the same."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.chat.formulas import child
from mistral_desk.inference.sandbox import calls
from tests.engine.test_cage import escapes

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not calls.machine(), reason="the locks are Linux's; elsewhere the trial tells the rest")
MIXED: Final = (
    r"x^2 + y_1",
    r"\frac{\partial f}{\partial x}",
    r"\sum_{i=0}^n \sqrt[3]{i}",
    r"\begin{pmatrix}a&b\\c&d\end{pmatrix}",
    r"\mathbb{R}, \mathcal{L}, \mathfrak{g}, \mathbf{v}, \mathrm{d}x",
    r"\int_0^\infty e^{-t}\,dt",
    r"\text{if } x \ge 0",
    r"\left\{ \begin{array}{ll} 1 & 2 \\ 3 & 4 \end{array} \right.",
    r"\hat{x} \overline{AB} \vec{v} \underbrace{a+b}_{c}",
)


def lines(*formulas: str) -> bytes:
    """What a child is asked."""
    asked = [{"id": number, "latex": one, "size": 20.0, "display": True} for number, one in enumerate(formulas)]
    return b"".join(json.dumps(one).encode() + b"\n" for one in asked)


def test_no_way_leads_out_and_formulas_are_set_as_without_the_cage(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"my diary")
    (tmp_path / "victim").write_bytes(b"untouched")
    (tmp_path / "empty").mkdir()
    command = [sys.executable, "-m", "tests.fixtures.escape", "formulas", str(secret)]
    ran = subprocess.run(command, input=lines(*MIXED), capture_output=True, check=True)
    count, possible = escapes(ran.stderr)["locked in"]
    caged = [json.loads(line)["svg"] for line in ran.stdout.splitlines()]

    assert count > 180
    assert possible == {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # ziamath's own
        setter = child._setter()
    assert caged == [setter(one, 20.0, display=True) for one in MIXED]
    assert (tmp_path / "victim").read_bytes() == b"untouched"


def test_memory_time_and_files_are_bounded() -> None:
    assert sys.platform == "linux"
    import resource  # Windows has none

    command = [sys.executable, "-m", "mistral_desk", "--formulas"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(lines("x"))
        process.stdin.flush()
        assert b"svg" in process.stdout.readline()
        found = {
            name: resource.prlimit(process.pid, getattr(resource, name))[0]
            for name in ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_CORE")
        }
        process.stdin.close()
        assert process.wait() == 0, "the end of its input is its own"
    assert found == {
        "RLIMIT_AS": child.MEMORY,
        "RLIMIT_CPU": round(child.SECONDS),
        "RLIMIT_FSIZE": 0,
        "RLIMIT_CORE": 0,
    }


def test_what_it_is_asked_in_vain_or_in_jest_ends_nothing() -> None:
    bad = (r"\input{/etc/passwd}", r"\includegraphics{file:///etc/passwd}", r"\frac{", "\ud800", "\x00")
    asked = lines(*bad, "y").replace(b"\\ud800", b"\\udfff")
    ran = subprocess.run(
        [sys.executable, "-m", "mistral_desk", "--formulas"], input=asked, capture_output=True, check=True
    )
    answers = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [one["id"] for one in answers] == list(range(len(bad) + 1))
    assert "svg" in answers[-1]
    assert "root:" not in ran.stdout.decode()
