"""The id under which the library has a model that somebody names by its file."""

from __future__ import annotations

from pathlib import Path

from mistral_desk.inference.model_ids import is_name
from mistral_desk.services import BUILTIN


def whole(model: str) -> str:
    """An id as it is; a file by its whole path."""
    return model if model == BUILTIN or is_name(model) else str(Path(model).expanduser().absolute())
