"""Puts a new file in the place of an old one, whole or not at all, also where somebody has that open just now.

Windows refuses it while another process (the command line beside the window, a virus scanner) reads the old file, and
tells nobody when it lets go. So it is tried again for a moment, and only there.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.core import private

if TYPE_CHECKING:
    from pathlib import Path

_PAUSES_S: Final = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""Seconds before each further try: a reader of megabytes is done within them."""


def put_in_place(staged: Path, target: Path, *, patient: bool = sys.platform == "win32") -> None:
    """Rename `staged` to `target`, which may exist. Blocks for 1.2 s at most. Raises `OSError`; `staged` stays then."""
    if patient:
        for pause in _PAUSES_S:
            try:
                staged.replace(target)
            except PermissionError:
                if target.is_dir():  # no waiting helps against that
                    raise
                time.sleep(pause)
            else:
                return
    staged.replace(target)


def write(path: Path, content: bytes) -> None:
    """Put a file in place, whole or not at all, for this person only; `lasting` has the twin that outlives a power cut.

    Raises `OSError`; the old one stays then.
    """
    private.folder(path.parent)
    staged = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        private.write(staged, content)
        put_in_place(staged, path)
    except BaseException:
        with contextlib.suppress(OSError):
            staged.unlink(missing_ok=True)
        raise
