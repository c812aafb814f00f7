"""The right eyes are found beside a model by what files are called and say of themselves, never another model's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral_desk.core.errors import DeskError
from mistral_desk.inference import model_file, projector_file
from tests.fixtures.gguf_projector import ProjectorShape, projector

if TYPE_CHECKING:
    from pathlib import Path

WIDTH = 64


def model(path: Path, name: str = "", width: int = WIDTH) -> Path:
    """A header of a chat model with one small tensor: enough for whoever only reads headers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    writer = gguf.GGUFWriter(path, "llama")
    if name:
        writer.add_name(name)
    writer.add_block_count(1)
    writer.add_context_length(64)
    writer.add_embedding_length(width)
    writer.add_tensor("token_embd.weight", np.zeros((4, width), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def eyes(path: Path, width: int = WIDTH) -> Path:
    return projector(path, ProjectorShape(text_width=width))


def found(path: Path) -> str:
    """The name of the projector that goes with a model, or why there is none."""
    result = projector_file.find(model_file.inspect(path))
    return result.file.path.name if result.file else result.blind.id if result.blind else ""


@pytest.mark.parametrize(
    ("name", "beside", "expected"),
    [
        ("Mistral-Small-4-119B-2603-Q4_K_M.gguf", ["mmproj-F16.gguf"], "mmproj-F16.gguf"),
        ("guide.gguf", ["guide-mmproj.gguf"], "guide-mmproj.gguf"),
        ("Größe 目.gguf", ["mmproj-Größe 目-f16.gguf"], "mmproj-Größe 目-f16.gguf"),
        ("gemma-3-4b-it-Q4_0.gguf", ["mmproj-model-f16.gguf"], "mmproj-model-f16.gguf"),
        ("a-7b.gguf", ["mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"], "mmproj-F16.gguf"),
        ("a-7b.gguf", ["mmproj-a-7b-Q8_0.gguf", "mmproj-F16.gguf"], "mmproj-a-7b-Q8_0.gguf"),
        ("Qwen2.5-VL-7B-Q4_K_M.gguf", ["mmproj-Qwen2.5-VL-3B-f16.gguf"], "model.no_eyes"),
        ("Mistral-Small-24B-2501.gguf", ["mmproj-Mistral-Small-24B-2503-F16.gguf"], "model.no_eyes"),
        ("Pixtral-12B-2409.gguf", ["mmproj-Gemma-3-12b.gguf"], "model.no_eyes"),
        ("alone.gguf", [], "model.no_eyes"),
        ("alone.gguf", ["eyes.gguf"], "model.no_eyes"),
        ("loud.gguf", ["MMPROJ-loud.GGUF"], "MMPROJ-loud.GGUF"),
        ("Q4_K_M.gguf", ["mmproj-other-F16.gguf"], "model.no_eyes"),
    ],
)
def test_the_projector_is_found_by_its_name(tmp_path: Path, name: str, beside: list[str], expected: str) -> None:
    path = model(tmp_path / name)
    for other in beside:
        eyes(tmp_path / other)

    assert found(path) == expected


def test_in_a_folder_of_many_models_a_name_that_says_nothing_goes_with_none(tmp_path: Path) -> None:
    one, other = model(tmp_path / "one.gguf"), model(tmp_path / "other.gguf")
    eyes(tmp_path / "mmproj-F16.gguf")

    assert found(one) == found(other) == "model.no_eyes"


def test_there_the_header_may_say_whose_it_is(tmp_path: Path) -> None:
    one, other = model(tmp_path / "one.gguf", "Small random"), model(tmp_path / "other.gguf", "Large 9")
    eyes(tmp_path / "mmproj-F16.gguf")

    assert (found(one), found(other)) == ("mmproj-F16.gguf", "model.no_eyes")


def test_a_repository_keeps_it_above_the_folders_of_its_quantizations(tmp_path: Path) -> None:
    inside = model(tmp_path / "Small-4" / "Q4_K_M" / "Small-4-Q4_K_M.gguf")
    eyes(tmp_path / "Small-4" / "mmproj-F16.gguf")
    stranger = model(tmp_path / "Small-4" / "letters" / "stranger.gguf")

    assert found(inside) == "mmproj-F16.gguf"
    assert found(stranger) == "model.no_eyes"


def test_of_another_width_it_is_named_and_the_next_best_is_taken(tmp_path: Path) -> None:
    path = model(tmp_path / "one.gguf")
    eyes(tmp_path / "mmproj-one-F16.gguf", 128)

    assert found(path) == "projector.wrong"
    eyes(tmp_path / "mmproj-one-BF16.gguf")
    assert found(path) == "mmproj-one-BF16.gguf"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("clip.vision.patch_size", 0),
        ("clip.vision.patch_size", 4096),
        ("clip.vision.attention.head_count", 0),
        ("clip.vision.attention.head_count", 7),
        ("clip.vision.block_count", 1_000_000),
        ("clip.vision.image_size", 2_000_000_000),
        ("clip.vision.image_size", 3),
        ("clip.vision.spatial_merge_size", 0),
        ("clip.vision.embedding_length", 0),
    ],
)
def test_numbers_that_would_end_the_process_are_damage(tmp_path: Path, key: str, value: int) -> None:
    path, beside = model(tmp_path / "one.gguf"), eyes(tmp_path / "mmproj-one.gguf")
    reader = gguf.GGUFReader(beside, "r+")
    reader.fields[key].parts[-1][0] = value
    reader.data.flush()

    assert found(path) == "projector.damaged"


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=some.data())
def test_flipped_bytes_in_its_header_are_a_clear_word_or_nothing(tmp_path: Path, data: some.DataObject) -> None:
    path, beside = model(tmp_path / "one.gguf"), eyes(tmp_path / "mmproj-one.gguf")
    raw = bytearray(beside.read_bytes())
    for _ in range(data.draw(some.integers(1, 8))):
        raw[data.draw(some.integers(0, 2500))] = data.draw(some.integers(0, 255))
    beside.write_bytes(raw)
    problem = "projector."
    try:
        projector_file.inspect(beside, model_file.inspect(path))
    except DeskError as error:
        problem = error.problem.id
    assert problem.startswith("projector.")


def test_what_our_own_projectors_say_of_their_training_is_read(tmp_path: Path) -> None:
    path, beside = model(tmp_path / "one.gguf"), tmp_path / "mmproj-one.gguf"
    own = {"min_tokens": 21, "max_tokens": 30, "side": 160}
    projector(
        beside, ProjectorShape(), numbers={f"mistral_desk.image.{key}": n for key, n in own.items()}, pad="square"
    )
    file = projector_file.inspect(beside, model_file.inspect(path))

    assert (file.min_tokens, file.max_tokens, file.side, file.pad) == (21, 30, 160, "square")
    plain = projector_file.inspect(eyes(tmp_path / "mmproj-one-plain.gguf"), model_file.inspect(path))
    assert (plain.min_tokens, plain.max_tokens, plain.side, plain.pad) == (None, None, 1540, "")


def test_what_only_hears_is_no_eyes(tmp_path: Path) -> None:
    ears = projector(tmp_path / "mmproj.gguf", ProjectorShape(layers=0), sees=False)
    with pytest.raises(DeskError) as caught:
        projector_file.inspect(ears, model_file.inspect(model(tmp_path / "one.gguf")))

    assert (caught.value.problem.id, caught.value.problem.detail) == ("projector.not_one", "no vision encoder")
