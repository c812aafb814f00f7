"""Offline, proved: the whole program in a network namespace without any interface, its system calls written down.

Then the other way round: with servers on this computer, each connection that the kernel saw is in the ledger, and each
of the ledger's was seen.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from PIL import Image, ImageDraw

from tests.campaigns.outcome import Outcome
from tests.e2e import traced as strace
from tests.e2e.traced import Traced, traced
from tests.fixtures.catalog_records import published
from tests.fixtures.catalog_site import CatalogSite
from tests.fixtures.hub_files import content
from tests.fixtures.hub_site import HubSite, Repo
from tests.fixtures.openai_site import MISTRAL, OpenAISite
from tests.fixtures.program import PROGRAM

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DRIVER: Final = [sys.executable, "-m", "tests.campaigns.offline_driver"]
QUESTION: Final = "What is 7 plus 8?"
ABOUT: Final = "What is in this picture?"
WORD: Final = "plus"
ASKED: Final = "asked"
"""The part of the window's run in which a person asks for what needs a network."""
_NAMESPACE: Final = ["unshare", "--net"] if sys.platform != "win32" and os.getuid() == 0 else ["unshare", "-r", "--net"]
_LISTED: Final = """
import json, pathlib, socket
def state(name):
    return int(pathlib.Path("/sys/class/net", name, "flags").read_text(), 16) & 1
def reach(family, place):
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        try:
            one.connect(place)
        except OSError:
            return False
        return True
names = [line.split(":")[0].strip() for line in open("/proc/net/dev") if ":" in line]
print(json.dumps([names, reach(socket.AF_INET, ("127.0.0.1", 9)), reach(socket.AF_INET6, ("::1", 9))]))
"""
COMMANDS: Final[Mapping[str, Sequence[str]]] = {
    "ask": ("ask", QUESTION, "--json"),
    "doctor": ("doctor", "--json"),
    "models": ("models", "--json"),
    "a model's page": ("models", "mistral-small-4", "--json"),
    "fit": ("fit", "mistral-small-4", "--json"),
    "list": ("list", "--json"),
    "chats": ("chats", "--search", WORD, "--json"),
}
REFUSED: Final[Mapping[str, Sequence[str]]] = {
    "refresh": ("models", "--refresh", "--json"),
    "pull": ("pull", "acme/Tiny-GGUF", "--json"),
}
"""What needs a network, and says so."""


def why_not() -> str:
    """Why it cannot be tried here; empty where it can."""
    if reason := strace._WHY_NOT:
        return reason
    if shutil.which("unshare") is None:
        return "unshare (util-linux) is not installed"
    tried = subprocess.run([*_NAMESPACE, "true"], capture_output=True, check=False)
    said = tried.stderr.decode(errors="replace").strip()[:80]
    return "" if tried.returncode == 0 else f"this system lets nobody make a network namespace: {said}"


def possible() -> bool:
    """Whether it can be tried here."""
    return not why_not()


def interfaces() -> tuple[list[str], bool, bool]:
    """Which interfaces there are inside, and whether this computer itself can be reached by IPv4 and IPv6."""
    ran = subprocess.run([*_NAMESPACE, sys.executable, "-c", _LISTED], capture_output=True, check=True)
    names, four, six = json.loads(ran.stdout)
    return names, four, six


def picture(folder: Path) -> Path:
    """A drawing that the Guide knows."""
    file = folder / "picture.png"
    image = Image.new("RGB", (128, 128), "white")
    ImageDraw.Draw(image).ellipse((28, 28, 100, 100), fill="red")
    image.save(file)
    return file


def window(folder: Path) -> tuple[Traced, dict[str, Any]]:
    """The window in the namespace, from its first start on: what the kernel saw, and what was there."""
    order = {"home": str(folder / "home"), "question": QUESTION, "about": ABOUT, "word": WORD}
    order["picture"] = str(picture(folder))
    env = {"QT_QPA_PLATFORM": "offscreen"}
    ran = traced([*_NAMESPACE, *DRIVER], folder / "window.strace", stdin=json.dumps(order) + "\n", env=env)
    assert (ran.status, bool(ran.out)) == (0, True), ran.err
    return ran, json.loads(ran.out.splitlines()[-1])


def wrong_in_window(ran: Traced, told: dict[str, Any]) -> list[str]:
    """What did not work without a network, and what was tried."""
    wrong = [f"the window: nothing was there of: {what}" for what in _NEEDED if not told[what]]
    wrong += [f"the window: {told[what]}" for what in ("answer", "seen") if told[what].startswith("!")]
    wrong += [f"the window, {one}" for one in tried(ran)]
    if "was not reached" not in told["said"] and "no connection" not in told["said"].casefold():
        wrong.append(f"the window says nothing of the network that is missing: {told['said'][-300:]}")
    return wrong


def tried(ran: Traced) -> list[str]:
    """What of a run was not silent, or made a socket of another family than the one that stays on this computer."""
    return [
        f"part {name or 'first'!r}: {part}"
        for name, part in ran.parts.items()
        if name != ASKED and not (part.silent and part.families <= {"AF_UNIX"})
    ]


_NEEDED: Final = ("welcome", "answer", "pictures", "seen", "models", "page", "found", "library", "settings", "report")


def command(folder: Path, words: Sequence[str], *, inside: bool = True) -> Traced:
    """The command line under strace, in the namespace or outside; the window's home is its own too."""
    before = _NAMESPACE if inside else []
    env = {"MISTRAL_DESK_HOME": str(folder / "home")}
    return traced([*before, *PROGRAM, *words], folder / "command.strace", env=env)


def wrong_in_commands(folder: Path) -> Iterator[str]:
    """Each command in the namespace: what did not work, and what was tried."""
    for name, words in COMMANDS.items():
        ran = command(folder, words)
        if ran.status != 0:
            yield f"{name}: status {ran.status}: {ran.out[-300:]}{ran.err[-300:]}"
        yield from (f"{name}: {one}" for one in tried(ran))
    for name, words in REFUSED.items():
        ran = command(folder, words)
        if ran.status != 1 or not json.loads(ran.out.splitlines()[-1])["id"].startswith("net."):
            yield f"{name}: status {ran.status}: {ran.out[-300:]}"


def offline_commands(folder: Path) -> Iterator[str]:
    """With *Work offline* switched on and a network there: nothing is even tried."""
    settings = folder / "home" / "config" / "settings.json"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(json.dumps({"privacy.offline": True}), encoding="utf-8")
    for name, words in {**COMMANDS, **REFUSED}.items():
        ran = command(folder, words, inside=False)
        if ran.status != (1 if name in REFUSED else 0):
            yield f"{name}, offline: status {ran.status}: {ran.out[-300:]}"
        yield from (f"{name}, offline: {one}" for one in tried(ran))
    settings.unlink()


def ledger(home: Path) -> Counter[str]:
    """How many connections were begun to each host, as the file says."""
    file = home / "data" / "connections.jsonl"
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []
    found: Counter[str] = Counter()
    for entry in {line["id"]: line for line in lines}.values():  # an entry is written again when more is known
        found[entry["host"]] += entry["opened"]
    return found


def both_lists(folder: Path, times: int) -> tuple[int, list[str]]:
    """Downloads, refreshes and questions to an endpoint, from servers on this computer: how many connections the kernel
    saw, and where its list and the ledger's differ.
    """
    wrong: list[str] = []
    spoken: Counter[str] = Counter()
    home = folder / "home"
    with CatalogSite(published(6)) as catalog, HubSite() as hub, OpenAISite("mistral") as site:
        os.environ.update({"MISTRAL_DESK_CATALOG_URL": catalog.url, "HF_ENDPOINT": hub.url})
        try:
            for number in range(times):
                hub.put(Repo(f"acme/Tiny{number}-GGUF", {f"Tiny{number}-Q4_K_M.gguf": content(400_000 + number)}))
                for words in (
                    ("models", "--refresh", "--json"),
                    ("pull", f"acme/Tiny{number}-GGUF", "--json"),
                    ("endpoint", "add", site.base, "--name", f"Home {number}", "--json"),
                    ("ask", QUESTION, "--model", f"home-{number}/{MISTRAL}", "--json"),
                ):
                    ran = command(folder, words, inside=False)
                    spoken += ran.spoken
                    if ran.status != 0:
                        wrong.append(f"{words[0]}: {ran.out[-300:]}{ran.err[-300:]}")
                    if (listed := ledger(home)) != spoken:
                        wrong.append(f"after {words[0]}: the kernel saw {dict(spoken)}, the ledger has {dict(listed)}")
            served = {one.name: one.connections for one in (catalog, hub.api, hub.cdn, site)}
            if served != dict(spoken):
                wrong.append(f"the servers were connected to {served}, the kernel saw {dict(spoken)}")
        finally:
            for name in ("MISTRAL_DESK_CATALOG_URL", "HF_ENDPOINT"):
                os.environ.pop(name, None)
    return spoken.total(), wrong


def attack(folder: Path, seed: int, cases: int, minutes: float) -> Outcome:
    """All of it; `cases` is how often the lists are compared. Nothing here is left to a seed."""
    found = Outcome()
    began = time.monotonic()
    names, four, six = interfaces()
    if four or six:
        found.lost.append("the namespace is no proof: this computer can be reached in it")
    (folder / "closed").mkdir()
    ran, told = window(folder / "closed")
    found.lost += wrong_in_window(ran, told)
    found.lost += wrong_in_commands(folder / "closed")
    found.lost += offline_commands(folder / "closed")
    (folder / "open").mkdir()
    times = cases if time.monotonic() - began < minutes * 60 else 1
    count, wrong = both_lists(folder / "open", times)
    found.lost += wrong
    made = {family for name, part in ran.parts.items() if name != ASKED for family in part.families}
    commands = len(COMMANDS) + len(REFUSED)
    found.cases = len(_NEEDED) + 2 * commands + 4 * times
    found.seen = {
        "in the namespace": f"interfaces {', '.join(names) or 'none'}, none of them up",
        "the window there": f"{len(_NEEDED)} things that a newcomer does, from the first start on, all worked",
        "the Guide on a picture": told["seen"],
        "commands there, and with Work offline where there is a network": f"{commands} each",
        "sockets that were made there": ", ".join(sorted(made)) + " only",
        "connections in both lists, the kernel's and the ledger's": str(count),
    }
    return found
