"""Loads a model file into llama.cpp: with progress, cancellable, and with a clear problem for each way it can fail."""

from __future__ import annotations

import dataclasses
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.fit.cores import cores
from mistral_desk.fit.shape import KV_BYTES
from mistral_desk.inference import model_file, projector_file
from mistral_desk.inference.chat_format import chat_format
from mistral_desk.inference.engine import footprint, others, weights
from mistral_desk.inference.engine.buffers import Placing, device, placed
from mistral_desk.inference.engine.context import Context
from mistral_desk.inference.engine.context_plan import Plan
from mistral_desk.inference.engine.generate import Generator
from mistral_desk.inference.engine.last_resort import last_resort
from mistral_desk.inference.engine.native import Log, file_name, lib
from mistral_desk.inference.engine.pace import LARGEST, pace
from mistral_desk.inference.engine.sample import defaults
from mistral_desk.inference.engine.state_layout import layout
from mistral_desk.inference.engine.state_moves import StateMoves
from mistral_desk.inference.engine.vision import Eyes
from mistral_desk.inference.engine.vocabulary import Vocabulary
from mistral_desk.inference.prompt import Prompter
from mistral_desk.inference.protocol import Load, MemoryKind, ModelInfo
from mistral_desk.inference.template import TemplateError, TemplateSlowError, as_desk_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.core.errors import Problem
    from mistral_desk.fit.shape import KvType
    from mistral_desk.inference.model_file import ModelFile
    from mistral_desk.inference.picture_store import PictureStore
    from mistral_desk.inference.projector_file import Found
    from mistral_desk.inference.state_pipe import StatePipe

_UNKNOWN: Final = re.compile(r"unknown model architecture: '(?P<name>[^']*)'")
_NEWER: Final = re.compile(
    r"unknown pre-tokenizer|unknown tokenizer|invalid ggml type|unsupported .*type", re.IGNORECASE
)
_NO_MEMORY: Final = re.compile(
    r"failed to allocate|unable to allocate|out of memory|bad_alloc|cannot allocate|alloc.*failed", re.IGNORECASE
)
_NO_BLOCKS: Final = "does not divide n_embd_head"
_ROWS_BYTES: Final = 256 * 1024 * 1024
"""What encoded pictures may take at most; one of a large model takes 16 MB."""
_QUANTIZATION_NOISE: Final = re.compile(r"^(mostly |all )|\(guessed\)", re.IGNORECASE)


def threads() -> int:
    """One thread less than this process has cores, at least one: a thread too many brings all to a standstill."""
    return max(1, cores() - 1)


class Seeing(NamedTuple):
    """What a model sees with, or why it does not; and where its pictures come from."""

    eyes: Eyes | None
    blind: Problem | None
    pictures: PictureStore


def load(
    command: Load,
    log: Log,
    progress: Callable[[float, bool], None],
    cancelled: Callable[[], bool],
    pictures: PictureStore,
    *,
    states: StatePipe | None = None,
) -> Generator:
    """Load the model that `command` names, with its eyes where it has some, and make a context for it.

    `progress(fraction, looks)` is called while tensors are read, first those that are only looked at where that is
    asked for; when `cancelled()` is true soon after, the load stops.
    Raises `model.…`, `load.cancelled`, and `projector.…` for a projector that was asked for.
    """
    log.forget()
    file = model_file.inspect(Path(command.path))
    found = projector_file.chosen(file, command.projector)
    if command.check_tensors:
        weights.look_at(file, lambda fraction: progress(fraction, True), cancelled)
        log.forget()  # loading begins now
    if command.placement and command.placement.helpers:
        others.connect(command.placement.helpers)
    share = file.bytes / (file.bytes + (found.file.bytes if found.file else 0))
    model = _open(file, command, log, lambda fraction: progress(fraction * share, False), cancelled)
    eyes: Eyes | None = None
    try:

        def watch(fraction: float) -> bool:
            progress(share + fraction * (1 - share), False)
            return not cancelled()

        eyes, blind = _eyes(model, file, found, command, watch)
        generator = _ready(model, file, command, Seeing(eyes, blind, pictures), log)
    except BaseException:
        if eyes:
            eyes.close()
        lib.llama_model_free(model)
        raise
    if states:
        generator.states = StateMoves(states)
    if cancelled():
        generator.close()
        raise DeskError("load.cancelled", name=file.name)
    return generator


def _open(
    file: ModelFile, command: Load, log: Log, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> int:
    def report(fraction: float, _data: object) -> bool:
        progress(float(fraction))
        return not cancelled()

    parameters = lib.llama_model_default_params()
    placing = Placing(command.placement) if command.placement else None  # must live as long as the call
    if placing:
        placing.apply(parameters)
    else:
        parameters.n_gpu_layers = command.gpu_layers
    callback = lib.llama_progress_callback(report)  # must live as long as the call
    parameters.progress_callback = callback
    if cancelled():
        raise DeskError("load.cancelled", name=file.name)
    model = lib.llama_model_load_from_file(file_name(file.path), parameters)
    if model and not cancelled():
        return int(model)
    if model:
        lib.llama_model_free(model)
    if cancelled():
        raise DeskError("load.cancelled", name=file.name)
    raise _refused(file, log.report(), _asked(command) or footprint.DEFAULT_CONTEXT)


def _refused(file: ModelFile, report: str, context: int) -> DeskError:
    unknown = _UNKNOWN.search(report)
    if unknown:
        return DeskError("model.newer_engine", report, name=file.path.name, architecture=unknown["name"])
    if _NEWER.search(report):
        return DeskError(
            "model.newer_engine", report, name=file.path.name, architecture=file.header.architecture or "unknown"
        )
    if _NO_MEMORY.search(report):
        return DeskError("model.no_memory", report, name=file.path.name, context=context)
    return DeskError("model.load_failed", report, name=file.path.name)


def _eyes(
    model: int, file: ModelFile, found: Found, command: Load, watch: Callable[[float], bool]
) -> tuple[Eyes | None, Problem | None]:
    """The model's eyes, or why it has none. Only a projector that was asked for by name stops the load."""
    if found.file is None:
        return None, found.blind
    wanted = command.placement
    gpu: bool | int = command.gpu_layers > 0
    if wanted:
        gpu = device(wanted.projector) if wanted.projector else False
    plan = _threads(command), gpu
    try:
        return Eyes(found.file, model, file.name, plan, watch), None
    except DeskError as error:
        if command.projector:
            raise
        return None, error.problem


def _ready(
    model: int,
    file: ModelFile,
    command: Load,
    sight: Seeing,
    log: Log,
) -> Generator:
    eyes = sight.eyes
    vocabulary = Vocabulary(lib.llama_model_get_vocab(model))
    _check_chat(model, file, vocabulary)
    tokens = {"bos_token": vocabulary.text(vocabulary.begin), "eos_token": vocabulary.text(vocabulary.end)}
    try:
        with last_resort():
            form = chat_format(file.header.text("tokenizer.chat_template"), vocabulary.special, tokens)
    except (TemplateError, TemplateSlowError) as error:
        raise as_desk_error(error, file.name) from error
    wanted = command.placement
    count = _threads(command)
    trained = int(lib.llama_model_n_ctx_train(model)) or footprint.DEFAULT_CONTEXT
    kind, window = _memory_kind(model), int(lib.llama_model_n_swa(model))
    size = _context_size(file, command, trained)
    try:
        batch = max(1, wanted.batch) if wanted else LARGEST
        steps = pace(file.header, file.tensors, count, offloaded=_offloads(command), largest=batch)
        spare = footprint.spare_bytes()
        if eyes:
            eyes.room = min(spare // 4, _ROWS_BYTES)
            spare -= eyes.room
        kv: KvType = wanted.kv if wanted else "f16"
        at_once, most = eyes.at_once if eyes else 0, _most_threads(command)
        plan = Plan(size, count, kind, window, steps, spare, at_once, batch, kv, most)
        context = _context(model, plan, eyes, log)
    except DeskError as error:
        raise _refused(file, log.report(), size) from error
    lies = placed(log.buffers)
    info = ModelInfo(
        name=file.name,
        architecture=file.header.architecture,
        path=str(file.path),
        file_bytes=file.bytes,
        parameters=int(lib.llama_model_n_params(model)),
        quantization=_quantization(model),
        context=context.size,
        trained_context=trained,
        layers=int(lib.llama_model_n_layer(model)),
        vocabulary=vocabulary.hash,
        memory=kind,
        thinking=form.thinks,
        efforts=form.efforts,
        sampling=defaults(file.header.architecture, file.header.metadata, form.efforts[0]),
        thinking_sampling=defaults(file.header.architecture, file.header.metadata, form.efforts[-1]),
        takes_thoughts=form.history != "none",
        threads=count,
        load_s=time.perf_counter() - log.since,
        template="own" if form.own else "fallback",
        sees=eyes is not None,
        projector=str(eyes.file.path) if eyes else "",
        image_tokens=eyes.most_tokens if eyes else 0,
        image_side=eyes.file.side if eyes else 0,
        blind=sight.blind,
        placed=lies,
        state=layout(context, file, lies),
        placement=msgspec.structs.replace(wanted, context=context.size, kv=context.kv) if wanted else None,
    )
    return Generator(
        model, context, vocabulary, Prompter(form, vocabulary), form, info, file.header.metadata, sight.pictures
    )


def _context(model: int, plan: Plan, eyes: Eyes | None, log: Log) -> Context:
    """A context; where the model's rows cannot be cut into the blocks of a smaller cache, with one of 16 bits."""
    try:
        return Context(model, plan, eyes)
    except DeskError:
        if plan.kv == "f16" or _NO_BLOCKS not in log.report():
            raise
        return Context(model, dataclasses.replace(plan, kv="f16"), eyes)


def _check_chat(model: int, file: ModelFile, vocabulary: Vocabulary) -> None:
    """What loads but cannot hold a conversation."""
    kind = ""
    if not vocabulary.has_tokens:
        kind = "a model without a vocabulary"
    elif lib.llama_model_has_encoder(model) or not lib.llama_model_has_decoder(model):
        kind = "a model that turns one text into another"
    elif lib.llama_model_is_diffusion(model):
        kind = "a model that writes by diffusion"
    elif file.header.metadata.get(f"{file.header.architecture}.attention.causal") is False:
        kind = "a model that compares texts"
    if kind:
        raise DeskError("model.not_chat", name=file.path.name, kind=kind)


def _memory_kind(model: int) -> MemoryKind:
    if lib.llama_model_is_hybrid(model):
        return "hybrid"
    if lib.llama_model_is_recurrent(model):
        return "recurrent"
    return "sliding" if lib.llama_model_n_swa(model) > 0 else "attention"


def _context_size(file: ModelFile, command: Load, trained: int) -> int:
    """Tokens: what was asked for within what the model was trained on, checked against the free memory.

    An unasked-for size shrinks until it fits; an asked-for one that does not fit is a problem to show.
    """
    asked = _asked(command)
    wanted = min(trained, max(asked or footprint.DEFAULT_CONTEXT, 1))
    if _offloads(command):
        return wanted  # the cache then lies mostly on the GPU
    batch, kv = (command.placement.batch, command.placement.kv) if command.placement else (LARGEST, "f16")
    fitting = footprint.fitting(file.header, wanted, batch, footprint.free_memory(), KV_BYTES[kv])
    if fitting is None or (asked is not None and fitting < wanted):
        raise DeskError("model.no_memory", name=file.name, context=wanted)
    return fitting


def _asked(command: Load) -> int | None:
    """The context that was asked for, in tokens."""
    return command.placement.context if command.placement else command.context


def _threads(command: Load) -> int:
    return max(1, command.placement.threads if command.placement else command.threads or threads())


def _most_threads(command: Load) -> int:
    """As many threads as may compute while nobody else needs the cores: those that were asked for, else all."""
    if command.placement:
        return max(command.placement.threads, command.placement.most_threads)
    return command.threads or cores()


def _offloads(command: Load) -> bool:
    """Whether a part of the model goes to a GPU."""
    if command.placement:
        return bool(command.placement.devices) and command.placement.gpu_layers > 0
    return command.gpu_layers > 0


def _quantization(model: int) -> str:
    """The file's quantization in llama.cpp's words, without its padding: `Q8_0`."""
    name = lib.llama_ftype_name(lib.llama_model_ftype(model)) or b""
    return _QUANTIZATION_NOISE.sub("", name.decode("utf-8", "replace")).strip()
