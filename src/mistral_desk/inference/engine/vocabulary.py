"""The model's vocabulary: text to token ids and back, as far as the engine and the prompt need it.

The tables are filled once at load, so that the generation loop only looks things up.
"""

from __future__ import annotations

import ctypes
import hashlib
import re
from typing import TYPE_CHECKING, Final

from mistral_desk.inference.engine.native import lib

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_WORD: Final = 16_384
"""Characters; at 60,000 a stack of 8 MB was seen to overflow."""

_WORD: Final = re.compile(r"\S+|\s+")
_PIECE_BYTES: Final = 512
_SPECIAL: Final = lib.LLAMA_TOKEN_ATTR_CONTROL | lib.LLAMA_TOKEN_ATTR_USER_DEFINED | lib.LLAMA_TOKEN_ATTR_UNKNOWN


class Vocabulary:
    """Wraps a `llama_vocab`; valid as long as its model is.

    `hash` is over all token texts; `special` maps the text of each special token to its id; `ends` holds 1 for
    every token that ends an answer. `begin` is the id that a prompt starts with, None where it has none. `spaced`
    tells whether a blank is put before every text.
    """

    def __init__(self, pointer: int) -> None:
        self._vocab = pointer
        self.size = int(lib.llama_vocab_n_tokens(pointer))
        self.has_tokens = lib.llama_vocab_type(pointer) != lib.LLAMA_VOCAB_TYPE_NONE and self.size > 0
        self._buffer = ctypes.create_string_buffer(_PIECE_BYTES)
        self._shown: list[bytes | None] = [None] * self.size
        self.special: dict[str, int] = {}
        self.control = bytearray(self.size)
        self.strips_left: set[int] = set()
        self.strips_right: set[int] = set()
        self.ends = bytearray(self.size)
        digest = hashlib.sha256()
        for token in range(self.size if self.has_tokens else 0):
            raw: bytes = lib.llama_vocab_get_text(pointer, token) or b""
            digest.update(len(raw).to_bytes(4, "little") + raw)
            attributes = int(lib.llama_vocab_get_attr(pointer, token))
            if attributes & _SPECIAL and raw:
                self.special[raw.decode("utf-8", "replace")] = token
                if attributes & lib.LLAMA_TOKEN_ATTR_LSTRIP:
                    self.strips_left.add(token)
                if attributes & lib.LLAMA_TOKEN_ATTR_RSTRIP:
                    self.strips_right.add(token)
            self.control[token] = bool(attributes & lib.LLAMA_TOKEN_ATTR_CONTROL)
            self.ends[token] = bool(lib.llama_vocab_is_eog(pointer, token))
        self.hash = digest.hexdigest()
        self.begin = self._id(lib.llama_vocab_bos(pointer))
        self.end = self._id(lib.llama_vocab_eos(pointer))
        # llama.cpp ends the process that asks a vocabulary without tokens for some.
        letter = self.tokenize("a", special=False)[:1] if self.has_tokens else []
        self.spaced = any(self.shown(token).startswith(b" ") for token in letter)
        self.adds_begin = bool(lib.llama_vocab_get_add_bos(pointer)) and self.begin is not None

    def _id(self, token: int) -> int | None:
        return int(token) if 0 <= token < self.size else None

    def text(self, token: int | None) -> str:
        """The token as a template writes it (`</s>`), empty for None."""
        if token is None:
            return ""
        return bytes(lib.llama_vocab_get_text(self._vocab, token) or b"").decode("utf-8", "replace")

    def shown(self, token: int) -> bytes:
        """The bytes that a token stands for in an answer; nothing for control tokens."""
        known = self._shown[token]
        if known is None:
            known = self._shown[token] = self._piece(token, special=False)
        return known

    def written(self, token: int) -> bytes:
        """The bytes of a token with control tokens written out, as they stand in a prompt."""
        return self._piece(token, special=True)

    def tokenize(self, text: str, *, special: bool) -> list[int]:
        """Token ids of `text` alone: no token is added in front or behind. `special` reads `</s>` as one token.

        A word of many thousand letters is cut: llama.cpp splits words with recursive expressions, and their depth
        is the word's length.
        """
        if len(text) <= LONGEST_WORD:
            return self._ids(text, special=special)
        return [token for part in _parts(text) for token in self._ids(part, special=special)]

    def _ids(self, text: str, *, special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        size = len(raw) + 2  # a token stands for a byte at least; a leading space may be added
        ids = (ctypes.c_int32 * size)()
        count = lib.llama_tokenize(self._vocab, raw, len(raw), ids, size, False, special)
        if count < 0:
            size = -count
            ids = (ctypes.c_int32 * size)()
            count = lib.llama_tokenize(self._vocab, raw, len(raw), ids, size, False, special)
        return ids[: max(count, 0)]

    def _piece(self, token: int, *, special: bool) -> bytes:
        size = lib.llama_token_to_piece(self._vocab, token, self._buffer, _PIECE_BYTES, 0, special)
        if size >= 0:
            return self._buffer.raw[:size]
        longer = ctypes.create_string_buffer(-size)
        size = lib.llama_token_to_piece(self._vocab, token, longer, -size, 0, special)
        return longer.raw[: max(size, 0)]


def _parts(text: str) -> Iterator[str]:
    """The text, cut only inside words (or blanks) that are longer than `LONGEST_WORD`."""
    begin = 0
    for word in _WORD.finditer(text):
        for cut in range(word.start() + LONGEST_WORD, word.end(), LONGEST_WORD):
            yield text[begin:cut]
            begin = cut
    yield text[begin:]
