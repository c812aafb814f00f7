"""A conversation's settings come back as they were kept, whatever another version or a bad file put beside them."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral_desk.chat import kept_settings
from mistral_desk.chat.message import ConversationSettings
from mistral_desk.core.sampling_bounds import BOUNDS, LONGEST, LONGEST_THOUGHT_S
from mistral_desk.inference.protocol import Sampling

_words = st.text(max_size=40)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**60), 2**60)
    | st.floats(allow_nan=False, allow_infinity=False)
    | _words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_words, inner, max_size=3),
    max_leaves=6,
)


def _number(name: str) -> st.SearchStrategy[Any]:
    low, high = BOUNDS[name]
    if isinstance(low, int):
        return st.none() | st.integers(int(low), int(high))
    return st.none() | st.floats(low, high)


_settings = st.builds(
    ConversationSettings,
    system=_words,
    model=_words,
    think=st.none() | st.booleans(),
    sampling=st.builds(Sampling, **{name: _number(name) for name in BOUNDS}),
    longest=st.none() | st.integers(1, LONGEST),
    think_tokens=st.none() | st.integers(0, LONGEST),
    think_seconds=st.none() | st.integers(0, LONGEST_THOUGHT_S),
    preset=_words,
    when_full=st.sampled_from(["ask", "stop", "drop", "summarise"]),
    keep_thinking=st.none() | st.booleans(),
    dropped=st.none() | st.integers(1, 2**40),
    summary=_words,
    unknown=st.dictionaries(_words.map("x".__add__), _json, max_size=3),
)


@given(_settings)
def test_what_is_kept_comes_back(settings: ConversationSettings) -> None:
    assert kept_settings.read(kept_settings.written(settings)) == settings


@given(_settings, st.dictionaries(_words, _json, max_size=4))
def test_what_a_newer_version_wrote_survives_a_change_here(
    settings: ConversationSettings, more: dict[str, Any]
) -> None:
    values = json.loads(kept_settings.written(settings))
    newer = {f"newer_{key}": value for key, value in more.items()}
    values.update(newer)
    values.setdefault("sampling", {})["mirostat"] = 2
    read = kept_settings.read(json.dumps(values))
    changed = json.loads(kept_settings.written(msgspec.structs.replace(read, system="Another one.")))
    assert {key: changed[key] for key in newer} == newer
    assert changed["sampling"]["mirostat"] == 2
    assert changed["system"] == "Another one."


@given(st.dictionaries(st.sampled_from([*kept_settings._TYPES, "sampling", "else"]), _json, max_size=6))
def test_any_object_can_be_read_and_what_cannot_be_meant_counts_as_not_said(values: dict[str, Any]) -> None:
    read = kept_settings.read(json.dumps(values))
    for name, (low, high) in BOUNDS.items():
        number = getattr(read.sampling, name)
        assert number is None or low <= number <= high
    assert read.longest is None or 1 <= read.longest <= LONGEST
    assert read.when_full in ("ask", "stop", "drop", "summarise")
    assert kept_settings.read(kept_settings.written(read)) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", "hot"),
        ("temperature", True),
        ("top_k", 2.5),
        ("top_p", 1.5),
        ("seed", 2**32 - 1),
        ("seed", -(10**400)),
        ("temperature", 10**400),
        ("seed", 1e400),
    ],
)
def test_a_number_out_of_its_bounds_is_the_models_own(name: str, value: object) -> None:
    raw = json.dumps({"sampling": {name: value, "min_p": 0.1}, "system": "s"})
    raw = raw.replace("Infinity", "1e400")
    if "1e400" in raw:
        with pytest.raises(msgspec.MsgspecError):
            kept_settings.read(raw)
        return
    assert kept_settings.read(raw) == ConversationSettings(system="s", sampling=Sampling(min_p=0.1))


def test_old_settings_mean_what_they_meant() -> None:
    old = '{"system":"Be brief.","model":"builtin","think":true}'
    assert kept_settings.read(old) == ConversationSettings("Be brief.", "builtin", True)
    assert kept_settings.written(ConversationSettings()) == "{}"
    assert kept_settings.read("{}") == ConversationSettings()
