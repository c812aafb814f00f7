"""`mistral-desk bench` as a process: one JSON document, words without a path, learned from, stopped by Ctrl+C."""

from __future__ import annotations

import signal
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import psutil
import pytest

from tests.fixtures.program import desk, rest_of, started

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals to send to another process")

GOLDEN = {
    "model": str,
    "quantization": str,
    "bytes": int,
    "tokens_per_s": dict,
    "prompt_per_s": dict,
    "load_s": dict,
    "memory": dict,
    "runs": int,
    "busy": bool,
    "context": int,
    "threads": int,
    "written": int,
    "read": int,
    "engine": str,
    "version": str,
    "system": str,
    "processor": str,
    "cores": int,
    "ram": int,
    "gpus": list,
    "kv": str,
    "batch": int,
    "load_mode": str,
    "layers": int,
    "gpu_layers": int,
    "experts_on_gpu": int,
    "placed": dict,
    "lengths": list,
    "beside": list,
    "stopped": bool,
}
AT_LENGTH = ("context", "before", "prompt_per_s", "tokens_per_s", "written")
COMPARED = ("context", "prompt_per_s", "tokens_per_s", "prompt_ratio", "tokens_ratio")


def check_measure(figure: dict[str, Any]) -> None:
    assert list(figure) == ["measured", "predicted"]
    assert figure["measured"] is None or figure["measured"] > 0
    low, mid, high = figure["predicted"]
    assert 0 < low <= mid <= high


def test_it_measures_and_fit_then_shows_it(small_models: SmallModels, home: Path) -> None:
    path = small_models["mistral4_q8"]
    ran = desk("bench", "--model", str(path), "--json")
    assert (ran.status, ran.err) == (0, "")
    (found,) = ran.lines
    assert {name: type(value) for name, value in found.items()} == GOLDEN
    assert list(found) == list(GOLDEN)
    for name in ("tokens_per_s", "prompt_per_s", "load_s", "memory"):
        check_measure(found[name])
    assert found["tokens_per_s"]["measured"]
    assert found["prompt_per_s"]["measured"]
    assert found["bytes"] == path.stat().st_size
    assert found["written"] >= 64
    assert (found["gpus"], found["gpu_layers"], found["kv"]) == ([], 0, "f16")
    assert sum(found["placed"].values()) > found["bytes"] * 0.9

    assert {tuple(one) for one in found["lengths"]} == {AT_LENGTH}
    assert [one["name"] for one in found["beside"]] == ["llama.cpp"]
    assert {tuple(one) for one in found["beside"][0]["lengths"]} == {COMPARED}

    text = desk("bench", "--model", str(path), "--short")
    assert (text.status, text.err) == (0, "")
    lines = text.out.splitlines()
    assert lines[1] == f"Model: {found['model']}, {found['quantization']}, {lines[1].rpartition(', ')[2]}"
    assert "predicted:" in lines[2]
    assert str(path.parent) not in text.out
    assert str(home) not in text.out
    assert "GPU: none used" in lines
    assert "Ours is" not in text.out
    assert "/" not in text.out.replace("tokens/s", "").replace(found["processor"], "")

    verdict = desk("fit", str(path), "--json").lines[0]
    runs = verdict["measured"].get("tokens_per_s", {}).get("runs", 0)
    assert runs == [found["busy"], "busy meanwhile" in text.out].count(False), "busy runs teach nothing"
    assert ("Measured on this computer:" in desk("fit", str(path)).out) == bool(verdict["measured"])


def test_lengths_and_what_is_beside_are_a_table(small_models: SmallModels) -> None:
    ran = desk("bench", "--model", str(small_models["mistral4_q8"]))
    assert (ran.status, ran.err) == (0, "")
    lines = ran.out.splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("Context"))
    assert lines[head].split() == ["Context", "Program", "Reading", "Writing", "Ours", "is"]
    ours, theirs = lines[head + 1].split(), lines[head + 2].split()
    assert (ours[1:3], theirs[0]) == (["Mistral", "Desk"], "llama.cpp")
    assert 300 < int(ours[0]) <= 512


def test_a_program_beside_that_is_none_is_refused(tmp_path: Path) -> None:
    ran = desk("bench", "--beside", str(tmp_path / "llama-bench"), "--json")
    assert (ran.status, ran.lines[-1]["id"]) == (1, "bench.unknown_program")


@posix
@pytest.mark.parametrize("moment", ["at once", "with a worker"])
def test_ctrl_c_ends_it_cleanly(moment: str) -> None:
    with started("bench", "--verbose") as app:
        assert app.stderr is not None
        app.stderr.readline()  # the program has begun to say what it does
        workers: list[psutil.Process] = []
        while moment == "with a worker" and not (workers := psutil.Process(app.pid).children()):
            assert app.poll() is None
        app.send_signal(signal.SIGINT)
        out, err = rest_of(app)
        assert (app.returncode, out) == (130, "")
        assert "Traceback" not in err
        assert not [worker for worker in workers if worker.is_running()]


BENCH_HANGS = "import pathlib, time\npathlib.Path({begun!r}).touch()\ntime.sleep(600)\n"


@posix
def test_ctrl_c_keeps_what_was_measured(small_models: SmallModels, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    hangs = tmp_path / "llama-bench"
    hangs.write_text(f"#!{sys.executable}\n" + BENCH_HANGS.format(begun=str(begun)), encoding="utf-8")
    hangs.chmod(0o755)
    model = str(small_models["mistral4_q8"])
    with started("bench", "--model", model, "--beside", str(hangs), "--seconds", "3600", "--json") as app:
        while not begun.exists():
            assert app.poll() is None
        app.send_signal(signal.SIGINT)
        out, err = rest_of(app)
    assert (app.returncode, err.strip().splitlines()[-1]) == (130, "(Stopped.)")
    found = msgspec.json.decode(out)
    assert found["stopped"]
    assert found["lengths"]
    assert [one["name"] for one in found["beside"]] == ["llama.cpp"]
    assert len(found["beside"][0]["lengths"]) == len(found["lengths"])


def test_a_model_that_is_none_is_an_error_in_words(tmp_path: Path) -> None:
    path = tmp_path / "nichts.gguf"
    ran = desk("bench", "--model", str(path), "--json")
    assert (ran.status, ran.lines[-1]["id"]) == (1, "model.missing")
    path.write_bytes(b"GGUF, or so it says")
    ran = desk("bench", "--model", str(path), "--json")
    assert (ran.status, ran.lines[-1]["type"]) == (1, "error")
