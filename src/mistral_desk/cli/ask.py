"""`mistral-desk ask`: one question, one answer, streamed. It stores nothing, so it needs no history."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec

from mistral_desk.chat.elsewhere.prices import Cost
from mistral_desk.chat.message import ConversationSettings, Draft
from mistral_desk.chat.parts import lookup
from mistral_desk.chat.pictures_in_memory import PicturesInMemory
from mistral_desk.chat.presets import over
from mistral_desk.chat.prompting import MAX_CHARACTERS, check_draft
from mistral_desk.chat.thought_limit import limit, usual
from mistral_desk.cli.here import Meant, meant, others, places_of, used
from mistral_desk.cli.interrupts import INTERRUPTED, interrupts
from mistral_desk.cli.output import Status, dimmed, write_json, write_problem, write_text
from mistral_desk.cli.question import Asked
from mistral_desk.cli.there import elsewhere
from mistral_desk.core.amounts import about, percent
from mistral_desk.core.amounts import seconds as in_seconds
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.paths import Folders, folders
from mistral_desk.core.settings import Settings
from mistral_desk.core.words import mark, tr
from mistral_desk.inference.fitting import Fitting, PlannedEngine
from mistral_desk.inference.model_ids import model_spec, that_see
from mistral_desk.inference.protocol import Finished, Piece, PromptProgress, Reason, Sampling
from mistral_desk.inference.schema_check import met
from mistral_desk.inference.schema_grammar import grammar
from mistral_desk.inference.schema_read import read_file
from mistral_desk.inference.silence import TICK_S
from mistral_desk.inference.thought_messages import Budget, ThoughtEnd

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from mistral_desk.inference.client import Engine, ModelSpec

_NOTES: Final[dict[Reason, str]] = {
    "length": mark("(The answer was cut at the number of tokens asked for.)"),
    "context": mark("(The answer was cut because the model's context is full.)"),
    "stopped": mark("(Stopped.)"),
}


_LIMITS: Final[dict[ThoughtEnd, str]] = {
    "tokens": mark("(The thinking ended at the number of tokens allowed.)"),
    "seconds": mark("(The thinking ended when its time was over.)"),
}


class Thinking(msgspec.Struct, frozen=True, tag="thinking"):
    """More of the model's thoughts."""

    text: str


class Text(msgspec.Struct, frozen=True, tag="text"):
    """More of the answer."""

    text: str


class Done(msgspec.Struct, frozen=True, tag="done", omit_defaults=True):
    """The answer is complete; what it took. `cost` is an estimate, where the answer came from an endpoint."""

    reason: Reason
    prompt_tokens: int
    cached_tokens: int
    generated_tokens: int
    first_token_s: float | None
    tokens_per_s: float | None
    thinking_tokens: int
    thinking_s: float
    thought_end: ThoughtEnd
    cost: Cost | None = None


def ask(arguments: argparse.Namespace) -> int:
    """Run the command; raises `DeskError`."""
    text = _from_stdin() if arguments.text == "-" else _whole(arguments.text)
    draft = Draft(text, arguments.think)
    if not arguments.files:
        check_draft(draft)
    places = folders().ensure()
    settings, problems = Settings.open(places.settings)
    for problem in problems:
        write_problem(problem, as_json=False)
    there = elsewhere(arguments.model, places)
    if there is not None:
        from mistral_desk.cli.ask_elsewhere import answer as answer_elsewhere  # noqa: PLC0415

        own = _own(arguments.preset, places)
        asked = Asked(**_said(arguments, text, own), places=places)
        return asyncio.run(answer_elsewhere(asked, there, arguments, Json() if arguments.json else Terminal()))
    tree = read_file(Path(arguments.schema)) if arguments.schema else None
    rules = grammar(tree) if tree else ""
    model = meant(arguments.model, settings)
    if model.doubt:
        write_problem(model.doubt, as_json=False)
    own = _own(arguments.preset, places)
    question = Question(
        **_said(arguments, text, own),
        spec=model_spec(model.path, settings, model.projector),
        model=model,
        places=places,
        try_anyway=arguments.try_anyway,
        grammar=rules,
        budget=_budget(arguments, own, settings),
        met=(lambda answer: met(tree, answer)) if tree else lambda _: True,
    )
    return asyncio.run(_answer(question, Json() if arguments.json else Terminal()))


def _said(arguments: argparse.Namespace, text: str, own: ConversationSettings) -> dict[str, Any]:
    """What is the same for every model: the options come before the preset."""
    return {
        "files": tuple(arguments.files),
        "system": own.system if arguments.system is None else _whole(arguments.system),
        "draft": Draft(text, bool(arguments.think or own.think or arguments.think_tokens or arguments.think_seconds)),
        "sampling": over(Sampling(temperature=arguments.temperature, seed=arguments.seed), own.sampling),
        "max_tokens": arguments.max_tokens or own.longest,
    }


class Question(Asked, frozen=True, kw_only=True):
    """What is asked, and of which model here. `try_anyway`: load it even where its plan says that it does not fit, or
    takes minutes. `grammar` binds the answer; `met` tells whether it is as the schema demands.
    """

    spec: ModelSpec
    model: Meant
    try_anyway: bool = False
    grammar: str = ""
    budget: Budget = Budget()
    met: Callable[[str], bool] = lambda _: True

    @property
    def title(self) -> str:
        """What the model is called."""
        return self.model.title


class Json:
    """The answer as JSON lines."""

    def loading(self, title: str, fraction: float, looks: bool) -> None:
        """Nothing: progress is for people."""

    def silent(self, seconds: float) -> None:
        """Nothing: programs have clocks."""

    def progress(self, event: PromptProgress) -> None:
        """Nothing: progress is for people."""

    def piece(self, piece: Piece) -> None:
        """One line a piece."""
        write_json(Thinking(piece.text) if piece.kind == "thinking" else Text(piece.text))

    def done(self, end: Finished, cost: Cost | None = None) -> None:
        """The last line."""
        took = end.figures
        write_json(
            Done(
                end.reason,
                took.prompt_tokens,
                took.cached_tokens,
                took.generated_tokens,
                _rounded(took.first_token_s),
                _rounded(took.tokens_per_s),
                took.thinking_tokens,
                round(took.thinking_s, 4),
                took.thought_end,
                cost,
            )
        )

    def broken(self, problem: Problem) -> None:
        """The last line where there is no answer, or only a part of one."""
        write_problem(problem, as_json=True)


class Terminal:
    """The answer on stdout; thoughts, progress and remarks on stderr."""

    def __init__(self) -> None:
        self._status = Status()
        self._dim, self._undim = dimmed()
        self._thinking = False
        self._written = ""

    def loading(self, title: str, fraction: float, looks: bool) -> None:
        """Show how far the model is loaded, or, before its first load, how much of its weights was looked at."""
        share = percent(fraction)
        looked = tr("Checking the weights once {share}", share=share) if looks else ""
        self._status.show(looked or tr("Loading {title} {share}", title=title, share=share))

    def silent(self, seconds: float) -> None:
        """Say that nothing was heard for so long; not in the line that is being written."""
        if self._written or self._thinking:
            return
        self._status.show(tr("Nothing new for {time}: this takes longer than usual", time=in_seconds(round(seconds))))

    def progress(self, event: PromptProgress) -> None:
        """Show how far the message is read."""
        share = percent(event.done / max(event.total, 1))
        words = tr("Looking at the picture {share}", share=share) if event.looking else ""
        words = words or tr("Reading your message {share}", share=share)
        left = about(event.seconds_left)
        self._status.show(tr("{state}, {left}", state=words, left=left) if left else words)

    def piece(self, piece: Piece) -> None:
        """Write a piece where it belongs."""
        self._status.clear()
        if piece.kind == "thinking":
            if not self._thinking:
                self._thinking = True
                sys.stderr.write(f"{self._dim}{tr('Thinking: ')}")
            write_text(piece.text, sys.stderr)
            return
        self._end_thinking()
        write_text(piece.text, sys.stdout)
        self._written = piece.text

    def done(self, end: Finished, cost: Cost | None = None) -> None:
        """End the lines; say what the text does not."""
        self._end_lines()
        if end.figures.thought_end in _LIMITS:
            sys.stderr.write(tr(_LIMITS[end.figures.thought_end]) + "\n")
        if end.reason in _NOTES:
            sys.stderr.write(tr(_NOTES[end.reason]) + "\n")
        elif not self._written:
            sys.stderr.write(tr("(The model ended without a word.)") + "\n")
        if cost is not None:
            amount = f"{cost.amount:.4f} {cost.currency}"
            said = tr(
                "(Estimated cost: {amount}, by the price that {publisher} publishes.)",
                amount=amount,
                publisher=cost.publisher,
            )
            sys.stderr.write(said + "\n")

    def broken(self, problem: Problem) -> None:
        """End what was begun, say what happened."""
        self._end_lines()
        write_problem(problem, as_json=False)

    def _end_lines(self) -> None:
        self._status.clear()
        self._end_thinking()
        if self._written and not self._written.endswith("\n"):
            write_text("\n", sys.stdout)

    def _end_thinking(self) -> None:
        if self._thinking:
            self._thinking = False
            sys.stderr.write(f"{self._undim}\n")
            sys.stderr.flush()


async def _answer(question: Question, out: Json | Terminal) -> int:
    fitting = Fitting(question.places)
    engine = PlannedEngine(fitting, learns=False)
    listening = asyncio.create_task(_listen(engine, out))
    end: Finished | None = None
    try:
        with interrupts(engine) as interrupted:
            pictures = PicturesInMemory()
            turns = await question.turns(pictures, lambda: _blindness(question, engine))
            if question.try_anyway:
                fitting.allow(await fitting.key(question.spec.path))
                await engine.allow(question.spec.path)
            await engine.ensure(question.spec, lambda fraction: out.loading(question.title, fraction, engine.looks))
            effort, look, written = question.draft.effort, lookup(pictures), ""
            bounds = question.sampling, question.max_tokens
            answer = engine.generate(turns, effort, *bounds, look, grammar=question.grammar, budget=question.budget)
            async with contextlib.aclosing(answer) as events:
                async for event in events:
                    match event:
                        case PromptProgress():
                            out.progress(event)
                        case Piece(text=text) if text:
                            out.piece(event)
                            written += text if event.kind == "text" else ""
                        case Finished():
                            end = event
            if end and not question.met(written) and not interrupted():
                out.broken(Problem("schema.not_met"))
                return 1
            if end:
                out.done(end)
                await used(question.model)
            return INTERRUPTED if interrupted() else 0
    except asyncio.CancelledError:
        out.broken(Problem("load.cancelled", {"name": question.title}))
        return INTERRUPTED
    except DeskError as error:
        out.broken(error.problem)
        return INTERRUPTED if error.problem.id == "load.cancelled" else 1
    finally:
        listening.cancel()
        await engine.close()


async def _listen(engine: Engine, out: Json | Terminal) -> None:
    """Tell once a second how long the engine has said nothing, where that is long."""
    while True:
        await asyncio.sleep(TICK_S)
        if quiet := engine.quiet:
            out.silent(quiet.seconds)


async def _blindness(question: Question, engine: Engine) -> Problem | None:
    """Why the model cannot see a picture."""
    problem = await engine.blindness(question.spec)
    return None if problem is None else await asyncio.to_thread(_refusal, problem, question)


def _refusal(problem: Problem, question: Question) -> Problem:
    """Why a model cannot see; with the models that could, where it is only that this one reads text."""
    if problem.id != "model.no_eyes":
        return problem
    settings, _ = Settings.open(question.places.settings)
    seeing = that_see(others(settings), places_of(settings))
    if not seeing:
        return problem
    return Problem("model.others_see", {"name": question.title, "models": ", ".join(seeing)})


def _own(preset: str | None, places: Folders) -> ConversationSettings:
    """What the preset of this name says. The history is opened for nobody who names none."""
    if not preset:
        return ConversationSettings()
    from mistral_desk.cli.preset import preset_named  # noqa: PLC0415

    return preset_named(preset, places.history)


def _budget(arguments: argparse.Namespace, own: ConversationSettings, settings: Settings) -> Budget:
    """How long the thought may be: the options come first, then the preset, then the app's settings."""
    otherwise = limit(own, usual(settings))
    said = Budget(arguments.think_tokens, arguments.think_seconds)
    return otherwise if said == Budget() else said


def _from_stdin() -> str:
    """All of stdin as UTF-8, at most what a message may have and a bit."""
    data = sys.stdin.buffer.read(4 * (MAX_CHARACTERS + 1))
    return data.decode("utf-8-sig", "replace")


def _whole(text: str) -> str:
    """An argument without the half characters by which Python keeps bytes that are no UTF-8."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
