"""Asks before a link opens, with its whole address in sight. The one place that hands an address to the system."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QDialog, QHBoxLayout, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from mistral_desk.core.words import tr, trc
from mistral_desk.ui.chat.links import allowed, host_of
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button

if TYPE_CHECKING:
    from mistral_desk.ui.theme.theme import Theme

log = logging.getLogger(__name__)


class LinkDialog(QDialog):
    """Shows where a link leads; opens it only when told to. Not modal to the event loop: use `open()`."""

    def __init__(self, theme: Theme, address: str, parent: QWidget | None) -> None:
        super().__init__(parent)
        self._address = address
        self.setWindowTitle(tr("Open this link?"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(440)
        host = host_of(address)
        title = QLabel(
            tr("Open a page of {host} in your browser?", host=host)
            if host
            else tr("Write to this address in your mail program?"),
            self,
        )
        title.setFont(theme.font("lead", strong=True))
        title.setWordWrap(True)
        title.setTextFormat(Qt.TextFormat.PlainText)
        whole = QPlainTextEdit(address, self)
        whole.setReadOnly(True)
        whole.setAccessibleName(tr("Address"))
        whole.setFont(theme.font("body", code=True))
        theme.dress_bars(whole)
        whole.setFixedHeight(4 * whole.fontMetrics().lineSpacing())
        copy = Button(theme, tr("Copy address"), text=tr("Copy address"), kind="outline", parent=self)
        cancel = Button(theme, tr("Cancel"), text=tr("Cancel"), kind="outline", parent=self)
        go = Button(theme, trc("a button", "Open"), text=trc("a button", "Open"), kind="primary", parent=self)
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(address))
        cancel.clicked.connect(self.reject)
        go.clicked.connect(self._open)
        row = QHBoxLayout()
        row.setSpacing(SPACE[1])
        row.addWidget(copy)
        row.addStretch(1)
        row.addWidget(cancel)
        row.addWidget(go)
        column = QVBoxLayout(self)
        column.setContentsMargins(SPACE[4], SPACE[4], SPACE[4], SPACE[4])
        column.setSpacing(SPACE[3])
        column.addWidget(title)
        column.addWidget(whole)
        column.addLayout(row)
        cancel.setFocus()

    def _open(self) -> None:
        if allowed(self._address) and not QDesktopServices.openUrl(QUrl(self._address)):
            log.warning("the system opened no program for a link")
        self.accept()
