"""The states of the library and of downloads: none, many, each kind of trouble, and every sheet on the way."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final, cast

from mistral_desk.catalog import facts
from mistral_desk.core import settings as declared
from mistral_desk.core.amounts import file_size
from mistral_desk.core.errors import Problem
from mistral_desk.core.words import tr
from mistral_desk.library.ordering import Before, License
from mistral_desk.library.orders import Download, Order, Room
from mistral_desk.library.shelf_file import Installed, LibraryFile
from mistral_desk.library.wanted import Wanted
from mistral_desk.services import BUILTIN, BUILTIN_TITLE
from mistral_desk.ui.downloads.ask_cancel import CancelSheet
from mistral_desk.ui.downloads.get_sheet import GetSheet
from mistral_desk.ui.library.add_sheet import AddSheet
from mistral_desk.ui.library.delete import DeleteSheet
from mistral_desk.ui.settings.folders import MoveSheet
from tools.gallery import builtin, texts
from tools.gallery.declare import MISSING, listed, ready, state
from tools.gallery.stage import idle

if TYPE_CHECKING:
    from mistral_desk.library.adopt import Holding
    from mistral_desk.library.moving import Moved, MovePlan
    from tools.gallery.stage import Stage

GB: Final = 1_000_000_000
GEMMA: Final = "unsloth/gemma-4-26B-A4B-it-GGUF"
SMALL: Final = "lmstudio-community/Mistral-Small-4-119B-A6B-Instruct-2603-GGUF"
MINI: Final = "mistralai/Ministral-3-8B-Instruct-2512-GGUF"
LONG: Final = "someone/" + "Ein-Modell-dessen-Name-niemals-aufhört-und-immer-noch-weitergeht-" + "119B-GGUF"
FOLDER: Final = "/home/anna/.local/share/mistral-desk/models"
HOST: Final = "huggingface.co"
STICK: Final = texts.STICK.rpartition("/")[0]
THEIR_OWN: Final[dict[str, Any]] = {"repository": "", "sha256": ""}
LICENSE_URL: Final = "https://example.org/gemma/terms"


def order(repository: str, quant: str, *sizes: float) -> Order:
    """An order of so many files, sizes in GB."""
    name = repository.rpartition("/")[2].removesuffix("-GGUF")
    count = len(sizes)
    paths = (
        [f"{name}-{quant}.gguf"]
        if count == 1
        else [f"{name}-{quant}-{n + 1:05}-of-{count:05}.gguf" for n in range(count)]
    )
    files = tuple(Wanted(repository, "a" * 40, path, round(size * GB)) for path, size in zip(paths, sizes, strict=True))
    return Order(f"{repository}:{quant}", facts.called(repository, quant), files)


COMING: Final = Download(
    order(GEMMA, "UD-Q4_K_XL", 12, 4, 1), FOLDER, "fetching", 5_300_000_000, 17 * GB, 5_430_000.0, 2150.0,
    "gemma-4-26B-A4B-it-UD-Q4_K_XL-00001-of-00003.gguf", 1,
)  # fmt: skip
FULL: Final = Download(
    order(SMALL, "Q4_K_M", 40, 34), FOLDER, "waiting", 20 * GB, 74 * GB,
    problem=Problem("library.disk_full", {"needed": 54.0, "free": 12.31, "folder": FOLDER}), retry_s=8,
)  # fmt: skip
GATED: Final = Download(
    order(MINI, "Q4_K_M", 5), FOLDER, "paused", 0, 5 * GB, problem=Problem("hub.gated", {"name": MINI, "host": HOST})
)
CUT: Final = Download(
    order("Qwen/Qwen3-4B-GGUF", "Q8_0", 4.3), FOLDER, "fetching", 3 * GB, round(4.3 * GB),
    problem=Problem("net.cut", {"host": HOST, "received": 1}), file="Qwen3-4B-Q8_0.gguf", number=1,
)  # fmt: skip
CHANGED: Final = Download(
    order(LONG, "IQ4_XS", 30), FOLDER, "paused", 11 * GB, 30 * GB,
    problem=Problem("library.changed", {"name": "model.gguf", "host": HOST}),
)  # fmt: skip
QUEUED: Final = Download(order("Qwen/Qwen3-8B-GGUF", "Q4_K_M", 5), FOLDER, "queued", 0, 5 * GB)


def model(place: str, quant: str, size: float, **more: Any) -> Installed:
    """A model that came from the hub, unless said otherwise; `sha256` and `verified` are of its one file."""
    repository = more.pop("repository", place)
    name = place.rpartition("/")[2].removesuffix("-GGUF")
    folder = more.pop("folder", f"{FOLDER}/{place}")
    path = f"{folder}/{name}-{quant}.gguf"
    file = LibraryFile(
        path, round(size * GB), more.pop("sha256", "0" * 64), repository, verified=more.pop("verified", None)
    )
    made: dict[str, Any] = {"origin": "download", "quantization": quant, "repository": repository, **more}
    identity = made.pop("id", f"{place}:{quant}")
    title = made.pop("title", facts.called(place, quant))
    return Installed(identity, path, title, f"{name}-{quant}", folder, (file,), **made)


def models() -> tuple[Installed, ...]:
    """One of each kind, in the language of the window."""
    file = LibraryFile("/opt/guide.gguf", builtin.BYTES)
    eyes = LibraryFile("/opt/guide-mmproj.gguf", builtin.EYES_BYTES)
    guide = Installed(
        BUILTIN, file.path, tr(BUILTIN_TITLE), "guide", "/opt", (file,), eyes, origin="guide", quantization="Q8_0"
    )
    return (
        guide,
        model(GEMMA, "UD-Q4_K_XL", 17, used=1_775_000_000.0, verified=(True, 1_775_000_000.0)),
        model(MINI, "Q4_K_M", 5),
        model(SMALL, "Q4_K_M", 74, verified=(False, 1_775_000_000.0), used=1_770_000_000.0),
        model(LONG, "IQ4_XS", 30, missing=("model-00002-of-00003.gguf",)),
        model("x/a", "Q6_K", 10, **THEIR_OWN, origin="own", away=True, folder=STICK, title=texts.LONG_FILE),
        model("x/b", "Q4_K_M", 2, **THEIR_OWN, origin="ollama", folder="/usr/share/ollama", title="llama3.2:3b"),
    )


QUANTIZATIONS: Final = ("UD-Q4_K_XL", "Q4_K_M", "IQ4_XS", "Q6_K", "Q8_0")
THEIRS: Final = (
    *dict.fromkeys(
        [
            *(one.order.title for one in (COMING, FULL, GATED, CUT, CHANGED, QUEUED)),
            *(one.title for one in models()[1:]),
            *(f"{one.name}.gguf" for one in models()[1:]),
            *(GEMMA, SMALL, MINI, LONG, LONG.rpartition("/")[2], FOLDER, HOST, STICK, "/media/anna/USB Stick/Models"),
            *QUANTIZATIONS,
            *("Apache 2.0", "Gemma Terms of Use", "Ollama", "Hugging Face", "Gemma 4 26B-A4B", "Ministral 3 8B"),
            *("llama3.2:3b", "mistral-nemo:12b", "qwen3:4b", "half", "gemma-4-4b-it Q8_0", texts.LONG_FILE),
            *("Mistral Small 4 UD-IQ3_S", "Mistral Small 4 UD-Q4_K_XL"),
            *("model.gguf", "model-00002-of-00003.gguf", "Qwen3-4B-Q8_0.gguf", "HF_TOKEN"),
        ]
    ),
)
"""Names that are the same in every language."""


async def at(stage: Stage, shown: tuple[Installed, ...], downloads: tuple[Download, ...], current: str) -> None:
    """The library with these."""
    await ready(stage)
    await listed(stage)
    stage.desk.window.show_page("library")
    await stage.desk.tasks.settled()
    stage.desk.library.show_models(shown, current)
    stage.desk.downloads.show(downloads)
    await idle(2)


@state()
async def library(stage: Stage) -> None:
    """The library: a model of each kind, one of them in use, one being verified, one damaged, one that is away."""
    shown = models()
    await at(stage, shown, (), shown[1].id)
    stage.desk.library.show_work(
        shown[2].id, 0.43, tr("{done} of {total}", done=file_size(2_100_000_000), total=file_size(5 * GB))
    )


@state()
async def library_empty(stage: Stage) -> None:
    """Only the Guide is there: two ways to a model."""
    await at(stage, models()[:1], (), BUILTIN)


@state()
async def downloads(stage: Stage) -> None:
    """Downloads: one that comes, one that tries again, one that waits for its turn; the sidebar's line."""
    await at(stage, models()[:2], (COMING, CUT, QUEUED), BUILTIN)


@state()
async def library_notice(stage: Stage) -> None:
    """A notice that stays stands below the page and covers nothing of it."""
    await library(stage)
    stage.desk.notices.problem(MISSING)
    await idle(2)


@state()
async def downloads_trouble(stage: Stage) -> None:
    """A full disk, a gate and a file that has changed: each with what helps."""
    await at(stage, models()[:1], (FULL, GATED, CHANGED), BUILTIN)


@state()
async def downloads_in_a_chat(stage: Stage) -> None:
    """The sidebar's line beside a chat."""
    await ready(stage)
    await listed(stage)
    stage.desk.downloads.show((COMING,))


@state()
async def download_cancel(stage: Stage) -> None:
    """What becomes of the bytes that came."""
    await at(stage, models()[:1], (COMING,), BUILTIN)
    stage.desk.window.show_overlay(CancelSheet(stage.theme, COMING, stage.desk.window))


@state()
async def library_delete(stage: Stage) -> None:
    """To the bin or for good."""
    shown = models()
    await at(stage, shown[:2], (), shown[1].id)
    stage.desk.window.show_overlay(DeleteSheet(stage.theme, shown[1], stage.desk.window, in_use=True))


# --- before a download ----------------------------------------------------------------------------------


def before(**changes: Any) -> Before:
    """What is known before a download."""
    wanted = changes.pop("order", COMING.order)
    made: dict[str, Any] = {
        "order": wanted,
        "repository": wanted.files[0].repository,
        "revision": "a" * 40,
        "license": License("apache-2.0", "Apache 2.0", None, "facts"),
        "gate": "none",
        "access": "open",
        "page": f"https://{HOST}/{wanted.files[0].repository}",
        "room": Room(FOLDER, 11_700_000_000, 123 * GB),
    }
    return Before(**{**made, **changes})


async def sheet(stage: Stage, name: str = "Gemma 4 26B-A4B") -> GetSheet:
    """The sheet over the library."""
    await at(stage, models()[:1], (), BUILTIN)
    made = GetSheet(stage.theme, name, HOST, f"https://{HOST}/settings/tokens", stage.desk.window)
    stage.desk.window.show_overlay(made)
    return made


@state()
async def get(stage: Stage) -> None:
    """Before a download: everything is fine; a part is here already."""
    (await sheet(stage)).show_before(before(), 8_000_000.0)
    await idle(2)


@state()
async def get_looking(stage: Stage) -> None:
    """The hub is asked what belongs to it."""
    await sheet(stage)


@state()
async def get_problem(stage: Stage) -> None:
    """The hub cannot be asked."""
    problem = Problem("net.unreachable", {"host": HOST, "reason": "no route"})
    (await sheet(stage)).show_problem(problem)
    await idle(2)


@state()
async def get_gated(stage: Stage) -> None:
    """A gate: the steps, the field for the token, and a licence with conditions."""
    terms = License("gemma", "Gemma Terms of Use", LICENSE_URL, "facts")
    room = Room(FOLDER, GATED.order.bytes, 123 * GB)
    shown = before(order=GATED.order, gate="manual", access="token", license=terms, room=room)
    (await sheet(stage, "Ministral 3 8B")).show_before(shown, None)
    await idle(2)


@state()
async def get_no_room(stage: Stage) -> None:
    """It does not fit, nobody states a licence, and the name is long."""
    nobody = License(None, None, None, "nobody")
    room = Room(FOLDER, 30 * GB, 12 * GB)
    shown = before(order=CHANGED.order, license=nobody, room=room)
    (await sheet(stage, LONG.rpartition("/")[2])).show_before(shown, None)
    await idle(2)


# --- adding ---------------------------------------------------------------------------------------------


def candidate(title: str, program: str, size: float, **more: Any) -> Any:
    """Something that can be added."""
    made: dict[str, Any] = {
        "id": f"{program}:{title}",
        "title": title,
        "program": program,
        "path": f"/home/anna/.cache/{program}/{title}",
        "bytes": round(size * GB),
        "quantization": "Q4_K_M",
        "problem": None,
        "known": False,
    }
    return SimpleNamespace(**{**made, **more})


@state()
async def library_add(stage: Stage) -> None:
    """One's own file with its two ways, and what two other programs hold; one of it broken, one known."""
    await at(stage, models()[:1], (), BUILTIN)
    made = AddSheet(stage.theme, stage.desk.window)
    stage.desk.window.show_overlay(made)
    broken = Problem("model.truncated", {"path": "/home/anna/.cache/ollama/half", "name": "half"})
    holdings = (
        SimpleNamespace(
            program="ollama",
            name="Ollama",
            folder="/usr/share/ollama",
            problem=None,
            candidates=(
                candidate("llama3.2:3b", "ollama", 2),
                candidate("mistral-nemo:12b", "ollama", 7),
                candidate("qwen3:4b", "ollama", 3, known=True),
                candidate("half", "ollama", 1, problem=broken),
            ),
        ),
        SimpleNamespace(
            program="huggingface",
            name="Hugging Face",
            folder="/home/anna/.cache/huggingface",
            problem=None,
            candidates=(candidate("gemma-4-4b-it Q8_0", "huggingface", 4),),
        ),
    )
    made.show_found(cast("tuple[Holding, ...]", holdings))
    made.show_own((candidate(texts.LONG_FILE, "own", 8),))
    await idle(2)


@state()
async def library_add_nothing(stage: Stage) -> None:
    """No other program holds anything."""
    await at(stage, models()[:1], (), BUILTIN)
    made = AddSheet(stage.theme, stage.desk.window)
    stage.desk.window.show_overlay(made)
    made.show_found(())
    await idle(2)


# --- the models folder ----------------------------------------------------------------------------------


@state()
async def settings_moving(stage: Stage) -> None:
    """Two further folders, and the models on their way to another drive."""
    await ready(stage)
    await listed(stage)
    stage.services.settings.set(declared.MORE_FOLDERS, ("/media/anna/USB Stick/Models", STICK))
    stage.desk.window.open_settings("models")
    moved = SimpleNamespace(phase="copying", done=21 * GB, total=74 * GB, file="model.gguf", problem=None)
    await stage.desk.tasks.settled()
    stage.desk.settings.moving.show_moved(cast("Moved", moved))
    await idle(2)


@state()
async def settings_move(stage: Stage) -> None:
    """Another folder was chosen: move what is there, or leave it."""
    await ready(stage)
    stage.desk.window.open_settings("models")
    plan = SimpleNamespace(
        source=FOLDER, target="/media/anna/Disk/models", how="copy", bytes=74 * GB, files=6, free=500 * GB
    )
    stage.desk.window.show_overlay(MoveSheet(stage.theme, cast("MovePlan", plan), stage.desk.window))
