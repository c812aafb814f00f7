"""What is asked on the command line, whoever answers it: words, files, and how."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mistral_desk.chat.attachments import Pixels, take_in
from mistral_desk.chat.message import Draft, Part
from mistral_desk.chat.parts import file_part, picture_part
from mistral_desk.chat.prompting import check_draft, turn_of
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders
from mistral_desk.inference.projector_file import LONG_SIDE
from mistral_desk.inference.protocol import Sampling, Turn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from mistral_desk.chat.pictures_in_memory import PicturesInMemory
    from mistral_desk.core.errors import Problem


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `files` are pictures and texts to go with it."""

    files: tuple[str, ...]
    system: str
    draft: Draft
    sampling: Sampling
    max_tokens: int | None
    places: Folders

    async def turns(
        self, pictures: PicturesInMemory, blind: Callable[[], Awaitable[Problem | None]]
    ) -> tuple[Turn, ...]:
        """What the model is asked. Raises what is wrong with a file, and why the model cannot see (`blind`)."""
        taken = [await take_in(Path(file), Path(file).name, LONG_SIDE) for file in self.files]
        if any(isinstance(one, Pixels) for one in taken) and (problem := await blind()):
            raise DeskError.of(problem)
        parts = [
            picture_part(await pictures.put(one), one.name) if isinstance(one, Pixels) else file_part(one)
            for one in taken
        ]
        draft = msgspec.structs.replace(self.draft, attached=tuple(parts))
        check_draft(draft)
        asked = turn_of([*parts, Part("text", draft.text)])
        return (Turn("system", self.system), asked) if self.system else (asked,)
