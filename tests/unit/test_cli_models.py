"""`mistral-desk models` as a program: its JSON, its words, its refusals, and a refresh from a server here."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from mistral_desk.catalog import facts, header_file
from mistral_desk.catalog.claims import HeaderFacts
from mistral_desk.catalog.store import Entry, Fetched, replace
from mistral_desk.cli.main import main
from mistral_desk.core import words
from mistral_desk.core.paths import folders, resource
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite

if TYPE_CHECKING:
    from collections.abc import Iterator

MACHINE: Final = json.dumps(
    {
        "cores": 8, "ram_gb": 32, "ram_available_gb": 28, "ram_gbps": 60, "ssd_gbps": 3.5, "ssd_random_gbps": 0.7,
        "unified": False,
        "gpus": [{"name": "a card", "vram_gb": 8, "vram_available_gb": 7.4, "gbps": 272, "pcie_gbps": 12,
                  "integrated": False}],
    }
)  # fmt: skip
ROW: Final = {
    "id": str, "title": str, "provider": str, "license": str, "open_weights": bool, "modality": list, "tags": list,
    "context": str, "context_tokens": int, "release_date": str, "benchmarks": dict, "deprecated": type(None),
    "superseded_by": type(None), "origin": str, "content_verified": type(None), "model": str, "speed": str,
    "quality": str, "quant": str, "bytes": int, "fits": bool,
}  # fmt: skip
"""What `--json` promises of the given record; programs read these names."""
LISTING: Final = ["total", "publisher", "fetched", "machine", "models", "set_aside", "refreshed"]
PAGE: Final = [
    "id", "title", "type", "provider", "license", "model_type", "open_weights", "website", "release_date",
    "last_updated", "last_verified", "verification_status", "content_verified", "origin", "availability", "deprecated",
    "superseded_by", "variant_of", "description", "body", "something_else", "best_for", "tags", "modality",
    "capabilities", "context", "context_tokens", "parameters", "parameters_total", "parameters_active", "hardware",
    "claimed_video_memory_gb", "pricing", "benchmarks", "related", "other", "oddities", "publisher", "claims",
    "machine", "variants", "raw",
]  # fmt: skip


def models(*arguments: str) -> int:
    return main(["models", *arguments, "--machine", MACHINE], window=lambda _picture, _file: 0)


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert models(*arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


def ids(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[str]:
    return [row["id"] for row in answer(capsys, *arguments)["models"]]


@pytest.fixture
def fetched() -> None:
    """A catalog of 31 records of every variation, as if it had been fetched."""
    entries = tuple(Entry(one.body, None, number == 0 or None) for number, one in enumerate(published(31)))
    replace(folders().cache, Fetched(1_700_000_000.0, "http://127.0.0.1:1", entries, attribution="somebody.example"))


def test_the_listing_is_what_programs_were_promised(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys)
    assert list(found) == LISTING
    assert (found["total"], found["fetched"], found["refreshed"], found["set_aside"]) == (10, None, None, [])
    (own,) = (row for row in found["models"] if row["id"] == "mistral-small-4")
    assert {name: type(value) for name, value in own.items()} == ROW
    assert list(own) == list(ROW)
    kept = {name: own[name] for name in ROW if name not in {"speed", "quality", "quant", "bytes", "fits"}}
    assert kept == {
        "id": "mistral-small-4",
        "title": "Mistral Small 4",
        "provider": "Mistral AI",
        "license": "Apache 2.0",
        "open_weights": True,
        "modality": ["text", "image"],
        "tags": ["mistral ai", "open-source", "text", "image"],
        "context": "128K tokens",
        "context_tokens": 128000,
        "release_date": "2026-03",
        "benchmarks": {"reasoning": 76, "coding": 78, "math": 74, "writing": 78, "multilingual": 86, "speed": 92},
        "deprecated": None,
        "superseded_by": None,
        "origin": "bundled",
        "content_verified": None,
        "model": "mistral-small-4",
    }


def test_what_suits_this_computer_comes_first_and_fits_keeps_only_that(capsys: pytest.CaptureFixture[str]) -> None:
    everything = answer(capsys)["models"]
    assert everything[0]["id"] == "gemma-4"
    assert everything[-1]["speed"] is None  # nothing is known of its files: last
    fitting = answer(capsys, "--fits")["models"]
    assert fitting
    assert all(row["fits"] for row in fitting)
    assert "mistral-small-4" not in [row["id"] for row in fitting]
    assert [row for row in everything if row["fits"]] == fitting


def test_words_filters_and_orders_add_up(capsys: pytest.CaptureFixture[str], fetched: None) -> None:
    assert ids(capsys, "mistral", "small") == ["mistral-small-3", "mistral-small-4"]
    assert ids(capsys, "mistral small", "--provider", "mistral ai", "--license", "apache-2.0") == ["mistral-small-4"]
    assert "mistral-small-4" in ids(capsys, "--sees", "--open", "--context", "200000")
    by_date = [row["release_date"] for row in answer(capsys, "--sort", "date")["models"]]
    stated = [date for date in by_date if date]
    assert by_date == [*stated, *[None] * (len(by_date) - len(stated))]
    found = answer(capsys, "--sort", "coding", "--reverse")["models"]
    known = [row["benchmarks"]["coding"] for row in found if "coding" in row["benchmarks"]]
    assert known == sorted(known)
    assert all("coding" not in row["benchmarks"] for row in found[len(known) :])
    assert max(row["bytes"] for row in answer(capsys, "--max-size", "10")["models"]) <= 10**10


def test_a_page_has_the_record_the_claims_and_the_verdicts(capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(capsys, "mistral-small-4")
    assert list(found) == PAGE
    given = resource("catalog", "records", "mistral-small-4.json").read_bytes()
    assert found["raw"] == json.loads(given)
    assert found["something_else"]["models"] == ["mistral-small-3", "gemma-4", "qwen-3.5", "glm-5"]
    assert (found["parameters_total"], found["parameters_active"]) == (119 * 10**9, 65 * 10**8)
    assert found["claimed_video_memory_gb"] == 8
    assert found["pricing"]["note"] == "Also via Mistral API"
    assert (found["other"], found["oddities"]) == ({}, [])
    memory, context = found["claims"]
    assert memory == {
        "about": "memory",
        "catalog_says": "8GB VRAM (Q4, 6.5B active); fits on consumer GPUs",
        "catalog_source": "the catalog (ai-future-ready.com), updated 2026-04-10",
        "facts_say": "Mistral Small 4: the file UD-Q4_K_XL takes 74.2 GB, and all of it must be within reach.",
        "facts_source": "unsloth/Mistral-Small-4-119B-2603-GGUF at revision bd93c721735a, not yet checked",
        "note": memory["note"],
    }
    assert context["facts_say"] == "Mistral Small 4 takes 262,144 tokens of context."
    assert len(found["variants"]) > 5
    assert {"quant", "speed", "quality", "placement", "tokens_per_s"} <= set(found["variants"][0])


def test_a_header_that_was_read_in_the_window_stands_beside_the_claims_here_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    (repository, *_) = facts.find("mistral-small-4")[0].repositories
    said = HeaderFacts(f"{repository.repository}/a file", 200_000, None, 80 * 10**9, None)
    header_file.write(folders().cache, {repository.repository.lower(): said})
    claims = answer(capsys, "mistral-small-4")["claims"]
    by_header = {claim["about"]: claim["facts_say"] for claim in claims if said.file in claim["facts_source"]}
    assert "80" in by_header["memory"]
    assert "200,000" in by_header["context"]
    assert models("mistral-small-4") == 0
    assert said.file in " ".join(capsys.readouterr().out.split())


def test_a_least_and_a_most_size_go_together(capsys: pytest.CaptureFixture[str], fetched: None) -> None:
    large, small = ids(capsys, "--min-size", "40"), ids(capsys, "--max-size", "39.9")
    assert large
    assert small
    assert not set(large) & set(small)
    assert set(ids(capsys, "--min-size", "2", "--max-size", "39.9")) <= set(small)


@pytest.mark.parametrize("found", published(31), ids=lambda found: found.variation)
def test_every_variation_has_a_page(found: Any, capsys: pytest.CaptureFixture[str], fetched: None) -> None:
    page = answer(capsys, found.id)
    assert page["raw"] == found.record
    assert models(found.id) == 0
    text = capsys.readouterr().out
    for part in (page["description"], *page["best_for"][:50], *page["tags"], page["license"], page["context"]):
        assert part is None or "".join(part.split())[:120] in "".join(text.split())


def test_the_same_page_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("mistral-small-4") == 0
    text = capsys.readouterr().out
    for said in (
        "Mistral AI · Apache 2.0 · 2026-03",
        "Will it run here?",
        "Too slow for chat  Slightly reduced",
        "The catalog says: “8GB VRAM",
        "takes 74.2 GB",
        "Both can be true",
        "Coding 78 of 100",
        "When to pick something else",
        "Known here: Mistral Small 3 24B (mistral-small-3), Gemma 4 (gemma-4)",
        "Gemma 3 (gemma-3): shared: open-source, text, image",
        "Best for: Efficient self-hosting",
        "Also via Mistral API (not on this",
        "The publisher calls it “unverified”.",
        "From the catalog of ai-future-ready.com.",
    ):
        assert said in text


def test_a_list_in_words(capsys: pytest.CaptureFixture[str], fetched: None) -> None:
    assert models("gemma") == 0
    text = capsys.readouterr().out
    assert "8 cores · 32.0 GB of memory · a card 8.0 GB" in text
    (line,) = (line for line in text.splitlines() if line.endswith("  gemma-4-26b-a4b"))
    assert line.split("  ")[0] == "Gemma 4 26B-A4B"
    assert "Fast" in line
    assert "2 models\nCatalog: somebody.example, fetched on 2023-11-1" in text
    assert models("no such model") == 0
    assert "No model has all of that." in capsys.readouterr().out


def test_columns_stand_under_each_other_also_with_wide_letters(
    capsys: pytest.CaptureFixture[str], fetched: None
) -> None:
    assert models("--provider", "七星") == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "七星" in line or line.startswith("Model ")]
    head, *rows = lines
    assert len(rows) > 2
    for row in rows:
        columns = sum(2 if character in "七星" else 1 for character in row[: row.index("七星")])
        assert columns == head.index("Provider")


def test_models_that_only_others_or_our_facts_know_say_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert models("gemma-4") == 0
    assert "Only what another record says of it is known here" in capsys.readouterr().out
    assert models("glm-5") == 0
    text = capsys.readouterr().out
    assert "Only its files are known here" in text
    assert "GLM-5 (glm-5) · Parameters: 744 billion" in text
    assert "\n\n\n" not in text
    assert "From the catalog" not in text


def test_words_are_translated_and_json_is_not(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    plain = answer(capsys, "mistral-small-4")
    monkeypatch.setenv(words.VARIABLE, "qps")
    try:
        assert answer(capsys, "mistral-small-4") == plain
        assert models("mistral-small-4") == 0
        assert "⟦" in capsys.readouterr().out
    finally:
        words.use("en")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["--sort", "beauty"], "catalog.sort"),
        (["--refresh"], "net.unreachable"),
    ],
)
def test_refusals(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", "http://127.0.0.1:1")
    assert models(*arguments, "--json") == 1
    assert json.loads(capsys.readouterr().out)["id"] == problem


@pytest.mark.allow_log(".", "mistral_desk.catalog")
def test_below_a_list_stands_whether_anything_was_fetched_and_what_could_not_be_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert models("no such model") == 0
    assert capsys.readouterr().out.endswith("Nothing was fetched yet: --refresh does.\n")
    replace(folders().cache, Fetched(1_700_000_000.0, "http://127.0.0.1:1", (Entry(b"{"),), attribution="x.example"))
    assert models("no such model") == 0
    day = time.strftime("%Y-%m-%d", time.localtime(1_700_000_000.0))
    assert capsys.readouterr().out.endswith(f"fetched on {day}.\n1 record could not be read.\n")


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[CatalogSite]:
    with CatalogSite(published(12)) as running:
        monkeypatch.setenv("MISTRAL_DESK_CATALOG_URL", running.url)
        yield running


def test_a_refresh_fetches_the_catalog_first(capsys: pytest.CaptureFixture[str], site: CatalogSite) -> None:
    found = answer(capsys, "--refresh")
    assert found["refreshed"] == {
        "added": 12, "changed": 0, "deleted": 0, "unchanged": 0, "verified": 12, "differing": 0,
    }  # fmt: skip
    assert found["total"] == 22
    assert {row["id"]: row["content_verified"] for row in found["models"]}[published(12)[0].id] is True
    assert found["publisher"] == site.url.removeprefix("http://")
    assert models("--refresh", "alder") == 0
    assert "Refreshed. New: 0, changed: 0, gone: 0." in capsys.readouterr().out
    requests = len(site.asked)
    assert models("alder") == 0
    assert len(site.asked) == requests
