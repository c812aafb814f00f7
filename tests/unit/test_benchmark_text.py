"""A result that is copied for others says on what it was measured: graphics card, what lay there, how it was loaded."""

from __future__ import annotations

import msgspec

from mistral_desk.core import amounts
from mistral_desk.inference.fitting import Benchmark, benchmark_text
from mistral_desk.inference.fitting.benchmark import Card, Measure
from mistral_desk.inference.fitting.beside import NO_TIME, Beside, Compared
from mistral_desk.inference.fitting.lengths import AtLength, Clock

SPLIT = Benchmark(
    model="Mistral Small 4",
    quantization="Q4_K - Medium",
    bytes=74_161_639_424,
    tokens_per_s=Measure(11.8, (8.3, 12.3, 18.2)),
    prompt_per_s=Measure(61.0, (45.9, 68.0, 101.0)),
    load_s=Measure(None, None),
    memory=Measure(76.2e9, (75.0e9, 75.8e9, 76.6e9)),
    runs=0,
    busy=False,
    context=16_384,
    threads=7,
    written=192,
    read=500,
    engine="0.3.36",
    version="0.1.0",
    system="Windows AMD64",
    processor="a processor",
    cores=8,
    ram=96 << 30,
    gpus=(Card("RTX 4060", 8_188 << 20),),
    kv="f16",
    batch=2048,
    load_mode="none",
    layers=36,
    gpu_layers=37,
    experts_on_gpu=0,
    placed={"CUDA0": 6_100_000_000, "CPU": 70_100_000_000},
)


def test_a_divided_model_says_how() -> None:
    lines = benchmark_text(SPLIT).splitlines()
    assert "Writing: 11.8 tokens/s (predicted: 8.3 to 18.2 tokens/s)" in lines
    assert "GPU: RTX 4060 (8 GB); 36 of 36 layers there, 0 with their experts" in lines
    assert "Computer: a processor, 8 cores, 96 GB of memory" in lines
    assert "Loaded: read into memory; KV cache f16, micro-batch 2\u202f048" in lines


def test_what_a_prediction_had_learned_from_and_who_was_in_the_way_is_said() -> None:
    lines = benchmark_text(msgspec.structs.replace(SPLIT, runs=2, busy=True)).splitlines()
    assert "The prediction for writing had learned from 2 earlier runs on this computer." in lines
    assert "Other programs were busy meanwhile, so this says little." in lines


def test_a_model_without_experts_has_none_to_speak_of() -> None:
    dense = msgspec.structs.replace(SPLIT, experts_on_gpu=None, gpu_layers=20)
    assert "GPU: RTX 4060 (8 GB); 19 of 36 layers there" in benchmark_text(dense).splitlines()


def test_one_in_memory_says_that_no_gpu_was_used() -> None:
    assert "GPU: none used" in benchmark_text(msgspec.structs.replace(SPLIT, gpus=(), gpu_layers=0)).splitlines()


def test_lengths_stand_beside_what_others_did_in_the_same_place() -> None:
    lengths = AtLength(500, 20, 61.2, 11.8, 47), AtLength(2040, 1530, 55.5, None, 0)
    beside = (
        Beside("llama.cpp", (Compared(500, 62.0, 11.9, 0.987, 0.992), Compared(2040, 56.0, None, 0.991, None))),
        Beside("llama-bench", (Compared(500, 63.0, 12.0, 0.971, 0.983),), "there was no more time"),
    )
    lines = benchmark_text(msgspec.structs.replace(SPLIT, lengths=lengths, beside=beside)).splitlines()
    assert lines[lines.index("") + 1 :] == [
        "Context  Program       Reading  Writing  Ours is",
        "500      Mistral Desk  61       11.8",
        "         llama.cpp     62       11.9     0.99 · 0.99",
        "         llama-bench   63       12.0     0.97 · 0.98",
        f"{amounts.number(2040)}    Mistral Desk  56       –",
        "         llama.cpp     56       –        0.99 · –",
        "Tokens in front of what was written; tokens a second; our speed as a share of theirs.",
        f"{amounts.number(8192)}: there was no more time",
        "llama-bench: there was no more time",
    ]


def test_no_time_for_any_length_is_said() -> None:
    lines = benchmark_text(msgspec.structs.replace(SPLIT, beside=(Beside("llama.cpp", (), NO_TIME),))).splitlines()
    assert lines[-2:] == ["", "llama.cpp: there was no more time"]


def test_a_length_is_begun_only_where_every_side_has_time_for_it() -> None:
    clock = Clock(100.0, 3)
    assert clock.allows(1000, 50.0)
    assert not clock.allows(1000, 40.0)
    assert not clock.allows(1, None)
    assert not Clock(0.0, 1).allows(1, 1000.0)
