"""Answers at the edges of what a model can do: stopped under a picture, full under a thought, of strange templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine import vision
from mistral_desk.inference.engine.generate import Control
from mistral_desk.inference.protocol import (
    Count,
    Counted,
    Finished,
    Generate,
    NeedImage,
    Piece,
    PromptProgress,
    Resumed,
    Sampling,
    Turn,
)
from mistral_desk.inference.state_messages import KeepStates, StatesKept
from tests.fixtures import gguf_kinds, templates
from tests.fixtures.gguf_writing import Recipe
from tests.fixtures.seeing import picture, seeing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mistral_desk.inference.engine.generate import Generator
    from mistral_desk.inference.protocol import Event
    from tests.fixtures.small_models import SmallModels

GREEDY: Final = Sampling(temperature=0.0)
HI: Final = Turn("user", "Hi")
TAGS: Final = (*templates.TAGS_SPECIALS, "<|endoftext|>")
NEVER_ENDS: Final = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n<think>\n{% endif %}{# </think> #}"
)
"""It opens the thought; the small models have specials that are never likely, so it is never closed."""
ONE_AT_A_TIME: Final = (
    "{% if messages | length > 1 %}{{ raise_exception('no') }}{% endif %}[INST]{{ messages[0].content }}[/INST]"
)


class Asked:
    """A question to a generator: what was said to it, and the control with which somebody may press something."""

    def __init__(self, generator: Generator, *turns: Turn, **asked: Any) -> None:
        """`heard` is called with each event and the control."""
        self.control = Control()
        self.said: list[Event] = []
        self._heard: Callable[[Event, Control], None] = asked.pop("heard", lambda _event, _control: None)
        self._generator = generator
        self._command = Generate(1, turns or (HI,), sampling=GREEDY, **{"max_tokens": 4} | asked)

    def last(self) -> Finished:
        """Ask it, and return the last word."""
        return self._generator.answer(self._command, self.control, self._hear)

    def refused(self) -> tuple[str, dict[str, object]]:
        """Ask it; what it ends with."""
        with pytest.raises(DeskError) as caught:
            self.last()
        return caught.value.problem.id, dict(caught.value.problem.params)

    def _hear(self, event: Event) -> None:
        self.said.append(event)
        if isinstance(event, NeedImage):
            self._generator.pictures.put(PICTURES[event.sha256])
        self._heard(event, self.control)


PICTURES: Final = {one.sha256: one for one in (picture(number, 200, 120) for number in range(3))}
SHOWN: Final = tuple(PICTURES)


def test_a_template_that_writes_nothing_is_an_empty_prompt(tmp_path: Path, opened: Callable[..., Generator]) -> None:
    nothing = "{% if messages | length > 9 %}{{ messages[0].content }}{% endif %}"
    generator = opened(gguf_kinds.dense(tmp_path / "model.gguf", Recipe(chat_template=nothing, specials=TAGS)))

    assert Asked(generator).refused()[0] == "prompt.empty"


def test_a_template_that_refuses_a_conversation_is_named_when_it_is_asked_and_when_it_is_counted(
    tmp_path: Path, opened: Callable[..., Generator]
) -> None:
    generator = opened(gguf_kinds.dense(tmp_path / "model.gguf", Recipe(chat_template=ONE_AT_A_TIME)))
    turns = (HI, Turn("assistant", "Yes."), Turn("user", "Why?"))
    with pytest.raises(DeskError) as caught:
        generator.count(Count(1, turns), Control(), lambda _: None)

    assert caught.value.problem.id == Asked(generator, *turns).refused()[0] == "model.template"
    assert Asked(generator).last().reason == "length", "one turn it takes"


def test_pictures_are_counted_when_their_pixels_come_and_not_when_nobody_waits_any_more(
    tmp_path: Path, opened: Callable[..., Generator]
) -> None:
    generator = opened(seeing(tmp_path))
    control, asked = Control(), Count(1, (Turn("user", "What is this?", images=SHOWN[:1]),))
    control.stopped = True
    with pytest.raises(DeskError) as caught:
        generator.count(asked, control, lambda _: None)
    assert caught.value.problem.id == "load.cancelled"

    def bring(event: Event) -> None:
        assert isinstance(event, NeedImage)
        generator.pictures.put(PICTURES[event.sha256])

    counted = generator.count(asked, Control(), bring)
    plain = generator.count(Count(1, (Turn("user", "What is this?"),)), Control(), bring)
    assert isinstance(counted, Counted)
    assert counted.tokens > plain.tokens + 20


def test_stop_while_a_picture_is_read_keeps_nothing_of_it(tmp_path: Path, opened: Callable[..., Generator]) -> None:
    """Not while it is looked at, but after that: while what was seen goes into the memory."""
    generator = opened(seeing(tmp_path, "sliding"))
    turn = Turn("user", "What is this?", images=SHOWN[:1])
    looked: list[PromptProgress] = []

    def stop(event: Event, control: Control) -> None:
        if isinstance(event, PromptProgress):
            looked.append(event)
            if not event.looking and any(one.looking for one in looked):
                generator.stop(control)

    stopped = Asked(generator, turn, heard=stop)
    assert stopped.last().reason == "stopped"
    assert all(token >= 0 for token in generator.context.held)
    after, fresh = Asked(generator, turn), Asked(opened(seeing(tmp_path / "again", "sliding")), turn)
    assert after.last().reason == fresh.last().reason
    assert [one for one in after.said if isinstance(one, Piece)] == [
        one for one in fresh.said if isinstance(one, Piece)
    ]


def test_eyes_remember_as_many_pictures_as_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[..., Generator]
) -> None:
    """What they forgot is looked at again, and nothing else changes."""
    monkeypatch.setattr(vision, "KNOWN", 2)
    generator = opened(seeing(tmp_path), 1024)
    eyes = generator.context.eyes
    assert eyes
    eyes.room = 1
    answers = []
    for name in (*SHOWN, *SHOWN):
        generator.context.clear()
        asked = Asked(generator, Turn("user", "What is this?", images=(name,)))
        asked.last()
        answers.append("".join(one.text for one in asked.said if isinstance(one, Piece)))
        assert len(eyes.met) <= 2
        assert len(eyes._rows) == 1

    assert answers[:3] == answers[3:]


def test_no_room_for_the_end_of_a_thought_is_a_full_context(tmp_path: Path, opened: Callable[..., Generator]) -> None:
    """*Answer now* is pressed when the marker that closes the thought does not fit any more."""
    recipe = Recipe(chat_template=NEVER_ENDS, specials=TAGS)
    generator = opened(gguf_kinds.dense(tmp_path / "model.gguf", recipe), 256)

    def press(_event: Event, control: Control) -> None:
        control.answer_now = len(generator.context.held) >= generator.context.size - 2

    asked = Asked(generator, effort="high", max_tokens=None, heard=press)
    assert asked.last().reason == "context"
    assert {one.kind for one in asked.said if isinstance(one, Piece)} == {"thinking"}
    assert len(generator.context.held) <= generator.context.size


def test_a_thought_that_another_model_began_is_shown_though_this_one_cannot_think(
    tmp_path: Path, opened: Callable[..., Generator]
) -> None:
    recipe = Recipe(chat_template=templates.PLAIN, specials=("<s>", "</s>", "[INST]", "[/INST]"))
    asked = Asked(opened(gguf_kinds.dense(tmp_path / "model.gguf", recipe)), begun=Turn("assistant", "Yes", "hm"))
    asked.last()
    (resumed,) = (one for one in asked.said if isinstance(one, Resumed))

    assert resumed.pieces[0] == Piece(1, "thinking", "hm")
    assert "".join(one.text for one in resumed.pieces if one.kind == "text") == "Yes"


def test_what_is_too_large_or_nobodys_is_not_given_away(
    small_models: SmallModels, opened: Callable[..., Generator]
) -> None:
    generator = opened(small_models["dense"])
    for owner in ("", "1"):
        Asked(generator, Turn("user", "word " * 60), owner=owner).last()
        found = [list(generator.context.kept(8, most)) for most in (10, 1 << 30)]
        assert [len(one) for one in found] == ([0, 0] if not owner else [0, 1])

    assert generator.keep(KeepStates(7, 1 << 30), Control()) == StatesKept(7), "there is nobody to give it to"
