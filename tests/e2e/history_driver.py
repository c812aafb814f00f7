"""A history that is changed at random, as a program that can be killed: it tells what it begins and what is done.

Started with a JSON object: `path`, `seed`, `steps`. Each line on stdout is one JSON object: `doing` before each change
(with all that it may do), `done` after it (with what it has changed, as the history itself reads it).
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
from pathlib import Path
from typing import Any

import msgspec

from mistral_desk.chat.copies import Backup, Backups
from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Message, Part
from tests.fixtures.history_state import of_conversation, of_message

WORDS = ("the platypus", "Straße", "世界", "naïve", "x == y", "long ago", "🙂", "a\0b", "NEAR(", "ﬁn")
MOST_OWN = 5


def tell(step: str, **more: object) -> None:
    sys.stdout.write(json.dumps({"step": step, **more}) + "\n")
    sys.stdout.flush()


async def nothing() -> None:
    return None


class Life:
    """One life of the program. Each change is a method that returns what it did."""

    def __init__(self, history: History, seed: int) -> None:
        self.history = history
        self.copies = Backups(lambda: history, nothing)
        self.draw = random.Random(seed)
        self.chats: list[int] = []
        self.bin: list[int] = []

    async def look(self) -> None:
        """What is there."""
        heads = (*await self.history.conversations(10_000), *await self.history.conversations(10_000, archived=True))
        self.chats = [head.id for head in heads]
        self.bin = [head.id for head in await self.history.deleted(10_000)]

    def text(self, most: int = 60) -> str:
        return " ".join(self.draw.choice(WORDS) for _ in range(self.draw.randint(1, most)))

    async def any_message(self) -> Message | None:
        if not self.chats:
            return None
        tree = await self.history.tree(self.draw.choice(self.chats))
        return self.draw.choice(tree) if tree else None

    def some(self, of: list[int]) -> list[int]:
        return self.draw.sample(of, min(len(of), self.draw.randint(1, 5)))

    async def told(self, *chats: int) -> dict[str, Any]:
        """These conversations with all their messages."""
        found: dict[str, Any] = {"messages": {}, "conversations": {}}
        for key in chats:
            head = (await self.history.change([key]))[0]
            found["conversations"][key] = of_conversation(head)
            if head.deleted_at is None:
                found["messages"].update({message.id: of_message(message) for message in await self.history.tree(key)})
        return found

    # --- what can happen ----------------------------------------------------------------------------

    async def turn(self) -> dict[str, Any]:
        chat = self.draw.choice(self.chats) if self.chats and self.draw.random() < 0.8 else None
        text = self.text()
        tell("doing", op="turn", adds=2, chats=int(chat is None), touches=[chat] if chat else [])
        head, *_ = await self.history.begin_turn(chat, text)
        return await self.told(head.id)

    async def edit(self) -> dict[str, Any] | None:
        message = await self.any_message()
        if message is None:
            return None
        tell("doing", op="edit", adds=2, chats=0, touches=[message.conversation])
        await self.history.begin_turn(message.conversation, self.text(), parent=message.parent)
        return await self.told(message.conversation)

    async def answer(self) -> dict[str, Any] | None:
        message = await self.any_message()
        if message is None or message.role != "assistant":
            return None
        ending = self.draw.choice(("unfinished", "stop", "stopped", "failed"))
        parts = [Part("thinking", self.text()), Part("text", self.text(400))]
        tokens = tuple(range(self.draw.randrange(500)))
        new = msgspec.structs.replace(
            message, parts=tuple(parts), tokens=tokens, vocabulary="v" if tokens else "", ending=ending
        )
        chat = message.conversation
        tell("doing", op="answer", adds=0, chats=0, changes=message.id, becomes=of_message(new), touches=[chat])
        await self.history.update_answer(message.id, parts, tokens=tokens, vocabulary="v", ending=ending)  # type: ignore[arg-type]
        return await self.told(message.conversation)

    async def branch(self) -> dict[str, Any] | None:
        message = await self.any_message()
        if message is None:
            return None
        length = len(await self.history.branch(message.id))
        tell("doing", op="branch", adds=length, chats=1, touches=[])
        head = await self.history.branch_off(message.id)
        return await self.told(head.id)

    async def bring_in(self) -> dict[str, Any]:
        count = self.draw.randint(1, 80)
        messages = tuple(
            ImportedMessage(
                str(number),
                str(self.draw.randrange(number)) if number else None,
                "assistant" if number % 2 else "user",
                float(self.draw.randrange(1_600_000_000, 1_600_000_500)),
                (Part("text", self.text(200)),),
            )
            for number in range(count)
        )
        tell("doing", op="import", adds=count, chats=1, touches=[])
        head = await self.history.put(
            Imported(self.text(3), 1.6e9, 1.6e9, messages, origin=f"chatgpt:{self.draw.getrandbits(64):x}")
        )
        assert head is not None
        return await self.told(head.id)

    async def change(self) -> dict[str, Any] | None:
        if not self.chats and not self.bin:
            return None
        ids = self.some([*self.chats, *self.bin])
        wanted = {self.draw.choice(("pinned", "archived", "deleted", "deleted")): self.draw.random() < 0.4}
        tell("doing", op="change", adds=0, chats=0, touches=ids, wanted=wanted)
        await self.history.change(ids, **wanted)
        return await self.told(*ids)

    async def rename(self) -> dict[str, Any] | None:
        if not self.chats:
            return None
        key = self.draw.choice(self.chats)
        tell("doing", op="rename", adds=0, chats=0, touches=[key])
        await self.history.rename(key, self.text(5))
        return await self.told(key)

    async def select(self) -> dict[str, Any] | None:
        message = await self.any_message()
        if message is None:
            return None
        tell("doing", op="select", adds=0, chats=0, touches=[message.conversation])
        await self.history.select(message.id)
        return await self.told(message.conversation)

    async def purge(self) -> dict[str, Any] | None:
        if not self.bin:
            return None
        ids = self.some(self.bin)
        tell("doing", op="purge", adds=0, chats=0, touches=[], drops=ids)
        await self.history.purge_many(ids)
        return {"messages": {}, "conversations": {}, "purged": ids}

    async def backup(self) -> dict[str, Any]:
        tell("doing", op="backup", adds=0, chats=0, touches=[])
        made = await self.copies.make()
        return {"messages": {}, "conversations": {}, "backup": made.path}

    async def restore(self) -> dict[str, Any] | None:
        own = [copy for copy in await self.copies.list() if copy.kind == "own"]
        if not own:
            return None
        chosen: Backup = self.draw.choice(own)
        tell("doing", op="restore", adds=0, chats=0, touches=[], restores=chosen.path)
        done = await self.copies.restore(chosen)
        for old in own[MOST_OWN:]:
            await self.copies.delete(old)
        assert done.kept is not None
        return {"messages": {}, "conversations": {}, "restored": chosen.path, "kept": done.kept.path}


async def main(order: dict[str, Any]) -> None:
    tell("opening")
    history, notice = await History.open(Path(order["path"]))
    tell("opened", notice=notice.id if notice else None)
    life = Life(history, order["seed"])
    common = [life.turn, life.turn, life.edit, life.answer, life.answer, life.branch, life.bring_in, life.change]
    rare = [life.rename, life.select, life.purge, life.backup, life.restore]
    for _ in range(order["steps"]):
        await life.look()
        did = await life.draw.choice([*common, *rare])()
        if did is not None:
            tell("done", **did)
    await history.close()
    tell("closed")


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
