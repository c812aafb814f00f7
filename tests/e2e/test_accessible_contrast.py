"""A Linux desktop that asks for high contrast, and for dark, gets both, while the program runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from mistral_desk.ui.theme.tokens import HIGH_COLOURS
from tests.fixtures.assistive import desktop, lacking
from tests.fixtures.portal import portal
from tests.fixtures.program import END_OF_WORLD_S

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT: Final = Path(__file__).resolve().parents[2]
HIGH: Final[Mapping[str, tuple[str, object]]] = {"contrast": ("u", 1), "color-scheme": ("u", 1)}
pytestmark = pytest.mark.skipif(bool(lacking()), reason=lacking())


def test_the_system_s_wish_for_high_contrast_is_followed() -> None:
    """As GNOME says it, through the desktop's portal; Qt's theme for KDE does not ask there."""
    path = f"{ROOT / 'src'}{os.pathsep}{ROOT}"
    with (
        desktop({**os.environ, "XDG_CURRENT_DESKTOP": "GNOME", "PYTHONPATH": path}) as place,
        portal(place.environment["DBUS_SESSION_BUS_ADDRESS"], HIGH),
    ):
        ran = subprocess.run(
            [sys.executable, "-m", "tests.e2e.accessible_contrast"],
            cwd=ROOT,
            env=dict(place.environment),
            capture_output=True,
            encoding="utf-8",
            timeout=END_OF_WORLD_S,
            check=False,
        )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.split() == ["dark", HIGH_COLOURS["dark"].text]
