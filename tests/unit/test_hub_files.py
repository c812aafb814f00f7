"""Files of a repository in order: quantizations by their names, parts together, projectors apart, odd names aside."""

from __future__ import annotations

import pytest

from mistral_desk.catalog.hub_files import RemoteFile, arranged, plain_path, quantization_of, tree_file

QUANTIZATIONS = {
    "Mistral-Small-4-119B-2603-UD-Q4_K_XL-00001-of-00003.gguf": "UD-Q4_K_XL",
    "UD-Q4_K_XL/Mistral-Small-4-119B-2603-UD-Q4_K_XL-00001-of-00003.gguf": "UD-Q4_K_XL",
    "MXFP4_MOE/x-00001-of-00002.gguf": "MXFP4_MOE",
    "Ministral-3-8B-Instruct-2512-Q4_K_M.gguf": "Q4_K_M",
    "Ministral-3-8B-Instruct-2512-BF16.gguf": "BF16",
    "gemma-4-26B-A4B-it-qat-q4_0.gguf": "Q4_0",
    "gpt-oss-120b-mxfp4-00001-of-00003.gguf": "MXFP4",
    "Qwen3.5-9B.i1-IQ3_XXS.gguf": "IQ3_XXS",
    "Qwen3.5-9B.Q8_0.gguf": "Q8_0",
    "model-f16.gguf": "F16",
    "model-TQ1_0.gguf": "TQ1_0",
    "model-Q4_0_4_8.gguf": "Q4_0_4_8",
    "model-NVFP4.gguf": "NVFP4",
    "Q8_0/model.gguf": "Q8_0",
    "ggml-model.gguf": "",
    "Qwen2-7B.gguf": "",
    "BF16Lab-model.gguf": "",
}


@pytest.mark.parametrize("path", QUANTIZATIONS)
def test_a_quantization_is_read_from_the_name(path: str) -> None:
    assert quantization_of(path) == QUANTIZATIONS[path]


def test_parts_stand_together_and_projectors_apart() -> None:
    paths = {
        "README.md": 10,
        "imatrix_unsloth.gguf": 5,
        "mmproj-F32.gguf": 200,
        "mmproj-BF16.gguf": 100,
        "mmproj-F16.gguf": 100,
        "m-Q8_0.gguf": 900,
        "UD-Q4_K_XL/m-UD-Q4_K_XL-00002-of-00003.gguf": 300,
        "UD-Q4_K_XL/m-UD-Q4_K_XL-00001-of-00003.gguf": 8,
        "UD-Q4_K_XL/m-UD-Q4_K_XL-00003-of-00003.gguf": 200,
        "Q6_K/m-Q6_K-00002-of-00002.gguf": 350,
    }
    found = arranged("a/b", "c" * 40, [RemoteFile(path, size) for path, size in paths.items()])
    assert [(one.name, one.bytes, one.shards, one.complete) for one in found.quantizations] == [
        ("Q6_K", 350, 1, False),
        ("UD-Q4_K_XL", 508, 3, True),
        ("Q8_0", 900, 1, True),
    ]
    assert [file.name[-22:-5] for file in found.quantizations[1].files] == [
        "K_XL-00001-of-00003",
        "K_XL-00002-of-00003",
        "K_XL-00003-of-00003",
    ] or [file.path for file in found.quantizations[1].files] == sorted(paths)[2:5]
    assert [file.path for file in found.projectors] == ["mmproj-BF16.gguf", "mmproj-F16.gguf", "mmproj-F32.gguf"]
    assert found.projector is not None
    assert found.projector.path == "mmproj-F16.gguf"
    assert [file.path for file in found.other] == ["README.md", "imatrix_unsloth.gguf"]


def test_two_models_with_one_quantization_keep_their_names() -> None:
    found = arranged("a/b", "c" * 40, [RemoteFile("small-Q4_K_M.gguf", 1), RemoteFile("large-Q4_K_M.gguf", 2)])
    assert [one.name for one in found.quantizations] == ["small-Q4_K_M", "large-Q4_K_M"]
    assert {one.quantization for one in found.quantizations} == {"Q4_K_M"}


@pytest.mark.parametrize("name", ["m-00000-of-00002.gguf", "m-00003-of-00002.gguf", "m-00001-of-00000.gguf"])
def test_parts_that_cannot_be_are_single_files(name: str) -> None:
    (one,) = arranged("a/b", "c" * 40, [RemoteFile(name, 1)]).quantizations
    assert one.shards == 1


@pytest.mark.parametrize(
    "path",
    ["", "/a", "../a", "a/../b", "a//b", "a/./b", "a\\b", "c:\\b", "a\0b", "a\nb", "a/ b", "x" * 600, 7, None, "a:b"],
)
def test_paths_that_lead_elsewhere_are_none(path: object) -> None:
    assert plain_path(path) is None


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"type": "file", "path": "a.gguf", "size": 7}, RemoteFile("a.gguf", 7)),
        ({"path": "a.gguf", "size": 7}, RemoteFile("a.gguf", 7)),
        (
            {"type": "file", "path": "a.gguf", "size": 135, "lfs": {"oid": "A" * 64, "size": 9}},
            RemoteFile("a.gguf", 9, "a" * 64),
        ),
        ({"type": "file", "path": "a.gguf", "size": 7, "lfs": {"oid": "short"}}, RemoteFile("a.gguf", 7)),
        ({"type": "file", "path": "a.gguf", "size": 7, "lfs": {"oid": 7, "size": "9"}}, None),
        ({"type": "directory", "path": "a", "size": 0}, None),
        ({"type": "file", "path": "../a.gguf", "size": 7}, None),
        ({"type": "file", "path": "a.gguf", "size": -1}, None),
        ({"type": "file", "path": "a.gguf", "size": True}, None),
        ({"type": "file", "path": "a.gguf", "size": 1 << 60}, None),
        ({"type": "file", "path": "a.gguf"}, None),
        ({"type": ["file"], "path": "a.gguf", "size": 1}, None),
        ({}, None),
    ],
)
def test_an_entry_of_the_listing(entry: dict[str, object], expected: RemoteFile | None) -> None:
    assert tree_file(entry) == expected


def test_one_file_and_the_same_in_parts_have_names_of_their_own() -> None:
    """With one name for both, the verdict on one stood on the other's card."""
    whole = RemoteFile("M-Q4_K_M.gguf", 300)
    parts = [RemoteFile(f"M-Q4_K_M-{number:05}-of-00002.gguf", 150) for number in (1, 2)]
    more = [RemoteFile(f"M-Q4_K_M-{number:05}-of-00003.gguf", 100) for number in (1, 2, 3)]
    found = arranged("a/b", "c" * 40, [whole, *parts, *more]).quantizations
    assert len(found) == 3
    assert len({one.name for one in found}) == 3
