"""Claims and truth side by side: where facts or a header differ from a record, with sources, and nothing where not."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from mistral_desk.catalog import facts
from mistral_desk.catalog.claims import Claim, HeaderFacts, claims, header_facts, in_english, in_words
from mistral_desk.catalog.gguf import read_header
from mistral_desk.catalog.record import Record, read
from mistral_desk.catalog.search import facts_of
from mistral_desk.core.paths import resource
from tests.fixtures.gguf_models import mistral4

if TYPE_CHECKING:
    from pathlib import Path

GIVEN: Final = read(resource("catalog", "records", "mistral-small-4.json").read_bytes())
GB: Final = 10**9


def said(claim: Claim) -> dict[str, str]:
    return {
        "catalog": claim.catalogue_says,
        "catalog source": in_words(claim.catalogue_source),
        "facts": in_words(claim.facts_say),
        "source": in_words(claim.facts_source),
        "note": in_words(claim.note) if claim.note else "",
    }


def record(**metadata: Any) -> Record:
    document = json.loads(json.dumps(GIVEN.raw))
    document["metadata"].update(metadata)
    return read(json.dumps(document).encode())


def test_the_given_record_says_8_gb_and_the_file_has_74() -> None:
    found = {claim.about: said(claim) for claim in claims(GIVEN, facts_of(GIVEN.id))}
    assert list(found) == ["memory", "context"]
    assert found["memory"] == {
        "catalog": "8GB VRAM (Q4, 6.5B active); fits on consumer GPUs",
        "catalog source": "the catalog (ai-future-ready.com), updated 2026-04-10",
        "facts": "Mistral Small 4: the file UD-Q4_K_XL takes 74.2 GB, and all of it must be within reach.",
        "source": "unsloth/Mistral-Small-4-119B-2603-GGUF at revision bd93c721735a, not yet checked",
        "note": (
            "Both can be true: the GPU holds the 5.4 GB that every word uses, if memory holds the 68.8 GB of experts, "
            "of which a word reads a small part."
        ),
    }
    assert found["context"]["catalog"] == "128K tokens"
    assert found["context"]["facts"] == "Mistral Small 4 takes 262\u202f144 tokens of context."
    assert "Mistral-Small-4-119B-2603" in found["context"]["source"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"hardware_requirements": "80GB VRAM", "context_window": "262,144 tokens"},
        {"hardware_requirements": None, "context_window": None},
        {"hardware_requirements": "a data center", "context_window": "not disclosed"},
        {"hardware_requirements": "4x 24GB VRAM", "context_window": "128K native, 256K with YaRN"},
    ],
)
def test_where_they_agree_or_nothing_is_claimed_nothing_is_said(metadata: dict[str, Any]) -> None:
    assert claims(record(**metadata), facts_of(GIVEN.id)) == ()


def test_without_facts_nothing_is_contradicted() -> None:
    assert claims(GIVEN, ()) == ()


def test_other_differences_are_told_too() -> None:
    wrong = record(
        parameters="24B", license="MIT", modality=["text"], context_window="256K", hardware_requirements="96GB VRAM"
    )
    found = {claim.about: said(claim) for claim in claims(wrong, facts_of(GIVEN.id))}
    assert {about: (one["catalog"], one["facts"]) for about, one in found.items()} == {
        "parameters": ("24B", "Mistral Small 4 has 119 billion parameters."),
        "license": ("MIT", "Mistral Small 4 is published under “apache-2.0”."),
        "images": ("text", "Mistral Small 4 takes text and images."),
    }


@pytest.mark.parametrize("license_", ["Apache 2.0", "apache-2.0", "Apache License 2.0", "Apache 2.0 license"])
def test_a_licence_in_another_spelling_is_the_same(license_: str) -> None:
    about = {claim.about for claim in claims(record(license=license_), facts_of(GIVEN.id))}
    assert "license" not in about


def test_a_record_of_several_models_is_only_contradicted_by_all_of_them() -> None:
    several = facts_of("mistral-3")
    assert len(several) > 2
    fair = record(parameters="3B to 675B", hardware_requirements="4GB VRAM (Q4)", context_window="256K")
    assert {claim.about for claim in claims(fair, several)} <= {"images"}
    small = record(parameters="119B", hardware_requirements="1GB VRAM (Q4)")
    found = {claim.about: said(claim) for claim in claims(small, several)}
    assert "Ministral 3 3B: the file Q4_K_M takes 2.1 GB" in found["memory"]["facts"]
    assert found["memory"]["note"] == "What the GPU cannot hold must lie in memory, where it is slower."


def test_a_mixture_whose_experts_nobody_measured_is_explained_by_its_parameters() -> None:
    (model,) = (model for model in facts_of("gemma-4") if model.id == "gemma-4-26b-a4b")
    found = {claim.about: said(claim) for claim in claims(record(hardware_requirements="4GB VRAM"), (model,))}
    assert "uses 3.8 of 25.8 billion parameters" in found["memory"]["note"]


def test_published_sizes_that_were_rounded_are_called_about() -> None:
    (model,) = facts_of(GIVEN.id)
    rounded = msgspec.structs.replace(model, repositories=model.repositories[1:2])
    found = {claim.about: said(claim) for claim in claims(GIVEN, (rounded,))}
    assert "takes about 72.6 GB" in found["memory"]["facts"]


def test_a_header_says_it_exactly_and_goes_before_what_was_published() -> None:
    header = HeaderFacts("one.gguf", 1_048_576, 119 * GB, 70 * GB, 64 * GB)
    found = claims(GIVEN, facts_of(GIVEN.id), header)
    assert [claim.about for claim in found] == ["memory", "context", "context"]
    memory, context, published = map(said, found)
    assert memory["facts"] == "The weights in this file take 70.0 GB, and all of them must be within reach."
    assert memory["source"] == "the header of one.gguf"
    assert "the 6.0 GB that every word uses" in memory["note"]
    assert context["facts"] == "The file says 1\u202f048\u202f576 tokens of context."
    assert "supported: 262\u202f144 tokens" in context["note"]
    assert "262\u202f144" in published["facts"]


def test_the_facts_of_a_header_are_counted_from_its_tensors(tmp_path: Path) -> None:
    path = mistral4(tmp_path / "small.gguf")
    data = path.read_bytes()
    header = read_header(lambda at, size: data[at : at + size], len(data))
    found = header_facts(header, path.name)
    assert found.bytes == sum(tensor.bytes or 0 for tensor in header.tensors)
    assert found.parameters == sum(tensor.elements for tensor in header.tensors)
    assert found.experts_bytes is not None
    assert found.bytes is not None
    assert 0 < found.experts_bytes < found.bytes
    assert found.context == header.own("context_length")
    part = msgspec.structs.replace(found)  # the first of several files says nothing about all of them
    split = type(header)(header.version, {**header.metadata, "split.count": 3}, header.tensors, header.data, header.end)
    assert header_facts(split, path.name) == HeaderFacts(path.name, part.context, None, None, None)


def test_programs_read_english_with_plain_numbers() -> None:
    wrong = record(parameters="24B", context_window="2K", hardware_requirements="8GB VRAM")
    said_ = {claim.about: in_english(claim.facts_say) for claim in claims(wrong, facts_of(GIVEN.id))}
    assert said_["parameters"] == "Mistral Small 4 has 119 billion parameters."
    assert said_["context"] == "Mistral Small 4 takes 262,144 tokens of context."
    assert "takes 74.2 GB" in said_["memory"]


def test_claims_about_every_fact_are_sentences() -> None:
    claimed = record(
        hardware_requirements="0.5GB VRAM", context_window="2K", parameters="1M", license="X", modality=["audio"]
    )
    for model in facts.models():
        for claim in claims(claimed, (model,)):
            for text in said(claim).values():
                assert "{" not in text
            assert said(claim)["facts"].endswith(".")


@pytest.mark.parametrize("kinds", [["text", "vision"], ["Text", "Images"], ["multimodal"], "text, image"])
def test_another_word_for_images_is_no_contradiction(kinds: object) -> None:
    about = {claim.about for claim in claims(record(modality=kinds), facts_of(GIVEN.id))}
    assert "images" not in about


def test_a_hub_that_has_no_name_for_a_licence_contradicts_none() -> None:
    other = tuple(msgspec.structs.replace(model, license="other") for model in facts_of(GIVEN.id))
    assert "license" not in {claim.about for claim in claims(record(license="Some Terms of Use"), other)}
