"""Messages about answers by a JSON schema; `core.messages` says how to add one."""

from __future__ import annotations

from typing import Final

from mistral_desk.core.message_text import Text

SCHEMAS: Final[dict[str, Text]] = {
    "schema.unreadable": Text(
        "The schema cannot be read",
        "{path}: {reason}.",
        "Give a file with a JSON schema.",
    ),
    "schema.wrong": Text(
        "This is not a valid schema",
        "At {place}: {reason}.",
        "Correct the schema, then try again.",
    ),
    "schema.remote": Text(
        "The schema refers to another file",
        "{reference} is not in this file, and nothing is fetched for a schema.",
        "Copy what it refers to into “$defs” of the same file.",
    ),
    "schema.unsupported": Text(
        "The schema asks for more than can be promised",
        "“{keyword}” at {place} is not understood here, and leaving it out would give answers that are not valid.",
        "Take it out of the schema, or say it in the question; docs/schema-answers.md lists what is understood.",
    ),
    "schema.nothing": Text(
        "No answer could fulfil the schema",
        "At {place} everything is ruled out, or nothing that could be written is left.",
        "Correct the schema, then try again.",
    ),
    "schema.endless": Text(
        "The schema has no end",
        "At {place} it leads back to itself without a way out.",
        "Make one of the properties on this way optional, or allow null in its place.",
    ),
    "schema.too_big": Text(
        "The schema is too large",
        "At {place} it becomes larger, deeper or longer than can be kept to.",
        "Make the schema smaller.",
    ),
    "schema.not_taken": Text(
        "The engine does not take this schema",
        "{name} cannot be bound to it: {reason}.",
        "Make the schema simpler, or take another model.",
    ),
    "schema.not_met": Text(
        "The answer does not fulfil the schema",
        "It ended before it was complete.",
        "Give it more room with --max-tokens, or bound the lists and texts in the schema.",
    ),
}
