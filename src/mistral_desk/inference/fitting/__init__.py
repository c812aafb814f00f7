"""Fit on this very computer: its measuring, a person's wishes for a model, what was measured, and plans for loading.

`fit` holds the pure functions; this room knows files, the worker and the clock.
"""

from mistral_desk.inference.fitting.benchmark import Benchmark, benchmark, compared
from mistral_desk.inference.fitting.benchmark_text import benchmark_text
from mistral_desk.inference.fitting.door import Fitting
from mistral_desk.inference.fitting.loading import PlannedEngine

__all__ = ["Benchmark", "Fitting", "PlannedEngine", "benchmark", "benchmark_text", "compared"]
