"""The states of a model's page and of the comparison: from top to end, stubs, what is out of date, odd records."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QPoint

from mistral_desk.catalog import facts
from mistral_desk.catalog.record import read
from mistral_desk.catalog.search import license_of
from mistral_desk.catalog.store import Catalogue
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.ui.models.about.addresses import absolute
from mistral_desk.ui.models.browse.source import Progress, Source
from tools.gallery.declare import STATES, State, ready, state
from tools.gallery.fit_states import verdict_of
from tools.gallery.fitting import pc
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtWidgets import QWidget

    from mistral_desk.catalog.record import Record
    from tools.gallery.stage import Stage

GIVEN: Final[dict[str, Any]] = json.loads(resource("catalog", "records", "mistral-small-4.json").read_bytes())
SIZE: Final = "UD-Q4_K_XL, 74.2 GB"
LONG: Final = "Ein-Modell-dessen-Name-niemals-aufhört-und-immer-noch-weitergeht-119B-A6B-2603-Instruct"
HOSTILE: Final = """# Another heading

![a picture](https://tracker.example/pixel.png) of ![nothing](file:///etc/passwd), a [file](file:///etc/passwd), a
[script](javascript:alert(1)) and <script>alert("run")</script>; only [this](https://example.org/) leads anywhere.

| bits | size |
| --- | ---: |
| 4 | 74 GB |
| 8 | 127 GB |

```python
print("still only text")
```

**When to pick something else:** never trust [Gemma 4](https://evil.example/), take Gemma 3.
"""
ODD: Final[dict[str, Any]] = {
    "title": LONG,
    "provider": "مختبر النماذج",
    "description": "An odd record: " + LONG,
    "website": "file:///etc/passwd",
    "content_text": HOSTILE,
    "tags": ["عربي", LONG, *(f"tag {number}" for number in range(12))],
    "benchmarks": {"coding": None, "math": "about 78", "speed": "very fast", "a_score_of_theirs": 41.5, "writing": 0},
    "pricing": {"input": 0.15, "output": 0.6, "note": "per million tokens, via their API", "cached": "half"},
    "license": None,
    "last_verified": "2026-05-02",
    "verification_status": "verified",
    "unknown_field": {"deep": ["kept"]},
}
OTHERS: Final[tuple[dict[str, Any], ...]] = (
    {
        "id": "gemma-4",
        "title": "Gemma 4",
        "provider": "Google",
        "license": "Gemma Terms",
        "context_window": "256K tokens",
        "parameters": "26B total (3.8B active)",
        "hardware_requirements": "16GB VRAM (Q4)",
        "benchmarks": {"reasoning": 81, "coding": 80, "math": 79, "writing": 82, "multilingual": 86, "speed": 88},
        "release_date": "2026-02",
    },
    {
        "id": "qwen-3.5",
        "title": "Qwen 3.5, a model with quite a long name for a column",
        "provider": "Alibaba",
        "context_window": "1M tokens",
        "parameters": "397B total (17B active)",
        "hardware_requirements": None,
        "benchmarks": {"reasoning": 90, "coding": 88, "math": 91, "writing": None, "multilingual": 89, "speed": 70},
        "modality": ["text"],
        "release_date": "2026-01",
    },
    {"id": "glm-5", "title": "GLM-5", "provider": "Zhipu AI", "benchmarks": {}, "pricing": None, "license": "MIT"},
)


def made(changes: dict[str, Any]) -> Record:
    """The given record with other values."""
    document = copy.deepcopy(GIVEN)
    inner = document.pop("metadata")
    return read(json.dumps({**inner, **document, "metadata": {}, "slug": None, **changes}).encode(), "fetched")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from (key.replace("_", " ").capitalize(), key)
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif isinstance(value, str) and "\n" not in value:
        yield value


_SOURCES: Final = [one.source for one in facts.models()]
_PLACES: Final = [place.repository for one in facts.models() for place in one.repositories]
_ADDRESSES: Final = [absolute(one) for one in _texts(GIVEN) if one.startswith("/")]
_LICENCES: Final = [spelled for model in facts.models() if (spelled := license_of([model]))]
THEIRS: Final = (
    *dict.fromkeys([*_texts(GIVEN), *_texts(ODD), *_texts(OTHERS), *_SOURCES, *_PLACES, *_ADDRESSES, *_LICENCES]),
)
"""What records say in these pictures, and the names of licences where only our facts know one."""


async def _page(stage: Stage, model: str = "mistral-small-4") -> None:
    await ready(stage)
    stage.desk.window.show_page("models")
    await stage.desk.tasks.settled()
    stage.desk.models.show_model(model)
    await stage.desk.tasks.settled()
    stage.desk.models.about.finish()
    await idle(4)


async def _shown(stage: Stage, record: Record, others: tuple[Record, ...] = (), *, verified: bool | None) -> None:
    await _page(stage)
    about = stage.desk.models.about
    about.show_record(record, Catalogue((record, *others)), (), verified)
    about.show_verdict(verdict_of("mistral-small-4", pc(96, 8)))
    about.finish()
    await idle(4)


def _part(name: str, brief: str, part: str) -> None:
    """The page, scrolled to one of its parts."""

    async def set_up(stage: Stage) -> None:
        await _page(stage)
        about = stage.desk.models.about
        widget: QWidget = getattr(about, part)
        for _ in range(3):  # a change of size moves it
            about.area.verticalScrollBar().setValue(widget.mapTo(about.area.holder, QPoint(0, 0)).y())
            await idle(2)

    STATES.append(State(f"about-{name}", brief, set_up))


@state()
async def about(stage: Stage) -> None:
    """The page of a model, from its top: what it is, what is verified by whom, and whether it runs here."""
    await _page(stage)


_part("claims", "The page: what the catalog says beside what the files say.", "truth")
_part("elsewhere", "The page: when to pick something else, and the benchmarks.", "elsewhere")
_part("related", "The page: related models with the reason of their scores, links.", "related")


@state()
async def about_details(stage: Stage) -> None:
    """The page's end: all details unfolded."""
    await _page(stage)
    about = stage.desk.models.about
    assert about.details is not None
    about.details.button.click()
    await idle(4)
    about.area.verticalScrollBar().setValue(about.details.mapTo(about.area.holder, QPoint(0, 0)).y())
    await idle(2)


@state()
async def about_raw(stage: Stage) -> None:
    """The record as published."""
    await _page(stage)
    about = stage.desk.models.about
    assert about.raw is not None
    about.raw.button.click()
    await idle(4)
    about.area.verticalScrollBar().setValue(about.raw.mapTo(about.area.holder, QPoint(0, 0)).y())
    await idle(2)


@state()
async def about_waiting(stage: Stage) -> None:
    """A model's page while the computer is being looked at: the verdict has its room."""
    await _page(stage)
    stage.desk.models.about.show_measuring(16)
    await idle(4)


@state()
async def about_meaning(stage: Stage) -> None:
    """The words of the verdict, explained."""
    await _page(stage)
    about = stage.desk.models.about
    assert about.here is not None
    assert about.here.widget.meaning is not None
    about.here.widget.meaning.button.click()
    for _ in range(3):
        about.area.verticalScrollBar().setValue(about.here.mapTo(about.area.holder, QPoint(0, 0)).y())
        await idle(2)


@state()
async def about_stub(stage: Stage) -> None:
    """A model that is known by name only."""
    await _page(stage, "llama-4-scout")


@state()
async def about_stub_offline(stage: Stage) -> None:
    """The same with *Work offline*: why its record cannot be fetched."""
    stage.services.settings.set(declared.OFFLINE, value=True)
    await about_stub(stage)


@state()
async def about_stub_trouble(stage: Stage) -> None:
    """The same after a refresh that did not work."""
    await about_stub(stage)

    async def refresh(_progress: object) -> None:
        raise DeskError("net.unreachable", host="ai-future-ready.com", reason="the name is not known")

    stage.services.catalogue.refresh = refresh  # type: ignore[method-assign, assignment]
    stage.desk.models.refresh.emit()
    await stage.desk.tasks.settled()
    await idle(2)


@state()
async def about_stub_refreshing(stage: Stage) -> None:
    """The same while the catalog comes."""
    await about_stub(stage)
    source = Source(host="ai-future-ready.com", progress=Progress(120, 2000, "models"))
    stage.desk.models.about.show_source(source)
    await idle(2)


@state()
async def about_several(stage: Stage) -> None:
    """A record that stands for several models: one is chosen."""
    await _page(stage, "mistral-3")


@state()
async def about_deprecated(stage: Stage) -> None:
    """A model that was replaced, and is a variant of another; its text is not the announced one."""
    newer, base = made({"id": "mistral-small-5", "title": "Mistral Small 5"}), made(OTHERS[0])
    old = made({"deprecated": True, "superseded_by": newer.id, "variant_of": base.id})
    await _shown(stage, old, (newer, base), verified=False)


@state()
async def about_odd(stage: Stage) -> None:
    """A record that somebody wrote to do harm, or badly: shown for what it is."""
    await _shown(stage, made(ODD), verified=True)


@state()
async def about_odd_end(stage: Stage) -> None:
    """The same further down: a hostile text, scores that are no numbers."""
    await about_odd(stage)
    about = stage.desk.models.about
    assert about.text is not None
    for _ in range(3):
        about.area.verticalScrollBar().setValue(about.text.mapTo(about.area.holder, QPoint(0, 0)).y() - 40)
        await idle(2)


async def _compared(stage: Stage, count: int) -> None:
    await _page(stage)
    models, records = stage.desk.models, [made({}), *(made(one) for one in OTHERS)][:count]
    models.show_comparison(["mistral-small-4", "gemma-4"])
    await stage.desk.tasks.settled()
    where = pc(96, 8)
    verdicts = {one.id: verdict_of(one.id, where) for one in records if facts.find(one.id)}
    models.compare.show_records(records, verdicts)
    await idle(2)


@state()
async def compare_two(stage: Stage) -> None:
    """Two models side by side, only what differs."""
    await _compared(stage, 2)
    stage.desk.models.compare.only.click()
    await idle(2)


@state()
async def compare_waiting(stage: Stage) -> None:
    """Two models side by side while the computer is being looked at: the rows are there."""
    await _compared(stage, 2)
    models = stage.desk.models
    models.compare.show_records(models.compare.records, {}, {one.id: (SIZE,) for one in models.compare.records})
    await idle(2)


@state()
async def compare_four(stage: Stage) -> None:
    """Four models side by side."""
    await _compared(stage, 4)
