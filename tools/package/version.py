"""The program's version, which stands in one place; `python -m tools.package.version` prints it for the release."""

from __future__ import annotations

import re
from pathlib import Path

from tools.dev.steps import Failed


def version_of(root: Path) -> str:
    """The version in a source tree. Raises `Failed`."""
    text = (root / "src" / "mistral_desk" / "__init__.py").read_text(encoding="utf-8")
    found = re.search(r'^__version__ = "([^"]+)"', text, re.MULTILINE)
    if not found:
        raise Failed("src/mistral_desk/__init__.py names no version.")
    return found[1]


if __name__ == "__main__":
    print(version_of(Path(__file__).resolve().parents[2]))
