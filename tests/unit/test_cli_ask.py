"""`mistral-desk ask` with a scripted worker: what goes to stdout, what to stderr, and how each failure is told."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from mistral_desk.__main__ import main
from mistral_desk.cli.ask import Terminal
from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference import remote
from mistral_desk.inference.protocol import Failed, Figures, Finished, Piece
from tests.fixtures import fake_worker, recorder
from tests.fixtures.fake_worker import HELLO, answering, event, loading, pieces
from tests.fixtures.odd_documents import paper
from tests.fixtures.seeing import seeing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

    Worker = Callable[[list[fake_worker.Step]], None]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worker:
    """Call it with a script: workers follow it from then on."""

    def use(script: list[fake_worker.Step]) -> None:
        command = fake_worker.command(tmp_path, script)
        monkeypatch.setattr(remote, "worker_command", lambda: command)

    return use


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A file that can be opened; what is in it matters only to a real worker."""
    path = tmp_path / "ein Modell.gguf"
    path.write_bytes(b"GGUF")
    return str(path)


def stdin(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_the_answer_goes_to_stdout_and_nothing_else_does(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("7 plus 8 is 15."))
    assert main(["ask", "What is 7 plus 8?", "--model", model]) == 0
    assert capsys.readouterr() == ("7 plus 8 is 15.\n", "")


def test_thoughts_go_to_stderr(worker: Worker, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    worker(answering("15.", "I add 8 to 7."))
    assert main(["ask", "What is 7 plus 8?", "--think", "--model", model]) == 0
    assert capsys.readouterr() == ("15.\n", "Thinking: I add 8 to 7.\n")


def test_json_lines_are_exactly_these(worker: Worker, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    worker(answering("It is 15.", "Seven…"))
    assert main(["ask", "7+8?", "--think", "--json", "--model", model]) == 0
    out, err = capsys.readouterr()
    done = (
        '{"type":"done","reason":"stop","prompt_tokens":8,"cached_tokens":2,"generated_tokens":4,'
        '"first_token_s":0.02,"tokens_per_s":50.0,"thinking_tokens":1,"thinking_s":0.0,"thought_end":""}'
    )
    assert out.splitlines() == [
        '{"type":"thinking","text":"Seven…"}',
        '{"type":"text","text":"It"}',
        '{"type":"text","text":" is"}',
        '{"type":"text","text":" 15."}',
        done,
    ]
    assert err == ""


def test_the_worker_is_asked_what_the_arguments_say(
    model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / "talk.jsonl"
    command = recorder.recording_command(kept, fake_worker.command(tmp_path, answering("Ja.")))
    monkeypatch.setattr(remote, "worker_command", lambda: command)
    arguments = ["--think", "--system", "Kurz.", "--seed", "7", "--max-tokens", "9", "--temperature", "0.5"]
    assert main(["ask", "Geht das?", "--model", model, *arguments]) == 0
    (asked,) = recorder.sent_to(kept, "worker", "generate")
    assert asked["turns"] == [turn("system", "Kurz."), turn("user", "Geht das?")]
    assert (asked["effort"], asked["max_tokens"]) == ("high", 9)
    assert (asked["sampling"]["seed"], asked["sampling"]["temperature"]) == (7, 0.5)
    assert asked["sampling"]["top_k"] is None


def turn(role: str, text: str) -> dict[str, Any]:
    return {"role": role, "text": text, "thinking": "", "tokens": [], "vocabulary": "", "images": [], "places": []}


def test_a_dash_reads_stdin(
    worker: Worker, model: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("Read."))
    stdin(monkeypatch, "\ufeffWie heißt du?".encode())
    assert main(["ask", "-", "--model", model]) == 0
    assert capsys.readouterr().out == "Read.\n"


@pytest.mark.parametrize("content", [b"", b" \r\n\t", "\u200b\ufeff".encode()])
def test_nothing_to_send_is_said(
    content: bytes, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, content)
    assert main(["ask", "-"]) == 1
    out, err = capsys.readouterr()
    assert (out, err) == ("", "There is nothing to send\nThe message is empty.\nWrite something first.\n")


def test_far_too_much_is_said_without_asking_the_engine(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stdin(monkeypatch, b"a" * 9_000_000)
    assert main(["ask", "-", "--json"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert (json.loads(line)["type"], json.loads(line)["id"]) == ("error", "prompt.too_big")


def test_half_a_character_in_an_argument_reaches_the_model_as_a_question_mark(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("Fine."))
    assert main(["ask", "caf\udce9", "--model", model]) == 0
    assert capsys.readouterr().out == "Fine.\n"


def test_an_error_of_the_worker_is_words_on_stderr_or_a_line_of_json(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = fake_worker.event(Failed(0, _problem("model.newer_engine", name="x.gguf", architecture="mistral9")))
    worker([HELLO, {"serve": {"load": [problem]}}])
    assert main(["ask", "hi", "--model", model]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[0] == "This model needs a newer engine"
    assert "mistral9" in err
    assert main(["ask", "hi", "--json", "--model", model]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    error = json.loads(out)
    assert list(error) == ["type", "id", "title", "message", "hint"]
    assert error["id"] == "model.newer_engine"


def _problem(message_id: str, **params: str) -> Any:
    from mistral_desk.core.errors import Problem

    return Problem(message_id, dict(params))


def test_a_worker_that_dies_in_mid_answer_leaves_the_text_and_says_so(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    worker([HELLO, {"serve": {"load": loading(), "generate": [*pieces("half an"), {"exit": 3}]}}])
    assert main(["ask", "hi", "--model", model]) == 1
    out, err = capsys.readouterr()
    assert out == "half an\n"
    assert err.splitlines()[0] == "The engine stopped unexpectedly"


@pytest.mark.parametrize(("reason", "remark"), [("length", "number of tokens"), ("context", "context is full")])
def test_an_answer_that_was_cut_says_why(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str], reason: Any, remark: str
) -> None:
    end = event(Finished(0, reason, Figures(), ""))
    worker([HELLO, {"serve": {"load": loading(), "generate": [*pieces("cut"), end]}}])
    assert main(["ask", "hi", "--model", model]) == 0
    out, err = capsys.readouterr()
    assert out == "cut\n"
    assert remark in err


def test_a_model_without_a_word_is_said(worker: Worker, model: str, capsys: pytest.CaptureFixture[str]) -> None:
    worker([HELLO, {"serve": {"load": loading(), "generate": [event(Finished(0, "stop", Figures(), ""))]}}])
    assert main(["ask", "hi", "--model", model]) == 0
    assert capsys.readouterr() == ("", "(The model ended without a word.)\n")


def test_a_model_cannot_drive_the_terminal(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "safe\x1b]0;owned\x07\x9b31m\ttext\n"
    written = [event(Piece(0, "text", evil)), event(Finished(0, "stop", Figures(), ""))]
    worker([HELLO, {"serve": {"load": loading(), "generate": written}}])
    assert main(["ask", "hi", "--model", model]) == 0
    assert capsys.readouterr().out == evil, "a pipe gets what the model wrote"
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["ask", "hi", "--model", model]) == 0
    shown = capsys.readouterr().out
    assert shown == "safe\ufffd]0;owned\ufffd\ufffd31m\ttext\n"


def test_progress_is_shown_on_a_terminal_and_taken_away(
    worker: Worker, model: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    worker(answering("Done."))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main(["ask", "hi", "--model", model]) == 0
    out, err = capsys.readouterr()
    assert out == "Done.\n"
    assert "Loading ein Modell.gguf 50 %" in err
    assert "Reading your message" in err
    assert err.endswith("\r"), "the line is empty again"


@pytest.mark.allow_log("settings file cannot be read", "mistral_desk.core.settings")
def test_settings_that_were_set_aside_are_said_and_the_answer_comes(
    worker: Worker, model: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("Still here."))
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.json").write_bytes(b"{")
    assert main(["ask", "hi", "--model", model]) == 0
    out, err = capsys.readouterr()
    assert out == "Still here.\n"
    assert "settings could not be read" in err


def test_a_history_that_cannot_be_used_does_not_matter(
    worker: Worker, model: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("Still here."))
    (home / "data" / "history.sqlite3").mkdir(parents=True)
    assert main(["ask", "hi", "--model", model]) == 0
    assert capsys.readouterr().out == "Still here.\n"


def test_nothing_of_the_chat_is_in_the_log(
    worker: Worker, model: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    worker(answering("The answer is seventeenth.", "The thought is eighteenth."))
    assert main(["ask", "The question is sixteenth.", "--think", "--verbose", "--model", model]) == 0
    log = (home / "logs" / "desk.log").read_text(encoding="utf-8")
    assert log
    assert not [word for word in ("sixteenth", "seventeenth", "eighteenth") if word in log]
    err = capsys.readouterr().err
    assert "mistral_desk" in err
    assert "sixteenth" not in err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["hi", "--temperature", "hot"],
        ["hi", "--temperature", "nan"],
        ["hi", "--temperature", "-1"],
        ["hi", "--temperature", "5.01"],
        ["hi", "--max-tokens", "0"],
        ["hi", "--seed", "-1"],
        ["hi", "--shout"],
    ],
)
def test_wrong_usage_is_status_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ask", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert "usage: mistral-desk" in err


def a_picture(folder: Path) -> str:
    path = folder / "Größe 目.png"
    Image.new("RGB", (30, 20), (200, 30, 30)).save(path)
    return str(path)


def test_pictures_and_files_go_with_the_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, seer = tmp_path / "talk.jsonl", seeing(tmp_path / "see")
    text = tmp_path / "note.txt"
    text.write_text("Bought today.", encoding="utf-8")
    name = fingerprint(30, 20, bytes((200, 30, 30)) * 600)
    command = recorder.recording_command(kept, fake_worker.command(tmp_path, fake_worker.looking(name, text="Red.")))
    monkeypatch.setattr(remote, "worker_command", lambda: command)

    lease = tmp_path / "Schiffsmiete für Jürgen.pdf"
    lease.write_bytes(paper(["The boat is painted.", ""]))

    files = ("--image", a_picture(tmp_path), "--file", str(text), "--file", str(lease))
    assert main(["ask", "What is it?", "--model", str(seer), *files]) == 0
    assert capsys.readouterr().out == "Red.\n"
    (question,) = recorder.sent_to(kept, "worker", "generate")
    (turn,) = question["turns"]
    assert (turn["images"], turn["places"]) == ([name], [0])
    note = "File “note.txt”:\n```\nBought today.\n```\n\n"
    pages = "[Page 1 of 2]\nThe boat is painted.\n\n[Page 2 of 2 has no text]\n"
    assert turn["text"] == f"{note}File “{lease.name}”:\n```\n{pages}```\n\nWhat is it?"
    (sent,) = recorder.sent_to(kept, "worker", "put_image")
    assert (sent["sha256"], sent["width"], sent["height"]) == (name, 30, 20)


@pytest.mark.parametrize("others", [False, True])
def test_a_text_only_model_is_refused_with_the_reason_and_who_could(
    others: bool, home: Path, small_models: SmallModels, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The built-in model may see or not; it is named if it does."""
    if others:
        seeing(home / "models")
    status = main(["ask", "What?", "--json", "--model", str(small_models["mistral4"]), "--image", a_picture(tmp_path)])
    out = json.loads(capsys.readouterr().out)

    assert status == 1
    assert out["id"] == "model.others_see" if others else out["id"].startswith("model.")
    assert "reads text only" in out["message"]
    assert not others or "seeing-mistral4.gguf" in out["message"]


def test_a_file_that_is_no_picture_is_said_before_any_model_is_loaded(
    tmp_path: Path, model: str, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "cat.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n broken")
    assert main(["ask", "What?", "--json", "--model", model, "--image", str(broken)]) == 1
    assert json.loads(capsys.readouterr().out)["id"].startswith("attachment.")


def test_a_terminal_hears_of_a_first_look_at_weights_and_of_silence_but_not_amid_the_answer(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    out = Terminal()
    out.loading("One", 0.42, True)
    out.loading("One", 0.5, False)
    out.silent(83.0)
    shown = capsys.readouterr().err.split("\r")
    assert [line.rstrip() for line in shown[1:]] == [
        "Checking the weights once 42 %",
        "Loading One 50 %",
        "Nothing new for 83 s: this takes longer than usual",
    ]
    out.piece(Piece(1, "text", "half a line"))
    capsys.readouterr()
    out.silent(90.0)
    assert capsys.readouterr().err == ""
