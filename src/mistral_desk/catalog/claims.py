"""What the catalogue claims beside what files and headers say, where they differ; both may be true, and why.

“8GB VRAM” against 74 GB of file: the GPU holds what every word uses, the memory holds the experts.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.catalog.search import license_key
from mistral_desk.catalog.store import PUBLISHER
from mistral_desk.core import amounts
from mistral_desk.core.words import mark, tr, trn

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from mistral_desk.catalog.facts import Model, Quantization, Repository
    from mistral_desk.catalog.gguf import Header
    from mistral_desk.catalog.record import Record

About: TypeAlias = Literal["memory", "context", "parameters", "license", "images"]
GB: Final = 10**9
_SAME_SIZE: Final = 1.05
_SAME_COUNT: Final = 1.06
"""“128K” and 131,072, or “8B” and 8.2 billion, are no difference."""
_NO_LICENSE: Final = frozenset({"other", "unknown"})
"""What hubs write for a licence that they have no name for: it contradicts none."""
_FOUR_BITS: Final = re.compile(r"Q4|MXFP4", re.IGNORECASE)
_EXPERTS: Final = re.compile(r"\.ffn_\w*_exps\.")
_IMAGES: Final = re.compile(r"imag|vision|visual|picture|photo|video|multi-?modal|omni", re.IGNORECASE)
"""Words for what is seen: publishers do not all say “image”."""
_ADDED: Final = re.compile(r"\b(?:licen[cs]e|agreement|terms(?: of use)?|community)\b", re.IGNORECASE)

_CATALOGUE: Final = mark("the catalog ({publisher})")
_CATALOGUE_DATED: Final = mark("the catalog ({publisher}), updated {date}")
_PINNED: Final = mark("{repository} at revision {revision}, not yet checked")
_REPOSITORY: Final = mark("{repository}, not yet checked")
_PUBLISHED: Final = mark("{source}, not yet checked")
_HEADER: Final = mark("the header of {file}")
_FILE: Final = mark("{model}: the file {quantization} takes {file_bytes}, and all of it must be within reach.")
_ABOUT_FILE: Final = mark(
    "{model}: the file {quantization} takes about {file_bytes}, and all of it must be within reach."
)
_WEIGHTS: Final = mark("The weights in this file take {file_bytes}, and all of them must be within reach.")
_BOTH: Final = mark(
    "Both can be true: the GPU holds the {rest_bytes} that every word uses, if memory holds the {experts_bytes} of "
    "experts, of which a word reads a small part."
)
_BOTH_UNSIZED: Final = mark(
    "Both can be true: a word uses {active_billions} of {total_billions} billion parameters. The GPU may hold those "
    "that every word uses, if memory holds the experts."
)
_SLOWER: Final = mark("What the GPU cannot hold must lie in memory, where it is slower.")
_CONTEXT: Final = mark("{model} takes {tokens} of context.")
_HEADER_CONTEXT: Final = mark("The file says {tokens} of context.")
_SCALED: Final = mark("A file may state what it can be stretched to; supported: {tokens}.")
_PARAMETERS: Final = mark("{model} has {total_billions} billion parameters.")
_COUNTED: Final = mark("The tensors in this file hold {total_billions} billion parameters.")
_LICENSE: Final = mark("{model} is published under “{license}”.")
_SEES: Final = mark("{model} takes text and images.")
_BLIND: Final = mark("{model} takes text only.")


class Said(msgspec.Struct, frozen=True):
    """A marked sentence with its parameters; whole numbers named `…_bytes` are sizes, other numbers are amounts."""

    text: str
    params: dict[str, str | int | float] = {}


class Claim(msgspec.Struct, frozen=True):
    """One difference: the catalogue's own words, what the facts say, where each comes from, and how both go together.

    The sources are names of files, repositories and pages, or words of ours: `in_words` puts both into words.
    """

    about: About
    catalogue_says: str
    facts_say: Said
    catalogue_source: Said
    facts_source: Said
    note: Said | None = None


class HeaderFacts(msgspec.Struct, frozen=True):
    """What a file's header says about the model: sizes in bytes, None where the file is one part of several."""

    file: str
    context: int | None
    parameters: int | None
    bytes: int | None
    experts_bytes: int | None


def in_words(said: Said) -> str:
    """A sentence in the person's language, its numbers written as that language writes them."""
    return tr(said.text, **{name: _written(name, value) for name, value in said.params.items()})


def in_english(said: Said) -> str:
    """The same for programs, which read English in every language."""
    return said.text.format(**{name: _in_english(name, value) for name, value in said.params.items()})


def header_facts(header: Header, file: str, others: Sequence[Header] = ()) -> HeaderFacts:
    """The facts of a header that was read; `file` is its name, as a source, `others` are those of its further parts."""
    context = header.own("context_length")
    tensors = [tensor for one in (header, *others) for tensor in one.tensors]
    if not tensors or (header.number("split.count") or 1) > 1 + len(others):
        return HeaderFacts(file, context, None, None, None)
    sizes = [(tensor.bytes, _EXPERTS.search(tensor.name) is not None) for tensor in tensors]
    known = all(size is not None for size, _ in sizes)
    experts = sum(size or 0 for size, routed in sizes if routed)
    total = sum(size or 0 for size, _ in sizes)
    parameters = sum(tensor.elements for tensor in tensors)
    return HeaderFacts(file, context, parameters, total if known else None, experts if known else None)


def claims(record: Record, models: Sequence[Model], header: HeaderFacts | None = None) -> tuple[Claim, ...]:
    """Where our download facts, or a header that was read, say otherwise than a record; nothing where they agree.

    A record may stand for several models: it is only contradicted by what all of them say otherwise.
    """
    found = [] if header is None else list(_by_header(record, models, header))
    exact = {claim.about for claim in found} - {"context"}
    return (*found, *(claim for claim in _by_facts(record, models) if claim.about not in exact))


def _by_header(record: Record, models: Sequence[Model], header: HeaderFacts) -> Iterator[Claim]:
    source = Said(_HEADER, {"file": header.file})
    claimed = record.claimed_video_memory
    if claimed and record.hardware and header.bytes and header.bytes > claimed * GB * _SAME_SIZE:
        facts_say = Said(_WEIGHTS, {"file_bytes": header.bytes})
        note = Said(_SLOWER)
        if header.experts_bytes:
            rest = header.bytes - header.experts_bytes
            note = Said(_BOTH, {"rest_bytes": rest, "experts_bytes": header.experts_bytes})
        yield Claim("memory", record.hardware, facts_say, _source(record), source, note)
    if record.context and header.context and not _among(header.context, record.context.numbers):
        supported = min((model.context for model in models if model.context), default=None)
        note_context = Said(_SCALED, {"tokens": supported}) if supported and supported < header.context else None
        facts_say = Said(_HEADER_CONTEXT, {"tokens": header.context})
        yield Claim("context", record.context.words, facts_say, _source(record), source, note_context)
    if record.parameters and header.parameters and not _among(header.parameters, record.parameters.numbers):
        facts_say = Said(_COUNTED, {"total_billions": _billions(header.parameters)})
        yield Claim("parameters", record.parameters.words, facts_say, _source(record), source)


def _by_facts(record: Record, models: Sequence[Model]) -> Iterator[Claim]:
    if claim := _memory(record, models):
        yield claim
    own = _source(record)
    contexts = [model for model in models if model.context]
    if record.context and contexts and not any(_among(model.context, record.context.numbers) for model in contexts):
        model = contexts[0]
        said = Said(_CONTEXT, {"model": model.name, "tokens": model.context or 0})
        yield Claim("context", record.context.words, said, own, _published(model))
    counted = [model for model in models if model.parameters]
    if record.parameters and counted and not any(_among(m.parameters, record.parameters.numbers) for m in counted):
        model = counted[0]
        said = Said(_PARAMETERS, {"model": model.name, "total_billions": _billions(model.parameters or 0)})
        yield Claim("parameters", record.parameters.words, said, own, _published(model))
    licensed = [model for model in models if model.license and model.license.lower() not in _NO_LICENSE]
    if record.license and licensed and not any(_same_license(record.license, m.license or "") for m in licensed):
        model = licensed[0]
        said = Said(_LICENSE, {"model": model.name, "license": model.license or ""})
        yield Claim("license", record.license, said, own, _published(model))
    seeing = [model for model in models if model.vision is not None]
    claimed = any(_IMAGES.search(kind) for kind in record.modality)
    if record.modality and seeing and not any(model.vision is claimed for model in seeing):
        model = seeing[0]
        said = Said(_SEES if model.vision else _BLIND, {"model": model.name})
        yield Claim("images", ", ".join(record.modality), said, own, _published(model))


def _memory(record: Record, models: Sequence[Model]) -> Claim | None:
    """The claim about video memory against the smallest four-bit file of any of the models."""
    claimed = record.claimed_video_memory
    choices = [choice for model in models if (choice := _four_bits(model))]
    if not claimed or not record.hardware or not choices:
        return None
    model, repository, quantization = min(choices, key=lambda choice: choice[2].bytes or 0)
    size = quantization.bytes or 0
    if size <= claimed * GB * _SAME_SIZE:
        return None
    params: dict[str, str | int | float] = {"model": model.name, "quantization": quantization.name, "file_bytes": size}
    said = Said(_ABOUT_FILE if quantization.approximate else _FILE, params)
    if quantization.other_bytes:
        rest = quantization.other_bytes
        note = Said(_BOTH, {"rest_bytes": rest, "experts_bytes": size - rest})
    elif model.active and model.parameters:
        note = Said(
            _BOTH_UNSIZED, {"active_billions": _billions(model.active), "total_billions": _billions(model.parameters)}
        )
    else:
        note = Said(_SLOWER)
    if repository.revision:
        source = Said(_PINNED, {"repository": repository.repository, "revision": repository.revision[:12]})
    else:
        source = Said(_REPOSITORY, {"repository": repository.repository})
    return Claim("memory", record.hardware, said, _source(record), source, note)


def _four_bits(model: Model) -> tuple[Model, Repository, Quantization] | None:
    """A model's file of four bits whose size is known best: that is what claims about memory speak of."""
    found = [
        (model, repository, quantization)
        for repository in model.repositories
        for quantization in repository.quantizations
        if quantization.bytes and _FOUR_BITS.search(quantization.name)
    ]
    exact = [choice for choice in found if not choice[2].approximate]
    return min(exact or found, key=lambda choice: choice[2].bytes or 0, default=None)


def _source(record: Record) -> Said:
    if record.last_updated:
        return Said(_CATALOGUE_DATED, {"publisher": PUBLISHER, "date": record.last_updated})
    return Said(_CATALOGUE, {"publisher": PUBLISHER})


def _published(model: Model) -> Said:
    return Said(_PUBLISHED, {"source": model.source})


def _among(value: int | None, numbers: Sequence[int]) -> bool:
    """Whether one of the numbers is this value, or nothing is claimed at all."""
    return not numbers or any(
        value is not None and number / _SAME_COUNT <= value <= number * _SAME_COUNT for number in numbers
    )


def _same_license(one: str, other: str) -> bool:
    first, second = (license_key(_ADDED.sub("", words)) for words in (one, other))
    return first.startswith(second) or second.startswith(first)


def _billions(count: int) -> float:
    return round(count / GB, 1)


def _written(name: str, value: str | int | float) -> str:
    if isinstance(value, str):
        return amounts.written(value) if name == "date" else value
    if name == "tokens":
        return trn("{n} token", "{n} tokens", int(value))
    if isinstance(value, float):
        return amounts.number(value, 0 if value >= 100 or value.is_integer() else 1)
    return amounts.file_size(value) if name.endswith("_bytes") else amounts.number(value)


def _in_english(name: str, value: str | int | float) -> str:
    if isinstance(value, str):
        return value
    if name == "tokens":
        return f"{int(value):,} token{'' if value == 1 else 's'}"
    if name.endswith("_bytes"):
        return f"{value / GB:.1f} GB"
    return f"{int(value):,}" if float(value).is_integer() else f"{value:,}"
