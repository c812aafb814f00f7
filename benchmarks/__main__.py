"""Measures what the product promises about speed and weight: `python -m benchmarks [--only NAME]… [--keep] [--json]`.

`python -m benchmarks page` makes docs/performance.md of what was kept.
"""

from __future__ import annotations

import argparse
import sys
from functools import partial
from typing import TYPE_CHECKING, Final

import msgspec

from benchmarks import (
    browsing,
    catalogue,
    downloads,
    engine_speed,
    first_token,
    fit_speed,
    history,
    kept,
    llama_bench,
    long_chat,
    model_page,
    page,
    pictures,
    restart,
    sampling,
    sidebar,
    stopping,
    threads,
    turn_costs,
    window,
)
from benchmarks.figure import Benchmark, Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

BENCHMARKS: Final = (
    Benchmark("generation", "of bare llama.cpp", 0.98, "at least", engine_speed.generation),
    Benchmark("reading", "of bare llama.cpp", 0.98, "at least", engine_speed.reading),
    *(
        Benchmark(f"{name}-{words}", "of bare llama.cpp", 0.98, "at least", partial(measure, tokens))
        for words, tokens in engine_speed.DEPTHS.items()
        for name, measure in (("generation", engine_speed.generation), ("reading", engine_speed.reading))
    ),
    Benchmark("generation-llama-bench", "of llama-bench", 0.95, "at least", llama_bench.generation),
    Benchmark("reading-llama-bench", "of llama-bench", 0.95, "at least", llama_bench.reading),
    Benchmark("sampling", "of greedy", 0.97, "at least", sampling.beside_greedy),
    Benchmark("threads-quiet", "of the best fixed number", 0.8, "at least", threads.quiet),
    Benchmark("threads-beside-one", "of the best fixed number", 0.8, "at least", threads.beside_one),
    Benchmark("threads-beside-two", "of the best fixed number", 0.8, "at least", threads.beside_two),
    Benchmark("first-token-warm", "of a cold one", 0.5, "at most", first_token.warm),
    Benchmark("stop-reading", "ms", 200, "at most", stopping.in_reading),
    Benchmark("stop-answer", "ms", 200, "at most", stopping.in_answer),
    Benchmark("picture-turn-2", "of turn 1", 0.1, "at most", pictures.second_turn),
    Benchmark("picture-turn-3", "of turn 1", 0.1, "at most", pictures.third_turn),
    Benchmark("picture-handler", "of the handler's", 0.1, "at most", pictures.beside_the_handler),
    Benchmark("turn-edit", "of a fresh prefill", 0.1, "at most", turn_costs.edit),
    Benchmark("turn-think-later", "of a fresh prefill", 0.1, "at most", turn_costs.think_later),
    Benchmark("turn-switch-back", "of a fresh prefill", 0.1, "at most", turn_costs.switch_back),
    Benchmark("restart-turn", "of a fresh prefill", 0.1, "at most", restart.turn),
    Benchmark("prediction", "of 6 in range", 6, "at least", fit_speed.prediction),
    Benchmark("correction", "of 6 in the narrower range", 6, "at least", fit_speed.correction),
    Benchmark("catalogue-search", "ms", 5, "at most", catalogue.search),
    Benchmark("catalogue-search-work", "ms", 5, "at most", catalogue.search_work),
    Benchmark("catalogue-cold", "ms", 150, "at most", catalogue.cold),
    Benchmark("catalogue-cold-work", "ms", 150, "at most", catalogue.cold_work),
    Benchmark("download-throughput", "of bare httpx2", 0.8, "at least", downloads.throughput),
    Benchmark("download-throughput-work", "of bare httpx2", 0.8, "at least", downloads.throughput_work),
    Benchmark("download-memory", "MB", 50, "at most", downloads.memory),
    Benchmark("download-loop", "ms", 16, "at most", downloads.loop),
    Benchmark("download-loop-work", "ms", 16, "at most", downloads.loop_work),
    Benchmark("download-window-loop", "ms", 16, "at most", downloads.window_loop),
    Benchmark("download-window-loop-work", "ms", 16, "at most", downloads.window_loop_work),
    Benchmark("start", "s", 1.0, "at most", window.start),
    Benchmark("memory", "MB", 150, "at most", window.memory),
    Benchmark("smoothness", "ms", 16, "at most", window.smoothness),
    Benchmark("smooth-work", "ms", 16, "at most", window.smooth_work),
    Benchmark("long-opening", "ms", 200, "at most", long_chat.opening),
    Benchmark("long-opening-work", "ms", 200, "at most", long_chat.opening_work),
    Benchmark("long-smoothness", "ms", 16, "at most", long_chat.streaming),
    Benchmark("long-smooth-work", "ms", 16, "at most", long_chat.streaming_work),
    Benchmark("huge-opening", "ms", 200, "at most", long_chat.huge_opening),
    Benchmark("huge-opening-work", "ms", 200, "at most", long_chat.huge_opening_work),
    Benchmark("huge-scroll", "ms", 16, "at most", long_chat.huge_scrolling),
    Benchmark("huge-scroll-work", "ms", 16, "at most", long_chat.huge_scrolling_work),
    Benchmark("huge-smooth-work", "ms", 16, "at most", long_chat.huge_streaming_work),
    Benchmark("huge-memory", "MB", 100, "at most", long_chat.huge_memory),
    Benchmark("search-million", "ms", 100, "at most", history.search),
    Benchmark("search-million-work", "ms", 100, "at most", history.search_work),
    Benchmark("sidebar-million", "ms", 100, "at most", history.listing),
    Benchmark("sidebar-million-work", "ms", 100, "at most", history.listing_work),
    Benchmark("sidebar-window", "ms", 100, "at most", sidebar.opening),
    Benchmark("sidebar-window-work", "ms", 100, "at most", sidebar.opening_work),
    Benchmark("sidebar-page-work", "ms", 100, "at most", sidebar.scrolling_work),
    Benchmark("model-page-open", "ms", 50, "at most", model_page.opening),
    Benchmark("model-page-work", "ms", 50, "at most", model_page.opening_work),
    Benchmark("browse-keystroke", "ms", 16, "at most", browsing.keystroke),
    Benchmark("browse-keystroke-work", "ms", 16, "at most", browsing.keystroke_work),
    Benchmark("browse-scroll", "ms", 16, "at most", browsing.scroll),
    Benchmark("browse-scroll-work", "ms", 16, "at most", browsing.scroll_work),
    Benchmark("idle", "% of a core", 0.5, "at most", long_chat.idle),
    Benchmark("idle-growth", "MB", 2, "at most", long_chat.idle_growth),
)


def row(figure: Figure) -> str:
    """A figure as one line for people."""
    sign = {True: "met", False: "NOT MET", None: "not measured"}[figure.met]
    value = "–" if figure.value is None else f"{figure.value:g} {figure.unit}"
    return f"{figure.name:<20} {value:<28} aim {figure.aim:<32} {sign:<13} {figure.how}"


NAMES: Final = tuple(benchmark.name for benchmark in BENCHMARKS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run all benchmarks, or some. The exit status is 0 when nothing that was measured misses its aim."""
    options = _parser().parse_args(arguments)
    if options.what == "page":
        page.write(NAMES)
        return 0
    figures: list[Figure] = []
    one: kept.Kept | None = None
    for benchmark in BENCHMARKS:
        if not options.only or benchmark.name in options.only:
            one = kept.measured(benchmark, one)
            figures.append(one.figure)
            if options.keep:
                kept.save(one)
                page.write(NAMES)
            if not options.json:
                print(row(one.figure), flush=True)
    if options.json:
        print(msgspec.json.format(msgspec.json.encode(figures), indent=2).decode())
    return 1 if any(figure.met is False for figure in figures) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", choices=["page"], help="only make docs/performance.md anew")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help="only this one; may be repeated")
    parser.add_argument("--keep", action="store_true", help="keep the figures in docs/performance/ and on its page")
    parser.add_argument("--json", action="store_true", help="one JSON document, a list of figures")
    return parser


if __name__ == "__main__":
    sys.exit(main())
