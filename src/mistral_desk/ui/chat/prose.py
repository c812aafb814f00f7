"""Running text in the transcript: selectable, with links that ask first, and as tall as its words need."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QRect, QRectF, Qt, QUrl, Signal
from PySide6.QtGui import QImage, QPainter, QPalette, QPen, QTextCursor, QTextDocument, QTextOption
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from mistral_desk.ui.chat.document import QUOTE, RULE, Style, build, plain
from mistral_desk.ui.chat.virtual import bring_into_sight
from mistral_desk.ui.theme.tokens import RADIUS_SMALL, SPACE
from mistral_desk.ui.widgets.focus import by_keyboard
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from PySide6.QtGui import QFocusEvent, QPaintEvent, QWheelEvent

    from mistral_desk.ui.chat.markdown import Prose, Table


class TextView(QTextBrowser):
    """A document that shows itself in full; the transcript scrolls, not it. Nothing in it is ever loaded."""

    link = Signal(str)

    def __init__(self, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._style = style
        self._width = -1
        self._height = 0
        self._ring = False
        self._links = 0
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
        self._see_through()

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
        start, end = QTextCursor(cursor), QTextCursor(cursor)
        start.setPosition(cursor.selectionStart())
        end.setPosition(cursor.selectionEnd())
        first, last = QRectF(self.cursorRect(start)), QRectF(self.cursorRect(end))
        if first.top() == last.top():
            return QRectF(first.topLeft(), last.bottomRight())
        return QRectF(0, first.top(), self.viewport().width(), last.bottom() - first.top())

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """A selection ends where another begins, so that Copy is never a surprise."""
        if event.reason() in (Qt.FocusReason.MouseFocusReason, Qt.FocusReason.TabFocusReason):
            cursor = self.textCursor()
            cursor.clearSelection()
            self.setTextCursor(cursor)
        super().focusOutEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """The surface below shows through in every palette."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._see_through()

    def _reach(self, reached: bool) -> None:
        """Tab comes here where there is something to do: a link to follow, or a table to scroll."""
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if reached else Qt.FocusPolicy.ClickFocus)

    def _see_through(self) -> None:
        palette = self.palette()
        if palette.color(QPalette.ColorRole.Base).alpha():
            palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)
            self.setPalette(palette)

    def _rebuilt(self) -> None:
        width, self._width = self._width, -1
        if width > 0:
            self.height_for(width)


class PlainView(TextView):
    """A person's own words, as they were typed."""

    def __init__(self, text: str, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._text = text
        self.restyle()

    def set_text(self, text: str) -> None:
        """Show another text."""
        if text != self._text:
            self._text = text
            self.restyle()

    def restyle(self) -> None:
        """Set the text again, in the theme's present colours and fonts."""
        plain(self.document(), self._text, self._style)
        self._rebuilt()


class ProseView(TextView):
    """Paragraphs, headings, lists and quotes of an answer."""

    def __init__(self, block: Prose, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._block = block
        self.restyle()

    def set_block(self, block: Prose) -> None:
        """Show the same stretch of text grown."""
        self._block = block
        self.restyle()

    def restyle(self) -> None:
        """Set the text again, in the theme's present colours and fonts."""
        self._links = build(self.document(), self._block.tokens, self._style)
        self._reach(bool(self._links))
        self._rebuilt()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Bars of quotes and horizontal rules, then the text."""
        theme = self._style.theme
        painter = QPainter(self.viewport())
        layout = self.document().documentLayout()
        block = self.document().begin()
        while block.isValid():
            form = block.blockFormat()
            quotes = form.intProperty(QUOTE)
            if quotes or form.hasProperty(RULE):
                box = layout.blockBoundingRect(block)
                if quotes:
                    following = block.next()
                    joined = following.isValid() and following.blockFormat().intProperty(QUOTE) >= quotes
                    end = layout.blockBoundingRect(following).top() if joined else box.bottom()
                    for level in range(quotes):
                        bar = QRectF(level * SPACE[3], box.top(), 3, end - box.top())
                        painter.fillRect(bar, theme.colour("border"))
                if form.hasProperty(RULE):
                    painter.fillRect(QRectF(0, box.center().y(), self.width(), 1), theme.colour("hairline"))
            block = block.next()
        painter.end()
        super().paintEvent(event)


class TableView(TextView):
    """A table; one that is wider than the column scrolls sideways by itself."""

    def __init__(self, block: Table, style: Style, name: str, parent: QWidget) -> None:
        super().__init__(style, name, parent)
        self._block = block
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        Ring(style.theme, self)
        self.setWordWrapMode(QTextOption.WrapMode.WordWrap)  # a table too wide scrolls before it breaks words
        self.restyle()

    def set_block(self, block: Table) -> None:
        """Show the same table grown."""
        self._block = block
        self.restyle()

    def restyle(self) -> None:
        """Set the table again, in the theme's present colours and fonts."""
        self._style.theme.dress_bars(self)
        place = self.horizontalScrollBar().value()
        self._links = build(self.document(), self._block.tokens, self._style)
        self.moveCursor(QTextCursor.MoveOperation.Start)  # Qt scrolls to the cursor
        self.horizontalScrollBar().setValue(place)
        self._rebuilt()

    def height_for(self, width: int) -> int:
        """Pixels that the table needs, a scroll bar included where it is wider than `width`."""
        height = super().height_for(width)
        wide = self.document().size().width() > width + 1
        self._reach(wide or bool(self._links))
        return height + (self.horizontalScrollBar().sizeHint().height() if wide else 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Sideways movement is the table's, all other the transcript's."""
        sideways = abs(event.angleDelta().x()) > abs(event.angleDelta().y())
        if sideways and self.horizontalScrollBar().maximum():
            super().wheelEvent(event)
        else:
            event.ignore()
