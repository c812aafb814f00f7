"""Which model answers, and how far it is: what the composer's chip and the *Think harder* switch show."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject, Signal

from mistral_desk.chat.elsewhere.prices import Prices
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.model_ids import BETWEEN, doubtful, writers
from mistral_desk.inference.requests import ClosedError
from mistral_desk.net.endpoints.record import EndpointModel, is_endpoint, parted
from mistral_desk.services import BUILTIN, BUILTIN_TITLE, model_title
from mistral_desk.ui.chat.away import Away, away_of
from mistral_desk.ui.chat.gate import RESTORING
from mistral_desk.ui.chat.model_names import in_sentence, quoted
from mistral_desk.ui.chat.prices import costing, priced

if TYPE_CHECKING:
    from mistral_desk.chat.session import Source
    from mistral_desk.inference.client import ModelSpec
    from mistral_desk.inference.protocol import ModelInfo
    from mistral_desk.inference.silence import Quiet
    from mistral_desk.services import Services
    from mistral_desk.ui.chat.turns import Turn

ALWAYS = mark("This model always thinks before it answers. Answer now ends a thought.")
NO_EFFORT = mark("This model does not take a reasoning effort: it always answers in its own way.")
NOT_TOLD = mark(
    "It is not known how this endpoint is told to think. Settings → Endpoints can say how, where you know that it can."
)
NO_THOUGHTS = mark("Its endpoint says that this model does not think.")


class ModelChoice(QObject):
    """The chosen model's id, what is known of it, and the share that is loaded while it loads."""

    changed = Signal()
    asked_for = Signal()
    """The model is to be ready; it is loaded where it is not."""

    def __init__(self, services: Services, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._services = services
        self.id = BUILTIN
        self._was: Away | None = None
        self._prices = Prices(lambda: services.catalogue.current)
        self.info: ModelInfo | None = None
        self.fraction: float | None = None
        self.eyes: str | None = None
        self._once_more = False
        self.elsewhere = False
        """Whether another program is being answered."""

    @property
    def title(self) -> str:
        """The name to show."""
        return model_title(self.id)

    @property
    def is_away(self) -> bool:
        """Whether the chosen model lies at an endpoint, also at one that is no more."""
        return is_endpoint(self.id)

    @property
    def source(self) -> EndpointModel | None:
        """The model at an endpoint that answers; None where one on this computer does, or the endpoint is no more."""
        if not is_endpoint(self.id):
            return None
        try:
            return self._services.endpoints.source(self.id)
        except DeskError:
            return None

    @property
    def away(self) -> Away | None:
        """Where the words of a chat go; None where they stay in this program."""
        if not is_endpoint(self.id):
            return None
        if (source := self.source) is not None:
            ends = self._services.endpoints
            self._was = away_of(source.endpoint, offline=ends.offline, lost=ends.lost(source.endpoint))
            return self._was
        host = self._was.host if self._was is not None else self.title
        return Away(
            parted(self.id)[0], host, reason=tr("This endpoint is no longer in the settings. Nothing is sent there.")
        )

    @property
    def shared(self) -> str:
        """That a part of the loaded model lies on other computers; empty where all of it is here."""
        placed = self.info.placement if self.info is not None and not self.is_away else None
        if placed is None or not placed.helpers:
            return ""
        return tr(
            "A part of this model lies on {computers}: what is computed of your words goes there over your network, "
            "not encrypted.",
            computers=tr(", ").join(placed.helpers),
        )

    @property
    def host(self) -> str:
        """The host that answers; empty where this program does."""
        return "" if (source := self.source) is None else source.endpoint.host

    def writer(self, wrote: str, made: float) -> str:
        """Who wrote an answer (`made`: when, in seconds since 1970), by the id that is stored with it: an endpoint's
        model with its host, where that has not become another one since.
        """
        return BETWEEN.join(self._named(one, made) for one in writers(wrote))

    def _named(self, model: str, made: float) -> str:
        key, name = parted(model)
        endpoint = self._services.endpoints.find(key)
        if endpoint is None or made < endpoint.since:
            return in_sentence(model)
        return tr("{model} · {host}", model=quoted(name), host=endpoint.host)

    @property
    def short(self) -> str:
        """The name for the chip: of a model elsewhere only its own, since the head of the chat says where it is."""
        return self.title if (source := self.source) is None else source.model.name

    def price_of(self, source: EndpointModel) -> str:
        """What the catalog says that answers of this model cost, in words; empty where it says nothing."""
        return priced(self._prices.of(source))

    def cost_of(self, turn: Turn) -> str:
        """What an answer of an endpoint cost by the catalog's price, in words; empty where that is not known."""
        if len(writers(turn.wrote)) > 1 or doubtful(turn.wrote):  # nobody knows which part of it was whose
            return ""
        try:
            source = self._services.endpoints.source(turn.wrote)
        except DeskError:
            return ""
        return costing(self._prices.cost(source, turn.figures))

    @property
    def think_reason(self) -> str:
        """Why *Think harder* cannot be had; empty when it can, or when nothing is known yet."""
        if (source := self.source) is not None:
            if source.can_think:
                return ""
            return tr(NO_THOUGHTS) if source.model.thinks is False else tr(NOT_TOLD)
        if self.info is None or "high" in self.info.efforts:
            return ""
        return tr(NO_EFFORT)

    @property
    def switch_reason(self) -> str:
        """Why there is nothing to switch; empty when there is, or when nothing is known yet."""
        return tr(ALWAYS) if self.always_thinks else self.think_reason

    @property
    def thinks(self) -> bool:
        """Whether a thought of its can be asked for beside an answer that is there, as far as is known."""
        if self.is_away:
            return False
        return self.info is None or (self.info.thinking and "high" in self.info.efforts)

    @property
    def always_thinks(self) -> bool:
        """Whether it has no other way."""
        return self.info is not None and self.info.efforts == ("high",)

    @property
    def deepens(self) -> bool:
        """Whether a thought of its can go on; the Guide never learnt that, and makes right answers wrong by it."""
        if self.is_away:
            return False
        return self.info is None or self.info.name != BUILTIN_TITLE

    @property
    def continues(self) -> bool:
        """Whether it can go on with an answer that broke off: a server gets messages, and none that is half written."""
        return not self.is_away

    @property
    def comparable(self) -> bool:
        """Whether it is known what its file should be, so that verifying can tell."""
        model = self._services.library.find(self.id)
        return model is not None and any(file.sha256 for file in model.all)

    @property
    def resting(self) -> bool:
        """Whether it was let go because nobody used it; it is loaded again when somebody types."""
        return self._services.engine.resting and self.fraction is None and not self.is_away

    @property
    def looks(self) -> bool:
        """Whether the share is of a first look at its weights."""
        return self._services.engine.looks

    @property
    def quiet(self) -> Quiet | None:
        """How long the engine says nothing about what it works on, where that is long."""
        return self._services.engine.quiet

    def once_more(self) -> None:
        """The person wants to try the model again with which the engine kept stopping."""
        self._once_more = True

    @property
    def held_up(self) -> Problem | None:
        """Why nothing can be asked for a while, whoever would answer."""
        return Problem(RESTORING) if self._services.backups.restoring else None

    async def answering(self) -> Source:
        """What is to answer. Raises as `spec`, `endpoint.gone`, and what holds it up."""
        source = self._services.answering(self.id) if self.is_away else await self.allowed()
        if (problem := self.held_up) is not None:
            raise DeskError.of(problem)
        return source

    async def allowed(self) -> ModelSpec:
        """As `spec`; what the person wants in spite of all is allowed."""
        self.asked_for.emit()
        spec, wanted = self.spec(), self._once_more
        self._once_more = False
        if wanted:
            await self._services.engine.allow(spec.path)
        return spec

    def spec(self) -> ModelSpec:
        """What to run. Raises `model.…` and `resource.missing`."""
        spec = self._services.resolve_model(self.id)
        return spec if self.eyes is None else msgspec.structs.replace(spec, projector=self.eyes)

    async def blindness(self) -> Problem | None:
        """Why the model cannot see pictures, as far as files tell; None where it can."""
        try:
            if self.is_away:
                return await self._services.session.blindness(self._services.answering(self.id))
            spec = self.spec()
        except DeskError:
            return None  # asking it says what is wrong with it
        return await self._services.engine.blindness(spec)

    def choose(self, model: str) -> None:
        """Another model from now on. Raises `model.…` or `endpoint.…` and stays with the old one."""
        if is_endpoint(model):
            self._services.endpoints.source(model)
        else:
            self._services.resolve_model(model)
        if model == self.id:
            return
        self.id, self.info, self.fraction, self.eyes = model, None, None, None
        self.changed.emit()

    def set_eyes(self, projector: str | None) -> None:
        """The file that lets this model see; None: the one beside it."""
        self.eyes, self.info = projector, None
        self.changed.emit()

    async def warm(self) -> None:
        """Load the model before the first question; not while another program is answered, which would break off.

        Nothing happens while all data are deleted: then another engine takes this one's place. Raises `model.…` and
        `engine.…`.
        """
        if self.elsewhere or self.is_away:
            return
        model = self.id
        self.progress(0.0)
        try:
            info = await self._services.engine.ensure(await self.allowed(), self.progress)
        except ClosedError:
            return
        finally:
            self.progress(None)
        if model == self.id:
            self.info = info
            self.changed.emit()

    def progress(self, fraction: float | None) -> None:
        """The share that is loaded; None when nothing is being loaded."""
        self.fraction = None if fraction is None or fraction >= 1 else fraction
        self.changed.emit()

    def learn(self) -> None:
        """Take over what the engine knows of the model that it runs now."""
        if self.is_away:
            return
        if self._services.engine.model is not None and self._services.engine.model != self.info:
            self.info = self._services.engine.model
            self.changed.emit()
