"""One target under a fuzzer that follows the ways through its code: `python -m … NAME CORPUS SECONDS SEED MODULES`.

Started by `fuzz`, with atheris on the path. What it finds lies in CORPUS's parent as `crash-…`; libFuzzer's own words
are on stderr.
"""

from __future__ import annotations

import importlib
import logging
import sys
from pathlib import Path

import atheris


def main(name: str, corpus: str, seconds: str, seed: str, modules: str) -> None:
    """Run until the time is over, or something was found."""
    logging.disable(logging.CRITICAL)
    with atheris.instrument_imports(include=modules.split(",")):
        for module in modules.split(","):
            importlib.import_module(module)
        target = importlib.import_module("tests.campaigns.fuzz_targets").TARGETS[name]
    for path in sorted(Path(corpus).iterdir()):
        target.reads(path.read_bytes())  # what is imported late is there before the clock runs
    options = [
        *(sys.argv[0], corpus, f"-max_total_time={seconds}", f"-seed={seed}", f"-max_len={target.largest}"),
        *("-timeout=30", "-rss_limit_mb=3000", "-print_final_stats=1", f"-artifact_prefix={Path(corpus).parent}/"),
    ]
    atheris.Setup(options, target.reads)
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:6])
