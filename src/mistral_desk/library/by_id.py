"""Where the models lie that people chose by their ids, also when their folder has moved since."""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import TYPE_CHECKING

from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.model_ids import is_name

if TYPE_CHECKING:
    from mistral_desk.library.installed import Library
    from mistral_desk.library.shelf_file import Installed


def models_there(library: Library) -> tuple[str, ...]:
    """Ids of the models that can be chatted with, without the Guide, by folder and name. It looks, so it blocks."""
    return tuple(model.id for model in library.look_now() if model.state == "here" and model.id != BUILTIN)


def place_of(library: Library, model: str) -> tuple[str, str | None]:
    """The path of a model by its id, and its projector where that lies elsewhere than the engine would look. A path
    that leads nowhere any more is that of the only file of this name, if there is one: its folder has moved.
    """
    found = library.find(model)
    if found is None and not is_name(model) and not os.path.lexists(model):
        found = known(library, model)
    if found is None or model == BUILTIN:
        return model, None
    return found.path, found.projector_elsewhere


def known(library: Library, model: str) -> Installed | None:
    """The model with this id or path, or the only one whose file is called like this path's; the disk is not asked."""
    name = PurePath(model).name
    there = [one for one in library.models if PurePath(one.path).name == name and one.state == "here"]
    return library.find(model) or (there[0] if len(there) == 1 and not is_name(model) else None)
