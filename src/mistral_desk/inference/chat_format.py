"""Finds out how a model wants to be talked to, by trying its own chat template: evidence instead of names.

Each trait is asked by rendering two small conversations that differ in one thing and comparing the outcomes.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from mistral_desk.inference.template import Template, TemplateError
from mistral_desk.inference.thinking import NO_THOUGHTS, Manner, manner

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mistral_desk.inference.protocol import Effort

Message: TypeAlias = "dict[str, object]"
History: TypeAlias = Literal["blocks", "field", "none"]
"""How thoughts of earlier answers reach the template: as content blocks, as a field beside the content, not at all."""

CHATML: Final = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""For a file without a template whose vocabulary has ChatML's markers."""

PLAIN: Final = (
    "{% for m in messages %}"
    "{% if m.role == 'system' %}{{ m.content + '\n\n' }}"
    "{% elif m.role == 'user' %}{{ 'User: ' + m.content + '\n' }}"
    "{% else %}{{ 'Assistant: ' + m.content + eos_token + '\n' }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""For a file without a template and without markers: words alone."""

_LEAST: Final = ("none", "no_think", "low")
"""What templates call the least effort, from none on."""
_SWITCHES: Final = ("enable_thinking", "thinking")


@dataclass(frozen=True)
class ChatFormat:
    """A chat template with what was found out about it.

    `efforts` are those that it tells apart, `variables` what it is given for each. `tokens` are `bos_token` and the
    like. `system` tells whether it takes a system message.
    """

    template: Template
    own: bool
    tokens: Mapping[str, str]
    manner: Manner = NO_THOUGHTS
    efforts: tuple[Effort, ...] = ("none",)
    variables: Mapping[Effort, Mapping[str, object]] = field(default_factory=dict)
    history: History = "none"
    system: bool = True

    @property
    def thinks(self) -> bool:
        """Whether the model can write thoughts that are told apart from its answer."""
        return self.manner is not NO_THOUGHTS and "high" in self.efforts

    def render(self, messages: Sequence[Message], effort: Effort, *, ask: bool = True) -> str:
        """The prompt's text; `ask` ends it where the answer begins. Raises `TemplateError`, `TemplateSlowError`."""
        given = self.variables.get(effort, {})
        return self.template.render(messages, add_generation_prompt=ask, **self.tokens, **given)


def chat_format(source: str, special: Mapping[str, int], tokens: Mapping[str, str]) -> ChatFormat:
    """Examine the template `source` of a model (empty: it has none) with these special tokens.

    Raises `TemplateError` and `TemplateSlowError` for a template that cannot even say "user: x".
    """
    own = bool(source.strip())
    text = source if own else CHATML if {"<|im_start|>", "<|im_end|>"} <= special.keys() else PLAIN
    plain = ChatFormat(Template(text), own, tokens)
    probe = _Probe(plain)
    probe.must_render()
    efforts, variables = probe.efforts()
    marks = manner(special, text) if own else NO_THOUGHTS
    if not variables and marks is not NO_THOUGHTS and marks.close in text:
        efforts = ("high",)  # it speaks of thoughts, but nothing switches them: they are always there
    found = replace(plain, efforts=efforts, variables=variables)
    history, opening, closing = _Probe(found).history(marks)
    if marks is not NO_THOUGHTS:
        marks = replace(marks, closing=closing or marks.closing, opening=opening or marks.opening)
    return replace(
        found,
        manner=marks,
        history=history,
        system=_Probe(found).takes_system(),
    )


class _Probe:
    """Small conversations whose words are found again in what the template makes of them."""

    def __init__(self, form: ChatFormat) -> None:
        self._form = form
        nonce = "".join(chr(0xE200 + byte) for byte in secrets.token_bytes(6))
        self._words = {name: f"{nonce}{chr(0xE100 + index)}" for index, name in enumerate("SUVTA")}

    def _user(self, word: str) -> Message:
        return {"role": "user", "content": self._words[word]}

    def _try(self, messages: Sequence[Message], *, ask: bool = True, **variables: object) -> str | None:
        effort = self._form.efforts[-1]
        given = {**self._form.variables.get(effort, {}), **variables}
        try:
            return self._form.template.render(messages, add_generation_prompt=ask, **self._form.tokens, **given)
        except TemplateError:
            return None

    def must_render(self) -> None:
        """Raise what is wrong with a template that refuses the simplest conversation."""
        self._form.render([self._user("U")], "none")

    def efforts(self) -> tuple[tuple[Effort, ...], Mapping[Effort, Mapping[str, object]]]:
        """What the template tells apart, and the variables that say so."""
        talk = [self._user("U")]
        on = self._try(talk, reasoning_effort="high")
        # a template that writes any word into the prompt does not know "none": its least is "low"
        copies = "anything" in (self._try(talk, reasoning_effort="anything") or "")
        for word in _LEAST[-1:] if copies else _LEAST:
            off = self._try(talk, reasoning_effort=word)
            if off is not None and on is not None and off != on:
                return ("none", "high"), {"none": {"reasoning_effort": word}, "high": {"reasoning_effort": "high"}}
        for name in _SWITCHES:
            off, on = self._try(talk, **{name: False}), self._try(talk, **{name: True})
            if off is not None and on is not None and off != on:
                return ("none", "high"), {"none": {name: False}, "high": {name: True}}
        return ("none",), {}

    def takes_system(self) -> bool:
        """Whether a system message reaches the prompt."""
        text = self._try([{"role": "system", "content": self._words["S"]}, self._user("U")]) or ""
        return self._words["S"] in text and self._words["U"] in text

    def history(self, marks: Manner) -> tuple[History, str, str]:
        """How to hand over an earlier thought, what the template puts before it, and what between it and its answer."""
        if marks is NO_THOUGHTS:
            return "none", "", ""
        asked = self._try([self._user("U")]) or ""
        thought, answer = self._words["T"], self._words["A"]
        kept: History = "none"
        opening = closing = ""
        for style in ("blocks", "field"):
            said = assistant(style, thought, answer)
            for messages in ([self._user("U"), said, self._user("V")], [self._user("U"), said]):
                text = self._try(messages, ask=False) or ""
                before, _, after = text.partition(thought)
                between, found, _ = after.partition(answer)
                if not (before != text and found):
                    continue
                closing = closing or (between if marks.close in between else "")
                begun = before.removeprefix(asked) if before.startswith(asked) else ""
                opening = opening or (begun if marks.open in begun else "")
                if kept == "none" and messages[-1] is not said:
                    kept = style
        if not closing and marks.close == "</think>":
            closing = "\n</think>\n\n"
        return kept, opening, closing


def assistant(style: History, thought: str, answer: str) -> Message:
    """An earlier answer with its thought, in the form that a template takes."""
    if not thought or style == "none":
        return {"role": "assistant", "content": answer}
    if style == "field":
        return {"role": "assistant", "content": answer, "reasoning_content": thought, "thinking": thought}
    blocks: list[Message] = [{"type": "thinking", "thinking": thought, "closed": True}]
    if answer:
        blocks.append({"type": "text", "text": answer})
    return {"role": "assistant", "content": blocks}
