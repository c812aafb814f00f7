"""The app without its window, as a program that can be killed: opens everything, sends one message, reports each step.

Started with a JSON object: `home`, `worker` (a command, or null for the real one), `model` (a path), `text`,
`max_tokens`; with `goes_on` the answer of the life before goes on. Each line on stdout is one JSON object:
`{"step": …}`; pieces carry the time at which they came.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from typing import TYPE_CHECKING, Any

from mistral_desk.chat.message import Draft
from mistral_desk.chat.session import Broken, Ended, Started, Thinking, Writing
from mistral_desk.inference.client import ModelSpec
from mistral_desk.services import Services

if TYPE_CHECKING:
    from mistral_desk.chat.rows import AnswerState

HEARTBEAT_S = 0.02


def tell(step: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"step": step, "at": time.monotonic(), **more}) + "\n")
    sys.stdout.flush()


async def watch_the_loop() -> None:
    """Tell when this process got no time: what a starved machine delays is not the app's delay."""
    last = time.monotonic()
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        now = time.monotonic()
        if now - last > 4 * HEARTBEAT_S:
            tell("stall", seconds=now - last)
        last = now


def watch_the_disk(services: Services) -> None:
    """Tell when each save begins and ends: a commit that hangs in the disk is the disk's delay."""
    save = services.history.save_answer

    async def told(message_id: int, state: AnswerState) -> None:
        tell("saving")
        await save(message_id, state)
        tell("saved")

    services.history.save_answer = told  # type: ignore[method-assign]


async def main(order: dict[str, Any]) -> None:
    tell("opening")
    services = await Services.open(order["home"], engine=order["worker"])
    tell("opened", notices=[notice.id for notice in services.notices])
    watch_the_disk(services)
    heartbeat = asyncio.create_task(watch_the_loop())
    chats = await services.history.conversations(limit=1)
    spec, most = ModelSpec(order["model"]), order["max_tokens"]
    if order.get("goes_on"):
        assert chats[0].leaf is not None
        events = services.session.continue_answer(chats[0].leaf, model_spec=spec, max_tokens=most)
    else:
        key = chats[0].id if chats else None
        events = services.session.reply(key, Draft(order["text"]), model_spec=spec, max_tokens=most)
    tell("sending")
    async for event in events:
        match event:
            case Started(user_message=user, answer_message=answer):
                tell("started", chat=user.conversation, user=user.id, answer=answer.id)
            case Thinking(text=text) | Writing(text=text):
                tell("piece", text=text, kind=type(event).__name__, worker=services.engine.pid)
            case Ended(message=message):
                tell("ended", ending=message.ending, text=message.text)
            case Broken(problem=problem, message=message):
                tell("broken", problem=problem.id, text=message.text)
            case _:
                tell(type(event).__name__)
    heartbeat.cancel()
    await services.close()
    tell("closed")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
