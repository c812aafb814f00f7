"""Free words of a record: the numbers in them, the passage about other models, and the names that it mentions."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from mistral_desk.catalog.amount import Amount, amount, parameters, video_memory
from mistral_desk.catalog.passage import body_of, passage_of
from mistral_desk.catalog.record import body, read, when_to_pick_something_else
from mistral_desk.catalog.search import date_of
from mistral_desk.core.paths import resource

TITLES = {
    "mistral-small-3": "Mistral Small 3 24B",
    "gemma-4": "Gemma 4",
    "qwen-3.5": "Qwen3.5",
    "glm-5": "GLM-5",
    "flash": "Flash 8B",
}


@pytest.mark.parametrize(
    ("words", "numbers"),
    [
        ("64K native, 128K with YaRN", (64_000, 128_000)),
        ("128K tokens", (128_000,)),
        ("131,072 tokens", (131_072,)),
        ("1 048 576", (1_048_576,)),
        ("1M", (1_000_000,)),
        ("1.5 million tokens", (1_500_000,)),
        ("32Ki", (32_768,)),
        ("8k-32k", (8_000, 32_000)),
        ("up to 10M tokens (theoretical)", (10_000_000,)),
        ("like gpt-4: 128k", (128_000,)),
        ("v2 model", ()),
        ("not disclosed", ()),
        ("9" * 400, ()),
    ],
)
def test_numbers_in_free_words(words: str, numbers: tuple[int, ...]) -> None:
    assert amount(words) == Amount(words, numbers)
    assert amount(words).largest == (max(numbers) if numbers else None)


@pytest.mark.parametrize(
    ("words", "total", "active"),
    [
        ("119B total (6.5B active)", 119e9, 6.5e9),
        ("70B", 70e9, None),
        ("109B total, 17B active, 16 experts", 109e9, 17e9),
        ("17B active of 400B", 400e9, 17e9),
        ("1.8T (estimated)", 1.8e12, None),
        ("7 billion", 7e9, None),
        ("27000000000", 27e9, None),
        ("undisclosed", None, None),
        ("8 experts", None, None),
    ],
)
def test_total_and_active_parameters(words: str, total: float | None, active: float | None) -> None:
    found = parameters(words)
    assert (found.words, found.total, found.active) == (words, total, active)


@pytest.mark.parametrize(
    ("words", "size"),
    [
        ("8GB VRAM (Q4, 6.5B active); fits on consumer GPUs", 8),
        ("VRAM: 24 GB", 24),
        ("16-24GB VRAM", 16),
        ("at least 48 GB of GPU memory", 48),
        ("24GB VRAM (Q8), 12GB VRAM (Q4)", 12),
        ("512MB VRAM", 0.512),
        ("4x 80GB VRAM", None),
        ("16GB RAM", None),
        ("a data center", None),
    ],
)
def test_claimed_video_memory(words: str, size: float | None) -> None:
    assert video_memory(words) == size


@pytest.mark.parametrize(
    ("words", "date"),
    [
        ("2026-03", (2026, 3, 0)),
        ("2026-04-10", (2026, 4, 10)),
        ("2026-04-10T00:00:00Z", (2026, 4, 10)),
        ("March 2026", (2026, 3, 0)),
        ("Q3 2025", (2025, 7, 0)),
        ("2025", (2025, 0, 0)),
        ("2025-99", (2025, 0, 0)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_free_dates(words: str | None, date: tuple[int, int, int] | None) -> None:
    assert date_of(words) == date


def test_the_given_record_s_passage_and_the_models_it_names() -> None:
    record = read(resource("catalog", "records", "mistral-small-4.json").read_bytes())
    passage = when_to_pick_something_else(record, TITLES)
    assert passage is not None
    assert passage.title == "When to pick something else"
    assert passage.text.startswith("If benchmark scores matter")
    assert [(passage.text[begin:end], model) for begin, end, model in passage.mentions] == [
        ("Mistral Small 3", "mistral-small-3"),
        ("Gemma 4", "gemma-4"),
        ("Qwen 3.5", "qwen-3.5"),
        ("GLM-5", "glm-5"),
    ]
    alone = when_to_pick_something_else(record)  # the record's own relations are known in any case
    assert alone is not None
    assert [mention.id for mention in alone.mentions] == ["mistral-small-3", "gemma-4"]
    text = body(record)
    assert text.startswith("The model that puts 119B")
    assert "something else" not in text
    assert record.content_text is not None
    assert len(text) > len(record.content_text) / 2


@pytest.mark.parametrize(
    ("text", "said", "left"),
    [
        ("# T\n\nA.\n\n**When to pick something else:** B.\n\nC.", "B.", "A.\n\nC."),
        ("A.\n\n## When to pick something else\n\nB.\n\nC.\n\n## D\n\nE.", "B.\n\nC.", "A.\n\n## D\n\nE."),
        ("# T\n\n**When to choose another model**\n B.", "B.", ""),
        ("A.\n\nWhen not to use this model: B.", "B.", "A."),
        ("# T\n\nNothing here.", None, "Nothing here."),
        ("**When to pick something else:**", None, ""),
        ("", None, ""),
    ],
)
def test_a_passage_is_drawn_out_of_the_text(text: str, said: str | None, left: str) -> None:
    found = passage_of(text, {})
    assert (found.text if found else None) == said
    assert body_of(text) == left


@pytest.mark.parametrize(
    ("text", "models"),
    [
        ("Gemma 4's 26B", ["gemma-4"]),
        ("gemma-4 or GEMMA  4", ["gemma-4", "gemma-4"]),
        ("Gemma 4.5", []),
        ("Gemma 40", []),
        ("Gemma", []),
        ("GLM-5.1", []),
        ("GLM 5.", ["glm-5"]),
        ("Mistral Small 3 24B and Mistral Small 3", ["mistral-small-3", "mistral-small-3"]),
        ("Mistral Small 3.2", []),
        ("Flash, in a flash", ["flash"]),
    ],
)
def test_names_of_models_in_a_text(text: str, models: list[str]) -> None:
    found = passage_of(f"When to pick something else: {text}", TITLES)
    assert found is not None
    assert [mention.id for mention in found.mentions] == models


@given(some.text(), some.dictionaries(some.text(min_size=1), some.text()))
def test_no_text_and_no_title_stops_the_reading(text: str, titles: dict[str, str]) -> None:
    amount(text)
    parameters(text)
    video_memory(text)
    date_of(text)
    found = passage_of("**When to pick something else:** " + text, titles)
    for begin, end, model in found.mentions if found else ():
        assert begin < end
        assert model in titles


@pytest.mark.parametrize(
    "text", ["1" * 50_000, "1," * 50_000, "(" * 50_000, "8 GB " * 20_000, "# " * 50_000, "\n" * 50_000]
)
def test_long_monotonous_texts_are_read_in_a_straight_line(text: str) -> None:
    """A pattern that went back and forth over these would never end."""
    amount(text)
    parameters(text)
    video_memory(text)
    date_of(text)
    passage_of(text, TITLES)
    body_of(text)
