"""Writes the vocabulary as a mistral-common tekken file, the form in which Mistral publishes its own.

With it mistral-common can render and tokenize the same prompts as llama.cpp: an independent oracle.
"""

from __future__ import annotations

import base64
import json
import sys
from pathlib import Path
from typing import Any

from gguf import GGUFReader

from .tokenizer import PATTERN, SPECIALS, Vocabulary, unspelled


def tekken(vocabulary: Vocabulary) -> dict[str, Any]:
    """The file's content; version v15 is the one that knows [MODEL_SETTINGS]."""
    return {
        "config": {
            "pattern": PATTERN,
            "num_vocab_tokens": len(vocabulary.ranks),
            "default_vocab_size": vocabulary.size,
            "default_num_special_tokens": len(SPECIALS),
            "version": "v15",
        },
        "vocab": [
            {"rank": rank, "token_bytes": base64.b64encode(token).decode("ascii"), "token_str": _readable(token)}
            for rank, token in enumerate(vocabulary.ranks)
        ],
        "special_tokens": [
            {"rank": rank, "token_str": token, "is_control": True} for rank, token in enumerate(SPECIALS)
        ],
        "model_settings_builder": {
            "reasoning_effort": {"type": "enum", "accepts_none": True, "default": "none", "values": ["none", "high"]},
        },
        "image": {
            "image_patch_size": 16,
            "max_image_size": 1540,
            "spatial_merge_size": 2,
        },
    }


def _readable(token: bytes) -> str | None:
    try:
        return token.decode("utf-8")
    except UnicodeDecodeError:
        return None


def write(vocabulary: Vocabulary, path: Path) -> None:
    """Write the tekken file."""
    path.write_text(json.dumps(tekken(vocabulary), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Vocabulary:
    """Read a vocabulary back from a tekken file that `write` made."""
    table = json.loads(path.read_text(encoding="utf-8"))["vocab"]
    return Vocabulary(tuple(base64.b64decode(row["token_bytes"]) for row in table))


def from_gguf(path: Path) -> Vocabulary:
    """The vocabulary inside a GGUF written by this tool."""
    field = GGUFReader(path).fields["tokenizer.ggml.tokens"]
    tokens = [bytes(field.parts[i]).decode("utf-8") for i in field.data]
    if tuple(tokens[: len(SPECIALS)]) != SPECIALS:
        raise ValueError(f"{path.name} was not written by this tool: its special tokens differ")
    return Vocabulary(tuple(unspelled(token) for token in tokens[len(SPECIALS) :]))


if __name__ == "__main__":
    write(from_gguf(Path(sys.argv[1])), Path(sys.argv[2]))
