"""Our own facts about downloads are whole: every model has what the product promises, null where nobody knows it."""

from __future__ import annotations

import re

from mistral_desk.catalog import facts


def test_every_model_belongs_to_a_record_and_has_a_repository() -> None:
    models = facts.models()
    assert len({model.id for model in models}) == len(models) > 20
    for model in models:
        assert model.catalog
        assert model.source
        assert model.repositories
        for repository in model.repositories:
            assert re.fullmatch(r"[\w.-]+/[\w.-]+", repository.repository)
            assert repository.revision is None or re.fullmatch(r"[0-9a-f]{40}", repository.revision)
            assert repository.source


def test_sizes_and_hashes_are_those_of_files() -> None:
    hashes: dict[str, int] = {}
    for model in facts.models():
        for repository in model.repositories:
            files = [file for quantization in repository.quantizations for file in quantization.files]
            for file in (*files, *([repository.projector] if repository.projector else [])):
                assert file.path.endswith(".gguf")
                assert ".." not in file.path
                assert file.bytes is None or file.bytes > 0
                if file.sha256 is not None:
                    assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
                    size = hashes.setdefault(file.sha256, file.bytes or 0)
                    assert size == (file.bytes or 0), "the same content has the same size"
            for quantization in repository.quantizations:
                sizes = [file.bytes for file in quantization.files]
                if quantization.bytes and sizes and None not in sizes:
                    assert sum(size or 0 for size in sizes) == quantization.bytes


def test_the_model_that_the_product_is_named_for_is_known_to_the_byte() -> None:
    (model,) = facts.find("mistral-small-4")
    (file,) = (q for r in model.repositories for q in r.quantizations if q.name == "UD-Q4_K_XL")
    assert (file.bytes, file.approximate, len(file.files)) == (74_161_639_424, False, 3)
    assert all(part.sha256 for part in file.files)
    eyes = model.repositories[0].projector
    assert eyes is not None
    assert eyes.bytes == 857_078_496


def test_the_gate_is_that_of_a_repository() -> None:
    gates = {r.repository: r.gated for model in facts.models() for r in model.repositories}
    assert gates["google/gemma-3-27b-it-qat-q4_0-gguf"] is True
    assert gates["unsloth/gemma-3-27b-it-GGUF"] is False
    assert gates["ggml-org/Llama-4-Scout-17B-16E-Instruct-GGUF"] is False
