"""What a plan needs of a model file that is still on the hub: its shape from its real header, kept for next time."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from mistral_desk import __version__
from mistral_desk.fit.read import shape_of
from mistral_desk.inference import model_file
from mistral_desk.inference.fitting.model_facts import FileFacts
from mistral_desk.inference.fitting.shelf import Kept, Shelf

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mistral_desk.catalog.gguf import Header
    from mistral_desk.catalog.hub_files import Listing, Variant


class RemoteFiles:
    """Facts of files on the hub. `key` is the one that the file will have here. Everything blocks for a moment."""

    def __init__(self, cache: Path) -> None:
        self._shelf = Shelf(cache)

    def known(self, listing: Listing, variant: Variant) -> FileFacts | None:
        """The facts of files whose headers were read before; a commit never changes."""
        kept = self._shelf.get(_state(listing, variant))
        if kept is None:
            return None
        return FileFacts(kept.key, Path(kept.path), kept.name, kept.bytes, kept.projector, kept.shape)

    def learn(self, listing: Listing, variant: Variant, headers: Sequence[Header]) -> FileFacts:
        """The facts that the headers of all its files tell, with the listing's projector.

        Raises `model.damaged` and `model.not_chat`.
        """
        first = PurePosixPath(variant.files[0].path)
        header, eyes = headers[0], listing.projector
        model_file.check(header, first.name)
        tensors = [tensor for one in headers for tensor in one.tensors]
        shape = shape_of(header, tensors, eyes.size if eyes else 0, variant.quantization)
        name = header.name or first.stem
        key = f"{first.name}:{variant.bytes}"
        projector = eyes.path if eyes else ""
        places = (str(first), projector)
        self._shelf.put(_state(listing, variant), Kept(__version__, key, name, variant.bytes, *places, shape))
        return FileFacts(key, Path(first), name, variant.bytes, projector, shape)


def _state(listing: Listing, variant: Variant) -> tuple[object, ...]:
    """What a verdict depends on: a commit never changes, and which projector belongs to it follows from its files."""
    files = tuple((file.path, file.size) for file in variant.files)
    return ("hub", "eyes by header", listing.repository, listing.revision, files)
