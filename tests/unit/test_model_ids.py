"""What a model id stands for, and what is said about a path that leads nowhere good."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from mistral_desk.catalog import facts
from mistral_desk.core import settings as declared
from mistral_desk.core.errors import DeskError
from mistral_desk.core.settings import Settings
from mistral_desk.core.strangers import LONGEST
from mistral_desk.inference import model_ids
from mistral_desk.inference.builtin import BUILTIN
from mistral_desk.inference.model_ids import doubtful, model_spec, model_title, that_see, together, writers

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "settings.json")


def refusal(model: str, settings: Settings) -> tuple[str, dict[str, object]]:
    with pytest.raises(DeskError) as caught:
        model_spec(model, settings)
    return caught.value.problem.id, dict(caught.value.problem.params)


def test_a_file_is_run_by_its_absolute_path(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "Großes Modell.gguf"
    path.write_bytes(b"")
    monkeypatch.chdir(tmp_path)
    spec = model_spec("Großes Modell.gguf", settings)
    assert (spec.path, spec.context, spec.threads) == (str(path), None, None)


def test_threads_and_context_are_as_set(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"")
    settings.set(declared.THREADS, 3)
    settings.set(declared.CONTEXT, 2048)
    spec = model_spec(str(path), settings)
    assert (spec.context, spec.threads) == (2048, 3)


def test_the_built_in_model_is_the_one_that_ships(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_ids, "resource", tmp_path.joinpath)
    assert model_spec(BUILTIN, settings).path == str(tmp_path / "model" / "guide.gguf")


@pytest.mark.parametrize(
    "model", ["nowhere.gguf", "file/inside.gguf", "x" * 5000, "zero\0byte", "~nobody-of-this-name/m.gguf", "caf\udce9"]
)
def test_what_is_not_there_is_missing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    found = refusal(model, settings)
    assert found[0] == "model.missing"
    assert isinstance(found[1]["path"], str)
    found[1]["path"].encode("utf-8")


def test_a_folder_is_no_model(settings: Settings, tmp_path: Path) -> None:
    assert refusal(str(tmp_path), settings) == ("model.not_a_file", {"path": str(tmp_path)})


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX devices")
def test_a_device_is_no_model_and_is_not_opened(settings: Settings, tmp_path: Path) -> None:
    assert refusal(os.devnull, settings)[0] == "model.not_a_file"
    os.mkfifo(tmp_path / "pipe.gguf")  # opening it would wait for ever
    assert refusal(str(tmp_path / "pipe.gguf"), settings)[0] == "model.not_a_file"


def test_a_file_that_may_not_be_read_is_said(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Refused by hand, because the tests may run as root, whom no permission stops."""
    path = tmp_path / "m.gguf"
    path.write_bytes(b"")

    def refuse(self: Path, *_arguments: object) -> None:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(type(path), "open", refuse)
    assert refusal(str(path), settings) == ("model.not_permitted", {"path": str(path)})


@pytest.mark.skipif(sys.platform in {"win32", "darwin"}, reason="only Linux and its like have such names")
def test_a_name_that_is_no_unicode_is_said(settings: Settings, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.gguf"
    with open(path, "wb"):  # noqa: PTH123 - a name that is no text
        pass
    assert refusal(os.fsdecode(path), settings) == ("model.load_failed", {"name": "caf?.gguf"})


def test_titles() -> None:
    assert model_title(BUILTIN) == "Guide (demonstration)"
    assert model_title("/models/My Model.gguf") == "My Model.gguf"


@pytest.mark.parametrize(
    "name", ["m + endpoint:mistral/large", "m + builtin", '","builtin', "[", "m + /models/b.gguf", 'm"] + builtin']
)
def test_no_name_of_a_server_makes_another_writer(name: str) -> None:
    model = f"endpoint:cheap/{name}"
    assert writers(model) == (model,)
    assert writers(together((model, BUILTIN))) == (model, BUILTIN)
    assert writers(together((BUILTIN, model))) == (BUILTIN, model)
    assert together((model,)) == model


def test_two_writers_of_an_earlier_version_are_read_where_it_is_clear() -> None:
    assert writers("") == ()
    assert writers("builtin + /models/a.gguf") == ("builtin", "/models/a.gguf")
    assert writers("/a.gguf + builtin + C:\\b.gguf") == ("/a.gguf", "builtin", "C:\\b.gguf")
    assert writers("/models/My + Model.gguf") == ("/models/My + Model.gguf",)
    assert doubtful("endpoint:cheap/m + builtin")
    assert not doubtful("endpoint:cheap/m")


@pytest.mark.parametrize(
    "model",
    [
        "/models/{}.gguf",
        "ollama:{}",
        "endpoint:cheap/{}",
        "endpoint:{}",
        "gpt-{}",
        '["{}", "builtin", "x", "y", "z", "builtin"]',
    ],
)
@pytest.mark.parametrize(
    "strange",
    ["m" * 200_000, "\u202e" * 300_000 + "m", "a\nb\u2028" * 40_000, "m\udcff" * 50_000],
    ids=["long", "unseen", "lines", "no text"],
)
def test_a_title_is_one_line_and_bounded_whoever_gave_the_name(model: str, strange: str) -> None:
    """An imported chat, a server and a file call their models as they like."""
    title = model_title(model.replace("{}", strange))
    assert len(title) <= 4 * LONGEST + 40
    assert all(letter.isprintable() for letter in title)
    assert " ".join(title.split()) == title
    assert title.encode("utf-8").decode("utf-8") == title


@pytest.mark.parametrize("wrote", ['["a"', '["a", 1]', "[" * 100_000, '["a"]', '["", "b"]', '["\ud800", "b"]'])
def test_what_looks_like_several_writers_and_is_none_is_one(wrote: str) -> None:
    assert writers(wrote) == (wrote,)


def test_a_model_whose_files_are_gone_or_no_models_sees_nothing(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gguf"
    wrong.write_bytes(b"GGUF")

    assert that_see([str(wrong), str(tmp_path / "none.gguf")]) == ()


def test_both_ends_of_a_long_title_are_seen() -> None:
    title = model_title(f"/models/Mistral-{'x' * 200}-Q4_K_M.gguf")
    assert len(title) == LONGEST
    assert title.startswith("Mistral-x")
    assert title.endswith("x-Q4_K_M.gguf")


def test_of_many_writers_the_first_are_named() -> None:
    several = together(tuple(f"/models/{number}.gguf" for number in range(6)))
    assert model_title(several) == "0.gguf + 1.gguf + 2.gguf + 3.gguf + …"
    assert model_title(together(("/a.gguf", BUILTIN))) == "a.gguf + Guide (demonstration)"


def test_a_model_of_our_facts_has_one_name() -> None:
    """The name of the recommendation is that of the chip, of the menu and of the library."""
    known = next(one for one in facts.models() if one.id == "ministral-3-3b")
    repository = known.repositories[0].repository
    assert model_title(f"{repository}:Q4_K_M") == f"{known.name} Q4_K_M" == "Ministral 3 3B Q4_K_M"
    assert facts.called(repository.upper(), "Q8_0") == "Ministral 3 3B Q8_0"
    assert model_title("acme/Tiny-GGUF:Q4_K_M") == "Tiny-GGUF Q4_K_M"
