"""The way from a button to the queue: one sheet that says everything, tokens and gates on the way, then the order."""

from __future__ import annotations

import contextlib
import weakref
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QDialog

from mistral_desk.catalog import facts
from mistral_desk.core import amounts
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.words import mark, tr
from mistral_desk.ui.chat.ask_link import LinkSheet
from mistral_desk.ui.downloads.get_button import GetButton, Ware
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.fit import verdict

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.catalog.hub_files import Variant as RemoteVariant
    from mistral_desk.fit.advice import Variant
    from mistral_desk.library.ordering import Before
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.downloads.get_button import Standing
    from mistral_desk.ui.widgets.button import Kind

OFFLINE_REASON: Final = mark("“Work offline” is switched on in Settings, Privacy.")


class Getting(QObject):
    """Belongs to the desk. Knows every button that offers a download, and keeps them true."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._desk = desk
        self._buttons: weakref.WeakSet[GetButton] = weakref.WeakSet()
        self._coming: frozenset[str] = frozenset()
        desk.models.when_made(self._offer)
        desk.services.settings.listen(declared.OFFLINE, lambda _on: self.refresh())

    def _offer(self) -> None:
        models = self._desk.models
        models.about.control, models.repository.control = self.for_variant, self.for_remote

    # --- buttons --------------------------------------------------------------------------------------

    def for_variant(self, variant: Variant, parent: QWidget) -> GetButton | None:
        """The button of a quantization that was judged; None where it cannot be got or would not run at all."""
        if not variant.repository or not variant.plan.fits:
            return None
        ware = Ware(variant.repository, variant.quant, verdict.file_words(variant))
        return self._made(GetButton(self._desk.theme, ware, parent, slow=not variant.usable))

    def for_remote(self, listing: Listing, variant: RemoteVariant, parent: QWidget) -> GetButton | None:
        """The button of a quantization on the hub; None where parts of it are missing there."""
        if not variant.complete:
            return None
        quant = variant.quantization or variant.name
        ware = Ware(listing.repository, quant, facts.called(listing.repository, quant), listing)
        return self._made(GetButton(self._desk.theme, ware, parent, small=True))

    def for_welcome(self, variant: Variant, parent: QWidget) -> GetButton | None:
        """The one button of the first start."""
        if not variant.repository or not variant.plan.fits:
            return None
        ware = Ware(variant.repository, variant.quant, variant.name)
        offer = tr("Get {name}, {size}", name=variant.name, size=amounts.file_size(variant.bytes))
        kind: Kind = "primary" if variant.usable else "outline"
        return self._made(GetButton(self._desk.theme, ware, parent, kind=kind, offer=offer))

    def standing(self, ware: Ware) -> Standing:
        """Whether it is here, on its way, or can be had."""
        models = self._desk.services.library.models
        if any(model.id.casefold() == ware.key and model.state == "here" for model in models):
            return "here"
        return "coming" if ware.key in self._coming else "offered"

    @property
    def refusal(self) -> str:
        """Why nothing can be downloaded now."""
        return tr(OFFLINE_REASON) if self._desk.services.settings.get(declared.OFFLINE) else ""

    def show_coming(self, keys: frozenset[str]) -> None:
        """These orders are on their way, by their ids."""
        if keys != self._coming:
            self._coming = keys
            self.refresh()

    def refresh(self) -> None:
        """Every button as it stands now."""
        for button in tuple(self._buttons):
            with contextlib.suppress(RuntimeError):  # Qt has deleted it meanwhile
                button.show_standing(self.standing(button.ware), self.refusal)

    def _made(self, button: GetButton) -> GetButton:
        button.show_standing(self.standing(button.ware), self.refusal)
        button.asked.connect(self.act)
        self._buttons.add(button)
        return button

    def act(self, ware: Ware, standing: Standing) -> None:
        """What a press on a button does."""
        if standing == "here":
            found = next((one for one in self._desk.services.library.models if one.id.casefold() == ware.key), None)
            if found is not None:
                self._desk.chat_with(found.id)
        elif standing == "coming":
            self._desk.show_downloads()
        else:
            self.ask(ware)

    # --- the sheet ------------------------------------------------------------------------------------

    def ask(self, ware: Ware) -> None:
        """Open the sheet."""
        if self.refusal:
            return
        _Asking(self._desk, ware)


class _Asking(QObject):
    """One sheet, as long as it is open."""

    def __init__(self, desk: Desk, ware: Ware) -> None:
        super().__init__(desk)
        self._desk, self._ware = desk, ware
        self._before: Before | None = None
        self._open = True
        tokens = desk.services.tokens
        self.sheet = GetSheet(desk.theme, ware.title, tokens.host, tokens.page, desk.window)
        sheet = self.sheet
        sheet.can_free = desk.downloads.can_free
        sheet.finished.connect(self._closed)
        sheet.again.connect(self._look_again)
        sheet.wanted.connect(lambda: desk.tasks.spawn(self._order(), "order a download"))
        sheet.token.connect(lambda token: desk.tasks.spawn(self._take(token), "test a token"))
        sheet.link.connect(lambda url: desk.window.show_overlay(LinkSheet(desk.theme, url, sheet), above=True))
        sheet.library.connect(self._show_library)
        sheet.free.connect(self._free)
        desk.window.show_overlay(sheet)
        desk.tasks.spawn(self._look(), "look at a download")

    def _closed(self, _result: int) -> None:
        self._open = False
        self.deleteLater()

    def _look_again(self) -> None:
        self.sheet.show_looking()
        self._desk.tasks.spawn(self._look(), "look at a download again")

    async def _look(self) -> None:
        services = self._desk.services
        try:
            before = await services.ordering.before(
                self._ware.repository, self._ware.quant or None, listing=self._ware.listing
            )
        except DeskError as error:
            if self._open:
                self.sheet.show_problem(error.problem)
            return
        self._before = before
        if self._open:
            self.sheet.show_before(before, services.downloads.line_speed)

    async def _take(self, token: str) -> None:
        """Test a token on the very file; keep it, and look again."""
        field = self.sheet.token_field
        if field is not None:
            field.set_busy(busy=True)
        try:
            taken = await self._desk.services.tokens.take(token, self._before)
        except DeskError as error:
            words = in_words(error.problem, tr)
            if self._open and self.sheet.token_field is field and field is not None:
                field.set_busy(busy=False)
                field.tell(" ".join(part for part in (words.title + ".", words.hint) if part), "danger")
                field.edit.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        if taken.kept is not None:
            self._desk.notices.problem(taken.kept, "warning")
        if self._open:
            await self._look()

    async def _order(self) -> None:
        if self._before is None:
            return
        try:
            await self._desk.services.ordering.order(self._before)
        except DeskError as error:
            if self._open:
                self.sheet.show_problem(error.problem)
            return
        if self._open:
            self.sheet.done(QDialog.DialogCode.Accepted)
        self._desk.downloads.begun(self._ware)

    def _show_library(self) -> None:
        there = self._before is not None and self._before.there
        self.sheet.accept()
        if there:
            self._desk.window.show_page("library") if self._desk.window.page != "library" else None
        else:
            self._desk.show_downloads()

    def _free(self) -> None:
        self.sheet.reject()
        self._desk.downloads.free_space()
