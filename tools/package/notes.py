"""What a release tells: its part of CHANGELOG.md, `python -m tools.package.notes v0.1.0`."""

from __future__ import annotations

import re
import sys
from pathlib import Path


def notes(changelog: str, version: str) -> str:
    """The part below the heading that names the version, as `## 0.1.0` or `## Unreleased (0.1.0)`; raises KeyError."""
    parts = re.split(r"^## (.*)$", changelog, flags=re.MULTILINE)
    for heading, text in zip(parts[1::2], parts[2::2], strict=True):
        if version in re.findall(r"\d+(?:\.\d+)+\S*?(?=[)\s,]|$)", heading):
            return text.strip() + "\n"
    raise KeyError(version)


if __name__ == "__main__":
    text = (Path(__file__).resolve().parents[2] / "CHANGELOG.md").read_text(encoding="utf-8")
    sys.stdout.write(notes(text, sys.argv[1].removeprefix("v")))
