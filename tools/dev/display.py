"""Whether a window can be opened here, found by knocking at the display and not only by reading a variable."""

from __future__ import annotations

import json
import os
import re
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_X11 = re.compile(r"^(?:unix)?(?P<host>[^:/]*):(?P<number>\d+)(?:\.\d+)?$")
FIRST_QUESTION = "What can you do?"


def reason_without(environment: Mapping[str, str] = os.environ, system: str = sys.platform) -> str | None:
    """Why no window can be opened, as a sentence; None if one can."""
    if not system.startswith("linux") or environment.get("QT_QPA_PLATFORM"):
        return None
    wayland, x11 = environment.get("WAYLAND_DISPLAY", ""), environment.get("DISPLAY", "")
    if not wayland and not x11:
        return "This session has no display (neither WAYLAND_DISPLAY nor DISPLAY is set), so no window can be opened."
    if wayland and _answers(str(Path(environment.get("XDG_RUNTIME_DIR", ""), wayland))):
        return None
    if x11 and _x11_answers(x11):
        return None
    return f"The display {wayland or x11} does not answer, so no window can be opened."


def _x11_answers(name: str) -> bool:
    match = _X11.match(name)
    if not match:
        return True  # a form that we do not know: let Qt try
    number = int(match["number"])
    if match["host"]:
        try:
            socket.create_connection((match["host"], 6000 + number), timeout=3).close()
        except OSError:
            return False
        return True
    path = f"/tmp/.X11-unix/X{number}"  # noqa: S108 - the X server's own place
    return _answers(path) or _answers("\0" + path)


def _answers(address: str) -> bool:
    family = getattr(socket, "AF_UNIX", None)
    if family is None:
        return True
    with socket.socket(family, socket.SOCK_STREAM) as knock:
        knock.settimeout(3)
        try:
            knock.connect(address)
        except (OSError, ValueError):
            return False
    return True


def first_question(root: Path) -> str:
    """A question that the built-in model is known to answer: the first of its own examples."""
    try:
        examples = json.loads((root / "resources" / "model" / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return FIRST_QUESTION
    while isinstance(examples, (list, dict)) and examples:
        examples = examples[0] if isinstance(examples, list) else next(iter(examples.values()))
    return examples if isinstance(examples, str) and examples.strip() else FIRST_QUESTION
