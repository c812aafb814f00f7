"""No visible string passes by the translation: every literal in `ui/` and `cli/` that reads like words is looked at."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[2]
ROOMS: Final = ("src/mistral_desk/ui", "src/mistral_desk/cli")

TRANSLATING: Final = {"tr", "trn", "trc", "mark"}
VISIBLE: Final = {
    # Qt's own
    "setText", "setPlainText", "setHtml", "setToolTip", "setStatusTip", "setWhatsThis", "setWindowTitle", "setTitle",
    "setAccessibleName", "setAccessibleDescription", "setPlaceholderText", "setSpecialValueText", "setSuffix",
    "setPrefix", "setLabelText", "setInformativeText", "addAction", "addMenu", "addSection", "addItem", "addTab",
    "insertText", "showText", "showMessage", "QAccessibleAnnouncementEvent", "QLabel", "QPushButton", "QToolButton",
    "QCheckBox", "QRadioButton", "QGroupBox", "QAction", "QMenu", "QDockWidget", "QFileDialog", "QMessageBox",
    # ours
    "Button", "Switch", "Segmented", "SearchField", "Note", "Words", "Notice", "set_label", "set_words", "set_title",
    "explain", "_action", "announce",
    # the command line's
    "add_argument", "add_parser", "ArgumentParser", "ArgumentTypeError",
}  # fmt: skip
"""Calls whose strings a person sees: in these, one letter is enough."""

QUIET_KEYWORDS: Final = {"icon", "kind", "step", "dest", "action", "metavar", "prog", "default", "name", "ink", "sign",
                         "keys", "version"}  # fmt: skip
QUIET_CALLS: Final = {
    "spawn", "icon", "getattr", "setattr", "hasattr", "cast", "TypeVar", "property", "setProperty", "resource",
    "setObjectName", "getLogger", "__import__", "startswith", "endswith", "replace", "strftime", "find_spec",
}  # fmt: skip
"""Names of icons, of kinds, of tasks in the log: never shown."""

WORDS: Final = re.compile(r"[A-Za-z]{2,}[,.;:!?…]*\s+[A-Za-z]|^[A-Z][a-z]+\b")
"""Two words, or one that begins like a sentence."""

ALLOWED: Final = {
    "diagnostic/report.py": "a bug report is English in every language: those who mend the program read it",
    "diagnostic/shelf.py": "as diagnostic/report.py",
    "diagnostic/bundle.py": "as diagnostic/report.py",
    "diagnostic/names.py": "as diagnostic/report.py",
    "cli/self_test.py": "whoever makes or repairs an installer reads it, in English",
    "cli/display.py": "dev.py runs it before anything is installed; the words are translated as a problem's reason",
    "ui/system/linux.py": "names that programs of a desktop call each other by",
    "ui/theme/palette.py": "a style sheet",
    "ui/theme/fonts.py": "names of fonts",
    "ui/theme/icons.py": "SVG",
    "background: ": "a style sheet",
    "ui/chat/highlight.py": "names of pygments' tokens",
    "Mistral Desk": "the program's name",
    "Ministral 3 14B": "a model's name",
    "Ctrl+": "names of keys",
    "Shift+": "names of keys",
    "Esc": "names of keys",
    "ID|FILE": "what an argument stands for, as in every manual",
    "MODEL|FILE": "the same",
    "ui/sharing/pdf.py": "HTML and a style sheet",
    "Markdown": "the name of a format",
    "Vulkan": "the name of a way to graphics cards",
    "Metal": "the same",
    "mistral-desk ask": "a command to type",
}
"""Files, or beginnings of strings, that stay as they are, and why."""
TOKENS: Final = {
    "Return",
    "Up",
    "Del",
    "info",
    "success",
    "warning",
    "error",
    "ask",
    "fit",
    "bench",
    "doctor",
    "text",
    "model",
    "models",
    "query",
    "pull",
    "list",
    "verify",
    "remove",
    "import",
    "files",
    "id",
    "chats",
    "serve",
    "engine",
    "endpoint",
    "add",
    "show",
    "use",
    "test",
    "name",
    "file",
    "address",
    "effort",
    "template",
    "none",
    "md",
    "html",
    "json",
}
"""Names of keys, kinds of notices, names of commands and arguments: the same in every language."""


def faults(source: str, name: str) -> Iterator[str]:
    """Literals of one file that a person would see in English for ever."""
    tree = ast.parse(source)
    for parent in ast.walk(tree):
        for child in ast.iter_child_nodes(parent):
            child.parent = parent  # type: ignore[attr-defined]
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.search("[A-Za-z]", node.value):
            text = node.value
            if text in TOKENS or any(text.startswith(start) for start in ALLOWED):
                continue
            if verdict(node, text):
                yield f"{name}:{node.lineno}: {text[:70]!r}"


def verdict(node: ast.Constant, text: str) -> bool:
    """Whether the literal is seen and not translated."""
    here: ast.AST = node
    sink = False
    while (parent := getattr(here, "parent", None)) is not None:
        if isinstance(parent, ast.Expr) and here is node:
            return False  # a docstring
        if isinstance(parent, ast.keyword) and parent.arg in QUIET_KEYWORDS:
            return False
        if isinstance(parent, ast.Call) and here is not parent.func:
            function = called(parent)
            if function in TRANSLATING or function in QUIET_CALLS or logs(parent):
                return False
            if function in {"DeskError", "Problem"}:
                return False  # an id, parameters, and a detail for the log; core.messages has the words
            sink = sink or (function in VISIBLE and here is not getattr(parent, "keywords", None))
        if isinstance(parent, ast.Raise):
            return False  # for developers
        if isinstance(parent, ast.AnnAssign) and here is parent.annotation:
            return False
        if isinstance(parent, ast.arg | ast.Subscript | ast.Compare | ast.match_case):
            return False  # types, keys, comparisons
        if isinstance(parent, ast.Dict) and here in parent.keys:
            return False
        if isinstance(parent, ast.FunctionDef | ast.AsyncFunctionDef) and here is parent.returns:
            return False
        here = parent
    return (sink and not quiet_word(text)) or bool(WORDS.search(text))


def quiet_word(text: str) -> bool:
    """A name of an icon (`chevron-right`), a pattern (`*.gguf`), an option (`--json`): one token with a sign in it."""
    return bool(re.fullmatch(r"[-a-z0-9_.*/]*[-_.*/][-a-z0-9_.*/]*", text))


def called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def logs(call: ast.Call) -> bool:
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    return isinstance(owner, ast.Name) and owner.id in {"log", "_log"}


def files() -> list[Path]:
    found = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(found) > 40
    return [path for path in found if not any(path.as_posix().endswith(name) for name in ALLOWED)]


@pytest.mark.parametrize("path", files(), ids=lambda path: path.relative_to(ROOT / "src" / "mistral_desk").as_posix())
def test_every_visible_string_is_translated(path: Path) -> None:
    assert list(faults(path.read_text(encoding="utf-8"), path.name)) == []


@pytest.mark.parametrize(
    "code",
    [
        'label.setText("save")',
        'Button(theme, "Go", icon="send")',
        'button.setToolTip(f"Reset {name}")',
        'menu.addAction(icon("edit", colour), "Rename")',
        'TEXT = "Nothing was found"',
        'TITLES = {"one": "First"}',
        'x = "Stopped" if y else tr("Going")',
        'Words(tr("a"), "b c", "")',
        'sys.stderr.write("(The model ended.)")',
        'return_ = f"about {n} minutes from now"',
    ],
)
def test_the_watch_sees(code: str) -> None:
    assert len(list(faults(code, "x.py"))) == 1, code


@pytest.mark.parametrize(
    "code",
    [
        'label.setText(tr("Save"))',
        'log.info("the window was opened: %s", name)',
        'raise ValueError("not a colour of the form")',
        'Button(theme, tr("Go"), icon="send", kind="primary")',
        '"""A docstring with words."""',
        'tasks.spawn(self.refresh(), "list the chats")',
        'KIND: Literal["Some words"] = mark("Some words")',
        'if event.key == "Some thing": pass',
        'DeskError("app.no_display", reason="no display here")',
    ],
)
def test_the_watch_lets_pass(code: str) -> None:
    assert list(faults(code, "x.py")) == []


def test_what_is_allowed_is_still_there() -> None:
    for name in (name for name in ALLOWED if name.endswith(".py")):
        assert (ROOT / "src" / "mistral_desk" / name).exists(), name
