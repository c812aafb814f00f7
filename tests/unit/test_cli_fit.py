"""`mistral-desk fit` as a program: its JSON, its words, its refusals."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.cli.fit import _beside
from mistral_desk.cli.fit_words import measured_lines
from mistral_desk.cli.main import main
from mistral_desk.core import words
from mistral_desk.fit.runs import Comparison, Figure
from mistral_desk.fit.speed import Range
from tests.fixtures.gguf_models import mistral4

if TYPE_CHECKING:
    from pathlib import Path

MACHINE = json.dumps(
    {
        "cores": 8, "ram_gb": 32, "ram_available_gb": 28, "ram_gbps": 60, "ssd_gbps": 3.5, "ssd_random_gbps": 0.7,
        "unified": False,
        "gpus": [{"name": "a card", "vram_gb": 8, "vram_available_gb": 7.4, "gbps": 272, "pcie_gbps": 12,
                  "integrated": False}],
    }
)  # fmt: skip
SMALL = json.dumps(
    {"cores": 2, "ram_gb": 4, "ram_available_gb": 2, "ram_gbps": 10, "ssd_gbps": 0.1, "ssd_random_gbps": 0.02,
     "unified": False, "gpus": []}
)  # fmt: skip
KEYS = {
    "quant", "speed", "quality", "placement", "context", "tokens_per_s", "prompt_per_s", "answer_s", "reasons",
    "alternatives",
}  # fmt: skip


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(tmp_path / "home"))


def fit(*arguments: str) -> int:
    return main(["fit", *arguments], window=lambda _picture, _file: 0)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert fit(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def test_a_model_has_its_quantizations_best_first(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "mistral-small-4", "--machine", MACHINE)
    assert len(found["variants"]) > 5
    for row in found["variants"]:
        assert set(row) >= KEYS
        for device, kinds in row["placement"].items():
            assert device in {"gpu0", "memory", "disk"}
            assert all(isinstance(size, int) and size > 0 for size in kinds.values())
        for name in ("tokens_per_s", "prompt_per_s", "answer_s", "answer_thinking_s", "load_s"):
            if row["tokens_per_s"]:
                low, mid, high = row[name]
                assert 0.5 * mid <= low <= mid <= high <= 1.5 * mid
    best = found["variants"][0]
    assert (best["speed"], best["quality"]) == ("Too slow for chat", "Slightly reduced")
    assert "all 74 GB must be within reach; this computer has 8 + 32 GB." in best["reasons"][0]
    assert [(other["model"], other["role"]) for other in best["alternatives"]] == [
        ("gemma-4-26b-a4b", "best"),
        ("ministral-3-8b", "fast"),
    ]


def test_a_file_is_one_verdict_from_its_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = mistral4(tmp_path / "grüße an alle.gguf")
    found = answer(capsys, str(path), "--machine", MACHINE, "--context", "2048")
    assert set(found) >= KEYS
    assert found["context"] == 2048
    assert found["speed"] == "Fast"
    assert str(path) in found["command"]
    sizes = sum(size for kinds in found["placement"].values() for size in kinds.values())
    assert sizes > found["bytes"] * 0.9


def test_without_a_model_all_are_ranked(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "--machine", MACHINE)
    assert [row["role"] for row in found["models"][:2]] == ["best", "fast"]
    assert found["machine"] == json.loads(MACHINE)


def test_a_description_may_stand_in_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "rechner für zuhause.json"
    file.write_text(MACHINE, encoding="utf-8")
    assert answer(capsys, "gemma-4", "--machine", str(file))["machine"] == json.loads(MACHINE)


def test_words_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("mistral-small-4", "--machine", MACHINE) == 0
    text = capsys.readouterr().out
    assert "Too slow for chat" in text
    assert "Try anyway" in text
    assert "Best here: Gemma 4 26B-A4B" in text
    assert "Faster here: Ministral 3 8B" in text
    assert "SSD" in text
    twice = [line for line in text.splitlines() if "  Q4_K_M  " in line]
    assert len(twice) == 2
    assert len({line.split()[-1] for line in twice}) == 2, "whose files they are"
    assert all("/" in line.split()[-1] for line in twice)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["no such model"], "fit.nothing_alike"),
        (["guide"], "fit.unknown_model"),
        (["nothing-here.gguf"], "model.missing"),
        (["n" * 300], "fit.nothing_alike"),
        (["mistral-small-4", "--machine", "{"], "machine.description"),
        (["mistral-small-4", "--machine", "no such file"], "machine.description"),
        (["mistral-small-4", "--machine", '{"ram_gb": "much"}'], "machine.description"),
    ],
)
def test_refusals(arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "--machine" not in arguments:
        arguments = [*arguments, "--machine", MACHINE]
    assert fit(*arguments, "--json") == 1
    assert json.loads(capsys.readouterr().out)["id"] == problem


def test_a_ranking_in_words_names_the_best_and_the_fast_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("--machine", MACHINE) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "8 cores · 32.0 GB of memory · a card 8.0 GB"
    assert lines[2].split() == ["Model", "File", "Size", "Speed", "Quality", "Writing", "Answer", "Id"]
    assert lines[3].endswith("gemma-4-26b-a4b            best here")
    assert lines[4].endswith("the fast one")
    assert not any(line.endswith(("best here", "the fast one")) for line in lines[5:])
    assert lines[3].index("about ") == lines[2].index("Answer")
    assert lines[-1] == (
        "Too little is known to predict anything of gemma-4-e4b, gemma-4-e2b, glm-5, glm-5.1, glm-5.2."
    )


def test_what_does_not_run_has_no_speed_and_no_answer(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("mistral-small-4", "--machine", SMALL) == 0
    text = capsys.readouterr().out
    assert "A typical answer" not in text
    assert "tokens/s" not in text
    assert "Does not fit" in text


def test_of_a_model_without_a_known_file_what_is_known_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("glm-5", "--machine", MACHINE) == 0
    told = "GLM-5 (glm-5) · Parameters: 744 billion · 40 billion of them for a word · context of 202\u202f752 tokens"
    assert capsys.readouterr().out.splitlines()[1:] == [
        "",
        f"{told} · MIT",
        "  No file of it is known, so nothing can be said.",
        "  Some may be at unsloth/GLM-5-GGUF.",
    ]
    assert answer(capsys, "glm-5", "--machine", MACHINE)["variants"] == []


def test_files_without_a_known_size_inside_are_named_and_not_judged(capsys: pytest.CaptureFixture[str]) -> None:
    assert fit("gemma-4-e4b", "--machine", MACHINE) == 0
    assert capsys.readouterr().out.splitlines()[1:] == [
        "",
        "Gemma 4 E4B (gemma-4-e4b)",
        "  Known files: Q4_K_M 5.0 GB, Q8_0 8.2 GB (unsloth/gemma-4-E4B-it-GGUF)",
        "  How many parameters it has is not known, so nothing can be predicted.",
    ]


def test_of_several_models_the_id_of_each_is_shown_and_those_without_a_verdict_come_last(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert fit("gemma-4", "--machine", MACHINE) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2].endswith("  Id")
    assert lines[3].endswith("  gemma-4-26b-a4b")
    assert "Gemma 4 26B-A4B UD-Q4_K_XL:" in lines, "whose reasons they are"
    assert [line for line in lines if line.startswith("Gemma 4 E")] == [
        "Gemma 4 E4B (gemma-4-e4b)",
        "Gemma 4 E2B (gemma-4-e2b)",
    ]


def test_a_wrong_name_is_told_before_anything_is_measured(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("mistral_desk.cli.fit.this_computer", lambda: pytest.fail("nothing is asked of it"))
    assert fit("no such model", "--json") == 1
    assert json.loads(capsys.readouterr().out)["id"] == "fit.nothing_alike"


def test_the_model_that_comes_along_is_judged_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert answer(capsys, "builtin", "--machine", MACHINE)["speed"] == "Fast"


def test_what_was_measured_stands_beside_what_was_predicted() -> None:
    def figure(*values: float) -> Figure:
        low, mid, high, measured = values
        return Figure(Range(low, mid, high), Range(measured, measured, measured), 2, 1_700_000_000.0)

    found = Comparison(
        "k", figure(4.0, 5.0, 6.26, 5.5), figure(40.0, 50.0, 60.0, 55.0), figure(1.0, 1.5, 2.0, 1.25),
        figure(1e9, 2e9, 3e9, 2e9),
    )  # fmt: skip
    here = time.localtime(1_700_000_000.0)
    day = time.strftime("%Y-%m-%d", here)
    assert measured_lines(found).splitlines() == [
        "Measured on this computer:",
        f"  Writing: 5.5 tokens/s, predicted 4.0 to 6.3 tokens/s (2 runs, {day})",
        f"  Reading: 55 tokens/s, predicted 40 to 60 tokens/s (2 runs, {day})",
        f"  Loading: 1.2 s, predicted 1.0 s to 2.0 s (2 runs, {day})",
        f"  Memory: 2.0 GB, predicted 1.0 GB to 3.0 GB (2 runs, {day})",
    ]
    assert measured_lines(Comparison("k", Figure(Range(1.0, 2.0, 3.0)))) == "", "predicted, and never run"
    words.use("de")
    try:
        assert measured_lines(found).splitlines()[-1].endswith(time.strftime(", %d.%m.%Y)", here))
        assert {beside.day for beside in _beside(found).values()} == {day}, "programs read one language"
    finally:
        words.use("en")


def test_where_the_bytes_go_stands_as_the_language_sets_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for language, line in (("en", "  Memory: "), ("fr", "  Mémoire\N{NARROW NO-BREAK SPACE}: ")):
        monkeypatch.setenv(words.VARIABLE, language)
        try:
            assert fit("mistral-small-4", "--machine", MACHINE) == 0
            assert line in capsys.readouterr().out
        finally:
            words.use("en")
