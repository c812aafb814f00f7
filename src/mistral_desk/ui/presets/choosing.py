"""The part of the sheet that is about presets: which one was chosen, and what the chat has beyond it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QVBoxLayout, QWidget

from mistral_desk.chat.presets import LONGEST_NAME
from mistral_desk.core.words import tr
from mistral_desk.ui.presets import fields
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.theme.tokens import SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.flow import FlowLayout
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.popup import below, tick
from mistral_desk.ui.widgets.text_box import NameField

if TYPE_CHECKING:
    from mistral_desk.ui.presets.own import Own
    from mistral_desk.ui.theme.theme import Theme


class PresetPart(QWidget):
    """`resized` when a line comes or goes."""

    resized = Signal()

    def __init__(self, theme: Theme, own: Own, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._own = theme, own
        self._naming = ""
        self.picker = Picker(theme, tr("Preset"), {}, self)
        self.more = Button(theme, tr("More about presets"), icon="more", kind="outline", parent=self)
        self.row = Row(theme, tr("Preset"), " ", self.picker, parent=self)
        self.row.add(self.more)
        self.back = Button(theme, tr("Back to the preset"), text=tr("Back to the preset"), small=True, parent=self)
        self.keep = Button(theme, tr("Save in the preset"), text=tr("Save in the preset"), small=True, parent=self)
        self._acts = QWidget(self)
        acts = FlowLayout(self._acts, spacing=SPACE[1])
        for button in (self.back, self.keep):
            button.set_kind("outline")
            button.setToolTip("")
            acts.addWidget(button)
        self._name_row = QWidget(self)
        self.name = NameField(theme, tr("Name of the preset"), self._name_row, longest=LONGEST_NAME)
        self.save_name = Button(theme, tr("Save"), text=tr("Save"), kind="outline", parent=self._name_row)
        self.drop_name = Button(theme, tr("Cancel"), text=tr("Cancel"), kind="outline", parent=self._name_row)
        line = QHBoxLayout(self._name_row)
        line.setContentsMargins(0, 0, 0, SPACE[1])
        line.setSpacing(SPACE[1])
        line.addWidget(self.name, 1)
        line.addWidget(self.save_name)
        line.addWidget(self.drop_name)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(SPACE[1])
        column.addWidget(self.row)
        column.addWidget(self._acts)
        column.addWidget(self._name_row)
        self._name_row.hide()
        self.picker.chosen.connect(self._choose)
        self.more.clicked.connect(lambda: below(self.menu(), self.more))
        self.back.clicked.connect(lambda: own.choose(own.preset))
        self.keep.clicked.connect(own.save)
        self.name.textChanged.connect(lambda text: self.save_name.setEnabled(bool(text.strip())))
        self.name.returnPressed.connect(self._named)
        self.save_name.clicked.connect(self._named)
        self.drop_name.clicked.connect(self._end_naming)
        own.changed.connect(self.show_own)
        self.show_own()

    def show_own(self) -> None:
        """Which preset holds, and what is beyond it."""
        own, chosen = self._own, self._own.preset
        choices = {"": tr("None: the model's own")}
        choices |= {str(one.id): one.name for one in own.presets}
        self.picker.choices = choices
        self.picker.set_value(str(chosen.id) if chosen else "")
        beyond = own.beyond
        if chosen and beyond:
            words = tr("This chat has other values for: {fields}.", fields=fields.listed(beyond))
        elif chosen:
            words = tr("This chat has exactly what the preset says.")
        elif beyond:
            words = tr("This chat has its own: {fields}.", fields=fields.listed(beyond))
        else:
            words = tr("Nothing is changed: the model's own values hold.")
        if chosen and chosen.default:
            words = f"{words} {tr('New chats begin with this preset.')}"
        self.row.set_note(words)
        shown = bool(chosen and beyond)
        if self._acts.isVisibleTo(self) != shown:
            held = self.back.hasFocus() or self.keep.hasFocus()
            self._acts.setVisible(shown)
            self.resized.emit()
            if held:
                self.picker.setFocus()

    def menu(self) -> QMenu:
        """What can be done with presets."""
        own, chosen = self._own, self._own.preset
        menu = QMenu(self)
        self._theme.dress_menu(menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        ink = self._theme.colours.text
        save = menu.addAction(icon("plus", ink), tr("Save as a new preset…"))
        save.triggered.connect(lambda: self._begin_naming("new"))
        if chosen:
            rename = menu.addAction(icon("edit", ink), tr("Rename…"))
            rename.triggered.connect(lambda: self._begin_naming("rename"))
            default = menu.addAction(tr("For new chats"))
            tick(self._theme, default, on=chosen.default)
            default.triggered.connect(lambda on: own.set_default(chosen if on else None))
            menu.addSeparator()
            menu.addAction(icon("trash", ink), tr("Delete the preset")).triggered.connect(own.delete)
        elif any(one.default for one in own.presets):
            none = menu.addAction(icon("undo", ink), tr("New chats without a preset"))
            none.triggered.connect(lambda: own.set_default(None))
        return menu

    def _choose(self, key: str) -> None:
        self._own.choose(next((one for one in self._own.presets if str(one.id) == key), None))

    def _begin_naming(self, what: str) -> None:
        chosen = self._own.preset
        self._naming = what
        self.name.setText(chosen.name if what == "rename" and chosen else "")
        self.save_name.setEnabled(bool(self.name.text().strip()))
        self._name_row.show()
        self.resized.emit()
        self.name.setFocus()
        self.name.selectAll()

    def _named(self) -> None:
        name = self.name.text().strip()
        if not name:
            return
        (self._own.rename if self._naming == "rename" else self._own.save_as)(name)
        self._end_naming()

    def _end_naming(self) -> None:
        self._name_row.hide()
        self.resized.emit()
        self.picker.setFocus()
