"""What a model's header says that would end llama.cpp, or answer never: each is refused with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mistral_desk.catalog.gguf import Array, Header, Tensor
from mistral_desk.core.errors import DeskError
from mistral_desk.inference import model_file

SOUND: dict[str, Any] = {
    "block_count": 2,
    "embedding_length": 64,
    "context_length": 4096,
    "attention.head_count": 4,
    "attention.head_count_kv": 2,
}


def refused(architecture: str = "llama", **changed: Any) -> str:
    """Why a header is refused; nothing where it is not. `__` stands for a dot."""
    own = SOUND | {name.replace("__", "."): value for name, value in changed.items()}
    metadata = {f"{architecture}.{name}": value for name, value in own.items()}
    tensors = (Tensor("token_embd.weight", (64, 1024), 0, 0),)
    try:
        model_file.check(Header(3, {"general.architecture": architecture, **metadata}, tensors, 0, 0), "one.gguf")
    except DeskError as error:
        return str(error.problem.params["reason"]) if error.problem.id == "model.damaged" else error.problem.id
    return ""


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"block_count": 0}, "0 layers"),
        ({"embedding_length": 96}, "width 96, but its words are 64 wide"),
        ({"context_length": 0}, "context_length 0"),
        ({"expert_count": 8, "expert_used_count": 2, "expert_group_count": 4, "expert_group_used_count": 2}, ""),
        ({"expert_count": 100_000, "expert_used_count": 2}, "100000 experts"),
        ({"expert_count": -1}, "-1 experts"),
        ({"expert_count": 4, "expert_used_count": 5}, "5 experts used of 4"),
        ({"expert_count": 4, "expert_used_count": 0}, "no expert is used"),
        ({"expert_count": 4, "expert_used_count": 1, "expert_gating_func": 99}, "expert gating 99"),
        ({"expert_count": 4, "expert_used_count": 1, "expert_group_count": 3}, "3 groups of 4 experts"),
        ({"expert_count": 4, "expert_used_count": 1, "expert_group_count": 2}, "2 groups of 4 experts"),
        ({"expert_count": 4, "expert_used_count": 1, "expert_group_count": 8}, "8 groups of 4 experts"),
        ({"attention__head_count": Array(4, 2, (4, 4))}, ""),
        ({"attention__head_count": Array(4, 1, (4,))}, "1 values of attention.head_count for 2 layers"),
        ({"attention__head_count": -1}, "-1 attention heads"),
        ({"attention__head_count_kv": 3}, "3 key heads for 4 attention heads"),
        ({"attention__head_count_kv": 0}, "0 key heads for 4 attention heads"),
        ({"attention__key_length": 1 << 21}, "attention.key_length 2097152"),
        ({"attention__key_length": 64, "attention__key_length_mla": 16, "rope__dimension_count": 32},
         "attention.key_length_mla 16, of which 32 are turned"),
    ],
)  # fmt: skip
def test_a_header_is_sound_or_refused_by_name(changed: dict[str, Any], reason: str) -> None:
    assert refused(**changed) == reason


def test_a_header_without_an_architecture_is_damaged() -> None:
    with pytest.raises(DeskError) as caught:
        model_file.check(Header(3, {}, (), 0, 0), "one.gguf")

    assert caught.value.problem.params["reason"] == "no architecture"


def test_a_path_that_no_system_takes_is_missing() -> None:
    with pytest.raises(DeskError) as caught:
        model_file.read(Path("model\0.gguf"))

    assert caught.value.problem.id == "model.missing"
