"""A model's eyes: a projector in llama.cpp's mtmd, pictures as tokens of their own, each encoded once.

In a sequence of tokens a picture stands as a run of negative ids that no other picture ever gets, so all that asks how
far two sequences agree works for pictures too; only a place inside a picture is never one to cut at.
"""

from __future__ import annotations

import bisect
import ctypes
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine import picture_rows
from mistral_desk.inference.engine.native import file_name, lib, mtmd
from mistral_desk.inference.engine.picture_size import prepared, prepared_size

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from mistral_desk.inference.engine.picture_rows import Rows
    from mistral_desk.inference.projector_file import ProjectorFile
    from mistral_desk.inference.protocol import PutImage

KNOWN: Final = 1024
"""Pictures whose places are remembered; what they were made of is not in it."""
_WARM: Final = 64
"""Pixels a side of the picture that is encoded at load."""
_EVERY: Final = 8
"""Operations of the encoder between two looks at whether to stop."""


class StoppedError(Exception):
    """The person stopped while a picture was encoded; nothing of it is kept."""


@dataclass(frozen=True)
class Chunk:
    """One run of a picture's tokens: the whole picture, or one tile of it.

    Its ids are `-first`, `-first - 1`, … `tokens` are cells in the memory, `positions` what it moves on (fewer in
    models that count in two directions). `pointer` is mtmd's, without pixels.
    """

    sha256: str
    index: int
    first: int
    tokens: int
    positions: int
    pointer: Any

    @property
    def ids(self) -> range:
        """Its ids, in order."""
        return range(-self.first, -self.first - self.tokens, -1)


@dataclass(frozen=True)
class Sight:
    """Where a picture stands: its ids, markers of the model's own around them; its chunks; mtmd's list of them."""

    ids: tuple[int, ...]
    chunks: tuple[Chunk, ...]
    owner: Any


class Eyes:
    """A loaded projector. Used by the inference thread only; `close` frees it before its model is freed."""

    def __init__(
        self,
        file: ProjectorFile,
        model: int,
        name: str,
        plan: tuple[int, bool | int],
        progress: Callable[[float], bool],
    ) -> None:
        """Load it for the `model` called `name` and encode something once. `plan`: threads, and whether on a GPU, or
        ggml's pointer to which.

        `progress(fraction)` returns false to give up. Raises `projector.load_failed` and `projector.nonsense`.
        """
        self.file = file
        self._width = int(lib.llama_model_n_embd_inp(model))
        self._sights: OrderedDict[str, Sight] = OrderedDict()
        self._firsts: list[int] = []
        self._chunks: list[Chunk] = []
        self._next = 1
        self._rows: OrderedDict[tuple[str, int], Rows] = OrderedDict()
        self._line_break = picture_rows.line_break(file)
        self.room = 0  # bytes for rows, set by who knows what is free
        self._nodes = self._all_nodes = 0
        self._watch: Callable[[float], bool] | None = None
        self._broken_off = False
        p = mtmd.mtmd_context_params_default()
        p.n_threads, p.use_gpu = plan[0], bool(plan[1])
        if not isinstance(plan[1], bool):
            p.device = plan[1]
        p.print_timings = False
        p.warmup = True  # without it the rows between lines are made from memory that nobody wrote to
        if file.min_tokens:
            p.image_min_tokens = file.min_tokens
        if file.max_tokens:
            p.image_max_tokens = file.max_tokens
        self._on_node = lib.ggml_backend_sched_eval_callback(self._node)
        self._on_load = mtmd.mtmd_progress_callback(lambda fraction, _: progress(float(fraction)))
        p.cb_eval, p.progress_callback = self._on_node, self._on_load
        self.pointer: Any = mtmd.mtmd_init_from_file(file_name(file.path), model, p)
        if not self.pointer:
            raise DeskError("projector.load_failed", name=file.path.name, model=name)
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Free it."""
        for sight in self._sights.values():
            mtmd.mtmd_input_chunks_free(sight.owner)
        self._sights.clear()
        self._rows.clear()
        mtmd.mtmd_free(self.pointer)

    # --- where pictures stand -----------------------------------------------------------------------

    def see(self, sha256: str, size: Callable[[], tuple[int, int]]) -> tuple[int, ...]:
        """The ids that stand for a picture. `size` gives its pixels' width and height where it was never met."""
        sight = self._sights.get(sha256)
        if sight is None:
            sight = self._sights[sha256] = self._sight(sha256, *size())
            while len(self._sights) > KNOWN:
                _, oldest = self._sights.popitem(last=False)
                self._forget(oldest)
        self._sights.move_to_end(sha256)
        return sight.ids

    def chunk(self, token: int) -> tuple[Chunk, int]:
        """The chunk that an id belongs to, and how many of its tokens stand before."""
        chunk = self._chunks[bisect.bisect_right(self._firsts, -token) - 1]
        return chunk, -token - chunk.first

    def whole(self, tokens: Sequence[int], length: int) -> int:
        """The longest prefix of at most `length` tokens that ends outside of pictures."""
        if 0 < length < len(tokens) and tokens[length] < 0:
            return length - self.chunk(tokens[length])[1]
        return length

    def spare(self, tokens: Sequence[int]) -> list[tuple[int, int]]:
        """For models that count in two directions: where each picture ends, and by how much tokens outnumber
        positions up to there.
        """
        found, sum_of_all, at = [], 0, 0
        while at < len(tokens):
            if tokens[at] >= 0:
                at += 1
                continue
            chunk, _ = self.chunk(tokens[at])
            at += chunk.tokens
            sum_of_all += chunk.tokens - chunk.positions
            found.append((at, sum_of_all))
        return found

    def looks_both_ways(self, chunk: Chunk) -> bool:
        """Whether the tokens of a picture see each other, which needs all of them in one batch."""
        return bool(mtmd.mtmd_decode_use_non_causal(self.pointer, chunk.pointer))

    # --- what they look like --------------------------------------------------------------------------

    def rows(self, chunk: Chunk, picture: Callable[[], PutImage], watch: Callable[[float], bool]) -> Rows:
        """What the model reads for a chunk: tokens x width numbers. Encoded once, as long as there is room.

        `watch(fraction)` is called on the way and returns false to break off: `StoppedError` then. Raises
        `projector.nonsense` for numbers that are none.
        """
        key = (chunk.sha256, chunk.index)
        known = self._rows.get(key)
        if known is None:
            known = self._encoded(chunk, picture(), watch)
            self._rows[key] = known
            while len(self._rows) > 1 and sum(rows.nbytes for rows in self._rows.values()) > self.room:
                self._rows.popitem(last=False)
        self._rows.move_to_end(key)
        return known

    def decode(
        self, context: Any, chunk: Chunk, rows: Rows, where: tuple[int, int], watch: Callable[[int], int]
    ) -> int:
        """Read a chunk; `where`: from which position on, and how many tokens at once. Returns llama_decode's result.

        `watch(tokens)` is called after each batch with how many are read; where it gives not 0, that ends it all.
        """
        position, batch = where
        done = 0

        def after(decoded: Any, _: object) -> int:
            nonlocal done
            done += int(decoded.contents.n_tokens)
            return watch(done)

        behind = lib.llama_pos(0)
        callback = mtmd.mtmd_helper_post_decode_callback(after)
        numbers = rows.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
        return int(
            mtmd.mtmd_helper_decode_image_chunk(
                self.pointer, context, chunk.pointer, numbers, position, 0, batch, ctypes.byref(behind), callback, None
            )
        )

    def forget_but(self, *sequences: Iterable[int]) -> None:
        """Keep only what is known of pictures that stand in these sequences; of others nothing is left."""
        there = {self.chunk(token)[0].sha256 for tokens in sequences for token in set(tokens) if token < 0}
        for sha256 in self._sights.keys() - there:
            self._forget(self._sights.pop(sha256))
        for key in [key for key in self._rows if key[0] not in there]:
            self._rows.pop(key).fill(0)

    @property
    def met(self) -> Collection[str]:
        """The pictures of which something is known, by their SHA-256."""
        return self._sights.keys()

    # --- inside ---------------------------------------------------------------------------------------

    def _start(self) -> None:
        if not mtmd.mtmd_support_vision(self.pointer):
            raise DeskError("projector.not_one", "no vision", name=self.file.path.name)
        self.counts_twice = bool(mtmd.mtmd_decode_use_mrope(self.pointer))
        sight = self._sight("", _WARM, _WARM)
        grey = np.full((_WARM, _WARM, 3), 128, np.uint8)
        for chunk in sight.chunks:
            self._looked(chunk, grey)
        self._forget(sight)
        largest = self._sight("", self.file.side, self.file.side)
        self.most_tokens = len(largest.ids)
        self.at_once = max(
            (chunk.tokens for chunk in largest.chunks if self.looks_both_ways(chunk)),
            default=0,
        )
        self._forget(largest)

    def _sight(self, sha256: str, width: int, height: int) -> Sight:
        owner = self._tokenized(*prepared_size(width, height, self.file), None)
        ids: list[int] = []
        chunks: list[Chunk] = []
        for at in range(mtmd.mtmd_input_chunks_size(owner)):
            pointer = mtmd.mtmd_input_chunks_get(owner, at)
            if mtmd.mtmd_input_chunk_get_type(pointer) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                count = ctypes.c_size_t()
                found = mtmd.mtmd_input_chunk_get_tokens_text(pointer, ctypes.byref(count))
                ids += found[: count.value]
                continue
            tokens = int(mtmd.mtmd_input_chunk_get_n_tokens(pointer))
            chunk = Chunk(
                sha256, len(chunks), self._next, tokens, int(mtmd.mtmd_input_chunk_get_n_pos(pointer)), pointer
            )
            self._next += tokens
            self._firsts.append(chunk.first)
            self._chunks.append(chunk)
            chunks.append(chunk)
            ids += chunk.ids
        return Sight(tuple(ids), tuple(chunks), owner)

    def _forget(self, sight: Sight) -> None:
        """Its ids are never given again; whatever still holds them is read anew."""
        mtmd.mtmd_input_chunks_free(sight.owner)

    def _tokenized(self, width: int, height: int, pixels: Any) -> Any:
        """What mtmd makes of one picture, without any text of ours: no marker, so nobody can write one."""
        bitmap = mtmd.mtmd_bitmap_init(width, height, pixels)
        chunks = mtmd.mtmd_input_chunks_init()
        part = mtmd.mtmd_input_part(None, bitmap)
        parts = (ctypes.POINTER(mtmd.mtmd_input_part) * 1)(ctypes.pointer(part))
        result = mtmd.mtmd_tokenize_from_parts(self.pointer, chunks, parts, 1, False)
        mtmd.mtmd_bitmap_free(bitmap)
        if result:
            mtmd.mtmd_input_chunks_free(chunks)
            raise DeskError("engine.failed", f"mtmd_tokenize gave {result}", reason="it cannot take this picture")
        return chunks

    def _encoded(self, chunk: Chunk, picture: PutImage, watch: Callable[[float], bool]) -> Rows:
        raster = np.frombuffer(picture.rgb, np.uint8).reshape(picture.height, picture.width, 3)
        self._watch = watch
        try:
            return self._looked(chunk, raster)
        finally:
            self._watch = None

    def _looked(self, chunk: Chunk, raster: Any) -> Rows:
        ready = prepared(raster, self.file)
        pixels = ready.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        owner = self._tokenized(ready.shape[1], ready.shape[0], pixels)
        try:
            pointers = (mtmd.mtmd_input_chunks_get(owner, at) for at in range(mtmd.mtmd_input_chunks_size(owner)))
            mine = [p for p in pointers if mtmd.mtmd_input_chunk_get_type(p) != mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT]
            for _ in range(2):  # what was uninitialised memory the first time need not be so the second time
                rows = picture_rows.repaired(self._once(mine[chunk.index], chunk.tokens), self._line_break)
                if rows is not None:
                    return rows
        finally:
            mtmd.mtmd_input_chunks_free(owner)
        raise DeskError("projector.nonsense", name=self.file.path.name)

    def _once(self, pointer: Any, tokens: int) -> Rows:
        self._nodes, self._broken_off = 0, False
        result = mtmd.mtmd_encode_chunk(self.pointer, pointer)
        if self._broken_off:
            raise StoppedError
        if result:
            raise DeskError("engine.failed", f"mtmd_encode_chunk gave {result}", reason="it cannot read this picture")
        self._all_nodes = max(self._nodes, 1)
        found = mtmd.mtmd_get_output_embd(self.pointer)
        rows: Rows = np.ctypeslib.as_array(found, shape=(tokens, self._width)).copy()
        return rows

    def _node(self, _tensor: object, ask: bool, _data: object) -> bool:
        """llama.cpp asks before each operation whether it should stop behind it, and then whether to go on."""
        if ask:
            self._nodes += 1
            return self._watch is not None and (self._nodes % _EVERY == 0 or self._broken_off)
        if not self._broken_off and self._watch is not None:
            self._broken_off = not self._watch(min(self._nodes / max(self._all_nodes, 1), 1.0))
        return not self._broken_off
