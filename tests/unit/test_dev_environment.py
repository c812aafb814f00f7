"""The stamp in .venv: the second start looks at nothing twice, and any real change is seen."""

from __future__ import annotations

import json
import shutil
import sys
import venv
from pathlib import Path

import pytest

from tools.dev import engine_wheel, environment, locks
from tools.dev.environment import Place
from tools.dev.steps import Failed, Steps

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A copy of the files that decide an environment, in a folder as people name them."""
    root = tmp_path / "Mein Schreibtisch ü"
    root.mkdir()
    shutil.copytree(ROOT / "requirements", root / "requirements")
    shutil.copy(ROOT / "pyproject.toml", root)
    return Place(root)


def stamp(place: Place, *levels: str) -> None:
    place.python.parent.mkdir(parents=True, exist_ok=True)
    place.python.write_bytes(b"")
    stamps = {level: environment.fingerprint(place, level) for level in levels}
    (place.venv / environment.STAMP).write_text(json.dumps(stamps), encoding="utf-8")


def test_nothing_is_ready_without_a_stamp(place: Place) -> None:
    assert not environment.is_ready(place, "app")
    place.python.parent.mkdir(parents=True)
    place.python.write_bytes(b"")
    assert not environment.is_ready(place, "app")
    (place.venv / environment.STAMP).write_text("{half", encoding="utf-8")
    assert not environment.is_ready(place, "app")


def test_the_tests_environment_runs_the_app_too_but_not_the_reverse(place: Place) -> None:
    stamp(place, "app")
    assert environment.is_ready(place, "app")
    assert not environment.is_ready(place, "dev")
    stamp(place, "dev")
    assert environment.is_ready(place, "dev")
    assert environment.is_ready(place, "app")


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("requirements/app.lock", "msgspec==", "msgspec==9"),
        ("requirements/build.lock", "hatchling==", "hatchling==9"),
        ("requirements/dev.lock", "pytest==", "pytest==9"),
        ("pyproject.toml", 'mistral-desk = "', 'mistral-dusk = "'),
        ("pyproject.toml", "hatchling>=", "hatchling>=0"),
    ],
)
def test_a_change_that_matters_is_seen(place: Place, file: str, old: str, new: str) -> None:
    stamp(place, "dev")
    path = place.root / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    assert not environment.is_ready(place, "dev")


def test_a_change_of_a_tool_s_settings_reinstalls_nothing(place: Place) -> None:
    stamp(place, "dev")
    path = place.root / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("line-length = ", "line-length = 1"), encoding="utf-8")
    assert text != path.read_text(encoding="utf-8")
    assert environment.is_ready(place, "dev")


def test_a_copy_elsewhere_or_another_python_is_not_ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(place, "dev")
    moved = Place(place.root.with_name("moved"))
    shutil.copytree(place.root, moved.root)
    assert not environment.is_ready(moved, "dev")
    assert environment.is_ready(place, "dev")
    monkeypatch.setattr(sys, "version", "3.12.9 (another)")
    assert not environment.is_ready(place, "dev")


def test_another_build_of_the_engine_is_not_ready(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    stamp(place, "app")
    monkeypatch.setitem(engine_wheel.FLAGS, "GGML_AVX512", "ON")
    assert not environment.is_ready(place, "app")


def test_an_environment_without_its_python_is_not_ready(place: Place) -> None:
    stamp(place, "app")
    place.python.unlink()
    assert not environment.is_ready(place, "app")


def test_the_packages_of_one_install(place: Place, tmp_path: Path) -> None:
    wheel = tmp_path / "llama_cpp_python-0.3.36-py3-none-any.whl"
    wheel.write_bytes(b"wheel")
    text = environment._packages(place, "dev", wheel)
    lines = [line for line in text.splitlines() if not line.startswith(" ")]
    engine = [line for line in lines if line.startswith("llama-cpp-python")]
    assert engine == [f"llama-cpp-python @ {wheel.as_uri()} --hash=sha256:{engine_wheel.digest_of(wheel)}"]
    assert len(lines) == len(set(lines))
    assert any(line.startswith("pytest==") for line in lines)
    app = environment._packages(place, "app", wheel)
    assert not any(line.startswith("pytest==") for line in app.splitlines())


def test_the_environment_of_this_very_run_is_known_as_usable() -> None:
    if not Place(ROOT).python.exists() or Path(sys.prefix).resolve() != Place(ROOT).venv.resolve():
        pytest.skip("the tests run outside .venv")
    assert environment._usable(Place(ROOT))


def test_the_environment_of_another_clone_is_not_changed(place: Place, tmp_path: Path) -> None:
    other = tmp_path / "another clone"
    (other / ".venv").mkdir(parents=True)
    (other / "dev.py").touch()
    try:
        place.venv.symlink_to(other / ".venv", target_is_directory=True)
    except OSError:
        pytest.skip("this system lets no one make links")
    steps = Steps(place.log)
    try:
        with pytest.raises(Failed, match="another clone"):
            environment._install(place, "app", steps)
    finally:
        steps.close()
    assert not list((other / ".venv").iterdir())


def test_a_folder_that_is_no_environment_is_not_usable(place: Place) -> None:
    assert not environment._usable(place)


def test_an_environment_that_was_being_changed_is_not_usable(place: Place) -> None:
    venv.create(place.venv)
    next(place.venv.rglob("site-packages")).joinpath("pip.py").touch()  # stands for pip, which takes seconds to install
    assert environment._usable(place)
    with pytest.raises(Failed), environment._changing(place):
        raise Failed("no network")
    assert environment._usable(place)
    with pytest.raises(KeyboardInterrupt), environment._changing(place):
        raise KeyboardInterrupt
    assert not environment._usable(place)


LOCK = """\
# by hand
alpha==1.0 \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
Beta_Two==2.0 ; sys_platform == 'win32' \\
    --hash=sha256:{a}
""".format(a="a" * 64, b="b" * 64)


def test_a_lock_is_read() -> None:
    alpha, beta = locks.pins(LOCK)
    assert (alpha.name, alpha.version, len(alpha.hashes)) == ("alpha", "1.0", 2)
    assert (beta.name, beta.version) == ("beta-two", "2.0")
    assert locks.pin_of(LOCK, "beta.two") == beta
    with pytest.raises(KeyError):
        locks.pin_of(LOCK, "gamma")


def test_a_package_is_split_off_a_lock() -> None:
    assert [pin.name for pin in locks.pins(locks.without(LOCK, "Alpha"))] == ["beta-two"]
    assert locks.pins(locks.without(LOCK, "gamma")) == locks.pins(LOCK)


@pytest.mark.parametrize("line", ["alpha>=1.0", "-r other.txt", "--index-url somewhere", "alpha @ file:///x.whl"])
def test_a_line_that_pins_nothing_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a locked package"):
        locks.pins(line + "\n" + LOCK)
