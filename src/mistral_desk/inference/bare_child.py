"""The yardstick's process: orders come as lines of JSON, the bare loop (`engine.bare`) carries them out.

It is locked in like a worker, because the file of a model is as hostile here.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.inference.yardstick import Order, Start, Took

if TYPE_CHECKING:
    from mistral_desk.inference.engine.bare import Bare
    from mistral_desk.inference.sandbox.worker import WorkerCage

_LETTERS: Final = 400


def main() -> int:
    """Serve orders, one a line, until stdin ends."""
    answers = os.dup(1)
    os.dup2(2, 1)  # libraries print
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from mistral_desk.inference.sandbox import worker  # noqa: PLC0415 after the descriptors are safe

    cage = worker.WorkerCage()
    cage.begin()
    bare: Bare | None = None
    for line in sys.stdin.buffer:
        try:
            if bare is None:
                bare = _loaded(msgspec.json.decode(line, type=Start), cage)
                took = Took(0, 0, 0, 0)
            else:
                took = bare.take(msgspec.json.decode(line, type=Order))
        except DeskError as error:
            took = Took(0, 0, 0, 0, in_words(error.problem).message[:_LETTERS])
        except (OSError, ImportError, msgspec.MsgspecError) as error:
            took = Took(0, 0, 0, 0, str(error)[:_LETTERS] or type(error).__name__)
        os.write(answers, msgspec.json.encode(took) + b"\n")
    return 0


def _loaded(start: Start, cage: WorkerCage) -> Bare:
    from mistral_desk.inference.engine import native  # noqa: PLC0415 behind the first lock
    from mistral_desk.inference.engine.bare import Bare  # noqa: PLC0415

    cage.look_only_at([Path(start.path), native.folder()])
    bare = Bare(start)
    cage.close(graphics=any(device.kind in {"gpu", "integrated"} for device in native.devices()))
    return bare
