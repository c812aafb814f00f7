"""The whole way of a person who sees nothing: asks, has it think, shows a picture, gets a model, deletes, undoes.

All of it through AT-SPI, in the real window with the real worker and the Guide; the hub is on this computer. The second
half is gone with text at 200 % and high contrast, chosen in the settings by the same means.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mistral_desk.core.paths import resource
from tests.e2e import accessible_keys as keys
from tests.e2e.accessible_person import DELETE, RETURN, Person
from tests.e2e.accessible_rules import faults
from tests.e2e.accessible_size import NOTHING, Taken, enlarge
from tests.e2e.test_drop import disc
from tests.e2e.test_first_model import NAME, facts_of
from tests.fixtures.assistive import desktop
from tests.fixtures.atspi import END_OF_WORLD_S, Reader
from tests.fixtures.hub_site import FileBody, HubSite, Repo

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.fixtures.atspi import Ref, Thing

ROOT: Final = Path(__file__).resolve().parents[2]
RATE: Final = 4_000_000
"""Bytes a second of the hub: the Guide's own file plays the model, and its download can be followed."""
HELD: Final = 1_000_000
"""Bytes after which the hub waits until the download was found and looked at."""
BUTTON, CHECK, ONE = "push button", "check box", "radio button"
LARGE: Final = " at 200 %"
BACK: Final = "Back to the models"
TURN: Final = ("Your message", "Answer")


@dataclass
class Told:
    """What was heard at each step, what was wrong with the pages, and how much of them was looked at."""

    heard: dict[str, list[str]] = field(default_factory=dict)
    read: dict[str, str] = field(default_factory=dict)
    progress: list[list[float]] = field(default_factory=list)
    """How far each download was seen to be."""
    told_of: int = 0
    """How often it was said that the download went on."""
    ways: tuple[list[str], ...] = ()
    """What Tab came to on the chat's page, and what Shift+Tab did."""
    taken: Taken = NOTHING
    faults: list[str] = field(default_factory=list)
    pages: dict[str, int] = field(default_factory=dict)
    events: int = 0
    left: str = ""
    """What the program said on stderr."""


def gone(folder: Path, home: Path, *, whole: bool = False) -> Told:
    """Go all the way, in a home that is not there yet; `whole`: all of it in both sizes."""
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
    with HubSite(repo) as hub, desktop({**environment, "HF_ENDPOINT": hub.url}) as place:
        hub.trouble.rate = RATE
        told = Told()
        with Reader(place.bus) as reader, _started(facts, place.environment, told) as process:

            def there() -> Ref | None:
                assert process.poll() is None, "the program ended"
                return next((one for one in reader.programs() if reader.process(one) == process.pid), None)

            program = reader.until(there, "the program is not on the accessibility bus")
            journey = _Journey(Person(reader, program), told, disc(folder, "red"), hub)
            journey.go(place.environment["DISPLAY"], whole=whole)
            told.events = len(reader.heard)
    return told


@contextlib.contextmanager
def _started(facts: Path, environment: Mapping[str, str], told: Told) -> Iterator[subprocess.Popen[bytes]]:
    left = facts.with_name("stderr.txt")
    with (
        left.open("wb") as stderr,
        subprocess.Popen(
            [sys.executable, "-m", "tests.e2e.accessible_window", str(facts)],
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stderr=stderr,
        ) as process,
    ):
        try:
            yield process
            process.terminate()
            process.wait(END_OF_WORLD_S)
        except BaseException as error:
            error.add_note(f"the program said: {left.read_text(encoding='utf-8')}")
            raise
        finally:
            process.kill()
    told.left = left.read_text(encoding="utf-8")


class _Journey:
    def __init__(self, person: Person, told: Told, picture: Path, hub: HubSite) -> None:
        self.person, self.told, self.picture, self.hub = person, told, picture, hub
        self.size = ""

    def go(self, display: str, *, whole: bool) -> None:
        self.person.find(BUTTON, "Send")
        self.look_over("first start")
        self.ask("first", "What can you do?")
        keys.menus(self.person, self.look_over)
        self.told.read["shortcuts"] = " | ".join(keys.palette(self.person, self.look_over))
        self.told.ways = keys.there_and_back(self.person)
        self.think("What is 7 plus 8?")
        self.show_a_picture()
        self.settings()
        if whole:
            self.have_a_model()
            self.delete_chat()
            self.open("Settings")
        self.told.taken = enlarge(self.person, display)
        self.size = LARGE
        if whole:
            self.settings()
        else:
            self.look_over("settings, Appearance")
        self.think("What is 2 plus 3?")
        self.show_a_picture()
        self.have_a_model()
        self.delete_chat()

    def look_over(self, page: str, things: Sequence[Thing] | None = None) -> None:
        """Everything that is on the screen now, or these things, against the rules."""
        found = self.person.things() if things is None else things
        self.told.pages[page + self.size] = len(found)
        self.told.faults += [f"{page}{self.size}: {fault}" for fault in faults(self.person.reader, found)]

    def open(self, page: str) -> None:
        """By the sidebar; where large words leave no room for it, it is opened first."""
        if self.person.look(CHECK, page) is None:
            self.person.press("Show the sidebar")
        self.person.press(page, CHECK)

    def show_chats(self) -> None:
        """Their list, where large words leave no room for it."""
        if self.person.look("list", "Chats") is None:
            self.person.press("Show the sidebar")
            self.person.find("list", "Chats")

    def new_chat(self) -> None:
        self.person.press("New chat")
        self.person.gone("label", "Answer")

    def ask(self, step: str, question: str) -> None:
        """Send a question and wait until its answer is told."""
        person = self.person
        person.listen()
        person.write("Message", question)
        person.press("Send")
        answered = person.until(self._answer, "no answer is there")
        answer = person.until(lambda: person.reader.text(answered), "the answer is empty")
        person.hear(answer)
        self.told.read[step + self.size], self.told.heard[step + self.size] = answer, person.spoken
        order = [one.name for one in person.things() if one.name in (*TURN, "Copy")]
        if order != [name for turn in TURN for name in (turn, "Copy")] * (len(order) // 4):
            self.told.faults.append(f"{step}{self.size}: the chat is read out in the order {order}")

    def _answer(self) -> Ref | None:
        """The last answer on the screen, once it is over and can be copied."""
        things = self.person.things()
        busy = any(one.role == BUTTON and one.name == "Stop" for one in things)
        answers = [one for one in things if one.role == "label" and one.name == "Answer"]
        return answers[-1].ref if answers and not busy and self.person.spoken else None

    def think(self, question: str) -> None:
        """*Think harder*: the thought is heard of, and is not the answer."""
        person = self.person
        if self.size:
            self.new_chat()
        person.press("Think harder", CHECK)
        person.until(lambda: "checked" in person.find(CHECK, "Think harder").states, "it is not on")
        self.ask("thought", question)
        person.press("Thought for")
        thought = person.find("label", "Thought")
        self.told.read["thinking" + self.size] = person.reader.text(thought.ref)
        self.look_over("thought")
        person.press("Think harder", CHECK)

    def show_a_picture(self) -> None:
        """By the dialog that files are chosen in."""
        person = self.person
        self.new_chat()
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
        if person.look("panel", "Settings") is None:
            self.open("Settings")
        first = person.find("panel", "Settings")
        for section in [one.name for one in person.things(first.ref) if one.role == ONE and ":" not in one.name]:
            person.press(section, ONE, first.ref)
            person.find("panel", section, first.ref)
            self.look_over(f"settings, {section}")

    def have_a_model(self) -> None:
        """From the catalog, and not any more."""
        self.browse()
        self.download()
        self.delete_model()

    def browse(self) -> None:
        """The catalog's list, and from there a model's page: in a list one presses keys."""
        person = self.person
        self.open("Models")
        person.find("panel", "Models")
        if person.look(BUTTON, BACK) is not None:  # where one left it the last time
            person.press(BACK)
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
        person, seen = self.person, threading.Event()
        person.listen()
        self.hub.trouble.held = (HELD, seen)
        person.press("Download…: Q8_0")
        person.press("Download 11")
        person.gone(BUTTON, "Download 11")  # a sheet that goes takes the keyboard from a sidebar that was opened before
        self.open("Library")
        bar = person.find("progress bar", "Progress of Tiny")
        self.look_over("downloading")
        self.told.progress.append([])
        self._follow(bar.ref)
        seen.set()
        person.until(lambda: self._follow(bar.ref), "it does not come")
        person.hear("Q8_0 is here")
        person.find(BUTTON, "Delete: Tiny")
        self.told.heard["download"] = person.spoken
        self.told.told_of = len(person.events("object:PropertyChange"))
        self.look_over("library")

    def _follow(self, bar: Ref) -> bool:
        """Note how far it is; whether it is over."""
        thing = self.person.look("progress bar", "Progress of Tiny")
        if thing is not None and thing.ref == bar:
            with contextlib.suppress(Exception):  # it may be over between two questions
                self.told.progress[-1].append(self.person.reader.value(thing.ref)[1])
        return thing is None

    def delete_model(self) -> None:
        """For good, after what is asked."""
        person = self.person
        person.listen()
        person.press("Delete: Tiny")
        sheet = person.find("dialog", "Delete Tiny")
        self.look_over("delete")
        person.press("Delete for good", below=sheet.ref)
        person.gone(BUTTON, "Delete: Tiny")
        person.hear("is deleted")
        self.told.heard["deleted"] = person.spoken

    def delete_chat(self) -> None:
        """By the key in the list, and back by *Undo*."""
        person = self.person
        self.show_chats()
        chats, before = person.find("list", "Chats"), self._names()
        person.listen()
        person.reader.focus(chats.ref)
        person.until(lambda: "focused" in person.find("list", "Chats").states or self._in(chats.ref), "not in the list")
        person.reader.key(DELETE)
        person.hear("Chat deleted")
        self.told.heard["chat deleted"] = person.spoken
        person.press("Undo")
        person.gone(BUTTON, "Undo")
        self.show_chats()
        person.until(lambda: self._names() == before, f"the chats are not {before}")
        self.look_over("undone")
        self.told.read["chats"] = ", ".join(before)

    def _in(self, chats: Ref) -> bool:
        return any(one.parent == chats and "focused" in one.states for one in self.person.things())

    def _names(self) -> list[str]:
        chats = self.person.look("list", "Chats")
        return [one.name for one in self.person.things(chats.ref) if one.role == "list item"] if chats else []
