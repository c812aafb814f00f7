"""What an answer from an endpoint may have cost: the catalog's price of the model, where its maker is who answers.

An estimate, and called so: who else serves the model asks what they like, and the catalog may be old.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.catalog.record import Record
    from mistral_desk.catalog.store import Catalogue
    from mistral_desk.inference.protocol import Figures
    from mistral_desk.net.endpoints.record import EndpointModel

_MILLION: Final = 1_000_000
_PER: Final = re.compile(
    r"(?P<currency>US\$|\$|€|£)\s*(?P<number>\d{1,6}(?:\.\d{1,6})?)\s*(?:/|per)\s*"
    r"(?P<unit>1\s?m\b|m\b|million|1\s?k\b|k\b|1,?000\b|thousand)(?:\s*(?:input|output)?\s*tok)?",
    re.IGNORECASE,
)
_THOUSANDS: Final = ("k", "1k", "1000", "1,000", "thousand")
_ENDING: Final = re.compile(r"-(latest|instruct|it|chat|preview|\d{4}|\d{6}|\d{8}|\d{4}-\d{2}-\d{2})$")


class Price(msgspec.Struct, frozen=True):
    """What a million tokens cost, read and written, in `currency`; `publisher` says so of the model `title`."""

    read: float
    written: float
    currency: str
    title: str
    publisher: str


class Cost(msgspec.Struct, frozen=True):
    """What one answer may have cost."""

    amount: float
    currency: str
    publisher: str


class Prices:
    """Looks into the catalogue as it is now; nothing is known before it was read."""

    def __init__(self, catalogue: Callable[[], Catalogue | None]) -> None:
        self._catalogue = catalogue

    def of(self, source: EndpointModel) -> Price | None:
        """The price of a model, where the catalog knows it and its maker serves it."""
        catalogue = self._catalogue()
        if catalogue is None or source.endpoint.reach != "away":
            return None
        name = _plain(source.model.name.rpartition("/")[2])
        for record in catalogue.records:
            if name in {_plain(record.id), _plain(record.title)} and _serves(record, source.endpoint.host):
                return _price(record, catalogue.attribution)
        return None

    def cost(self, source: EndpointModel, figures: Figures | None) -> Cost | None:
        """What an answer may have cost; None where its tokens or the price are not known."""
        if figures is None or not figures.prompt_tokens:  # first: a window asks at each piece of an answer
            return None
        price = self.of(source)
        if price is None:
            return None
        amount = (figures.prompt_tokens * price.read + figures.generated_tokens * price.written) / _MILLION
        return Cost(amount, price.currency, price.publisher)


def _price(record: Record, publisher: str) -> Price | None:
    said = record.pricing
    sides = [_side(side) for side in (said.input, said.output)] if said is not None else []
    found = [side for side in sides if side is not None]
    if len(found) != 2 or found[0][1] != found[1][1]:
        return None
    return Price(found[0][0], found[1][0], found[0][1], record.title, publisher)


def _side(words: str | float | None) -> tuple[float, str] | None:
    """A number and its currency for a million tokens. A number without its unit could mean a thousandth of it."""
    match = _PER.search(words) if isinstance(words, str) else None
    if match is None:
        return None
    unit = re.sub(r"\s", "", match["unit"].casefold())
    number = float(match["number"]) * (1000 if unit in _THOUSANDS else 1)
    return number, "$" if match["currency"].endswith("$") else match["currency"]


def _serves(record: Record, host: str) -> bool:
    """Whether the model's maker is who answers: its name is the one before the last dot of the host."""
    maker = re.split(r"[^a-z0-9]+", (record.provider or "").casefold())[0]
    labels = host.partition(":")[0].split(".")
    return bool(maker) and len(labels) > 1 and labels[-2] == maker


def _plain(name: str) -> str:
    """A name without what tells versions of one model apart."""
    plain = re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")
    while (shorter := _ENDING.sub("", plain)) != plain:
        plain = shorter
    return plain
