"""Conversations with the real worker, recorded and played again: what it promises, and what the app makes of it."""

from __future__ import annotations

import itertools
import os
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mistral_desk.inference.client import Engine, ModelSpec
from mistral_desk.inference.frames import decode_command, decode_event
from mistral_desk.inference.protocol import Finished, Generate, Piece, PromptProgress
from tests.fixtures.engines import run
from tests.fixtures.recorder import RECORDINGS, entries, playing_command

FILES = sorted(RECORDINGS.glob("*.jsonl"))
MARKERS = re.compile(r"\[/?(THINK|INST|SYSTEM_PROMPT|MODEL_SETTINGS|IMG)\]|</?s>")

each_recording = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def of_kind(file: Path, kind: str) -> list[dict[str, Any]]:
    return [entry["message"] for entry in entries(file) if entry["message"]["type"] == kind]


def answers(file: Path) -> dict[int, list[dict[str, Any]]]:
    """The events of each generation, by its request."""
    found: dict[int, list[dict[str, Any]]] = {message["request"]: [] for message in of_kind(file, "generate")}
    for entry in entries(file):
        message = entry["message"]
        if entry["to"] == "app" and message.get("request") in found:
            found[message["request"]].append(message)
    return found


def test_there_are_recordings() -> None:
    assert FILES


@each_recording
def test_nothing_of_the_recording_computer_is_in_it(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert not re.search(r'"path": "[^"]*[/\\]', text)
    assert str(Path.home()) not in text
    assert os.sep + "home" + os.sep not in text


@each_recording
def test_every_message_is_one_of_this_protocol(file: Path) -> None:
    """A recording that no longer decodes must be made anew: `python tests/fixtures/recorder.py make`."""
    for entry in entries(file):
        decode = decode_event if entry["to"] == "app" else decode_command
        message = decode(msgspec.msgpack.encode(entry["message"]))
        assert msgspec.json.decode(msgspec.json.encode(message)) == entry["message"]


@each_recording
def test_the_real_worker_kept_its_promises(file: Path) -> None:
    for events in answers(file).values():
        kinds = [event["type"] for event in events]
        assert kinds.count("finished") == 1
        assert kinds[-1] == "finished"
        assert kinds == sorted(kinds, key=["prompt_progress", "piece", "finished"].index)
        reading = [event for event in events if event["type"] == "prompt_progress"]
        assert [event["done"] for event in reading] == sorted(event["done"] for event in reading)
        assert reading[-1]["done"] == reading[-1]["total"]
        pieces = [event for event in events if event["type"] == "piece"]
        figures = events[-1]["figures"]
        assert sum(len(piece["tokens"]) for piece in pieces) == figures["generated_tokens"]
        assert figures["prompt_tokens"] == reading[-1]["total"]
        assert figures["cached_tokens"] == reading[-1]["cached"] < figures["prompt_tokens"]
        assert not MARKERS.search("".join(piece["text"] for piece in pieces))
        order = [piece["kind"] for piece in pieces if piece["text"]]
        assert order == sorted(order, reverse=True), "thinking first"


@each_recording
def test_a_follow_up_costs_only_its_own_tokens(file: Path) -> None:
    """The second question's prompt is the first one's, the answer's own tokens and the new words."""
    asked = of_kind(file, "generate")
    for before, after in itertools.pairwise(asked):
        if after["turns"][: len(before["turns"])] != before["turns"]:
            continue
        first, second = (answers(file)[message["request"]][-1]["figures"] for message in (before, after))
        assert second["cached_tokens"] >= first["prompt_tokens"] + first["generated_tokens"] - 1


@each_recording
def test_the_app_gets_the_recorded_answers(file: Path) -> None:
    commands = list(of_kind(file, "generate"))
    (load,) = of_kind(file, "load")

    async def test() -> None:
        engine = Engine(playing_command(file))
        try:
            model = await engine.ensure(ModelSpec(load["path"], load["context"], load["threads"]))
            assert model.name == of_kind(file, "loaded")[0]["model"]["name"]
            for command in commands:
                recorded = answers(file)[command["request"]]
                stopped = recorded[-1]["reason"] == "stopped"
                asked = _generate(command)
                text, last = "", None
                async for event in engine.generate(asked.turns, asked.effort, asked.sampling, asked.max_tokens):
                    if isinstance(event, Piece):
                        text += event.text
                        if stopped:
                            engine.stop()
                    elif isinstance(event, Finished):
                        last = event
                    else:
                        assert isinstance(event, PromptProgress)
                assert text == "".join(event["text"] for event in recorded if event["type"] == "piece")
                assert last is not None
                assert last.figures.generated_tokens == recorded[-1]["figures"]["generated_tokens"]
        finally:
            await engine.close()

    run(test())


def _generate(message: dict[str, Any]) -> Generate:
    return msgspec.convert(message, Generate)
