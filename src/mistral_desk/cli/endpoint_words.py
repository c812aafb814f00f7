"""The words of `mistral-desk endpoint`, apart from what it does: parsing them needs no network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mistral_desk.core.words import mark, tr

if TYPE_CHECKING:
    import argparse

_ENDPOINT: Final = mark(
    "Servers elsewhere that answer in the OpenAI protocol. An address begins with https; plain http is for this "
    "computer and for numbers of your own network. docs/endpoints.md says what goes out."
)


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser) -> None:
    """Add the command and its own commands."""
    words = tr("models on other computers")
    endpoint = commands.add_parser("endpoint", help=words, description=tr(_ENDPOINT), allow_abbrev=False)
    what = endpoint.add_subparsers(dest="what", metavar="WHAT", required=True)
    testing = tr("test an address and keep it")
    add = what.add_parser("add", parents=[common], help=testing, description=testing, allow_abbrev=False)
    add.add_argument(
        "address", metavar="ADDRESS", help=tr("what stands before /models, for example https://api.example.org/v1")
    )
    add.add_argument("--name", metavar="NAME", help=tr("what you call it; without it, the computer's name"))
    add.add_argument(
        "--key", action="store_true", help=tr("ask for its key, or read it from stdin; it is kept in the keyring")
    )
    add.add_argument(
        "--think",
        choices=("effort", "template", "none"),
        help=tr("how it takes --think; without it, as its kind of server does"),
    )
    add.add_argument("--no-test", action="store_true", help=tr("keep it without asking it for its models"))
    listing = tr("the endpoints, their models, and where their keys are")
    what.add_parser("list", parents=[common], help=listing, description=listing, allow_abbrev=False)
    looking = tr("ask it for its models again")
    test = what.add_parser("test", parents=[common], help=looking, description=looking, allow_abbrev=False)
    test.add_argument("name", metavar="NAME")
    removing = tr("forget it and its key")
    remove = what.add_parser("remove", parents=[common], help=removing, description=removing, allow_abbrev=False)
    remove.add_argument("name", metavar="NAME")
