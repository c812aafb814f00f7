"""A model's page on a ground of its own, and records made of the given one with some things otherwise."""

from __future__ import annotations

import contextlib
import copy
import json
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtWidgets import QWidget

from mistral_desk.catalog.record import read
from mistral_desk.core.paths import resource
from mistral_desk.ui.models.about.page import AboutPage
from mistral_desk.ui.theme.theme import Theme

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QApplication

    from mistral_desk.catalog.record import Record

GIVEN: Final = ("catalog", "records", "mistral-small-4.json")


def given() -> Any:
    """The given record's JSON."""
    return json.loads(resource(*GIVEN).read_bytes())


def record(without: tuple[str, ...] = (), **changes: Any) -> Record:
    """The given record with other values, said once; without some fields."""
    document = copy.deepcopy(given())
    inner = document.pop("metadata")
    document = {**inner, **document, "metadata": {}, **changes}
    for name in without:
        del document[name]
    return read(json.dumps(document).encode(), "fetched")


def bundled() -> Record:
    """The given record as it ships with the program."""
    return read(resource(*GIVEN).read_bytes(), "bundled")


@contextlib.contextmanager
def opened(app: QApplication, width: int = 900, height: int = 800, size: int = 100) -> Iterator[AboutPage]:
    """The page, shown."""
    ground = QWidget()
    ground.resize(width, height)
    theme = Theme(app, "light", size)
    theme.set_motion("off")
    page = AboutPage(theme, ground)
    page.resize(width, height)
    ground.show()
    try:
        yield page
    finally:
        ground.hide()
        ground.deleteLater()
        theme.choose("light", 100)
