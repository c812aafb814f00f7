"""The model browser's page in a window of its own, with generated records: what its tests stand on."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from mistral_desk.catalog.search import Fit, Index, Wishes
from mistral_desk.ui.models.browse.page import BrowsePage
from mistral_desk.ui.models.browse.source import Source
from mistral_desk.ui.theme.theme import Theme
from tests.fixtures.catalogues import FETCHED, catalogue_of, standing
from tools.gallery.fitting import pc

if TYPE_CHECKING:
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.fit.advice import Offer

K = Qt.Key
SIXTY: Final = catalogue_of(60)
MANY_MODELS: Final = catalogue_of(2_000)


@cache
def stands(sixty: bool) -> tuple[dict[str, Offer], dict[str, Fit]]:
    """How the models run on a computer; found out once."""
    return standing(SIXTY if sixty else MANY_MODELS, pc(32, 8))


class Browser:
    """The page in a window of its own."""

    def __init__(self, app: QApplication, catalogue: Catalogue = SIXTY, width: int = 1100) -> None:
        self._app = app
        self.window = QWidget()
        self.theme = Theme(app, "light")
        self.page = BrowsePage(self.theme, self.window)
        self.window.resize(width, 800)
        self.page.resize(width, 800)
        self.catalogue = catalogue
        self.index = Index(catalogue)
        self.offers, self.fits = stands(catalogue is SIXTY)
        self.page.show_source(Source("example.org", "example.org", FETCHED))
        self.page.show_catalogue(catalogue, self.index)
        self.page.show_offers(self.offers, self.fits)
        self.window.show()
        self.window.activateWindow()
        self.settle()

    def settle(self) -> None:
        for _ in range(5):
            self._app.processEvents()

    @property
    def shown(self) -> list[str]:
        model = self.page.model
        return [model.id_at(row) for row in range(model.count)]

    def expected(self, wishes: Wishes) -> list[str]:
        return [hit.record.id for hit in self.index.find(wishes, self.fits)]

    def key(self, key: Qt.Key, times: int = 1) -> None:
        for _ in range(times):
            QTest.keyClick(self.page.grid, key)
        self.settle()
