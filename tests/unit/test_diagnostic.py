"""The diagnostic report: useful, and without a word of a chat, a key, an address, or who it is that has it."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import stat
import sys
import unicodedata
import zipfile
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import keyring
import pytest
from msgspec.structs import replace

from mistral_desk.chat.history import History
from mistral_desk.chat.imported import Imported, ImportedMessage
from mistral_desk.chat.message import Part
from mistral_desk.cli import main as cli
from mistral_desk.core.errors import DeskError, Problem
from mistral_desk.core.messages import MESSAGES
from mistral_desk.core.paths import folders
from mistral_desk.diagnostic import bundle, names
from mistral_desk.diagnostic.names import Names, names_here, placed
from mistral_desk.diagnostic.report import Complaint, examine, in_words_of
from mistral_desk.inference import remote
from mistral_desk.inference.model_ids import OLLAMA
from mistral_desk.inference.protocol import Failed
from mistral_desk.inference.rpc.computers import FILE as COMPUTERS
from mistral_desk.library import adopted_file
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.net.endpoints.record import Endpoint
from mistral_desk.net.endpoints.store import FILE as ENDPOINTS
from mistral_desk.net.endpoints.store import write as write_endpoints
from mistral_desk.net.secrets import ENDPOINT, HUB, Secrets, variable
from tests.fixtures import fake_worker
from tests.fixtures.vault import Vault

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.small_models import SmallModels

Form: TypeAlias = Literal["NFC", "NFD"]
PERSON: Final = "kunigunde"
PLANTED: Final = {
    "a chat": "Haselnussschnitte",
    "a title": "Zwetschgendatschi",
    "a setting of others": "Blaukrautbleibt",
    "a setting that is wrong": "Brautkleidbleibt",
    "a folder": "Wolpertinger",
    "a file": "Kuendigungsschreiben",
    "an endpoint's name": "Schuhschachtel",
    "an endpoint's address": "rumpelkammer.example",
    "a key of the keyring": "hf_Sesamoeffnedich",
    "a key of the environment": "Simsalabimbambasala",
    "another computer": "10.98.76.54",
    "a server that a model is from": "modellschuppen.example",
    "the person": PERSON,
    "the computer": "Eulenspiegel",
}


def main(*words: str) -> int:
    return cli.main(words, window=lambda *_: 9)


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A person's folders, full of what must not get out; the program's own folder with all of it."""
    person = tmp_path / "home" / PERSON
    own = person / f"{PLANTED['a folder']} mit Platz"
    places = folders(str(own)).ensure()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(person))
    for name in ("USER", "USERNAME", "LOGNAME"):
        monkeypatch.setenv(name, PERSON)
    monkeypatch.setenv("COMPUTERNAME", PLANTED["the computer"])
    monkeypatch.setattr("platform.node", lambda: f"{PLANTED['the computer']}.lan")
    monkeypatch.setenv("MISTRAL_DESK_HOME", str(own))
    monkeypatch.setenv("HF_TOKEN", PLANTED["a key of the environment"])
    vault = Vault()
    monkeypatch.setattr(keyring, "get_keyring", lambda: vault)
    assert Secrets().set(HUB, PLANTED["a key of the keyring"]) is None
    values = {
        "appearance.theme": "dark",
        "hardware.threads": PLANTED["a setting that is wrong"],
        "chat.of_a_later_version": PLANTED["a setting of others"],
        "models.folder": str(person / PLANTED["a folder"]),
    }
    places.settings.write_text(json.dumps(values), encoding="utf-8")
    name, host = PLANTED["an endpoint's name"], PLANTED["an endpoint's address"]
    write_endpoints(places.config / ENDPOINTS, [Endpoint("box", name, f"https://{host}/v1")])
    computers = {"computers": [{"address": f"{PLANTED['another computer']}:50052"}]}
    (places.config / COMPUTERS).write_text(json.dumps(computers), encoding="utf-8")
    called = f"{PLANTED['a server that a model is from']}/team/chatty:7b"
    blob = str(person / PLANTED["a folder"] / "sha256-00")
    taken = Installed(f"{OLLAMA}{called}", blob, called, called, str(person), (LibraryFile(blob, 1),), origin="ollama")
    adopted_file.save(places.data / adopted_file.FILE, (taken,))

    async def chat() -> None:
        history, _ = await History.open(places.history)
        part = Part("text", PLANTED["a chat"])
        said = ImportedMessage("q", None, "user", 1.0, (part,), ending="stop")
        await history.put(Imported(PLANTED["a title"], 1.0, 1.0, (said,), leaf="q"))
        await history.close()

    asyncio.run(chat())
    return own


def leaks(text: str) -> list[str]:
    """What was planted and is there, in whatever letters."""
    return [what for what, word in PLANTED.items() if word.casefold() in text.casefold()]


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = fake_worker.command(tmp_path, fake_worker.answering("x"))
    monkeypatch.setattr(remote, "worker_command", lambda: command)
    (tmp_path / "guide.gguf").write_bytes(b"GGUF")
    monkeypatch.setattr("mistral_desk.diagnostic.report.resource", lambda *_: tmp_path / "guide.gguf")


@pytest.mark.allow_log(".", "mistral_desk")
@pytest.mark.usefixtures("worker")
def test_nothing_that_is_a_person_s_is_in_it(
    planted: Path,
    tmp_path: Path,
    small_models: SmallModels,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    bad = planted.parent / PLANTED["a folder"] / "bad.gguf"
    bad.parent.mkdir()
    bad.write_bytes(small_models["dense"].read_bytes())
    failed = fake_worker.event(Failed(0, Problem("model.load_failed", {"name": "bad"}, f"llama: {bad}\nno {PLANTED}")))
    command = fake_worker.command(tmp_path, [fake_worker.HELLO, {"serve": {"load": [failed]}}], "failing.json")
    with monkeypatch.context() as patch:
        patch.setattr(remote, "worker_command", lambda: command)
        assert main("ask", PLANTED["a chat"], "--model", str(bad), "--try-anyway") == 1
    assert main("ask", "hi", "--file", str(planted / f"{PLANTED['a file']}.pdf")) == 1
    assert main("endpoint", "test", PLANTED["an endpoint's name"] + "x") == 1
    log = (planted / "logs" / "desk.log").read_text(encoding="utf-8")
    assert leaks(log), "else there was nothing to take out"
    capsys.readouterr()

    target = tmp_path / "report.zip"
    assert main("doctor", "--bundle", str(target)) == 0
    shown = capsys.readouterr().out
    with zipfile.ZipFile(target) as archive:
        texts = {name: archive.read(name).decode() for name in archive.namelist()}
    assert list(texts) == ["report.txt", "settings.json", "models.txt", "log.txt"]
    assert {name: leaks(text) for name, text in texts.items() if leaks(text)} == {}
    assert leaks(target.read_bytes().decode("latin-1")) == []
    for name, text in texts.items():
        assert f"--- {name}\n{text}" in shown, "all of it was shown before it was saved"

    assert "fake llama.cpp" in texts["report.txt"]
    assert "Other computers that lend memory:" in texts["report.txt"]
    settings = json.loads(texts["settings.json"])
    assert (settings["appearance.theme"], settings["hardware.threads"]) == ("dark", "(not allowed)")
    assert settings["(settings of other versions)"] == 1
    assert "of the person's choice" in settings["models.folder"]
    for model in ("Guide", "bad", "team/chatty:7b"):
        assert model in texts["models.txt"]
    for said in ("| endpoint.", "| settings.value\n", "| llama.cpp, model.load_failed:\n    ⟨…⟩\n"):
        assert said in texts["log.txt"], texts["log.txt"]


def test_what_is_shown_is_what_is_saved_for_this_person_alone(tmp_path: Path) -> None:
    files = (bundle.File("a.txt", "äöü\n"), bundle.File("b.json", "{}\n"))
    target = tmp_path / "r.zip"
    size = bundle.save(files, target)
    assert size == target.stat().st_size
    assert target.read_bytes() == bundle.packed(files) == bundle.packed(files)
    with zipfile.ZipFile(io.BytesIO(bundle.packed(files))) as archive:
        assert [(name, archive.read(name).decode()) for name in archive.namelist()] == [
            (file.name, file.text) for file in files
        ]
    if os.name == "posix":
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_words_of_others_about_what_went_wrong_are_not_in_it(worker: None, home: Path) -> None:
    word = PLANTED["a chat"]
    engines = folders().ensure().data / "engines"
    engines.mkdir()
    left = {"name": word, "before": word, "reason": f"cannot open {word}, SIGSEGV"}
    (engines / "choice.json").write_text(json.dumps({"left": left}), encoding="utf-8")
    report = asyncio.run(examine("yes"))
    died = Complaint("engine.died", "The engine stopped", f"It stopped ({word}).", "", f"status -11\nggml: {word}")
    odd = Complaint("of.another_version", word, word, word, f"status {word}")
    report = replace(report, engine=word, problems=(*report.problems, died, odd))
    assert word in in_words_of(report)
    text = asyncio.run(bundle.of(report, folders()))[0].text
    assert word not in text
    assert re.search(r"^Engine: +one that was added$", text, re.MULTILINE)
    assert re.search(r"^Engine that was left: +SIGSEGV$", text, re.MULTILINE)
    assert f"\nengine.died: {MESSAGES['engine.died'].title}\n" in text
    assert "\nstatus -11\n" in text


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_that_is_another_users_is_told(worker: None, home: Path) -> None:
    """The window refuses it, and the models' one may be shared."""
    places = folders().ensure()
    for folder in (places.logs, places.models):
        os.chown(folder, 65534, 65534)
    report = asyncio.run(examine("yes"))
    assert [folder.name for folder in report.folders if folder.problem] == ["logs"]
    assert [problem.id for problem in report.problems] == ["folder.not_private"]


def test_where_it_cannot_be_saved_that_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(DeskError) as caught:
        bundle.save((bundle.File("a.txt", "x"),), tmp_path / "file" / "r.zip")
    assert caught.value.problem.id == "diagnostic.not_saved"


def test_without_anything_there_is_still_a_report(worker: None, home: Path) -> None:
    files = {file.name: file.text for file in asyncio.run(_of())}
    assert files["settings.json"] == "All settings are as they come.\n"
    assert files["log.txt"] == "\n"
    assert str(home) not in "".join(files.values())


async def _of() -> tuple[bundle.File, ...]:
    return await bundle.of(await examine("yes"), folders())


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("cannot open /home/otto/x.so: no", "cannot open <folder>/x.so: no"),
        (r"C:\Users\Otto\x", r"<folder>/x"),
        ("/Users/otto", "<folder>/<person>"),
        ("~ and /srv/geheim im keller/lib.so: bad", "~ and <folder>/lib.so: bad"),
        ("see https://user:pw@box.example/v1?key=1 now", "see <link> now"),
        ("Bearer abc.def", "<secret>"),
        ("at 192.168.1.5:8080, fd00::1:2:3, 2026-11-30 10:20:30", "at <address>:8080, <address>, 2026-11-30 10:20:30"),
        ("a@b.example", "<mail>"),
        ("no display answers at DISPLAY=box:0", "no display answers at DISPLAY=<display>"),
        ("llama.cpp 0.3.36, and/or 1/2", "llama.cpp 0.3.36, and/or 1/2"),
        ("Otto's OTTO, lotto", "<person>'s <person>, lotto"),
    ],
)
def test_what_names_somebody_is_taken_out_of_any_text(text: str, left: str) -> None:
    assert Names((), ("otto",), (), ()).taken_out_of(text) == left


@pytest.mark.parametrize("name", ["Jürgen", "Zoé"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize("known", ["NFC", "NFD"])
def test_letters_that_are_taken_apart_are_the_same_letters(name: str, form: Form, known: Form) -> None:
    mine = unicodedata.normalize(known, name)
    found = Names(((f"/srv/{mine}", "<models>"),), (mine,), (), (f"{mine}-key",))
    text = unicodedata.normalize(form, f"/srv/{name}: no; {name}-key; dear {name.upper()}!")
    assert found.taken_out_of(text) == "<models>: no; <secret>; dear <person>!"


def test_who_is_called_like_a_word_of_the_program_is_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/root")
    monkeypatch.setenv("USERPROFILE", "/root")
    found = names_here(folders(), {"USER": "root", "SOME_TOKEN": "abcdef", "PATH": "/usr/bin", "A_KEY": "x"})
    assert "root" not in found.person
    assert found.secrets == ("abcdef",)


@pytest.mark.parametrize("origin", ["https://api.mistral.ai:443", "http://192.168.1.5:8000", "https://a_b:443"])
def test_the_key_of_an_endpoint_in_the_environment_is_one_of_the_secrets(origin: str) -> None:
    found = names_here(folders(), {variable(f"{ENDPOINT} home {origin}"): "abcdef"})
    assert found.taken_out_of("said: abcdef") == "said: <secret>"


def test_of_a_folder_that_was_chosen_only_its_letters_are_told() -> None:
    places = folders()
    assert placed(str(places.data), places).startswith("data, ")
    assert placed("/srv/Müll eimer", places) == (
        "a folder of the person's choice (15 characters, letters beyond English, spaces)"
    )
    assert placed(r"\\box\share", places).startswith("a network share")


@pytest.mark.skipif(sys.platform == "win32", reason="no such list there")
def test_the_person_s_whole_name_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    users = tmp_path / "passwd"
    users.write_text(f"#\nx:x:\notto:x:{os.getuid()}:7:Otto Ilse von Klack,,,:/home/otto:/bin/sh\n", encoding="utf-8")
    monkeypatch.setattr(names, "_USERS", users)
    assert {"otto", "Otto Ilse von Klack", "Ilse", "Klack"} <= set(names_here(folders(), {}).person)
