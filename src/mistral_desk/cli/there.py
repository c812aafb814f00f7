"""Which model at an endpoint a command is about; `cli.here` tells which of this computer."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import is_file
from mistral_desk.core.strangers import plain
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.net.endpoints import store
from mistral_desk.net.endpoints.record import PREFIX, EndpointModel, Offered, is_endpoint, parted

if TYPE_CHECKING:
    from mistral_desk.core.paths import Folders


def elsewhere(asked: str, places: Folders) -> EndpointModel | None:
    """The model at an endpoint that is asked for as ENDPOINT/MODEL, or by its whole id; None for what is here.

    A file of that name goes before it, and a short name counts only where the endpoint's list has it: what was meant as
    a path never leaves by mistake. Raises `endpoint.gone` and `endpoint.no_model`. It blocks.
    """
    if asked == BUILTIN or is_file(asked):
        return None
    whole = is_endpoint(asked)
    name, model = parted(asked) if whole else (asked.partition("/")[0], asked.partition("/")[2])
    known = store.read(places.config / store.FILE) if whole or model else ()
    words = name.casefold()
    found = next((one for one in known if one.id == name or (not whole and one.name.casefold() == words)), None)
    if found is None:
        if whole:
            raise DeskError("endpoint.gone", name=plain(asked.removeprefix(PREFIX), 80))
        return None
    offered = found.model(model)
    if offered is None and not whole:
        raise DeskError("endpoint.no_model", host=found.host, name=plain(model, 200))
    return EndpointModel(found, offered or Offered(model))
