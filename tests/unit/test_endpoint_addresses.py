"""Addresses of endpoints as people write them, where they lead, and what a server's kind means for *Think harder*."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.net.endpoints.record import Endpoint, EndpointModel, Kind, Offered, base, made_id, parted

if TYPE_CHECKING:
    from mistral_desk.core.errors import Problem


def refused(address: str) -> Problem:
    with pytest.raises(DeskError) as caught:
        base(address)
    return caught.value.problem


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("https://api.example.org", "https://api.example.org/v1"),
        ("api.example.org", "https://api.example.org/v1"),
        (" https://api.example.org/v1/ ", "https://api.example.org/v1"),
        ("https://api.example.org/v1/chat/completions", "https://api.example.org/v1"),
        ("https://api.example.org/openai/v1/models", "https://api.example.org/openai/v1"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080/v1"),
        ("http://localhost:8080/v1", "http://localhost:8080/v1"),
        ("http://192.168.1.5:8000", "http://192.168.1.5:8000/v1"),
        ("http://[fd00::5]:8000/v1", "http://[fd00::5]:8000/v1"),
    ],
)
def test_an_address_is_taken_as_people_copy_it(written: str, meant: str) -> None:
    assert base(written) == meant


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("http://api.example.org/v1", "endpoint.plain"),
        ("http://8.8.8.8/v1", "endpoint.plain"),
        ("http://server:8000", "endpoint.plain"),
        ("HTTP://nas.local", "endpoint.plain"),
        ("http://192.168.1.5.example.org", "endpoint.plain"),
        ("http://3232235781", "endpoint.address"),
        ("ftp://api.example.org", "endpoint.address"),
        ("https://me:secret@api.example.org", "endpoint.address"),
        ("https://api.example.org/v1?key=secret", "endpoint.address"),
        ("https://", "endpoint.address"),
        ("", "endpoint.address"),
        ("https://exa mple.org", "endpoint.address"),
        ("https://x\u202e.org/\x1b[2J", "endpoint.address"),
    ],
)
def test_an_address_where_others_could_read_along_or_that_is_none_is_refused(written: str, expected: str) -> None:
    problem = refused(written)
    assert problem.id == expected
    assert "secret" not in f"{in_words(problem)}"
    assert "\x1b" not in f"{in_words(problem)}"


@pytest.mark.parametrize(
    ("address", "reach", "encrypted"),
    [
        ("http://127.0.0.1:1/v1", "here", True),
        ("http://10.0.0.7:1/v1", "near", False),
        ("https://10.0.0.7:1/v1", "near", True),
        ("https://localhost.example.org/v1", "away", True),
    ],
)
def test_where_words_go_is_told_by_the_address_alone(address: str, reach: str, encrypted: bool) -> None:
    endpoint = Endpoint("x", "X", address)
    assert (endpoint.reach, endpoint.encrypted) == (reach, encrypted)


@pytest.mark.parametrize(
    ("kind", "model", "thinks"),
    [
        ("mistral", Offered("mistral-small-4", thinks=True), "effort"),
        ("mistral", Offered("mistral-tiny", thinks=False), "none"),
        ("vllm", Offered("Qwen/Qwen3-8B"), "template"),
        ("vllm", Offered("mistralai/Mistral-Small-4"), "effort"),
        ("vllm", Offered("openai/gpt-oss-20b"), "effort"),
        ("llama.cpp", Offered("m"), "template"),
        ("mistral-desk", Offered("builtin"), "effort"),
        ("other", Offered("m"), "none"),
    ],
)
def test_how_think_harder_is_said_follows_the_server_and_the_model(kind: Kind, model: Offered, thinks: str) -> None:
    assert EndpointModel(Endpoint("x", "X", "https://x.org/v1", kind), model).thinks == thinks
    assert EndpointModel(Endpoint("x", "X", "https://x.org/v1", kind, chosen="none"), model).thinks == "none"


def test_ids_are_plain_and_their_own() -> None:
    assert made_id("Mein Server (Keller)", frozenset()) == "mein-server-keller"
    assert made_id("Ä", frozenset()) == "endpoint"
    assert made_id("Home", frozenset({"home", "home-2"})) == "home-3"
    assert parted("endpoint:home/mistralai/Mistral-Small") == ("home", "mistralai/Mistral-Small")
    assert parted("endpoint:../x/y") == ("", "")
    assert parted("owner/name:Q4") == ("", "")
