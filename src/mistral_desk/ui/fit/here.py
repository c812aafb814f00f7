"""*How it runs here* for a model on this computer: its plan and figures in a sheet, by hand, and measured now."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDialog

from mistral_desk.core import amounts
from mistral_desk.core.errors import DeskError, Words, in_words
from mistral_desk.core.words import tr
from mistral_desk.fit.plan import Wishes
from mistral_desk.inference.fitting import PlannedEngine
from mistral_desk.inference.fitting.benchmark import benchmark
from mistral_desk.inference.fitting.benchmark_text import benchmark_text
from mistral_desk.ui.fit.advanced import Advanced
from mistral_desk.ui.fit.planner import Planner
from mistral_desk.ui.fit.sheet import FitSheet
from mistral_desk.ui.library.shelf import whole
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Variant
    from mistral_desk.inference.client import ModelSpec
    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.desk import Desk

COPIED_SECONDS = 4


class Here(QObject):
    """The sheet of one model, as long as it is open."""

    def __init__(self, desk: Desk, model: str, title: str) -> None:
        super().__init__(desk)
        self._desk = desk
        self._model = model
        self._spec: ModelSpec | None = None
        self._key = ""
        self._measuring = False
        self.sheet = FitSheet(desk.theme, title, desk.window)
        self.sheet.finished.connect(self._closed)
        desk.window.show_overlay(self.sheet)
        desk.tasks.spawn(self._fill(), "look how a model runs")

    async def _fill(self) -> None:
        fitting = self._desk.services.fitting
        try:
            spec = self._desk.services.resolve_model(self._model)
            found = await fitting.variant(spec.path, projector=spec.projector)
            self._key = await fitting.key(spec.path)
        except DeskError as error:
            words = in_words(error.problem, tr)
            if self._open:
                self.sheet.tell(" ".join(one for one in (words.title, words.message, words.hint) if one))
            return
        self._spec = spec
        machine, comparison = await fitting.machine(), await fitting.comparison(self._key)
        if not self._open:
            return
        info = self._info()
        projector = info.projector if info is not None else spec.projector
        made = Advanced(
            self._desk.theme, found, machine, self.sheet.holder(), path=spec.path, projector=projector or ""
        )
        made.show_wishes(fitting.wishes(self._key))
        made.show_measured(comparison, info)
        Planner(made, self._desk.tasks, self._judge)
        made.applied.connect(self._apply)
        made.copied.connect(self._copied)
        made.benchmark.connect(lambda: self._desk.tasks.spawn(self._measure(made), "measure a model"))
        self.sheet.fill(made)

    @property
    def _open(self) -> bool:
        return self._desk.window.overlay is self.sheet

    def _info(self) -> ModelInfo | None:
        """What is known of the model as it is loaded, if it is this one that answers."""
        return self._desk.model.info if whole(self._desk.model.id) == whole(self._model) else None

    async def _judge(self, wishes: Wishes) -> Variant:
        assert self._spec is not None  # noqa: S101 - nobody wishes before it is filled
        spec = self._spec
        return await self._desk.services.fitting.variant(spec.path, wishes, projector=spec.projector)

    def _apply(self, wishes: Wishes) -> None:
        self._desk.tasks.spawn(self._load(wishes), "load a model by hand")

    async def _load(self, wishes: Wishes) -> None:
        self.sheet.accept()
        try:
            await self._desk.services.fitting.set_wishes(self._key, None if wishes == Wishes() else wishes)
        except DeskError as error:
            self._desk.notices.problem(error.problem, "warning")
        self._desk.open_model(self._model)

    def _copied(self, _text: str) -> None:
        words = Words(tr("Copied"), tr("It is in the clipboard now."), "")
        self._desk.notices.show(Notice("success", words, seconds=COPIED_SECONDS))

    # --- measuring ----------------------------------------------------------------------------------

    async def _measure(self, shown: Advanced) -> None:
        services = self._desk.services
        engine = services.engine
        assert self._spec is not None  # noqa: S101 - the button is there after it is filled
        assert isinstance(engine, PlannedEngine)  # noqa: S101 - the window's always is
        shown.show_progress(tr("Waiting for the answer that is being written…"))
        text = ""
        try:
            async with services.engine_free:
                if not self._open:
                    return
                self._measuring = True
                found = await benchmark(services.fitting, engine, self._spec, self._tell)
            text = benchmark_text(found) if found is not None else ""
            comparison = await services.fitting.comparison(self._key)
            self._desk.model.learn()
            if self._open:
                shown.show_measured(comparison, self._info())
        except DeskError as error:
            self._desk.notices.problem(error.problem)
        finally:
            self._measuring = False
            if self._open:
                shown.show_benchmark(text)

    def _tell(self, step: str, share: float) -> None:
        if not self._open or self.sheet.advanced is None:
            return
        what = {"machine": tr("Looking at this computer…"), "load": tr("Loading the model")}
        done = tr("{what} {share}", what=what.get(step, tr("Reading and writing")), share=amounts.percent(share))
        self.sheet.advanced.show_progress(what["machine"] if step == "machine" else done)

    def _closed(self, _result: int = QDialog.DialogCode.Rejected) -> None:
        if self._measuring:
            self._desk.services.engine.stop()
        self.deleteLater()
