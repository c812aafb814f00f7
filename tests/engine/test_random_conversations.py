"""Whatever people do to their chats, the answers are those of an empty memory, and nothing is read twice in a row.

`MISTRAL_DESK_CONVERSATIONS=200` has so many for each kind of memory in the place of a few, and `-s` shows the counts.
"""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pytest

from mistral_desk.core.paths import resource
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.engine.prefix import common_prefix
from mistral_desk.inference.protocol import PutImage
from tests.fixtures.llama_reference import BATCH, Reference
from tests.fixtures.prompts import Prompts
from tests.fixtures.seeing import picture, seeing
from tests.fixtures.seeing_reference import SeeingReference
from tests.fixtures.wandering import Wandering

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from tests.fixtures.llama_reference import Verdict
    from tests.fixtures.small_models import SmallModels
    from tests.fixtures.wandering import Answered

CONVERSATIONS: Final = int(os.environ.get("MISTRAL_DESK_CONVERSATIONS", "3"))
TOGETHER: Final = 10
"""Conversations of one worker and one folder of saved states, so that there is much to mix up."""
STEPS: Final = 10
OTHER_BATCHES: Final = (1, 17, 64)
ROOM: Final = 2048


class Kind(NamedTuple):
    """`eyes` names a model that sees. `tolerance` is how far below the best logit a greedy token may be: nothing for
    the model that ships, a twentieth where it says nonsense about pictures (4 of 8,100 tokens, by 0.03 at most), the
    rounding of batches on random weights. With `experts`, rounding may choose another one: then llama.cpp itself has to
    choose that token from an empty memory, in other batches.
    """

    tolerance: float = 0.5
    eyes: str = ""
    experts: bool = False


KINDS: Final = {
    "mistral4": Kind(experts=True),
    "mistral4, seeing": Kind(eyes="mistral4", experts=True),
    "dense": Kind(),
    "sliding": Kind(),
    "sliding, seeing": Kind(eyes="sliding"),
    "sliding, seeing both ways": Kind(eyes="both-ways"),
    "recurrent": Kind(),
    "recurrent, seeing": Kind(eyes="recurrent"),
    "hybrid": Kind(),
    "hybrid, seeing": Kind(eyes="hybrid"),
    "dense, seeing in two directions": Kind(eyes="two-directions"),
    "builtin": Kind(0.0, experts=True),
    "builtin, seeing": Kind(0.05, eyes="builtin", experts=True),
}


def pictures(kind: Kind) -> list[PutImage]:
    if kind.eyes == "builtin":  # what it has learned to see, of its own size
        return [_plain(colour) for colour in ((200, 30, 30), (40, 90, 220), (30, 160, 60))]
    return [picture(1), picture(2, 90, 130), picture(3)] if kind.eyes else []


def _plain(colour: tuple[int, int, int]) -> PutImage:
    rgb = np.full((160, 160, 3), 250, np.uint8)
    rgb[40:120, 40:120] = colour
    return PutImage(fingerprint(160, 160, rgb.tobytes()), 160, 160, rgb.tobytes())


def files(name: str, kind: Kind, small_models: SmallModels, folder: Path) -> tuple[Path, Path | None]:
    """The model, and its projector."""
    if name.startswith("builtin"):
        return resource("model", "guide.gguf"), resource("model", "guide-mmproj.gguf") if kind.eyes else None
    if not kind.eyes:
        return small_models[name], None
    model = seeing(folder, kind.eyes)
    return model, model.with_name(f"mmproj-{model.stem}-F16.gguf")


class Judge:
    """llama.cpp by itself, which begins each answer from an empty memory."""

    def __init__(self, reference: Reference, names: Mapping[str, Sequence[int]]) -> None:
        self._reference, self._names, self._prompts = reference, names, Prompts(reference)
        self.counts: Counter[str] = Counter()
        self.widest = 0.0

    def ids(self, one: Answered) -> list[int]:
        """What stood before the new tokens of an answer."""
        return [*self._prompts.ids(one.turns, one.effort, self._names), *one.begun]

    def _is_rounding(self, ids: Sequence[int], tokens: Sequence[int], verdict: Verdict, kind: Kind) -> bool:
        """Whether llama.cpp itself chooses so from an empty memory, when it computes fewer tokens at once. Where two
        experts are nearly as good as each other the last digit decides for all that follows: by up to 6.5 in a logit,
        at one of 9,000 positions by more than the tolerance.
        """
        before = [*ids, *tokens[: verdict.position]]
        try:
            for self._reference.batch in OTHER_BATCHES:
                row = self._reference.logits(before, len(before) - 1)[-1]
                if row.max() - row[verdict.token] <= kind.tolerance:
                    return True
        finally:
            self._reference.batch = BATCH
        return False

    def wrong(self, answered: Sequence[Answered], kind: Kind) -> list[str]:
        """What is not as it should be, in words."""
        found: list[str] = []
        before: list[int] = []
        for one in answered:
            ids = self.ids(one)
            figures = one.figures
            self.counts["answers"] += 1
            self.counts["tokens read"] += figures.prompt_tokens - figures.cached_tokens
            self.counts["tokens of prompts"] += figures.prompt_tokens
            if figures.prompt_tokens != len(ids):
                found.append(f"{one.what}: {figures.prompt_tokens} tokens, and {len(ids)} by count")
                continue
            kept = common_prefix(before, ids, len(before))
            if one.follows and kept == len(before) and figures.cached_tokens < len(before):
                found.append(f"{one.what}: {len(before)} were there, {figures.cached_tokens} were used")
            for verdict in self._reference.judge(ids, one.tokens) if one.tokens else ():
                self.counts["tokens"] += 1
                self.counts["the very same"] += verdict.gap == 0
                self.widest = max(self.widest, verdict.gap)
                if verdict.gap > kind.tolerance:
                    if kind.experts and self._is_rounding(ids, one.tokens, verdict, kind):
                        self.counts["another expert by rounding"] += 1
                    else:
                        found.append(f"{one.what}: {verdict}")
            before = [*ids, *one.tokens[:-1]]
        return found


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_the_answers_are_those_of_an_empty_memory(name: str, small_models: SmallModels, tmp_path: Path) -> None:
    kind = KINDS[name]
    model, eyes = files(name, kind, small_models, tmp_path / "models")
    seen = pictures(kind)
    spec = ModelSpec(str(model), ROOM, 1, projector=str(eyes) if eyes else "")
    judged = SeeingReference(model, eyes, seen, ROOM) if eyes else Reference(model, ROOM)
    wrong: list[str] = []
    done: Counter[str] = Counter()
    with judged as reference:
        judge = Judge(reference, reference.ids if isinstance(reference, SeeingReference) else {})
        for first in range(0, CONVERSATIONS, TOGETHER):
            story = Wandering(spec, tmp_path / f"states {first}", seen, (ROOM, ROOM + 1024))
            seeds = [f"{name} {number}" for number in range(first, min(first + TOGETHER, CONVERSATIONS))]
            story.wander(seeds, STEPS)
            done += story.done
            wrong += [f"{first}: {what}" for what in judge.wrong(story.answered, kind)]
    print(f"\n{name}: {CONVERSATIONS} conversations, {dict(done)}; {dict(judge.counts)}; widest gap {judge.widest:.4f}")
    assert not wrong
    assert judge.counts["tokens read"] < judge.counts["tokens of prompts"], "something was used again"
    assert done["restart"] + done["kill"], "what happened says something about restarts"
