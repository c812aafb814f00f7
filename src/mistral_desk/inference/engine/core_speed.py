"""How fast a thread of this processor computes with weights, measured through ggml as llama.cpp computes: part of a
second for each format. Only in a worker of its own that nobody waits for.
"""

from __future__ import annotations

import contextlib
import ctypes
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, Final

from mistral_desk.core.errors import DeskError
from mistral_desk.fit.core_rates import CORE_GBPS, PROMPT_FORMATS, TABLES, CoreRates
from mistral_desk.fit.cores import cores
from mistral_desk.inference.engine.buffers import device, function

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIZE: Final = 64 << 20
"""Bytes of weights that all threads together go through: more than most caches hold, as those of a model are."""
_TYPES: Final = {"Q8_0": 8, "Q2_K": 10, "Q3_K": 11, "Q4_K": 12, "IQ2_XXS": 16}
"""`ggml_type`."""
_F32: Final = 0
_WIDTH: Final = 4096
"""Numbers of a row."""
_ROWS: Final = 256
_COLUMNS: Final = 64
"""A matrix and the tokens beside it that a prompt is measured with; both stay in a cache."""
_BLOCK: Final = 8
"""Rows that ggml weaves together where it lays weights out anew."""
_SAMPLE: Final = 0.02
_SAMPLES: Final = 3
"""Seconds of a thread's time at least, and how many of these; the best one counts."""
_MOST_THREADS: Final = 16
_FILL: Final = 0x2B
"""A byte that is an ordinary number in every format, also as a half of a scale."""
_P: Final = ctypes.c_void_p
_now: Final = time.perf_counter if sys.platform == "win32" else time.thread_time
"""Of the thread alone, so that others' work does not count; Windows counts that in steps of 16 ms."""


class _Parameters(ctypes.Structure):
    """`ggml_init_params`."""

    _fields_ = (("size", ctypes.c_size_t), ("buffer", ctypes.c_void_p), ("no_alloc", ctypes.c_bool))


def core_rates(name: str = "CPU") -> CoreRates:
    """The rates of a thread of ggml's device `name`, with as many threads as answer; a format that this build cannot
    compute with is left out.
    """
    threads = min(max(1, cores() - 1), _MOST_THREADS)
    formats = (*(kind for _, kind, _ in CORE_GBPS), TABLES)
    gbps = [(kind, _measured(name, kind, threads, prompt=False)) for kind in formats]
    gflops = [(kind, _measured(name, kind, threads, prompt=True)) for _, kind in PROMPT_FORMATS]
    return CoreRates(
        tuple((kind, round(rate, 3)) for kind, rate in gbps if rate),
        tuple((kind, round(rate, 3)) for kind, rate in gflops if rate),
    )


def _measured(name: str, kind: str, threads: int, *, prompt: bool) -> float | None:
    try:
        with contextlib.ExitStack() as stack:
            jobs = [stack.enter_context(_job(name, _TYPES[kind], threads, prompt=prompt)) for _ in range(threads)]
            return _together(jobs)
    except DeskError:
        return None  # another build of ggml, without these functions, or no memory: not measured


@contextlib.contextmanager
def _job(name: str, kind: int, threads: int, *, prompt: bool) -> Iterator[tuple[Callable[[], Any], float]]:
    """A multiplication by one thread, and what it counts for: 10⁹ bytes of weights, or operations on a prompt."""
    pointer = device(name)
    plain = function("ggml_backend_dev_buffer_type", _P, _P)(pointer)
    row = int(function("ggml_row_size", ctypes.c_size_t, ctypes.c_int, ctypes.c_int64)(kind, _WIDTH))
    rows = _ROWS if prompt else max(SIZE // threads // row // _BLOCK, 1) * _BLOCK
    columns = _COLUMNS if prompt else 1
    with contextlib.ExitStack() as stack:
        weights, numbers, graph = None, None, None
        for where in (*_weaving(pointer), plain):
            own, rest = _context(stack), _context(stack)
            new = function("ggml_new_tensor_2d", _P, _P, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
            weights, numbers = new(own, kind, _WIDTH, rows), new(rest, _F32, _WIDTH, columns)
            _allocate(stack, own, where)
            product = function("ggml_mul_mat", _P, _P, _P, _P)(rest, weights, numbers)
            graph = function("ggml_new_graph", _P, _P)(rest)
            function("ggml_build_forward_expand", None, _P, _P)(graph, product)
            _allocate(stack, rest, plain)
            if function("ggml_backend_dev_supports_op", ctypes.c_bool, _P, _P)(pointer, product):
                break
        else:
            raise DeskError("engine.missing", reason="a format is not supported")
        _fill(weights, row * rows)
        _fill(numbers, 4 * _WIDTH * columns)
        backend = function("ggml_backend_dev_init", _P, _P, ctypes.c_char_p)(pointer, None)
        if not backend:
            raise DeskError("engine.missing", reason="the processor cannot be started")
        stack.callback(function("ggml_backend_free", None, _P), backend)
        _one_thread(pointer, backend)
        compute = function("ggml_backend_graph_compute", ctypes.c_int, _P, _P)
        yield lambda: compute(backend, graph), (2 * _WIDTH * rows * columns if prompt else row * rows) / 1e9


def _together(jobs: list[tuple[Callable[[], Any], float]]) -> float:
    """What one thread gets a second, on average, while all of them compute; each goes on until the last one is done."""
    best = [0.0] * len(jobs)
    left = threading.Semaphore(0)
    begin, done = threading.Barrier(len(jobs)), threading.Event()

    def work(number: int) -> None:
        run, amount = jobs[number]
        run()  # the first one may have to prepare something
        begin.wait()
        for _ in range(_SAMPLES):
            count, began = 0, _now()
            while (took := _now() - began) < _SAMPLE:
                run()
                count += 1
            best[number] = max(best[number], count * amount / took)
        left.release()
        while not done.is_set():
            run()

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(jobs))]
    for worker in workers:
        worker.start()
    for _ in workers:
        left.acquire()
    done.set()
    for worker in workers:
        worker.join()
    return sum(best) / len(best)


def _context(stack: contextlib.ExitStack) -> int:
    made = function("ggml_init", _P, _Parameters)(_Parameters(1 << 20, None, True))
    if not made:
        raise DeskError("engine.missing", reason="no memory")
    stack.callback(function("ggml_free", None, _P), made)
    return int(made)


def _allocate(stack: contextlib.ExitStack, context: int, where: int) -> None:
    buffer = function("ggml_backend_alloc_ctx_tensors_from_buft", _P, _P, _P)(context, where)
    if not buffer:
        raise DeskError("engine.missing", reason="no memory")
    stack.callback(function("ggml_backend_buffer_free", None, _P), buffer)


def _fill(tensor: int, size: int) -> None:
    data = ctypes.create_string_buffer(size)
    ctypes.memset(data, _FILL, size)
    put = function("ggml_backend_tensor_set", None, _P, _P, ctypes.c_size_t, ctypes.c_size_t)
    put(tensor, ctypes.addressof(data), 0, size)


def _weaving(pointer: int) -> list[int]:
    """The kinds of buffers in which the processor's weights are laid out anew, which llama.cpp tries first."""
    ask = _special(pointer, b"ggml_backend_dev_get_extra_bufts", ctypes.POINTER(_P), _P)
    found: list[int] = []
    listed = ask(pointer) if ask else None
    while listed and listed[len(found)]:
        found.append(listed[len(found)])
    return found


def _one_thread(pointer: int, backend: int) -> None:
    limit = _special(pointer, b"ggml_backend_set_n_threads", None, _P, ctypes.c_int)
    if not limit:
        raise DeskError("engine.missing", reason="threads cannot be set")
    limit(backend, 1)


def _special(pointer: int, name: bytes, result: Any, *arguments: Any) -> Any:
    """A function that only the device's own library has, which Windows would not find elsewhere; None without it."""
    registered = function("ggml_backend_dev_backend_reg", _P, _P)(pointer)
    address = function("ggml_backend_reg_get_proc_address", _P, _P, ctypes.c_char_p)(registered, name)
    return ctypes.CFUNCTYPE(result, *arguments)(address) if address else None
