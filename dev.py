"""The door for everyone who works on Mistral Desk: `python3 dev.py run`, `python3 dev.py test`.

Only the standard library, and this file only words that every Python understands: an old one must be able to say so.
"""

import os
import shutil
import subprocess
import sys

LOWEST, HIGHEST = (3, 11), (3, 13)

if not LOWEST <= sys.version_info[:2] <= HIGHEST:
    # Another Python on this computer may do; without one, say what to get.
    names = ["python3." + str(minor) for minor in range(HIGHEST[1], LOWEST[1] - 1, -1)]
    found = [path for path in map(shutil.which, names) if path] if sys.version_info >= (3, 3) else []
    if found and not os.environ.get("MISTRAL_DESK_DEV_PYTHON"):
        os.environ["MISTRAL_DESK_DEV_PYTHON"] = found[0]
        sys.exit(subprocess.call([found[0]] + sys.argv))  # noqa: RUF005 - read by old Pythons too
    sys.stderr.write(
        "Mistral Desk needs Python 3.11, 3.12 or 3.13, and this is Python "
        + ".".join(map(str, sys.version_info[:3]))
        + ".\nInstall one of them (Debian 12 and Ubuntu 24.04 have one; macOS: brew install python@3.13;"
        + " Windows: winget install Python.Python.3.13),\nthen say: python3.13 dev.py "
        + " ".join(sys.argv[1:] or ["run"])
        + "\n"
    )
    sys.exit(1)

if __name__ == "__main__":
    from tools.dev.main import main

    sys.exit(main(sys.argv[1:]))
