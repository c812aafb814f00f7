"""What goes where: a pure function of a model's shape, a machine and a person's wishes.

It tries every sensible division and takes the best by its verdict first, so that more memory never gives a worse
one. The plan holds everything that loading needs.
"""

from __future__ import annotations

import shlex
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

import msgspec

from mistral_desk.fit.layout import (
    KINDS,
    MEMORY,
    Kind,
    Layout,
    asked,
    counted_head,
    holdings,
    lack,
    layouts,
    usable_memory,
)
from mistral_desk.fit.read import ROUTED
from mistral_desk.fit.shape import KvType
from mistral_desk.fit.speed import ANSWER, PROMPT, Case, Run, Speed, prompt_seconds, speed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from mistral_desk.fit.machine import Machine
    from mistral_desk.fit.shape import Shape

SpeedWord = Literal["fast", "comfortable", "slow", "too_slow", "does_not_fit"]
WORDS: Final[tuple[SpeedWord, ...]] = ("fast", "comfortable", "slow", "too_slow", "does_not_fit")
WITHIN: Final[tuple[tuple[SpeedWord, float], ...]] = (("fast", 20.0), ("comfortable", 60.0), ("slow", 150.0))
"""A word, and the seconds that a typical answer takes at most, from the question to its last word: one figure, so that
what is quicker never has a worse word. It writes at least 17.5, 5.8 or 2.3 tokens a second then; people read 5 to 8.
"""
LEAST_TRY: Final = 0.1
"""Tokens a second below which reading from the disk is not even worth a try: an hour for an answer."""
CONTEXTS: Final = (16_384, 8192, 4096)
"""Tokens to try where nobody asked for a number, best first."""
BATCHES: Final = (512,)
BATCHES_SPLIT: Final = (512, 1024, 2048)
"""Micro-batches to try; larger ones only pay where experts are copied to a GPU for each."""
LARGEST_BATCH: Final = 2048
"""Tokens of a micro-batch at most, where the context is not longer."""
LONG: Final = 4096
_LONG_TURNS: Final = 0.1
"""Tokens of a long text, and the share of turns that read one: a document, a conversation of another day."""
_SHORT: Final = ((8192, 1.6), (16_384, 1.15))
_BLIND: Final = 1.2
_ROOM_TO_PIN: Final = 0.85
"""Share of the usable memory that a model may fill and still be read into it instead of mapped."""

HEAD: Final = r"^(output|token_embd)\.weight"
"""The tensors that make words of a model's last numbers."""

OF_MODEL: Final = "MODEL.gguf"
OF_EYES: Final = "MMPROJ.gguf"
"""What stands in a command for files that are not here."""

LoadMode = Literal["mmap", "none"]


class Wishes(msgspec.Struct, frozen=True):
    """What a person asked for; None leaves it to the plan.

    `context` in tokens; `gpu_layers` as llama.cpp counts: first the output, then the last layers, so that all of a
    model is one more than it has layers; `experts_on_gpu` is how many of these layers bring their routed experts;
    `batch` is the micro-batch in tokens. Numbers out of a model's or computer's range are brought into it; what does
    not fit gives a plan that says so.
    """

    context: int | None = None
    kv: KvType = "f16"
    gpu_layers: int | None = None
    experts_on_gpu: int | None = None
    threads: int | None = None
    batch: int | None = None
    load_mode: LoadMode | None = None

    @property
    def divides(self) -> bool:
        """Whether the division between GPU and memory is the person's own."""
        return self.gpu_layers is not None or self.experts_on_gpu is not None


class Holding(msgspec.Struct, frozen=True):
    """What one device holds, in bytes by kind; `device` is `gpu0` … or `memory`, or `disk` for what memory lacks."""

    device: str
    name: str
    bytes: dict[Kind, int]

    @property
    def total(self) -> int:
        """All of it."""
        return sum(self.bytes.values())


class Lack(msgspec.Struct, frozen=True):
    """The bytes that a division asks for and that are not there: in memory, or on a GPU."""

    bytes: int
    gpu: bool = False


class Plan(msgspec.Struct, frozen=True):
    """A decision: the verdict, where everything lies, and the parameters to load it so.

    `overrides` are patterns of tensors that stay in memory (llama.cpp's `tensor_buft_overrides`); `tensor_split`
    are layers a GPU. `load_mode` "none" reads the file into memory, where a GPU fetches from it faster.
    A plan that does not fit has no layout and no speed; `lacking` are the bytes that it needs more, on a GPU where it
    `lacks_gpu`, else in memory.
    """

    word: SpeedWord
    context: int
    kv: KvType = "f16"
    batch: int = 512
    threads: int = 1
    gpu_layers: int = 0
    tensor_split: tuple[int, ...] = ()
    overrides: tuple[str, ...] = ()
    experts_on_gpu: int = 0
    load_mode: LoadMode = "mmap"
    lock: bool = False
    holdings: tuple[Holding, ...] = ()
    spilled: int = 0
    lacking: int = 0
    lacks_gpu: bool = False
    layout: Layout | None = None
    speed: Speed | None = None

    @property
    def fits(self) -> bool:
        """Whether it can run at all."""
        return self.layout is not None

    def where(self, device: str) -> int:
        """Bytes on a device, or on all that begin with this name."""
        return sum(holding.total for holding in self.holdings if holding.device.startswith(device))


def threads_for(machine: Machine) -> int:
    """One thread less than there are cores, at least one: a thread too many brings all others to a standstill."""
    return max(1, machine.cores - 1)


def plan(shape: Shape, machine: Machine, wishes: Wishes | None = None, runs: Sequence[Run] = ()) -> Plan:
    """The best plan: by its word, then its context and the time of a typical answer and of reading a long text.

    Nothing but these four decides it, and pages ask for the same ones again and again: what was found is kept.
    """
    return _best(shape, machine, wishes or Wishes(), tuple(runs))


@lru_cache(maxsize=1024)  # the known models' quantizations on a dozen computers
def _best(shape: Shape, machine: Machine, wishes: Wishes, runs: tuple[Run, ...]) -> Plan:
    best: Plan | None = None
    most = (-len(WORDS), 0.0)
    least: Lack | None = None
    for context in contexts(shape, wishes):
        for candidate in _candidates(shape, machine, context, wishes, runs):
            if isinstance(candidate, Lack):
                least = candidate if least is None or candidate.bytes < least.bytes else least
            elif (merit := _merit(shape, machine, candidate)) > most:
                best, most = candidate, merit
        if best and best.word == "fast" and best.speed and best.speed.region == "gpu":
            break  # a shorter context has nothing to add
    if best:
        return best
    short = least or Lack(0)
    return Plan("does_not_fit", contexts(shape, wishes)[-1], wishes.kv, lacking=short.bytes, lacks_gpu=short.gpu)


def contexts(shape: Shape, wishes: Wishes) -> tuple[int, ...]:
    """Contexts to try, best first: the one asked for, or common ones, within what the model was trained for."""
    most = shape.trained or CONTEXTS[0]
    if wishes.context:
        return (max(1, min(wishes.context, most)),)
    return tuple(dict.fromkeys(min(context, most) for context in CONTEXTS))


def word_for(found: Speed) -> SpeedWord:
    """The word for a speed. What reads from the disk for every word is no chat."""
    return "too_slow" if found.region == "disk" else _within(found.answer_s.mid)


def held_by_reading(found: Speed) -> bool:
    """Whether one waits longer for its first word than for all others, and would call it quicker without that."""
    writes, reads = ANSWER / found.tokens_per_s.mid, PROMPT / found.prompt_per_s.mid
    return found.region != "disk" and reads > writes and _within(writes) != word_for(found)


def _within(seconds: float) -> SpeedWord:
    return next((word for word, most in WITHIN if seconds <= most), "too_slow")


def server_command(made: Plan, machine: Machine, model: str = OF_MODEL, projector: str = "") -> str:
    """The same plan for `machine` as a `llama-server` command, for a POSIX shell; empty where it does not fit, or needs
    other computers.

    One conversation at a time, and nothing adjusted by llama.cpp's own rules: else it takes another amount of memory.
    """
    if made.layout is None or any(machine.gpus[number].remote for number in made.layout.gpus):
        return ""
    words = ["llama-server", "-m", model]
    projector = projector or (OF_EYES if any("projector" in holding.bytes for holding in made.holdings) else "")
    if projector:
        words += ["--mmproj", projector]
        if made.layout.projector == MEMORY:
            words.append("--no-mmproj-offload")
    if not made.layout.gpus and machine.gpus:
        words += ["-dev", "none"]  # with no layers on it a GPU would still read prompts
    words += ["-c", str(made.context), "-np", "1", "-fit", "off", "-ngl", str(made.gpu_layers), "-t", str(made.threads)]
    words += ["-b", str(max(made.batch, 512)), "-ub", str(made.batch), "-fa", "on"]
    words += ["-ctk", made.kv, "-ctv", made.kv, "--load-mode", made.load_mode]
    cards = [number for number, gpu in enumerate(machine.gpus) if not gpu.shared]  # llama.cpp leaves out the others
    if len(cards) > 1 and set(made.layout.gpus) <= set(cards):
        words += ["-ts", ",".join(str(made.tensor_split[number]) for number in cards)]
    for pattern in made.overrides:
        words += ["-ot", f"{pattern}=CPU"]
    return shlex.join(words)


def _candidates(
    shape: Shape, machine: Machine, context: int, wishes: Wishes, runs: Sequence[Run]
) -> Iterator[Plan | Lack]:
    """Plans for a context; for a division that memory or a GPU does not hold, the bytes that lack."""
    wide = shape.routed and any(not gpu.shared for gpu in machine.gpus)
    batches = BATCHES_SPLIT if wide else BATCHES
    if wishes.batch is not None:
        batches = (min(max(wishes.batch, 1), max(context, LARGEST_BATCH)),)
    for batch in batches:
        if batch > max(context, 512) and wishes.batch is None:
            continue
        if wishes.divides:
            found = asked(shape, machine, (context, batch, wishes.kv), wishes.gpu_layers, wishes.experts_on_gpu)
        else:
            only_splits = batch > BATCHES[0] and wishes.batch is None
            found = layouts(shape, machine, context, batch, wishes.kv, only_splits=only_splits)
        for layout in found:
            yield Lack(layout, gpu=True) if isinstance(layout, int) else _planned(shape, machine, layout, wishes, runs)


def _planned(shape: Shape, machine: Machine, layout: Layout, wishes: Wishes, runs: Sequence[Run]) -> Plan | Lack:
    held = holdings(shape, layout)
    if missing := lack(machine, layout, held):
        return Lack(missing, gpu=True)
    usable = usable_memory(machine)
    taken = sum(held[MEMORY].values())
    taken += sum(sum(held[number].values()) for number in layout.gpus if machine.gpus[number].shared)
    spilled = max(0, taken - usable)
    mode: LoadMode = "none" if layout.splits_experts and taken <= usable * _ROOM_TO_PIN else "mmap"
    mode = wishes.load_mode or mode
    if spilled > (held[MEMORY]["routed"] if mode == "mmap" else 0):  # what is read into memory must all fit there
        return Lack(spilled - (held[MEMORY]["routed"] if mode == "mmap" else 0))
    threads = min(max(1, wishes.threads), machine.cores) if wishes.threads is not None else threads_for(machine)
    found = speed(Case(shape, machine, layout, threads, spilled, mode == "none"), runs)
    on_gpu = [place for place in layout.layers if place != MEMORY]
    if spilled and found.tokens_per_s.mid < LEAST_TRY:
        return Lack(spilled)
    return Plan(
        word=word_for(found),
        context=layout.context,
        kv=layout.kv,
        batch=layout.batch,
        threads=threads,
        gpu_layers=len(on_gpu) + (counted_head(layout) != MEMORY),
        tensor_split=_split(layout, machine),
        overrides=_overrides(layout),
        experts_on_gpu=sum(place != MEMORY for place in layout.experts) if shape.routed else 0,
        load_mode=mode,
        holdings=tuple(_holding(machine, number, held[number], spilled) for number in _in_order(held))
        + ((Holding("disk", "", {"routed": spilled}),) if spilled else ()),
        spilled=spilled,
        layout=layout,
        speed=found,
    )


def _merit(shape: Shape, machine: Machine, made: Plan) -> tuple[int, float]:
    """What makes a plan better: its word, then the time of a turn, which is a typical answer and now and then a long
    text to read; a short context and a projector that has to work without the GPU count as lost time.
    """
    layout, found = made.layout, made.speed
    seconds = found.answer_s.mid if found else 0.0
    if layout:
        case = Case(shape, machine, layout, made.threads, made.spilled, made.load_mode == "none")
        seconds += _LONG_TURNS * prompt_seconds(case, min(LONG, made.context))
    short = next((cost for bound, cost in _SHORT if made.context < bound), 1.0)
    blind = _BLIND if layout and layout.gpus and layout.projector == MEMORY else 1.0
    return (-WORDS.index(made.word), -seconds * short * blind)


def _holding(machine: Machine, number: int, held: dict[Kind, int], spilled: int) -> Holding:
    kinds = {kind: held[kind] for kind in KINDS if held[kind]}
    if number == MEMORY:
        if spilled:
            kinds["routed"] = kinds.get("routed", 0) - spilled
        return Holding("memory", "", {kind: size for kind, size in kinds.items() if size})
    return Holding(f"gpu{number}", machine.gpus[number].name, kinds)


def _in_order(devices: Iterable[int]) -> list[int]:
    """GPUs by their number, then the memory."""
    return sorted(devices, key=lambda number: (number == MEMORY, number))


def _split(layout: Layout, machine: Machine) -> tuple[int, ...]:
    """Layers a GPU, for every GPU of the machine; the head counts as one, as llama.cpp counts it."""
    if not layout.gpus:
        return ()
    places = [*layout.layers, counted_head(layout)]
    return tuple(places.count(number) for number in range(len(machine.gpus)))


def _overrides(layout: Layout) -> tuple[str, ...]:
    """The patterns for what stays in memory although llama.cpp would put it on a GPU: experts, and the output where the
    last layers are on another computer.
    """
    return (*((HEAD,) if layout.head != counted_head(layout) else ()), *_experts(layout))


def _experts(layout: Layout) -> tuple[str, ...]:
    pairs = list(zip(layout.layers, layout.experts, strict=True))
    staying = [number for number, (place, experts) in enumerate(pairs) if place != MEMORY and experts == MEMORY]
    if not staying:
        return ()
    if len(staying) == len(pairs):
        return (ROUTED,)
    return (rf"blk\.({'|'.join(map(str, staying))}){ROUTED}",)
