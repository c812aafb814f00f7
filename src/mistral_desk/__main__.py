"""Picks the door: worker, yardstick, decode child, formula child, self-test, closing, command line or window.

Imports late, because a worker must start fast and a window need not be there.
"""
# ruff: noqa: PLC0415

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns the exit status: 0, 1 (failed) or 2 (usage)."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["--worker"]:
        from mistral_desk.inference.worker import main as worker

        return worker()
    if arguments == ["--bare"]:
        from mistral_desk.inference.bare_child import main as bare

        return bare()
    if arguments == ["--rpc-lend"]:
        from mistral_desk.inference.rpc.lending import main as lend

        return lend()
    if arguments[:1] == ["--rpc-worker"]:
        from mistral_desk.cli.lend import main as lends

        return lends(arguments[1:])
    if arguments == ["--decode"]:
        from mistral_desk.chat.decoding.child import main as decode

        return decode()
    if arguments == ["--formulas"]:
        from mistral_desk.chat.formulas.child import main as formulas

        return formulas()
    if arguments[:1] == ["--self-test"]:
        from mistral_desk.cli.self_test import main as self_test

        return self_test(arguments[1:])
    if arguments == ["--close"]:
        from mistral_desk.ui.closing import main as close

        return close()
    if arguments == ["--version"]:
        from mistral_desk.core.build import version

        sys.stdout.write(f"mistral-desk {version()}\n")
        return 0
    try:
        from mistral_desk.cli.main import main as command_line

        return command_line(arguments, window=_open_window)
    except KeyboardInterrupt:  # Ctrl+C while things are still being imported
        return 130


def _open_window(screenshot: str | None, file: str = "") -> int:
    """Open the window; raises ImportError where Qt or what it needs is not installed."""
    from mistral_desk.ui.app import run

    return run(screenshot=screenshot, file=file) if file else run(screenshot=screenshot)


def main_window() -> int:
    """The entry point without a console: opens the window."""
    return main()


if __name__ == "__main__":
    raise SystemExit(main())
