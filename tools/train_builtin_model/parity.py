"""Checks that everybody reads the same tokens: tiktoken by rank, HF tokenizers, mistral-common and llama.cpp.

`python -m tools.train_builtin_model.parity resources/model/guide.gguf` ends with status 1 at the first difference.
"""

from __future__ import annotations

import random
import sys
import tempfile
from pathlib import Path
from typing import Any

import tiktoken
from jinja2.sandbox import ImmutableSandboxedEnvironment
from mistral_common.protocol.instruct.request import ChatCompletionRequest
from mistral_common.tokens.tokenizers.mistral import MistralTokenizer

from . import tekken
from .corpus import dialogue
from .corpus.scenes import GRID
from .llama import Runner
from .prompt import ID, Encoder, chat_template, pieces
from .tokenizer import PATTERN, SPECIALS, Vocabulary

BLANK = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAKAAAACgAQAAAACjtFqAAAAAJElEQVR42u3IQQEAAAQEsKN/ZwKIYHuu"
    "JldHSimllFJKKd/lAlQ8Aj/C4DGCAAAAAElFTkSuQmCC"
)
"""A picture of 160 x 160 pixels: how it is cut into tokens depends on its size alone."""
MARKS = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>"}


def texts(count: int) -> list[str]:
    """Corpus questions, random unicode, runs of one letter, spaces and digits."""
    rng = random.Random("parity")
    found: list[str] = []
    for i in range(count):
        kind = i % 5
        if kind < 2:
            found.append(dialogue.sample(rng, 1).turns[0].exchange.question)
        elif kind == 2:
            ranges = ((32, 127), (160, 400), (0x370, 0x500), (0x4E00, 0x4F00), (0x1F600, 0x1F640), (0x300, 0x340))
            low, high = rng.choice(ranges)
            found.append("".join(chr(rng.randrange(low, high)) for _ in range(rng.randint(1, 30))))
        elif kind == 3:
            found.append("".join(rng.choice("aeiourstln  \n\t.,'AB19") for _ in range(rng.randint(1, 60))))
        else:
            found.append("".join(rng.choice((" ", "a", "!", "\n", "the ", "na")) * rng.randint(1, 9) for _ in range(4)))
    return found


def messages(one: dialogue.Dialogue) -> list[dict[str, Any]]:
    """The conversation, its last answer left out, as mistral-common wants it."""
    found: list[dict[str, Any]] = []
    if one.system is not None:
        found.append({"role": "system", "content": one.system})
    for turn in one.turns:
        content: Any = turn.exchange.question
        if turn.picture is not None:
            content = [{"type": "image_url", "image_url": {"url": BLANK}}, {"type": "text", "text": content}]
        found.append({"role": "user", "content": content})
        content = turn.exchange.answer
        if turn.thinking:
            thought = {"type": "thinking", "thinking": turn.exchange.thought, "closed": True}
            content = [thought, {"type": "text", "text": turn.exchange.answer}]
        found.append({"role": "assistant", "content": content})
    return found[:-1]


def ours(one: dialogue.Dialogue) -> list[str]:
    """The pieces of the same prompt."""
    parts = [text for text, _ in pieces(one)]
    return parts[: len(parts) - (5 if one.turns[-1].thinking else 2)]


def main() -> int:
    """Compare; returns 1 and prints the first difference, 0 if there is none."""
    path = Path(sys.argv[1])
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 6000
    words: Vocabulary = tekken.from_gguf(path)
    ranks = {token: rank for rank, token in enumerate(words.ranks)}
    by_rank = tiktoken.Encoding("guide", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
    encoder = Encoder(words.encoder())
    with Runner(path) as runner:
        for text in texts(count):
            expected = [len(SPECIALS) + rank for rank in by_rank.encode(text, disallowed_special=())]
            answers = {"tokenizers": list(encoder.text(text)), "llama.cpp": runner.tokenize(text, special=False)}
            for who, got in answers.items():
                if got != expected:
                    print(f"{text!r}: by rank {expected}, {who} {got}")
                    return 1
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "tekken.json"
            tekken.write(words, file)
            official = MistralTokenizer.from_file(str(file))
        template = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(chat_template())
        rng = random.Random("prompts")
        for _ in range(count // 20):
            one = dialogue.sample(rng)
            said = messages(one)
            request = ChatCompletionRequest.from_openai(messages=said, reasoning_effort=one.effort)
            expected = official.encode_chat_completion(request).tokens
            rendered = template.render(messages=said, reasoning_effort=one.effort, **MARKS)
            rendered = rendered.replace("[IMG]", "".join(GRID))  # the template writes one mark for the whole picture
            parts = ours(one)
            mine = [t for part in parts for t in ((ID[part],) if part in ID else encoder.text(part))]
            answers = {"template": runner.tokenize(rendered), "training": mine}
            for who, got in answers.items():
                if got != expected:
                    print(f"{''.join(parts)!r}\nmistral-common {expected}\n{who} {got}\n{rendered!r}")
                    return 1
    print(f"{count} texts and {count // 20} prompts: the same tokens everywhere")
    return 0


if __name__ == "__main__":
    sys.exit(main())
