"""llama.cpp's own programs beside a model: told the same as ours; an answer of another form is a problem in words."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import msgspec
import psutil
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.fitting.beside import NO_TIME, Bare, Beside, beside, program
from mistral_desk.inference.fitting.lengths import AtLength, Clock
from mistral_desk.inference.placement import Placement
from tests.fixtures.engines import run
from tests.fixtures.fake_worker import MODEL
from tests.fixtures.llama_programs import SERVER, stand_in

if TYPE_CHECKING:
    from pathlib import Path

PLACE: Final = AtLength(480, 0, 1000.0, 100.0, 40)
INFO: Final = msgspec.structs.replace(MODEL, path="/models/one.gguf", threads=7)
DIVIDED: Final = Placement(
    context=8192,
    threads=7,
    kv="q8_0",
    batch=1024,
    gpu_layers=33,
    devices=("CUDA0", "CUDA1"),
    tensor_split=(20.0, 13.5),
    overrides=(("blk.1.ffn", "CPU"), ("blk.2.ffn", "CPU")),
    load_mode="none",
)
ARGUMENTS: Final = """
import json, sys
with open({asked!r}, "w", encoding="utf-8") as file:
    json.dump(sys.argv[1:], file)
sys.exit(3)
"""
SAYS: Final = "print({said!r})\n"
STRANGE: Final = """
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.answer(200, b"OK")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/tokenize":
            self.answer(200, {tokens!r})
        else:
            self.answer({status}, {answer!r})
    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_):
        pass
HTTPServer(("127.0.0.1", int(sys.argv[sys.argv.index("--port") + 1])), Handler).serve_forever()
"""


def found(path: Path, seconds: float = 600.0, placement: Placement | None = None) -> Beside:
    """What a program did in one place; nothing of it is left."""
    seen: list[Beside] = []
    info = msgspec.structs.replace(INFO, placement=placement)

    async def test() -> None:
        seen.append(await beside(program(str(path), info), [PLACE], Clock(seconds, 1), lambda _share: None))

    children = set(psutil.Process().children())
    run(test())
    assert set(psutil.Process().children()) <= children
    return seen[0]


@pytest.mark.parametrize(("name", "between", "pairs"), [("llama-bench", "/", ";"), ("llama-server", ",", ",")])
def test_a_divided_model_is_divided_alike(tmp_path: Path, name: str, between: str, pairs: str) -> None:
    asked = tmp_path / "asked"
    path = stand_in(tmp_path, name, ARGUMENTS.format(asked=str(asked)))
    assert "status 3" in found(path, placement=DIVIDED).problem or name == "llama-server"
    said = json.loads(asked.read_text(encoding="utf-8"))
    assert said[:24] == [
        *("-m", "/models/one.gguf", "-t", "7", "-b", "1024", "-ub", "1024", "-ngl", "33"),
        *("-dev", between.join(("CUDA0", "CUDA1")), "-fa", "on", "-ctk", "q8_0", "-ctv", "q8_0"),
        *("-ts", f"20{between}13.5", "-ot", f"blk.1.ffn=CPU{pairs}blk.2.ffn=CPU", "-lm", "none"),
    ]


def test_a_file_that_cannot_be_run_is_a_problem_in_words(tmp_path: Path) -> None:
    path = tmp_path / "llama-bench"
    path.write_bytes(b"no program")
    seen = found(path)
    assert seen.lengths == ()
    assert seen.problem


@pytest.mark.parametrize("said", ["", "5", '[{"avg_ts": null}]', "[" * 100_000])
def test_a_llama_bench_that_says_something_else_is_told_from_one_that_fails(tmp_path: Path, said: str) -> None:
    seen = found(stand_in(tmp_path, "llama-bench", SAYS.format(said=said)))
    assert (seen.lengths, seen.problem) == ((), "its output is of another form")


@pytest.mark.parametrize(
    ("tokens", "status", "answer", "problem"),
    [
        (b"[]", 200, b"{}", "its answer is of another form"),
        (b'{"tokens": []}', 200, b"{}", "its answer is of another form"),
        (b'{"tokens": [5]}', 200, b"no JSON", "its answer is of another form"),
        (b'{"tokens": [5]}', 500, b"", "it answered 500"),
    ],
)
def test_a_llama_server_that_answers_otherwise_is_ended(
    tmp_path: Path, tokens: bytes, status: int, answer: bytes, problem: str
) -> None:
    path = stand_in(tmp_path, "llama-server", STRANGE.format(tokens=tokens, status=status, answer=answer))
    seen = found(path)
    assert (seen.lengths, seen.problem) == ((), problem)


def test_where_nothing_stood_before_nothing_is_read_before(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    seen = found(stand_in(tmp_path, "llama-server", SERVER.format(asked=str(asked))))
    assert [one.prompt_ratio for one in seen.lengths] == [2.5]
    orders = [json.loads(line) for line in asked.read_text(encoding="utf-8").splitlines()]
    assert [order for order in orders if order[0] == "/completion"] == [["/completion", 480, 40]]


def test_a_server_that_nobody_has_time_for_is_not_started(tmp_path: Path) -> None:
    asked = tmp_path / "asked"
    seen = found(stand_in(tmp_path, "llama-server", ARGUMENTS.format(asked=str(asked))), seconds=0.0)
    assert (seen.lengths, seen.problem, asked.exists()) == ((), NO_TIME, False)


def test_the_bare_loop_that_is_not_wanted_any_more_is_ended_as_soon_as_it_begins() -> None:
    children = set(psutil.Process().children())
    bare = Bare(INFO)
    bare.close()
    bare.kill()
    with pytest.raises(DeskError, match=r"bench\.beside"):
        bare.measure(PLACE)
    bare.kill()
    bare.close()
    assert set(psutil.Process().children()) <= children
