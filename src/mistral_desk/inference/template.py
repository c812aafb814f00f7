"""Runs a model's own chat template: foreign code, so sandboxed, bounded in time and in what it can build.

The dialect is the one that Hugging Face's tokenizers define for chat templates (trimmed blocks, loop controls,
`raise_exception`, `strftime_now`, `tojson` without HTML escapes), because that is what templates are written for.
"""

from __future__ import annotations

import _thread
import ctypes
import datetime as dt
import json
import re
import threading
import time
from typing import TYPE_CHECKING, Any, Final

import jinja2
import jinja2.compiler
import jinja2.ext
import jinja2.nodes
import jinja2.parser
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mistral_desk.core.errors import DeskError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

SECONDS: Final = 2.0
"""A template that computes longer is stopped; real ones take a millisecond."""
_PATIENCE: Final = 15
"""So many times as long may it take by the clock."""
_BEGINS_S: Final = 10.0
"""A thread that has not begun by then found no memory."""
LONGEST: Final = 1 << 20
"""Characters of a template's source at most."""
LARGEST: Final = 1 << 24
"""Characters of any text that a template builds at most; what people write is not in it, only placeholders are."""
_LONGEST_LIST: Final = 1 << 20
_LARGEST_NUMBER: Final = 256
"""Bits of a whole number that a template computes with."""

_PADDING: Final = frozenset({"center", "expandtabs", "format_map", "ljust", "rjust", "translate", "zfill"})
"""Methods of strings that make much of little; no chat template is known to need them."""
_WIDE: Final = re.compile(r"\d{4,}|\{[^}]*\{")
"""A `format` that pads to thousands, or takes its width from an argument."""


class TemplateError(Exception):
    """The template refused, or broke its own rules; the text is its reason."""


class TemplateSlowError(Exception):
    """The template did not end in time."""


class Template:
    """A compiled chat template. `render` may be called from any thread, one call at a time."""

    def __init__(self, source: str, seconds: float = SECONDS) -> None:
        """Compile; raises `TemplateError` and `TemplateSlowError`."""
        self._seconds = seconds
        self.source = source
        if len(source) > LONGEST:
            raise TemplateError(f"it has {len(source)} characters")
        self._template: jinja2.Template = _bounded(lambda: _Environment().from_string(source), seconds)

    def render(self, messages: Sequence[Mapping[str, object]], **variables: object) -> str:
        """The text that the template makes of `messages`. Raises `TemplateError` and `TemplateSlowError`."""
        return str(_bounded(lambda: _gathered(self._template.generate(messages=messages, **variables)), self._seconds))


def as_desk_error(error: TemplateError | TemplateSlowError, name: str) -> DeskError:
    """The problem to show for a template of the model `name` that failed."""
    if isinstance(error, TemplateSlowError):
        return DeskError("model.template_slow", name=name, seconds=int(SECONDS))
    return DeskError("model.template", name=name, reason=str(error)[:500])


class _Generation(jinja2.ext.Extension):
    """`{% generation %}…{% endgeneration %}` marks the model's own words for training; here it only stands around."""

    tags = {"generation"}  # noqa: RUF012 jinja's own way to declare tags

    def parse(self, parser: jinja2.parser.Parser) -> list[jinja2.nodes.Node]:
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Compiler(jinja2.compiler.CodeGenerator):
    """Sends what `a ~ b`, `[a, b]` and `{a: b}` make through the environment, where its size is checked."""

    def visit_Concat(self, node: jinja2.nodes.Concat, frame: jinja2.compiler.Frame) -> None:  # noqa: N802
        self.write("environment.joined((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_List(self, node: jinja2.nodes.List, frame: jinja2.compiler.Frame) -> None:  # noqa: N802
        self.write("environment.weighed(")
        super().visit_List(node, frame)
        self.write(")")

    def visit_Dict(self, node: jinja2.nodes.Dict, frame: jinja2.compiler.Frame) -> None:  # noqa: N802
        self.write("environment.weighed(")
        super().visit_Dict(node, frame)
        self.write(")")


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with bounds on everything that can grow fast."""

    code_generator_class = _Compiler
    intercepted_binops = frozenset({"+", "*", "**", "%"})

    def __init__(self) -> None:
        super().__init__(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation], autoescape=False
        )
        self.filters["tojson"] = _tojson
        for name in ("center", "format", "indent", "wordwrap", "xmlattr", "pprint", "urlize"):
            self.filters.pop(name, None)
        self.filters["indent"] = _indent
        self.filters["replace"] = _replace
        self.filters["join"] = _bounded_join
        self.globals.pop("lipsum", None)
        self.globals["raise_exception"] = _raise_exception
        self.globals["strftime_now"] = _strftime_now

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        """Compute, unless the result would be out of bounds."""
        if operator == "**":
            if not (isinstance(left, int | float) and isinstance(right, int | float) and abs(right) <= 64):
                raise SecurityError("a power that is too large")
        elif operator == "%":
            if isinstance(left, str | bytes):
                raise SecurityError("formatting with % is not available")
        else:
            size = _growth(operator, left, right)
            _check(size, LARGEST if isinstance(left, str) or isinstance(right, str) else _LONGEST_LIST)
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, int) and result.bit_length() > _LARGEST_NUMBER:
            raise SecurityError("a number that is too large")
        return result

    def joined(self, parts: Sequence[object]) -> str:
        """`a ~ b ~ c`."""
        texts = [str(part) for part in parts]
        _check(sum(map(len, texts)))
        return "".join(texts)

    def weighed(self, value: Any) -> Any:
        """A new list or table, unless lists in lists in it would take for ever to write out or compare."""
        rest, count = [value], 0
        while rest:
            now = rest.pop()
            count += 1
            if isinstance(now, list | tuple):
                rest.extend(now)
            elif isinstance(now, dict):
                rest.extend(now.values())
            _check(count + len(rest), _LONGEST_LIST)
        return value

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Jinja's own rules, and no padding."""
        if isinstance(obj, str | bytes) and attr in _PADDING:
            return False
        return super().is_safe_attribute(obj, attr, value)

    def wrap_str_format(self, value: Any) -> Any:
        """`str.format` as the sandbox allows it, without wide padding."""
        owner = getattr(value, "__self__", None)
        if isinstance(owner, str) and getattr(value, "__name__", "") == "format" and _WIDE.search(owner):
            raise SecurityError("formatting that pads widely")
        return super().wrap_str_format(value)

    def call(self, context: Any, obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call, with the two methods bounded that multiply texts."""
        owner, name = getattr(obj, "__self__", None), getattr(obj, "__name__", "")
        if isinstance(owner, str):
            if name == "replace" and len(args) >= 2:
                return _replace(owner, *args)
            if name == "join" and args:
                return _bounded_join(args[0], owner)
        result = super().call(context, obj, *args, **kwargs)
        return self.weighed(result) if obj is dict else result


def _gathered(parts: Iterable[str]) -> str:
    """All parts together, given up as soon as they are too long."""
    texts: list[str] = []
    size = 0
    for part in parts:
        size += len(part)
        _check(size)
        texts.append(part)
    return "".join(texts)


def _check(size: int, most: int = LARGEST) -> None:
    if size > most:
        raise SecurityError("a text or list that is too long")


def _growth(operator: str, left: object, right: object) -> int:
    """Length of what `left + right` or `left * right` builds, 0 for numbers."""
    one, other = _length(left), _length(right)
    if operator == "+":
        return (one or 0) + (other or 0)
    if one is not None and isinstance(right, int):
        return one * max(right, 0)
    if other is not None and isinstance(left, int):
        return other * max(left, 0)
    return 0


def _length(value: object) -> int | None:
    return len(value) if isinstance(value, str | bytes | list | tuple) else None


def _replace(text: object, old: object, new: object, count: int | None = None) -> str:
    whole, part, other = str(text), str(old), str(new)
    _check(len(whole) + (whole.count(part) if part else len(whole) + 1) * len(other))
    return whole.replace(part, other, -1 if count is None else count)


def _bounded_join(value: Any, separator: str = "", attribute: str | int | None = None) -> str:
    if attribute is not None:
        value = [item.get(attribute) if isinstance(item, dict) else getattr(item, str(attribute), "") for item in value]
    texts = [str(item) for item in value]
    _check(sum(map(len, texts)) + len(separator) * len(texts))
    return str(separator).join(texts)


def _indent(text: object, width: int | str = 4, first: bool = False, blank: bool = False) -> str:
    space = " " * min(width, 64) if isinstance(width, int) else str(width)[:64]
    lines = str(text).split("\n")
    _check(len(str(text)) + len(space) * len(lines))
    rest = [space + line if line.strip() or blank else line for line in lines[1:]]
    return "\n".join([(space if first else "") + lines[0], *rest])


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    deep = None if indent is None else max(0, min(int(indent), 16))
    encoder = json.JSONEncoder(ensure_ascii=ensure_ascii, indent=deep, separators=separators, sort_keys=sort_keys)
    return _gathered(encoder.iterencode(value))


def _raise_exception(message: object) -> None:
    raise TemplateError(str(message))


def _strftime_now(form: str) -> str:
    return dt.datetime.now().astimezone().strftime(str(form)[:64])


def _bounded(work: Callable[[], Any], seconds: float) -> Any:
    """Do `work` on a thread of its own and wait for it; one that takes `seconds` of computing is broken off.

    Not of the clock: where other programs keep the processor, an innocent template would be refused.

    A thread cannot be killed, but an exception can be raised in it (`PyThreadState_SetAsyncExc`) between two
    bytecodes, and nothing that a template may call runs long inside one.
    """
    result: list[Any] = []
    failure: list[BaseException] = []
    threads: list[int] = []
    over = threading.Event()

    def run() -> None:
        try:
            threads.append(threading.get_ident())
            result.append(work())
        except BaseException as error:  # noqa: BLE001 it is raised again where it was asked for
            failure.append(error)
        finally:
            over.set()

    _thread.start_new_thread(run, ())  # a `Thread` would be waited for without end where it finds no memory to begin
    spent, began = time.process_time(), time.monotonic()
    while not over.wait(0.05) and time.process_time() - spent < seconds:
        if time.monotonic() - began >= (_PATIENCE * seconds if threads else _BEGINS_S):
            break
    if not threads:
        raise MemoryError("no thread could begin")
    for _ in range(20):
        if over.is_set():
            break
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threads[0]), ctypes.py_object(TemplateSlowError))
        over.wait(0.05)
    else:
        raise TemplateSlowError
    if not failure:
        return result[0]
    error = failure[0]
    if isinstance(error, TemplateError | TemplateSlowError | MemoryError):
        raise error
    if isinstance(error, jinja2.TemplateError):
        raise TemplateError(str(error) or type(error).__name__) from error
    raise TemplateError(f"{type(error).__name__}: {error}") from error
