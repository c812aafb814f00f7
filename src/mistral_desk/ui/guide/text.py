"""The guide's text as one page that scrolls: headings, lists, links within it, pictures as wide as there is room."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QFont, QImage, QPalette, QTextBlockFormat, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QFrame, QTextBrowser, QWidget

from mistral_desk.core.words import tr
from mistral_desk.ui.guide.reading import anchor
from mistral_desk.ui.theme.tokens import LINE_HEIGHT, SPACE
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QResizeEvent, QTextBlock

    from mistral_desk.ui.guide.reading import Guide
    from mistral_desk.ui.theme.theme import Theme

_PICTURE: Final = QTextDocument.ResourceType.ImageResource
_STEP: Final = 60
"""Pixels: while somebody drags the window's edge, pictures are not made anew for each of them."""


class GuideText(QTextBrowser):
    """Shows a `Guide`. Nothing but its own pictures is loaded, and links lead only to its own headings."""

    def __init__(self, theme: Theme, guide: Guide, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._guide = guide
        self._room = 0
        self.setAccessibleName(tr("User guide"))
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setOpenLinks(False)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # else the pictures' width may swing
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setAutoFillBackground(False)
        self.document().setDocumentMargin(SPACE[1])  # the keyboard's ring keeps away from the letters
        self.anchorClicked.connect(lambda address: self.go(address.fragment()))
        Ring(theme, self)
        theme.changed.connect(self._fill)
        self._fill()

    def go(self, name: str) -> bool:
        """Bring a heading to the top, by its name in links; whether there is one."""
        for block in self._blocks():
            if block.blockFormat().headingLevel() and anchor(block.text()) == name:
                top = self.document().documentLayout().blockBoundingRect(block).top()
                self.verticalScrollBar().setValue(int(top) - SPACE[1])
                return True
        return False

    def loadResource(self, kind: int, name: QUrl | str) -> Any:
        """A picture of the guide in its width of now; an empty one for all else, because Qt would look for a file."""
        picture = self._guide.pictures.get(_plain(QUrl(name).toString()))
        if kind != _PICTURE.value or picture is None:
            return QImage()
        ratio = self.devicePixelRatioF()
        wide = round(self._wide(picture) * ratio)
        scaled = picture.convertToFormat(QImage.Format.Format_RGB32).scaledToWidth(
            wide, Qt.TransformationMode.SmoothTransformation
        )
        scaled.setDevicePixelRatio(ratio)
        return scaled

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Pictures stay within the page."""
        super().resizeEvent(event)
        self._fit()

    def _fill(self) -> None:
        bar = self.verticalScrollBar()
        share = bar.value() / max(1, bar.maximum())
        self._theme.dress_bars(self)
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.Base, Qt.GlobalColor.transparent)  # the card's own ground
        palette.setColor(QPalette.ColorRole.Text, self._theme.colour("text"))
        self.setPalette(palette)
        self.document().setDefaultFont(self._theme.font("body"))
        self.document().setMarkdown(self._guide.text, QTextDocument.MarkdownFeature.MarkdownDialectGitHub)
        self.moveCursor(QTextCursor.MoveOperation.Start)  # else Qt goes to the end when the keyboard comes
        for block in self._blocks():
            self._dress(block)
        self._room = 0
        self._fit()
        bar.setValue(round(share * bar.maximum()))

    def _dress(self, block: QTextBlock) -> None:
        """The steps of our type for headings, air between lines, our colour for links."""
        cursor = QTextCursor(block)
        shape = QTextBlockFormat()
        level = block.blockFormat().headingLevel()
        goes_on = block.textList() is not None and block.next().textList() is not None
        shape.setTopMargin(SPACE[4] if level else 0)
        shape.setBottomMargin(SPACE[0] if goes_on else SPACE[2])
        if not any(True for _ in _pictures(block)):
            shape.setLineHeight(100 * LINE_HEIGHT, QTextBlockFormat.LineHeightTypes.ProportionalHeight.value)
        cursor.mergeBlockFormat(shape)
        for start, end, letters in _spans(block):
            if level:
                letters.clearProperty(QTextCharFormat.Property.FontSizeAdjustment)  # Qt's own steps
                letters.setFont(self._theme.font("heading", strong=True))
            elif letters.isAnchor():
                letters.setForeground(self._theme.colour("accent"))
            elif letters.fontFixedPitch():
                letters.setFont(self._theme.font("body", code=True))
            elif letters.fontWeight() > QFont.Weight.Normal:
                letters.setFontWeight(QFont.Weight.DemiBold)
            cursor.setPosition(start)
            cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
            cursor.setCharFormat(letters)

    def _fit(self) -> None:
        room = max(120, self.viewport().width() - 2 * round(self.document().documentMargin()))
        if room == self._room:
            return
        self._room = room
        for block in self._blocks():
            for start, name in _pictures(block):
                picture = self._guide.pictures.get(name)
                if picture is None:
                    continue
                wide = self._wide(picture)
                cursor = QTextCursor(self.document())
                cursor.setPosition(start)
                cursor.setPosition(start + 1, QTextCursor.MoveMode.KeepAnchor)
                image = cursor.charFormat().toImageFormat()
                image.setName(f"{name}#{wide}")  # Qt keeps what it has by its name: another width is another picture
                image.setWidth(wide)
                image.setHeight(wide * picture.height() / picture.width())
                cursor.setCharFormat(image)
        # Qt lays out what follows a picture of another size only in part, and then shows none of it.
        self.document().markContentsDirty(0, self.document().characterCount())

    def _wide(self, picture: QImage) -> int:
        """In pixels of the window: as wide as there is room, in steps, but no wider than it was drawn."""
        return min((self._room or 600) // _STEP * _STEP, picture.width())

    def _blocks(self) -> Iterator[QTextBlock]:
        block = self.document().begin()
        while block.isValid():
            yield block
            block = block.next()


def _spans(block: QTextBlock) -> list[tuple[int, int, QTextCharFormat]]:
    """Where each piece of one look begins and ends, all found before any of them changes."""
    found = []
    place = block.begin()
    while not place.atEnd():
        piece = place.fragment()
        if not piece.charFormat().isImageFormat():
            found.append((piece.position(), piece.position() + piece.length(), QTextCharFormat(piece.charFormat())))
        place += 1
    return found


def _plain(name: str) -> str:
    """A picture's name without its width."""
    return name.partition("#")[0]


def _pictures(block: QTextBlock) -> Iterator[tuple[int, str]]:
    """Where pictures stand, and which."""
    place = block.begin()
    while not place.atEnd():
        piece = place.fragment()
        if piece.charFormat().isImageFormat():
            yield piece.position(), _plain(piece.charFormat().toImageFormat().name())
        place += 1
