"""Linux: notifications by the desktop portal, progress by the launcher's signal that several desktops listen to.

Portal: `org.freedesktop.portal.Notification` (XDG Desktop Portal). Its arguments are plain, while the older
`org.freedesktop.Notifications` wants an unsigned number, which PySide6 cannot send; where there is no portal, Qt's
tray icon takes over. Progress: `com.canonical.Unity.LauncherEntry`, a broadcast that nobody has to hear.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject
from PySide6.QtDBus import QDBusConnection, QDBusMessage, QDBusPendingCallWatcher
from PySide6.QtGui import QGuiApplication

from mistral_desk.ui.system.tray import Tray

if TYPE_CHECKING:
    from PySide6.QtDBus import QDBusPendingCall

log = logging.getLogger(__name__)
PORTAL: Final = (
    "org.freedesktop.portal.Desktop",
    "/org/freedesktop/portal/desktop",
    "org.freedesktop.portal.Notification",
)
LAUNCHER: Final = ("/com/mistraldesk/launcher", "com.canonical.Unity.LauncherEntry")
_ID: Final = "download"


class Portal(QObject):
    """A notification by the portal; when that does not answer, by a tray icon."""

    def __init__(self, parent: QObject, bus: QDBusConnection | None = None) -> None:
        super().__init__(parent)
        self._bus = bus or QDBusConnection.sessionBus()
        self._tray: Tray | None = None

    def tell(self, title: str, text: str) -> None:
        """Show it; the latest takes the place of the one before."""
        if not self._bus.isConnected():
            self._instead(title, text)
            return
        call = QDBusMessage.createMethodCall(*PORTAL, "AddNotification")
        call.setArguments([_ID, {"title": title, "body": text, "priority": "normal"}])
        watcher = QDBusPendingCallWatcher(self._bus.asyncCall(call), self)

        def answered(done: QDBusPendingCallWatcher) -> None:
            pending: QDBusPendingCall = done
            if pending.isError():
                log.info("no notification by the portal: %s", pending.error().name())
                self._instead(title, text)
            done.deleteLater()

        watcher.finished.connect(answered)

    def _instead(self, title: str, text: str) -> None:
        if self._tray is None:
            self._tray = Tray(self)
        self._tray.tell(title, text)


class LauncherEntry:
    """The progress on the program's icon in docks and panels."""

    def __init__(self, bus: QDBusConnection | None = None) -> None:
        self._bus = bus or QDBusConnection.sessionBus()

    def show(self, share: float | None, *, paused: bool) -> None:  # noqa: ARG002 - nothing to say of a pause here
        """Between 0 and 1; None takes it away."""
        if not self._bus.isConnected():
            return
        signal = QDBusMessage.createSignal(*LAUNCHER, "Update")
        shown = {"progress": float(share or 0.0), "progress-visible": share is not None}
        signal.setArguments([f"application://{QGuiApplication.desktopFileName()}.desktop", shown])
        self._bus.send(signal)
