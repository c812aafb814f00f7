"""What people call a model of the library: the id that it was ordered by, and what else finds it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.catalog import facts
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.library.shelf_file import Installed


def short(model: Installed) -> str:
    """The id to type: `owner/name:quantization` of what was downloaded, the file's path of all else."""
    return next((file.set for file in model.files if file.set), model.id)


def repository(model: Installed) -> str:
    """The repository that it came from; empty where nobody knows."""
    return next((file.repository for file in model.files if file.repository), "")


def find(models: Sequence[Installed], asked: str) -> Installed:
    """The one that is meant: by id, path, name, repository, or the catalogue's id for it.

    Raises `library.not_found` and `library.several`.
    """
    wanted = asked.strip().casefold()
    path = str(Path(asked).absolute())
    homes = {one.repository for model in facts.find(asked) for one in model.repositories}
    tiers = (
        [model for model in models if model.id in {asked, path}],
        [model for model in models if short(model).casefold() == wanted],
        [model for model in models if model.name.casefold() == wanted.removesuffix(".gguf")],
        [model for model in models if repository(model) and repository(model).casefold() == wanted],
        [model for model in models if repository(model) in homes],
    )
    found = next((tier for tier in tiers if tier), [])
    if not found:
        raise DeskError("library.not_found", name=asked[:200])
    if len(found) > 1:
        raise DeskError("library.several", name=asked[:200], names=", ".join(map(short, found)))
    return found[0]
