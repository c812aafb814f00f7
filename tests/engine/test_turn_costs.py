"""What each kind of turn reads, to the token: only what its sequence has not seen, without and with pictures.

The story is that of `benchmarks/turn_costs.py`, which tells it with longer conversations and looks at the clock.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from benchmarks.turn_costs import ANSWER, Story
from mistral_desk.inference.client import ModelSpec
from mistral_desk.inference.engine.prefix import common_prefix
from tests.fixtures.prompts import Prompts
from tests.fixtures.seeing import picture, seeing
from tests.fixtures.seeing_reference import SeeingReference

if TYPE_CHECKING:
    from pathlib import Path

CONTEXT: Final = 2048
TEXT: Final = tuple(f"{word} sea sun rain boat red seven circle " * 12 for word in ("what", "is", "the", "how"))


@pytest.mark.slow
@pytest.mark.parametrize("pictures", [0, 3])
def test_every_turn_reads_only_what_is_new_to_it(pictures: int, tmp_path: Path) -> None:
    model = seeing(tmp_path / "models")
    eyes = model.with_name(f"mmproj-{model.stem}-F16.gguf")
    seen = [picture(seed) for seed in range(pictures)]
    story = Story(ModelSpec(str(model), CONTEXT, 1, projector=str(eyes)), tmp_path / "states", seen)
    costs = {cost.turn: cost for cost in asyncio.run(story.told(TEXT))}
    with SeeingReference(model, eyes, seen, CONTEXT) as reference:
        prompts = Prompts(reference)
        ids = [prompts.ids(turns, effort, reference.ids) for turns, effort in story.asked]
    asked = dict(zip(costs, ids, strict=True))
    assert {name: cost.prompt for name, cost in costs.items()} == {name: len(one) for name, one in asked.items()}

    def held(name: str) -> list[int]:
        """What the model has of this turn: of the last token of an answer that was cut nobody asks what follows."""
        answer = costs[name].answer
        return [*asked[name], *(answer[:-1] if len(answer) == ANSWER else answer)]

    def new(name: str, before: str) -> int:
        """Tokens of a turn that do not stand in what was held after an earlier one."""
        return len(asked[name]) - common_prefix(held(before), asked[name], len(asked[name]) - 1)

    length = len(asked["fresh prefill"])
    assert costs["fresh prefill"].read == length > 400 + 40 * pictures
    goes_on = {
        "the next question": "fresh prefill",
        "edit of the last question": "the next question",
        "back from it": "edit of the last question",
        "Think harder, later": "Think harder, first",
        "back to this chat": "Think harder, later",
        "after a restart": "back to this chat",
        "and without thinking": "back from it",
    }
    for name, before in goes_on.items():
        assert costs[name].read == new(name, before), name
        assert costs[name].read < length / 4, name
    first = costs["Think harder, first"]
    assert first.read == new("Think harder, first", "fresh prefill") > 0.9 * length, "the first time it is read, once"
    assert costs["another chat, new"].read == new("another chat, new", "Think harder, later")
