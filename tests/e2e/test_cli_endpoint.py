"""Endpoints on the command line: what goes out and what comes back, against scripted servers and our own `serve`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from PIL import Image

from mistral_desk.core.paths import resource
from tests.e2e.traced import traced, traced_only
from tests.fixtures.openai_site import KEY, MISTRAL, VLLM, OpenAISite, chunk, events, key_variable, raw
from tests.fixtures.program import PROGRAM, desk, next_line, rest_of, started

if TYPE_CHECKING:
    from pathlib import Path

QUESTION: Final = "What is 7 plus 8?"
GREEDY: Final = ("--temperature", "0")
LLAMA_SERVER: Final = "MISTRAL_DESK_LLAMA_SERVER"
"""A folder with what `llama_cpp.server` stands on: `dev.py llama-server` makes it and runs the test."""


def add(site: OpenAISite, name: str, *more: str, key: str = "") -> dict[str, Any]:
    """Add it; what the program says of it."""
    ran = desk("endpoint", "add", site.base, "--name", name, "--json", *more, stdin=key.encode())
    assert ran.status == 0, ran
    return ran.lines[0]


def offline(home: Path) -> None:
    (home / "config" / "settings.json").write_text(json.dumps({"privacy.offline": True}), encoding="utf-8")


def ledger(home: Path) -> list[str]:
    file = home / "data" / "connections.jsonl"
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    return [entry["host"] for entry in {one["id"]: one for one in entries}.values()]


@pytest.mark.parametrize(
    ("kind", "model", "said"),
    [
        ("mistral", MISTRAL, {"reasoning_effort": "high"}),
        (
            "vllm",
            VLLM,
            {"chat_template_kwargs": {"enable_thinking": True, "thinking": True, "reasoning_effort": "high"}},
        ),
    ],
)
def test_mistral_s_and_vllm_s_streams_are_read_and_exactly_the_question_goes_out(
    home: Path, tmp_path: Path, kind: str, model: str, said: dict[str, Any]
) -> None:
    picture = tmp_path / "red.png"
    Image.new("RGB", (40, 30), "red").save(picture)
    with OpenAISite(kind) as site:
        row = add(site, "Home")
        assert (row["server"], row["models"], row["reach"], row["key"]) == (kind, [model], "here", "none")
        name = f"home/{model}"
        ran = desk(
            "ask", QUESTION, "--model", name, "--think", "--system", "Be brief.", "--file", str(picture), "--json"
        )
    assert ran.status == 0, ran
    assert (ran.all_of("thinking"), ran.all_of("text")) == ("Seven and eight.", "It is 15.")
    done = ran.lines[-1]
    assert (done["prompt_tokens"], done["cached_tokens"], done["generated_tokens"], done["thinking_tokens"]) == (
        21,
        5,
        7,
        3,
    )
    assert done["tokens_per_s"] is None
    assert ran.err == f"Asking {site.name}\n"
    (body,) = site.bodies()
    shown, words = body["messages"][1].pop("content")
    assert shown["image_url"]["url"].startswith("data:image/png;base64,")
    assert words == {"type": "text", "text": QUESTION}
    counts = {} if kind == "mistral" else {"stream_options": {"include_usage": True}}
    assert body == {
        "model": model,
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user"}],
        "stream": True,
        **counts,
        **said,
    }
    assert ledger(home) == [site.name] * 2


@pytest.mark.slow
def test_our_own_server_in_another_process_says_what_ask_says() -> None:
    here = desk("ask", QUESTION, *GREEDY, "--think", "--json")
    with started("serve", "--port", "0", "--json") as process:
        listening = next_line(process, "listening")
        key = {key_variable(urlsplit(listening["address"]).port): listening["token"]}
        wrong = desk("endpoint", "add", listening["address"], "--name", "Other", "--json")
        assert (wrong.status, wrong.lines[0]["id"]) == (1, "endpoint.key")
        (added,) = desk("endpoint", "add", listening["address"], "--name", "Other", "--json", env=key).lines
        assert (added["server"], added["models"], added["key"]) == ("mistral-desk", ["builtin"], "environment")
        there = desk("ask", QUESTION, *GREEDY, "--model", "other/builtin", "--think", "--json", env=key)
        assert there.status == 0, there
        for kind in ("thinking", "text"):
            assert there.all_of(kind) == here.all_of(kind) != ""
        for figure in ("reason", "prompt_tokens", "generated_tokens", "thinking_tokens"):
            assert there.lines[-1][figure] == here.lines[-1][figure]
        process.send_signal(signal.SIGINT)
        rest_of(process)
        assert process.returncode == 0


@pytest.mark.skipif(LLAMA_SERVER not in os.environ, reason="dev.py llama-server runs it")
def test_llama_cpp_s_own_python_server_says_what_ask_says() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    model = str(resource("model", "guide.gguf"))
    command = [sys.executable, "-m", "llama_cpp.server", "--model", model, "--model_alias", "guide", "--n_ctx", "512"]
    with subprocess.Popen(
        [*command, "--host", "127.0.0.1", "--port", port, "--api_key", KEY],
        env={**os.environ, "PYTHONPATH": os.environ[LLAMA_SERVER]},
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    ) as process:
        try:
            assert process.stderr is not None
            lines = []
            while line := process.stderr.readline():
                lines.append(line)
                if b"running on" in line:
                    break
            assert line, b"".join(lines).decode()
            key = {key_variable(int(port)): KEY}
            address = f"http://127.0.0.1:{port}"
            refused = desk("endpoint", "add", address, "--name", "llama", "--key", "--json", stdin=b"wrong")
            assert refused.lines[0]["id"] == "endpoint.key"
            (added,) = desk("endpoint", "add", address, "--name", "llama", "--json", env=key).lines
            assert (added["models"], added["server"], added["thinks"]) == (["guide"], "other", "none")
            there = desk("ask", QUESTION, *GREEDY, "--model", "llama/guide", "--json", env=key)
            here = desk("ask", QUESTION, *GREEDY, "--json")
            assert there.all_of("text").strip() == here.all_of("text").strip() != ""
            assert there.lines[-1]["reason"] == "stop"
        finally:
            process.terminate()
            process.communicate()


def test_a_key_is_nowhere_but_in_the_request(home: Path) -> None:
    with OpenAISite("mistral", key=KEY) as site:
        row = add(site, "Home", "--key", key=f"{KEY}\n")
        assert row["key"] == "session", "there is no keyring here, and nobody else keeps it"
        name = key_variable(site.port)
        found = [
            desk("ask", QUESTION, "--model", f"home/{MISTRAL}", "--verbose", env={name: KEY}),
            desk("ask", QUESTION, "--model", f"home/{MISTRAL}", "--verbose", env={name: f"{KEY}x"}),
            desk("endpoint", "list", env={name: KEY}),
        ]
        assert [ran.status for ran in found] == [0, 1, 0]
        assert "did not accept the key" in found[1].err
        assert [asked.headers.get("authorization") for asked in site.asked] == [f"Bearer {KEY}"] * 2 + [
            f"Bearer {KEY}x"
        ]
    assert KEY not in "".join(ran.out + ran.err for ran in found)
    for file in home.rglob("*"):
        if file.is_file() and file.suffix != ".gguf":
            assert KEY.encode() not in file.read_bytes(), file
            assert QUESTION.encode() not in file.read_bytes(), file


def test_what_came_before_a_server_stopped_in_mid_word_is_on_stdout_and_the_rest_in_words() -> None:
    with OpenAISite(chat=raw(events(chunk({"content": "It i"}), done=False))) as site:
        add(site, "Home")
        ran = desk("ask", QUESTION, "--model", "home/a-model")
    assert (ran.status, ran.out) == (1, "It i\n")
    assert ran.err.splitlines()[1:] == [
        "The answer broke off",
        f"{site.name} ended in the middle of its answer.",
        "Answer again. What had come is kept.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="a process there cannot be sent Ctrl+C alone")
def test_ctrl_c_closes_the_connection_and_keeps_what_came() -> None:
    body = events(chunk({"content": "It is"}), done=False)
    with OpenAISite(chat=raw(body * 2, stall=len(body))) as site:
        add(site, "Home")
        with started("ask", QUESTION, "--model", "home/a-model", "--json") as process:
            assert next_line(process, "text")["text"] == "It is"
            process.send_signal(signal.SIGINT)
            out, _ = rest_of(process)
            assert process.returncode == 130
            assert json.loads(out)["reason"] == "stopped"


def test_offline_there_is_no_connection_and_a_listener_hears_nothing(home: Path) -> None:
    with OpenAISite("mistral") as site:
        add(site, "Home")
        before = site.connections
        offline(home)
        for arguments in (("ask", QUESTION, "--model", f"home/{MISTRAL}"), ("endpoint", "test", "home")):
            assert desk(*arguments, "--json").lines[0]["id"] == "net.offline"
        assert site.connections == before
    assert ledger(home) == [site.name]


@pytest.mark.slow
@traced_only
def test_offline_the_kernel_sees_no_connection(home: Path, tmp_path: Path) -> None:
    with OpenAISite("mistral") as site:
        add(site, "Home")
        ask = [*PROGRAM, "ask", QUESTION, "--model", f"home/{MISTRAL}"]
        assert traced(ask, tmp_path / "online").spoken == {site.name: 1}, "else a record without one would say nothing"
        offline(home)
        assert traced(ask, tmp_path / "offline").silent
