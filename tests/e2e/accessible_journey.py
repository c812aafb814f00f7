"""The whole way of a person who sees nothing: asks, has it think, shows a picture, gets a model, deletes, undoes.

All of it through AT-SPI, in the real window with the real worker and the Guide; the hub is on this computer.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.paths import resource
from tests.e2e.accessible_person import DELETE, RETURN, Person
from tests.e2e.accessible_rules import faults
from tests.e2e.test_drop import disc
from tests.e2e.test_first_model import NAME, facts_of
from tests.fixtures.assistive import desktop
from tests.fixtures.atspi import END_OF_WORLD_S, Reader
from tests.fixtures.hub_site import FileBody, HubSite, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.fixtures.atspi import Ref

ROOT: Final = Path(__file__).resolve().parents[2]
RATE: Final = 4_000_000
"""Bytes a second of the hub: the Guide's own file plays the model, and its download can be followed."""
BUTTON, CHECK, ONE = "push button", "check box", "radio button"


@dataclass
class Told:
    """What was heard at each step, what was wrong with the pages, and how much of them was looked at."""

    heard: dict[str, list[str]] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    progress: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    events: int = 0
    left: str = ""
    """What the program said on stderr."""


def gone(folder: Path, home: Path) -> Told:
    """Go all the way, in a home that is not there yet."""
    source = resource("model", "guide.gguf")
    repo = Repo("acme/Tiny-GGUF", {NAME: FileBody(source)})
    facts = folder / "facts.json"
    facts.write_text(json.dumps(facts_of(repo, source)), encoding="utf-8")
    environment = {
        **os.environ,
        "MISTRAL_DESK_HOME": str(home),
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
        "HOME": str(folder),
        "XDG_DATA_HOME": str(folder / "share"),
    }
    with HubSite(repo) as hub, desktop(folder / "at", {**environment, "HF_ENDPOINT": hub.url}) as place:
        hub.trouble.rate = RATE
        told = Told()
        with Reader(place.bus) as reader, _started(facts, place.environment, told) as process:
            program = reader.until(
                lambda: next((one for one in reader.programs() if reader.process(one) == process.pid), None),
                "the program is not on the accessibility bus",
            )
            _Journey(Person(reader, program), told, disc(folder, "red")).go()
            told.events = len(reader.heard)
    return told


@contextlib.contextmanager
def _started(facts: Path, environment: Mapping[str, str], told: Told) -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.accessible_window", str(facts)],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    ) as process:
        try:
            yield process
            process.terminate()
            told.left = process.communicate(timeout=END_OF_WORLD_S)[1].decode()
        finally:
            process.kill()


class _Journey:
    def __init__(self, person: Person, told: Told, picture: Path) -> None:
        self.person, self.told, self.picture = person, told, picture

    def go(self) -> None:
        self.person.find(BUTTON, "Send")
        self.look_over("first start")
        self.ask("first", "What can you do?")
        self.think()
        self.show_a_picture()
        self.settings()
        self.browse()
        self.download()
        self.delete_model()
        self.delete_chat()

    def look_over(self, page: str) -> None:
        """Everything that is on the screen now, against the rules."""
        things = self.person.things()
        self.told.pages[page] = len(things)
        self.told.faults += [f"{page}: {fault}" for fault in faults(self.person.reader, things)]

    def ask(self, step: str, question: str) -> None:
        """Send a question and wait until its answer is told."""
        person = self.person
        person.listen()
        person.write("Message", question)
        person.press("Send")
        answered = person.until(self._answer, "no answer is there")
        self.told.read[step] = person.until(lambda: person.reader.text(answered), "the answer is empty")
        person.hear(self.told.read[step])
        self.told.heard[step] = person.spoken

    def _answer(self) -> Ref | None:
        """The last answer on the screen, once it is over and can be copied."""
        things = self.person.things()
        busy = any(one.role == BUTTON and one.name == "Stop" for one in things)
        answers = [one for one in things if one.role == "label" and one.name == "Answer"]
        return answers[-1].ref if answers and not busy and self.person.spoken else None

    def think(self) -> None:
        """*Think harder*: the thought is heard of, and is not the answer."""
        person = self.person
        person.press("Think harder", CHECK)
        person.until(lambda: "checked" in person.find(CHECK, "Think harder").states, "it is not on")
        self.ask("thought", "What is 7 plus 8?")
        person.press("Thought for")
        thought = person.find("label", "Thought")
        self.told.read["thinking"] = person.reader.text(thought.ref)
        self.look_over("thought")
        person.press("Think harder", CHECK)

    def show_a_picture(self) -> None:
        """By the dialog that files are chosen in."""
        person = self.person
        person.press("New chat")
        person.gone("label", "Answer")
        person.press("Attach image or file")
        dialog = person.find("dialog", "Attach files")
        person.write("File name:", str(self.picture))
        person.press("Open", below=dialog.ref)
        person.find(BUTTON, self.picture.name)
        self.look_over("attached")
        self.ask("picture", "What is this?")

    def settings(self) -> None:
        """Each of their sections."""
        person = self.person
        person.press("Settings", CHECK)
        first = person.find("panel", "Settings")
        for section in [one.name for one in person.things(first.ref) if one.role == ONE and ":" not in one.name]:
            person.press(section, ONE, first.ref)
            person.find("panel", section, first.ref)
            self.look_over(f"settings, {section}")

    def browse(self) -> None:
        """The catalog's list, and from there a model's page: in a list one presses keys."""
        person = self.person
        person.press("Models", CHECK)
        cards = person.find("list", "Models found")
        first = person.find("list item", "Mistral Small 4", cards.ref)
        self.told.read["card"] = first.name
        self.look_over("models")
        person.reader.focus(cards.ref)
        person.until(lambda: "focused" in person.find("list item", first.name).states, "no card has the keyboard")
        person.reader.key(RETURN)
        person.find("panel", "About Mistral Small 4")
        person.find(BUTTON, "Download…: Q8_0")
        self.look_over("about")

    def download(self) -> None:
        """From the model's page to its end in the library."""
        person = self.person
        person.listen()
        person.press("Download…: Q8_0")
        person.press("Download 11")
        person.press("Library", CHECK)
        bar = person.find("progress bar", "Progress of Tiny-GGUF")
        self.look_over("downloading")
        person.until(lambda: self._follow(bar.ref), "it does not come")
        person.hear("Tiny-GGUF Q8_0 is here")
        person.find(BUTTON, "Delete: Tiny-GGUF")
        self.told.heard["download"] = person.spoken
        self.told.progress.append(len(person.events("object:PropertyChange")))
        self.look_over("library")

    def _follow(self, bar: Ref) -> bool:
        """Note how far it is; whether it is over."""
        thing = self.person.look("progress bar", "Progress of Tiny-GGUF")
        if thing is not None and thing.ref == bar:
            with contextlib.suppress(Exception):  # it may be over between two questions
                self.told.progress.append(self.person.reader.value(thing.ref)[1])
        return thing is None

    def delete_model(self) -> None:
        """For good, after what is asked."""
        person = self.person
        person.listen()
        person.press("Delete: Tiny-GGUF")
        sheet = person.find("dialog", "Delete Tiny-GGUF")
        self.look_over("delete")
        person.press("Delete for good", below=sheet.ref)
        person.gone(BUTTON, "Delete: Tiny-GGUF")
        person.hear("is deleted")
        self.told.heard["deleted"] = person.spoken

    def delete_chat(self) -> None:
        """By the key in the list, and back by *Undo*."""
        person = self.person
        chats = person.find("list", "Chats")
        before = [one.name for one in person.things(chats.ref) if one.role == "list item"]
        person.listen()
        person.reader.focus(chats.ref)
        person.until(lambda: "focused" in person.find("list", "Chats").states or self._in(chats.ref), "not in the list")
        person.reader.key(DELETE)
        person.hear("Chat deleted")
        self.told.heard["chat deleted"] = person.spoken
        person.press("Undo")
        person.until(lambda: self._names() == before, f"the chats are not {before}")
        self.look_over("undone")
        self.told.read["chats"] = ", ".join(before)

    def _in(self, chats: Ref) -> bool:
        return any(one.parent == chats and "focused" in one.states for one in self.person.things())

    def _names(self) -> list[str]:
        chats = self.person.look("list", "Chats")
        return [one.name for one in self.person.things(chats.ref) if one.role == "list item"] if chats else []
