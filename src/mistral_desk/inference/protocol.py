"""What the app and its worker process say to each other.

Each message is one frame: four bytes of length (little-endian), then a tagged msgspec struct as MessagePack.
Commands go to the worker's stdin, events come from what was its stdout. One worker process holds one model.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Annotated, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import Problem
from mistral_desk.fit.core_rates import CoreRates
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.placement import Placement

if TYPE_CHECKING:
    from collections.abc import Callable

PROTOCOL_VERSION: Final = 3
MEASURE: Final = "MISTRAL_DESK_MEASURE_DEVICES"
"""An environment variable: a worker that finds it measures what it computes on before it says hello."""
MAX_FRAME: Final = 512 * 1024 * 1024
"""Bytes in one frame at most: a bound against a worker gone mad, far above what any message needs."""

MAX_SIDE: Final = 8192
"""Pixels of a picture's width or height at most; the app makes pictures far smaller than this."""
MAX_PIXELS: Final = 16 * 1024 * 1024
"""Pixels of one picture at most, three bytes each."""
MAX_PICTURES: Final = 64
"""Pictures in one turn at most."""

Effort: TypeAlias = Literal["none", "high"]
Role: TypeAlias = Literal["system", "user", "assistant"]
PieceKind: TypeAlias = Literal["thinking", "text"]
PlacedKind: TypeAlias = Literal["model", "cache", "compute", "output", "projector"]
MemoryKind: TypeAlias = Literal["attention", "sliding", "recurrent", "hybrid"]
Reason: TypeAlias = Literal["stop", "length", "context", "stopped"]
"""Why an answer ended: the model was done · `max_tokens` reached · the context is full · the person's Stop."""


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How the next token is chosen; None means: as the model's file says, else as is known of it, else ours.

    `temperature` 0 takes the most likely token. `repeat_penalty` 1.0 is off. `seed` None draws a new one.
    """

    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repeat_penalty: float | None = None
    seed: int | None = None


class Turn(msgspec.Struct, frozen=True):
    """One message of the conversation as the worker needs it.

    `tokens` are the ids that the model itself generated for an assistant's turn (thinking markers included),
    valid only for the vocabulary whose hash is `vocabulary`; empty where they are not known.

    `images` are the pictures of a person's turn by their SHA-256, in order. `places` says for each how many
    characters of `text` stand before it; where it says nothing, the picture stands before the text.
    """

    role: Role
    text: str
    thinking: str = ""
    tokens: tuple[int, ...] = ()
    vocabulary: str = ""
    images: tuple[str, ...] = ()
    places: tuple[int, ...] = ()

    def placed(self) -> tuple[tuple[int, str], ...]:
        """The pictures with their places in the text, in the order in which the model meets them."""
        places = (*self.places, *(0 for _ in self.images))
        within = (min(max(place, 0), len(self.text)) for place in places)
        return tuple(sorted(zip(within, self.images, strict=False), key=lambda one: one[0]))


class Figures(msgspec.Struct, frozen=True):
    """What one answer took. Seconds are wall-clock in the worker; rates are None where nothing was measured."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    thinking_tokens: int = 0
    prompt_s: float = 0.0
    thinking_s: float = 0.0
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    seed: int = 0


class Device(msgspec.Struct, frozen=True, omit_defaults=True):
    """A compute device as ggml names it; memory in bytes.

    Where it was measured: `gbps` is its own memory's speed and `way_gbps` that of copying to it, in 10⁹ bytes a second;
    `way_pinned` says that it was copied from memory which the device can fetch from by itself. Of the processor `core`
    holds what one of its threads gets.
    """

    name: str
    description: str
    kind: Literal["cpu", "gpu", "integrated", "accelerator"]
    memory_free: int
    memory_total: int
    gbps: float | None = None
    way_gbps: float | None = None
    way_pinned: bool = False
    core: CoreRates | None = None


class Placed(msgspec.Struct, frozen=True):
    """A buffer that llama.cpp reported when it loaded: ggml's name of where it lies (`CPU`, `CPU_Mapped`, `CUDA0`),
    what for, and its bytes, as exact as the log is (0.01 MiB). "output" holds the numbers for the next token.
    """

    device: str
    kind: PlacedKind
    bytes: int


class ModelInfo(msgspec.Struct, frozen=True):
    """What the worker found out about the model that it loaded.

    `context` is the context in use, `trained_context` what the file claims, both in tokens. `vocabulary` is a
    hash over all token texts. `efforts` are the reasoning efforts that the model's own template takes;
    `thinking` tells whether it marks its thoughts. `sampling` holds the defaults after all sources were asked.

    `sees` tells whether it takes pictures, with the projector in the file `projector`; one picture is at most
    `image_tokens` tokens, and more than `image_side` pixels on its long side are of no use to it. Where it does not
    see, `blind` says why.

    `placed` is where everything really lies. `changes` are notes for a person: what was made smaller than asked for.
    `placement` is how it was loaded in the end, None where nobody planned it.
    """

    name: str
    architecture: str
    path: str
    file_bytes: int
    parameters: int
    quantization: str
    context: int
    trained_context: int
    layers: int
    vocabulary: str
    memory: MemoryKind
    thinking: bool
    efforts: tuple[Effort, ...]
    sampling: Sampling
    threads: int
    load_s: float
    template: Literal["own", "fallback"] = "own"
    sees: bool = False
    projector: str = ""
    image_tokens: int = 0
    image_side: int = 0
    blind: Problem | None = None
    placed: tuple[Placed, ...] = ()
    changes: tuple[Problem, ...] = ()
    placement: Placement | None = None


# --- commands: app to worker ------------------------------------------------------------------------


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load this worker's model. `context` in tokens (None: a sensible one within the trained context);
    `threads` None: the worker's own rule. `projector` None: the one that lies beside the model, if there is one;
    empty: none, whatever lies there; else this file, and no other. A `placement` decides everything but the files;
    context, threads and GPU layers beside it are not looked at. Answered by `LoadProgress`…, then `Loaded` or `Failed`.
    """

    request: int
    path: str
    context: int | None = None
    threads: int | None = None
    gpu_layers: int = 0
    check_tensors: bool = False
    projector: str | None = None
    placement: Placement | None = None


class PutImage(msgspec.Struct, frozen=True, tag="put_image"):
    """The picture that the worker asked for with `NeedImage`: rows from the top, three bytes a pixel, nothing between.

    `sha256` is the name that turns call it by, 64 hexadecimal digits. The worker keeps it as long as it has room.
    """

    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    width: Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE)]
    height: Annotated[int, msgspec.Meta(ge=1, le=MAX_SIDE)]
    rgb: bytes

    def __post_init__(self) -> None:
        """Raise `ValueError` for a picture of other bytes than its size says, or of too many."""
        if self.width * self.height > MAX_PIXELS or len(self.rgb) != 3 * self.width * self.height:
            raise ValueError(f"{len(self.rgb)} bytes are no picture of {self.width} x {self.height}")


class Generate(msgspec.Struct, frozen=True, tag="generate"):
    """Answer the conversation `turns`, whose last turn is the user's.

    Answered by `PromptProgress`…, `Piece`…, then `Finished` or `Failed`. `max_tokens` None: until the context
    is full. One at a time; a second one waits.
    """

    request: int
    turns: tuple[Turn, ...]
    effort: Effort = "none"
    sampling: Sampling = Sampling()
    max_tokens: int | None = None


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Stop the request (load or generate) as soon as possible; what was generated so far counts."""

    request: int


class AnswerNow(msgspec.Struct, frozen=True, tag="answer_now"):
    """Close the thought of this request and go straight to the answer; without effect when not thinking."""

    request: int


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """Free the model and exit with status 0. The end of stdin means the same."""


Command: TypeAlias = Load | PutImage | Generate | Stop | AnswerNow | Shutdown

# --- events: worker to app --------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first event: who this worker is. Sent before any model is loaded."""

    protocol: int
    app_version: str
    pid: int
    llama_cpp: str
    system: str
    devices: tuple[Device, ...]


class LoadProgress(msgspec.Struct, frozen=True, tag="load_progress"):
    """Share of the model that is loaded, 0 to 1."""

    request: int
    fraction: float


class Loaded(msgspec.Struct, frozen=True, tag="loaded", omit_defaults=True):
    """The model is ready. `cage` is what the worker found when it then tried to do more than compute."""

    request: int
    model: ModelInfo
    cage: Cage = Cage()


class PromptProgress(msgspec.Struct, frozen=True, tag="prompt_progress"):
    """Reading the prompt: tokens in the memory now, of `total`; the first `cached` of them cost nothing.

    A picture is looked at before it is read: meanwhile `looking` is true, and `done` counts the share of the
    picture's tokens that stands for this work. `seconds_left` is None until a rate was measured.
    """

    request: int
    done: int
    total: int
    cached: int
    seconds_left: float | None = None
    looking: bool = False


class NeedImage(msgspec.Struct, frozen=True, tag="need_image"):
    """The worker has not, or no longer, the pixels of a picture of this request. It waits for `PutImage`, or `Stop`."""

    request: int
    sha256: str


class Piece(msgspec.Struct, frozen=True, tag="piece"):
    """Text as it comes. `tokens` are the ids behind it; `text` may be empty while a character is incomplete
    or where a token is a marker. Markers never appear in `text`.
    """

    request: int
    kind: PieceKind
    text: str
    tokens: tuple[int, ...] = ()


class Finished(msgspec.Struct, frozen=True, tag="finished"):
    """The answer is complete, or was stopped. `vocabulary` is the hash that its token ids belong to."""

    request: int
    reason: Reason
    figures: Figures
    vocabulary: str


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The request failed; the worker lives on. Request 0 is the worker itself."""

    request: int
    problem: Problem


Event: TypeAlias = Hello | LoadProgress | Loaded | PromptProgress | NeedImage | Piece | Finished | Failed

# --- frames -----------------------------------------------------------------------------------------

_encoder: Final = msgspec.msgpack.Encoder()
_commands: Final[msgspec.msgpack.Decoder[Command]] = msgspec.msgpack.Decoder(Command)
_events: Final[msgspec.msgpack.Decoder[Event]] = msgspec.msgpack.Decoder(Event)
_length: Final = struct.Struct("<I")


class ProtocolError(Exception):
    """The other side sent something that is no message of this protocol."""


def frame(message: Command | Event) -> bytes:
    """One message as bytes, length first."""
    body = _encoder.encode(message)
    if len(body) > MAX_FRAME:
        raise ProtocolError(f"a message of {len(body)} bytes is over the limit")
    return _length.pack(len(body)) + body


def read_frame(read: Callable[[int], bytes]) -> bytes | None:
    """The body of the next frame from a blocking `read(n)` (which may return fewer bytes), None at the end.

    Raises `ProtocolError` when the stream ends inside a frame or a length is absurd.
    """
    head = _exactly(read, _length.size)
    if not head:
        return None
    if len(head) < _length.size:
        raise ProtocolError("the stream ended inside a frame's length")
    (size,) = _length.unpack(head)
    if size > MAX_FRAME:
        raise ProtocolError(f"a frame of {size} bytes is over the limit")
    body = _exactly(read, size)
    if len(body) < size:
        raise ProtocolError("the stream ended inside a frame")
    return body


def decode_command(body: bytes) -> Command:
    """A command from a frame's body; raises `ProtocolError`."""
    try:
        return _commands.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def decode_event(body: bytes) -> Event:
    """An event from a frame's body; raises `ProtocolError`."""
    try:
        return _events.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolError(str(error)) from error


def _exactly(read: Callable[[int], bytes], size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = read(size)
        if not part:
            break
        parts.append(part)
        size -= len(part)
    return b"".join(parts)
