"""What the window does about fit: asks this computer's plans off the window's thread and shows what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject

from mistral_desk.core.errors import Words, in_words
from mistral_desk.core.words import tr
from mistral_desk.services import model_title
from mistral_desk.ui.fit.here import Here
from mistral_desk.ui.fit.planner import Planner, planned
from mistral_desk.ui.fit.sheet import TITLE
from mistral_desk.ui.notify import Notice
from mistral_desk.ui.settings.computers_door import ComputersDoor

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem
    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.fit.advanced import Advanced
    from mistral_desk.ui.welcome.page import Welcome

FROM_DISK: Final = "model.from_disk"
DOES_NOT_FIT: Final = "model.does_not_fit"


class Fits(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._told: ModelInfo | None = None
        self.computers = ComputersDoor(desk)
        desk.library.fit_asked.connect(self.show)
        desk.model.changed.connect(self._tell_changes)
        desk.models.advanced_opened.connect(self._plan)

    @property
    def _fitting(self) -> Fitting:
        return self._desk.services.fitting

    def show(self, model: str = "") -> None:
        """How a model of this computer runs here; without an id the one that answers."""
        model = model or self._desk.model.id
        Here(self._desk, model, model_title(model))

    def refused(self, problem: Problem) -> bool:
        """Whether a model was not loaded because of its plan; then it is told, with what can be done."""
        if problem.id not in (FROM_DISK, DOES_NOT_FIT):
            return False
        model = self._desk.model.id
        act, does = (self._try_anyway, tr("Try anyway")) if problem.id == FROM_DISK else (self.show, tr(TITLE))
        self._desk.notices.show(Notice("warning", in_words(problem, tr), does, lambda: act(model)))
        return True

    def _try_anyway(self, model: str) -> None:
        self._desk.tasks.spawn(self._allow(model), "try a model anyway")

    async def _allow(self, model: str) -> None:
        spec = self._desk.services.resolve_model(model)
        self._fitting.allow(await self._fitting.key(spec.path))
        if self._desk.model.id == model:
            self._desk.warm()

    def _tell_changes(self) -> None:
        """What was made smaller when the model was loaded, once for each load."""
        info = self._desk.model.info
        if info is None or info is self._told:
            return
        self._told = info
        if info.changes:
            said = [in_words(one, tr) for one in info.changes]
            message = " ".join(one.message for one in said)
            words = Words(said[0].title, message, said[-1].hint)
            self._desk.notices.show(Notice("info", words, tr(TITLE), self.show))

    def _plan(self, advanced: Advanced) -> None:
        """Answer what is tried by hand with a model that is not here."""
        one, machine = advanced.variant, advanced.machine
        Planner(advanced, self._desk.tasks, lambda wishes: planned(one, machine, wishes))

    def recommend(self, welcome: Welcome) -> None:
        """Say at the first start what runs best here."""
        models = self._desk.models
        welcome.models_asked.connect(lambda model: models.show_model(model) if model else models.show_list())
        welcome.models_asked.connect(lambda _model: self._desk.window.show_page("models"))
        self._desk.tasks.spawn(self._recommend(welcome), "recommend a model")

    async def _recommend(self, welcome: Welcome) -> None:
        machine = await self._fitting.machine()
        offers = await self._fitting.ranking()
        if self._desk.page.welcome is welcome:
            welcome.recommend(machine, offers)
