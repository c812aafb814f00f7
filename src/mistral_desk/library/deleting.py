"""Deletes a model's files: into the system's bin, which frees nothing yet, or for good. Everything here blocks."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError
from mistral_desk.library import journal
from mistral_desk.library.scan import scan

if TYPE_CHECKING:
    from mistral_desk.library.shelf_file import Installed


def delete(model: Installed, *, for_good: bool, keep: frozenset[Path] = frozenset()) -> int:
    """Delete a model, its projector when no other model of the folder is left, and folders that are empty then, but not
    those of `keep`. Bytes that are free by that: none of what went to the bin.

    Raises `library.not_deleted` and `library.no_bin`.
    """
    paths = [Path(file.path) for file in model.files]
    if model.projector is not None and not _needed_by_others(model, model.projector.path):
        paths.append(Path(model.projector.path))
    freed = 0
    for path in paths:
        freed += _delete(path, for_good=for_good)
    for folder in {path.parent for path in paths}:
        with contextlib.suppress(OSError):
            for empty in (folder, folder.parent):  # its owner's with it
                if empty in keep:
                    break
                empty.rmdir()
    return freed


def _delete(path: Path, *, for_good: bool) -> int:
    try:
        status = path.stat()
    except FileNotFoundError:
        _forget(path)
        return 0
    except OSError as error:
        raise _not_deleted(path, error) from error
    try:
        if for_good:
            path.unlink()
        else:
            _to_bin(path)
    except OSError as error:
        raise _not_deleted(path, error) from error
    _forget(path)
    return status.st_size if for_good and status.st_nlink == 1 else 0


def _to_bin(path: Path) -> None:
    import send2trash  # noqa: PLC0415 - rarely needed

    try:
        send2trash.send2trash(str(path))
    except FileNotFoundError:
        raise
    except OSError as error:
        if path.exists():
            raise DeskError(
                "library.no_bin", str(error), path=str(path), reason=error.strerror or str(error)
            ) from error


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        journal.forget(journal.path_for(path))


def _not_deleted(path: Path, error: OSError) -> DeskError:
    return DeskError("library.not_deleted", str(error), path=str(path), reason=error.strerror or str(error))


def _needed_by_others(model: Installed, projector: str) -> bool:
    """Whether another model goes with the same projector."""
    others = scan(Path(projector).parent) or ()
    return any(
        other.path != model.path and other.projector is not None and other.projector.path == projector
        for other in others
    )
