"""The file with the endpoints: read whole, written whole, and a damaged one set aside instead of overwritten.

The window and the command line may both have it open: each change begins with what the file says now.
"""

from __future__ import annotations

import contextlib
import logging
import os
import time
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.lasting import write_whole
from mistral_desk.net.endpoints.record import MOST, Endpoint, computer, usable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_log: Final = logging.getLogger(__name__)
FILE: Final = "endpoints.json"
_LARGEST: Final = 16 << 20


class _Whole(msgspec.Struct, frozen=True):
    """The file."""

    version: int
    endpoints: tuple[msgspec.Raw, ...] = ()


class _Kept(Endpoint, frozen=True, omit_defaults=True):
    """An endpoint in the file, with the computer (`at`) that its agreement and its beginning are of."""

    at: str = ""


def read(file: Path) -> tuple[Endpoint, ...]:
    """All endpoints in the file; those that cannot be used are left out and logged. It blocks, and never raises."""
    try:
        with file.open("rb") as source:
            data = source.read(_LARGEST + 1)
            written = os.fstat(source.fileno()).st_mtime
        whole = msgspec.json.decode(data[:_LARGEST], type=_Whole)
    except FileNotFoundError:
        return ()
    except OSError as error:
        _log.warning("the list of endpoints cannot be read: %s", error)
        return ()
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        _set_aside(file, error)
        return ()
    found: dict[str, Endpoint] = {}
    for raw in whole.endpoints[:MOST]:
        try:
            one = msgspec.json.decode(raw, type=_Kept)
        except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
            _log.warning("an endpoint cannot be read: %s", error)
            continue
        if usable(one):
            found.setdefault(one.id, _bound(one, written))
        else:
            _log.warning("an endpoint in the list cannot be used")
    return tuple(found.values())


def write(file: Path, endpoints: Sequence[Endpoint]) -> None:
    """Write them so that after a crash there is the old file or the new one. Raises `endpoint.not_saved`."""
    kept = (_Kept(**msgspec.structs.asdict(one), at=computer(one.address)) for one in endpoints)
    raws = tuple(msgspec.Raw(msgspec.json.encode(one)) for one in kept)
    content = msgspec.json.format(msgspec.json.encode(_Whole(1, raws)), indent=2) + b"\n"
    try:
        write_whole(file, content)
    except OSError as error:
        raise DeskError("endpoint.not_saved", path=str(file), reason=error.strerror or str(error)) from error


def _bound(kept: _Kept, written: float) -> Endpoint:
    """What was agreed to holds for the computer that it was said of: with another address in the file, which was
    `written` then, it is asked for again.
    """
    known = {name: getattr(kept, name) for name in Endpoint.__struct_fields__}
    if kept.at and kept.at != computer(kept.address):
        known.update(agreed=False, since=written, brief=False)
    return Endpoint(**known)


def _set_aside(file: Path, error: Exception) -> None:
    aside = file.with_name(f"{file.stem}-damaged-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}{file.suffix}")
    _log.warning("the list of endpoints is damaged and was set aside: %s", type(error).__name__)
    with contextlib.suppress(OSError):
        file.rename(aside)
