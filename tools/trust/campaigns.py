"""The campaigns that there are: what each one attacks, what it promises, and how it is started."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tests.campaigns import accessible, disk, fuzz, languages, models, monkey, offline, soak
from tools.coverage import whole

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.campaigns.outcome import Outcome


@dataclass(frozen=True)
class Campaign:
    """`run` takes a folder of its own, a seed, how many cases, and in how many minutes it may begin new ones; of these
    `usual` are a long run (0: all).
    """

    title: str
    promise: str
    run: Callable[[Path, int, int, float], Outcome]
    usual: int
    test: str
    """The short version, in the tests."""
    needs: Callable[[], bool] = lambda: True


CAMPAIGNS: Final = {
    "disk": Campaign(
        "Power and disk",
        "Settings, conversations, backups, pictures, downloads, the library, endpoints and drafts, each on a disk "
        "that fails one write, sync or rename after the other (an error once, half a write, or full from there on), "
        "and after a power cut behind each of them (all is there, only what was synced, names without bytes, some "
        "sectors of it). Then the same parts open again: none of them says that it is damaged, and everything is as "
        "it was promised last.",
        disk.attack,
        0,
        "tests/campaigns/test_disk.py",
        disk.possible,
    ),
    "monkey": Campaign(
        "A monkey at the window",
        "The real window, with seeded random keys, clicks, drags, drops, pastes, sizes, looks, settings, downloads "
        "(from a hub on this computer that cuts, lies and refuses) and chats with a scripted worker, every fourth run "
        "with the real worker and the Guide. No exception, no warning of Qt, no leak; every hundred actions the "
        "database, the lists and the downloaded files are looked through.",
        monkey.attack,
        20_000,
        "tests/campaigns/test_monkey.py",
    ),
    "fuzz": Campaign(
        "All that reads what others wrote",
        "Headers of model files, the catalog's list and records, the hub's answers, imported chats and archives, "
        "frames of the worker's protocol, streams of endpoints, markdown, formulas, pictures, documents, texts, "
        "settings and the lists beside files: fuzzed by ways through the code (atheris, where it can be had), "
        "beginning with the corpus in `tests/campaigns/corpus`. Each is read or refused in the program's own words, "
        "in bounded time.",
        fuzz.attack,
        2_000,
        "tests/campaigns/test_fuzz.py",
    ),
    "models": Campaign(
        "Spoilt models and projectors",
        "Model files of five architectures and image projectors, their bytes turned, numbers made absurd, cut, pieces "
        "moved or doubled, each given to a worker of its own, four side by side. The process that asks lives on, what "
        "it says has words, and after each death of a worker the Guide answers in the next one. Most workers are "
        "forked from a process that has imported what they need; what ends one is repeated with one that is started "
        "as the program starts it, and from that one's death to the Guide's first token is what is measured.",
        models.attack,
        10_000,
        "tests/campaigns/test_models.py",
    ),
    "soak": Campaign(
        "Half an hour of trouble",
        "Chats with the real worker, which is killed, stopped, left alone, held, given no more memory, or made to "
        "abort by its file. What was shown is what is kept, at once and after the next start; each answer has an end; "
        "no process is left behind; memory stays flat (5 %).",
        soak.attack,
        1_000,
        "tests/campaigns/test_soak.py",
    ),
    "offline": Campaign(
        "Offline, proved",
        "The real window and the real commands in a network namespace in which no interface is up, not even this "
        "computer's own, under strace: the first start, a question and one on a picture, the list of models, a search, "
        "the library, every page of the settings, a report. All of it works, and the kernel saw no try. The same with "
        "*Work offline* where there is a network. Then, with servers on this computer, downloads, refreshes and "
        "questions to an endpoint: each connection that the kernel saw is in the ledger, and each of the ledger's was "
        "seen.",
        offline.attack,
        10,
        "tests/e2e/test_offline_namespace.py",
        offline.possible,
    ),
    "languages": Campaign(
        "Languages",
        "Every state of the window in two made languages and in each that ships. In the first made one every "
        "translated text stands in brackets, and no text is without; in the second all letters run from right to "
        "left, and no name or number runs into a sentence. In French, German and Spanish numbers and days are "
        "written as there, and at 880 px and 200 % nothing is cut off. No sentence lacks a translation.",
        languages.attack,
        0,
        "tests/campaigns/test_languages.py",
    ),
    "coverage": Campaign(
        "Ways through the program",
        "How much of each room the tests go through: lines, and the ways that lead out of a line that has more than "
        "one, also in children and in processes that lock themselves in. At least 95 % outside of the window and "
        "80 % in it; what only another system runs or only the type checker reads is left out, and counted.",
        whole.attack,
        0,
        "tests/unit/test_coverage.py",
    ),
    "accessible": Campaign(
        "Nothing of it is seen",
        "The real window with the real worker and the Guide, used only through AT-SPI, as screen readers do: a first "
        "question, *Think harder*, a picture, menus, the palette, the settings, the catalog, a download from a hub on "
        "this computer, deleting, and Undo; then again with text at 200 % and high contrast. What the keyboard comes "
        "to has a name, nothing is said in a role that screen readers pass over, what can be pressed can be pressed, "
        "is in reach and is told apart from all else, values make sense, and the end of an answer is heard.",
        accessible.attack,
        0,
        "tests/e2e/test_accessible.py",
        accessible.possible,
    ),
}
