"""A measured model in words: for a terminal, and for a message to others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core import amounts
from mistral_desk.core.words import tr, trn
from mistral_desk.inference.fitting.beside import NO_TIME
from mistral_desk.inference.fitting.lengths import lengths_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mistral_desk.inference.fitting.benchmark import Benchmark, Measure


def benchmark_text(result: Benchmark) -> str:
    """What was measured in plain lines: with the model's name, and no place of any file."""
    size = amounts.file_size(result.bytes)
    lines = [
        tr("Mistral Desk {version}: benchmark", version=result.version),
        tr("Model: {name}, {quantization}, {size}", name=result.model, quantization=result.quantization, size=size),
        tr("Writing: {figure}", figure=_in_words(result.tokens_per_s, amounts.speed, _bare)),
        tr("Reading: {figure}", figure=_in_words(result.prompt_per_s, amounts.speed, _bare)),
        tr("Loading: {figure}", figure=_in_words(result.load_s, lambda value: amounts.seconds(value, 1))),
        tr("Memory: {figure}", figure=_in_words(result.memory, lambda value: amounts.file_size(round(value)))),
        trn("{n} thread", "{n} threads", result.threads)
        + " \N{MIDDLE DOT} "
        + trn("context of {n} token", "context of {n} tokens", result.context),
        tr(
            "Computer: {processor}, {cores}, {size} of memory",
            processor=result.processor,
            cores=trn("{n} core", "{n} cores", result.cores),
            size=amounts.memory(result.ram),
        ),
        *_divided(result),
        tr("Engine: llama-cpp-python {version}, {system}", version=result.engine, system=result.system),
    ]
    if result.runs:
        runs = trn("{n} earlier run", "{n} earlier runs", result.runs)
        lines.append(tr("The prediction for writing had learned from {runs} on this computer.", runs=runs))
    if result.busy:
        lines.append(tr("Other programs were busy meanwhile, so this says little."))
    return "\n".join([*lines, *_at_lengths(result)]) + "\n"


def _at_lengths(result: Benchmark) -> Iterator[str]:
    """A table: at each length ours, then what others do in the same place and ours as a share of that."""
    if result.lengths:
        yield from _table(result)
    elif result.beside:
        yield ""
    for other in result.beside:
        if other.problem:
            yield f"{other.name}: {tr(other.problem)}"


def _table(result: Benchmark) -> Iterator[str]:
    rows: list[tuple[str, ...]] = [(tr("Context"), tr("Program"), tr("Reading"), tr("Writing"), tr("Ours is"))]
    for at in result.lengths:
        place = amounts.number(at.context)
        rows.append((place, "Mistral Desk", *map(_speed, (at.prompt_per_s, at.tokens_per_s)), ""))
        for other in result.beside:
            for one in other.lengths:
                if one.context == at.context:
                    share = " \N{MIDDLE DOT} ".join(map(_share, (one.prompt_ratio, one.tokens_ratio)))
                    rows.append(("", other.name, *map(_speed, (one.prompt_per_s, one.tokens_per_s)), share))
    wide = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    yield ""
    for row in rows:
        yield "  ".join(word.ljust(width) for word, width in zip(row, wide, strict=True)).rstrip()
    yield tr("Tokens in front of what was written; tokens a second; our speed as a share of theirs.")
    for length in () if result.stopped else lengths_in(result.context)[len(result.lengths) :]:
        yield f"{amounts.number(length)}: {tr(NO_TIME)}"


def _speed(value: float | None) -> str:
    return "–" if value is None else _bare(value)


def _share(value: float | None) -> str:
    return "–" if value is None else amounts.number(value, 2)


def _divided(result: Benchmark) -> Iterator[str]:
    """Where the model lay, and how it was loaded."""
    if result.gpus and result.gpu_layers:
        names = " + ".join(f"{card.name} ({amounts.memory(card.memory)})" for card in result.gpus)
        told = {"names": names, "here": amounts.number(min(result.gpu_layers - 1, result.layers))}
        if result.experts_on_gpu is None:
            yield trn(
                "GPU: {names}; {here} of {n} layer there",
                "GPU: {names}; {here} of {n} layers there",
                result.layers,
                **told,
            )
        else:
            yield trn(
                "GPU: {names}; {here} of {n} layer there, {experts} with their experts",
                "GPU: {names}; {here} of {n} layers there, {experts} with their experts",
                result.layers,
                experts=amounts.number(result.experts_on_gpu),
                **told,
            )
    else:
        yield tr("GPU: none used")
    mode = tr("mapped from the file") if result.load_mode == "mmap" else tr("read into memory")
    yield tr(
        "Loaded: {mode}; KV cache {kv}, micro-batch {batch}",
        mode=mode,
        kv=result.kv,
        batch=amounts.number(result.batch),
    )


def _bare(tokens_per_s: float) -> str:
    return amounts.number(tokens_per_s, 1 if tokens_per_s < 20 else 0)


def _in_words(figure: Measure, say: Callable[[float], str], bare: Callable[[float], str] | None = None) -> str:
    measured = tr("not measured") if figure.measured is None else say(figure.measured)
    if figure.predicted is None:
        return measured
    low, high = (bare or say)(figure.predicted[0]), say(figure.predicted[2])
    return tr("{measured} (predicted: {low} to {high})", measured=measured, low=low, high=high)
