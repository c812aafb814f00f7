"""The list of other computers: kept, tested before each use, and never asked while Mistral Desk works offline."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.inference.rpc import computers as others
from mistral_desk.inference.rpc.computers import Computer, Computers
from mistral_desk.net.rpc.found import Found, Lent
from tests.fixtures import lending

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.lending import Scripted


@pytest.fixture
def places(home: Path) -> Folders:
    return folders(str(home)).ensure()


def known(there: Scripted) -> Computer:
    at = there.address
    return Computer(str(at), Found(at.host, at.port, (Lent(5, 9, 20.0, 100.0),), 0.001, 0.1, 0.1, 1.0))


def put(places: Folders, *computers: Computer) -> Computers:
    made = Computers(places)
    for one in computers:
        made.put(one.address, one)
    return made


def test_the_list_lasts(places: Folders) -> None:
    with lending.scripted(lending.honest()) as there:
        put(places, known(there))
        (one,) = Computers(places).all()
        assert one == known(there)
        asyncio.run(Computers(places).remove(one))
        assert Computers(places).all() == ()


def test_a_damaged_list_is_empty_and_stays_as_it_is(places: Folders) -> None:
    file = places.settings.parent / others.FILE
    file.write_bytes(b'{"computers": [{"addr')
    assert Computers(places).all() == ()
    assert file.read_bytes() == b'{"computers": [{"addr'


def test_who_answers_is_present_with_its_memory_of_now(places: Folders) -> None:
    with lending.scripted(lending.honest(memory=(3, 9))) as there:
        (one,) = asyncio.run(put(places, known(there)).present())
    assert one.found
    assert (one.found.devices[0].free, one.found.devices[0].gbps) == (3, 20.0)


def test_who_does_not_answer_is_away_until_it_does(places: Folders) -> None:
    with lending.scripted(lending.honest()) as there:
        computer = known(there)
    made = put(places, computer)
    assert made.usable() == (computer,)
    assert asyncio.run(made.present()) == ()
    assert made.away(computer) == "helper.absent"
    assert made.usable() == (), "plans do without it"


def test_who_was_lost_and_is_back_is_used_again(places: Folders) -> None:
    with lending.scripted(lending.honest()) as there:
        made = put(places, known(there))
        made.lost([known(there).place])
        assert made.usable() == ()
        assert len(asyncio.run(made.present())) == 1
        assert len(made.usable()) == 1


def test_who_lends_other_devices_now_is_not_used_by_what_was_measured(places: Folders) -> None:
    with lending.scripted(lending.honest(devices=2)) as there:
        (one,) = asyncio.run(put(places, known(there)).present())
    assert one.found is None
    assert others.devices([one]) == ((), ())


def test_of_one_that_our_worker_holds_nothing_is_asked(places: Folders) -> None:
    """It serves one computer at a time: it would be silent."""
    with lending.scripted(lending.honest()) as there:
        made = put(places, known(there))
        assert asyncio.run(made.present([known(there).place])) == (known(there),)
        assert there.connections == 0


def test_offline_nobody_is_asked(places: Folders) -> None:
    settings, _ = Settings.open(places.settings)
    settings.set(OFFLINE, True)
    with lending.scripted(lending.honest()) as there:
        made = put(places, known(there))
        assert made.usable() == ()
        assert asyncio.run(made.present()) == ()
        for ask in (made.test(known(there)), made.add(str(there.address))):
            with pytest.raises(DeskError, match=r"net\.offline"):
                asyncio.run(ask)
        assert there.connections == 0
    assert made.ledger.entries() == ()


def test_offline_holds_where_the_settings_cannot_be_written(places: Folders) -> None:
    with lending.scripted(lending.honest()) as there:
        made = put(places, known(there))
        made.offline = lambda: True
        assert (made.allowed, made.usable(), asyncio.run(made.present())) == (False, (), ())
        with pytest.raises(DeskError, match=r"net\.offline"):
            asyncio.run(made.test(known(there)))
        assert there.connections == 0


def test_each_connection_is_in_the_list_with_how_it_ended(places: Folders) -> None:
    with lending.scripted(lending.honest((1, 0, 0))) as there, pytest.raises(DeskError, match=r"helper\.version"):
        asyncio.run(Computers(places).add(str(there.address)))
    made = Computers(places)
    made.ledger.look_again()
    (entry,) = made.ledger.entries()
    assert (entry.host, entry.who, entry.problem) == (lending.HOST, others.WHO, "helper.version")
    assert made.all() == (), "what failed its test is not added"


def test_what_is_lent_becomes_devices_in_one_order() -> None:
    lent = (Lent(5, 9, 20.0, 100.0), Lent(6, 8, 10.0, 50.0))
    first = Computer("cellar:50052", Found("10.0.0.2", 50052, lent, 0.001, 0.1, 0.2, 1.0))
    second = Computer("attic", Found("10.0.0.3", 50053, lent[:1], 0.002, 0.3, 0.1, 1.0))
    engine, plan = others.devices([first, msgspec.structs.replace(first, found=None), second])
    assert [one.name for one in engine] == ["10.0.0.2:50052/0", "10.0.0.2:50052/1", "10.0.0.3:50053/0"]
    assert [(one.free, one.gbps, one.pcie_gbps) for one in plan] == [(5, 20.0, 0.1), (6, 10.0, 0.1), (5, 20.0, 0.1)]
