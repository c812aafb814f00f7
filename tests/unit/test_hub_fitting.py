"""A model on the hub is judged by its real header: the same verdict as when its file lies here, for a few megabytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from mistral_desk.catalog import facts
from mistral_desk.catalog.hub import VARIABLE
from mistral_desk.core.settings import OFFLINE
from mistral_desk.services import Services
from tests.fixtures import fake_worker
from tests.fixtures.engines import problem_of, run
from tests.fixtures.gguf_outlines import Size, mixtral, write_outline
from tests.fixtures.hub_site import FileBody, HubSite, Padded, Repo

if TYPE_CHECKING:
    from pathlib import Path


def test_a_verdict_from_afar_is_the_verdict_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = write_outline(tmp_path / "Far-Q8_0.gguf", mixtral(Size(layers=3)))
    parts = tmp_path / "parts"
    parts.mkdir()
    first = write_outline(parts / "Far-Q6_K.gguf", mixtral(Size(layers=3)), split_tensors=12)
    files = {path.name: FileBody(path) for path in (whole, *sorted(parts.iterdir()))}
    command = fake_worker.command(tmp_path, fake_worker.answering("x", "y"))
    with HubSite(Repo("acme/far", dict(files))) as site:
        monkeypatch.setenv(VARIABLE, site.url)

        async def test() -> None:
            services = await Services.open(engine=command)
            try:
                listing = await services.hub.files("acme/far")
                assert {one.quantization: one.shards for one in listing.quantizations} == {
                    "Q8_0": 1,
                    "Q6_K": len(list(parts.iterdir())),
                }
                verdicts = []
                model = msgspec.structs.replace(
                    facts.models()[0],
                    repositories=(msgspec.structs.replace(facts.models()[0].repositories[0], repository="Acme/far"),),
                )
                assert services.catalogue.header_of([model]) is None
                for remote in listing.quantizations:
                    assert await services.fitting.remote(listing, remote) is None
                    verdict, read, requests = await services.remote_verdict(listing, remote)
                    verdicts.append(verdict)
                    assert 0 < read < remote.bytes
                    # What the header says stands beside the catalogue's claims from now on, all parts together.
                    said = services.catalogue.header_of([model])
                    assert said is not None
                    assert said.file == f"acme/far/{remote.files[0].path}"
                    assert said.context
                    assert 0 < (said.experts_bytes or 0) < (said.bytes or 0) < remote.bytes
                    assert remote.shards <= requests <= 3 * remote.shards
                    path = whole if remote.shards == 1 else first
                    here = await services.fitting.variant(path)
                    assert verdict.bytes == here.bytes
                    assert verdict.name == here.name
                    shape = msgspec.structs.replace(verdict.shape, quantization=here.shape.quantization)
                    assert shape == here.shape
                    assert verdict.word == here.word
                    assert verdict.repository == "acme/far"
                    assert await services.fitting.key(path) == f"{path.name}:{verdict.bytes}"
                # What was read once is known, also offline and after a restart.
                services.settings.set(OFFLINE, True)
                site.api.forget()
                again, read, requests = await services.remote_verdict(listing, listing.quantizations[-1])
                assert (read, requests, again.shape) == (0, 0, verdicts[-1].shape)
                assert site.api.asked == []
            finally:
                await services.close()

        run(test())


def test_what_a_header_said_is_known_after_a_restart_and_gone_when_all_is_deleted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = write_outline(tmp_path / "Far-Q8_0.gguf", mixtral(Size(layers=1)))
    first = facts.models()[0]
    model = msgspec.structs.replace(
        first, repositories=(msgspec.structs.replace(first.repositories[0], repository="Acme/far"),)
    )
    with HubSite(Repo("acme/far", {whole.name: FileBody(whole)})) as site:
        monkeypatch.setenv(VARIABLE, site.url)

        async def test() -> None:
            services = await Services.open()
            try:
                listing = await services.hub.files("acme/far")
                await services.remote_verdict(listing, listing.quantizations[0])
                said = services.catalogue.header_of([model])
                assert said is not None
            finally:
                await services.close()
            services = await Services.open()
            try:
                await services.catalogue.load()
                assert services.catalogue.header_of([model]) == said
                assert services.catalogue.header_of(facts.models()) is None
                await services.erase()
                await services.catalogue.load()
                assert services.catalogue.header_of([model]) is None
            finally:
                await services.close()

        run(test())


@pytest.mark.parametrize(
    ("begin", "expected"), [(b"<html>" * 300, "model.not_gguf"), (b"GGUF\x03\0\0\0" + bytes(2000), "model.damaged")]
)
def test_a_file_that_is_no_model_is_said_and_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begin: bytes, expected: str
) -> None:
    with HubSite(Repo("acme/odd", {"odd-Q4_0.gguf": Padded(begin, 5000)})) as site:
        monkeypatch.setenv(VARIABLE, site.url)

        async def test() -> None:
            services = await Services.open()
            try:
                listing = await services.hub.files("acme/odd")
                for _ in range(2):
                    problem, _, _ = await problem_of(services.remote_verdict(listing, listing.quantizations[0]))
                    assert problem == expected
            finally:
                await services.close()

        run(test())
