"""What a saved state belongs to: these very weights and eyes, this build of llama.cpp, this layout of the memory.

A state of other weights of the same shape would be taken without a word and answer with nonsense. Files are told apart
by size, time of the last change, and samples of their bytes: hashing 70 GB at each load would cost more than it saves.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.inference import model_file
from mistral_desk.inference.state_file import Identity

if TYPE_CHECKING:
    from mistral_desk.inference.protocol import Hello, ModelInfo

_SAMPLES: Final = 16
_SAMPLE_BYTES: Final = 16 * 1024


def identity(hello: Hello, info: ModelInfo) -> Identity:
    """The identity of a model that a worker has loaded. It reads files, so it blocks. Raises `OSError`, `DeskError`."""
    digest = hashlib.blake2b(digest_size=32)
    parts = model_file.inspect(Path(info.path)).parts
    for path in (*parts, *((Path(info.projector),) if info.projector else ())):
        _add(digest, path)
    digest.update(info.vocabulary.encode())
    return Identity(digest.hexdigest(), f"{hello.llama_cpp} · {hello.system}", info.state)


def _add(digest: hashlib.blake2b, path: Path) -> None:
    with path.open("rb", buffering=0) as file:
        status = path.stat()
        digest.update(f"{status.st_size} {status.st_mtime_ns}\n".encode())
        step = max(status.st_size - _SAMPLE_BYTES, 0) / (_SAMPLES - 1)
        for number in range(_SAMPLES):
            file.seek(int(number * step))
            digest.update(file.read(_SAMPLE_BYTES))
