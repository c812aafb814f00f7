"""Messages about servers elsewhere that answer chats; `core.messages` says how to add one.

`said` is what a server said itself, made harmless and short.
"""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Counted, Text

ENDPOINTS: Final[dict[str, Text]] = {
    "endpoint.address": Text(
        "This address cannot be used",
        "{address} is not the address of a server that Mistral Desk can ask ({reason}).",
        "Enter it as its documentation says, for example https://api.example.org/v1.",
    ),
    "endpoint.plain": Text(
        "This address is not encrypted",
        "On the way to {host} everybody could read what you write, and your key. Without encryption only numbers of "
        "your own network (such as 192.168.1.5) and this computer can be used.",
        "Use an address that begins with https, or the computer's number in your network.",
    ),
    "endpoint.name": Text(
        "This name cannot be used",
        Counted(
            "limit",
            "A name has at most {limit} letter and no control characters.",
            "A name has at most {limit} letters and no control characters.",
        ),
        "Choose another name.",
    ),
    "endpoint.exists": Text(
        "There is such an endpoint already",
        "“{name}” is in the list already.",
        "Choose another name, or change that one.",
    ),
    "endpoint.too_many": Text(
        "There are too many endpoints",
        Counted("limit", "{limit} endpoint is the most.", "{limit} endpoints are the most."),
        "Remove one that you do not need.",
    ),
    "endpoint.unknown": Text(
        "There is no such endpoint",
        "No endpoint of yours is called “{name}”.",
        "“mistral-desk endpoint list” shows them.",
    ),
    "endpoint.gone": Text(
        "The endpoint is not in the list",
        "“{name}” is no endpoint of yours, or not any more. No other model was asked in its place.",
        "Add it again, or choose another model.",
    ),
    "endpoint.not_saved": Text(
        "The list of endpoints could not be saved",
        "It could not be written to {path} ({reason}).",
        "Check the folder's permissions and the free room, then try again.",
    ),
    "endpoint.not_here": Text(
        "This model is not on this computer",
        "{name} answers on another computer, and this is only possible with a model that is here.",
        "Choose a model on this computer.",
    ),
    "endpoint.not_agreed": Text(
        "Nothing was sent",
        "You have not agreed yet that your messages go to {host}.",
        "Agree first, or choose a model on this computer.",
    ),
    "endpoint.cannot": Text(
        "An endpoint cannot do this",
        "{name} answers on another computer: it can answer again, but its thoughts and texts cannot be taken up where "
        "they ended.",
        "Answer again, or choose a model on this computer.",
    ),
    "endpoint.no_eyes": Text(
        "This model does not see pictures",
        "{host} says that {name} reads only text. Nothing was sent.",
        "Take the picture away, or choose a model that sees.",
    ),
    "endpoint.key": Text(
        "The key is missing or wrong",
        "{host} did not accept the key (status {status}).",
        "Check the key, and enter it again.",
    ),
    "endpoint.forbidden": Text(
        "The key does not allow this",
        "{host} refused it (status {status}). Its own words: {said}",
        "Look at your account there: the model, or what is paid for, may not be part of it.",
    ),
    "endpoint.unpaid": Text(
        "The account there is used up",
        "{host} answers only when it is paid. Its own words: {said}",
        "Look at your account there, or choose another model.",
    ),
    "endpoint.not_protocol": Text(
        "This endpoint speaks another language",
        "{host} answered, but not in the OpenAI protocol ({reason}).",
        "Check the address; many end in /v1.",
    ),
    "endpoint.not_there": Text(
        "There is no endpoint at this address",
        "{host} answers, but has nothing at {path} (status {status}).",
        "Check the address; many end in /v1.",
    ),
    "endpoint.no_models": Text(
        "The endpoint offers no models",
        "{host} speaks the right language, and its list of models is empty.",
        "Load a model there, or look whether your key may use one.",
    ),
    "endpoint.no_model": Text(
        "The endpoint does not have this model",
        "{host} does not know {name}, or not any more. No other model was asked in its place.",
        "Look at the list of its models again, and choose one of them.",
    ),
    "endpoint.too_long": Text(
        "The conversation is too long for this model",
        "{host} says that {name} cannot take it. Its own words: {said}",
        "Begin a new chat, or choose a model with a longer context.",
    ),
    "endpoint.refused": Text(
        "The endpoint refused the question",
        "{host} answered with the status {status}. Its own words: {said}",
        "What it says may help; otherwise try another model.",
    ),
    "endpoint.failed": Text(
        "The endpoint has trouble of its own",
        "{host} could not answer (status {status}). Its own words: {said}",
        "Try again later. What had come is kept.",
    ),
    "endpoint.busy": Text(
        "The endpoint asks for a pause",
        "{host} has too much to do, or you have asked too often. It asks to wait {seconds} s.",
        "Try again after that.",
    ),
    "endpoint.effort": Text(
        "The endpoint does not take Think harder this way",
        "{host} refused it. Its own words: {said}",
        "Choose another way for Think harder in the endpoint's settings, or switch it off.",
    ),
    "endpoint.no_effort": Text(
        "Think harder cannot be asked for there",
        "It is not known how {host} would be told that {name} should think first.",
        "Ask without it, or choose a way for it in the endpoint's settings.",
    ),
    "endpoint.option": Text(
        "An endpoint does not take this",
        "{name} works only with a model on this computer, and nothing was sent.",
        "Leave it out, or choose a model on this computer.",
    ),
    "endpoint.garbled": Text(
        "The endpoint's answer cannot be read",
        "{host} sent something that is no part of an answer ({reason}).",
        "Try again. What had come is kept.",
    ),
    "endpoint.stalled": Text(
        "The endpoint has fallen silent",
        "{host} sent nothing of an answer for {seconds} s, so it was left.",
        "Try again. What had come is kept.",
    ),
    "endpoint.cut": Text(
        "The answer broke off",
        "{host} ended in the middle of its answer.",
        "Answer again. What had come is kept.",
    ),
    "endpoint.too_much": Text(
        "The endpoint sends without end",
        "{host} sent more than an answer can be, so it was left.",
        "Try again, or choose another model. What had come is kept.",
    ),
    "endpoint.tools": Text(
        "The model wanted to use a tool",
        "{name} at {host} asked for a tool instead of answering, and Mistral Desk offers it none.",
        "Answer again, or choose another model.",
    ),
    "endpoint.filtered": Text(
        "The endpoint ended the answer",
        "{host} stopped it because of its own rules about contents.",
        "What had come is kept. Another model may answer.",
    ),
}
