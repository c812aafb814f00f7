"""Search, filters and sort: every word is found, filters add up, what nobody stated comes last in both directions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.catalog.record import Record, read
from mistral_desk.catalog.search import (
    Facet,
    Fit,
    Index,
    Wishes,
    license_key,
    licensed,
    modalities,
    open_weights,
)
from mistral_desk.catalog.store import Catalogue, open_catalogue
from tests.fixtures.catalog_records import published

if TYPE_CHECKING:
    from pathlib import Path

GB: Final = 10**9


def record(model: str, **fields: Any) -> Record:
    return read(json.dumps({"id": model, "title": model.title(), **fields}).encode())


ALPHA = record(
    "alpha-7b", title="Alpha 7B", provider="Núcleo", tags=["code", "text"], description="Schreibt Programme.",
    license="Apache 2.0", model_type="open-source", modality=["text"], context_window="128K", release_date="2026-03",
    benchmarks={"coding": 70, "math": 50}, best_for=["Drafting letters"],
)  # fmt: skip
BETA = record(
    "beta", title="Beta (Großes)", provider="Nucleo", tags=["vision"], license="apache-2.0", modality=["text", "image"],
    model_type="proprietary", context_window="64K native, 1M with YaRN", release_date="2026-04-10",
    benchmarks={"coding": 90, "math": None}, description="alpha of the betas",
)  # fmt: skip
GAMMA = record("gamma", provider=None, benchmarks=None, release_date="soon", license="MIT")
DELTA = record("delta-3.5", title="Delta3.5", provider="Wald", release_date="2025", tags=["Code"])
FOUR: Final = Index(Catalogue((ALPHA, BETA, DELTA, GAMMA)))
FITS: Final = {
    "alpha-7b": Fit(1, True, 5 * GB),
    "beta": Fit(0, False, 70 * GB),
    "gamma": Fit(2, None, None),
}


def found(index: Index = FOUR, **wishes: Any) -> list[str]:
    return [hit.record.id for hit in index.find(Wishes(**wishes), FITS)]


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("", ["beta", "alpha-7b", "gamma", "delta-3.5"]),
        ("alpha", ["alpha-7b", "beta"]),
        ("ALPHA núcleo", ["alpha-7b", "beta"]),
        ("alpha 7", ["alpha-7b"]),
        ("alpha7b", ["alpha-7b"]),
        ("nucleo", ["beta", "alpha-7b"]),
        ("grosses", ["beta"]),
        ("letter", ["alpha-7b"]),
        ("code", ["alpha-7b", "delta-3.5"]),
        ("delta 3.5", ["delta-3.5"]),
        ("delta-3", ["delta-3.5"]),
        ("programme", ["alpha-7b"]),
        ("alpha nothing", []),
        ("  \t ", ["beta", "alpha-7b", "gamma", "delta-3.5"]),
        ("(", ["beta"]),
        (".*", []),
    ],
)
def test_every_word_must_be_found_without_case_and_diacritics(text: str, models: list[str]) -> None:
    assert found(text=text) == models


@pytest.mark.parametrize(
    ("wishes", "models"),
    [
        ({"providers": {"NÚCLEO"}}, ["beta", "alpha-7b"]),
        ({"tags": {"code"}}, ["alpha-7b", "delta-3.5"]),
        ({"tags": {"code", "vision"}}, ["beta", "alpha-7b", "delta-3.5"]),
        ({"licenses": {"Apache-2.0"}}, ["beta", "alpha-7b"]),
        ({"licenses": {"MIT License", "apache 2.0"}}, ["beta", "alpha-7b", "gamma"]),
        ({"modality": {"image"}}, ["beta"]),
        ({"modality": {"image", "text"}}, ["beta"]),
        ({"open_weights": True}, ["alpha-7b"]),
        ({"open_weights": False}, ["beta"]),
        ({"least_context": 100_000}, ["beta", "alpha-7b"]),
        ({"least_context": 500_000}, ["beta"]),
        ({"size": (None, 10)}, ["alpha-7b"]),
        ({"size": (10, None)}, ["beta"]),
        ({"size": (5, 70)}, ["beta", "alpha-7b"]),
        ({"fits_here": True}, ["alpha-7b"]),
        ({"text": "alpha", "providers": {"Nucleo"}, "tags": {"vision"}, "least_context": 10}, ["beta"]),
        ({"tags": {"code"}, "licenses": {"MIT"}}, []),
    ],
)
def test_filters_and_how_they_add_up(wishes: dict[str, Any], models: list[str]) -> None:
    assert found(**wishes) == models


@pytest.mark.parametrize(
    ("sort", "forward", "backward"),
    [
        ("fit", ["beta", "alpha-7b", "gamma", "delta-3.5"], ["gamma", "alpha-7b", "beta", "delta-3.5"]),
        ("date", ["beta", "alpha-7b", "delta-3.5", "gamma"], ["delta-3.5", "alpha-7b", "beta", "gamma"]),
        ("name", ["alpha-7b", "beta", "delta-3.5", "gamma"], ["gamma", "delta-3.5", "beta", "alpha-7b"]),
        ("size", ["alpha-7b", "beta", "delta-3.5", "gamma"], ["beta", "alpha-7b", "delta-3.5", "gamma"]),
        ("benchmark:coding", ["beta", "alpha-7b", "delta-3.5", "gamma"], ["alpha-7b", "beta", "delta-3.5", "gamma"]),
        ("benchmark:math", ["alpha-7b", "beta", "delta-3.5", "gamma"], ["alpha-7b", "beta", "delta-3.5", "gamma"]),
        (
            "benchmark:unheard of",
            ["alpha-7b", "beta", "delta-3.5", "gamma"],
            ["alpha-7b", "beta", "delta-3.5", "gamma"],
        ),
    ],
)
def test_sorts_in_both_directions_with_what_nobody_stated_last(
    sort: str, forward: list[str], backward: list[str]
) -> None:
    assert found(sort=sort) == forward
    assert found(sort=sort, reverse=True) == backward


def test_words_in_the_title_come_first_only_where_the_fit_orders() -> None:
    assert found(text="alpha") == ["alpha-7b", "beta"]
    assert found(text="alpha", sort="date") == ["beta", "alpha-7b"]


def test_a_title_that_is_what_was_typed_stands_before_one_that_only_has_its_letters() -> None:
    three, four = record("wind-3", title="Wind 3 24B"), record("wind-4", title="Wind 4")
    index = Index(Catalogue((three, four)))
    fits = {"wind-3": Fit(0, True, None), "wind-4": Fit(1, True, None)}

    assert [hit.record.id for hit in index.find(Wishes(text="wind"), fits)] == ["wind-3", "wind-4"]
    assert [hit.record.id for hit in index.find(Wishes(text="Wind  4"), fits)] == ["wind-4", "wind-3"]


def test_the_order_follows_when_other_models_fit() -> None:
    for model in ("gamma", "delta-3.5"):
        assert FOUR.find(Wishes(), {model: Fit(0, True, None)})[0].record.id == model


def test_marks_stand_where_the_words_stand_also_where_folding_makes_letters_longer() -> None:
    (hit,) = FOUR.find(Wishes(text="grosses beta"))
    texts = {"title": hit.record.title, "description": hit.record.description or ""}
    assert [(mark.field, texts[mark.field][mark.begin : mark.end]) for mark in hit.marks] == [
        ("title", "Großes"), ("title", "Beta"), ("description", "beta"),
    ]  # fmt: skip
    (hit,) = FOUR.find(Wishes(text="letters"))
    assert [(mark.field, mark.number, mark.begin, mark.end) for mark in hit.marks] == [("best_for", 0, 9, 16)]
    assert FOUR.find(Wishes())[0].marks == ()


def test_facets_count_every_spelling_as_one() -> None:
    facets = FOUR.facets()
    assert facets.providers == (Facet("Núcleo", 2), Facet("Wald", 1))
    assert facets.tags[0] == Facet("code", 2)
    assert facets.licenses == (Facet("Apache 2.0", 2), Facet("MIT", 1))
    assert facets.modalities == (Facet("text", 2), Facet("image", 1))
    assert facets.benchmarks == (Facet("coding", 2), Facet("math", 1))


def test_every_facet_finds_as_many_as_it_counts() -> None:
    index = Index(Catalogue(tuple(read(one.body) for one in published(120))))
    facets = index.facets()
    asked = [(facet, Wishes(providers=frozenset({facet.value}))) for facet in facets.providers]
    asked += [(facet, Wishes(tags=frozenset({facet.value}))) for facet in facets.tags]
    asked += [(facet, Wishes(licenses=frozenset({facet.value}))) for facet in facets.licenses]
    asked += [(facet, Wishes(modality=frozenset({facet.value}))) for facet in facets.modalities]
    assert len(asked) > 20
    for facet, wishes in asked:
        assert len(index.find(wishes)) == facet.count, facet


def test_our_facts_stand_in_where_a_record_says_nothing(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    stub = catalogue.get("gemma-4")
    assert stub is not None
    assert (open_weights(stub), licensed(stub), modalities(stub)) == (True, "Apache 2.0", ("text", "image"))
    index = Index(catalogue)
    assert "gemma-4" in [hit.record.id for hit in index.find(Wishes(least_context=262_144, size=(None, 20)))]
    large = [hit.record.id for hit in index.find(Wishes(least_context=262_144))]
    assert "mistral-small-4" in large  # the record says 128K, the model card 262,144


def test_what_one_of_several_models_takes_is_not_what_another_one_does() -> None:
    several = record("mistral-small-3")
    assert modalities(several) == ("text", "image")
    assert modalities(several, "mistral-small-3-24b-2501") == ("text",)
    assert modalities(several, "mistral-small-3.2-2506") == ("text", "image")
    assert modalities(several, "of another") == ("text", "image")
    assert modalities(record("qwen-3.5"), "qwen3.5-9b") == ("text", "image")  # nobody stated it: as the family
    stated = record("mistral-small-3", modality=["audio"])
    assert modalities(stated, "mistral-small-3-24b-2501") == ("audio",)


def test_unknown_is_neither_open_nor_closed() -> None:
    assert open_weights(GAMMA) is None
    said = {"Open weights": True, "closed-source": False, "API-only": False, "something new": None}
    assert {words: open_weights(record("x", model_type=words)) for words in said} == said


@pytest.mark.parametrize(("one", "other"), [("Apache 2.0", "apache-2.0"), ("MIT", "MIT License"), ("GPL v3", "gpl-3")])
def test_licences_are_the_same_in_other_spellings(one: str, other: str) -> None:
    assert license_key(one) == license_key(other)
    assert license_key(one) != license_key("Llama 4 Community")


def test_wishes_can_be_stored_and_come_back() -> None:
    wishes = Wishes(text="x", tags=frozenset({"a"}), size=(None, 8.5), fits_here=True, sort="benchmark:math")
    assert msgspec.json.decode(msgspec.json.encode(wishes), type=Wishes) == wishes
    assert msgspec.json.encode(Wishes()) == b"{}"


@given(some.text(max_size=30), some.text(max_size=20))
def test_any_text_in_any_record_is_found_by_its_own_words(text: str, asked: str) -> None:
    one = record("a", title=text or "a", description=text, tags=[text], best_for=[asked])
    index = Index(Catalogue((one,)))
    for hit in (*index.find(Wishes(text=one.title)), *index.find(Wishes(text=asked))):
        for mark in hit.marks:
            value = getattr(hit.record, mark.field)
            value = value if isinstance(value, str) else value[mark.number]
            assert 0 <= mark.begin < mark.end <= len(value)
    assert index.find(Wishes(text=one.title)), one.title
