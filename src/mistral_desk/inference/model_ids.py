"""What a model id stands for: `builtin`, or the path of a GGUF file, becomes what the engine is asked to run."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.catalog import facts
from mistral_desk.core import settings as declared
from mistral_desk.core import strangers
from mistral_desk.core.errors import DeskError
from mistral_desk.core.paths import resource
from mistral_desk.core.words import tr
from mistral_desk.fit.plan import Wishes
from mistral_desk.inference import model_file, projector_file
from mistral_desk.inference.builtin import BUILTIN, BUILTIN_TITLE
from mistral_desk.inference.model_spec import ModelSpec
from mistral_desk.net.endpoints.record import is_endpoint, parted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from mistral_desk.core.paths import Folders
    from mistral_desk.core.settings import Settings

OLLAMA: Final = "ollama:"
"""What stands before the name of a model in Ollama's folder."""
_ORDERED: Final = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+):(?P<quantization>[^/:\\]+)")
"""`owner/name:quantization`, as what came from a hub is called."""


_DEEPEST: Final = 5
"""Folders below the models folder that are looked into."""
_MAIN_FILE: Final = re.compile(r"(?!.*mmproj)(?!.*-(?!00001)\d{5}-of-\d{5}\.gguf$).*", re.IGNORECASE)
"""Neither a projector nor a later part of a model in several files."""


def models_folder(places: Folders, settings: Settings) -> Path:
    """Where a person's models are: the folder that was chosen, else the program's own."""
    chosen = settings.get(declared.MODELS_FOLDER)
    return Path(chosen) if chosen else places.models


def usual_wishes(settings: Settings) -> Wishes:
    """What a person set for all models."""
    return Wishes(context=settings.get(declared.CONTEXT) or None, threads=settings.get(declared.THREADS) or None)


def models_in(folder: Path) -> tuple[str, ...]:
    """Paths of the models in a folder and below it (downloads lie in `owner/name/`), by name; none where it cannot be
    read.
    """
    found: list[Path] = []
    for here, below, names in os.walk(folder):
        deep = len(Path(here).relative_to(folder).parts)
        below[:] = [] if deep >= _DEEPEST else [name for name in below if not name.startswith(".")]
        found += (Path(here, name) for name in names if name.endswith(".gguf"))
    found.sort(key=lambda file: (file.name.casefold(), str(file)))
    return tuple(str(file) for file in found if _MAIN_FILE.fullmatch(file.name))


def that_see(
    models: Iterable[str], place: Callable[[str], tuple[str, str | None]] = lambda model: (model, None)
) -> tuple[str, ...]:
    """Those of these model ids that can see pictures, as far as their files tell. Reads headers, so it blocks.

    `place` gives the path and the projector (as in `ModelSpec`) of an id that is no path.
    """
    return tuple(model for model in models if _sees(*place(model)))


def _sees(model: str, projector: str | None) -> bool:
    try:
        path = resource("model", "guide.gguf") if model == BUILTIN else Path(model)
        return projector_file.chosen(model_file.inspect(path), projector).file is not None
    except DeskError:
        return False


BETWEEN: Final = " + "
"""Between the names of the models that wrote one answer one after the other; in earlier versions between their ids."""
_MOST_WRITERS: Final = 4
"""So many of them are named."""


def writers(wrote: str) -> tuple[str, ...]:
    """The ids of the models that wrote an answer, first to last, of what is stored with it; none where nothing is.

    Several are a list in JSON: no id begins like one. What an earlier version wrote is read where no name can have made
    it: a server calls its models as it likes.
    """
    if wrote.startswith("["):
        try:
            found = msgspec.json.decode(wrote, type=tuple[str, ...])
        except (msgspec.MsgspecError, UnicodeError, RecursionError):
            return (wrote,)
        return found if len(found) > 1 and all(found) else (wrote,)
    parts = wrote.split(BETWEEN)
    if len(parts) > 1 and all(map(_ends, parts[:-1])) and is_id(parts[-1]):
        return tuple(parts)
    return (wrote,) if wrote else ()


def together(models: Sequence[str]) -> str:
    """What is stored with an answer that these models wrote one after the other."""
    return msgspec.json.encode(models).decode() if len(models) > 1 else "".join(models)


def doubtful(model: str) -> bool:
    """Whether an id may be that of one model at an endpoint, or of two models as an earlier version put them."""
    return is_endpoint(model) and BETWEEN in model


def _ends(model: str) -> bool:
    """Whether an id ends there: no model's name goes on behind it."""
    return model == BUILTIN or (not is_endpoint(model) and is_id(model) and model.casefold().endswith(".gguf"))


def is_id(model: str) -> bool:
    """Whether it looks like an id of ours, and not like what another program calls its model."""
    return model == BUILTIN or is_name(model) or model.startswith(("/", "\\\\")) or model[1:3] in {":\\", ":/"}


def model_title(model: str) -> str:
    """The name to show for a model id, on one line and not too long, whatever an imported chat or a server calls it;
    empty where nothing can be seen of it. Of several that wrote one answer, the first of them.
    """
    if len(several := writers(model)) > 1:
        more = [] if len(several) <= _MOST_WRITERS else ["…"]
        return BETWEEN.join([*filter(None, map(_title, several[:_MOST_WRITERS])), *more])
    return _title(model)


def _title(model: str) -> str:
    if model == BUILTIN:
        return tr(BUILTIN_TITLE)
    if model.startswith(OLLAMA):
        return strangers.title(printable(model.removeprefix(OLLAMA)))
    if is_endpoint(model):
        endpoint, name = parted(model)
        return f"{strangers.title(printable(name))} ({endpoint})".strip() if name else strangers.title(printable(model))
    ordered = _ORDERED.fullmatch(model)
    if ordered is None:
        return strangers.title(printable(Path(model).name))
    repository = f"{ordered['owner']}/{ordered['name']}"
    return strangers.title(printable(facts.called(repository, ordered["quantization"])))


def is_name(model: str) -> bool:
    """Whether an id is a name that only a library, or an endpoint, can tell the place of, and not a path."""
    return is_endpoint(model) or model.startswith(OLLAMA) or _ORDERED.fullmatch(model) is not None


def model_spec(model: str, settings: Settings, projector: str | None = None) -> ModelSpec:
    """What to run for a path, or for the Guide; threads and context as set, `projector` as in `ModelSpec`.

    Only looks at the file from outside: what is in it is the worker's to judge. Raises `model.missing`,
    `model.not_a_file`, `model.not_permitted`, `resource.missing`, and `endpoint.not_here` for a model that is not here.
    """
    if is_endpoint(model):
        raise DeskError("endpoint.not_here", name=model_title(model))
    path = resource("model", "guide.gguf") if model == BUILTIN else _model_file(model)
    return ModelSpec(
        str(path),
        context=settings.get(declared.CONTEXT) or None,
        threads=settings.get(declared.THREADS) or None,
        projector=projector,
    )


def printable(text: Path | str) -> str:
    """A path as text that can be stored and sent: Linux allows names that are not valid Unicode."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def _model_file(model: str) -> Path:
    try:
        path = Path(model).expanduser().absolute()
        if not stat.S_ISREG(path.stat().st_mode):
            raise DeskError("model.not_a_file", path=printable(path))
        with path.open("rb"):
            pass
    except PermissionError as error:
        raise DeskError("model.not_permitted", path=printable(model)) from error
    except (OSError, ValueError, RuntimeError) as error:  # also names that no system allows, and an unknown ~user
        raise DeskError("model.missing", printable(str(error)), path=printable(model)) from error
    if str(path) != printable(path):
        raise DeskError("model.load_failed", "its name is not valid Unicode", name=printable(path.name))
    return path
