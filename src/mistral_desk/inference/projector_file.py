"""Finds the file that gives a model its eyes, and looks at it before llama.cpp does.

A projector (`mmproj`) is made for one model. Their file names repeat between repositories, so a name alone decides
nothing: what the header says of its width has to fit, and names that contradict each other do not go together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from mistral_desk.catalog import eyes
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference import model_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from mistral_desk.catalog.gguf import Header, Tensor
    from mistral_desk.inference.model_file import ModelFile

Pad = Literal["", "square"]

MARK: Final = "mmproj"
"""What a projector's file name has in it, in every repository that was seen."""
OURS: Final = "mistral_desk.image"
"""Prefix of our own keys: `.min_tokens`, `.max_tokens`, `.side` (pixels), `.pad` ("square")."""

_WORDS: Final = re.compile(r"[^\W_]+")
_NO_NAME: Final = re.compile(
    r"mmproj|model|projector|proj|vision|encoder|gguf|ud|i?q\d+|[bf]f?p?(16|32)|mxfp4|moe|[ksml]|x+[sl]|\d{5}|of|[01]"
)
"""Words of a file name that tell no model's name: what it is, how it is quantized, which part it is."""
_PRECISION: Final = ("f16", "bf16", "q8_0", "f32")
"""Best first: half precision is what encoders are made for, and what a convolution is computed in anyway."""
_ALIKE: Final = 0.5
"""Share of words in common above which two names may be of one model."""

_MOST_LAYERS: Final = 256
_MOST_PATCH: Final = 256
_MOST_MERGE: Final = 16
_MOST_SIDE: Final = 16_384
_MOST_TOKENS: Final = 1 << 16
LONG_SIDE: Final = 1540
"""Pixels: no projector that llama.cpp knows gains from a longer side; larger pictures cost seconds and gigabytes."""


@dataclass(frozen=True)
class ProjectorFile:
    """A projector that llama.cpp may be given. `kind` is its type, in llama.cpp's words.

    `min_tokens` and `max_tokens` are None where the type's own limits hold. `side` is the long side in pixels of
    which it makes use. `pad` says how its pictures were filled up in training.
    """

    path: Path
    header: Header
    bytes: int
    kind: str
    side: int
    min_tokens: int | None = None
    max_tokens: int | None = None
    pad: Pad = ""

    @property
    def line_break(self) -> Tensor | None:
        """The vector that stands between two rows of a picture, for types that have one."""
        return next((tensor for tensor in self.header.tensors if tensor.name == "v.token_embd.img_break"), None)


@dataclass(frozen=True)
class Found:
    """What a search came to: a projector, or why there is none."""

    file: ProjectorFile | None
    blind: Problem | None


def inspect(path: Path, model: ModelFile) -> ProjectorFile:
    """Check a projector for a model.

    Raises `projector.missing`, `projector.not_one`, `projector.damaged`, `projector.wrong`.
    """
    header = _header(path)
    if header.architecture != eyes.ARCHITECTURE:
        what = header.name or header.architecture
        raise DeskError("projector.not_one", f"architecture {what}", name=path.name)
    if not eyes.sees(header):
        raise DeskError("projector.not_one", "no vision encoder", name=path.name)
    _check(header, path)
    width = model.header.own("embedding_length") or 0
    found = eyes.widths(header)
    if width and width not in found:
        raise DeskError(
            "projector.wrong",
            f"widths {sorted(found)}",
            name=path.name,
            model=model.name,
            found=max(found, default=0) if len(found) == 1 else header.number("clip.vision.projection_dim") or 0,
            wanted=width,
        )
    least, most = (header.number(f"{OURS}.{name}") for name in ("min_tokens", "max_tokens"))
    return ProjectorFile(
        path,
        header,
        path.stat().st_size,
        eyes.kind(header),
        _side(header),
        least if least and 0 < least <= _MOST_TOKENS else None,
        most if most and 0 < most <= _MOST_TOKENS else None,
        "square" if header.text(f"{OURS}.pad") == "square" else "",
    )


def find(model: ModelFile) -> Found:
    """The projector beside a model: in its folder, else in the one above where that folder is one part of a repository.

    Of several that fit, the one whose name is most like the model's, then the one of half precision.
    """
    best: list[tuple[float, int, str, ProjectorFile]] = []
    first_problem: Problem | None = None
    for path in candidates(model.path):
        likeness = _likeness(path.stem, model)
        if likeness == 0:
            continue
        try:
            file = inspect(path, model)
        except DeskError as error:
            first_problem = first_problem or error.problem
            continue
        if likeness is None:
            likeness = _by_header(file.header, model, path.parent)
            if likeness == 0:
                continue
        best.append((-likeness, _precision(path.stem), path.name, file))
    if best:
        return Found(min(best, key=lambda entry: entry[:3])[3], None)
    return Found(None, first_problem or Problem("model.no_eyes", {"name": model.name}))


def chosen(model: ModelFile, wish: str | None) -> Found:
    """As `find` where `wish` is None; an empty wish is for none; else that file, whose problems are raised."""
    if wish is None:
        return find(model)
    if not wish:
        return Found(None, Problem("model.eyes_off", {"name": model.name}))
    return Found(inspect(type(model.path)(wish), model), None)


def blindness(path: Path, wish: str | None) -> Problem | None:
    """Why the model of a file cannot see, with `wish` as in `chosen`; None where it can, or where its file is at fault:
    loading it says so.
    """
    try:
        model = model_file.inspect(path)
    except DeskError:
        return None
    try:
        return chosen(model, wish).blind
    except DeskError as error:
        return error.problem


def _header(path: Path) -> Header:
    names = {"model.missing": "projector.missing", "model.not_permitted": "projector.missing"}
    names |= {"model.not_gguf": "projector.not_one", "model.not_a_file": "projector.not_one"}
    try:
        return model_file.read(path)
    except DeskError as error:
        problem = error.problem
        if problem.id in names:
            raise DeskError(names[problem.id], str(error), name=path.name, path=str(path)) from error
        reason = str(problem.params.get("reason") or "it ends too early")
        raise DeskError("projector.damaged", str(error), name=path.name, reason=reason) from error


def _check(header: Header, path: Path) -> None:
    """What would divide by zero, or take all memory, inside llama.cpp."""

    def number(key: str, least: int, most: int) -> int:
        value = header.number(f"clip.vision.{key}")
        if value is not None and not least <= value <= most:
            raise DeskError("projector.damaged", name=path.name, reason=f"{key} {value}")
        return value or 0

    width = number("embedding_length", 1, 1 << 16)
    number("block_count", 1, _MOST_LAYERS)
    number("feed_forward_length", 0, 1 << 20)
    number("projection_dim", 0, 1 << 20)
    patch = number("patch_size", 1, _MOST_PATCH)
    number("spatial_merge_size", 1, _MOST_MERGE)
    side = number("image_size", 1, _MOST_SIDE)
    heads = number("attention.head_count", 1, 1 << 12)
    if heads and width % heads:
        raise DeskError("projector.damaged", name=path.name, reason=f"{heads} heads in a width of {width}")
    if patch and side and side < patch:
        raise DeskError("projector.damaged", name=path.name, reason=f"pictures of {side} pixels")
    if eyes.kind(header) == "pixtral":
        wrong = _misfit(header, width)
        if wrong:
            raise DeskError("projector.damaged", name=path.name, reason=wrong)


def _misfit(header: Header, width: int) -> str:
    """A matrix of a pixtral encoder that does not fit its neighbours; llama.cpp would abort when it multiplies them.

    What is missing, it says itself. Shapes are ggml's: what goes in, then what comes out.
    """
    shapes = {tensor.name.removesuffix(".weight"): tensor.shape for tensor in header.tensors}
    patch = header.number("clip.vision.patch_size") or 0
    merge = header.number("clip.vision.spatial_merge_size") or 1
    inner = shapes.get("v.blk.0.ffn_up", (width, 0))[-1]
    hidden, given = (shapes.get(name, (0, 0))[-1] for name in ("mm.1", "mm.2"))
    heads = shapes.get("v.blk.0.attn_q", (width, width))[-1]
    block: dict[str, tuple[int, ...]] = dict.fromkeys(("attn_q", "attn_k", "attn_v"), (width, heads))
    block |= {
        "attn_out": (heads, width),
        "ffn_gate": (width, inner),
        "ffn_up": (width, inner),
        "ffn_down": (inner, width),
    }
    block |= {"ln1": (width,), "ln2": (width,)}
    wanted: dict[str, tuple[int, ...]] = {
        "v.patch_embd": (patch, patch, 3, width),
        "v.pre_ln": (width,),
        "mm.1": (width, hidden),
        "mm.2": (hidden, given),
        "mm.input_norm": (width,),
        "mm.patch_merger": (width * merge**2, width),
        "v.token_embd.img_break": (given,),
    }
    for layer in range(header.number("clip.vision.block_count") or 0):
        wanted |= {f"v.blk.{layer}.{name}": shape for name, shape in block.items()}
    for name, shape in wanted.items():
        found = shapes.get(name, shape)
        if found != shape:
            return f"{name} is {' x '.join(map(str, found))}, not {' x '.join(map(str, shape))}"
    return ""


def _side(header: Header) -> int:
    ours = header.number(f"{OURS}.side")
    if ours and 0 < ours <= LONG_SIDE:
        return ours
    named = header.number("clip.vision.image_size") or LONG_SIDE
    # other types name the size of one tile, or of what they were first trained on
    return min(named, LONG_SIDE) if eyes.kind(header) == "pixtral" else LONG_SIDE


def candidates(model: Path) -> Iterator[Path]:
    """Files beside a model that are named like projectors, and above it where its folder is only one part of a
    repository: those keep each quantization's parts in a folder of its own, and the projector above them.
    """
    yield from _projectors(model.parent)
    if model_file.SHARD.match(model.name) or not _name_words(model.parent.name):
        yield from _projectors(model.parent.parent)


def _projectors(folder: Path) -> list[Path]:
    try:
        inside = sorted(folder.iterdir(), key=lambda path: path.name.casefold())
    except OSError:
        return []
    return [path for path in inside if path.suffix.lower() == ".gguf" and MARK in path.name.casefold()]


def _name_words(name: str) -> frozenset[str]:
    return frozenset(word for word in _WORDS.findall(name.casefold()) if not _NO_NAME.fullmatch(word))


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """How much two names agree, 0 to 1. Other numbers (7b and 3b, 2501 and 2503) are other models."""
    if not one or not other:
        return 0.0
    here, there = one - other, other - one
    if here and there and any(map(_numbered, here)) and any(map(_numbered, there)):
        return 0.0
    if not here or not there:
        return 1.0 if here == there else 0.9
    share = len(one & other) / len(one | other)
    return share if share > _ALIKE else 0.0


def _numbered(word: str) -> bool:
    return any(letter.isdigit() for letter in word)


def _likeness(stem: str, model: ModelFile) -> float | None:
    """How well a projector's file name goes with the model's, 0 for not at all, None where it names no model."""
    words = _name_words(stem)
    if not words:
        return None
    return max(_alike(words, _name_words(model.path.stem)), _alike(words, _name_words(model.name)))


def _by_header(header: Header, model: ModelFile, folder: Path) -> float:
    """The same by what both headers say; a folder with one model only needs no names."""
    theirs = [_name_words(header.text(f"general.{key}")) for key in ("name", "basename")]
    mine = [_name_words(model.header.text(f"general.{key}")) for key in ("name", "basename")]
    pairs = [_alike(one, other) for one in theirs for other in mine if one and other]
    if pairs and max(pairs) > 0:
        return max(pairs)
    families = {_name_words(path.stem) for path in folder.glob("*.gguf") if MARK not in path.name.casefold()}
    return 0.25 if len(families) <= 1 else 0.0


def _precision(stem: str) -> int:
    name = stem.casefold()
    found = [order for order, word in enumerate(_PRECISION) if re.search(rf"(?<![a-z0-9]){word}(?![a-z0-9])", name)]
    return min(found, default=len(_PRECISION))
