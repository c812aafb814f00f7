"""What the window does with attached files: lets them in, says why one cannot come, offers a model that can see."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QFileDialog

from mistral_desk.chat.message import Part
from mistral_desk.chat.prompting import turn_of
from mistral_desk.core.errors import DeskError, Problem, Words, in_words
from mistral_desk.core.words import tr, trn
from mistral_desk.inference.model_ids import that_see
from mistral_desk.services import BUILTIN, model_title
from mistral_desk.ui import weakly
from mistral_desk.ui.attaching.album import Album
from mistral_desk.ui.attaching.counts import Counts
from mistral_desk.ui.attaching.drop import attachments
from mistral_desk.ui.attaching.enlarged import Enlarged
from mistral_desk.ui.attaching.items import MOST
from mistral_desk.ui.attaching.reading import Reading
from mistral_desk.ui.attaching.sources import from_paths
from mistral_desk.ui.chat.chat import Chat
from mistral_desk.ui.library.shelf import whole
from mistral_desk.ui.notify import Notice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mistral_desk.chat.attachments import PictureBody
    from mistral_desk.chat.parts import FileBody
    from mistral_desk.services import Room
    from mistral_desk.ui.attaching.items import Blind
    from mistral_desk.ui.chat.turns import Turn
    from mistral_desk.ui.desk import Desk
    from mistral_desk.ui.drafts import Drafts

PATTERNS: Final = (
    "*.png *.jpg *.jpeg *.webp *.gif *.bmp *.tif *.tiff *.pdf *.txt *.md *.csv *.json *.py *.log"
    " *.PNG *.JPG *.JPEG *.PDF *.TXT"
)
"""What the dialog shows at first; some systems tell large letters from small ones."""
COUNTED: Final = 1_000_000
"""Letters that a model counts for a tile; of more it is said about how many tokens they are."""
TOLD: Final = 5
"""Files of a drop of which the reason is told one by one."""


class Attaching(QObject):
    """Belongs to the desk."""

    def __init__(self, desk: Desk, drafts: Drafts) -> None:
        super().__init__(desk)
        self._desk = desk
        services = desk.services
        self._drafts = drafts
        self._begin: Path | None = None
        self.counts = Counts(desk.tasks, self._count, self)
        self._counted_for: tuple[str, bool] | None = None
        self.album = Album(services.pictures, lambda: services.history, desk.tasks, lambda: drafts.pictures, self)
        self.album.counts = self.counts
        drafts.changed.connect(self._tell_drafted)
        self._tell_drafted()
        self._show(self.album)
        self.drops = attachments(desk.theme, desk.window, desk.page, self._possible)
        self.drops.dropped.connect(desk.page.attach)
        desk.page.attach_asked.connect(self.choose)
        desk.page.could_not_see.connect(self._could_not_see)
        desk.model.changed.connect(self._count_anew)

    def chat(self, room: Room | None) -> Chat:
        """A chat in the history or in a room of its own, whose files are looked after."""
        desk = self._desk
        album = None if room else self.album
        tasks = desk.tasks if room is None else desk.tasks.part()
        chat = Chat(room or desk.services, tasks, desk.model, temporary=room is not None, album=album)
        self.destroyed.connect(chat.deleteLater)
        chat.attachments.count = self.counts.of
        chat.album.counts = self.counts
        chat.attachments.rejected.connect(self._rejected)
        chat.attachments.too_many.connect(self._too_many)
        chat.attachments.blind.connect(weakly.of(chat, self._blind))
        if chat.album is not self.album:
            self._show(chat.album)
        return chat

    async def _count(self, part: Part) -> int | None:
        """How many tokens a text adds to a message, by the vocabulary of the model that is ready."""
        if len(part.body) > COUNTED or self._desk.model.is_away:
            return None
        asked = [turn_of([*more, Part("text", "x")]) for more in ((), (part,))]
        try:
            without, with_ = [await self._desk.services.engine.count([turn]) for turn in asked]
        except DeskError:  # none is ready, or it ended
            return None
        added = with_.tokens - without.tokens
        return added if added > 0 else None

    def _count_anew(self) -> None:
        model = self._desk.model
        now = model.id, model.info is not None
        if now == self._counted_for:
            return
        self._counted_for = now
        self.counts.forget()
        if (chat := self._desk.page.chat) is not None:
            chat.attachments.count_anew()

    def _tell_drafted(self) -> None:
        self._desk.services.about_to_send = set(self._drafts.pictures)

    def choose(self) -> None:
        """Have the person choose files: at home at first, then where the last ones lay."""
        dialog = QFileDialog(self._desk.window, tr("Attach files"), str(self._begin or Path.home()))
        dialog.setNameFilters([f"{tr('Pictures, documents and texts')} ({PATTERNS})", f"{tr('All files')} (*)"])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filesSelected.connect(self._chosen)
        dialog.open()

    def _chosen(self, paths: list[str]) -> None:
        if paths:
            self._begin = Path(paths[0]).parent
        self._desk.page.attach(from_paths(paths))

    # --- why not ------------------------------------------------------------------------------------

    def _rejected(self, problems: Sequence[Problem]) -> None:
        notices = self._desk.notices
        if len(problems) == 1:
            notices.problem(problems[0], "warning")
            return
        lines = [in_words(problem, tr).message for problem in problems[:TOLD]]
        if more := len(problems) - len(lines):
            lines.append(trn("{n} more could not be attached either.", "{n} more could not be attached either.", more))
        title = trn("{n} file could not be attached", "{n} files could not be attached", len(problems))
        notices.show(Notice("warning", Words(title, "\n".join(lines), tr("The other files are attached."))))

    def _too_many(self, count: int) -> None:
        title = trn("{n} file was left out", "{n} files were left out", count)
        message = trn("At most {n} file goes with one message.", "At most {n} files go with one message.", MOST)
        self._desk.notices.show(Notice("warning", Words(title, message, tr("Send the others with the next message."))))

    def _blind(self, chat: Chat, blind: Blind) -> None:
        self._desk.tasks.spawn(
            self._offer(blind.problem, lambda: chat.attachments.add(blind.sources)), "look for a model that sees"
        )

    def _could_not_see(self, _turn: Turn | None, problem: Problem) -> None:
        self._desk.tasks.spawn(self._offer(problem, lambda: None), "look for a model that sees")

    async def _offer(self, problem: Problem, then: Callable[[], None]) -> None:
        """Say why the model cannot see, with the one thing that helps most: another model, or its own eyes."""
        desk = self._desk
        if problem.id == "endpoint.no_eyes":
            menu = desk.page.model_menu.emit
            desk.notices.show(Notice("warning", in_words(problem, tr), tr("Choose another model"), menu))
            return
        others: Sequence[str] = ()
        if problem.id == "model.no_eyes":
            await desk.services.library.look()
            ids = [model for model in desk.shelf.ids() if model != whole(desk.model.id)]
            ids.sort(key=lambda model: model == BUILTIN)  # the person's own first, the demonstration last
            others = await asyncio.to_thread(that_see, ids, desk.services.place_of)
        if others:
            names = ", ".join(model_title(model) for model in others)
            problem = Problem("model.others_see", {"name": desk.model.title, "models": names})

            def use() -> None:
                if desk.open_model(others[0]):
                    then()

            action = tr("Use {model}", model=model_title(others[0]))
            desk.notices.show(Notice("warning", in_words(problem, tr), action, use))
            return
        eyes = tr("Choose the eyes file…")
        desk.notices.show(Notice("warning", in_words(problem, tr), eyes, lambda: self.choose_eyes(then)))

    def choose_eyes(self, then: Callable[[], None] = lambda: None) -> None:
        """Have the person choose the file that lets the model see."""
        desk = self._desk
        dialog = QFileDialog(
            desk.window,
            tr("Choose the eyes file"),
            str(desk.services.models_folder),
            tr("Models ({pattern})", pattern="*.gguf"),
        )
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.fileSelected.connect(lambda path: desk.tasks.spawn(self.use_eyes(path, then), "try the eyes file"))
        dialog.open()

    async def use_eyes(self, path: str, then: Callable[[], None] = lambda: None) -> None:
        """See with this file from now on, if it belongs to the model; else say why not."""
        desk = self._desk
        before = desk.model.eyes
        desk.model.set_eyes(path)
        if problem := await desk.model.blindness():
            desk.model.set_eyes(before)
            await self._offer(problem, then)
            return
        then()
        desk.warm()

    # --- on the window ------------------------------------------------------------------------------

    def _possible(self) -> bool:
        return self._desk.window.page == "chat" and self._desk.window.overlay is None

    def _show(self, album: Album) -> None:
        def enlarge(pictures: Sequence[PictureBody], place: int) -> None:
            desk = self._desk
            desk.window.show_overlay(Enlarged(desk.theme, album, desk.tasks, (pictures, place), desk.window))

        def read(body: FileBody, amount: str) -> None:
            self._desk.window.show_overlay(Reading(self._desk.theme, body, amount, self._desk.window))

        album.enlarge.connect(enlarge)
        album.read.connect(read)
