"""What a conversation is as a prompt, pictures included; answering asks this, and so does counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.inference.engine.context import AbortedError
from mistral_desk.inference.engine.last_resort import last_resort
from mistral_desk.inference.prompt import tidied
from mistral_desk.inference.protocol import Count, Counted, Generate, NeedImage
from mistral_desk.inference.template import TemplateError, TemplateSlowError, as_desk_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from mistral_desk.inference.engine.generate import Control, Generator
    from mistral_desk.inference.protocol import Effort, Event, PutImage
    from mistral_desk.inference.spans import Prompt


class Looking:
    """Makes the prompt of one request; asks the app for the pictures that are not here."""

    def __init__(
        self, engine: Generator, command: Generate | Count, control: Control, send: Callable[[Event], None]
    ) -> None:
        self._engine, self._command, self._control, self._send = engine, command, control, send

    def prompt(self, effort: Effort) -> Prompt:
        """The prompt. Raises `prompt.empty`, `model.template`, and `model.…` where a picture cannot be seen."""
        command, turns = self._command, self._command.turns
        if not turns or turns[-1].role != "user" or not (turns[-1].text.strip() or turns[-1].images):
            raise DeskError("prompt.empty")
        pictures = {image: self._seen(image) for turn in turns for image in turn.images}
        begun, rethinks = (command.begun, command.rethinks) if isinstance(command, Generate) else (None, False)
        try:
            with last_resort():
                return self._engine.prompter.prompt(
                    turns, effort, pictures, begun, keep_thinking=command.keep_thinking, rethinks=rethinks
                )
        except (TemplateError, TemplateSlowError) as error:
            raise as_desk_error(error, self._engine.info.name) from error

    def fetched(self, image: str) -> PutImage:
        """A picture's pixels; the app is asked for them, and waited for, where they are not here."""
        request, control = self._command.request, self._control

        def ask() -> None:
            self._send(NeedImage(request, image))

        picture = self._engine.pictures.get(image, ask, lambda: control.stopped)
        if picture is None:
            raise AbortedError
        return picture

    def _seen(self, image: str) -> tuple[int, ...]:
        """The ids that stand for a picture."""
        eyes = self._engine.context.eyes
        if eyes is None:
            raise DeskError.of(self._engine.info.blind or Problem("model.no_eyes", {"name": self._engine.info.name}))

        def size() -> tuple[int, int]:
            picture = self.fetched(image)
            return picture.width, picture.height

        return eyes.see(image, size)


def count(engine: Generator, command: Count, control: Control, send: Callable[[Event], None]) -> Counted:
    """How large the prompt of a conversation is, and of what. Raises as `Looking.prompt`, and `load.cancelled`."""
    info = engine.info
    effort = command.effort if command.effort in info.efforts else info.efforts[0]
    try:
        prompt = Looking(engine, command, control, send).prompt(effort)
    except AbortedError as error:
        raise DeskError("load.cancelled", name=info.name) from error
    turns, tokens = tidied(command.turns, system=engine.form.system), prompt.tokens
    total, last = len(tokens), len(turns) - 1
    first = next(index for index, turn in enumerate(turns) if turn.role == "user")
    begins, ends = prompt.starts.get(first, 0), prompt.starts.get(last, total)
    return Counted(
        command.request,
        total,
        system=begins if first else 0,
        last=total - ends,
        pictures=sum(token < 0 for token in tokens),
        last_pictures=sum(token < 0 for token in tokens[ends:]),
    )
