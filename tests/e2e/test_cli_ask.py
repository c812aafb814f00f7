"""The main job on the command line: the model that ships answers on this computer, offline, with true figures."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.program import Ran, desk

if TYPE_CHECKING:
    from pathlib import Path

MARKERS = ("[THINK]", "[/THINK]", "[INST]", "[/INST]", "</s>", "<s>", "[MODEL_SETTINGS]", "[SYSTEM_PROMPT]", "<unk>")
GREEDY = ("--temperature", "0")


def check_figures(ran: Ran) -> None:
    """The last line tells what really happened."""
    done = ran.lines[-1]
    assert list(done) == [
        "type",
        "reason",
        "prompt_tokens",
        "cached_tokens",
        "generated_tokens",
        "first_token_s",
        "tokens_per_s",
        "thinking_tokens",
        "thinking_s",
        "thought_end",
    ]
    assert done["type"] == "done"
    pieces = [line for line in ran.lines[:-1] if line["text"]]
    assert len(pieces) <= done["generated_tokens"]
    assert done["prompt_tokens"] > 5
    assert done["cached_tokens"] == 0
    assert 0 < done["first_token_s"] < 60
    assert done["tokens_per_s"] > 0


def check_clean(ran: Ran) -> None:
    """It went well, and nothing that is not text is in the text."""
    assert ran.status == 0, ran
    for line in ran.lines[:-1]:
        assert line["type"] in ("thinking", "text")
    everything = ran.all_of("thinking") + "|" + ran.all_of("text")
    assert not [marker for marker in MARKERS if marker in everything]


def test_with_thinking_it_thinks_first_and_then_says_15() -> None:
    ran = desk("ask", "What is 7 plus 8?", "--think", "--json", *GREEDY)
    check_clean(ran)
    check_figures(ran)
    assert ran.err == ""
    kinds = [line["type"] for line in ran.lines[:-1]]
    assert kinds == sorted(kinds, reverse=True), "thinking comes first, text after it, never mixed"
    assert ran.all_of("thinking").strip()
    assert "15" in ran.all_of("text")
    assert ran.lines[-1]["reason"] == "stop"


def test_without_it_there_is_no_thought_and_still_15() -> None:
    ran = desk("ask", "What is 7 plus 8?", "--json", *GREEDY)
    check_clean(ran)
    check_figures(ran)
    assert ran.all_of("thinking") == ""
    assert "15" in ran.all_of("text")


def test_as_text_the_answer_is_all_that_is_on_stdout() -> None:
    as_json = desk("ask", "What is 7 plus 8?", "--think", "--json", *GREEDY)
    as_text = desk("ask", "What is 7 plus 8?", "--think", *GREEDY)
    assert as_text.status == 0
    assert as_text.out == as_json.all_of("text") + "\n"
    assert as_text.err == "Thinking: " + as_json.all_of("thinking") + "\n"


@pytest.mark.parametrize("seed", ["1", "2"])
def test_the_same_seed_gives_the_same_answer(seed: str) -> None:
    first, second = (desk("ask", "Name three fruits.", "--seed", seed, "--json") for _ in range(2))
    check_clean(first)
    assert first.all_of("text") == second.all_of("text")


def test_the_length_asked_for_is_kept() -> None:
    ran = desk("ask", "What can this app do?", "--max-tokens", "3", "--json", *GREEDY)
    check_clean(ran)
    assert (ran.lines[-1]["reason"], ran.lines[-1]["generated_tokens"]) == ("length", 3)


def test_stdin_and_an_argument_are_the_same_question() -> None:
    question = "Was kannst du, und wer bist du?"
    assert desk("ask", "-", "--json", *GREEDY, stdin=question.encode()).all_of("text") == (
        desk("ask", question, "--json", *GREEDY).all_of("text")
    )


def test_it_stores_no_chat(home: Path) -> None:
    desk("ask", "What is 7 plus 8?", *GREEDY)
    assert not (home / "data" / "history.sqlite3").exists()
    assert "7 plus 8" not in (home / "logs" / "desk.log").read_text(encoding="utf-8")


def test_doctor_finds_the_engine_and_the_model_that_ships() -> None:
    ran = desk("doctor", "--json")
    report = json.loads(ran.out)
    assert (ran.status, ran.err) == (0, "")
    assert report["llama_cpp"]
    assert report["devices"][0]["kind"] == "cpu"
    if sys.platform == "linux":  # nothing of what it tried was possible
        assert report["sandbox"]["allowed"] == report["decoder"]["allowed"] == []
        assert {"socket", "connect", "read", "write", "exec", "fork"} <= set(report["sandbox"]["refused"])
    assert report["model"]["bytes"] > 1_000_000
    assert len(report["model"]["sha256"]) == 64
    assert report["problems"] == []
