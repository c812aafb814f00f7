"""What the window does about models: reads and refreshes the list, asks how each runs here, off the window's thread."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from mistral_desk.catalog import facts
from mistral_desk.catalog.claims import claims
from mistral_desk.catalog.search import Index, facts_of
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.fit.advice import ranked
from mistral_desk.fit.by_record import by_record
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.fit.verdict import Verdict, in_file_words
from mistral_desk.ui.models.browse.remembered import FILE, Remembered
from mistral_desk.ui.models.browse.source import Progress, Source
from mistral_desk.ui.models.hub_door import HubDoor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mistral_desk.catalog import sync
    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.core.errors import Problem
    from mistral_desk.fit.advice import Offer, Variant
    from mistral_desk.fit.machine import Machine
    from mistral_desk.ui.desk import Desk


log = logging.getLogger(__name__)


class Models(QObject):
    """Belongs to the desk; its page shows what comes of it."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._page = page = desk.models
        self._lists = desk.services.catalogue
        self._offers: tuple[Offer, ...] = ()
        self._standing: Mapping[str, tuple[Variant, ...]] = {}
        self._machine: Machine | None = None
        self._catalogue: Catalogue | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._told: object = None
        """All that the open model's page says besides its verdict: what says the same is not built anew."""
        self._judged = ""
        """The model whose verdict stands on the open page."""
        self._progress: Progress | None = None
        self._problem: Problem | None = None
        self._reading = True
        self.remembered = Remembered(desk.services.folders.data / FILE, self)
        page.privacy.connect(lambda: desk.window.open_settings("privacy"))
        page.looked_for.connect(self.look)
        page.measure.connect(lambda: desk.tasks.spawn(self._rank(again=True), "rank the models"))
        page.refresh.connect(self.refresh)
        page.cancel.connect(self.cancel)
        page.asked.connect(self._show_record)
        page.compared.connect(self._compare)
        page.link.connect(lambda address: desk.window.show_overlay(LinkSheet(desk.theme, address, desk.window)))
        page.sheet.connect(desk.window.show_overlay)
        desk.services.settings.listen(declared.OFFLINE, lambda _on: self._tell())
        self.hub = HubDoor(desk, self)
        page.when_made(self._page_made)

    def _page_made(self) -> None:
        page = self._page
        page.browse.show_wishes(self.remembered.wishes)
        page.browse.wished.connect(self.remembered.keep)
        for shown in (page.browse, page.about):
            shown.closed_problem.connect(self._close_problem)
        self._tell()

    # --- the list -------------------------------------------------------------------------------------

    def start(self) -> None:
        """Refresh the list by itself, where the person has switched that on and the last time is a day ago."""
        if self._desk.services.settings.get(declared.REFRESH_CATALOG):
            self._desk.tasks.spawn(self._by_itself(), "refresh the catalog by itself")

    def look(self) -> None:
        """Read the list, and find out how the models run here."""
        self._desk.tasks.spawn(self._read(), "read the catalog")
        self._desk.tasks.spawn(self._rank(again=False), "rank the models")

    def refresh(self) -> None:
        """Fetch the list anew; one refresh at a time."""
        if self._refreshing is None and self._progress is None:
            self._progress = Progress()
            self._desk.tasks.spawn(self._refresh(), "refresh the catalog")

    def cancel(self) -> None:
        """End the refresh; what was there before stays."""
        if self._refreshing is not None:
            self._refreshing.cancel()

    async def _read(self) -> None:
        if await self.remembered.load():
            self._page.browse.show_wishes(self.remembered.wishes)
        try:
            catalogue = await self._lists.load()
            index = await asyncio.to_thread(Index, catalogue)
        except DeskError as error:
            self._reading, self._problem = False, error.problem
            self._tell()
            raise
        self._reading = False
        self._show(catalogue, index)

    async def _by_itself(self) -> None:
        """That it did not work is told when they ask for it themselves."""
        before = self._lists.current
        try:
            await self._lists.refresh_if_due()
        except DeskError as error:
            log.info("the catalog was not refreshed by itself: %s", error)
        now = self._lists.current
        if self._catalogue is not None and now is not None and now is not before:
            self._show(now, await asyncio.to_thread(Index, now))

    async def _refresh(self) -> None:
        self._problem, self._progress = None, Progress()
        self._refreshing = asyncio.get_running_loop().create_task(self._fetch(), name="fetch the catalog")
        self._tell()
        try:
            await asyncio.wait((self._refreshing,))
        except asyncio.CancelledError:
            self._refreshing.cancel()
            await asyncio.wait((self._refreshing,))
            raise
        finally:
            done, self._refreshing, self._progress = self._refreshing, None, None
        error = None if done.cancelled() else done.exception()
        if isinstance(error, DeskError):
            self._problem = error.problem
        elif error is not None:
            self._tell()
            raise error
        elif not done.cancelled() and self._lists.current is not None:
            index = await asyncio.to_thread(Index, self._lists.current)
            self._show(self._lists.current, index)
            return
        self._tell()

    async def _fetch(self) -> None:
        await self._lists.refresh(self._came)

    def _came(self, progress: sync.Progress) -> None:
        self._progress = Progress(progress.done, progress.total, progress.what)
        self._tell()

    def _show(self, catalogue: Catalogue, index: Index) -> None:
        self._catalogue = catalogue
        self._page.show_catalogue(catalogue, index)
        self._tell()

    def _tell(self) -> None:
        """Where the list is from and what is happening with it."""
        if not self._page.made:
            return
        services, catalogue = self._desk.services, self._catalogue
        source = Source(
            host=self._lists.host,
            publisher=catalogue.attribution if catalogue else "",
            fetched=catalogue.fetched if catalogue else None,
            reading=self._reading,
            offline=services.settings.get(declared.OFFLINE),
            progress=self._progress,
            problem=self._problem,
            aside=catalogue.set_aside if catalogue else (),
        )
        self._page.browse.show_source(source)
        self._page.about.show_source(source)
        self.hub.tell()

    def forget(self) -> None:
        """All data was deleted: what ships with the program is left."""
        self.cancel()
        self.remembered.forget()
        if self._page.made:
            self._page.browse.show_wishes(self.remembered.wishes)
        if self._catalogue is not None:
            self._desk.tasks.spawn(self._read(), "read the catalog")

    def _close_problem(self) -> None:
        self._problem = None
        self._tell()

    # --- this computer ----------------------------------------------------------------------------------

    async def _rank(self, *, again: bool) -> None:
        fitting = self._desk.services.fitting
        self._machine, self._offers, self._standing = None, (), {}
        try:
            if not again and (expected := await fitting.expected()):
                self._page.show_expected(by_record(expected)[1])
            self._machine = await fitting.machine(again)
            self._standing = await fitting.standing()
            self._offers = await asyncio.to_thread(ranked, self._standing.values())
        finally:
            best, fits = by_record(self._offers)
            self._page.show_offers(self._machine, best, fits)

    def _show_record(self, key: str, member: str) -> None:
        from mistral_desk.ui.models.about.page import Opening  # noqa: PLC0415

        catalogue = self._catalogue
        record = catalogue.get(key) if catalogue else None
        if record is None or catalogue is None:
            return
        about, models = self._page.about, facts_of(key)
        members = self._members(key)
        current = member or (members[0][0] if members else "")
        found = claims(record, models, self._desk.services.catalogue.header_of(models))
        verified = catalogue.verified(key)
        told = (record, found, verified, catalogue.base, catalogue.attribution, titles(record, catalogue))
        asked = [current] if member or self._offers else [one for one, _name in members]
        rows = max((len(file_words(one)) for one in asked), default=0)
        first = Opening(tuple(members), current, self._known(record, current), rows)
        if about.record is None or about.record.id != key or told != self._told:
            self._told = told
            about.show_record(record, catalogue, found, verified, first=first)
        elif current != self._judged:
            about.show_members(members, current)
            if first.verdict is not None:
                about.show_verdict(first.verdict)
            else:
                about.show_measuring(first.rows)
        self._judged = current
        self._desk.tasks.spawn(self._judge(record, member), "judge a model")

    def _known(self, record: Record, member: str) -> Verdict | None:
        """The verdict as the ranking found it, before it is found out anew."""
        if self._machine is None or not self._offers:
            return None
        return self._told_of(record, member, self._standing.get(member, ()), self._machine)

    async def _judge(self, record: Record, member: str) -> None:
        fitting = self._desk.services.fitting
        machine = await fitting.machine()
        members = self._members(record.id)
        current = member or (members[0][0] if members else "")
        found = await fitting.variants(current) if current else ()
        about, place = self._page.about, self._page.place
        if about.record is not None and about.record.id == place.record == record.id and place.member == member:
            self._judged = current
            about.show_members(members, current)
            about.show_verdict(self._told_of(record, current, found, machine))

    async def _verdict(self, record: Record, member: str) -> Verdict:
        fitting = self._desk.services.fitting
        machine = await fitting.machine()
        found = await fitting.variants(member) if member else ()
        return self._told_of(record, member, found, machine)

    def _told_of(self, record: Record, member: str, found: tuple[Variant, ...], machine: Machine) -> Verdict:
        return Verdict(found, machine, self._alternatives(member), record.hardware or "")

    def _members(self, key: str) -> list[tuple[str, str]]:
        """The models that a record stands for, the best here first."""
        order = [offer.variant.model for offer in self._offers]
        known = [(one.id, one.name) for one in facts_of(key)]
        return sorted(known, key=lambda one: order.index(one[0]) if one[0] in order else len(order))

    def _alternatives(self, besides: str) -> tuple[Offer, ...]:
        """The models to take instead of one: the best here and the fast one."""
        return tuple(offer for offer in self._offers if offer.role and offer.variant.model != besides)

    def _compare(self, keys: Sequence[str]) -> None:
        self._desk.tasks.spawn(self._show_comparison(tuple(keys)), "compare models")

    async def _show_comparison(self, keys: Sequence[str]) -> None:
        if self._catalogue is None:
            return
        records = [record for key in keys if (record := self._catalogue.get(key)) is not None]
        publisher = self._catalogue.attribution
        best = {record.id: members[0][0] if (members := self._members(record.id)) else "" for record in records}
        verdicts: dict[str, Verdict] = {}
        for record in records:
            if (known := self._known(record, best[record.id])) is not None:
                verdicts[record.id] = known
        files = {key: words for key, member in best.items() if (words := file_words(member))}
        self._page.compare.show_records(records, verdicts, files, publisher)
        for record in records:
            verdicts[record.id] = await self._verdict(record, best[record.id])
            if self._page.place.kind != "compare" or tuple(self._page.browse.model.marked) != tuple(keys):
                return
            self._page.compare.show_records(records, verdicts, files, publisher)


def titles(record: Record, catalogue: Catalogue) -> tuple[str | None, ...]:
    """What its page names of other models."""
    others = (*record.relates_to, record.superseded_by or "", record.variant_of or "")
    return (*map(catalogue.titles.get, others), *(one.title for one in catalogue.related_to(record.id)))


def file_words(model: str) -> tuple[str, ...]:
    """The words for all files of a model that can be judged: those whose size is known."""
    places = [place for one in facts.models() if one.id == model for place in one.repositories]
    return tuple(
        in_file_words(one.name, one.bytes, exact=not one.approximate)
        for place in places
        for one in place.quantizations
        if one.bytes
    )
