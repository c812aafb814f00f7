"""The arguments of the commands for models, chats, engines and other programs: `cli.main` has the others."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Final, TypeAlias

from mistral_desk.core.words import mark, tr

if TYPE_CHECKING:
    from collections.abc import Callable

    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001 it has no other name


def library(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Download, list, verify, import and remove models."""
    pull = commands.add_parser(
        "pull", parents=[common], help=tr("download a model"), description=tr(_PULL), allow_abbrev=False
    )
    pull.add_argument("model", metavar="MODEL", help=tr("a model's id, or owner/name on the hub"))
    pull.add_argument("--quant", metavar="Q", help=tr("which size; without it the one that suits this computer"))
    words_of_list = tr("the models on this computer")
    commands.add_parser("list", parents=[common], help=words_of_list, description=words_of_list, allow_abbrev=False)
    words_of_verify = tr("read models again and say whether they are as they were downloaded")
    verify = commands.add_parser(
        "verify", parents=[common], help=words_of_verify, description=words_of_verify, allow_abbrev=False
    )
    verify.add_argument("id", nargs="?", metavar="ID", help=tr("one of the list; none verifies all"))
    verify.add_argument("--repair", action="store_true", help=tr("bring what is damaged or missing again"))
    words_of_import = tr("use model files that are on this computer")
    adopt = commands.add_parser(
        "import", parents=[common], help=words_of_import, description=tr(_IMPORT), allow_abbrev=False
    )
    adopt.add_argument("files", nargs="*", metavar="FILE", help=tr("a GGUF file, or a folder with some"))
    adopt.add_argument("--copy", action="store_true", help=tr("copy it into the models folder"))
    adopt.add_argument("--scan", action="store_true", help=tr("only show what other programs hold"))
    words_of_remove = tr("remove a model from this computer")
    remove = commands.add_parser(
        "remove", parents=[common], help=words_of_remove, description=words_of_remove, allow_abbrev=False
    )
    remove.add_argument("id", metavar="ID", help=tr("one of the list"))
    remove.add_argument("--forever", action="store_true", help=tr("delete it for good instead of moving it to the bin"))
    remove.add_argument("--yes", action="store_true", help=tr("do not ask"))


def chats(commands: Commands, common: argparse.ArgumentParser) -> None:
    """List, search and write out conversations."""
    chats = commands.add_parser(
        "chats",
        parents=[common],
        help=tr("the conversations on this computer"),
        description=tr(_CHATS),
        allow_abbrev=False,
    )
    chats.add_argument("--search", metavar="TEXT", help=tr("only where all these words stand, newest first"))
    chats.add_argument("--export", metavar="DIR", help=tr("write them into this folder, one file each"))
    chats.add_argument(  # PDF needs Qt's printer, which the command line does without: the window has it
        "--format", choices=("md", "html", "json"), default="md", help=tr("md (default), html, or json with everything")
    )
    chats.add_argument("--thinking", action="store_true", help=tr("with the model's thoughts"))
    chats.add_argument("--no-pictures", action="store_true", help=tr("without pictures"))


def serve(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Let other programs ask."""
    words = tr("let other programs ask")
    serve = commands.add_parser("serve", parents=[common], help=words, description=tr(_SERVE), allow_abbrev=False)
    serve.add_argument("--port", type=between(int, 0, 65_535), metavar="N", help=tr("0 takes any that is free"))
    serve.add_argument(
        "--host", default="127.0.0.1", metavar="ADDRESS", help=tr("where to listen; 127.0.0.1 is this computer alone")
    )
    serve.add_argument("--no-token", action="store_true", help=tr("let every program on this computer ask"))


def engine(commands: Commands, common: argparse.ArgumentParser) -> None:
    """Add, use and remove engines."""
    words = tr("the engine that runs models, and others in its place")
    made = commands.add_parser("engine", parents=[common], help=words, description=tr(_ENGINE), allow_abbrev=False)
    does = made.add_subparsers(dest="does", metavar="WHAT")
    inner = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)  # also before WHAT
    inner.add_argument("--json", action="store_true", help=tr("JSON on stdout"))
    inner.add_argument("--verbose", action="store_true", help=tr("what the program does, on stderr"))
    does.add_parser("list", parents=[inner], help=tr("the engines on this computer (default)"), allow_abbrev=False)
    show = does.add_parser("show", parents=[inner], help=tr("what an engine is made of"), allow_abbrev=False)
    show.add_argument("name", nargs="?", metavar="NAME", help=tr("one of the list; none is the one in use"))
    add = does.add_parser("add", parents=[inner], help=tr("add an engine from a pack"), allow_abbrev=False)
    add.add_argument("file", metavar="FILE", help=tr("an engine pack"))
    add.add_argument("--use", action="store_true", help=tr("use it from now on"))
    add.add_argument(
        "--signed-by-anybody",
        action="store_true",
        help=tr(
            "take it although nobody known has signed it: an engine is a program, and this one may do whatever the "
            "process that runs a model may do"
        ),
    )
    use = does.add_parser("use", parents=[inner], help=tr("run models with this engine"), allow_abbrev=False)
    use.add_argument("name", metavar="NAME", help=tr("one of the list; builtin is the one that comes along"))
    remove = does.add_parser("remove", parents=[inner], help=tr("delete an engine"), allow_abbrev=False)
    remove.add_argument("name", metavar="NAME", help=tr("one of the list"))


def models(models: argparse.ArgumentParser) -> None:
    """Search the catalog."""
    several = tr("may be given several times")
    models.add_argument("query", nargs="*", metavar="QUERY", help=tr("words to look for, or a model's id"))
    models.add_argument("--fits", action="store_true", help=tr("only what runs well on this computer"))
    models.add_argument("--provider", action="append", default=[], metavar="NAME", help=several)
    models.add_argument("--tag", action="append", default=[], metavar="NAME", help=several)
    models.add_argument("--license", action="append", default=[], metavar="NAME", help=several)
    models.add_argument("--sees", action="store_true", help=tr("only what takes pictures"))
    models.add_argument("--open", action="store_true", help=tr("only what can be downloaded"))
    tokens = tr("tokens of context at least")
    models.add_argument("--context", type=between(int, 1, 2**31 - 1), metavar="N", help=tokens)
    gigabytes = between(float, 0.0, 1e6)
    models.add_argument("--min-size", type=gigabytes, metavar="GB", help=tr("size of the file at least"))
    models.add_argument("--max-size", type=gigabytes, metavar="GB", help=tr("size of the file at most"))
    models.add_argument(
        "--sort", default="fit", metavar="KEY", help=tr("fit (default), date, name, size, or a benchmark's name")
    )
    models.add_argument("--reverse", action="store_true", help=tr("the other way round"))
    models.add_argument("--machine", metavar="JSON|FILE", help=tr("a described computer instead of this one"))
    models.add_argument("--refresh", action="store_true", help=tr("fetch the catalog first"))


def between(kind: type[int] | type[float], low: float, high: float) -> Callable[[str], float]:
    """A number within bounds, for argparse."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value <= high:
            ends = {"low": _written(low), "high": _written(high)}
            raise argparse.ArgumentTypeError(tr("{text} is not a number from {low} to {high}", text=repr(text), **ends))
        return value

    return parse


def _written(value: float) -> str:
    """As one would type it."""
    return str(int(value) if value == int(value) else value)


_PULL: Final = mark(
    "Download a model with all its files. It says first what it is, its licence, its size and its place; Ctrl+C "
    "pauses, and the same command goes on where it stopped. With --json each line is one object."
)
_IMPORT: Final = mark(
    "Take model files into the library where they are, or with --copy as copies in the models folder. Parts of a model "
    "and its eyes come along; a file that cannot be used is named. --scan shows the models of Hugging Face's cache, LM "
    "Studio, llama.cpp and Ollama, which can be imported by their paths."
)
_CHATS: Final = mark(
    "List the conversations, search in them, and write them out. Thoughts stay out unless --thinking asks for them;"
    " what is in the bin stays here. Nothing in the folder is overwritten. JSON can be imported again."
)
_SERVE: Final = mark(
    "Let editors and scripts ask the models on this computer in the OpenAI protocol, until Ctrl+C. The address and the "
    "token go to stdout; docs/server.md says what is understood."
)
_ENGINE: Final = mark(
    "Replace the engine, llama.cpp, without the program: an engine pack is checked, and has to answer about a text and "
    "a picture before it is used. One that fails later is left by itself. docs/engine-packs.md says what a pack is."
)
