"""Where a link leads is told as the network writes it, so that letters of another script do not pass for ours."""

from __future__ import annotations

import pytest

from mistral_desk.ui.chat.links import host_of


@pytest.mark.parametrize(
    ("address", "host"),
    [
        ("https://mistral.ai/x", "mistral.ai"),
        ("https://m\N{CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I}stral.ai/x", "xn--mstral-pvf.ai"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("mailto:a@b.example", ""),
        ("https://[", ""),
    ],
)
def test_a_host_as_the_network_writes_it(address: str, host: str) -> None:
    assert host_of(address) == host


def test_a_host_that_the_network_does_not_have_is_still_told() -> None:
    assert host_of(f"https://{'ü' * 80}.example/").isascii()
