"""What the window does about fit: asks this computer's plans off the window's thread and shows what they say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.catalog import facts
from mistral_desk.ui.fit.verdict import Verdict

if TYPE_CHECKING:
    from mistral_desk.fit.advice import Offer
    from mistral_desk.inference.fitting import Fitting
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.welcome.page import Welcome


class Fits(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        models = desk.models
        models.looked_for.connect(lambda: self._spawn(again=False))
        models.measure.connect(lambda: self._spawn(again=True))
        models.asked.connect(lambda model: desk.tasks.spawn(self._judge(model), "judge a model"))

    @property
    def _fitting(self) -> Fitting:
        return self._desk.services.fitting

    def recommend(self, welcome: Welcome) -> None:
        """Say at the first start what runs best here."""
        welcome.models_asked.connect(self._desk.models.show_model)
        welcome.models_asked.connect(lambda _model: self._desk.window.show_page("models"))
        self._desk.tasks.spawn(self._recommend(welcome), "recommend a model")

    def _spawn(self, *, again: bool) -> None:
        self._desk.tasks.spawn(self._rank(again=again), "rank the models")

    async def _rank(self, *, again: bool) -> None:
        machine = await self._fitting.machine(again)
        offers = await self._fitting.ranking()
        ranked = {offer.variant.model for offer in offers}
        unknown = [(model.id, model.name) for model in facts.models() if model.id not in ranked]
        self._desk.models.show_offers(machine, offers, unknown)

    async def _judge(self, model: str) -> None:
        machine = await self._fitting.machine()
        found = await self._fitting.variants(model)
        offers = await self._fitting.ranking()
        self._desk.models.show_verdict(model, Verdict(found, machine, alternatives(offers, model)))

    async def _recommend(self, welcome: Welcome) -> None:
        machine = await self._fitting.machine()
        offers = await self._fitting.ranking()
        if self._desk.page.welcome is welcome:
            welcome.recommend(machine, offers)


def alternatives(offers: tuple[Offer, ...], besides: str) -> tuple[Offer, ...]:
    """The models to take instead of one: the best here and the fast one."""
    return tuple(offer for offer in offers if offer.role and offer.variant.model != besides)
