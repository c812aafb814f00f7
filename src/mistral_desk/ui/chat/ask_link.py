"""Asks before a link opens, with its whole address in sight. The one place that hands an address to the system."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QRectF, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QPainter, QPalette, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout, QWidget

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.chat.links import allowed, host_of
from mistral_desk.ui.theme.tokens import RADIUS, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.label import Label
from mistral_desk.ui.widgets.overlay import Overlay

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)


class LinkSheet(Overlay):
    """Shows where a link leads; opens it only when told to."""

    widest = 520

    def __init__(self, theme: Theme, address: str, parent: QWidget) -> None:
        super().__init__(theme, tr("Open this link?"), parent)
        self._address = address
        host = host_of(address)
        title = (
            tr("Open a page of {host} in your browser?", host=host)
            if host
            else tr("Write to this address in your mail program?")
        )
        card = self.card
        self.copy = Button(theme, tr("Copy address"), text=tr("Copy address"), kind="outline", parent=card)
        self.cancel = Button(theme, tr("Cancel"), text=tr("Cancel"), kind="outline", parent=card)
        self.go = Button(theme, trc("a button", "Open"), text=trc("a button", "Open"), kind="primary", parent=card)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(address))
        self.cancel.clicked.connect(self.reject)
        self.go.clicked.connect(self._open)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addWidget(self.copy)
        row.addStretch(1)
        row.addWidget(self.cancel)
        row.addWidget(self.go)
        column = QVBoxLayout(card)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[3])
        column.setSpacing(SPACE[3])
        column.addWidget(Label(theme, title, "lead", strong=True, wrap=True, parent=card))
        column.addWidget(_Address(theme, address, card))
        column.addLayout(row)

    def first(self) -> QWidget:
        """The harmless one."""
        return self.cancel

    def _open(self) -> None:
        if allowed(self._address) and not QDesktopServices.openUrl(QUrl(self._address)):
            log.warning("the system opened no program for a link")
        self.accept()


class _Address(QWidget):
    """All of it, on the ground of code; it can be scrolled and selected."""

    def __init__(self, theme: Theme, address: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._text = QPlainTextEdit(address, self)
        self._text.setReadOnly(True)
        self._text.setTabChangesFocus(True)
        self._text.setAccessibleName(tr("Address"))
        self._text.setFrameShape(QFrame.Shape.NoFrame)
        self._text.viewport().setAutoFillBackground(False)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(SPACE[1], SPACE[1], SPACE[1], SPACE[1])
        whole.addWidget(self._text)
        theme.changed.connect(self._restyle)
        self._restyle()

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The ground."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._theme.colour("hairline"), 1))
        painter.setBrush(self._theme.colour("code"))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()

    def _restyle(self) -> None:
        self._theme.dress_bars(self._text)
        self._text.setFont(self._theme.font("body", code=True))
        self._text.setFixedHeight(4 * self._text.fontMetrics().lineSpacing())
        palette = self._text.palette()
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self._text.setPalette(palette)
        self.update()
