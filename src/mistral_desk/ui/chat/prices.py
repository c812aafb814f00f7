"""Prices in words: what a model elsewhere costs, and what one answer of it may have cost. Estimates, and called so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core import amounts
from mistral_desk.core.words import tr

if TYPE_CHECKING:
    from mistral_desk.chat.elsewhere.prices import Cost, Price

_LEAST: Final = 0.0001


def money(amount: float, currency: str) -> str:
    """An amount as exact as it is small: two digits behind the point, up to four below a tenth."""
    digits = 2 if amount >= 0.1 else 4
    if 0 < amount < _LEAST:
        return tr("less than {amount}", amount=f"{currency}{amounts.number(_LEAST, digits)}")
    return f"{currency}{amounts.number(amount, digits)}"


def priced(price: Price | None) -> str:
    """What the catalog says of a model's price; empty where it says nothing."""
    if price is None:
        return ""
    return tr(
        "{publisher} lists {model} at {read} for a million tokens sent and {written} for a million written. What is "
        "charged, the endpoint decides.",
        publisher=price.publisher,
        model=price.title,
        read=money(price.read, price.currency),
        written=money(price.written, price.currency),
    )


def costing(cost: Cost | None) -> str:
    """What one answer may have cost; empty where that is not known."""
    if cost is None:
        return ""
    amount = money(cost.amount, cost.currency)
    return tr("about {amount}, estimated with the price at {publisher}", amount=amount, publisher=cost.publisher)
