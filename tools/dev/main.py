"""dev.py's commands: what each one needs, and what it starts."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from tools.dev import check, environment, suite, system
from tools.dev.child import WINDOWS
from tools.dev.environment import Place
from tools.dev.steps import Failed

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping, Sequence

ROOT = Path(__file__).resolve().parents[2]
PLACE = Place(ROOT)
FIRST_QUESTION = "What can you do?"

sys.path.insert(0, str(ROOT / "src"))
# The program's own answer; that module keeps to the standard library (a test sees to it).
from mistral_desk.cli.display import obstacle  # noqa: E402


def main(arguments: Sequence[str]) -> int:
    """Run one command; the exit status is the command's own, 1 for a failed set-up, 2 for wrong use, 130 for Ctrl+C."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that lacks a character shows another
    commands = available()
    if not arguments or arguments[0] not in commands:
        wanted = bool(arguments) and arguments[0] in {"-h", "--help", "help"}
        if arguments and not wanted:
            sys.stderr.write(f"dev.py has no command {arguments[0]!r}.\n\n")
        (sys.stdout if wanted else sys.stderr).write(usage(commands))
        return 0 if wanted else 2
    signal.signal(signal.SIGTERM, _as_interrupt)
    try:
        return commands[arguments[0]][1](list(arguments[1:]))
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing half-made is used: the same command goes on from here.\n")
        return 130
    except Failed as failure:
        for line in failure.tail:
            sys.stderr.write(f"  | {line}\n")
        sys.stderr.write(f"\n{failure.what}\n{failure.todo}\n".rstrip("\n") + "\n")
        if failure.tail:
            sys.stderr.write(f"The whole log: {os.path.relpath(PLACE.log)}\n")
        return 1


def available() -> dict[str, tuple[str, Callable[[list[str]], int]]]:
    """The commands, with a line on each."""
    return {
        "run": ('open the app (further words go to it: run ask "Hello")', run),
        "test": ("run every test (further words go to pytest)", test),
        "check": ("lint, format, types, layers, unit tests of what changed: before a commit", checks),
        "bench": ("measure, one row a figure ([--only NAME] [--keep]; page)", _module("benchmarks")),
        "gallery": ("draw and measure every state of the window", _module("tools.gallery")),
        "guide": ("draw the pictures of the user guide and of the README anew", _module("tools.guide")),
        "words": ("which sentences the languages lack ([--complete])", _module("tools.words")),
        "trust": ("attack the program's promises on purpose (NAME [--seed N])", _module("tools.trust")),
        "coverage": ("how much of each room the tests go through ([PART…])", _module("tools.coverage")),
        "package": ("make bundle and packages into dist/ ([--bundle] [--cpus] [--check])", package),
        "audit": ("is anything known against a locked package (asks OSV)", _module("tools.dev.audit")),
        "llama-server": (
            "ask llama.cpp's own Python server as an endpoint (its packages go into build/)",
            _module("tools.dev.llama_server"),
        ),
        "rpc-check": ("two other computers in network namespaces lend a model memory (Linux, root)", rpc_check),
    }


def usage(commands: dict[str, tuple[str, Callable[[list[str]], int]]]) -> str:
    """The help text."""
    width = max(map(len, commands))
    rows = "".join(f"  {name:<{width}}  {words}\n" for name, (words, _) in commands.items())
    return (
        f"Use: {'python' if WINDOWS else 'python3'} dev.py COMMAND …\n\n{rows}\n"
        "Each command first sets up what it needs, once: system packages (Debian, as root; elsewhere it prints the\n"
        "line to type), .venv from requirements/*.lock, llama.cpp as a portable CPU build kept in your cache folder.\n"
    )


def run(words: list[str]) -> int:
    """Open the window, or say why not and ask a first question on the command line."""
    without = sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    needs, wishes = ((), system.QT) if without else (system.QT, ())
    environment.prepare(PLACE, "app", needs, wishes)
    if not words and (reason := obstacle()):
        question = first_question(ROOT)
        print(f"No window can be opened here: {reason}. A first question on the command line instead:\n", flush=True)
        print(f'  mistral-desk ask "{question}"\n', flush=True)
        words = ["ask", question]
    return _become([str(PLACE.python), "-m", "mistral_desk", *words])


def first_question(root: Path) -> str:
    """A question that the built-in model is known to answer: the first of its own examples."""
    try:
        examples = json.loads((root / "resources" / "model" / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return FIRST_QUESTION
    while isinstance(examples, (list, dict)) and examples:
        examples = examples[0] if isinstance(examples, list) else next(iter(examples.values()))
    return examples if isinstance(examples, str) and examples.strip() else FIRST_QUESTION


def test(words: list[str]) -> int:
    """Run pytest on everything, shared out among the cores."""
    environment.prepare(PLACE, "dev", system.QT, system.SCREEN)
    os.chdir(ROOT)
    keep_bytecode(os.environ)
    return _become([str(PLACE.python), "-m", "pytest", *suite.words_for(words, ROOT, suite.cores())])


def keep_bytecode(names: MutableMapping[str, str]) -> None:
    """Let Python keep what it compiles (git knows the folders as ignored): images of containers often forbid it, and
    each of the hundreds of programs that the tests start would compile all of ours again, a second of a processor.
    """
    names.pop("PYTHONDONTWRITEBYTECODE", None)


def checks(words: list[str]) -> int:
    """Lint, types, contracts and the unit tests of what changed, side by side."""
    if words:
        raise Failed("`check` takes no further words.")
    environment.prepare(PLACE, "dev", (), ())
    keep_bytecode(os.environ)
    # One at a time: mypy's cache has one writer, and two at once would take longer than one after the other.
    with environment.alone(PLACE, "check.lock", "Another check of this folder is running; waiting for it.", print):
        return check.check_all(ROOT, PLACE.python, min(suite.cores(), 4))


def package(words: list[str]) -> int:
    """Make what people install."""
    from tools.package import main as packaging  # noqa: PLC0415 - a room of its own that no other command needs

    return packaging.package(PLACE, words)


def rpc_check(words: list[str]) -> int:
    """The campaign of other computers, with the engine's part for them, which is compiled first."""
    environment.prepare(PLACE, "dev", (), ())
    os.environ["MISTRAL_DESK_RPC_LIBRARY"] = str(environment.rpc_library(PLACE))
    os.chdir(ROOT)
    return _become([str(PLACE.python), "-m", "tests.campaigns.computers", *words])


def _module(name: str) -> Callable[[list[str]], int]:
    def start(words: list[str]) -> int:
        environment.prepare(PLACE, "dev", system.QT, ())
        os.chdir(ROOT)
        return _become([str(PLACE.python), "-m", name, *words])

    return start


def _become(command: list[str]) -> int:
    """Hand this process over to `command`: nothing stands between it and the terminal."""
    sys.stdout.flush()
    sys.stderr.flush()
    if WINDOWS:  # exec returns to the prompt at once there
        return subprocess.call(command)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    return os.execv(command[0], command)  # noqa: S606 - a list of our own making


def _as_interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
