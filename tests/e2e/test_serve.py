"""`serve`, asked by the official client as it is published: what it answers is what `ask` says."""

from __future__ import annotations

import asyncio
import base64
import io
import json
import signal
from typing import TYPE_CHECKING, Any, Final

import openai
import psutil
import pytest
from PIL import Image, ImageDraw

from tests.fixtures.program import END_OF_WORLD_S, desk, next_line, rest_of, started, workers_of
from tests.fixtures.schemas import is_valid

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

QUESTION: Final = "What is 7 plus 8?"
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {"answer": {"type": "integer"}, "sure": {"enum": ["yes", "no"]}},
    "required": ["answer", "sure"],
    "additionalProperties": False,
}


class Server:
    """A running `serve`, and how to ask it."""

    def __init__(self, process: subprocess.Popen[bytes], told: dict[str, Any]) -> None:
        self.process, self.address, self.token = process, told["address"], told["token"]

    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.address, api_key=self.token, max_retries=0)

    def many(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=self.address, api_key=self.token, max_retries=0)


@pytest.fixture
def server() -> Iterator[Server]:
    with started("serve", "--port", "0", "--json") as process:
        yield Server(process, next_line(process, "listening"))
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            _, err = rest_of(process)
            assert process.returncode == 0, err


def asked(*arguments: str) -> tuple[str, str, dict[str, Any]]:
    """The text, the thought and the figures that `ask` gives."""
    ran = desk("ask", *arguments, "--temperature", "0", "--json")
    assert ran.status == 0, ran
    return ran.all_of("text"), ran.all_of("thinking"), ran.lines[-1]


def user(content: object) -> list[Any]:
    return [{"role": "user", "content": content}]


@pytest.mark.slow
def test_models_an_answer_a_stream_and_thoughts(server: Server) -> None:
    text, _, figures = asked(QUESTION)
    thinking_text, thought, _ = asked(QUESTION, "--think")
    with server.client() as client:
        assert [model.id for model in client.models.list()] == ["builtin"]
        assert client.models.retrieve("builtin").id == "builtin"
        whole = client.chat.completions.create(model="builtin", messages=user(QUESTION), temperature=0)
        assert whole.choices[0].message.content == text
        assert whole.choices[0].finish_reason == "stop"
        assert whole.usage is not None
        assert whole.usage.prompt_tokens == figures["prompt_tokens"]
        assert whole.usage.completion_tokens == figures["generated_tokens"]
        parts = list(
            client.chat.completions.create(
                model="builtin",
                messages=user(QUESTION),
                temperature=0,
                reasoning_effort="high",
                stream=True,
                stream_options={"include_usage": True},
            )
        )
        deltas = [part.choices[0].delta for part in parts if part.choices]
        assert "".join(delta.content or "" for delta in deltas) == thinking_text
        assert "".join(getattr(delta, "reasoning_content", None) or "" for delta in deltas) == thought
        assert parts[-1].usage is not None
        assert parts[-1].usage.completion_tokens_details is not None
        assert parts[-1].usage.completion_tokens_details.reasoning_tokens


@pytest.mark.slow
def test_a_picture_is_seen_as_ask_sees_it(server: Server, tmp_path: Path) -> None:
    drawing = Image.new("RGB", (160, 160), "white")
    ImageDraw.Draw(drawing).ellipse((40, 40, 120, 120), fill="red")
    file = tmp_path / "Ein Kreis ü.png"
    drawing.save(file)
    encoded = io.BytesIO()
    drawing.save(encoded, "PNG")
    address = f"data:image/png;base64,{base64.b64encode(encoded.getvalue()).decode()}"
    question = "What is this?"
    text, _, _ = asked(question, "--image", str(file))
    content = [{"type": "image_url", "image_url": {"url": address}}, {"type": "text", "text": question}]
    with server.client() as client:
        seen = client.chat.completions.create(model="builtin", messages=user(content), temperature=0)
        assert seen.choices[0].message.content == text
        assert "red circle" in text
        content[0] = {"type": "image_url", "image_url": {"url": "https://example.org/circle.png"}}
        with pytest.raises(openai.BadRequestError, match="fetched"):
            client.chat.completions.create(model="builtin", messages=user(content))
        content[0] = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        with pytest.raises(openai.BadRequestError, match="picture"):
            client.chat.completions.create(model="builtin", messages=user(content))


@pytest.mark.slow
def test_a_schema_holds_and_one_that_leads_elsewhere_is_refused(server: Server, tmp_path: Path) -> None:
    file = tmp_path / "schema.json"
    file.write_text(json.dumps(SCHEMA), encoding="utf-8")
    text, _, _ = asked(QUESTION, "--schema", str(file))
    form: Any = {"type": "json_schema", "json_schema": {"name": "sum", "strict": True, "schema": SCHEMA}}
    with server.client() as client:
        bound = client.chat.completions.create(
            model="builtin", messages=user(QUESTION), temperature=0, response_format=form
        )
        assert bound.choices[0].message.content == text
        assert is_valid(SCHEMA, json.loads(text))
        form["json_schema"]["schema"] = {"$ref": "https://example.org/schema.json"}
        with pytest.raises(openai.BadRequestError, match="nothing is fetched"):
            client.chat.completions.create(model="builtin", messages=user(QUESTION), response_format=form)
        with pytest.raises(openai.AuthenticationError):
            client.with_options(api_key="wrong").models.list()
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model="gpt-none", messages=user(QUESTION))
        tool: Any = {"type": "function", "function": {"name": "f", "parameters": {}}}
        with pytest.raises(openai.BadRequestError, match="tools"):
            client.chat.completions.create(model="builtin", messages=user(QUESTION), tools=[tool])


@pytest.mark.slow
def test_fifty_at_once_all_get_the_same_answer(server: Server) -> None:
    text, _, _ = asked(QUESTION)

    async def test() -> None:
        async with server.many() as client:

            async def one(number: int) -> str:
                if number % 2:
                    made = await client.chat.completions.create(model="", messages=user(QUESTION), temperature=0)
                    return made.choices[0].message.content or ""
                stream = await client.chat.completions.create(
                    model="builtin", messages=user(QUESTION), temperature=0, stream=True
                )
                return "".join([part.choices[0].delta.content or "" async for part in stream])

            assert set(await asyncio.gather(*map(one, range(50)))) == {text}

    asyncio.run(test())


@pytest.mark.slow
def test_who_goes_away_stops_the_engine_and_the_next_is_answered(server: Server) -> None:
    """The Guide would write until its context is full, which takes much longer than the next answer may wait."""
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 900}
    form: Any = {"type": "json_schema", "json_schema": {"name": "long", "schema": schema}}
    text, _, _ = asked(QUESTION)
    with server.client() as client:
        stream = client.chat.completions.create(
            model="builtin", messages=user("Count."), stream=True, temperature=0, response_format=form
        )
        written = 0
        for part in stream:
            written += bool(part.choices and part.choices[0].delta.content)
            if written >= 3:
                break
        stream.close()
        next_one = client.chat.completions.create(model="builtin", messages=user(QUESTION), temperature=0)
        assert next_one.choices[0].message.content == text


@pytest.mark.slow
def test_ctrl_c_ends_it_with_its_worker_and_an_answer_that_runs_is_told(server: Server) -> None:
    schema = {"type": "array", "items": {"type": "integer"}, "minItems": 900}
    form: Any = {"type": "json_schema", "json_schema": {"name": "long", "schema": schema}}
    with server.client() as client:
        stream = client.chat.completions.create(
            model="builtin", messages=user("Count."), stream=True, temperature=0, response_format=form
        )
        parts = iter(stream)
        next(parts)
        workers = workers_of(server.process)
        assert workers
        server.process.send_signal(signal.SIGINT)
        with pytest.raises(openai.APIError):
            list(parts)
    out, err = rest_of(server.process)
    assert (server.process.returncode, out) == (0, ""), err
    _, alive = psutil.wait_procs(workers, timeout=END_OF_WORLD_S)
    assert alive == []


def test_a_port_that_is_taken_and_a_door_that_would_stand_open_are_told(server: Server) -> None:
    port = server.address.rpartition(":")[2].partition("/")[0]
    taken = desk("serve", "--port", port, "--json")
    assert (taken.status, taken.lines[-1]["id"]) == (1, "server.cannot_listen")
    opened = desk("serve", "--host", "0.0.0.0", "--no-token", "--json")  # noqa: S104 - refused
    assert (opened.status, opened.lines[-1]["id"]) == (1, "server.open_without_token")
