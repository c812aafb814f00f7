"""What people call a model of the library: the id that it was ordered by, and what else finds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.model_ids import OLLAMA

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.library.shelf_file import Installed


def find(models: Sequence[Installed], asked: str) -> Installed:
    """The one that is meant: by id, path, name, repository, or the catalogue's id for it.

    Raises `library.not_found` and `library.several`.
    """
    wanted = asked.strip().casefold()
    path = str(Path(asked).absolute())
    homes = {one.repository.casefold() for model in facts.find(asked) for one in model.repositories}
    tiers = (
        [model for model in models if model.id == asked or model.path in {asked, path}],
        [model for model in models if model.id.casefold() in {wanted, f"{OLLAMA}{wanted}"}],
        [model for model in models if wanted.removesuffix(".gguf") in {model.name.casefold(), model.title.casefold()}],
        [model for model in models if model.repository and model.repository.casefold() == wanted],
        [model for model in models if model.repository and model.repository.casefold() in homes],
    )
    found = next((tier for tier in tiers if tier), [])
    if not found:
        raise DeskError("library.not_found", name=asked[:200])
    if len(found) > 1:
        raise DeskError("library.several", name=asked[:200], names=", ".join(model.id for model in found))
    return found[0]
