"""The command line's words: which commands there are, and how each one's failure is told."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from typing import TYPE_CHECKING, Final

from mistral_desk import __version__
from mistral_desk.cli import argparse_words, endpoint_words
from mistral_desk.cli import arguments as words_for
from mistral_desk.cli.output import use_utf8, write_problem
from mistral_desk.core import words
from mistral_desk.core.errors import DeskError, as_problem
from mistral_desk.core.log import Log
from mistral_desk.core.paths import folders
from mistral_desk.core.sampling_bounds import BOUNDS, LONGEST, LONGEST_THOUGHT_S
from mistral_desk.core.settings import LANGUAGE, glance
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.builtin import BUILTIN

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# ruff: noqa: PLC0415 - each command imports what it needs, and only that

_log: Final = logging.getLogger(__name__)
_QT: Final = {"PySide6", "shiboken6"}


def main(argv: Sequence[str], *, window: Callable[[str | None, str], int]) -> int:
    """Run what the arguments ask for; returns 0, 1 (failed), 2 (usage) or 130 (Ctrl+C).

    `window` opens the window with a model's file, or draws it into the picture's file: this room knows none. A file
    that ends in .gguf stands where a command would.
    """
    words.use(words.preferred(glance(folders().settings, LANGUAGE)))
    argparse_words.speak()
    try:
        rest, file = _file_among(argv)
        arguments = _parser().parse_args(rest)
    except SystemExit as end:  # argparse has said what there was to say
        return end.code if isinstance(end.code, int) else 2
    if arguments.command is None:
        return _guarded(lambda: _window(arguments, window, file), as_json=False)
    use_utf8()
    log = Log(folders().logs, verbose=arguments.verbose, terminal=sys.stderr)
    try:
        return _guarded(lambda: _command(arguments), as_json=arguments.json)
    finally:
        log.close()


def _file_among(argv: Sequence[str]) -> tuple[list[str], str]:
    """The arguments without the model's file, and that file: what a double click on a model hands over."""
    if argv and not argv[0].startswith("-") and argv[0].lower().endswith(".gguf"):
        return list(argv[1:]), argv[0]
    return list(argv), ""


def _command(arguments: argparse.Namespace) -> int:
    if arguments.command == "ask":
        from mistral_desk.cli.ask import ask

        return ask(arguments)
    if arguments.command == "fit":
        from mistral_desk.cli.fit import fit

        return fit(arguments)
    if arguments.command == "models":
        from mistral_desk.cli.models import models

        return models(arguments)
    if arguments.command == "bench":
        from mistral_desk.cli.bench import bench

        return bench(arguments)
    if arguments.command == "pull":
        from mistral_desk.cli.pull import pull

        return pull(arguments)
    if arguments.command == "import":
        from mistral_desk.cli.adopt import adopt

        return adopt(arguments)
    if arguments.command == "serve":
        from mistral_desk.cli.serve import serve

        return serve(arguments)
    if arguments.command == "engine":
        from mistral_desk.cli.engine import engine

        return engine(arguments)
    if arguments.command == "endpoint":
        from mistral_desk.cli.endpoint import endpoint

        return endpoint(arguments)
    if arguments.command == "chats":
        from mistral_desk.cli.chats import chats

        return chats(arguments)
    if arguments.command in {"list", "verify", "remove"}:
        from mistral_desk.cli import library

        return {"list": library.listing, "verify": library.verify, "remove": library.remove}[arguments.command](
            arguments
        )
    from mistral_desk.cli.doctor import doctor

    return doctor(arguments)


def _window(arguments: argparse.Namespace, window: Callable[[str | None, str], int], file: str) -> int:
    from mistral_desk.cli.display import obstacle

    if reason := obstacle():
        if not arguments.screenshot:
            raise DeskError("app.no_display", reason=reason)
        os.environ["QT_QPA_PLATFORM"] = "offscreen"  # a picture needs no display
    try:
        return window(arguments.screenshot, file)
    except ImportError as error:
        if (error.name or "").partition(".")[0] in _QT:  # a library of the system that Qt needs is missing
            raise DeskError("app.no_display", reason=str(error)) from error
        raise


def _guarded(command: Callable[[], int], *, as_json: bool) -> int:
    """Run a command; whatever goes wrong becomes words and an exit status, its traceback goes to the log."""
    try:
        return command()
    except DeskError as error:
        _log.info("%s", error, exc_info=error.__cause__ is not None)
        write_problem(error.problem, as_json=as_json)
    except BrokenPipeError:
        # Whoever read our output has gone; nothing must be written at exit either.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 130
    except Exception as error:  # noqa: BLE001 - the last stop before a person's terminal
        _log.exception("an error that nobody foresaw")
        write_problem(as_problem(error), as_json=as_json)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mistral-desk",
        description=tr("Talk to open models on this computer. Without a command, the window opens."),
        epilog=tr(
            "A model's file in place of a command opens the window with that model: mistral-desk FILE.gguf. "
            "mistral-desk --self-test [FILE.json] tries whether this installation works. "
            "mistral-desk --rpc-worker lends this computer's memory to another one (experimental)."
        ),
        allow_abbrev=False,
    )
    parser.add_argument(
        "--version", action="version", version=f"mistral-desk {__version__}", help=tr("show the version")
    )
    parser.add_argument("--screenshot", metavar="FILE", help=tr("render the window into a PNG file and exit"))
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help=tr("JSON on stdout"))
    common.add_argument("--verbose", action="store_true", help=tr("what the program does, on stderr"))

    ask = commands.add_parser(
        "ask", parents=[common], help=tr("ask one question"), description=tr(_ASK), allow_abbrev=False
    )
    ask.add_argument("text", help=tr('the question; "-" reads it from stdin'))
    ask.add_argument(
        *("--file", "--image"),
        dest="files",
        action="append",
        default=[],
        metavar="F",
        help=tr("a picture, a PDF document or a text file to go with the question; may be given several times"),
    )
    ask.add_argument("--think", action="store_true", help=tr("let the model think first; its thoughts go to stderr"))
    ask.add_argument(
        "--model",
        default=BUILTIN,
        metavar="ID|FILE",
        help=tr(
            "builtin (default), a model of the list, a GGUF file, or ENDPOINT/MODEL, which is not on this computer"
        ),
    )
    ask.add_argument("--system", metavar="TEXT", help=tr("instructions for the model"))
    ask.add_argument("--preset", metavar="NAME", help=tr("settings saved in the window; other options come first"))
    ask.add_argument(
        "--seed", type=words_for.between(int, *BOUNDS["seed"]), metavar="N", help=tr("makes the answer repeatable")
    )
    ask.add_argument(
        "--max-tokens", type=words_for.between(int, 1, 2**31 - 1), metavar="N", help=tr("length of the answer at most")
    )
    ask.add_argument(
        "--temperature",
        type=words_for.between(float, *BOUNDS["temperature"]),
        metavar="N",
        help=tr("0 always takes the likeliest word"),
    )
    ask.add_argument(
        "--think-tokens",
        type=words_for.between(int, 1, LONGEST),
        metavar="N",
        help=tr("think, but at most so many tokens; to end its sentence, a quarter more (8 to 64)"),
    )
    ask.add_argument(
        "--think-seconds",
        type=words_for.between(float, 0.1, LONGEST_THOUGHT_S),
        metavar="S",
        help=tr("the same in seconds; a shorter thought is quicker and more often wrong"),
    )
    ask.add_argument(
        "--schema",
        metavar="FILE",
        help=tr("a JSON schema that the answer has to fulfil; the thoughts before it are free"),
    )
    anyway = tr("load it even if it does not fit, would take minutes for an answer, or kept ending the engine")
    ask.add_argument("--try-anyway", action="store_true", help=anyway)

    fit = commands.add_parser(
        "fit",
        parents=[common],
        help=tr("will a model run here, and how fast"),
        description=tr(_FIT),
        allow_abbrev=False,
    )
    fit.add_argument("model", nargs="?", metavar="MODEL|FILE", help=tr("a model's id or a GGUF file; none ranks all"))
    fit.add_argument("--machine", metavar="JSON|FILE", help=tr("a described computer instead of this one"))
    fit.add_argument(
        "--context", type=words_for.between(int, 1, 2**31 - 1), metavar="N", help=tr("tokens of context to plan for")
    )
    fit.add_argument("--measure", action="store_true", help=tr("measure this computer again, a few seconds"))

    models = commands.add_parser(
        "models", parents=[common], help=tr("the catalog of models"), description=tr(_MODELS), allow_abbrev=False
    )
    words_for.models(models)

    bench = commands.add_parser(
        "bench",
        parents=[common],
        help=tr("how fast a model reads and writes here"),
        description=tr(_BENCH),
        allow_abbrev=False,
    )
    bench.add_argument(
        "--model",
        default=BUILTIN,
        metavar="ID|FILE",
        help=tr("builtin (default), a model of the list, or a GGUF file"),
    )
    bench.add_argument("--try-anyway", action="store_true", help=anyway)
    bench.add_argument(
        "--beside",
        action="append",
        default=[],
        metavar="FILE",
        help=tr("measure this llama-bench or llama-server too, with the same file, threads and depth"),
    )
    bench.add_argument(
        "--seconds",
        type=words_for.between(float, 1, 86_400),
        default=300.0,
        metavar="N",
        help=tr("time for long conversations and what is beside; longer ones are left out (default 300)"),
    )
    bench.add_argument("--short", action="store_true", help=tr("neither long conversations nor llama.cpp alone"))

    words_for.library(commands, common)
    words_for.chats(commands, common)
    words_for.serve(commands, common)
    words_for.engine(commands, common)
    endpoint_words.add_to(commands, common)
    doctor = commands.add_parser(
        "doctor", parents=[common], help=tr("what a bug report needs"), description=tr(_DOCTOR), allow_abbrev=False
    )
    saves = tr(
        "show a report without your chats and keys, with names of models and the log's last part, and save it as a ZIP "
        "file"
    )
    doctor.add_argument("--bundle", metavar="FILE", default="", help=saves)
    return parser


_ASK: Final = mark(
    "Ask one question; the answer is streamed to stdout. Nothing is stored. With --json each line is "
    'one object: {"type": "thinking"|"text", "text"}, at last {"type": "done", …} or {"type": "error", …}.'
)
_FIT: Final = mark(
    "Predict what goes where and how fast a model writes, on this computer or on a described one; only headers and "
    "known facts are read. docs/fit.md has the formulae and the form of a description."
)
_MODELS: Final = mark(
    "Search the catalog of models, filter and sort it. An id alone shows that model's page: what the catalog says, "
    "what its files say, and how it would run here. Only --refresh makes connections."
)
_BENCH: Final = mark(
    "Read and write with a model for a short while, and show the speeds beside the predicted ones. They are kept on "
    "this computer and correct later predictions. The text names the model, and no folder."
)
_DOCTOR: Final = mark("Show versions, hardware, devices, folders and what protects you: what a bug report needs.")
