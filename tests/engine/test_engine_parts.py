"""Parts of the engine against llama.cpp itself: sizes, the flag that C reads, words, and where numbers come from."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.inference.engine.load import threads
from mistral_desk.inference.engine.native import AbortFlag, devices, file_name
from mistral_desk.inference.engine.sample import OURS, defaults, filled
from mistral_desk.inference.engine.vocabulary import LONGEST_WORD, Vocabulary, _parts
from mistral_desk.inference.protocol import Sampling
from tests.fixtures.llama_reference import Reference

if TYPE_CHECKING:
    from tests.fixtures.small_models import SmallModels

ESTIMATE = """
import json, sys
from mistral_desk.inference import model_file
from mistral_desk.inference.engine import footprint, native
from mistral_desk.inference.engine.load import load
from mistral_desk.inference.picture_store import PictureStore
from mistral_desk.inference.protocol import Load
from pathlib import Path
log = native.Log(level=2)
native.start()
generator = load(Load(1, sys.argv[1], 4096, 1), log, lambda *_: None, lambda: False, PictureStore())
header = model_file.inspect(Path(sys.argv[1])).header
print(json.dumps([footprint.kv_bytes(header, 4096, 512), footprint.context_bytes(header, 4096, 512)]))
"""


@pytest.mark.parametrize("name", ["mistral4", "dense", "sliding", "hybrid", "recurrent"])
def test_the_cache_is_as_large_as_was_estimated(name: str, small_models: SmallModels) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ESTIMATE, str(small_models[name])],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    cache, context = json.loads(done.stdout)
    sizes = re.findall(r"KV buffer size = +([\d.]+) MiB", done.stderr)
    buffers = re.findall(r"(?:KV|RS|compute|output) buffer size = +([\d.]+) MiB", done.stderr)
    mib = 1 << 20

    assert sum(map(float, sizes)) == pytest.approx(cache / mib, abs=0.08)
    assert 0 < sum(map(float, buffers)) * mib <= context


def test_the_abort_flag_is_read_by_c() -> None:
    flag = AbortFlag()

    assert not flag.callback(flag.data)
    flag.set()
    assert flag.callback(flag.data)
    assert flag.is_set
    flag.clear()
    assert not flag.callback(flag.data)


def test_there_is_a_processor_and_a_thread_for_it() -> None:
    assert "cpu" in {device.kind for device in devices()}
    assert threads() >= 1


def test_paths_are_given_as_the_system_writes_them() -> None:
    assert file_name("Modell für 你.gguf") == "Modell für 你.gguf".encode()


def test_the_files_advice_goes_before_what_is_known_and_that_before_ours() -> None:
    advice = {"general.sampling.temp": 0.3, "general.sampling.top_k": 7, "general.sampling.penalty_repeat": 1.1}

    assert defaults("mistral4", advice, "high") == filled(Sampling(temperature=0.3, top_k=7, repeat_penalty=1.1), OURS)
    assert defaults("mistral4", {}, "high").temperature == 0.7
    assert defaults("mistral4", {}, "none").temperature == 0.1
    assert defaults("llama", {}, "none") == OURS


@pytest.mark.parametrize("value", [-1.0, 99.0, float("nan"), "warm", True])
def test_advice_that_makes_no_sense_is_not_taken(value: object) -> None:
    assert defaults("llama", {"general.sampling.temp": value, "general.sampling.top_p": value}, "none") == OURS


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan"), 2**40, 1e300, "many", True])
def test_no_count_of_candidates_stops_a_model_from_loading(value: object) -> None:
    assert defaults("llama", {"general.sampling.top_k": value}, "none") == OURS


@given(st.text(st.sampled_from("aé \n")), st.integers(0, 3), st.integers(0, 3))
def test_long_words_are_cut_and_nothing_is_lost(text: str, letters: int, blanks: int) -> None:
    whole = text + "x" * letters * LONGEST_WORD + text + " " * blanks * LONGEST_WORD + text
    parts = list(_parts(whole))

    assert "".join(parts) == whole
    assert max(len(run) for part in parts for run in re.findall(r"\S+|\s+", part) or [""]) <= LONGEST_WORD


def test_the_vocabulary_says_what_its_tokens_are(small_models: SmallModels) -> None:
    with Reference(small_models["mistral4"], 512) as reference:
        words = Vocabulary(reference.vocabulary)

        assert words.size == 1024
        assert (words.text(words.begin), words.text(words.end), words.adds_begin) == ("<s>", "</s>", True)
        assert words.special["[THINK]"] != words.special["[/THINK]"]
        assert words.shown(words.special["[THINK]"]) == b""
        assert words.written(words.special["[THINK]"]) == b"[THINK]"
        assert [token for token in range(words.size) if words.ends[token]] == [words.end]
        for text in ("Größe 你好 🙂", "[INST]", " leading", ""):
            ids = words.tokenize(text, special=False)
            assert b"".join(map(words.shown, ids)).decode() == text
        assert words.tokenize("[INST]", special=True) == [words.special["[INST]"]]
    with Reference(small_models["tags"], 512) as reference:
        assert Vocabulary(reference.vocabulary).hash != words.hash
