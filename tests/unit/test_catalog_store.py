"""The catalogue on this computer: what goes before what, replaced whole or not at all, damage costs only itself."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from mistral_desk.catalog import cache_file, facts
from mistral_desk.catalog.cache_file import FILE, Entry, Fetched, SetAside
from mistral_desk.catalog.record import READER, read
from mistral_desk.catalog.store import PUBLISHER, open_catalogue, replace, stored
from mistral_desk.core.errors import DeskError
from tests.fixtures.catalog_records import VARIATIONS, Published, list_item, published

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SRC: Final = Path(__file__).resolve().parents[2] / "src"
VARIED: Final = published(len(VARIATIONS))
GIVEN: Final = "mistral-small-4"


def fetched(*found: Published, **fields: Any) -> Fetched:
    entries = tuple(Entry(one.body, f'"{one.id}"', number % 2 == 0) for number, one in enumerate(found))
    return Fetched(1_700_000_000.0, "http://127.0.0.1:1", entries, **fields)


def entry_of(record: dict[str, Any], **fields: Any) -> Entry:
    return Entry(json.dumps(record).encode(), **fields)


def test_before_the_first_refresh_there_is_the_given_record_and_what_it_and_our_facts_say(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path / "not there yet")
    origins = {record.id: record.origin for record in catalogue.records}
    assert origins == {
        GIVEN: "bundled",
        **dict.fromkeys(
            ("mistral-3", "mistral-small-3", "gemma-3", "gemma-4", "llama-4-maverick", "llama-4-scout"), "mentioned"
        ),
        **dict.fromkeys(("qwen-3.5", "glm-5", "gpt-oss-120b"), "known"),
    }
    assert {model.catalog for model in facts.models()} <= set(origins)
    assert (catalogue.fetched, catalogue.set_aside, catalogue.attribution) == (None, (), PUBLISHER)
    assert [record.title for record in catalogue.records] == sorted(catalogue.titles.values(), key=str.casefold)
    assert not (tmp_path / "not there yet").exists()


def test_a_mentioned_model_has_what_records_say_of_it_and_nothing_else(tmp_path: Path) -> None:
    stub = open_catalogue(tmp_path).get("gemma-4")
    assert stub is not None
    assert (stub.title, stub.type, stub.tags, stub.html_url) == (
        "Gemma 4", "model", ("open-source", "text", "image"), "/models/gemma-4",
    )  # fmt: skip
    assert (stub.provider, stub.description, stub.context, stub.whole) == (None, None, None, False)


def test_who_relates_to_a_model(tmp_path: Path) -> None:
    catalogue = open_catalogue(tmp_path)
    assert [record.id for record in catalogue.related_to("gemma-4")] == [GIVEN]
    assert catalogue.related_to("nobody") == ()
    assert catalogue.get("nobody") is None


def test_what_was_fetched_is_there_with_every_field_and_state(tmp_path: Path) -> None:
    replace(tmp_path, fetched(*VARIED, attribution="somebody"))
    catalogue = open_catalogue(tmp_path)
    for number, one in enumerate(VARIED):
        record = catalogue.get(one.id)
        assert record is not None
        assert record.raw == json.loads(one.body)
        assert record == msgspec.structs.replace(read(one.body), source=one.body)
        assert catalogue.verified(one.id) is (number % 2 == 0)
    assert catalogue.verified(GIVEN) is None
    assert (catalogue.fetched, catalogue.base, catalogue.attribution) == (
        1_700_000_000.0, "http://127.0.0.1:1", "somebody",
    )  # fmt: skip
    assert catalogue.set_aside == ()


def test_the_next_refresh_gets_back_all_that_was_stored(tmp_path: Path) -> None:
    assert stored(tmp_path) is None
    first = fetched(*VARIED, list_etag='"list"', changes="2026-04-01", set_aside=(SetAside("x", "it has no id"),))
    assert replace(tmp_path, first) == first.set_aside
    assert stored(tmp_path) == first


def test_a_fetched_record_goes_before_the_bundled_one_but_an_item_of_a_list_does_not(tmp_path: Path) -> None:
    own = open_catalogue(tmp_path).get(GIVEN)
    assert own is not None
    newer = {**own.raw, "title": "Newer", "last_updated": "2026-05"}
    item = list_item(newer)
    replace(tmp_path, Fetched(1.0, "", (entry_of(item, verified=True),)))
    catalogue = open_catalogue(tmp_path)
    assert (catalogue.titles[GIVEN], catalogue.verified(GIVEN)) == ("Mistral Small 4", None)
    replace(tmp_path, Fetched(1.0, "", (entry_of(newer, verified=True),)))
    catalogue = open_catalogue(tmp_path)
    assert (catalogue.titles[GIVEN], catalogue.verified(GIVEN)) == ("Newer", True)


def test_a_record_that_came_with_a_newer_program_is_not_hidden_by_an_old_cache(tmp_path: Path) -> None:
    own = open_catalogue(tmp_path).get(GIVEN)
    assert own is not None
    for updated, title in (("2026-04-09", "Mistral Small 4"), ("2026-04-10", "Other"), (None, "Other")):
        other = {**own.raw, "title": "Other", "last_updated": updated, "metadata": {}}
        replace(tmp_path, Fetched(1.0, "", (entry_of(other),)))
        assert open_catalogue(tmp_path).titles[GIVEN] == title


def test_two_with_the_same_id_and_one_that_cannot_be_read_cost_only_themselves(tmp_path: Path) -> None:
    good, other = VARIED[0], VARIED[1]
    entries = (entry_of(good.record), Entry(b"<html>"), entry_of({**other.record, "id": good.id, "slug": None}))
    aside = replace(tmp_path, Fetched(1.0, "", (*entries, entry_of(other.record))))
    assert [one.name for one in aside] == ["#2"]
    catalogue = open_catalogue(tmp_path)
    assert catalogue.titles[good.id] == good.record["title"]
    assert other.id in catalogue.titles
    assert [(one.name, bool(one.reason)) for one in catalogue.set_aside] == [("#2", True), (good.id, True)]


def test_a_deleted_record_that_others_relate_to_is_a_mention_again(tmp_path: Path) -> None:
    first, second = VARIED[0], VARIED[1]
    assert second.id in read(first.body).relates_to
    replace(tmp_path, fetched(first, second))
    replace(tmp_path, fetched(first))
    record = open_catalogue(tmp_path).get(second.id)
    assert record is not None
    assert record.origin == "mentioned"


def test_a_newer_reader_reads_the_published_bytes_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_file, "READER", READER - 1)
    replace(tmp_path, fetched(*VARIED))
    monkeypatch.undo()
    monkeypatch.setattr(cache_file, "_usable", seen := _Watch(cache_file._usable))
    catalogue = open_catalogue(tmp_path)
    assert {one.id for one in VARIED} <= set(catalogue.titles)
    assert catalogue.verified(VARIED[0].id) is True
    assert [line for line, _ in seen.calls] == [None] * len(VARIED)


class _Watch:
    """Calls through, and remembers with what."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.calls: list[tuple[Any, ...]] = []

    def __call__(self, *arguments: Any) -> Any:
        self.calls.append(arguments)
        return self._function(*arguments)


@pytest.mark.slow
@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture], max_examples=150)
@given(some.data())
def test_damage_costs_only_what_is_damaged(tmp_path: Path, data: some.DataObject) -> None:
    folder = tmp_path / "any"
    replace(folder, fetched(*VARIED))
    good = (folder / FILE).read_bytes()
    at = data.draw(some.integers(0, len(good) - 1))
    cut = data.draw(some.booleans())
    flipped = bytes([good[at] ^ data.draw(some.integers(1, 255))]) + good[at + 1 :]
    bad = good[:at] + (b"" if cut else flipped)
    (folder / FILE).write_bytes(bad)
    with quiet():
        catalogue = open_catalogue(folder)
    assert GIVEN in catalogue.titles
    bodies = {one.id: one.body for one in VARIED}
    whole = [record for record in catalogue.records if record.origin == "fetched"]
    assert all(record.source == bodies[record.id] for record in whole)
    if not cut and (folder / FILE).exists():  # where the head is damaged nothing can be told from anything
        assert len(whole) >= len(VARIED) - 1
    assert len(whole) == len(VARIED) or catalogue.set_aside
    for left in folder.glob("*"):
        left.unlink()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Without the warnings that most of many damages give; other tests look at them."""
    log = logging.getLogger(cache_file.__name__)
    before = log.level
    log.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        log.setLevel(before)


@pytest.mark.allow_log("is set aside")
def test_a_file_that_is_no_cache_is_put_aside_once(tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"<html>")
    (aside,) = open_catalogue(tmp_path).set_aside
    assert (tmp_path / aside.name).read_bytes() == b"<html>"
    assert open_catalogue(tmp_path).set_aside == ()
    assert stored(tmp_path) is None
    replace(tmp_path, fetched(VARIED[0]))
    assert VARIED[0].id in open_catalogue(tmp_path).titles


@pytest.mark.allow_log("is set aside")
def test_what_is_no_file_is_told_and_moved_out_of_the_way(tmp_path: Path) -> None:
    (tmp_path / FILE).mkdir()
    catalogue = open_catalogue(tmp_path)
    assert [one.name for one in catalogue.set_aside] == [path.name for path in tmp_path.iterdir()] != [FILE]
    assert GIVEN in catalogue.titles
    replace(tmp_path, fetched(VARIED[0]))
    assert (tmp_path / FILE).is_file()


@pytest.mark.allow_log("cannot be read")
def test_a_file_that_cannot_be_opened_is_told_and_the_rest_lives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace(tmp_path, fetched(VARIED[0]))
    opened = Path.open

    def refused(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == FILE:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **named)

    monkeypatch.setattr(Path, "open", refused)
    catalogue = open_catalogue(tmp_path)
    assert [(one.name, one.reason) for one in catalogue.set_aside] == [(FILE, "Permission denied")]
    assert GIVEN in catalogue.titles


def test_what_cannot_be_written_leaves_the_last_refresh_and_nothing_else(tmp_path: Path) -> None:
    replace(tmp_path, fetched(VARIED[0]))
    before = (tmp_path / FILE).read_bytes()
    blocked = tmp_path / "a file, no folder"
    blocked.write_bytes(b"")
    with pytest.raises(DeskError) as refused:
        replace(blocked, fetched(*VARIED))
    assert refused.value.problem.id == "catalog.not_saved"
    assert (tmp_path / FILE).read_bytes() == before


FULL: Final = """
import resource, signal, sys
from pathlib import Path
from mistral_desk.catalog.store import Entry, Fetched, replace
from mistral_desk.core.errors import DeskError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
body = b'{"id": "b", "x": "' + b"x" * 100_000 + b'"}'
try:
    replace(Path(sys.argv[1]), Fetched(2.0, "", (Entry(body),)))
except DeskError as error:
    print(error.problem.id)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no limit on the size of files")
def test_a_full_disk_leaves_the_last_refresh_and_nothing_half(tmp_path: Path) -> None:
    replace(tmp_path, fetched(VARIED[0]))
    done = subprocess.run(
        [sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONPATH": str(SRC)},
    )  # fmt: skip
    assert done.stdout.strip() == "catalog.not_saved", done.stderr
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    assert VARIED[0].id in open_catalogue(tmp_path).titles


def test_what_a_killed_refresh_left_is_swept_later_but_not_at_once(tmp_path: Path) -> None:
    old, new = tmp_path / f".{FILE}.abc.tmp", tmp_path / f".{FILE}.def.tmp"
    old.write_bytes(b"half")
    new.write_bytes(b"another program writes this now")
    os.utime(old, (time.time() - 90_000,) * 2)
    replace(tmp_path, fetched(VARIED[0]))
    assert {path.name for path in tmp_path.iterdir()} == {FILE, new.name}
