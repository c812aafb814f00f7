"""Which projector of a repository belongs to a model is read out of its header; until then it is one by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import eyes
from mistral_desk.catalog.hub import VARIABLE
from mistral_desk.core.settings import OFFLINE
from mistral_desk.inference import model_file
from mistral_desk.services import Services
from tests.fixtures.engines import run
from tests.fixtures.gguf_outlines import Size, mixtral, write_outline
from tests.fixtures.gguf_projector import ProjectorShape, projector
from tests.fixtures.hub_site import FileBody, HubSite, Padded, Repo

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.fixtures.web_site import Body


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model, a projector that belongs to it, and one of another width."""
    folder = tmp_path_factory.mktemp("eyes")
    model = write_outline(folder / "Far-Q8_0.gguf", mixtral(Size(layers=2)))
    width = model_file.read(model).own("embedding_length")
    assert width
    return {
        "model": model,
        "right": projector(folder / "right.gguf", ProjectorShape(text_width=width)),
        "wrong": projector(folder / "wrong.gguf", ProjectorShape(text_width=2 * width), seed=2),
    }


def test_what_belongs_together(files: dict[str, Path]) -> None:
    model, right, wrong = (model_file.read(files[name]) for name in ("model", "right", "wrong"))
    assert eyes.fits(right, model)
    assert not eyes.fits(wrong, model)
    assert not eyes.fits(model, model), "a model is no projector"
    assert eyes.kind(right) == "pixtral"


BROKEN = Padded(b"GGUF\x03\0\0\0" + b"\xff" * 4000, 50_000)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch, files: dict[str, Path]) -> Callable[[dict[str, str]], HubSite]:
    """A hub whose repository has the model and these projectors."""

    def make(there: dict[str, str]) -> HubSite:
        bodies: dict[str, Body] = {"Far-Q8_0.gguf": FileBody(files["model"])}
        bodies |= {name: BROKEN if what == "broken" else FileBody(files[what]) for name, what in there.items()}
        site = HubSite(Repo("acme/far", bodies))
        monkeypatch.setenv(VARIABLE, site.url)
        return site

    return make


@pytest.mark.parametrize(
    ("there", "chosen", "looked_at"),
    [
        ({"mmproj-F16.gguf": "right", "mmproj-F32.gguf": "wrong"}, "mmproj-F16.gguf", 1),
        ({"mmproj-F16.gguf": "wrong", "mmproj-BF16.gguf": "broken", "mmproj-F32.gguf": "right"}, "mmproj-F32.gguf", 3),
        ({"mmproj-F16.gguf": "wrong", "mmproj-F32.gguf": "broken"}, None, 2),
        ({}, None, 0),
    ],
)
def test_the_projector_is_chosen_by_its_header(
    made: Callable[[dict[str, str]], HubSite], there: dict[str, str], chosen: str | None, looked_at: int
) -> None:
    with made(there) as site:

        async def test() -> None:
            services = await Services.open()
            try:
                listing = await services.hub.files("acme/far")
                assert not listing.proven
                assert (listing.projector.name if listing.projector else None) == ("mmproj-F16.gguf" if there else None)
                (variant,) = listing.quantizations
                headers = (await services.hub.headers(listing, variant)).headers
                before = len(site.cdn.asked)
                proven, read, requests = await services.hub.proven(listing, headers[0])
                assert requests == len(site.cdn.asked) - before
                assert (read > 0) == ("right" in there.values() or "wrong" in there.values())
                assert proven.proven
                assert [file.name for file in proven.projectors] == ([chosen] if chosen else [])
                assert {file.name for file in proven.other} == set(there) - {chosen}
                assert requests >= looked_at
                assert len({asked.path for asked in site.cdn.asked[before:]}) == looked_at
                assert await services.hub.proven(proven, headers[0]) == (proven, 0, 0)

                verdict, _, _ = await services.remote_verdict(listing, variant)
                assert verdict.shape.projector == (len(site.repos["acme/far"].files[chosen]) if chosen else 0)
                services.settings.set(OFFLINE, True)
                again, _, asked = await services.remote_verdict(listing, variant)
                assert (again.shape.projector, asked) == (verdict.shape.projector, 0), "it is known from now on"
            finally:
                await services.close()

        run(test())
