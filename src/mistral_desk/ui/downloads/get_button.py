"""The button beside a quantization: *Download…*, that it is on its way, or *Chat with it* once it is here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PySide6.QtCore import Signal

from mistral_desk.core.words import tr
from mistral_desk.ui.widgets.button import Button, explain

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from mistral_desk.catalog.hub_files import Listing
    from mistral_desk.ui.theme.theme import Theme
    from mistral_desk.ui.widgets.button import Kind

Standing = Literal["offered", "coming", "here"]


@dataclass(frozen=True)
class Ware:
    """A quantization of a repository; `title` is what people call it. `listing` spares the hub a question."""

    repository: str
    quant: str
    title: str
    listing: Listing | None = None

    @property
    def key(self) -> str:
        """The id that its order and its model in the library have, in small letters."""
        return f"{self.repository}:{self.quant}".casefold()


class GetButton(Button):
    """`asked` with its `Ware` and how it stands, when it is pressed."""

    asked = Signal(object, str)

    def __init__(
        self,
        theme: Theme,
        ware: Ware,
        parent: QWidget,
        *,
        slow: bool = False,
        small: bool = False,
        kind: Kind = "outline",
        offer: str = "",
    ) -> None:
        """`offer` are the words of the button while it is to be had; `slow`: the person is warned that it is."""
        super().__init__(theme, ware.title, text=tr("Download…"), kind=kind, small=small, parent=parent)
        self.ware = ware
        self._offer = offer or (tr("Download anyway…") if slow else tr("Download…"))
        self._standing: Standing = "offered"
        self.clicked.connect(lambda: self.asked.emit(self.ware, self._standing))
        self.show_standing("offered", "")

    def show_standing(self, standing: Standing, reason: str) -> None:
        """How it stands; `reason` says why nothing can be downloaded now."""
        self._standing = standing
        text = {"offered": self._offer, "coming": tr("Downloading…"), "here": tr("Chat with it")}[standing]
        self.set_label(tr("{what}: {file}", what=text, file=self.ware.title), text)
        self.setToolTip("")
        explain(self, reason if standing == "offered" else "")
