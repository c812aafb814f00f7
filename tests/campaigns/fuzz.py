"""All that reads what others wrote, fuzzed: by ways through the code where atheris is, else by changing it."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
import time
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.campaigns.fuzz_targets import CORPUS, TARGETS
from tests.campaigns.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Sequence

SITE: Final = Path(__file__).resolve().parents[2] / "build" / "fuzz"
"""Where `dev.py trust fuzz` puts atheris: it is in no environment that anything else runs in."""
_LOCK: Final = SITE.parents[1] / "requirements" / "fuzz.lock"
_RAN: Final = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_WAYS: Final = re.compile(r"cov: (\d+)")
_PIECES: Final = (
    *(b"\0", b"\xff", b'"', b"\\", b"{", b"[", b"}", b"]", b",", b"\n", b"0", b"-1", b"1e999", b"null", b"$"),
    *(b"`", b"|", b"*", b"\xed\xa0\x80", b"\xef\xbf\xbd", b"\xe2\x80\xae", b"\x7f\xff\xff\xff", b"\xff" * 8),
    *(b"[" * 300, b"9" * 400),
)


def followed() -> bool:
    """Whether atheris was put in its place."""
    return (SITE / "atheris").is_dir()


def fetch() -> None:
    """Put it there, checked by hash; there is one for Linux only, and without it inputs are changed blindly."""
    if followed() or sys.platform != "linux":
        return
    options = ("--require-hashes", "--no-deps", "--only-binary", ":all:", "--target", str(SITE), "-r", str(_LOCK))
    subprocess.run([sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-q", *options], check=False)


def attack(folder: Path, seed: int, cases: int, minutes: float = 1e9) -> Outcome:
    """So many inputs a target, by changes of the corpus; where minutes are given, each target has its share of them."""
    found = Outcome()
    if minutes < 1e9:
        fetch()
    for number, name in enumerate(TARGETS):
        place = folder / name
        place.mkdir()
        if followed() and minutes < 1e9:
            _follow(name, place, 60 * minutes / len(TARGETS), seed + number, found)
        else:
            _change(name, cases, seed, found)
    return found


def changed(good: Sequence[bytes], dice: random.Random, largest: int) -> bytes:
    """One of the inputs with a few changes."""
    data = bytearray(dice.choice(good))
    for _ in range(dice.choice((1, 1, 2, 4, 12))):
        at, size = dice.randrange(len(data) + 1), dice.choice((1, 1, 4, 16, 100))
        match dice.randrange(6):
            case 0:
                data[at : at + size] = dice.randbytes(size)
            case 1:
                del data[at : at + size]
            case 2:
                data[at:at] = data[at : at + size] * dice.choice((1, 2, 30))
            case 3:
                data[at:at] = dice.choice(_PIECES)
            case 4:
                data[at : at + size] = dice.choice(_PIECES)
            case _:
                other = dice.choice(good)
                data[at:] = other[dice.randrange(len(other) + 1) :]
    return bytes(data[:largest])


def _change(name: str, cases: int, seed: int, found: Outcome) -> None:
    target = TARGETS[name]
    good = [path.read_bytes() for path in target.corpus(name)]
    slowest = 0.0
    for number in range(cases):
        dice = random.Random(f"{name} {seed} {number}")
        data = good[number] if number < len(good) else changed(good, dice, target.largest)
        began = time.process_time()
        try:
            target.reads(data)
        except Exception:  # noqa: BLE001 - that is what is looked for
            found.lost.append(f"{name}: {data[:200]!r}\n{traceback.format_exc(limit=-4)}")
        slowest = max(slowest, time.process_time() - began)
        found.cases += 1
    found.seen[name] = f"{cases:,} inputs, the slowest took {slowest:.2f} s"


def _follow(name: str, place: Path, seconds: float, seed: int, found: Outcome) -> None:
    corpus = place / "corpus"
    shutil.copytree(CORPUS / name, corpus)
    done = subprocess.run(
        [
            *(sys.executable, "-m", "tests.campaigns.fuzz_driver", name, str(corpus), str(max(1, int(seconds)))),
            *(str(seed), ",".join(TARGETS[name].modules)),
        ],
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(SITE)]), "PYTHONUTF8": "1"},
    )
    ran = int(match[1]) if (match := _RAN.search(done.stderr)) else 0
    ways = _WAYS.findall(done.stderr)
    found.cases += ran
    found.seen[name] = f"{ran:,} inputs, {ways[-1] if ways else '?'} ways through the code"
    crashes = [path.read_bytes() for path in sorted(place.glob("*-*")) if path.is_file()]
    if done.returncode or crashes:
        found.lost.append(f"{name}: {[data[:300] for data in crashes]}\n{done.stdout[-2500:]}{done.stderr[-2500:]}")
