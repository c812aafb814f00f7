"""Headers of model files are read within bounds: a good one whole, a bad one never for long."""

from __future__ import annotations

import contextlib
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import gguf as writer
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mistral_desk.catalog import gguf
from mistral_desk.catalog.gguf import Array, DamagedError, Header, NotGgufError, TruncatedError
from mistral_desk.core.errors import DeskError
from mistral_desk.inference import frames, model_file
from mistral_desk.inference.protocol import Failed
from tests.fixtures.gguf_models import mistral4
from tests.fixtures.gguf_writing import Recipe

if TYPE_CHECKING:
    from pathlib import Path


def read(content: bytes, size: int | None = None) -> Header:
    return gguf.read_header(lambda at, count: content[at : at + count], len(content) if size is None else size)


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return mistral4(tmp_path_factory.mktemp("good") / "model.gguf").read_bytes()


def test_a_whole_header(good: bytes) -> None:
    header = read(good)

    assert header.architecture == "mistral4"
    assert header.own("expert_count") == 4
    assert header.text("tokenizer.ggml.pre") == "tekken"
    assert header.metadata["tokenizer.ggml.tokens"] == Array(8, 1024, header.metadata["tokenizer.ggml.tokens"].values)  # type: ignore[union-attr]
    assert header.end == len(good)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("A  model\n\u202efrom\u2028afar", "A model from afar"),
        ("\u202e" * 9_000, ""),
        ("m" * 9_000, "m" * 79 + "…" + "m" * 40),
        (7, ""),
    ],
)
def test_what_it_calls_itself_is_one_line_and_bounded(said: str | int, name: str, good: bytes) -> None:
    """A text in a header may be megabytes long; it stands in messages and menus."""
    assert replace(read(good), metadata={"general.name": said}).name == name


def test_it_agrees_with_the_formats_own_reader(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(good)
    reference = writer.GGUFReader(path)
    header = read(good)

    assert header.data == reference.data_offset
    expected = [(t.name, tuple(map(int, t.shape)), int(t.tensor_type), int(t.n_bytes)) for t in reference.tensors]
    assert [(t.name, t.shape, t.kind, t.bytes) for t in header.tensors] == expected


@pytest.mark.parametrize("place", ["an array", "a tensor"])
def test_what_no_file_could_lack_is_damage_and_its_problem_travels(good: bytes, tmp_path: Path, place: str) -> None:
    """Numbers of 64 bits add up to more than fits into a message from the worker, which then never came."""
    content = bytearray(good)
    if place == "an array":
        at = content.index(b"tokenizer.ggml.token_type") + len("tokenizer.ggml.token_type") + 8
        struct.pack_into("<Q", content, at, (1 << 64) - 1)
    else:
        at = content.index(b"output.weight") + len("output.weight")
        struct.pack_into("<IQQI", content, at, 2, (1 << 31) - 1, 1 << 30, writer.GGMLQuantizationType.F64)
    path = tmp_path / "model.gguf"
    path.write_bytes(content)

    with pytest.raises(DeskError) as refused:
        model_file.inspect(path)

    assert refused.value.problem.id == "model.damaged"
    assert frames.frame(Failed(1, refused.value.problem))


def test_the_sizes_of_all_types_are_the_formats() -> None:
    theirs = {int(kind): size for kind, size in writer.GGML_QUANT_SIZES.items()}

    assert {kind: size for kind, size in gguf.BLOCKS.items() if kind in theirs} == {
        kind: size for kind, size in theirs.items() if kind in gguf.BLOCKS
    }
    assert set(gguf.BLOCKS) >= {0, 1, 2, 8, 12, 14, 30, 39}


@given(st.data())
@settings(max_examples=100)
def test_a_file_cut_anywhere_is_known_to_be_cut(good: bytes, data: st.DataObject) -> None:
    """The table of tensors says where the file must end, so not a byte can be missing unseen."""
    cut = data.draw(st.integers(0, len(good) - 1))
    try:
        header = read(good[:cut])
    except (TruncatedError, DamagedError):
        return
    assert header.end > cut


@given(st.data())
@settings(max_examples=200)
def test_no_byte_turned_makes_it_stumble(good: bytes, data: st.DataObject) -> None:
    content = bytearray(good[:40_000])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 2000) | st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(NotGgufError, TruncatedError, DamagedError):
        read(bytes(content), len(good))


@given(st.binary(max_size=400))
def test_noise_behind_the_magic(noise: bytes) -> None:
    with pytest.raises((TruncatedError, DamagedError)):
        read(b"GGUF" + struct.pack("<I", 3) + struct.pack("<QQ", 5, 5) + noise)


def test_large_vocabularies_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    out = writer.GGUFWriter(path, "llama")
    out.add_token_list([f"token {i}" * (i % 50) for i in range(60_000)])
    out.add_array("llama.numbers", list(range(60_000)))
    out.add_string("at.the.end", "reached")
    out.write_header_to_file()
    out.write_kv_data_to_file()
    out.close()
    requests: list[int] = []

    def source(at: int, count: int) -> bytes:
        requests.append(count)
        return content[at : at + count]

    content = path.read_bytes()
    header = gguf.read_header(source, len(content))

    assert header.text("at.the.end") == "reached"
    assert header.metadata["tokenizer.ggml.tokens"] == Array(8, 60_000, None)
    assert header.metadata["llama.numbers"] == Array(5, 60_000, None)
    assert len(requests) < 3 + 2 * len(content) / (1 << 20)


@pytest.mark.parametrize("count", [1 << 23, 1 << 40, (1 << 64) - 1])
def test_counts_that_no_file_can_hold_are_refused(count: int) -> None:
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 1) + b"k" + struct.pack("<IIQ", 9, 8, count)
    with pytest.raises((TruncatedError, DamagedError)):
        read(head + bytes(64))
    with pytest.raises((TruncatedError, DamagedError)):
        read(head + bytes(64), size=1 << 50)  # a sparse file that claims to be huge


@pytest.mark.parametrize(("kind", "value"), [(4, 0), (4, 3), (4, 48), (5, (1 << 32) - 32), (7, 0)])
def test_an_alignment_that_is_none_is_damage(kind: int, value: int) -> None:
    """Zero, no power of two, a negative number (5: of 32 bits with a sign), and a truth (7) that is false."""
    key = b"general.alignment"
    number = struct.pack("<B" if kind == 7 else "<I", value)
    head = b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", len(key)) + key + struct.pack("<I", kind)

    with pytest.raises(DamagedError, match="alignment"):
        read(head + number + bytes(64))


def test_another_byte_order_is_named() -> None:
    with pytest.raises(DamagedError, match="byte order"):
        read(b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(100))


def test_shards_are_read_together_whichever_is_given(tmp_path: Path) -> None:
    first = mistral4(tmp_path / "Modell für zwei.gguf", None, Recipe(split_tensors=12))
    parts = sorted(tmp_path.glob("*.gguf"))
    found = model_file.inspect(parts[-1])

    assert len(parts) > 1
    assert found.path == first
    assert found.parts == tuple(parts)
    assert found.bytes == sum(part.stat().st_size for part in parts)
    assert len(found.tensors) == len(model_file.inspect(mistral4(tmp_path / "whole.gguf")).tensors)


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    first = mistral4(tmp_path / "model.gguf", None, Recipe(split_tensors=12))
    lost = sorted(tmp_path.glob("*.gguf"))[1]
    lost.unlink()

    with pytest.raises(DeskError) as caught:
        model_file.inspect(first)

    assert caught.value.problem.id == "model.missing"
    assert caught.value.problem.params["path"] == str(lost)


def test_a_shard_that_was_renamed_is_told_from_a_whole_model(tmp_path: Path) -> None:
    first = mistral4(tmp_path / "model.gguf", None, Recipe(split_tensors=12))

    with pytest.raises(DeskError) as caught:
        model_file.inspect(first.rename(tmp_path / "renamed.gguf"))

    assert caught.value.problem.id == "model.damaged"
