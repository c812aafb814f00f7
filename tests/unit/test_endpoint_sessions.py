"""A chat that is answered elsewhere: exactly its branch goes out, all comes back as turns, and stop closes it."""

from __future__ import annotations

import contextlib
import traceback
from typing import TYPE_CHECKING, Any

import pytest

from mistral_desk.catalog.record import read
from mistral_desk.catalog.store import Catalogue
from mistral_desk.chat.attachments import Pixels
from mistral_desk.chat.elsewhere.door import EndpointDoor
from mistral_desk.chat.elsewhere.doors import Doors
from mistral_desk.chat.elsewhere.prices import Prices
from mistral_desk.chat.history import History
from mistral_desk.chat.message import ConversationSettings, Draft
from mistral_desk.chat.parts import picture_part
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.session import Broken, Ended, Session, Started, Thinking, Writing
from mistral_desk.core.errors import DeskError, in_words
from mistral_desk.core.settings import OFFLINE, Settings
from mistral_desk.inference.model_ids import model_title
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.inference.protocol import Figures, Sampling
from mistral_desk.net.endpoints.record import Endpoint, EndpointModel, Kind, Offered
from mistral_desk.services import Services
from tests.fixtures import fake_worker
from tests.fixtures.endpoints import endpoints, told
from tests.fixtures.engines import END_OF_WORLD_S, run
from tests.fixtures.openai_site import KEY, MISTRAL, SHAPES, OpenAISite, chunk, events, raw, refusal, said, streamed
from tests.fixtures.vault import Vault
from tests.fixtures.web_site import Answer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from mistral_desk.chat.session import TurnEvent
    from mistral_desk.net.endpoints.front import Endpoints


class NoEngine:
    """An engine that must not be touched."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the engine was asked for {name}")


class Talk:
    """A session without an engine, and one endpoint."""

    def __init__(self, history: History, all_of_them: Endpoints, pictures: PicturesInMemory) -> None:
        self.history, self.endpoints, self.pictures = history, all_of_them, pictures
        engine: Any = NoEngine()
        self.session = Session(history, engine, pictures=pictures, elsewhere=Doors(all_of_them))

    @property
    def source(self) -> EndpointModel:
        """The first model of the first endpoint."""
        one = self.endpoints.all[0]
        return EndpointModel(one, one.models[0])

    async def ask(self, text: str, conversation: int | None = None, **more: Any) -> list[TurnEvent]:
        """All events of one answer."""
        draft = Draft(text, more.pop("think", False), more.pop("attached", None))
        reply = self.session.reply(conversation, draft, model_spec=self.source, **more)
        return [event async for event in reply]


@contextlib.asynccontextmanager
async def talk(
    folder: Path, site: OpenAISite, *, key: str = "", agreed: bool = True, settings: Settings | None = None
) -> AsyncIterator[Talk]:
    async with endpoints(folder, settings, Vault()) as all_of_them:
        outcome = await all_of_them.test(site.base, key)
        await all_of_them.add("Home", site.base, key, outcome=outcome, agreed=agreed)
        history = await History.temporary()
        made = Talk(history, all_of_them, PicturesInMemory())
        try:
            yield made
        finally:
            await made.session.close()
            await history.close()


def words(told: list[TurnEvent], kind: type[Thinking | Writing]) -> str:
    return "".join(event.text for event in told if isinstance(event, kind))


def test_an_answer_is_made_of_the_chat_s_own_events_and_is_kept_with_its_model_and_figures(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite("mistral", key=KEY) as site:
            async with talk(tmp_path, site, key=KEY) as chat:
                told = await chat.ask("7+8?", think=True)
                assert isinstance(told[0], Started)
                assert (words(told, Thinking), words(told, Writing)) == ("Seven and eight.", "It is 15.")
                end = told[-1]
                assert isinstance(end, Ended)
                assert end.message.model == f"endpoint:home/{MISTRAL}"
                assert model_title(end.message.model) == f"{MISTRAL} (home)"
                assert (end.message.thinking, end.message.text) == ("Seven and eight.", "It is 15.")
                figures = end.message.figures
                assert figures is not None
                assert (figures.prompt_tokens, figures.generated_tokens, figures.tokens_per_s) == (21, 7, None)
                assert figures.first_token_s

    run(test())


def test_what_goes_out_is_exactly_the_branch_and_no_word_of_another_chat_or_of_a_thought(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite("mistral") as site:
            async with talk(tmp_path, site) as chat:
                await chat.ask("another chat's secret")
                first = await chat.ask("First", think=True, settings=ConversationSettings(system="Be brief."))
                assert isinstance(first[0], Started)
                one = first[0].conversation.id
                picture = picture_part(await chat.pictures.put(Pixels(2, 1, bytes(6))), "holiday.png")
                second = await chat.ask("Second", one, attached=(picture,))
                assert isinstance(second[0], Started)
                edited = chat.session.edit(second[0].user_message.id, Draft("Other"), model_spec=chat.source)
                assert isinstance([event async for event in edited][-1], Ended)
            bodies, raw_bytes = site.bodies(), [asked.body for asked in site.asked if asked.method == "POST"]
        head = [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "First"},
            {"role": "assistant", "content": "It is 15."},
        ]
        shown = bodies[2]["messages"][3]["content"][0]["image_url"]["url"]
        image = {"type": "image_url", "image_url": {"url": shown}}
        for body, last in zip(bodies[2:], ("Second", "Other"), strict=True):
            question = {"role": "user", "content": [image, {"type": "text", "text": last}]}
            assert body == {"model": MISTRAL, "messages": [*head, question], "stream": True, "reasoning_effort": "none"}
        assert bodies[1]["reasoning_effort"] == "high"
        for sent in raw_bytes[1:]:
            assert b"secret" not in sent
            assert b"Seven" not in sent
            assert b"holiday" not in sent

    run(test())


@pytest.mark.parametrize(
    ("kind", "sent"),
    [
        ("mistral", {"temperature": 0.5, "top_p": 0.9, "random_seed": 7, "reasoning_effort": "none"}),
        ("other", {"temperature": 0.5, "top_p": 0.9, "seed": 7, "stream_options": {"include_usage": True}}),
    ],
)
def test_sampling_goes_out_as_far_as_the_kind_of_server_takes_it(tmp_path: Path, kind: Kind, sent: Any) -> None:
    async def test() -> None:
        with OpenAISite(kind) as site:
            async with talk(tmp_path, site) as chat:
                sampling = Sampling(temperature=0.5, top_p=0.9, top_k=5, min_p=0.1, seed=7)
                await chat.ask("Hi", sampling=sampling, max_tokens=99)
            (body,) = site.bodies()
        messages = [{"role": "user", "content": "Hi"}]
        assert body == {"model": body["model"], "messages": messages, "stream": True, "max_tokens": 99, **sent}

    run(test())


def test_stop_closes_the_connection_and_keeps_what_came(tmp_path: Path) -> None:
    async def test() -> None:
        body = events(chunk({"content": "It is"}), done=False)
        with OpenAISite(chat=raw(body * 2, stall=len(body))) as site:
            async with talk(tmp_path, site) as chat:
                told = []
                async for event in chat.session.reply(None, Draft("Hi"), model_spec=chat.source):
                    told.append(event)
                    if isinstance(event, Writing):
                        chat.session.stop()
                end = told[-1]
                assert isinstance(end, Ended)
                assert (end.message.text, end.message.ending) == ("It is", "stopped")
                assert chat.endpoints.net.ledger.entries()[0].problem == "net.cancelled"

    run(test())


@pytest.mark.allow_log("net.offline", "mistral_desk.chat.running")
def test_offline_in_mid_answer_ends_it_with_the_word_and_what_came_stays(tmp_path: Path) -> None:
    settings = Settings(tmp_path / "settings.json")

    async def test() -> None:
        body = events(chunk({"content": "It is"}), done=False)
        with OpenAISite(chat=raw(body * 2, stall=len(body))) as site:
            async with talk(tmp_path, site, settings=settings) as chat:
                told = []
                async for event in chat.session.reply(None, Draft("Hi"), model_spec=chat.source):
                    told.append(event)
                    if isinstance(event, Writing):
                        settings.set(OFFLINE, True)
                end = told[-1]
                assert isinstance(end, Broken)
                assert (end.problem.id, end.message.text) == ("net.offline", "It is")
                before = site.connections
                again = (await chat.ask("Again"))[-1]
                assert isinstance(again, Broken)
                assert again.problem.id == "net.offline"
                assert site.connections == before

    run(test())


@pytest.mark.allow_log("endpoint", "mistral_desk.chat.running")
def test_without_agreement_after_removal_and_at_another_address_nothing_goes_out(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite() as site:
            async with talk(tmp_path, site, agreed=False) as chat:
                source = chat.source

                async def tried() -> str:
                    end = [event async for event in chat.session.reply(None, Draft("Hi"), model_spec=source)][-1]
                    assert isinstance(end, Broken)
                    return end.problem.id

                assert await tried() == "endpoint.not_agreed"
                await chat.endpoints.agree("home")
                await chat.endpoints.change("home", address=f"{site.url}/v2")
                assert await tried() == "endpoint.gone"
                await chat.endpoints.remove("home")
                assert await tried() == "endpoint.gone"
            assert not site.bodies()

    run(test())


def test_what_no_server_can_do_and_what_this_one_says_it_cannot_is_refused_before_anything_is_kept(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        with OpenAISite() as site:
            async with talk(tmp_path, site) as chat:
                answer = (await chat.ask("Hi"))[-1]
                assert isinstance(answer, Ended)
                blind = EndpointModel(chat.source.endpoint, Offered("blind", sees=False))
                picture = picture_part(await chat.pictures.put(Pixels(2, 1, bytes(6))), "a.png")
                session, number = chat.session, answer.message.id
                refused: dict[str, list[AsyncIterator[object]]] = {
                    "endpoint.cannot": [
                        session.think_more(number, model_spec=chat.source),
                        session.continue_answer(number, model_spec=chat.source),
                        EndpointDoor(chat.endpoints, chat.source).generate((), grammar="root ::= [0-9]"),
                    ],
                    "endpoint.no_eyes": [session.reply(None, Draft("?", attached=(picture,)), model_spec=blind)],
                }
                for expected, tries in refused.items():
                    for one in tries:
                        with pytest.raises(DeskError) as caught:
                            await anext(one)
                        assert caught.value.problem.id == expected
                assert len(await chat.history.conversations()) == 1

    run(test())


@pytest.mark.allow_log("net.cut", "mistral_desk.chat.running")
def test_two_kinds_of_answer_do_not_wait_for_each_other_and_neither_stands_in(tmp_path: Path) -> None:
    """The services with a scripted worker: a local answer that never ends, and one from elsewhere beside it."""
    command = fake_worker.command(tmp_path, fake_worker.endless())

    async def test() -> None:
        services = await Services.open(engine=command)
        with OpenAISite() as site:
            outcome = await services.endpoints.test(site.base)
            await services.endpoints.add("Home", site.base, outcome=outcome, agreed=True)
            there = services.answering("endpoint:home/a-model")
            local = services.session.reply(None, Draft("go on"), model_spec=ModelSpec("/models/one.gguf"))
            async with contextlib.aclosing(local) as local_events:
                while not isinstance(await anext(local_events), Writing):
                    pass
                far = [event async for event in services.session.reply(None, Draft("Hi"), model_spec=there)]
                assert words(far, Writing) == "It is 15."
            assert [body["messages"] for body in site.bodies()] == [[{"role": "user", "content": "Hi"}]]
            with pytest.raises(DeskError) as caught:
                services.resolve_model("endpoint:home/a-model")
            assert caught.value.problem.id == "endpoint.not_here"
            site.chat = raw(b"data: {}", cut=0)
            broken = [event async for event in services.session.reply(None, Draft("Hi"), model_spec=there)][-1]
            assert isinstance(broken, Broken)
            assert broken.message.model == "endpoint:home/a-model"
            await services.erase()
            assert not services.endpoints.all
            assert not (services.folders.config / "endpoints.json").exists()
        await services.close()

    run(test())


def test_what_a_server_quotes_of_a_chat_is_shown_and_in_no_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, allow_log: Any
) -> None:
    allow_log("endpoint.refused", "mistral_desk.chat.running")

    async def test() -> None:
        with OpenAISite(chat=refusal(400, "I do not like “my secret”")) as site:
            async with talk(tmp_path, site) as chat:
                end = (await chat.ask("my secret"))[-1]
                assert isinstance(end, Broken)
                assert "my secret" in in_words(end.problem).message

    run(test())
    assert "endpoint.refused" in caplog.text
    assert "my secret" not in caplog.text


@pytest.mark.parametrize(
    "sent",
    [b"my secret: %s\r\n\r\n", b"HTTP/1.1 200 OK\r\nmy secret %s\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nmy secret %s\r\n"],
    ids=["status", "header", "chunk"],
)  # fmt: skip
def test_what_a_server_quotes_that_speaks_no_http_is_in_no_log_and_no_traceback(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, allow_log: Any, sent: bytes
) -> None:
    allow_log("net.garbled", "mistral_desk.chat.running")

    async def test() -> None:
        with OpenAISite(chat=Answer(raw=sent % KEY.encode())) as site:
            async with talk(tmp_path, site) as chat:
                end = (await chat.ask("my secret"))[-1]
                assert isinstance(end, Broken)
                with pytest.raises(DeskError) as caught:
                    await told(chat.endpoints.net, chat.source, KEY)
                told_to_developers = "".join(traceback.format_exception(caught.value))
                assert "my secret" not in told_to_developers
                assert KEY not in told_to_developers

    run(test())
    assert "net.garbled" in caplog.text
    assert "my secret" not in caplog.text
    assert KEY not in caplog.text


def test_one_connection_serves_one_answer_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mistral_desk.net.endpoints.asking._DRAIN_S", END_OF_WORLD_S)

    async def test() -> None:
        with OpenAISite(chat=streamed(*SHAPES["other"], chunked=False)) as site:  # its end needs no waiting for
            async with talk(tmp_path, site) as chat:
                for text in ("one", "two", "three"):
                    assert isinstance((await chat.ask(text))[-1], Ended)
            assert site.connections == 1

    run(test())


def test_a_thousand_small_pieces_are_one_answer(tmp_path: Path) -> None:
    async def test() -> None:
        with OpenAISite(chat=said("", [f"{n} " for n in range(1000)])) as site:
            async with talk(tmp_path, site) as chat:
                end = (await chat.ask("count"))[-1]
                assert isinstance(end, Ended)
                assert end.message.text.split() == [str(n) for n in range(1000)]

    run(test())


def test_what_an_answer_cost_is_an_estimate_where_the_maker_serves_it_and_says_a_price_for_so_many_tokens() -> None:
    plain: dict[str, Any] = {"id": "acme-large", "type": "model", "title": "Acme Large", "provider": "Acme AI"}

    def cost(pricing: Any, host: str = "api.acme.com", model: str = "Acme-Large-2603") -> Any:
        record = read(plain | {"pricing": pricing})
        prices = Prices(lambda: Catalogue((record,)))
        source = EndpointModel(Endpoint("x", "X", f"https://{host}/v1"), Offered(model))
        found = prices.cost(source, Figures(prompt_tokens=1_000_000, generated_tokens=100_000))
        return None if found is None else (round(found.amount, 4), found.currency)

    said_so = {"input": "$3.00 / 1M tokens", "output": "$15.00 per million tokens"}
    assert cost(said_so) == (4.5, "$")
    assert cost({"input": "$0.003 / 1K tokens", "output": "$0.015 / 1k tokens"}) == (4.5, "$")
    assert cost(said_so, host="openrouter.ai") is None
    assert cost(said_so, host="10.0.0.7") is None
    assert cost(said_so, model="acme-small") is None
    assert cost({"input": 3, "output": 15}) is None, "it does not say for how many tokens"
    source = EndpointModel(Endpoint("x", "X", "https://api.acme.com/v1"), Offered("acme-large"))
    unread = Prices(lambda: pytest.fail("nothing is looked up while an answer is being written"))
    assert unread.cost(source, None) is None
    assert cost({"input": "Free (Apache 2.0)", "output": "Free (Apache 2.0)"}) is None
