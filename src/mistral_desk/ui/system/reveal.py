"""Shows a file in the system's file manager, marked where the system can do that; else its folder."""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices

from mistral_desk.core.environment import without_secrets

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)


async def reveal(path: Path) -> None:
    """The file may be gone: then its folder is shown."""
    if not await asyncio.to_thread(_marked, path):
        folder = await asyncio.to_thread(lambda: path if path.is_dir() else path.parent)
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))):
            log.info("the system opened no file manager")


def _marked(path: Path) -> bool:
    """Whether a file manager shows it; blocks."""
    if sys.platform == "win32":
        return _started("explorer", "/select,", str(path))  # Windows' own, found as Windows does
    elif sys.platform == "darwin":
        return _started("/usr/bin/open", "-R", str(path))
    else:
        return _by_the_bus(path)


def _started(*command: str) -> bool:
    """Whether a file manager could be started so; it gets no token by its environment."""
    try:
        subprocess.Popen(command, env=without_secrets(os.environ))
    except OSError as error:
        log.info("the file manager did not start: %s", error)
        return False
    return True


def _by_the_bus(path: Path) -> bool:
    """`org.freedesktop.FileManager1`, which file managers of Linux answer."""
    from PySide6.QtDBus import QDBusConnection, QDBusMessage  # noqa: PLC0415 - only there

    bus = QDBusConnection.sessionBus()
    if not bus.isConnected():
        return False
    name = "org.freedesktop.FileManager1"
    call = QDBusMessage.createMethodCall(name, "/org/freedesktop/FileManager1", name, "ShowItems")
    call.setArguments([[QUrl.fromLocalFile(str(path)).toString()], ""])
    answer = bus.call(call, timeout=2000)
    return answer.type() == QDBusMessage.MessageType.ReplyMessage
