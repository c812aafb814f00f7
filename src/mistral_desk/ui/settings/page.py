"""The settings page: one row for each declared setting, so that a new setting needs no new page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.theme.tokens import COLUMN, SPACE
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.segmented import Segmented
from mistral_desk.ui.widgets.stepper import Stepper
from mistral_desk.ui.widgets.switch import Switch

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QPaintEvent

    from mistral_desk.core.settings import Settings
    from mistral_desk.ui.notify import Notices
    from mistral_desk.ui.theme.theme import Theme

Declared = declared.Choice | declared.Whole | declared.Switch
SECTIONS: Final = {"appearance": mark("Appearance"), "chat": mark("Chat"), "hardware": mark("Hardware")}
STEPS: Final = {"%": 10, "tokens": 1024}
SETTLE_MS: Final = 400


class SettingsPage(QScrollArea):
    """Shows the settings and changes them at once; `back` leads to the chat."""

    back = Signal()

    def __init__(self, theme: Theme, settings: Settings, notices: Notices, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settings = settings
        self._notices = notices
        self._titles: list[tuple[QLabel, str]] = []
        self.controls: dict[str, QWidget] = {}
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(tr("Settings"))
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inner = _Ground(theme)
        column = QVBoxLayout()
        column.setSpacing(0)
        self._build(column, inner)
        column.addStretch(1)
        row = QHBoxLayout(inner)
        row.setContentsMargins(SPACE[4], SPACE[3], SPACE[4], SPACE[5])
        row.addStretch(1)
        holder = QWidget(inner)
        holder.setLayout(column)
        holder.setMaximumWidth(COLUMN)
        row.addWidget(holder, 1000)
        row.addStretch(1)
        self.setWidget(inner)
        theme.changed.connect(self._restyle)
        self._restyle()

    def _build(self, column: QVBoxLayout, parent: QWidget) -> None:
        head = QLabel(tr("Settings"), parent)
        self._titles.append((head, "title"))
        column.addWidget(head)
        section = ""
        for setting in declared.ALL:
            if not isinstance(setting, Declared):
                continue  # a kind that has no control here yet
            if setting.section != section:
                section = setting.section
                title = QLabel(tr(SECTIONS.get(section, section.capitalize())), parent)
                self._titles.append((title, "heading"))
                column.addSpacing(SPACE[4])
                column.addWidget(title)
                column.addSpacing(SPACE[0])
            column.addWidget(self._row(setting, parent))

    def _row(self, setting: Declared, parent: QWidget) -> QWidget:
        row = _Row(self._theme, parent)
        label, text = QLabel(tr(setting.label), row), QLabel(tr(setting.help), row)
        text.setWordWrap(True)
        self._titles += [(label, "body"), (text, "muted")]
        control = self._control(setting, row)
        self.controls[setting.name] = control
        label.setBuddy(control)
        control.setAccessibleDescription(tr(setting.help))
        reset = Button(
            self._theme, tr("Reset {label}", label=tr(setting.label)), icon="undo", small=True, muted=True, parent=row
        )
        reset.setToolTip(tr("Back to the default"))
        reset.clicked.connect(lambda: self._change(lambda: self._settings.reset(setting)))

        def show(_value: object = None) -> None:
            changed = self._settings.get(setting) != setting.default
            reset.set_faint(not changed)
            reset.setEnabled(changed)

        self._settings.listen(setting, show)
        show()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(label)
        words.addWidget(text)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, SPACE[2], 0, SPACE[2])
        line.setSpacing(SPACE[3])
        line.addLayout(words, 1)
        line.addWidget(reset, 0, Qt.AlignmentFlag.AlignVCenter)
        line.addWidget(control, 0, Qt.AlignmentFlag.AlignVCenter)
        return row

    def _control(self, setting: Declared, parent: QWidget) -> QWidget:
        if isinstance(setting, declared.Choice):
            return self._choice(setting, parent)
        if isinstance(setting, declared.Switch):
            return self._switch(setting, parent)
        return self._number(setting, parent)

    def _choice(self, setting: declared.Choice, parent: QWidget) -> QWidget:
        made = Segmented(
            self._theme, tr(setting.label), {key: tr(label) for key, label in setting.choices.items()}, parent
        )
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

    def _number(self, setting: declared.Whole, parent: QWidget) -> QWidget:
        made = Stepper(self._theme, tr(setting.label), parent)
        spin = made.spin
        spin.setSingleStep(STEPS.get(setting.unit, 1))
        spin.setRange(0 if setting.automatic else setting.minimum, setting.maximum)
        spin.setSuffix(f" {tr(setting.unit)}" if setting.unit else "")
        if setting.automatic:
            spin.setSpecialValueText(tr("Automatic"))
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

    def _restyle(self) -> None:
        self._theme.dress_bars(self)
        for label, kind in self._titles:
            step = {"title": "title", "heading": "lead", "body": "body", "muted": "small"}[kind]
            label.setFont(self._theme.font(step, strong=kind in ("title", "heading")))  # type: ignore[arg-type]
            palette = label.palette()
            palette.setColor(QPalette.ColorRole.WindowText, self._theme.colour("muted" if kind == "muted" else "text"))
            label.setPalette(palette)


class _Ground(QWidget):
    """The canvas under the rows."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._theme.colour("canvas"))
        painter.end()


class _Row(QWidget):
    """A setting's line, with a hairline below."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, self.height() - 1, self.width(), 1, self._theme.colour("hairline"))
        painter.end()
