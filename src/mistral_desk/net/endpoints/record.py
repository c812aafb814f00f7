"""What is known of an endpoint and of its models: plain data that the file, the window and the command line share.

A key is never part of it: it is in the keyring, under the endpoint's id.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec

from mistral_desk.core.errors import DeskError
from mistral_desk.core.strangers import plain
from mistral_desk.core.words import mark
from mistral_desk.net.addresses import NOT_HTTPS, address, around

if TYPE_CHECKING:
    from mistral_desk.net.addresses import Address

PREFIX: Final = "endpoint:"
"""How the id of a model begins that lies at an endpoint: `endpoint:ENDPOINT/MODEL`."""
MOST: Final = 32
"""Endpoints at most."""
MOST_MODELS: Final = 1000
"""Models of one endpoint that are kept; a server that lists more is cut."""
LONGEST_NAME: Final = 80

Kind: TypeAlias = Literal["mistral", "mistral-desk", "vllm", "llama.cpp", "other"]
"""What a server says that it is, by the shape of its list of models."""
Thinks: TypeAlias = Literal["effort", "template", "none"]
"""How *Think harder* is said: `reasoning_effort` · `chat_template_kwargs` · not at all."""
Reach: TypeAlias = Literal["here", "near", "away"]
"""Where its words go: to a program on this computer · to an address of the network around it · anywhere else. A name
says nothing of where it lies, so it is `away`.
"""


class Offered(msgspec.Struct, frozen=True, omit_defaults=True):
    """A model as its server lists it; None where the server says nothing. `context` in tokens.

    `thinks` is what the server says of this very model.
    """

    name: str
    context: int | None = None
    sees: bool | None = None
    thinks: bool | None = None


class Endpoint(msgspec.Struct, frozen=True, omit_defaults=True):
    """A server. A key of the environment goes by its computer; `address` is what stands before `/models`, without a
    slash at its end.

    `models` are those of the last look (`looked`, seconds since 1970). `chosen` is how a person wants *Think harder* to
    be said, None: as `kind` takes it. `agreed`: the person has agreed to words going there. `since` (seconds since
    1970) is when this id came to mean this computer: what an answer before that knew went to another one. `brief`: its
    key was kept for one run of the program only, because no keyring took it.
    """

    id: str
    name: str
    address: str
    kind: Kind = "other"
    models: tuple[Offered, ...] = ()
    looked: float = 0.0
    chosen: Thinks | None = None
    agreed: bool = False
    since: float = 0.0
    brief: bool = False

    @property
    def host(self) -> str:
        """The computer's name as people read it, with its port where that is unusual."""
        return address(self.address, near=True).name

    @property
    def reach(self) -> Reach:
        """Where its words go."""
        return reach(address(self.address, near=True))

    @property
    def encrypted(self) -> bool:
        """Whether nobody on the way can read along."""
        return self.address.startswith("https:") or self.reach == "here"

    @property
    def thinks(self) -> Thinks:
        """How *Think harder* is said there."""
        return self.chosen or _BY_KIND[self.kind]

    def model(self, name: str) -> Offered | None:
        """Its model of this name."""
        return next((model for model in self.models if model.name == name), None)


class EndpointModel(msgspec.Struct, frozen=True):
    """A model at an endpoint: what a turn is given in place of a `ModelSpec` when it is answered there."""

    endpoint: Endpoint
    model: Offered

    @property
    def id(self) -> str:
        """What is stored with an answer."""
        return f"{PREFIX}{self.endpoint.id}/{self.model.name}"

    @property
    def thinks(self) -> Thinks:
        """How *Think harder* is said to this model. Behind vLLM it depends on the model: those with Mistral's own
        tokenizer, and gpt-oss, take `reasoning_effort` and no keywords for a template.
        """
        if self.model.thinks is False:
            return "none"
        if self.endpoint.chosen is None and self.endpoint.kind == "vllm" and _BY_EFFORT.search(self.model.name):
            return "effort"
        return self.endpoint.thinks

    @property
    def can_think(self) -> bool:
        """Whether *Think harder* can be said to this model."""
        return self.thinks != "none"


_BY_EFFORT: Final = re.compile(r"(mi|magi|mini|dev|vox)stral|gpt-oss", re.IGNORECASE)
_BY_KIND: Final[dict[Kind, Thinks]] = {
    "mistral": "effort",
    "mistral-desk": "effort",
    "vllm": "template",
    "llama.cpp": "template",
    "other": "none",
}
WITH_QUERY: Final = mark("it has a question mark or a hash")
_ID: Final = re.compile(r"[a-z0-9][a-z0-9.-]{0,62}")


def is_endpoint(model: str) -> bool:
    """Whether a model id is one of an endpoint's models."""
    return model.startswith(PREFIX)


def parted(model: str) -> tuple[str, str]:
    """The endpoint's id and the model's name in a model id; both empty where it is none."""
    endpoint, slash, name = model.removeprefix(PREFIX).partition("/")
    return (endpoint, name) if is_endpoint(model) and slash and name and _ID.fullmatch(endpoint) else ("", "")


def made_id(name: str, taken: frozenset[str]) -> str:
    """An id that is not taken, made of a name's letters."""
    plain = re.sub(r"[^a-z0-9.]+", "-", name.casefold()).strip("-.")[:48].strip("-.") or "endpoint"
    return (
        plain if plain not in taken else next(one for n in range(2, MOST + 3) if (one := f"{plain}-{n}") not in taken)
    )


def reach(at: Address) -> Reach:
    """Where an address leads, as far as it tells."""
    return "here" if at.loopback else "near" if around(at.host) else "away"


def base(written: str) -> str:
    """The address before `/models`, from what a person enters: `/v1` where there is no path, without what is often
    copied along. Raises `endpoint.address`, and `endpoint.plain` for plain http to where others could read it.
    """
    text = written.strip()
    if "://" not in text:
        text = f"https://{text}"
    text = re.sub(r"/(chat/completions|completions|models)?/*$", "", text)
    try:
        at = address(text, near=True)
    except DeskError as error:
        reason = str(error.problem.params.get("reason", ""))
        if reason == NOT_HTTPS and text.casefold().startswith("http://"):
            host = text.partition("://")[2].partition("/")[0]
            raise DeskError("endpoint.plain", host=plain(host, 200)) from error
        raise DeskError("endpoint.address", address=error.problem.params.get("address", ""), reason=reason) from error
    if "?" in written or "#" in written:
        raise DeskError("endpoint.address", address=plain(at.url.partition("?")[0], 200), reason=WITH_QUERY)
    path = at.url.partition("://")[2].partition("/")[2]
    return at.url if path else f"{at.url}/v1"


def computer(at: str) -> str:
    """What an agreement and a key belong to: the computer of an address with its port, and how it is spoken to."""
    scheme, host, port = address(at, near=True).origin
    return f"{scheme}://{host}:{port}"


def usable(endpoint: Endpoint) -> bool:
    """Whether an endpoint from a file is one that could have been added here."""
    try:
        fits = base(endpoint.address) == endpoint.address
    except DeskError:
        return False
    named = plain(endpoint.name, LONGEST_NAME) == endpoint.name != ""
    return fits and named and _ID.fullmatch(endpoint.id) is not None
