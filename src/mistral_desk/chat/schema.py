"""The history's tables, as numbered migrations.

To change them, append one more tuple of statements; never edit one that was released. A file's `user_version` is
the number of migrations that it has been through, and all that are missing run in one transaction.
"""

from __future__ import annotations

from typing import Final

APPLICATION_ID: Final = 0x4D44736B
"""`MDsk`, in the file's header, so that no other program's database is taken for ours."""

# Rules that the tables keep:
# - Ids are never used twice (AUTOINCREMENT), and a message's parent is older than the message: no cycles.
# - Versions of a turn are siblings, that is messages with the same parent. A conversation shows root → leaf.
# - Only part and tokens go by cascade: a chain of parents would reach SQLite's trigger depth of 1,000.
# - part.id is there for the full-text index that a later migration adds (external content needs a rowid).
_TREE: Final = (
    """
    CREATE TABLE conversation (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        title TEXT NOT NULL DEFAULT '',
        created REAL NOT NULL,
        updated REAL NOT NULL,
        leaf INTEGER REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED,
        pinned INTEGER NOT NULL DEFAULT 0,
        archived INTEGER NOT NULL DEFAULT 0,
        deleted_at REAL,
        settings TEXT NOT NULL DEFAULT '{}'
    ) STRICT
    """,
    """
    CREATE TABLE message (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        conversation INTEGER NOT NULL REFERENCES conversation (id) DEFERRABLE INITIALLY DEFERRED,
        parent_id INTEGER REFERENCES message (id) DEFERRABLE INITIALLY DEFERRED CHECK (parent_id < id),
        role TEXT NOT NULL CHECK (role IN ('system', 'user', 'assistant')),
        created REAL NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        effort TEXT NOT NULL DEFAULT 'none',
        ending TEXT NOT NULL DEFAULT '',
        figures TEXT
    ) STRICT
    """,
    """
    CREATE TABLE part (
        id INTEGER PRIMARY KEY,
        message INTEGER NOT NULL REFERENCES message (id) ON DELETE CASCADE,
        "order" INTEGER NOT NULL,
        kind TEXT NOT NULL,
        body TEXT NOT NULL,
        UNIQUE (message, "order")
    ) STRICT
    """,
    """
    CREATE TABLE tokens (
        message INTEGER PRIMARY KEY REFERENCES message (id) ON DELETE CASCADE,
        vocabulary TEXT NOT NULL,
        ids BLOB NOT NULL
    ) STRICT
    """,
    """
    CREATE INDEX conversation_list ON conversation (archived, pinned DESC, updated DESC, id DESC)
    WHERE deleted_at IS NULL
    """,
    "CREATE INDEX conversation_leaf ON conversation (leaf)",
    "CREATE INDEX message_conversation ON message (conversation)",
    "CREATE INDEX message_parent ON message (parent_id)",
)

# Which pictures any message uses is asked whenever conversations are deleted for good.
_PICTURES: Final = ("CREATE INDEX part_image ON part (body) WHERE kind = 'image'",)

# - message.place is where a message stands in the full-text index, by its time in seconds, so that what is newest
#   is found first, also after old chats were imported. NULL: it is not (yet) in there.
# - words holds folded text, and only where it stands: what is found is looked up in the messages.
# - origin names what was imported, so that the same is not taken in again. fact holds what is true of this file.
# - loose has the pictures of what was deleted for good, until their files are deleted, too.
WORDS: Final = """
    CREATE VIRTUAL TABLE words USING fts5 (
        text, content = '', columnsize = 0, detail = none, tokenize = 'trigram case_sensitive 1'
    )
    """
_WORTH_KEEPING: Final = (
    "ALTER TABLE conversation ADD COLUMN origin TEXT",
    "CREATE UNIQUE INDEX conversation_origin ON conversation (origin) WHERE origin IS NOT NULL AND origin <> ''",
    "ALTER TABLE message ADD COLUMN place INTEGER",
    "CREATE UNIQUE INDEX message_place ON message (place) WHERE place IS NOT NULL",
    "CREATE INDEX message_unplaced ON message (id) WHERE place IS NULL",
    WORDS,
    """
    CREATE TABLE preset (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        body TEXT NOT NULL
    ) STRICT
    """,
    "CREATE TABLE loose (body TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
    "CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "INSERT INTO fact (name, value) VALUES ('uuid', lower(hex(randomblob(16))))",
)

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (_TREE, _PICTURES, _WORTH_KEEPING)
