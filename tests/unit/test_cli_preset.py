"""`ask --preset`: what was saved in the window holds on the command line, and what is said there comes first."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mistral_desk.__main__ import main
from mistral_desk.chat.history import History
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.chat.presets import Preset
from mistral_desk.core.paths import folders
from mistral_desk.inference import remote
from mistral_desk.inference.protocol import Generate, Sampling

if TYPE_CHECKING:
    import pytest

    from tests.fixtures.small_models import SmallModels

HELD = ConversationSettings(system="Be dry.", sampling=Sampling(temperature=0.0, top_k=3, seed=5), longest=6)


def save(preset: Preset) -> None:
    async def work() -> None:
        history, _ = await History.open(folders().ensure().history)
        await history.save_preset(preset)
        await history.close()

    asyncio.run(work())


def test_a_preset_says_what_the_arguments_do_not(
    tmp_path: Path, small_models: SmallModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(Preset(0, "Clerk", HELD))
    seen: list[Any] = []
    send = remote.Worker._send

    def noted(self: remote.Worker, command: Any) -> None:
        seen.append(command)
        send(self, command)

    monkeypatch.setattr(remote.Worker, "_send", noted)
    model = str(small_models["mistral4"])
    assert main(["ask", "Hi", "--model", model, "--preset", "clerk", "--seed", "9"]) == 0
    asked = next(one for one in seen if isinstance(one, Generate))
    assert asked.turns[0].text == "Be dry."
    assert asked.sampling == Sampling(temperature=0.0, top_k=3, seed=9)
    assert asked.max_tokens == 6


def test_a_preset_that_is_not_there_is_told_with_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", "Hi", "--preset", "Poet"]) == 1
    assert "Poet" in capsys.readouterr().err
    assert not Path(os.environ["MISTRAL_DESK_HOME"], "data", "history.sqlite3").exists(), "asking makes no history"
    save(Preset(0, "Clerk", HELD))
    assert main(["ask", "Hi", "--preset", "Poet"]) == 1
    assert "Clerk" in capsys.readouterr().err
