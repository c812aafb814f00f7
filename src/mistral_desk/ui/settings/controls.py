"""A control for each kind of declared setting: shows the value in force and changes it at once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import tr
from mistral_desk.ui.settings.rows import Reset, Row
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.picker import Picker
from mistral_desk.ui.widgets.segmented import Segmented
from mistral_desk.ui.widgets.stepper import Stepper
from mistral_desk.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.core.settings import Settings
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme

Declared = declared.Declared
STEPS: Final = {"%": 10, "tokens": 1024, "kB/s": 500}
SETTLE_MS: Final = 400
_SIDE_BY_SIDE: Final = 4
"""As many choices have room beside each other at 200 %, in the longest language."""


class Controls:
    """Makes rows. `standard` is the folder that an empty `Place` stands for."""

    def __init__(
        self, theme: Theme, settings: Settings, notices: Notices, standard: Path, place: Callable[[str], None]
    ) -> None:
        """`place` hears which folder a person chose for a `Place`: more than the setting changes then."""
        self._theme = theme
        self._settings = settings
        self._notices = notices
        self._standard = standard
        self._placed = place
        self.by_name: dict[str, QWidget] = {}

    def row(self, setting: Declared, parent: QWidget) -> Row:
        """The row of a setting."""
        label, help_ = tr(setting.label), tr(setting.help)

        def back() -> None:
            self._change(lambda: self._settings.reset(setting))
            (control.focusProxy() or control).setFocus()

        reset = Reset(self._theme, label, back, parent)  # made first: Tab reaches it first
        control = self._control(setting, parent)
        choices = " ".join(tr(one) for one in setting.choices.values()) if isinstance(setting, declared.Choice) else ""
        row = Row(self._theme, label, help_, control, more=choices, parent=parent)
        self.by_name[setting.name] = control
        if isinstance(setting, declared.Place):
            self._settings.listen(setting, lambda value: self._name_place(row, setting, value))
            self._name_place(row, setting, self._settings.get(setting))
        row.add_before(reset)

        def show(_value: object = None) -> None:
            reset.setVisible(self._settings.get(setting) != setting.default)

        self._settings.listen(setting, show)
        show()
        return row

    def _control(self, setting: Declared, parent: QWidget) -> QWidget:
        match setting:
            case declared.Choice():
                return self._choice(setting, parent)
            case declared.Switch():
                return self._switch(setting, parent)
            case declared.Place():
                return self._place(setting, parent)
            case declared.Places():
                return self._places(setting, parent)
            case declared.Whole():
                return self._number(setting, parent)

    def _choice(self, setting: declared.Choice, parent: QWidget) -> QWidget:
        choices = {key: tr(label) for key, label in setting.choices.items()}
        kind: type[Segmented | Picker] = Segmented if len(choices) <= _SIDE_BY_SIDE else Picker
        made = kind(self._theme, tr(setting.label), choices, parent)
        made.set_value(self._settings.get(setting))
        made.chosen.connect(lambda key: self._change(lambda: self._settings.set(setting, key)))
        self._settings.listen(setting, made.set_value)
        return made

    def _switch(self, setting: declared.Switch, parent: QWidget) -> QWidget:
        made = Switch(self._theme, tr(setting.label), parent)
        made.setChecked(self._settings.get(setting))
        made.clicked.connect(lambda: self._change(lambda: self._settings.set(setting, made.isChecked())))
        self._settings.listen(setting, made.setChecked)
        return made

    def _place(self, setting: declared.Place, parent: QWidget) -> QWidget:
        def ask() -> None:
            here = Path(self._settings.get(setting) or self._standard)
            _ask_folder(made, here if here.is_dir() else Path.home(), self._placed)

        made = self._chooser(setting, tr("Choose a folder…"), parent)
        made.clicked.connect(ask)
        return made

    def _places(self, setting: declared.Places, parent: QWidget) -> QWidget:
        def add(path: str) -> None:
            more = self._settings.get(setting)
            self._change(lambda: self._settings.set(setting, (*more, path)))

        made = self._chooser(setting, tr("Add a folder…"), parent)
        made.clicked.connect(lambda: _ask_folder(made, Path.home(), add))
        return made

    def _chooser(self, setting: Declared, words: str, parent: QWidget) -> Button:
        name = tr("{name}: {value}", name=tr(setting.label), value=words)
        made = Button(self._theme, name, text=words, kind="outline", parent=parent)
        made.setToolTip("")
        return made

    def _name_place(self, row: Row, setting: declared.Place, value: str) -> None:
        place = value or str(self._standard)
        row.set_note(f"{place}\n{tr(setting.help)}")

    def _number(self, setting: declared.Whole, parent: QWidget) -> QWidget:
        made = Stepper(self._theme, tr(setting.label), parent)
        spin = made.spin
        spin.setSingleStep(STEPS.get(setting.unit, 1))
        spin.setRange(0 if setting.automatic else setting.minimum, setting.maximum)
        spin.setSuffix(f" {tr(setting.unit)}" if setting.unit else "")
        if setting.automatic:
            spin.setSpecialValueText(tr(setting.zero))
        spin.setValue(self._settings.get(setting))
        settle = QTimer(made)
        settle.setSingleShot(True)
        settle.setInterval(SETTLE_MS)

        def take() -> None:
            value = spin.value()
            if setting.automatic and 0 < value < setting.minimum:
                value = setting.minimum
            self._change(lambda: self._settings.set(setting, value))

        settle.timeout.connect(take)
        made.changed.connect(lambda _value: settle.start())

        def show(value: int) -> None:
            if spin.value() != value:
                spin.setValue(value)

        self._settings.listen(setting, show)
        return made

    def _change(self, change: Callable[[], None]) -> None:
        try:
            change()
        except DeskError as error:
            self._notices.problem(error.problem, "warning")


def _ask_folder(button: Button, start: Path, then: Callable[[str], None]) -> None:
    """Have a folder chosen in the system's own way, beginning at `start`."""
    dialog = QFileDialog(button.window(), button.text(), str(start))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(then)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
