"""The release makes what it names: scripts that are there and readable, three systems, nothing that was not tried."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tools.package import workflows
from tools.package.version import version_of

ROOT = Path(__file__).resolve().parents[2]
RELEASE = (ROOT / ".github" / "workflows" / "release.yml").read_text(encoding="utf-8")
TEST = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
SCRIPTS = sorted([*ROOT.glob("installer/*/*.sh"), *ROOT.glob(".ci/*")])


def test_every_script_that_the_release_calls_is_there() -> None:
    called = set(re.findall(r"(installer/[\w./-]+\.(?:sh|ps1))", RELEASE))
    modules = set(re.findall(r"-m (tools(?:\.\w+)+)", RELEASE))
    assert called
    assert modules
    assert [name for name in called if not (ROOT / name).is_file()] == []
    assert [name for name in modules if not (ROOT / f"{name.replace('.', '/')}.py").is_file()] == []


def test_nothing_is_made_or_handed_on_twice() -> None:
    called = re.findall(r"installer/[\w./-]+\.(?:sh|ps1)", RELEASE)
    assert sorted(called) == sorted(set(called))
    for files in re.findall(r"path: \|\n((?: {12}\S+\n)+)", RELEASE):
        named = files.split()
        assert sorted(named) == sorted(set(named))


@pytest.mark.skipif(shutil.which("sh") is None, reason="no shell that reads these")
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_the_scripts_can_be_read(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
    subprocess.run([shell, "-n", str(script)], check=True)


def test_each_system_is_tried_before_there_is_a_draft() -> None:
    jobs = dict(re.findall(r"^  ([\w-]+):\n((?:    .*\n|\n)+)", RELEASE.partition("\njobs:\n")[2], re.MULTILINE))
    assert re.search(r"needs: \[linux, windows-try, macos\]", jobs["draft"])
    assert "needs: windows-installer" in jobs["windows-try"]
    assert "needs: windows-bundle" in jobs["windows-installer"]
    assert [name for name, text in jobs.items() if "contents: write" in text] == ["draft"]
    assert [name for name, text in jobs.items() if "timeout-minutes" not in text] == []


def test_secrets_reach_only_the_step_that_needs_them() -> None:
    for line in RELEASE.splitlines():
        if "secrets." in line:
            assert re.match(r" {10}[A-Z_]+: \$\{\{ secrets\.\w+ \}\}$", line), line


def test_the_tests_run_on_three_systems_with_each_python_that_is_supported() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    lowest, below = re.search(r'requires-python = ">=3\.(\d+),<3\.(\d+)"', project).groups()  # type: ignore[union-attr]
    wanted = ", ".join(f'"3.{minor}"' for minor in range(int(lowest), int(below)))
    assert f"python: [{wanted}]" in TEST
    assert re.search(r"system: \[ubuntu-[\d.]+, windows-\d+, macos-\d+\]", TEST)


def test_the_release_learns_the_version_with_nothing_but_python() -> None:
    command = [sys.executable, "-S", "-m", "tools.package.version"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, encoding="utf-8", env={})
    assert done.stdout.strip() == version_of(ROOT)


def test_of_the_judge_s_findings_only_what_it_is_too_old_for_is_passed_over() -> None:
    said = [
        ("a/x.yml", 3, 'label "ubuntu-24.04" is unknown. available labels are …'),
        ("a/x.yml", 4, 'label "ubuntu-24.05" is unknown. available labels are …'),
        ("a/x.yml", 5, 'unknown permission scope "attestations". all available …'),
        ("a/x.yml", 6, "unexpected key"),
    ]
    assert [line.partition(": ")[0] for line in workflows.faults(said)] == ["x.yml:4", "x.yml:6"]
