"""All states, in the order of the index: each sets the window up as a person would, or as the engine says."""

from tools.gallery import (
    about_states,
    attached_states,
    chat_states,
    computer_states,
    context_states,
    endpoint_states,
    engine_states,
    fit_states,
    guard_states,
    library_states,
    models_states,
    order_states,
    page_states,
    rich_states,
    partner_states,
    sharing_states,
    thought_states,
)
from tools.gallery.declare import STATES, State

__all__ = [
    "STATES",
    "State",
    "about_states",
    "attached_states",
    "chat_states",
    "computer_states",
    "context_states",
    "endpoint_states",
    "engine_states",
    "fit_states",
    "guard_states",
    "library_states",
    "models_states",
    "order_states",
    "page_states",
    "rich_states",
    "sharing_states",
    "partner_states",
    "thought_states",
]
