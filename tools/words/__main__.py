"""`python -m tools.words`: writes resources/i18n/mistral_desk.pot, and says what each catalogue still lacks.

The template is made when a translator needs it and not kept: a kept one would only lag behind the code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tools.words.sentences import collect
from tools.words.template import differences, render

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "resources" / "i18n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 when a sentence cannot be collected, or with `--complete` when a catalogue lacks one."""
    parser = argparse.ArgumentParser(prog="python -m tools.words", description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER / "mistral_desk.pot", help="the template to write")
    parser.add_argument("--complete", action="store_true", help="fail where a catalogue lacks a sentence, and name it")
    arguments = parser.parse_args(argv)
    sentences, faults = collect(ROOT)
    for fault in faults:
        print(fault, file=sys.stderr)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(render(sentences), encoding="utf-8", newline="\n")
    print(f"{len(sentences)} sentences")
    lacking = 0
    for catalogue in sorted(FOLDER.glob("*/LC_MESSAGES/mistral_desk.po")):
        missing, idle = differences(sentences, catalogue)
        print(f"{catalogue.parent.parent.name}: {len(missing)} not translated, {len(idle)} no longer in use")
        if arguments.complete:
            lacking += len(missing)
            for key in missing:
                print(f"  {key!r}")
    return 1 if faults or lacking else 0


if __name__ == "__main__":
    raise SystemExit(main())
