"""The menu of the model chip: which model answers, how it runs here, a file from the disk, and models elsewhere."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QMenu

from mistral_desk.core.words import tr, trn
from mistral_desk.net.endpoints.record import EndpointModel
from mistral_desk.services import model_title
from mistral_desk.ui.chat.away import INK, SIGN
from mistral_desk.ui.commands import BY_ID
from mistral_desk.ui.palette.panel import Entry, Palette
from mistral_desk.ui.theme.icons import icon
from mistral_desk.ui.widgets.popup import inside, narrow, opened, room_of, tick

if TYPE_CHECKING:
    from mistral_desk.net.endpoints.record import Endpoint
    from mistral_desk.ui.desk import Desk

LONGEST: Final = 40
BEHIND: Final = 12
"""Letters of a model's name in the menu, and how many of them stand behind what is left out."""
LISTED: Final = 8
"""Models of one endpoint that stand in the menu; the others are looked for in a list of their own."""


def show_model_menu(desk: Desk) -> None:
    """Open it over the chip. What the command line has added meanwhile is looked for, and joins the open menu."""
    chip, menu = desk.page.composer.model, model_menu(desk)
    shown = _offered(desk)

    def place() -> None:
        room = room_of(desk.window)
        narrow(menu, room.width())
        hint = menu.sizeHint()
        at = chip.mapToGlobal(QPoint(chip.width() - hint.width(), -hint.height() - 4))
        corner = QPoint(inside(at.x(), hint.width(), room), at.y())
        opened(menu, corner, chip.accessibleName(), by_pointer=chip.underMouse())

    def look_again() -> None:
        nonlocal shown
        if menu.isVisible() and _offered(desk) != shown:
            shown = _offered(desk)
            menu.clear()
            _fill(desk, menu)
            place()

    services = desk.services
    ends = (services.library.listen(lambda _models: look_again()), services.endpoints.listen(look_again))
    menu.aboutToHide.connect(lambda: [end() for end in ends])
    place()
    desk.shelf.look()
    desk.tasks.spawn(services.endpoints.look(), "look for endpoints")


def _offered(desk: Desk) -> tuple[object, ...]:
    return desk.shelf.ids(), desk.services.endpoints.all


def model_menu(desk: Desk) -> QMenu:
    """As it is now."""
    menu = QMenu(desk.window)
    desk.theme.dress_menu(menu)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    _fill(desk, menu)
    return menu


def _fill(desk: Desk, menu: QMenu) -> None:
    for model in desk.shelf.ids():
        action = menu.addAction(_plain(model_title(model)))
        tick(desk.theme, action, on=model == desk.model.id)
        action.triggered.connect(lambda _on=False, model=model: desk.open_model(model))
    menu.addSeparator()
    ink = desk.theme.colours.text
    if not desk.model.is_away:
        here = menu.addAction(icon("chip", ink), tr(BY_ID["fit"].words))
        here.triggered.connect(lambda _on=False: desk.fits.show())
    menu.addAction(icon("file", ink), tr("Open a GGUF file…")).triggered.connect(desk.ask_file)
    for endpoint in desk.services.endpoints.all:
        menu.addSeparator()
        _endpoint(desk, menu, endpoint)
    menu.addSeparator()
    add = menu.addAction(icon("settings", ink), tr("Endpoints…"))
    add.triggered.connect(desk.endpoints.open_settings)


def _endpoint(desk: Desk, menu: QMenu, endpoint: Endpoint) -> None:
    """Its heading, which says where words go or why they cannot, and its models."""
    offline = desk.services.endpoints.offline
    sign = icon(SIGN, desk.theme.colour(INK).name(), steady=True)  # nobody can choose the heading
    lost = desk.services.endpoints.lost(endpoint)
    for number, words in enumerate(heading_of(endpoint, offline=offline, lost=lost)):
        menu.addAction(QIcon() if number else sign, _plain(words)).setEnabled(False)
    models = [EndpointModel(endpoint, one) for one in endpoint.models]
    shown = sorted(models, key=lambda one: one.id != desk.model.id)[:LISTED]
    for one in (one for one in models if one in shown):
        name = tr("{model} · {host}", model=shortened(one.model.name), host=endpoint.host)
        action = menu.addAction(_plain(name))  # a screen reader goes past the heading, which nobody can choose
        if one.id == desk.model.id:
            tick(desk.theme, action, on=True)
        else:
            action.setIcon(sign)
        action.setEnabled(not offline)
        action.triggered.connect(lambda _on=False, model=one.id: desk.open_model(model))
    if not models:
        menu.addAction(tr("No models are known. Test it in Settings.")).setEnabled(False)
    if len(models) > LISTED:
        words = trn("All {n} models of {host}…", "All {n} models of {host}…", len(models), host=endpoint.host)
        more = menu.addAction(_plain(words))
        more.setEnabled(not offline)
        more.triggered.connect(lambda _on=False: _pick(desk, endpoint))


def heading_of(endpoint: Endpoint, *, offline: bool, lost: bool = False) -> tuple[str, str]:
    """What stands over the models of an endpoint: where it is, and what that means."""
    named = tr("{model} · {host}", model=endpoint.name, host=endpoint.host)
    host = endpoint.host if endpoint.name == endpoint.host else named
    if offline:
        return host, tr("Not while Mistral Desk works offline")
    if lost:
        return host, tr("Its key has to be entered again")
    if endpoint.reach == "here":
        return host, tr("Another program on this computer")
    return host, tr("Your messages go there")


def shortened(name: str) -> str:
    """A model's name for a line of the menu; the middle gives way, since both ends tell versions apart."""
    return name if len(name) <= LONGEST else f"{name[: LONGEST - BEHIND - 1]}…{name[-BEHIND:]}"


def _plain(words: str) -> str:
    """A server's words as they are: an ampersand makes no shortcut."""
    return words.replace("&", "&&")


def _pick(desk: Desk, endpoint: Endpoint) -> None:
    """All models of an endpoint that has many, to be looked for by their names."""
    entries = [
        Entry(one.name, endpoint.host, SIGN, partial(desk.open_model, EndpointModel(endpoint, one).id))
        for one in endpoint.models
    ]
    shown = Palette(desk.theme, entries, desk.window)
    words = tr("Models of {host}", host=endpoint.host)
    shown.setAccessibleName(words)
    shown.field.setAccessibleName(words)
    shown.field.setPlaceholderText(words)
    desk.window.show_overlay(shown)
