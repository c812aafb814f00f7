"""`mistral-desk --close`: asks an open window to close and waits until it has, for installers that change its files."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from mistral_desk.core.paths import folders
from mistral_desk.ui.single import FirstWindow


def main(home: str | None = None) -> int:
    """The exit status: 0 when no window of this person is open any more, 1 when one does not close."""
    data = folders(home).data
    if not data.is_dir():
        return 0
    running = QCoreApplication.instance() or QCoreApplication(["mistral-desk"])
    closed = FirstWindow(data).close_first()
    del running
    return 0 if closed else 1
