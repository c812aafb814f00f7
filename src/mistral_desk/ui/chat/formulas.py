"""Formulas as pictures: asks the formula child, keeps what it gave, and paints it in the theme's colours.

Nothing waits for it: until a formula is set, and where it cannot be, its source stands there.
"""

from __future__ import annotations

import json
import logging
import math
import os
import re
from collections import OrderedDict, deque
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QByteArray, QObject, QProcess, QProcessEnvironment, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

from mistral_desk.core.environment import without_secrets
from mistral_desk.inference.child import own_command

if TYPE_CHECKING:
    from PySide6.QtGui import QColor

log = logging.getLogger(__name__)
LONGEST: Final = 2_000
"""Characters of a formula that are set; a longer one is shown as source."""
PATIENCE_MS: Final = 4_000
"""For one formula, by the wall's clock: most take a hundredth of that, hostile ones would never end."""
START_MS: Final = 30_000
END_MS: Final = 1_000
"""Until a child that was killed is gone."""
IDLE_MS: Final = 120_000
"""The child ends when nothing was asked for so long."""
KEPT: Final = 1_500
"""Formulas that are remembered, those that cannot be set among them."""
_PAINTED: Final = 400
_BASE: Final = 20.0
"""Pixels of the letters that formulas are set for; they are painted in any size."""
_WIDEST: Final = 6_000.0
_BOX: Final = re.compile(r'viewBox="(-?[\d.e+-]+) (-?[\d.e+-]+) ([\d.e+-]+) ([\d.e+-]+)"')


@dataclass(frozen=True)
class Wanted:
    """A formula as it is wanted: LaTeX, and whether it has lines of its own. It is set once for all sizes of text."""

    latex: str
    display: bool


@dataclass(frozen=True)
class Drawn:
    """A formula that was set: SVG in black; width, height and what of it is above the baseline, for letters of one
    pixel.
    """

    svg: str
    width: float
    height: float
    ascent: float

    @property
    def descent(self) -> float:
        """What is below the baseline."""
        return self.height - self.ascent


class Formulas(QObject):
    """What was set so far, and the process that sets more."""

    settled = Signal(object)
    """A frozenset of `Wanted` that are known now, whether they could be set or not."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._known: OrderedDict[Wanted, Drawn | None] = OrderedDict()
        self._painted: OrderedDict[tuple[Wanted, str, float, float], QPixmap] = OrderedDict()
        self._queue: deque[Wanted] = deque()
        self._asked: set[Wanted] = set()
        self._now: Wanted | None = None
        self._news: set[Wanted] = set()
        self._child: QProcess | None = None
        self._failures = 0
        self._deadline = _timer(self, self._too_slow)
        self._idle = _timer(self, self.end)
        self._telling = _timer(self, self._tell)

    def get(self, wanted: Wanted) -> Drawn | None:
        """The formula if it is set; else None, and `settled` tells when that changed."""
        if wanted in self._known:
            self._known.move_to_end(wanted)
            return self._known[wanted]
        if len(wanted.latex) > LONGEST or not wanted.latex.strip() or self._failures > 3:
            return None
        if wanted not in self._asked:
            self._asked.add(wanted)
            self._queue.append(wanted)
        self._go_on()
        return None

    def waiting(self, wanted: Wanted) -> bool:
        """Whether it may still be set."""
        return wanted in self._asked

    @property
    def busy(self) -> bool:
        """Whether formulas are still being set, or told of."""
        return bool(self._asked) or self._telling.isActive()

    def pixmap(self, wanted: Wanted, drawn: Drawn, size: float, colour: QColor, ratio: float) -> QPixmap:
        """The picture for letters of this size in pixels, in a colour, for a screen of this device ratio."""
        key = (wanted, colour.name(), size, ratio)
        picture = self._painted.get(key)
        if picture is None:
            picture = _paint(drawn, size, colour.name(), ratio)
            self._painted[key] = picture
            if len(self._painted) > _PAINTED:
                self._painted.popitem(last=False)
        return picture

    def end(self) -> None:
        """End the child and forget what it was asked; the next formula starts another one."""
        self._end_child()
        self._queue.clear()
        self._asked.clear()
        self._now = None

    def _end_child(self) -> None:
        for timer in (self._deadline, self._idle):
            timer.stop()
        child, self._child = self._child, None
        if child is not None:
            child.finished.disconnect(self._ended)
            child.errorOccurred.disconnect(self._broken)
            child.readyReadStandardOutput.disconnect(self._read)
            child.kill()
            child.waitForFinished(END_MS)
            if child.state() == QProcess.ProcessState.NotRunning:
                child.deleteLater()
            else:  # on a busy computer; what is deleted before its end waits for it, and Qt warns
                child.finished.connect(child.deleteLater)

    # --- the child ----------------------------------------------------------------------------------

    def _go_on(self) -> None:
        if self._now is not None or not self._queue:
            if self._now is None:
                self._idle.start(IDLE_MS)
            return
        self._idle.stop()
        patience = PATIENCE_MS
        if self._child is None:
            self._start()
            patience = START_MS
        self._now = self._queue.popleft()
        asked = {"id": 0, "latex": self._now.latex, "size": _BASE, "display": self._now.display}
        if self._child is not None:
            self._child.write(QByteArray(json.dumps(asked).encode() + b"\n"))
        self._deadline.start(patience)

    def _start(self) -> None:
        child = QProcess(self)
        program, *arguments = own_command("--formulas")
        own = QProcessEnvironment()
        for name, value in without_secrets(os.environ).items():
            own.insert(name, value)
        child.setProcessEnvironment(own)
        child.setStandardErrorFile(QProcess.nullDevice())
        child.readyReadStandardOutput.connect(self._read)
        child.finished.connect(self._ended)
        child.errorOccurred.connect(self._broken)
        self._child = child
        child.start(program, arguments)

    def _read(self) -> None:
        while self._child is not None and self._child.canReadLine():
            answer = json.loads(bytes(self._child.readLine().data()))
            self._failures = 0
            self._settle(_drawn(str(answer["svg"])) if "svg" in answer else None)

    def _settle(self, drawn: Drawn | None) -> None:
        self._deadline.stop()
        wanted, self._now = self._now, None
        if wanted is not None:
            self._asked.discard(wanted)
            self._known[wanted] = drawn
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            self._news.add(wanted)
            if not self._telling.isActive():
                self._telling.start(30)  # several at once: each costs a layout
        self._go_on()

    def _tell(self) -> None:
        news, self._news = frozenset(self._news), set()
        self.settled.emit(news)

    def _too_slow(self) -> None:
        log.info("a formula took too long to set")
        self._end_child()
        self._settle(None)

    def _broken(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._failures += 10
            log.warning("formulas cannot be set: the process for them does not start")
            self._ended()

    def _ended(self) -> None:
        """It died: of memory, or of its time in all."""
        self._failures += 1
        self._end_child()
        if self._failures > 3:
            self._asked.difference_update(self._queue)
            self._queue.clear()
        self._settle(None)


@cache
def formulas() -> Formulas:
    """The program's own."""
    made = Formulas()
    app = QApplication.instance()
    if app is not None:
        app.aboutToQuit.connect(made.end)
    return made


def _timer(parent: QObject, slot: object) -> QTimer:
    made = QTimer(parent)
    made.setSingleShot(True)
    made.timeout.connect(slot)
    return made


def _drawn(svg: str) -> Drawn | None:
    box = _BOX.search(svg)
    if box is None:
        return None
    _left, top, width, height = (float(number) for number in box.groups())
    if not (0 < width <= _WIDEST and 0 < height <= _WIDEST):
        return None
    return Drawn(svg, width / _BASE, height / _BASE, min(height, max(0.0, -top)) / _BASE)


def _paint(drawn: Drawn, size: float, colour: str, ratio: float) -> QPixmap:
    scale = size * ratio
    picture = QPixmap(QSize(max(1, math.ceil(drawn.width * scale)), max(1, math.ceil(drawn.height * scale))))
    picture.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(drawn.svg.replace('"black"', f'"{colour}"').encode()))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    renderer.render(painter, QRectF(0, 0, drawn.width * scale, drawn.height * scale))
    painter.end()
    picture.setDevicePixelRatio(ratio)
    return picture
