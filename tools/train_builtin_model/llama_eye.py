"""The exported text model with its eye in real llama.cpp (mtmd), greedy: what evaluation and parity of pictures ask.

This is a tool; the app's own engine lives in `mistral_desk.inference.engine`. Only its shrinking and squaring is used.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, cast

import llama_cpp.llama_cpp as api
import llama_cpp.mtmd_cpp as mtmd
import numpy as np
import numpy.typing as npt
from gguf import GGUFReader

from mistral_desk.inference.engine.picture_size import prepared

from .corpus.dialogue import Dialogue, Turn
from .corpus.scenes import GRID, Picture
from .corpus.wording import Exchange
from .llama import Runner
from .prompt import pieces
from .retina import Wanted
from .shape import EYE
from .tokenizer import EOS

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from mistral_desk.inference.projector_file import ProjectorFile

    from .corpus.dialogue import Effort
    from .ink import Array

Rows = npt.NDArray[np.float32]
BATCH = 512


class Seer(Runner):
    """A text model and its eye. `mended` counts the pictures whose break rows llama.cpp made of unwritten memory."""

    only_promised = False

    def __init__(self, text: Path, eye: Path, threads: int = 1) -> None:
        super().__init__(text, context=2048, threads=threads)
        mtmd.mtmd_log_set(self._silence, ctypes.c_void_p(0))
        mtmd.mtmd_helper_log_set(self._silence, ctypes.c_void_p(0))
        params = mtmd.mtmd_context_params_default()
        params.use_gpu, params.n_threads, params.print_timings, params.warmup = False, threads, False, True
        params.image_min_tokens, params.image_max_tokens = EYE.least_tokens, EYE.most_tokens
        self._eye = mtmd.mtmd_init_from_file(str(eye).encode("utf-8"), self._model, params)
        if not self._eye:
            raise OSError(f"llama.cpp cannot load {eye.name}")
        self._width = int(api.llama_model_n_embd(self._model))
        breaks = (tensor.data for tensor in GGUFReader(eye).tensors if tensor.name == "v.token_embd.img_break")
        self._break: Rows = np.array(next(breaks), np.float32)
        self.mended = 0

    def __exit__(self, *error: object) -> None:
        mtmd.mtmd_free(self._eye)
        super().__exit__(*error)

    def look(self, chunk: Any) -> Rows:
        """The embeddings of a picture's chunk, [tokens, width], every one a number."""
        count = int(mtmd.mtmd_input_chunk_get_n_tokens(chunk))
        if mtmd.mtmd_encode_chunk(self._eye, chunk) != 0:
            raise RuntimeError("mtmd_encode_chunk failed")
        rows: Rows = np.ctypeslib.as_array(mtmd.mtmd_get_output_embd(self._eye), shape=(count, self._width)).copy()
        bad = ~np.isfinite(rows).all(axis=1)
        if bad.any():
            self.mended += 1
            rows[bad] = self._break
        return rows

    def chunks(self, pixels: Array, prompt: str) -> Any:
        """The chunks that mtmd makes of a prompt with one picture; free it."""
        square = prepared(pixels, cast("ProjectorFile", Wanted()))
        data = square.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
        bitmap = mtmd.mtmd_bitmap_init(square.shape[1], square.shape[0], data)
        marked = prompt.encode("utf-8").replace("".join(GRID).encode(), mtmd.mtmd_default_marker(), 1)
        given = mtmd.mtmd_input_text()
        given.text, given.text_len = marked, len(marked)
        given.add_special, given.parse_special = False, True
        found = mtmd.mtmd_input_chunks_init()
        status = mtmd.mtmd_tokenize(self._eye, found, ctypes.byref(given), (mtmd.mtmd_bitmap_p_ctypes * 1)(bitmap), 1)
        mtmd.mtmd_bitmap_free(bitmap)
        if status != 0:
            raise RuntimeError(f"mtmd_tokenize returned {status}")
        return found

    def reply(self, pixels: Array, question: str, effort: Effort) -> str:
        """The greedy reply to a first question with a picture before it."""
        turn = Turn(Exchange("", question, "", ""), thinking=False, target=False, picture=Picture(()))
        parts = [text for text, _ in pieces(Dialogue(None, effort, (turn,)))]
        return self.see(pixels, "".join(parts[:-2]))

    def see(self, pixels: Array, prompt: str, limit: int = 120) -> str:
        """The greedy reply to a prompt in which the first grid stands for the picture."""
        api.llama_memory_clear(self._memory, True)
        found = self.chunks(pixels, prompt)
        past = 0
        count = int(mtmd.mtmd_input_chunks_size(found))
        for i in range(count):
            chunk = mtmd.mtmd_input_chunks_get(found, i)
            behind = api.llama_pos(past)  # mtmd's text helper adds to it, its picture helper sets it
            if mtmd.mtmd_input_chunk_get_type(chunk) == mtmd.MTMD_INPUT_CHUNK_TYPE_TEXT:
                status = mtmd.mtmd_helper_eval_chunk_single(
                    self._eye, self._context, chunk, past, 0, BATCH, i == count - 1, ctypes.byref(behind)
                )
            else:
                rows = self.look(chunk)
                numbers = rows.ctypes.data_as(ctypes.POINTER(ctypes.c_float))
                nothing = mtmd.mtmd_helper_post_decode_callback()
                status = mtmd.mtmd_helper_decode_image_chunk(
                    self._eye, self._context, chunk, numbers, past, 0, BATCH, ctypes.byref(behind), nothing, None
                )
            if status != 0:
                raise RuntimeError(f"llama.cpp cannot read the prompt: {status}")
            past = behind.value
        mtmd.mtmd_input_chunks_free(found)
        return self._written(limit)

    def _written(self, limit: int) -> str:
        """The greedy continuation of what the context holds."""
        out = bytearray()
        for _ in range(limit):
            logits = np.ctypeslib.as_array(api.llama_get_logits_ith(self._context, -1), shape=(self._size,))
            best = int(logits.argmax())
            if best == EOS:
                break
            out += self.piece(best)
            self._decode([best])
        self._kept = []
        return out.decode("utf-8", "replace")
