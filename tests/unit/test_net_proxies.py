"""Exceptions from the system's proxy, as Windows and macOS write them; no name is looked up for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.net import proxies
from mistral_desk.net.addresses import address
from mistral_desk.net.proxies import Exceptions, of_override, of_settings
from tests.fixtures.engines import run
from tests.fixtures.online import online

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("host", "held"),
    [
        ("wiki.company.example", True),
        ("company.example", False),
        ("company.example.other.example", False),
        ("hub", True),
        ("hub.example", False),
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("192.168.7.9", True),
        ("192.169.7.9", False),
        ("exactly.example", True),
        ("notexactly.example", False),
        ("::1", False),
    ],
)
def test_both_systems_ways_to_write_them(host: str, held: bool) -> None:
    windows = of_override("*.company.example; 10.*;192.168.*; https://exactly.example:8443 ;<local>")
    mac = of_settings(
        {
            "exclude_simple": True,
            "exceptions": ["*.company.example", "10/8", "192.168", "Exactly.Example", None, "", "300.1/99"],
        }
    )
    assert windows.hold(host) is held
    assert mac.hold(host) is held


def test_nothing_is_excepted_where_nothing_is_said() -> None:
    for nothing in (
        Exceptions(),
        of_override(""),
        of_override(" ; ;"),
        of_settings({}),
        of_settings({"exceptions": None}),
    ):
        assert not nothing.hold("hub")
        assert not nothing.hold("10.0.0.1")


def test_who_is_excepted_goes_straight_and_the_others_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    asked: list[str] = []

    def system() -> Exceptions:
        asked.append("")
        return of_override("*.company.example")

    monkeypatch.setattr(proxies, "_of_system", system)

    async def test() -> None:
        async with online(tmp_path) as net:
            inner = await net._client(address("https://hub.company.example"))
            outer = await net._client(address("https://hub.example"))
            assert not inner.trust_env
            assert outer.trust_env
            assert await net._client(address("https://hub.company.example/x")) is inner
            assert len(asked) == 2
            assert await net._client(address("http://127.0.0.1:1")) is inner
            assert len(asked) == 2, "this computer needs no question"

    run(test())
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:1")
    assert not proxies.direct("hub.company.example"), "what the environment says goes before"
