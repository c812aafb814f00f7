"""One answer in the making: prompt, prefix reuse, the token loop, thoughts told from text, and true figures.

Runs on the one inference thread; `generate` is the door to it.
"""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.inference.engine.bound import Bound
from mistral_desk.inference.engine.context import AbortedError
from mistral_desk.inference.engine.hand import Hand, NoRoomError
from mistral_desk.inference.engine.looking import Looking
from mistral_desk.inference.engine.sample import REPEAT_WINDOW, Sampler, defaults, filled
from mistral_desk.inference.engine.watch import Watch
from mistral_desk.inference.protocol import Figures, Finished, Piece, PromptProgress, Resumed
from mistral_desk.inference.steering import Steering
from mistral_desk.inference.thinking import Splitter

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.inference.engine.generate import Control, Generator
    from mistral_desk.inference.protocol import Effort, Event, Generate, ModelInfo, Reason
    from mistral_desk.inference.spans import Prompt

CHECK_EVERY: Final = 32
"""Tokens between two looks at whether the model still computes numbers."""


class Answer:
    """One answer in the making."""

    def __init__(self, engine: Generator, command: Generate, control: Control, send: Callable[[Event], None]) -> None:
        self._began = time.perf_counter()
        self._engine, self._command, self._control, self._send = engine, command, control, send
        self._looking = Looking(engine, command, control, send)
        self._effort = _effort(engine.info, command)
        self._total = self._cached = 0
        self._prompt_s = self._thinking_s = 0.0
        self._first: float | None = None
        self._last = 0.0
        advice = defaults(engine.info.architecture, engine.metadata, self._effort)
        self._sampler = Sampler(filled(command.sampling, advice), engine.vocabulary.size)
        self._bound: Bound | None = None
        self._steering = Steering(command.budget, control)
        self._hand: Hand | None = None

    def run(self) -> Finished:
        """Do everything; the sampler is freed whatever happens."""
        try:
            try:
                if self._command.grammar:
                    self._bound = Bound(self._command.grammar, self._engine)
                prompt = self._prompt()
                self._read(prompt)
                reason = self._write(prompt)
            except AbortedError:
                reason = "stopped"
            return Finished(self._command.request, reason, self._figures(), self._engine.vocabulary.hash)
        finally:
            self._sampler.close()
            if self._bound:
                self._bound.close()

    def _prompt(self) -> Prompt:
        name, size = self._engine.info.name, self._engine.context.size
        prompt = self._looking.prompt(self._effort)
        self._total = len(prompt.tokens)
        if self._total + max(1, self._command.room) > size:
            seen = sum(token < 0 for token in prompt.tokens)
            if 2 * seen > size:
                raise DeskError("prompt.pictures_too_long", name=name, pictures=seen, tokens=self._total, context=size)
            raise DeskError("prompt.too_long", tokens=self._total, name=name, context=size)
        if not prompt.tokens:
            raise DeskError("prompt.empty")
        if prompt.tokens[-1] < 0:  # numbers for the first token of an answer come from a token of text
            raise DeskError("model.template", name=name, reason="it puts nothing behind a picture")
        return prompt

    def _read(self, prompt: Prompt) -> None:
        """Bring the prompt into the memory, reusing what is there, and tell how far it is."""
        context, tokens, states = self._engine.context, prompt.tokens, self._engine.states
        began = time.perf_counter()
        if states and self._command.restores:
            states.look_for(context, tokens, self._command.request, lambda: self._control.stopped)
        self._cached = context.reuse(tokens)
        context.owner = self._command.owner
        self._progress(self._cached, None)

        def progress(done_before: int) -> Callable[[int, bool], None]:
            def report(count: int, looking: bool) -> None:
                done = done_before + count
                rate = (done - self._cached) / max(time.perf_counter() - began, 1e-9)
                self._progress(done, (self._total - done) / rate if rate else None, looking=looking)

            return report

        for stop in context.checkpoints.stops(self._cached, min(prompt.tail, self._total - 1)):
            done, end = len(context.held), context.whole(tokens, stop)
            context.read(tokens[done:end], progress(done), last=False, fetch=self._looking.fetched)
            context.checkpoints.save(end)
        done = len(context.held)
        context.read(tokens[done:], progress(done), fetch=self._looking.fetched)
        self._prompt_s = time.perf_counter() - began
        self._check()

    def _progress(self, done: int, seconds_left: float | None, *, looking: bool = False) -> None:
        self._send(PromptProgress(self._command.request, done, self._total, self._cached, seconds_left, looking))
        if self._control.stopped:
            raise AbortedError

    def _write(self, prompt: Prompt) -> Reason:
        """The token loop. Everything it needs is looked up once; see `benchmarks/` for what it costs."""
        engine, control = self._engine, self._control
        vocabulary, context, manner = engine.vocabulary, engine.context, engine.form.manner
        tail = prompt.tokens[prompt.tail : prompt.begun]
        splitter = Splitter(manner, vocabulary.shown, tail, spaced=vocabulary.spaced)
        seen = self._resume(splitter, prompt.tokens[prompt.begun :])
        steering = self._steering
        hand = self._hand = Hand(engine, splitter, steering, self._sampler, self._command.request)
        feed, tell, ends, held = splitter.feed, hand.bind(self._send), vocabulary.ends, context.held
        sampler = self._sampler
        bound = self._bound
        sample = bound.sampling(splitter, sampler, context) if bound else sampler.sampling(context)
        watch = Watch(engine.info.name, vocabulary.shown, self._command.turns[-1].text).take
        most, size = self._command.max_tokens, context.size
        clock = time.perf_counter
        thinking_since = clock() if splitter.thinking else None
        generated = 0
        reason: Reason = "stopped"
        try:
            self._begin(hand, splitter)
            while not control.stopped:
                if generated == most:
                    reason = "length"
                    break
                if splitter.thinking:
                    if (how := steering.due()) and hand.may_close():
                        steering.ended = how
                        hand.close(how)
                elif seen and control.answer_now:
                    control.answer_now = False
                if bound and splitter.between and bound.is_lost:
                    hand.answer()
                    continue
                token = sample()
                self._last = clock()
                if self._first is None:
                    self._first = self._last
                if splitter.thinking and ((ends[token] and not splitter.between) or splitter.closes(token)):
                    if steering.goes_on():
                        hand.go_on(token)
                        continue
                    steering.ended = ""
                    owes = ends[token] and (bound or steering.owes_an_answer())
                    if owes or (bound and splitter.spills(token)):
                        hand.close("")
                        continue
                if ends[token]:
                    if bound and splitter.between:
                        hand.answer()
                        continue
                    reason = "stop"
                    break
                generated += 1
                part = feed(token)
                if splitter.thinking:
                    steering.thought(part.text)
                    thinking_since = thinking_since or self._last
                elif thinking_since is not None:
                    self._thinking_s += self._last - thinking_since
                    thinking_since = None
                tell(part, token)
                watch(token, part.text)
                seen = seen or (part.kind == "text" and bool(part.text))
                if generated == most or len(held) >= size:  # what comes next is of no use
                    reason = "length" if generated == most else "context"
                    break
                hand.step(token)
                if generated % CHECK_EVERY == 0:
                    self._check()
        except AbortedError:
            reason = "stopped"
        except NoRoomError:
            reason = "context"
        except DeskError:
            hand.flush()
            raise
        if thinking_since is not None:
            self._thinking_s += clock() - thinking_since
        hand.flush()
        for rest in splitter.finish():
            self._send(Piece(self._command.request, rest.kind, rest.text))
        return reason

    def _begin(self, hand: Hand, splitter: Splitter) -> None:
        """What is written before the model is asked: a thought that is to go on gets its cue, an answer that is bound
        begins with a thought. Raises `NoRoomError`.
        """
        if self._command.rethinks and splitter.thinking:
            self._steering.more()
            hand.go_on()
        elif self._bound and self._effort == "high" and not (splitter.thinking or splitter.between):
            hand.write(self._engine.form.manner.opening)

    def _resume(self, splitter: Splitter, tokens: Sequence[int]) -> bool:
        """Take note of what there is of the answer already, and tell it; returns whether text is among it."""
        begun, request = self._command.begun, self._command.request
        if begun is None:
            return False
        pieces: list[Piece] = []
        parts = ((splitter.feed(token), token) for token in tokens)
        for kind, run in itertools.groupby(parts, key=lambda one: one[0].kind):
            texts, ids = zip(*((part.text, token) for part, token in run), strict=True)
            pieces.append(Piece(request, kind, "".join(texts), ids))
        if begun.thinking and all(piece.kind != "thinking" for piece in pieces):
            pieces.insert(0, Piece(request, "thinking", begun.thinking))  # of a model that thinks; this one cannot
        self._steering.said = pieces[-1].text if pieces and splitter.thinking else ""
        for token in tokens[-REPEAT_WINDOW:]:
            self._sampler.accept(token)
        self._send(Resumed(request, tuple(pieces)))
        return any(piece.text for piece in pieces if piece.kind == "text")

    def _check(self) -> None:
        """A model whose numbers are none answers with nothing, or with noise: say so instead."""
        if not self._engine.context.finite():
            self._engine.context.clear()
            raise DeskError("model.nothing_sensible", name=self._engine.info.name)

    def _figures(self) -> Figures:
        first, between = self._first, 0.0
        generated = self._hand.count if self._hand else 0
        if first is not None:
            between = self._last - first
        return Figures(
            prompt_tokens=self._total,
            cached_tokens=self._cached,
            generated_tokens=generated,
            thinking_tokens=self._steering.tokens,
            prompt_s=self._prompt_s,
            thinking_s=self._thinking_s,
            first_token_s=None if first is None else first - self._began,
            tokens_per_s=(generated - 1) / between if generated > 1 and between > 0 else None,
            seed=self._sampler.seed,
            threads=round(self._engine.context.threads.average, 2),
            thought_end=self._steering.ended,
        )


def _effort(info: ModelInfo, command: Generate) -> Effort:
    """The effort to use: a model that always thinks has no other; one that cannot think says so, unless it only goes on
    with what another one began.
    """
    wanted = command.effort
    if wanted in info.efforts:
        return wanted
    if wanted == "high" and (command.begun is None or command.rethinks):
        raise DeskError("prompt.effort", name=info.name, effort=wanted)
    return info.efforts[0]
