"""Search over all conversations: what was found, and where in it the words stand.

The index says in which messages the letters of a word stand, three by three; each of these is then read and looked
through. So what the index has beyond the truth finds nothing, and nothing in a query can be taken for its syntax.
"""

from __future__ import annotations

import math
import sqlite3
from typing import TYPE_CHECKING, Final

import msgspec

from mistral_desk.chat import index_rows, rows
from mistral_desk.chat.message import Conversation
from mistral_desk.chat.searching import fold, folded_title, shown, terms_of
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

LOOKS: Final = 3_000
"""Messages that one search reads and folds, where it is not to be thorough."""
STEPS: Final = 40
"""As often SQLite may ask whether it shall go on, where the search is not to be thorough. Together about 0.1 s."""
_STEP: Final = 5_000
"""Of SQLite's own instructions; a message that it passes over takes about eight."""
NEWEST: Final = 300
"""Of the messages that the index does not have yet, how many are looked through."""
_SAMPLE: Final = 400
_MOST_GRAMS: Final = 12
_DEARER: Final = 200
"""How much longer it takes to look into a message than to pass it over in a list of the index."""
_MOST_ENDS: Final = 500
_ENDS: Final = "".join(chr(code) for code in range(0x20, 0x7F) if not chr(code).isupper())
"""What can follow two letters in folded text, of ASCII."""
_GROWING: Final = (
    "SELECT count(*) FROM (SELECT ending FROM message WHERE place IS NULL ORDER BY id DESC LIMIT ?) "
    "WHERE ending = 'unfinished'"
)
# SQLite itself passes over what cannot be meant: a text of ASCII only in which these letters do not stand. All others
# are read and folded. (It counts a text's letters up to a NUL, where LIKE ends, too.)
_MAY_BE_MEANT: Final = (
    " AND EXISTS (SELECT 1 FROM part p WHERE p.message = m.id AND p.kind <> 'thinking' AND (p.kind <> 'text' "
    "OR p.body LIKE ? ESCAPE '\\' OR length(p.body) <> length(CAST(p.body AS BLOB))))"
)


class Hit(msgspec.Struct, frozen=True):
    """A message that was found, or a title (`message` None). `marks` are begin and end of each word in `snippet`.

    `created` is when it was said, of a title when its conversation was last changed, in seconds since 1970 (UTC).
    """

    conversation: Conversation
    message: int | None
    role: Role | None
    created: float
    snippet: str
    marks: tuple[tuple[int, int], ...]


class Found(msgspec.Struct, frozen=True):
    """The newest hits first; `more` where there may be others.

    `left` counts the messages that the index does not have yet, which happens for a while after an update; of them
    only the newest were looked through.
    """

    hits: tuple[Hit, ...]
    more: bool
    left: int = 0


class Rarity:
    """How often three letters stand together here, by a sample of the newest messages; so the rarest are asked for."""

    def __init__(self) -> None:
        self._share: dict[str, float] = {}

    def learn(self, connection: sqlite3.Connection) -> None:
        """Take the sample, where there is none yet."""
        if self._share:
            return
        newest = connection.execute("SELECT id FROM message WHERE place > 0 ORDER BY place DESC LIMIT ?", (_SAMPLE,))
        counts: dict[str, int] = {}
        messages = [int(row[0]) for row in newest]
        for message_id in messages:
            text = fold(index_rows.text_of(connection.execute(index_rows.TEXT, (message_id,)))[:20_000])
            for gram in {text[at : at + 3] for at in range(len(text) - 2)}:
                counts[gram] = counts.get(gram, 0) + 1
        if len(messages) == _SAMPLE:
            self._share = {gram: count / _SAMPLE for gram, count in counts.items()}

    def rarest(self, terms: Sequence[str]) -> list[str]:
        """The letters to ask the index for. Each costs the length of its list, and saves looking into messages.

        Letters of one word go together more often than not, so a further one leaves more than its own share.
        """
        grams = {term[at : at + 3] for term in terms for at in range(len(term) - 2)}
        chosen: list[str] = []
        left = 1.0
        for share, gram in sorted((self._share.get(gram, 0.5 / _SAMPLE), gram) for gram in grams):
            if chosen and (left * (1 - share) * _DEARER < share or len(chosen) == _MOST_GRAMS):
                break
            chosen.append(gram)
            left *= math.sqrt(share)
        return chosen


class Titles:
    """All titles, folded, as long as nothing in the file changes."""

    def __init__(self) -> None:
        self._version: tuple[int, int] = (-1, -1)
        self._known: list[tuple[int, str, float, bool]] = []

    def with_all(
        self, connection: sqlite3.Connection, terms: Sequence[str], most: int, *, archived: bool
    ) -> tuple[list[int], bool]:
        """The conversations in whose title all these words stand, the latest first; and whether there are more."""
        version = (int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes)
        if version != self._version:
            heads = connection.execute(
                "SELECT id, title, updated, archived FROM conversation WHERE deleted_at IS NULL ORDER BY updated DESC"
            )
            self._known = [(key, folded_title(title), updated, bool(away)) for key, title, updated, away in heads]
            self._version = version
        found = []
        longest = max(terms, key=len)
        for key, title, _, away in self._known:
            if longest in title and all(term in title for term in terms) and (archived or not away):
                found.append(key)
                if len(found) > most:
                    return found[:most], True
        return found, False


class Search:
    """One search. `wanted` is asked now and then whether anybody still waits for it."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        text: str,
        limit: int,
        *,
        archived: bool = True,
        thorough: bool = False,
        rarity: Rarity | None = None,
        titles: Titles | None = None,
        wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        self._connection = connection
        self._terms = terms_of(text)
        self._limit = limit
        self._archived = archived
        self._looks_left: float = float("inf") if thorough else LOOKS
        self._steps_left: float = float("inf") if thorough else STEPS
        self._rarity = rarity or Rarity()
        self._titles_known = titles or Titles()
        self._wanted = wanted
        self._heads: dict[int, Conversation | None] = {}
        self._found: set[int] = set()
        """What comes into the index while this runs is met twice."""
        self._cut_short = False

    def run(self) -> Found:
        """What was found."""
        if not self._terms:
            return Found((), more=False)
        hits = self._titles()
        missing = int(self._connection.execute("SELECT count(*) FROM message WHERE place IS NULL").fetchone()[0])
        asked = self._question()
        self._connection.set_progress_handler(self._asked, _STEP)
        try:
            if missing:
                hits += self._look_through(self._not_indexed, self._limit + 1)
            hits += self._look_through(lambda: self._indexed(asked), self._limit + 1)
        finally:
            self._connection.set_progress_handler(None, 0)
        if missing:
            missing -= int(self._connection.execute(_GROWING, (NEWEST,)).fetchone()[0])
        hits.sort(key=lambda hit: (hit.created, hit.message or 0), reverse=True)
        return Found(tuple(hits[: self._limit]), self._cut_short or len(hits) > self._limit, missing)

    def _asked(self) -> bool:
        """SQLite asks; True ends what it does."""
        self._steps_left -= 1
        return self._steps_left < 0 or not self._wanted()

    def _titles(self) -> list[Hit]:
        keys, more = self._titles_known.with_all(
            self._connection, self._terms, self._limit + 1, archived=self._archived
        )
        self._cut_short |= more
        hits = []
        for key in keys:
            head = self._head(key)
            if head:
                line = shown(head.title, self._terms)
                hits.append(Hit(head, None, None, head.updated, line.text, line.marks))
        return hits

    def _look_through(self, candidates: Callable[[], Iterator[tuple[int, int, str, float]]], most: int) -> list[Hit]:
        hits: list[Hit] = []
        try:
            for message_id, owner, role, created in candidates():
                if len(hits) >= most:
                    break
                if self._looks_left <= 0 or not self._wanted():
                    self._cut_short = True
                    break
                self._looks_left -= 1
                hit = None if message_id in self._found else self._hit(message_id, owner, role, created)
                if hit:
                    self._found.add(message_id)
                    hits.append(hit)
        except sqlite3.OperationalError as error:
            if getattr(error, "sqlite_errorcode", None) != sqlite3.SQLITE_INTERRUPT:
                raise
            self._cut_short = True
        return hits

    def _hit(self, message_id: int, owner: int, role: str, created: float) -> Hit | None:
        head = self._head(owner)
        if head is None:
            return None
        text = index_rows.text_of(self._connection.execute(index_rows.TEXT, (message_id,)))
        folded = fold(text)
        if not all(term in folded for term in self._terms):
            return None
        line = shown(text, self._terms)
        return Hit(head, message_id, role, created, line.text, line.marks)  # type: ignore[arg-type]

    def _not_indexed(self) -> Iterator[tuple[int, int, str, float]]:
        return self._connection.execute(
            "SELECT id, conversation, role, created FROM message WHERE place IS NULL AND role <> 'system' "
            "ORDER BY id DESC LIMIT ?",
            (NEWEST,),
        )

    def _indexed(self, asked: str | None) -> Iterator[tuple[int, int, str, float]]:
        if asked == "":
            return iter(())
        plain = sorted((term for term in self._terms if term.isascii()), key=len)[-2:]
        meant = _MAY_BE_MEANT * len(plain)
        likes = [_like(term) for term in plain]
        if asked is None:  # a single letter: the newest messages, one after the other
            return self._connection.execute(
                "SELECT m.id, m.conversation, m.role, m.created FROM message m "  # noqa: S608 - of our own constants
                f"WHERE m.place > 0 AND m.role <> 'system'{meant} ORDER BY m.place DESC",
                likes,
            )
        return self._connection.execute(
            "SELECT m.id, m.conversation, m.role, m.created FROM words "  # noqa: S608 - of our own constants
            f"CROSS JOIN message m ON m.place = words.rowid WHERE words MATCH ?{meant} ORDER BY words.rowid DESC",
            (asked, *likes),
        )

    def _question(self) -> str | None:
        """What the index is asked, in its own language; None where it cannot help, empty where it has nothing."""
        long = [term for term in self._terms if len(term) >= 3]
        if long:
            self._rarity.learn(self._connection)
            return " AND ".join(_quoted(gram) for gram in self._rarity.rarest(long))
        pairs = [term for term in self._terms if len(term) == 2]
        if not pairs:
            return None
        asked = []
        for pair in pairs:
            grams = [pair + end for end in _ENDS] if pair.isascii() else []
            grams += self._in_index(pair)
            if not grams:
                return ""
            asked.append("(" + " OR ".join(_quoted(gram) for gram in grams) + ")")
        return " AND ".join(asked)

    def _in_index(self, pair: str) -> list[str]:
        """What in the index begins with two letters (of ASCII: and goes on with something else)."""
        low = pair + "\x7f" if pair.isascii() else pair
        found = self._connection.execute(
            "SELECT term FROM temp.terms WHERE term >= ? AND term < ? LIMIT ?",
            (low, pair + "\U0010ffff", _MOST_ENDS + 1),
        ).fetchall()
        if len(found) > _MOST_ENDS:
            self._cut_short = True
        return [str(row[0]) for row in found[:_MOST_ENDS]]

    def _head(self, key: int) -> Conversation | None:
        """A conversation that may be found; None where it was deleted, or stands in the archive and must not."""
        if key not in self._heads:
            try:
                head = rows.conversation(self._connection, key)
            except DeskError:
                self._heads[key] = None
            else:
                self._heads[key] = head if self._archived or not head.archived else None
        return self._heads[key]


def prepare(connection: sqlite3.Connection) -> None:
    """What a connection needs before it searches: a view of the index's terms, which lives as long as it does."""
    connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.terms USING fts5vocab('main', 'words', 'row')")


def _like(term: str) -> str:
    """A pattern for LIKE. A blank may have been any other one before it was folded."""
    escaped = term.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped.replace(' ', '_')}%"


def _quoted(gram: str) -> str:
    return '"' + gram.replace('"', '""') + '"'
