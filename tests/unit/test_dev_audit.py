"""Locked packages: each by its hash, each asked for; whoever installs demands the hashes; silence is no all-clear."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

import pytest

from tools.dev import audit, own_folder
from tools.dev.locks import Pin

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_HASH: Final = "sha256:" + "0" * 64


def pin(name: str, version: str, hashes: tuple[str, ...] = (_HASH,)) -> Pin:
    return Pin(name, version, hashes, f"{name}=={version}")


def test_every_package_is_asked_for_once_and_none_twice_at_a_time() -> None:
    every = [pin("a", "1"), pin("a", "2"), pin("b", "1"), pin("a", "3")]
    groups = list(audit.apart(every))
    assert sorted((one.name, one.version) for group in groups for one in group) == [
        ("a", "1"),
        ("a", "2"),
        ("a", "3"),
        ("b", "1"),
    ]
    assert all(len({one.name for one in group}) == len(group) for group in groups)


def test_what_is_known_is_told_and_what_was_left_out_is_no_good_news() -> None:
    vulns = [{"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2"]}, {"id": "GHSA-2", "fix_versions": []}]
    answer = {
        "dependencies": [{"name": "a", "version": "1", "vulns": vulns}, {"name": "b", "version": "1", "vulns": []}]
    }
    assert audit.told(json.dumps(answer)) == ["a 1: PYSEC-1, CVE-1; mended in 2", "a 1: GHSA-2; not mended yet"]
    with pytest.raises(ValueError, match="not looked at"):
        audit.told(json.dumps({"dependencies": [{"name": "a", "skip_reason": "unknown"}]}))


def test_a_package_without_a_hash_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "app.lock").write_text("a==1 \\\n    --hash=sha256:" + "0" * 64 + "\nb==2\n", encoding="utf-8")
    monkeypatch.setattr(audit, "REQUIREMENTS", tmp_path)
    assert audit.main([]) == 1
    assert "app.lock: b has no hash" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [([], 0, "Nothing is known"), (["a 1: X"], 1, "a 1: X"), (None, audit.NOT_ASKED, "No list of advisories")],
)
def test_the_exit_status_tells_good_from_bad_from_unknown(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    answer: list[str] | None,
    status: int,
    said: str,
) -> None:
    def asked(group: Sequence[Pin]) -> list[str] | None:
        assert group
        return answer

    monkeypatch.setattr(own_folder, "fill", lambda _folder, _lock: 0)
    monkeypatch.setattr(audit, "asked", asked)
    assert audit.main([]) == status
    assert said in capsys.readouterr().out


def test_whoever_installs_packages_demands_their_hashes() -> None:
    """In each file in which pip is told to fetch or install; what was fetched so may be put in its place without."""
    told = re.compile(r'"pip",\s*"(install|download|wheel)"|^\s*(-m )?pip (install|download)', re.MULTILINE)
    files = [
        *audit.ROOT.glob("tools/**/*.py"),
        *audit.ROOT.glob("installer/**/*.sh"),
        *audit.ROOT.glob(".github/**/*.yml"),
    ]
    installing = [file for file in files if told.search(file.read_text(encoding="utf-8"))]
    assert len(installing) >= 3
    bare = [str(file) for file in installing if "--require-hashes" not in file.read_text(encoding="utf-8")]
    assert bare == []


def test_it_is_asked_every_week() -> None:
    text = (audit.ROOT / ".github" / "workflows" / "audit.yml").read_text(encoding="utf-8")
    assert re.search(r'cron: "\d+ \d+ \* \* \d"', text)
    assert "python -m tools.dev.audit" in text
