"""A conversation as a PDF, printed by Qt: its fonts come along in the file, and no address in it is ever asked.

It runs in a thread of its own, in small pieces: each is a document of a few thousand characters that is laid out, cut
between its lines and painted. So five thousand messages need the memory of one piece, and the window goes on.
"""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QBuffer, QIODevice, QLocale, QMarginsF, QRectF, Qt, QUrl
from PySide6.QtGui import (
    QAbstractTextDocumentLayout,
    QColor,
    QFont,
    QGuiApplication,
    QImage,
    QPageLayout,
    QPageSize,
    QPainter,
    QPalette,
    QPdfWriter,
    QTextDocument,
    QTextOption,
)

from mistral_desk.chat.parts import read_file, read_picture
from mistral_desk.chat.sharing import as_html
from mistral_desk.chat.sharing.reading import normal
from mistral_desk.chat.sharing.shared import moment, remark, speaker, title_of
from mistral_desk.core import words
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mistral_desk.chat.message import Message, Part
    from mistral_desk.chat.sharing.shared import Job, Shared

DOTS: Final = 96
"""Of layout to an inch; letters are outlines, so this decides no sharpness."""
MARGIN_MM: Final = 18.0
PIECE: Final = 1_500
"""Characters of a piece: laying it out takes some milliseconds."""
GAP: Final = 10.0
LINE_END: Final = "\n"
FOOT: Final = 28.0
"""Room for the number of the page."""
HEAD: Final = 84.0
"""Room that a heading and the lines below it want on a page."""
_LINK: Final = re.compile(r'<a href="([^"]+)"[^>]*>(.*?)</a>', re.DOTALL)
_CELL: Final = re.compile(r'<(th|td) class="(left|center|right)">')
_LINES: Final = "border-color:#c9c3ba;border-style:solid;border-collapse:collapse"
_TABLE: Final = f'<table border="1" cellspacing="0" cellpadding="3" style="{_LINES}">'
STYLE: Final = """
body{color:#1c1a17}
p.title{font-size:17pt;font-weight:600;margin:0 0 2px 0}
p.who{font-size:10.5pt;font-weight:600;margin:4px 0 0 0}
h3,h4,h5,h6{margin:8px 0 2px 0}
p{margin:0 0 6px 0}
p.when,p.note,span.note{color:#6a645c;font-size:8.5pt}
pre{white-space:pre-wrap;background-color:#f4f2ef;font-size:9pt;margin:4px 0}
code{background-color:#f4f2ef}
div.plain{white-space:pre-wrap}
div.thoughts{color:#6a645c}
blockquote{margin-left:14px;color:#6a645c}
"""


def write(shared: Shared, job: Job) -> None:
    """Write the branch that is shown. Blocks; may run in any thread. Raises `StoppedError` and `OSError`."""
    kept = QBuffer()
    kept.open(QIODevice.OpenModeFlag.WriteOnly)
    press = _Press(kept, title_of(shared))
    try:
        title = escape(normal(title_of(shared)))
        press.put(f'<p class="title">{title}</p>{_when(shared.conversation.created)}')
        if shared.settings.system.strip():
            press.put(f'<p class="who">{escape(tr("Instructions"))}</p>', with_next=True)
            _text(press, shared.settings.system, job, mine=True)
        for number, message in enumerate(shared.messages):
            job.go_on(number / len(shared.messages))
            _message(press, message, job)
    finally:
        press.end()
    job.sink.write(bytes(kept.data().data()))


def _message(press: _Press, message: Message, job: Job) -> None:
    press.rule()
    press.put(f'<p class="who">{escape(speaker(message))}</p>{_when(message.created)}', with_next=True)
    for part in message.parts:
        _part(press, message, part, job)
    if note := remark(message):
        press.put(f'<p class="note">{escape(note)}</p>')


def _part(press: _Press, message: Message, part: Part, job: Job) -> None:
    match part.kind:
        case "thinking":
            if job.wish.thinking and part.body.strip():
                press.put(f'<p class="note"><b>{escape(tr("Thoughts"))}</b></p>', with_next=True)
                for piece in as_html.pieces(part.body, PIECE):
                    job.go_on()
                    press.put(f'<div class="thoughts">{_printed(piece)}</div>')
        case "image":
            body, pixels = read_picture(part), job.pixels(part)
            if pixels is None:
                name = escape(normal(body.name if body and body.name else tr("Picture")))
                press.put(f'<p class="note">{escape(tr("Picture"))}: {name}</p>')
            else:
                form = QImage.Format.Format_RGB888
                press.picture(QImage(pixels.rgb, pixels.width, pixels.height, 3 * pixels.width, form))
        case "file":
            file = read_file(part)
            if file is not None:
                caption = escape(normal(tr("File: {name}", name=file.name)))
                press.put(f'<p class="note">{caption}</p>', with_next=True)
                _text(press, file.text, job, mine=True, code=True)
        case _:
            if part.body.strip():
                _text(press, part.body, job, mine=message.role == "user")


def _text(press: _Press, text: str, job: Job, *, mine: bool, code: bool = False) -> None:
    pieces: Iterator[str]
    if code:
        pieces = (f"<pre>{escape(one.removesuffix(LINE_END))}</pre>" for one in as_html.lines_of(normal(text), PIECE))
    elif mine:
        pieces = (as_html.plain(one) for one in as_html.lines_of(normal(text), PIECE))
    else:
        pieces = map(_printed, as_html.pieces(text, PIECE))
    for piece in pieces:
        job.go_on()
        press.put(piece)


def _printed(html: str) -> str:
    """Paper cannot be clicked: an address stands behind its words."""
    html = _LINK.sub(lambda found: found[2] if found[1] == found[2] else f"{found[2]} ({found[1]})", html)
    html = _CELL.sub(r'<\1 align="\2">', html).replace("<table>", _TABLE)
    return html.replace("\n</code></pre>", "</code></pre>")


def _when(seconds: float) -> str:
    when = moment(seconds)
    return f'<p class="when">{escape(when)}</p>' if when else ""


class _Page(QTextDocument):
    """Loads nothing but the one picture that it was given."""

    def loadResource(self, _kind: int, _name: QUrl | str) -> Any:
        """An empty picture: with nothing at all Qt would look for a file."""
        return QImage()


class _Press:
    """Pages that fill from the top; what does not fit goes on after the last whole line."""

    def __init__(self, device: QIODevice, title: str) -> None:
        self._writer = QPdfWriter(device)
        metric = QLocale().measurementSystem() == QLocale.MeasurementSystem.MetricSystem
        size = QPageSize(QPageSize.PageSizeId.A4 if metric else QPageSize.PageSizeId.Letter)
        margins = QMarginsF(MARGIN_MM, MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self._writer.setResolution(DOTS)
        self._writer.setPageLayout(
            QPageLayout(size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter)
        )
        self._writer.setTitle(title)
        self._writer.setCreator("Mistral Desk")
        self._font = QFont(QGuiApplication.font().family())
        self._font.setPointSizeF(10.0)
        self._small = QFont(self._font)
        self._small.setPointSizeF(8.0)
        self._painter = QPainter(self._writer)
        if not self._painter.isActive():
            raise OSError("Qt's printer did not begin")
        self._width = float(self._writer.width())
        self._height = float(self._writer.height()) - FOOT
        self._y = 0.0
        self._page = 1
        self._held = ""
        self._mirrored = words.mirrored()
        self._option = QTextOption()
        self._option.setTextDirection(Qt.LayoutDirection.LayoutDirectionAuto)  # each paragraph has its own
        self._option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)

    def put(self, html: str, *, with_next: bool = False) -> None:
        """Set this below the last; `with_next` keeps a heading together with what follows."""
        if with_next:
            self._held += html
            return
        if self._held and self._y + HEAD > self._height:
            self._next_page()
        html, self._held = self._held + html, ""
        document = self._document()
        document.setHtml(html)
        self._lay_out(document)
        self._flow(document)

    def picture(self, picture: QImage) -> None:
        """A picture, as wide as the page at most."""
        if self._held:
            self.put("")
        scale = min(1.0, self._width / picture.width(), (self._height - GAP) / picture.height())
        width, height = picture.width() * scale, picture.height() * scale
        if self._y + height > self._height:
            self._next_page()
        x = self._width - width if self._mirrored else 0.0
        self._painter.drawImage(QRectF(x, self._y, width, height), picture)
        self._y += height + GAP

    def rule(self) -> None:
        """A fine line between two messages."""
        if self._held:
            self.put("")
        if self._y == 0.0:
            return
        if self._y + 4 * GAP > self._height:
            self._next_page()
            return
        self._painter.fillRect(QRectF(0, self._y + GAP / 2, self._width, 0.6), QColor("#e3dfd9"))
        self._y += GAP * 1.2

    def end(self) -> None:
        """The last page."""
        if self._held:
            self.put("")
        if self._painter.isActive():
            self._number()
            self._painter.end()

    def _document(self) -> QTextDocument:
        document = _Page()
        document.setUndoRedoEnabled(False)
        document.setDocumentMargin(0)
        document.setDefaultFont(self._font)
        document.setDefaultStyleSheet(STYLE)
        document.setDefaultTextOption(self._option)
        return document

    def _lay_out(self, document: QTextDocument) -> None:
        document.documentLayout().setPaintDevice(self._writer)
        document.setTextWidth(self._width)

    def _flow(self, document: QTextDocument) -> None:
        height = document.documentLayout().documentSize().height()
        done = 0.0
        lines: list[tuple[float, float]] | None = None
        while done < height - 0.5:
            room = self._height - self._y
            if height - done <= room:
                end = height
            else:
                lines = _lines(document) if lines is None else lines
                end = _cut(lines, done, done + room)
                if end <= done:  # nothing fits any more on this page; on an empty one a line is cut
                    if self._y > 0.0:
                        self._next_page()
                        continue
                    end = min(height, done + room)
            self._paint(document, done, end)
            self._y += end - done
            done = end
            if done < height - 0.5:
                self._next_page()
        self._y += GAP / 2

    def _paint(self, document: QTextDocument, begin: float, end: float) -> None:
        context = QAbstractTextDocumentLayout.PaintContext()
        context.palette.setColor(QPalette.ColorRole.Text, QColor("#1c1a17"))
        context.clip = QRectF(0, begin, self._width, end - begin)
        self._painter.save()
        self._painter.translate(0, self._y - begin)
        self._painter.setClipRect(context.clip)
        document.documentLayout().draw(self._painter, context)
        self._painter.restore()

    def _next_page(self) -> None:
        self._number()
        self._writer.newPage()
        self._page += 1
        self._y = 0.0

    def _number(self) -> None:
        self._painter.setFont(self._small)
        self._painter.setPen(QColor("#6a645c"))
        box = QRectF(0, self._height + FOOT / 2, self._width, FOOT / 2)
        self._painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), str(self._page))


def _lines(document: QTextDocument) -> list[tuple[float, float]]:
    """Top and bottom of every line, those in cells included."""
    found = []
    layout = document.documentLayout()
    block = document.begin()
    while block.isValid():
        top = layout.blockBoundingRect(block).top()
        lines = block.layout()
        for number in range(lines.lineCount()):
            line = lines.lineAt(number)
            found.append((top + line.y(), top + line.y() + line.height()))
        block = block.next()
    return found


def _cut(lines: list[tuple[float, float]], begin: float, limit: float) -> float:
    """The lowest place up to `limit` that no line crosses."""
    end = limit
    while crossed := [top for top, bottom in lines if top < end - 0.01 and bottom > end + 0.01]:
        end = min(crossed)
        if end <= begin:
            return begin
    return end
