"""None outlives Qt: PySide6 6.12 takes a reference to it with every void call on Python 3.11."""

from __future__ import annotations

import subprocess
import sys

PAINT = """
import os
os.environ["QT_QPA_PLATFORM"] = "offscreen"
{keep}
from PySide6.QtGui import QGuiApplication, QPainter, QPixmap
app = QGuiApplication([])
picture = QPixmap(8, 8)
painter = QPainter(picture)
for _ in range(200_000):
    painter.setOpacity(1.0)
painter.end()
print("alive")
"""


def test_a_process_survives_more_void_calls_than_none_has_references() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PAINT.format(keep="import mistral_desk.ui")],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert (done.returncode, done.stdout.strip()) == (0, "alive"), done.stderr[-500:]
