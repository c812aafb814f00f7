"""One window for one set of folders: a second start raises the first window instead of opening another.

A lock file decides (it survives a crash without locking anybody out); a local socket, for this user only, carries
the request. Nothing here touches the network.
"""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING, Final

import msgspec
from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)
RAISE: Final = b"raise\n"
CLOSE: Final = b"close\n"
PATIENCE_MS: Final = 2000
CLOSING_MS: Final = 30_000
"""How long a window may take to keep what is being written, and close."""
LONGEST: Final = 64 * 1024


class _Open(msgspec.Struct, frozen=True):
    """A file to open."""

    open: str


class FirstWindow(QObject):
    """Held by the window that came first. `raised` is emitted when somebody started the program again, `handed`
    with the file that they started it with, `close_asked` when an installer wants to change the program's files.
    """

    raised = Signal()
    handed = Signal(str)
    close_asked = Signal()

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._lock = QLockFile(str(folder / "window.lock"))
        self._lock.setStaleLockTime(0)  # a lock is stale when its process is gone, however old it is
        self._name = "mistral-desk-" + hashlib.sha256(str(folder).encode("utf-8", "surrogateescape")).hexdigest()[:20]
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Become the first window; False when there is one already."""
        if not self._lock.tryLock(0):
            return False
        QLocalServer.removeServer(self._name)  # left by a crash; the lock says that nobody listens there
        server = QLocalServer(self)
        server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        server.newConnection.connect(self._called)
        if not server.listen(self._name):
            log.info("a second start cannot reach this one: %s", server.errorString())
        self._server = server
        return True

    def call_first(self, file: str = "") -> bool:
        """Ask the first window to show itself, and to open a file (its whole path); True when it heard."""
        return self._say(_request(file))

    def close_first(self) -> bool:
        """Ask the first window to close, as the system would, and wait for that; True when none is open any more."""
        if not self._lock.tryLock(0) and not (self._say(CLOSE) and self._lock.tryLock(CLOSING_MS)):
            return False
        self._lock.unlock()
        return True

    def _say(self, line: bytes) -> bool:
        socket = QLocalSocket()
        socket.connectToServer(self._name)
        if not socket.waitForConnected(PATIENCE_MS):
            return False
        socket.write(line)
        heard = socket.waitForBytesWritten(PATIENCE_MS) or socket.bytesToWrite() == 0
        socket.disconnectFromServer()
        return heard

    def release(self) -> None:
        """Let the next start be the first."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self._lock.unlock()

    def _called(self) -> None:
        if self._server is None:
            return
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            socket.readyRead.connect(lambda socket=socket: self._heard(socket))
            if socket.bytesAvailable():
                self._heard(socket)

    def _heard(self, socket: QLocalSocket) -> None:
        if not socket.canReadLine():
            if socket.bytesAvailable() > LONGEST:
                socket.abort()
                self.raised.emit()
            return
        line = socket.readLine(LONGEST).data()
        if line == CLOSE:
            self.close_asked.emit()
            return
        self.raised.emit()
        if line == RAISE:
            return
        try:
            file = msgspec.json.decode(line, type=_Open).open
        except (ValueError, RecursionError) as error:
            log.info("a second start asked for something unknown: %s", error)
            return
        self.handed.emit(file)


def _request(file: str) -> bytes:
    try:
        return msgspec.json.encode(_Open(file)) + b"\n" if file else RAISE
    except UnicodeEncodeError:  # a name that no model can have
        return RAISE
