"""What the model is asked is a conversation that every template takes, and nothing that the person said is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.chat.message import Draft, Ending, Message, Part
from mistral_desk.chat.prompting import MAX_CHARACTERS, check_draft, turns_of
from mistral_desk.chat.titles import LIMIT, clusters, title_from
from mistral_desk.core.errors import DeskError
from mistral_desk.inference.protocol import Role, Turn

ROLES: tuple[Role, ...] = ("system", "user", "assistant")
ENDINGS: tuple[Ending, ...] = ("stop", "length", "stopped", "unfinished", "failed")


def message(role: Role, text: str, thinking: str = "", tokens: tuple[int, ...] = (), ending: Ending = "") -> Message:
    parts = tuple(Part(kind, body) for kind, body in (("thinking", thinking), ("text", text)) if body)  # type: ignore[arg-type]
    return Message(
        id=1,
        conversation=1,
        parent=None,
        role=role,
        created=0.0,
        parts=parts,
        tokens=tokens,
        vocabulary="v" if tokens else "",
        ending=ending,
    )


def test_thinking_and_token_ids_go_along() -> None:
    asked = turns_of(
        [message("user", "a"), message("assistant", "b", "hm", (5, 6), "stop"), message("user", "c")], "Be brief."
    )
    assert asked == (
        Turn("system", "Be brief."),
        Turn("user", "a"),
        Turn("assistant", "b", "hm", (5, 6), "v"),
        Turn("user", "c"),
    )


@pytest.mark.parametrize("ending", ["stopped", "failed", "unfinished", "length", "context"])
def test_an_answer_that_was_cut_short_stays_with_its_tokens(ending: Ending) -> None:
    asked = turns_of([message("user", "a"), message("assistant", "half", "", (5,), ending), message("user", "c")])
    assert asked == (Turn("user", "a"), Turn("assistant", "half", "", (5,), "v"), Turn("user", "c"))


@pytest.mark.parametrize("thinking", ["", "only a thought"])
def test_an_answer_without_text_is_left_out_and_the_questions_become_one(thinking: str) -> None:
    asked = turns_of(
        [message("user", "a"), message("assistant", "", thinking, (), "failed"), message("user", "and b?")]
    )
    assert asked == (Turn("user", "a\n\nand b?"),)


def test_thousands_of_messages_of_one_side_are_put_together_once() -> None:
    """An import may have them; put together one by one they would be copied some hundred billion letters far."""
    said = [message(role, f"{number} ".ljust(1000, "x")) for role in ("user", "assistant") for number in range(20_000)]
    mine, its = turns_of(said)
    assert mine.text == "\n\n".join(one.text for one in said[:20_000])
    assert its.text == "\n\n".join(one.text for one in said[20_000:])


def test_the_same_question_sent_again_counts_once() -> None:
    failed = message("assistant", "", "", (), "failed")
    again = [message("user", "a"), failed, message("user", "b"), failed, message("user", "b"), failed]
    assert turns_of([*again, message("user", "b")]) == (Turn("user", "a\n\nb"),)


@given(
    st.lists(
        st.builds(
            message,
            st.sampled_from(ROLES),
            st.text(max_size=8),
            st.text(max_size=4),
            st.just(()),
            st.sampled_from(ENDINGS),
        ),
        max_size=12,
    ),
    st.text(max_size=5),
    st.text(min_size=1, max_size=8).filter(str.strip),
)
def test_roles_alternate_whatever_the_branch_holds(branch: list[Message], system: str, question: str) -> None:
    asked = turns_of([*branch, message("user", question)], system)
    talk = [turn for turn in asked if turn.role != "system"]
    assert [turn.role for turn in asked].count("system") <= 1
    assert len(asked) - len(talk) == 0 or asked[0].role == "system"
    assert [turn.role for turn in talk] == [("user", "assistant")[place % 2] for place in range(len(talk))]
    assert talk[-1].role == "user"
    assert all(turn.text.strip() for turn in asked)
    said = "\n".join(turn.text for turn in talk)
    assert all(found.text in said for found in branch if found.role == "user" and found.text.strip())
    assert question in talk[-1].text


@pytest.mark.parametrize("text", ["", " ", "\n\t  \n", "\u200b\ufeff", "\0"])
def test_a_message_that_shows_nothing_is_not_sent(text: str) -> None:
    with pytest.raises(DeskError, match=r"prompt\.empty"):
        check_draft(Draft(text))


def test_a_megabyte_is_sent_and_more_than_two_million_characters_are_not() -> None:
    check_draft(Draft("ü" * 1_048_576))
    check_draft(Draft("x" * MAX_CHARACTERS))
    with pytest.raises(DeskError, match=r"prompt\.too_big"):
        check_draft(Draft("x" * (MAX_CHARACTERS + 1)))


# --- titles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("Hello", "Hello"),
        ("\n\n  What is\tit?  \nsecond line", "What is it?"),
        ("", ""),
        (" \n\u200b\n", ""),
        ("\u200b\u2060\u3164\n\u2800\nseen", "seen"),
        ("a\u202eb\u0007c", "ab c"),
        (
            "Please explain how a mixture of experts decides which experts to use",
            "Please explain how a mixture of experts decides which…",
        ),
        ("x" * 61, "x" * 59 + "…"),
        ("世" * 100, "世" * 59 + "…"),
        ("word, " * 20, "word, word, word, word, word, word, word, word, word, word…"),
    ],
)
def test_a_title_is_the_first_line_cut_at_a_word(text: str, title: str) -> None:
    assert title_from(text) == title


@pytest.mark.parametrize(
    "character",
    ["👩‍👩‍👧‍👦", "👍🏽", "🇫🇷", "é", "각", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "ก็"],
)
def test_a_title_never_cuts_a_character_in_two(character: str) -> None:
    assert list(clusters(f"a{character}{character}b")) == ["a", character, character, "b"]
    for before in range(50, 62):
        cut = title_from("x" * before + character * 9)
        rest = cut.removesuffix("…").lstrip("x")
        assert rest == character * (len(rest) // len(character))
        assert len(cut) <= LIMIT


@given(st.text(max_size=300))
def test_any_text_has_a_title_that_fits_on_one_line(text: str) -> None:
    title = title_from(text)
    assert len(title) <= LIMIT
    assert title == title.strip()
    assert len(title.splitlines()) <= 1
    assert list("".join(clusters(text))) == list(text)
