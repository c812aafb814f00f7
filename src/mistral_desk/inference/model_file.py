"""Looks at a model file before llama.cpp does, because some headers would end the whole process there.

What is wrong becomes a clear problem: missing, not permitted, no GGUF, incomplete, contradictory, not a chat model.
"""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from mistral_desk.catalog import gguf
from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from pathlib import Path

    from mistral_desk.catalog.gguf import Header, Tensor

SHARD: Final = re.compile(r"^(?P<stem>.*)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf$", re.DOTALL)
"""How llama.cpp names the parts of a split model."""

_MOST_LAYERS: Final = 512
_MOST_EXPERTS: Final = 512
_MOST_SHARDS: Final = 4096
_LAST_GATING: Final = 4

_NOT_CHAT: Final = {
    "clip": "the part of a model that reads images",
    "mmproj": "the part of a model that reads images",
    "adapter": "an adapter for another model",
    "imatrix": "a table of measurements",
    "vocab": "a vocabulary without a model",
}

_REQUIRED: Final[dict[str, tuple[str, ...]]] = {
    # llama.cpp's loader asserts on what these would be, instead of saying that they are missing
    "mistral4": (
        "attention.head_count_kv",
        "attention.key_length",
        "expert_count",
        "expert_used_count",
        "rope.dimension_count",
    ),
    "deepseek2": ("attention.head_count_kv", "attention.key_length", "rope.dimension_count"),
}


@dataclass(frozen=True)
class ModelFile:
    """A model that llama.cpp may be given: the file to open, all its parts, and the first part's header.

    `tensors` are those of all parts.
    """

    path: Path
    parts: tuple[Path, ...]
    header: Header
    tensors: tuple[Tensor, ...]
    bytes: int

    @property
    def name(self) -> str:
        """The name in the file, else the file's."""
        return self.header.name or self.path.stem


def inspect(path: Path) -> ModelFile:
    """Check a model file and, when it is split, all its parts; any part may be given.

    Raises `model.missing`, `.not_permitted`, `.not_a_file`, `.not_gguf`, `.truncated`, `.damaged`, `.not_chat`.
    """
    first = read(path)
    count = first.number("split.count") or 1
    if count <= 1:
        check(first, path.name)
        return ModelFile(path, (path,), first, first.tensors, path.stat().st_size)
    parts = _parts(path, count)
    headers = [read(part) for part in parts]
    check(headers[0], parts[0].name)
    tensors = tuple(tensor for header in headers for tensor in header.tensors)
    return ModelFile(parts[0], parts, headers[0], tensors, sum(part.stat().st_size for part in parts))


def _parts(path: Path, count: int) -> tuple[Path, ...]:
    named = SHARD.match(path.name)
    if named is None or int(named["count"]) != count or count > _MOST_SHARDS:
        raise DeskError(
            "model.damaged", name=path.name, reason=f"it is one of {count} parts, but is not named like one"
        )
    stem = named["stem"]
    parts = tuple(path.with_name(f"{stem}-{number:05}-of-{count:05}.gguf") for number in range(1, count + 1))
    for part in parts:
        if not part.exists():
            raise DeskError("model.missing", path=str(part))
    return parts


def read(path: Path) -> Header:
    """The header of any GGUF file whose data is all there. Raises as `inspect`, without looking at what it says."""
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DeskError("model.not_a_file", path=str(path))
        with path.open("rb", buffering=0) as file:

            def source(offset: int, size: int) -> bytes:
                file.seek(offset)
                return _all(file.fileno(), size)

            header = gguf.read_header(source, status.st_size)
    except FileNotFoundError as error:
        raise DeskError("model.missing", path=str(path)) from error
    except PermissionError as error:
        raise DeskError("model.not_permitted", path=str(path)) from error
    except (OSError, ValueError) as error:  # ValueError: a path that no system takes
        raise DeskError("model.missing", str(error), path=str(path)) from error
    except gguf.NotGgufError as error:
        raise DeskError("model.not_gguf", name=path.name) from error
    except gguf.TruncatedError as error:
        raise DeskError("model.truncated", name=path.name, missing=error.missing) from error
    except gguf.DamagedError as error:
        raise DeskError("model.damaged", name=path.name, reason=str(error)) from error
    if header.end > status.st_size:
        raise DeskError("model.truncated", name=path.name, missing=header.end - status.st_size)
    return header


def _all(descriptor: int, size: int) -> bytes:
    parts = []
    while size:
        part = os.read(descriptor, min(size, 1 << 24))
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def check(header: Header, name: str) -> None:
    """What would abort llama.cpp, or load and never answer, raises as `inspect`. `name` is the file's."""

    def damaged(reason: str) -> DeskError:
        return DeskError("model.damaged", name=name, reason=reason)

    kind = _NOT_CHAT.get(header.architecture) or _NOT_CHAT.get(header.text("general.type"))
    if kind:
        raise DeskError("model.not_chat", name=name, kind=kind)
    if not header.architecture:
        raise damaged("no architecture")
    layers = header.own("block_count")
    if layers is not None and not 1 <= layers <= _MOST_LAYERS:
        raise damaged(f"{layers} layers")
    width = header.own("embedding_length")
    words = next((tensor.shape[0] for tensor in header.tensors if tensor.name == "token_embd.weight"), width)
    if width and words != width:
        raise damaged(f"width {width}, but its words are {words} wide")
    for key in ("embedding_length", "context_length"):
        value = header.own(key)
        if value is not None and not 1 <= value < 1 << 31:
            raise damaged(f"{key} {value}")
    for key in _REQUIRED.get(header.architecture, ()):
        if header.own(key) is None:
            raise damaged(f"it lacks {key}")
    _check_experts(header, damaged)
    _check_heads(header, damaged)


def _check_experts(header: Header, damaged: _Complain) -> None:
    experts, used = header.own("expert_count") or 0, header.own("expert_used_count") or 0
    if not 0 <= experts <= _MOST_EXPERTS:
        raise damaged(f"{experts} experts")
    if used > experts:
        raise damaged(f"{used} experts used of {experts}")
    if experts and used < 1:
        raise damaged("no expert is used")
    gating = header.own("expert_gating_func") or 0
    if not 0 <= gating <= _LAST_GATING:
        raise damaged(f"expert gating {gating}")
    groups, groups_used = header.own("expert_group_count") or 0, header.own("expert_group_used_count") or 0
    if groups and (groups >= experts or (groups > 1 and (experts % groups or not 0 < groups_used < groups))):
        raise damaged(f"{groups} groups of {experts} experts")


def _check_heads(header: Header, damaged: _Complain) -> None:
    for key in ("attention.head_count", "attention.head_count_kv"):
        value = header.metadata.get(f"{header.architecture}.{key}")
        layers = header.own("block_count") or 0
        if isinstance(value, gguf.Array) and value.count < layers:
            raise damaged(f"{value.count} values of {key} for {layers} layers")
    prefix = f"{header.architecture}.attention"
    heads, shared = header.metadata.get(f"{prefix}.head_count"), header.metadata.get(f"{prefix}.head_count_kv")
    if isinstance(heads, int) and not 0 <= heads < 1 << 16:
        raise damaged(f"{heads} attention heads")
    if isinstance(heads, int) and isinstance(shared, int) and heads and (not 0 < shared <= heads or heads % shared):
        raise damaged(f"{shared} key heads for {heads} attention heads")
    for key in ("attention.key_length", "attention.value_length", "rope.dimension_count"):
        value = header.own(key)
        if value is not None and not 0 <= value < 1 << 20:
            raise damaged(f"{key} {value}")
    turned = header.own("rope.dimension_count")
    if turned and header.own("attention.key_length_mla"):  # latent attention turns only a part of each key
        for key in ("attention.key_length", "attention.key_length_mla"):
            value = header.own(key)
            if value is not None and value <= turned:
                raise damaged(f"{key} {value}, of which {turned} are turned")


if TYPE_CHECKING:
    from collections.abc import Callable

    _Complain = Callable[[str], DeskError]
