"""*All details*: every value of a record that has no place above, as published; and the record's own text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import (
    QTextBlockFormat,
    QTextCharFormat,
    QTextCursor,
    QTextFrameFormat,
    QTextLength,
    QTextTableFormat,
)
from PySide6.QtWidgets import QSizePolicy, QVBoxLayout, QWidget

from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.ui.chat.code import CodeView
from mistral_desk.ui.chat.inlines import Style
from mistral_desk.ui.chat.markdown import Code
from mistral_desk.ui.chat.text_view import TextView
from mistral_desk.ui.models.about import said
from mistral_desk.ui.theme.tokens import SPACE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from PySide6.QtGui import QResizeEvent

    from mistral_desk.catalog.record import Leaf, Record
    from mistral_desk.ui.theme.theme import Theme

ROWS: Final = 400
"""Values that are listed; the record's own text below has all of them."""
RAW: Final = 400_000
"""Characters of the record's own text that are shown."""

Row = tuple[str, str]


def rows(record: Record) -> list[Row]:
    """Name and value of what has no place elsewhere on the page, and of what was put into other words there."""
    found = [row for row in _own(record) if row[1]]
    found += [
        (tr("Related {number}: {what}", number=number, what=what), value)
        for number, one in enumerate(record.related, 1)
        for what, value in (
            (tr("id"), one.id),
            (tr("type"), one.type or ""),
            (tr("page"), one.html_url or ""),
            (tr("Markdown"), one.markdown_url or ""),
        )
        if value
    ]
    found += [(tr("Relation: {kind}", kind=kind), ", ".join(ids)) for kind, ids in record.explicit.items()]
    found += [(tr("Confidence: {field}", field=field), value) for field, value in record.confidence.items()]
    found += [(name, value_words(value)) for name, value in record.extra.items()]
    found += [
        (tr("Could not be read"), tr(one.text, field=one.field) if one.field else tr(one.text))
        for one in record.oddities
    ]
    return found


def _own(record: Record) -> Iterator[Row]:
    """The fields that the page says in other words, or not at all."""
    yield tr("Id"), record.id
    yield tr("Slug"), record.slug or ""
    yield tr("Type"), record.type or ""
    yield tr("Kind, as published"), record.model_type or ""
    yield tr("Modality, as published"), ", ".join(record.modality)
    yield tr("Released, as published"), record.release_date or ""
    yield tr("Updated, as published"), record.last_updated or ""
    yield tr("Last verified, as published"), record.last_verified or tr("nothing (null)")
    yield tr("Verification, as published"), record.verification_status or ""
    yield tr("Record made on"), record.generated_at or ""
    yield tr("Page"), record.html_url or ""
    yield tr("Markdown"), record.markdown_url or ""
    yield tr("Data (API)"), record.api_url or ""
    yield tr("Website"), record.website or ""
    length = record.content_length
    yield tr("Length of the text"), "" if length is None else trn("{n} byte", "{n} bytes", length)
    yield tr("SHA-256 of the text (content_hash)"), record.content_hash or ""
    yield tr("SHA-256 of the text (sha256)"), record.sha256 or ""
    yield tr("Availability"), record.availability or ""
    yield tr("Deprecated"), "" if record.deprecated is None else said.yes_no(record.deprecated)
    yield tr("Superseded by"), record.superseded_by or ""
    yield tr("Variant of"), record.variant_of or ""
    yield (
        tr("Where this record is from"),
        {
            "bundled": tr("It came along with Mistral Desk."),
            "fetched": tr("It was fetched from the catalog."),
            "mentioned": tr("Another record names it."),
            "known": tr("Mistral Desk knows its files."),
        }[record.origin],
    )


def value_words(value: Leaf) -> str:
    """Any value as published."""
    if value is None:
        return tr("nothing (null)")
    if isinstance(value, bool):
        return said.yes_no(value)
    if isinstance(value, int | float):
        return amounts.number(value, 0 if value == int(value) else 2) if abs(value) < 1e15 else str(value)
    return value or tr("empty")


def raw_text(record: Record) -> str:
    """The record as published, set in lines; a very long one as it came, and only its beginning."""
    if len(record.source) > RAW:
        return record.source[:RAW].decode("utf-8", "replace") + "\n…"
    text = json.dumps(record.raw, ensure_ascii=False, indent=2)
    return text if len(text) <= RAW else text[:RAW] + "\n…"


def _more(count: int) -> str:
    return trn(
        "… and {n} more, which the record's own text below has",
        "… and {n} more, which the record's own text below has",
        count,
    )


class Details(QWidget):
    """The list, as one document: it can be selected and copied across lines."""

    def __init__(self, theme: Theme, record: Record, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        listed = rows(record)
        if (over := len(listed) - ROWS) > 0:
            listed = [*listed[:ROWS], ("", _more(over))]
        self.view = _List(theme, listed, self)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        theme.changed.connect(self._restyle)

    def hasHeightForWidth(self) -> bool:
        """Its values wrap."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Pixels that the lines need."""
        return self.view.height_for(max(1, width))

    def sizeHint(self) -> QSize:
        """As a layout wants it."""
        return QSize(400, 40)

    def minimumSizeHint(self) -> QSize:
        """It can become narrow, then it grows."""
        return QSize(120, 20)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All of it."""
        super().resizeEvent(event)
        self.view.setGeometry(0, 0, self.width(), self.view.height_for(max(1, self.width())))

    def stops(self) -> list[QWidget]:
        """What the keyboard reaches in here."""
        return [self.view]

    def _restyle(self) -> None:
        self.view.restyle()
        self.updateGeometry()


class _List(TextView):
    """Names and values in two columns; what is too long breaks anywhere."""

    def __init__(self, theme: Theme, listed: Sequence[Row], parent: QWidget) -> None:
        super().__init__(Style(theme, "small"), tr("All details"), parent)
        self._rows = listed
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.restyle()

    def restyle(self) -> None:
        """Set the lines again, in the theme's present colours and fonts."""
        document, theme = self.document(), self._style.theme
        document.clear()
        document.setDocumentMargin(0)
        document.setDefaultFont(theme.font("small"))
        cursor = QTextCursor(document)
        cursor.beginEditBlock()
        form = QTextTableFormat()
        form.setBorder(0)
        form.setBorderStyle(QTextFrameFormat.BorderStyle.BorderStyle_None)
        form.setCellPadding(0)
        form.setCellSpacing(0)
        form.setWidth(QTextLength(QTextLength.Type.PercentageLength, 100))
        percent = QTextLength.Type.PercentageLength
        form.setColumnWidthConstraints([QTextLength(percent, 36), QTextLength(percent, 64)])
        table = cursor.insertTable(max(1, len(self._rows)), 2, form)
        name, value = QTextCharFormat(), QTextCharFormat()
        for made, ink in ((name, "muted"), (value, "text")):
            made.setFont(theme.font("small"))
            made.setForeground(theme.colour(ink))
        for number, row in enumerate(self._rows):
            for side, (text, char) in enumerate(zip(row, (name, value), strict=True)):
                cell = table.cellAt(number, side)
                shape = cell.format().toTableCellFormat()
                shape.setTopPadding(3)
                shape.setBottomPadding(3)
                shape.setRightPadding(SPACE[2] if side == 0 else 0)
                cell.setFormat(shape)
                cell.firstCursorPosition().insertText(text.replace("\n", "\u2028"), char)
        last = QTextCursor(document)
        last.movePosition(QTextCursor.MoveOperation.End)
        thin = QTextBlockFormat()
        thin.setLineHeight(1, QTextBlockFormat.LineHeightTypes.FixedHeight.value)
        last.setBlockFormat(thin)
        cursor.endEditBlock()
        self.moveCursor(QTextCursor.MoveOperation.Start)
        self._rebuilt()


class Raw(QWidget):
    """The record's own text, with a way to copy it."""

    def __init__(self, theme: Theme, record: Record, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self.view = CodeView(Code("json", raw_text(record)), Style(theme, "small"), self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.view)
        theme.changed.connect(self._restyle)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """As tall as its lines."""
        super().resizeEvent(event)
        self.view.setFixedHeight(self.view.height_for(self.width()))

    def _restyle(self) -> None:
        self.view.restyle()
        self.view.setFixedHeight(self.view.height_for(max(1, self.width())))
