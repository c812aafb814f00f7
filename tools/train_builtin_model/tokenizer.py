"""A byte-level BPE vocabulary in tekken layout: special tokens first, then the 256 bytes, then merges by rank.

Merges are derived from the ranks, so that tiktoken (by rank), HF tokenizers and llama.cpp (by merge) agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

if TYPE_CHECKING:
    from collections.abc import Iterable

SPECIALS: tuple[str, ...] = (
    "<unk>", "<s>", "</s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_RESULTS]",
    "[/TOOL_RESULTS]", "[TOOL_CALLS]", "[IMG]", "<pad>", "[IMG_BREAK]", "[IMG_END]", "[PREFIX]", "[MIDDLE]",
    "[SUFFIX]", "[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[TOOL_CONTENT]",
    *(f"<SPECIAL_{i}>" for i in range(20, 32)),
    "[ARGS]", "[CALL_ID]", "[THINK]", "[/THINK]", "[MODEL_SETTINGS]", "[/MODEL_SETTINGS]",
)  # fmt: skip
"""Ids 0 to 37, the places they have in Mistral's own tekken files."""

BOS, EOS, PAD, UNKNOWN = 1, 2, 11, 0

PATTERN = (
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*"
    r"|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How tekken cuts text before merging (a word with its leading space, one digit at a time)."""


def _byte_letters() -> list[str]:
    """The printable stand-in of each byte, as GPT-2 and llama.cpp write tokens."""
    plain = [*range(33, 127), *range(161, 173), *range(174, 256)]
    letters = {b: chr(b) for b in plain}
    for b in range(256):
        if b not in letters:
            letters[b] = chr(256 + len(letters) - len(plain))
    return [letters[b] for b in range(256)]


BYTE_LETTERS = _byte_letters()
LETTER_BYTES = {letter: b for b, letter in enumerate(BYTE_LETTERS)}


def spelled(token: bytes) -> str:
    """A token's bytes in printable stand-ins."""
    return "".join(BYTE_LETTERS[b] for b in token)


def unspelled(token: str) -> bytes:
    """The reverse of `spelled`."""
    return bytes(LETTER_BYTES[letter] for letter in token)


@dataclass(frozen=True)
class Vocabulary:
    """`ranks[i]` are the bytes of token `len(SPECIALS) + i`; the first 256 are the single bytes in order."""

    ranks: tuple[bytes, ...]

    @property
    def tokens(self) -> list[str]:
        """All tokens as a GGUF lists them."""
        return [*SPECIALS, *(spelled(token) for token in self.ranks)]

    @property
    def size(self) -> int:
        """Tokens in all."""
        return len(SPECIALS) + len(self.ranks)

    def merges(self) -> list[str]:
        """Every pair of tokens that makes a longer token, in the order of that token's rank."""
        known = set(self.ranks)
        return [
            f"{spelled(token[:cut])} {spelled(token[cut:])}"
            for token in self.ranks[256:]
            for cut in range(1, len(token))
            if token[:cut] in known and token[cut:] in known
        ]

    def encoder(self) -> Tokenizer:
        """A tokenizer for plain text (special tokens are put in by id, never parsed from text)."""
        ids = {token: i for i, token in enumerate(self.tokens)}
        pairs = [(a, b) for a, b in (merge.split(" ") for merge in self.merges())]
        tokenizer = Tokenizer(models.BPE(vocab=ids, merges=pairs, ignore_merges=True))
        tokenizer.pre_tokenizer = _pre_tokenizer()
        tokenizer.decoder = decoders.ByteLevel()
        return tokenizer


def _pre_tokenizer() -> pre_tokenizers.PreTokenizer:
    cut = pre_tokenizers.Split(Regex(PATTERN), "isolated")
    result: pre_tokenizers.PreTokenizer = pre_tokenizers.Sequence(
        [cut, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return result


def train(texts: Iterable[str], size: int) -> Vocabulary:
    """Learn a vocabulary of exactly `size` tokens, special ones included."""
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = _pre_tokenizer()
    trainer = trainers.BpeTrainer(
        vocab_size=size - len(SPECIALS),
        initial_alphabet=sorted(BYTE_LETTERS),
        show_progress=False,
        min_frequency=2,
    )
    learner.train_from_iterator(texts, trainer)
    learned = sorted(learner.get_vocab().items(), key=lambda item: item[1])
    longer = [unspelled(token) for token, _ in learned if len(token) > 1]
    ranks = (*(bytes([b]) for b in range(256)), *longer)
    if len(ranks) + len(SPECIALS) != size:
        raise ValueError(f"the corpus gave only {len(ranks) + len(SPECIALS)} tokens, not {size}")
    return Vocabulary(ranks)
