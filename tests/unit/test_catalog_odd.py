"""Records, headers and lists of the catalogue with odd things in them: nothing is lost, nothing believed too much."""

from __future__ import annotations

import asyncio
import json
import struct
from typing import TYPE_CHECKING, Any, Final

import msgspec
import pytest

from mistral_desk.catalog import amount, gguf, header_file, remote
from mistral_desk.catalog import hub as hubs
from mistral_desk.catalog.claims import HeaderFacts, claims
from mistral_desk.catalog.hub import Hub
from mistral_desk.catalog.keeper import Keeper
from mistral_desk.catalog.leaves import MOST
from mistral_desk.catalog.record import Link, Record, read
from mistral_desk.catalog.remote import Place
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.settings import OFFLINE, Settings
from tests.fixtures import hub_repos
from tests.fixtures.engines import problem_of, run
from tests.fixtures.hub_site import Repo
from tests.fixtures.online import TEST, online
from tests.fixtures.web_site import Answer, Asked, Site, other_here, redirect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.hub_site import HubSite
    from tests.fixtures.web_site import Body

GIVEN: Final = resource("catalog", "records", "mistral-small-4.json").read_bytes()
GB: Final = 10**9


@pytest.fixture
def site() -> Iterator[HubSite]:
    with hub_repos.site() as one:
        yield one


def changed(**fields: object) -> Record:
    """The given record with other values at its top."""
    document = json.loads(GIVEN)
    for name, value in fields.items():
        document[name] = value
        document["metadata"].pop(name, None)
    return read(json.dumps(document).encode())


# --- records ------------------------------------------------------------------------------------------------


def test_what_a_price_leaves_open_has_its_place_and_says_nothing() -> None:
    record = changed(pricing={"input": 1, "output": None, "cached": None, "note": None, "free": None})
    assert record.pricing is not None
    assert (record.pricing.input, record.pricing.output, record.pricing.other) == (1, None, {})
    assert not [name for name in record.extra if name.startswith("pricing")]


@pytest.mark.parametrize(
    ("links", "found"),
    [
        ("https://a.example", (Link(None, "https://a.example"),)),
        ("a paper", (Link("a paper", None),)),
        ("", ()),
        ([], ()),
        ([{"of": "no use"}, "", None, {"title": "Paper"}], (Link("Paper", None),)),
    ],
)
def test_links_of_every_form(links: object, found: tuple[Link, ...]) -> None:
    assert changed(relationships={"links": links}).links == found


def test_what_an_object_without_a_name_says_stays_among_the_other_fields() -> None:
    record = changed(superseded_by={"because": "it is old"}, relationships={"explicit": "said in words"})
    assert record.superseded_by is None
    assert record.explicit == {}
    assert record.extra["superseded_by.because"] == "it is old"
    assert record.extra["relationships.explicit"] == "said in words"
    assert "relationships.explicit" in {oddity.field for oddity in record.oddities}
    assert changed(relationships={"explicit": {"pairs_with": [], "of": [{}]}}).explicit == {}


def test_tags_that_are_an_object_are_noted_and_those_in_one_line_are_bounded() -> None:
    related = [
        {"id": "a", "shared_tags": {"x": 1}},
        {"id": "b", "shared_tags": "one, two;two\nthree"},
        {"id": "c", "shared_tags": ",".join(map(str, range(MOST + 50)))},
    ]
    record = changed(relationships={"related": related})
    tags = {one.id: one.shared_tags for one in record.related}
    assert (tags["a"], tags["b"], len(tags["c"])) == ((), ("one", "two", "three"), MOST)
    assert "relationships.related.2.shared_tags" in {oddity.field for oddity in record.oddities}


def test_two_fields_whose_names_read_alike_are_both_kept() -> None:
    record = changed(**{"a.b": 1, "a": {"b": 2}})
    assert (record.extra["a.b"], record.extra["a.b'"]) == (1, 2)


def test_a_record_with_more_oddities_than_anybody_reads_notes_some_of_them() -> None:
    many = [{"id": f"m{number}", "shared_tags": {"x": number}} for number in range(MOST)]
    record = changed(relationships={"related": many}, tags=[{"odd": number} for number in range(MOST)])
    assert len(record.oddities) == MOST


@pytest.mark.parametrize("wrong", [{"id": object()}, {"id": "a", "x": {1: {2: object()}}}])
def test_what_is_no_json_in_a_list_is_refused_as_a_record(wrong: dict[str, Any]) -> None:
    with pytest.raises(DeskError) as caught:
        read(wrong)
    assert caught.value.problem.id == "catalog.record"


def test_an_object_deeper_than_any_is_refused_as_a_record() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"x": deep}
    with pytest.raises(DeskError) as caught:
        read({"id": "a", "x": deep})
    assert caught.value.problem.id == "catalog.record"
    while deep:  # else the interpreter would take it apart in one go
        deep = deep["x"]


@pytest.mark.parametrize("source", [b"", b"{", b"[]", b"\xff"])
def test_a_record_whose_source_was_damaged_keeps_its_fields_and_has_nothing_else(source: bytes) -> None:
    known = msgspec.structs.replace(read(GIVEN), source=source)
    assert known.title == read(GIVEN).title
    assert known.raw == {}


@pytest.mark.parametrize(
    ("words", "total", "active"),
    [("119B total, 6.5B active", 119e9, 6.5e9), ("119B active of 7B", 7e9, None), ("7B", 7e9, None)],
)
def test_more_active_parameters_than_there_are_is_not_believed(words: str, total: float, active: float | None) -> None:
    found = amount.parameters(words)
    assert (found.total, found.active) == (total, active)


def test_a_header_that_counts_other_parameters_contradicts_and_an_equal_one_does_not() -> None:
    record = changed(parameters="24B")
    about = [one.about for one in claims(record, (), HeaderFacts("one.gguf", None, 119 * GB, None, None))]
    assert about == ["parameters"]
    assert claims(record, (), HeaderFacts("one.gguf", None, 24 * GB, 1000, None)) == ()


# --- headers ------------------------------------------------------------------------------------------------


def test_a_text_longer_than_any_is_damage_and_not_a_reason_to_read_on() -> None:
    start = gguf.MAGIC + struct.pack("<IQQQ", 3, 0, 1, 1 << 30)
    with pytest.raises(gguf.DamagedError):
        gguf.read_start(start, 1 << 40)
    with pytest.raises(gguf.TruncatedError):
        gguf.read_start(start, 1 << 20)


def read_from(folder: Path, *answers: Answer, **known: str) -> tuple[str, str]:
    """The problem of reading a header from a server that answers so, one after the other; and its reason."""
    left, found = list(answers), []

    def answer(_asked: Asked) -> Answer:
        return left.pop(0) if len(left) > 1 else left[0]

    async def test() -> None:
        with Site(answer=answer) as server:
            async with online(folder) as net:
                place = Place(f"{server.url}/m.gguf", "m.gguf", 1 << 30, **known)
                problem, params, _ = await problem_of(remote.read_header(net, place, TEST, first=1000))
                found.append((problem, str(params.get("reason", ""))))

    run(test())
    return found[0]


def part(begin: int, size: int, **headers: str) -> Answer:
    """A part of a GGUF file whose header goes on."""
    data = gguf.MAGIC + struct.pack("<IQQQ", 3, 0, 1, 15 << 20)
    body = data.ljust(size, b"x") if begin == 0 else b"x" * size
    return Answer(206, body, {"Content-Range": f"bytes {begin}-{begin + size - 1}/{1 << 30}", **headers})


def test_a_file_that_becomes_another_while_its_header_is_read_is_noticed(tmp_path: Path) -> None:
    def answer(asked: Asked) -> Answer:
        begin, end = map(int, asked.headers["range"].removeprefix("bytes=").split("-"))
        return part(begin, end - begin + 1, ETag=f'"{begin}"')

    async def test() -> None:
        with Site(answer=answer) as server:
            async with online(tmp_path) as net:
                place = Place(f"{server.url}/m.gguf", "m.gguf", 1 << 30)
                problem, params, _ = await problem_of(remote.read_header(net, place, TEST, first=1000))
                assert (problem, params["reason"]) == ("hub.no_parts", remote._OTHER_FILE)

    run(test())


def test_an_answer_that_is_shorter_than_its_part_is_a_connection_that_broke_off(tmp_path: Path) -> None:
    short = Answer(206, b"GGUF", {"Content-Range": f"bytes 0-999/{1 << 30}"})
    assert read_from(tmp_path, short)[0] == "net.cut"


def test_a_server_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "_SECONDS", 0.1)
    assert read_from(tmp_path, Answer(silent=True))[0] == "net.timeout"


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ({"X-Repo-Commit": "b" * 40}, {"commit": "a" * 40}),
        ({"X-Linked-Etag": f'"{"1" * 64}"'}, {"sha256": "0" * 64}),
    ],
    ids=["another commit", "another hash"],
)
def test_what_the_hub_says_on_the_way_must_be_the_file_that_is_meant(
    tmp_path: Path, said: dict[str, str], known: dict[str, str]
) -> None:
    with Site(other_here(), answer=lambda _: part(0, 1000)) as cdn:
        leads = redirect(f"{cdn.url}/blob", headers=said)
        assert read_from(tmp_path, leads, **known) == ("hub.no_parts", remote._OTHER_FILE)


# --- the hub, and what is kept ------------------------------------------------------------------------------


def test_more_files_than_any_repository_has_are_no_list(
    site: HubSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hubs, "_MOST_FILES", 1)

    async def test() -> None:
        async with online(tmp_path) as net:
            assert (await problem_of(Hub(net, None, site.url).files("acme/Afar-119B-GGUF")))[0] == "hub.garbled"

    run(test())


def test_what_was_learnt_while_all_is_deleted_is_not_kept(tmp_path: Path) -> None:
    said = HeaderFacts("one.gguf", 1, 2, 3, None)

    async def test() -> None:
        async with online(tmp_path) as net:
            keeper = Keeper(net, Settings(tmp_path / "settings.json"), tmp_path)
            await keeper.learn("acme/Kept-GGUF", said)
            learning = asyncio.create_task(keeper.learn("acme/Gone-GGUF", said))
            await asyncio.sleep(0)  # it looks at what is stored
            keeper.forget()
            await learning

    run(test())
    assert header_file.read(tmp_path) == {}


def test_offline_in_the_midst_of_looking_at_projectors_ends_it(site: HubSite, tmp_path: Path) -> None:
    """It is no reason to choose one by its name."""
    settings = Settings(tmp_path / "settings.json")
    files: dict[str, Body] = {f"{name}.gguf": name.encode() * 999 for name in ("Two-Q4_0", "mmproj-a", "mmproj-b")}
    site.put(Repo("acme/Two-GGUF", files))

    async def test() -> None:
        async with online(tmp_path, settings) as net:
            hub = Hub(net, None, site.url)
            known = await hub.files("acme/Afar-119B-GGUF")
            model = (await hub.header(known.repository, known.revision, known.quantizations[-1].files[0])).header
            listing = await hub.files("acme/Two-GGUF")
            settings.set(OFFLINE, True)
            assert (await problem_of(hub.proven(listing, model)))[0] == "net.offline"

    run(test())
