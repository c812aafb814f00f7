"""What could be taken into the library: a model, and what is wrong with it where it cannot be used.

Its header is read, as the engine's guard does before a load, so that a broken one is named before somebody takes it.
Everything here blocks.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.fit.read import stored_as
from mistral_desk.inference import model_file, projector_file
from mistral_desk.library.shelf_file import Installed, LibraryFile, Origin

if TYPE_CHECKING:
    from collections.abc import Collection


class Candidate(msgspec.Struct, frozen=True):
    """A model that lies somewhere on this computer. `problem` says why it cannot be taken, `known` that it is in the
    library already.
    """

    model: Installed
    problem: Problem | None = None
    known: bool = False

    @property
    def id(self) -> str:
        """Its first file; no two candidates have the same."""
        return self.model.path

    @property
    def title(self) -> str:
        """What people call it."""
        return self.model.title

    @property
    def program(self) -> Origin:
        """Whose it is: `own`, or another program's."""
        return self.model.origin

    @property
    def path(self) -> str:
        """Its first file."""
        return self.model.path

    @property
    def files(self) -> tuple[LibraryFile, ...]:
        """Its files, the projector apart."""
        return self.model.files

    @property
    def projector(self) -> LibraryFile | None:
        """What gives it eyes."""
        return self.model.projector

    @property
    def bytes(self) -> int:
        """Size of all its files."""
        return self.model.bytes

    @property
    def quantization(self) -> str:
        """How its numbers are stored; empty where nothing says so."""
        return self.model.quantization


def candidate(model: Installed, known: Collection[str], *, problem: Problem | None = None) -> Candidate:
    """Look at a model's files. `known` are real paths of what is in the library; `problem` is known to be wrong."""
    if problem is None and model.missing:
        problem = Problem("library.incomplete", {"name": model.title, "missing": ", ".join(model.missing[:3])})
    inside = os.path.realpath(model.path) in known
    if problem is not None:
        return Candidate(model, problem, inside)
    try:
        file = model_file.inspect(Path(model.path))
        eyes = model.projector
        if eyes is None:
            beside = projector_file.find(file).file
            eyes = LibraryFile(str(beside.path), beside.bytes) if beside else None
        else:
            eyes = _fitting(eyes, file)
    except DeskError as error:
        return Candidate(model, error.problem, inside)
    kind = model.quantization or stored_as(file.header)
    return Candidate(replace(model, projector=eyes, quantization=kind), None, inside)


def _fitting(eyes: LibraryFile, file: model_file.ModelFile) -> LibraryFile | None:
    """A projector that was named; None where it does not fit, because a model runs without eyes, too."""
    try:
        projector_file.inspect(Path(eyes.path), file)
    except DeskError:
        return None
    return eyes
