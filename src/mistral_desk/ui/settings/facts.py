"""Sections that tell instead of ask: what this computer has, what privacy means here, what the program is made of."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING, Final, NamedTuple

from PySide6 import __version__ as qt_version
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from mistral_desk.core import amounts, build
from mistral_desk.core.components import Component, components
from mistral_desk.core.machine import room_on_disk, this_machine
from mistral_desk.core.words import beside, mark, tr, trn
from mistral_desk.inference import cage, engine_parts
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.commands import keys_of
from mistral_desk.ui.settings.connections import WHEN, ConnectionsSheet
from mistral_desk.ui.settings.rows import Row
from mistral_desk.ui.widgets.button import Button
from mistral_desk.ui.widgets.headed import HeadedSheet
from mistral_desk.ui.widgets.ring import Ring

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.core.machine import Machine
    from mistral_desk.inference.protocol import Hello
    from mistral_desk.services import Services
    from mistral_desk.ui.settings.rows import Section
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.overlay import Overlay

PROMISE: Final = mark(
    "The model runs on this computer. Nothing you write in a chat leaves it, unless you choose a model of an endpoint "
    "or add another computer."
)
LINKS: Final = {
    mark("The engine, llama.cpp"): "https://github.com/ggml-org/llama.cpp",
    mark("The window's toolkit, Qt for Python"): "https://doc.qt.io/qtforpython-6/licenses.html",
}


def processor(machine: Machine) -> str:
    """The processor in one line."""
    cores, threads = trn("{n} core", "{n} cores", machine.cores), trn("{n} thread", "{n} threads", machine.threads)
    return tr("{name}, {cores}, {threads}", name=machine.processor, cores=cores, threads=threads)


def sold(count: int) -> str:
    """Memory as it is sold and as a model's verdict counts it, *15.6 GB*: by 2³⁰ bytes."""
    return tr("{number} GB", number=amounts.number(count / amounts.GIB, 1))


def memory(machine: Machine) -> str:
    """The memory in one line; all of it in whole GB, as a model's verdict says what this computer has."""
    total = tr("{number} GB", number=amounts.number(round(machine.memory_total / amounts.GIB)))
    free = sold(machine.memory_available)
    return tr("{total}, {free} of it free now", total=total, free=free)


def graphics(hello: Hello | None) -> str:
    """What the worker sees besides the processor; empty before there was one."""
    if hello is None:
        return ""
    found = [device for device in hello.devices if device.kind != "cpu"]
    if not found:
        return tr("None that the engine can use; it computes with the processor.")
    return "\n".join(
        tr(
            "{name}: {free} free",
            name=device.description or device.name,
            free=sold(device.memory_free),
        )
        for device in found
    )


def engine(hello: Hello | None) -> str:
    """The engine's version, which of its parts are in use, and what they were made with; empty before there was one."""
    if hello is None:
        return ""
    parts = engine_parts.in_short(hello.backends)
    used = [tr("In use: {parts}", parts=parts)] if parts else []
    return "\n".join([tr("llama-cpp-python {version}", version=hello.llama_cpp), *used, hello.system])


class HardwareFacts:
    """Rows below the hardware's settings; `refresh` looks again."""

    def __init__(self, theme: Theme, services: Services, section: Section) -> None:
        self._services = services
        made = {}
        for key, label in (
            ("processor", tr("Processor")),
            ("memory", tr("Memory")),
            ("graphics", tr("Graphics")),
            ("disk", tr("Room for models")),
            ("engine", tr("Engine")),
        ):
            made[key] = section.add(Row(theme, label, "-", copied=True, parent=section))
        self._rows = made

    def refresh(self) -> None:
        """As things are now."""
        machine, hello = this_machine(), self._services.engine.hello
        not_yet = tr("Not known before a model was loaded.")
        room = room_on_disk(self._services.models_folder)
        self._rows["processor"].set_note(processor(machine))
        self._rows["memory"].set_note(memory(machine))
        self._rows["graphics"].set_note(graphics(hello) or not_yet)
        self._rows["disk"].set_note(amounts.file_size(room) if room is not None else tr("Unknown"))
        self._rows["engine"].set_note(engine(hello) or not_yet)


def fill_privacy(
    theme: Theme, services: Services, section: Section, erase: Callable[[], None], open_: Callable[[Overlay], None]
) -> Row:
    """The promise, and what stands behind it today. Returns the row that says what the model may do."""
    section.add(Row(theme, tr("The promise"), tr(PROMISE), parent=section))
    listed = Button(
        theme, tr("Show the connections…"), text=tr("Show the connections…"), kind="outline", parent=section
    )
    listed.clicked.connect(lambda: open_(ConnectionsSheet(theme, services.ledger, section.window())))
    section.add(Row(theme, tr("Connections"), tr(WHEN), listed, parent=section))
    kept_in = section.add(
        Row(theme, tr("What the model may do"), cage.in_words(services.engine.cage), copied=True, parent=section)
    )
    places = services.folders
    where = tr(
        "Chats: {chats}\nSettings: {settings}\nLog: {log}",
        chats=places.history,
        settings=places.settings,
        log=places.logs,
    )
    section.add(Row(theme, tr("Where your data is"), where, copied=True, parent=section))
    words = tr("Delete all my data…")
    button = Button(theme, words, text=words, kind="danger", parent=section)
    button.clicked.connect(erase)
    what = tr(
        "Chats, their pictures and copies, texts that were not sent, logs and whatever else was made of them; the list "
        "of connections, the fetched catalog and access tokens."
    )
    section.add(Row(theme, tr("Delete all my data"), what, button, parent=section))
    return kept_in


class Asked(NamedTuple):
    """What *About* can ask the window for."""

    guide: Callable[[], None]
    report: Callable[[], None]


def fill_about(theme: Theme, section: Section, open_: Callable[[Overlay], None], updates: Row, asked: Asked) -> None:
    """Version, newer ones, the guide, a report for who helps, two links, licences of everything that comes along."""
    version = tr("Version {version}, licensed under Apache-2.0", version=build.version())
    section.add(Row(theme, "Mistral Desk", version, copied=True, parent=section))
    section.add(updates)
    updates.show()
    running = tr("Python {python}, Qt {qt}", python=platform.python_version(), qt=qt_version)
    section.add(Row(theme, tr("Runs on"), running, copied=True, parent=section))
    guide = tr("User guide")
    button = Button(theme, tr("Open… ({name})", name=guide), text=tr("Open…"), kind="outline", parent=section)
    button.setToolTip("")
    button.clicked.connect(asked.guide)
    keys = keys_of("guide")
    section.add(
        Row(
            theme,
            guide,
            tr("{what} ({keys})", what=tr("Task by task, with pictures"), keys=keys),
            button,
            parent=section,
        )
    )
    asks = tr("Save a diagnostic report…")
    button = Button(theme, asks, text=asks, kind="outline", parent=section)
    button.setToolTip("")
    button.clicked.connect(asked.report)
    text = tr(
        "For a bug report: versions, settings and the log's last part, without your chats. You see all of it first."
    )
    section.add(Row(theme, tr("If something does not work"), text, button, more=tr("bug support help"), parent=section))
    for words, address in LINKS.items():
        button = Button(theme, tr("Open… ({name})", name=tr(words)), text=tr("Open…"), kind="outline", parent=section)
        button.setToolTip(address)
        button.clicked.connect(lambda _on=False, address=address: open_(LinkSheet(theme, address, section.window())))
        section.add(Row(theme, tr(words), address, button, parent=section))
    for part in components():
        button = Button(
            theme, tr("Licence of {name}", name=part.name), text=tr("Licence"), small=True, muted=True, parent=section
        )
        button.clicked.connect(lambda _on=False, part=part: open_(LicenceSheet(theme, part, section.window())))
        note = beside(part.version, part.licence)
        section.add(Row(theme, part.name, note, button, more=tr("licences"), parent=section))


class LicenceSheet(HeadedSheet):
    """The whole text of a licence."""

    widest = 720

    def __init__(self, theme: Theme, part: Component, parent: QWidget) -> None:
        super().__init__(theme, tr("Licence of {name}", name=part.name), parent, title=part.name)
        self.edit = QPlainTextEdit(
            part.text() or tr("This part came without its licence's text: {licence}", licence=part.licence), self.card
        )
        self.edit.setReadOnly(True)
        self.edit.setAccessibleName(tr("Licence text"))
        self.edit.setMinimumHeight(440)
        self._dress()
        theme.changed.connect(self._dress)
        Ring(theme, self.edit)
        self.column.addWidget(self.edit, 1)

    def _dress(self) -> None:
        self._theme.dress_bars(self.edit)
        self.edit.setFont(self._theme.font("small", code=True))

    def first(self) -> QWidget:
        """The text, so that the arrow keys scroll."""
        return self.edit
