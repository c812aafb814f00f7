"""Running text in the transcript: selectable, with links that ask first, and as tall as its words need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QMimeData, QRect, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QImage, QPainter, QPen, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from mistral_desk.ui.chat import selecting
from mistral_desk.ui.chat.formulas import Wanted, formulas
from mistral_desk.ui.chat.positions import clean_text
from mistral_desk.ui.chat.virtual import bring_into_sight
from mistral_desk.ui.theme.tokens import RADIUS_SMALL
from mistral_desk.ui.widgets.focus import by_keyboard

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QWheelEvent

    from mistral_desk.ui.chat.inlines import Style


class TextView(selecting.Browser):
    """A document that shows itself in full; the transcript scrolls, not it. Nothing in it is ever loaded."""

    link = Signal(str)
    resized = Signal()
    """Its text is another, because a formula was set."""

    def __init__(self, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._style = style
        self._width = -1
        self._height = 0
        self._ring = False
        self._links = 0
        self._awaited: frozenset[Wanted] = frozenset()
        # Each paragraph has its own direction; a mirrored area would begin at the right end of what is too wide.
        self.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        # Qt lays out for the widget's width otherwise, and a widget that is not shown yet has none.
        self.setLineWrapMode(QTextBrowser.LineWrapMode.FixedPixelWidth)
        self.setOpenLinks(False)
        self.setOpenExternalLinks(False)
        self.setUndoRedoEnabled(False)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        self.viewport().setAutoFillBackground(False)
        self.anchorClicked.connect(
            lambda url: self.link.emit(url.toString(QUrl.ComponentFormattingOption.FullyEncoded))
        )
        self.see_through()

    def restyle(self) -> None:
        """Set the text again, in the theme's present colours and fonts."""
        raise NotImplementedError

    def height_for(self, width: int) -> int:
        """Pixels that the text needs at this width."""
        if width != self._width:
            self._width = width
            self.setLineWrapColumnOrWidth(width)
            self._height = math.ceil(self.document().size().height())
        return self._height

    def natural_width(self, widest: int) -> int:
        """Pixels that the longest line takes when lines may be `widest`."""
        self.height_for(widest)
        return min(widest, math.ceil(self.document().idealWidth()) + 1)

    def loadResource(self, kind: int, _name: QUrl | str) -> QImage | QByteArray:
        """Gives an empty thing for everything: a text from a model must not read files or the network.

        Nothing at all would not do: Qt then opens the file by itself.
        """
        if kind == QTextDocument.ResourceType.ImageResource.value:
            blank = QImage(1, 1, QImage.Format.Format_ARGB32)
            blank.fill(Qt.GlobalColor.transparent)
            return blank
        return QByteArray(b" ")

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here."""
        return [self]

    def wheelEvent(self, event: QWheelEvent) -> None:
        """The transcript scrolls."""
        event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The text, and a ring around the link that has the keyboard."""
        super().paintEvent(event)
        box = self.focused_link() if self.hasFocus() and self._ring else None
        if box is not None:
            painter = QPainter(self.viewport())
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(self._style.theme.colour("accent"), 2))
            painter.drawRoundedRect(box.adjusted(-2, 0, 2, 0), RADIUS_SMALL, RADIUS_SMALL)
            painter.end()

    # --- the keyboard -------------------------------------------------------------------------------

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Tab comes to a link at once; the ring is for the keyboard, a click needs none."""
        self._ring = by_keyboard(event.reason())
        super().focusInEvent(event)
        if self._links and event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            forward = event.reason() == Qt.FocusReason.TabFocusReason
            self.moveCursor(QTextCursor.MoveOperation.Start if forward else QTextCursor.MoveOperation.End)
            self.focusNextPrevChild(forward)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """From link to link, each in sight."""
        stays = super().focusNextPrevChild(forward)
        if stays and self.hasFocus():
            bring_into_sight(self, self.keyboard_box())
        return stays

    def keyboard_box(self) -> QRect:
        """What has the keyboard in here: a link, else all of it."""
        link = self.focused_link()
        return self.rect() if link is None else link.toAlignedRect()

    def focused_link(self) -> QRectF | None:
        """Where the link stands that Tab came to: Qt selects it. None while something else is selected."""
        cursor = self.textCursor()
        if not cursor.hasSelection() or not cursor.charFormat().isAnchor():
            return None
        return QRectF(self.box_of(cursor.selectionStart(), cursor.selectionEnd()))

    def cursor_is_ring(self) -> bool:
        """A link that Tab came to."""
        return self._ring and self.hasFocus() and self.focused_link() is not None

    def box_of(self, begin: int, end: int) -> QRect:
        """Where the text between two positions stands; whole lines where it is in several."""
        return selecting.box_of(self, begin, end)

    def place_of(self, anchor: str) -> QRect | None:
        """Where the link with this address stands."""
        found = self._anchor(anchor)
        return None if found is None else self.box_of(*found)

    def focus_link(self, anchor: str) -> None:
        """The keyboard goes to the link with this address."""
        if found := self._anchor(anchor):
            self.setFocus(Qt.FocusReason.OtherFocusReason)
            selecting.select(self, *found)
            self._ring = True
            self.viewport().update()

    def _anchor(self, address: str) -> tuple[int, int] | None:
        block = self.document().begin()
        while block.isValid():
            iterator = block.begin()
            while not iterator.atEnd():
                fragment = iterator.fragment()
                if fragment.charFormat().anchorHref() == address:
                    return fragment.position(), fragment.position() + fragment.length()
                iterator += 1
            block = block.next()
        return None

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A selection ends where another begins, so that Copy is never a surprise."""
        leaves = event.reason() in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason)
        if leaves and not self.spans():
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)
        super().focusOutEvent(event)

    def createMimeDataFromSelection(self) -> QMimeData:
        """What is copied is the text that is seen, formulas as their source."""
        cursor = self.textCursor()
        made = QMimeData()
        made.setText(clean_text(self.document(), cursor.selectionStart(), cursor.selectionEnd()))
        return made

    # --- its text -----------------------------------------------------------------------------------

    def _await(self, wanted: frozenset[Wanted]) -> None:
        """Be set again when one of these formulas is there; a reader is told what the pictures say."""
        waiting = frozenset(one for one in wanted if formulas().waiting(one))
        if bool(waiting) != bool(self._awaited):
            if waiting:
                formulas().settled.connect(self._formulas_came)
            else:
                formulas().settled.disconnect(self._formulas_came)
        self._awaited = waiting
        words = clean_text(self.document(), 0, max(0, self.document().characterCount() - 1)) if wanted else ""
        self.setAccessibleDescription(words)

    def _formulas_came(self, news: frozenset[Wanted]) -> None:
        if self._awaited & news:
            self.restyle()
            self.resized.emit()

    def _reach(self, reached: bool) -> None:
        """Tab comes here where there is something to do: a link to follow, or a table to scroll."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if reached else Qt.FocusPolicy.ClickFocus)

    def _rebuilt(self) -> None:
        self.looks = -1
        width, self._width = self._width, -1
        if width > 0:
            self.height_for(width)
