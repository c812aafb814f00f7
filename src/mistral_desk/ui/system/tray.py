"""A notification by Qt's tray icon, which is there only as long as the notification is."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QSystemTrayIcon

SHOWN_MS: Final = 10_000


class Tray(QObject):
    """Windows and macOS show it in their own way; Linux where its desktop has a tray."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._icon: QSystemTrayIcon | None = None
        self._away = QTimer(self)
        self._away.setSingleShot(True)
        self._away.setInterval(SHOWN_MS)
        self._away.timeout.connect(self._hide)

    def tell(self, title: str, text: str) -> None:
        """Show it for some seconds."""
        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._icon is None:
            self._icon = QSystemTrayIcon(QGuiApplication.windowIcon(), self)
        self._icon.show()
        self._icon.showMessage(title, text, QGuiApplication.windowIcon(), SHOWN_MS)
        self._away.start()

    def _hide(self) -> None:
        if self._icon is not None:
            self._icon.hide()
