"""The yardstick's process by itself: it obeys line by line, says what it cannot do, and ends with its orders."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.child import own_command
from mistral_desk.inference.placement import Placement
from mistral_desk.inference.yardstick import Order, Start, Took, Yardstick
from tests.fixtures.gguf_models import Mistral4Shape, mistral4

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

TEXT: Final = "A boat lies at the quay."
SMALL: Final = Placement(context=1024, batch=64, threads=1, layers=2, kv="q8_0")
"""A cache of eight bits a number, and batches smaller than what is read."""
CARD: Final = Placement(context=512, threads=1, layers=2, devices=("CARD7",), gpu_layers=2)
"""On a graphics card that is not there."""
IN_BLOCKS: Final = Mistral4Shape(kv_rank=64, nope=32, rope=32, value=32)
END_S: Final = 120


def told(*orders: Start | Order | bytes) -> list[Took]:
    """What a process says to these orders, one answer to each, and then it ends by itself."""
    lines = b"".join((one if isinstance(one, bytes) else msgspec.json.encode(one)) + b"\n" for one in orders)
    done = subprocess.run(own_command("--bare"), input=lines, capture_output=True, timeout=END_S, check=True)
    return [msgspec.json.decode(line, type=Took) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("placement", [None, SMALL], ids=["default", "small"])
def test_it_reads_and_writes_from_where_it_is_told(tmp_path: Path, placement: Placement | None) -> None:
    start = Start(str(mistral4(tmp_path / "model.gguf", IN_BLOCKS)), 1024, 1, placement)
    loaded, first, longer, shorter, again = told(
        start,
        Order(TEXT, 0, 600, write=3),
        Order(TEXT, 603, 10, (5, 6)),
        Order(TEXT, 20, 30, write=2),
        Order(TEXT, 20, 30, write=2),
    )

    assert loaded == Took(0, 0, 0, 0)
    for took in (first, longer, shorter, again):
        assert took.problem == ""
        assert min(took.read_s, took.write_s) > 0


def test_what_it_cannot_do_is_said_and_it_goes_on(small_models: SmallModels) -> None:
    said = told(
        b"no order",
        Start(str(small_models["recurrent"]), 512, 1),  # its memory cannot be cut back
        Order(TEXT, 200, 100, write=1),
        b"{}",
        Order(TEXT, 100, 50, write=2),
        Order("", 3, 5, write=1),
    )

    assert [bool(one.problem) for one in said] == [True, False, False, True, False, False]


@pytest.mark.parametrize(
    ("name", "placement", "problem"),
    [
        ("wrong", None, "llama.cpp did not load the model"),
        ("dense", CARD, "The model was to be loaded onto CARD7, but the engine does not find it."),
        ("dense", SMALL, "llama.cpp made no context"),  # its rows cannot be cut into blocks
    ],
)
def test_what_cannot_be_loaded_is_said(
    small_models: SmallModels, tmp_path: Path, name: str, placement: Placement | None, problem: str
) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"GGUF" + bytes(64))
    (said,) = told(Start(str(wrong if name == "wrong" else small_models[name]), 512, 1, placement))

    assert said.problem == problem


def test_an_order_that_is_longer_than_its_memory_fails_alone(small_models: SmallModels) -> None:
    said = told(
        Start(str(small_models["dense"]), 256, 1),
        Order(TEXT, 200, 100, write=1),
        Order(TEXT, 200, 50, write=20),
        Order(TEXT, 10, 50, write=2),
    )

    assert [one.problem for one in said] == ["", *["llama_decode failed"] * 2, ""]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.stderr.write('no such library'); sys.exit(3)", "no such library"),
        ("import sys; sys.stdin.readline(); sys.exit(3)", "it ended with status "),
        ("import sys; sys.stdin.readline(); print('{}', flush=True); sys.stdin.readline()", "it ended with status "),
    ],
)
def test_a_process_that_ends_or_babbles_is_named_with_its_last_words(code: str, reason: str) -> None:
    with pytest.raises(DeskError) as caught, Yardstick(Start("none.gguf", 512, 1), [sys.executable, "-c", code]):
        pass

    assert caught.value.problem.id == "bench.beside"
    assert str(caught.value.problem.params["reason"]).startswith(reason)
