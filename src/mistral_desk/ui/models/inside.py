"""The pages inside the page of models; none of them is imported before somebody comes to see one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QWidget

    from mistral_desk.ui.models.about.page import AboutPage
    from mistral_desk.ui.models.browse.hub import HubPage
    from mistral_desk.ui.models.browse.page import BrowsePage
    from mistral_desk.ui.models.browse.repository import RepositoryPage
    from mistral_desk.ui.models.compare.page import ComparePage
    from mistral_desk.ui.theme.theme import Theme

    SubPage: TypeAlias = BrowsePage | AboutPage | ComparePage | HubPage | RepositoryPage

Kind = Literal["browse", "model", "compare", "hub", "repository"]


class Inside(NamedTuple):
    """The pages; the names are those of `Kind`."""

    browse: BrowsePage
    model: AboutPage
    compare: ComparePage
    hub: HubPage
    repository: RepositoryPage


def kinds() -> tuple[Callable[[Theme, QWidget], QWidget], ...]:
    """What the pages are made by, as `Inside` has them. The first call imports them, in any thread."""
    from mistral_desk.ui.models.about.page import AboutPage  # noqa: PLC0415
    from mistral_desk.ui.models.browse.hub import HubPage  # noqa: PLC0415
    from mistral_desk.ui.models.browse.page import BrowsePage  # noqa: PLC0415
    from mistral_desk.ui.models.browse.repository import RepositoryPage  # noqa: PLC0415
    from mistral_desk.ui.models.compare.page import ComparePage  # noqa: PLC0415

    return BrowsePage, AboutPage, ComparePage, HubPage, RepositoryPage
