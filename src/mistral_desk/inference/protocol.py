"""What the app and its worker process say to each other.

Each message is a tagged msgspec struct (`frames` says how it travels).
Commands go to the worker's stdin, events come from what was its stdout. One worker process holds one model.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import Problem
from mistral_desk.inference.cage import Cage
from mistral_desk.inference.device import Device, Placed
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.state_messages import (
    ForgetStates,
    KeepStates,
    NeedState,
    StateEnd,
    StateHead,
    StatePart,
    StatesKept,
    StateTaken,
)
from mistral_desk.inference.thought_messages import AnswerNow, Budget, Steered, ThinkMore, ThoughtEnd

PROTOCOL_VERSION: Final = 5
MEASURE: Final = "MISTRAL_DESK_MEASURE_DEVICES"
"""An environment variable: a worker that finds it measures what it computes on before it says hello."""

MAX_SIDE: Final = 8192
"""Pixels of a picture's width or height at most; the app makes pictures far smaller than this."""
MAX_PIXELS: Final = 16 * 1024 * 1024
"""Pixels of one picture at most, three bytes each."""
MAX_PICTURES: Final = 64
"""Pictures in one turn at most."""

Effort: TypeAlias = Literal["none", "high"]
Role: TypeAlias = Literal["system", "user", "assistant"]
PieceKind: TypeAlias = Literal["thinking", "text"]
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
    """What one answer took. Seconds are wall-clock in the worker; rates are None where nothing was measured.

    `again_tokens` were read anew so that an answer that had broken off could go on; the worker itself says 0.
    `generated_tokens` are all of the answer's, those too that were written for the model where its thought was steered;
    `thought_end` says what closed the thought; `threads` computed a token, on average.
    """

    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    thinking_tokens: int = 0
    prompt_s: float = 0.0
    thinking_s: float = 0.0
    first_token_s: float | None = None
    tokens_per_s: float | None = None
    seed: int = 0
    again_tokens: int = 0
    thought_end: ThoughtEnd = ""
    threads: float = 0.0


class ModelInfo(msgspec.Struct, frozen=True):
    """What the worker found out about the model that it loaded.

    `context` is the context in use, `trained_context` what the file claims, both in tokens. `vocabulary` is a
    hash over all token texts. `efforts` are the reasoning efforts that the model's own template takes;
    `thinking` tells whether it marks its thoughts. `sampling` holds the defaults after all sources were asked.

    `sees` tells whether it takes pictures, with the projector in the file `projector`; one picture is at most
    `image_tokens` tokens, and more than `image_side` pixels on its long side are of no use to it. Where it does not
    see, `blind` says why.

    `takes_thoughts` tells whether the template puts thoughts of earlier answers into the prompt, so that they can be
    left out or not. `sampling` is what holds without thinking, `thinking_sampling` while it thinks.

    `placed` is where everything really lies. `changes` are notes for a person: what was made smaller than asked for.
    `placement` is how it was loaded in the end, None where nobody planned it. `state` is how saved states are laid out.
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
    takes_thoughts: bool = False
    thinking_sampling: Sampling | None = None
    state: str = ""


# --- commands: app to worker ------------------------------------------------------------------------


class Load(msgspec.Struct, frozen=True, tag="load"):
    """Load this worker's model. `context` in tokens (None: a sensible one within the trained context);
    `threads` None: the worker's own rule. `projector` None: the one that lies beside the model, if there is one;
    empty: none, whatever lies there; else this file, and no other. A `placement` decides everything but the files;
    context, threads and GPU layers beside it are not looked at. `check_tensors`: look at all weights first. Answered by
    `LoadProgress`…, then `Loaded` or `Failed`.
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

    `begun` is the answer where it broke off and is to go on; `Resumed` then stands before the new pieces.
    Answered by `PromptProgress`…, `Piece`…, then `Finished` or `Failed`. `max_tokens` (new ones) None: until the
    context is full. One at a time; a second one waits.

    `keep_thinking` false leaves the thoughts of earlier answers out, where the template would take them. Where the
    context has not `room` tokens left for the answer, it fails with `prompt.too_long` before anything is read.

    What is read and written belongs to `owner`; with an empty name it never leaves the worker. With `restores` the app
    may have a state for it, so that the worker may ask (`NeedState`). A `grammar` (llama.cpp's GBNF) binds the answer,
    not the thought before it.
    """

    request: int
    turns: tuple[Turn, ...]
    effort: Effort = "none"
    sampling: Sampling = Sampling()
    max_tokens: int | None = None
    begun: Turn | None = None
    keep_thinking: bool = True
    room: int = 1
    owner: str = ""
    restores: bool = False
    grammar: str = ""
    budget: Budget = Budget()
    rethinks: bool = False


class Count(msgspec.Struct, frozen=True, tag="count"):
    """Say how many tokens this conversation, whose last turn is the user's, would be as `Generate`'s prompt.

    Answered by `Counted` or `Failed`, without anything being read; it waits for an answer that is being written.
    """

    request: int
    turns: tuple[Turn, ...]
    effort: Effort = "none"
    keep_thinking: bool = True


class Stop(msgspec.Struct, frozen=True, tag="stop"):
    """Stop the request (load or generate) as soon as possible; what was generated so far counts."""

    request: int


class Shutdown(msgspec.Struct, frozen=True, tag="shutdown"):
    """Free the model and exit with status 0. The end of stdin means the same."""


StateCommand: TypeAlias = StateHead | StatePart | StateEnd | StateTaken
ThoughtCommand: TypeAlias = AnswerNow | ThinkMore
Command: TypeAlias = (
    Load | PutImage | Generate | Count | Stop | ThoughtCommand | Shutdown | KeepStates | ForgetStates | StateCommand
)

# --- events: worker to app --------------------------------------------------------------------------


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """The first event: who this worker is, before any model is loaded; `backends` are the engine's parts in use."""

    protocol: int
    app_version: str
    pid: int
    llama_cpp: str
    system: str
    devices: tuple[Device, ...]
    backends: tuple[str, ...] = ()


class LoadProgress(msgspec.Struct, frozen=True, tag="load_progress"):
    """Share of the model that is loaded, 0 to 1; while `looks` is true, the share of its weights that was looked at."""

    request: int
    fraction: float
    looks: bool = False


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


class Resumed(msgspec.Struct, frozen=True, tag="resumed"):
    """All of the answer that goes on, as the model has it: it takes the place of what was there. The text may lack
    half a character at its end, and the ids are this model's.
    """

    request: int
    pieces: tuple[Piece, ...]


class Counted(msgspec.Struct, frozen=True, tag="counted"):
    """The size of a prompt in tokens, and what of it are the words before the person's first message (`system`), the
    person's last message with all that stands behind it (`last`), and the pictures of both and of the others.
    """

    request: int
    tokens: int
    system: int = 0
    last: int = 0
    pictures: int = 0
    last_pictures: int = 0


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


StateEvent: TypeAlias = NeedState | StateHead | StatePart | StateTaken | StatesKept
Event: TypeAlias = (
    Hello
    | LoadProgress
    | Loaded
    | PromptProgress
    | NeedImage
    | Piece
    | Resumed
    | Steered
    | Counted
    | Finished
    | Failed
    | StateEvent
)
