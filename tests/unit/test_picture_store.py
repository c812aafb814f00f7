"""The worker's pictures: what is not what it is called is not taken, and the oldest go where there is no more room."""

from __future__ import annotations

import threading

import msgspec
import pytest

from mistral_desk.core.pixels import fingerprint
from mistral_desk.inference.frames import ProtocolError
from mistral_desk.inference.picture_store import PictureStore
from mistral_desk.inference.protocol import PutImage

END_S = 60


def picture(number: int) -> PutImage:
    rgb = bytes([number]) * 30
    return PutImage(fingerprint(2, 5, rgb), 2, 5, rgb)


def there(store: PictureStore, one: PutImage) -> bool:
    """Whether it is had without asking for it."""
    return store.get(one.sha256, lambda: None, lambda: True) is not None


def test_a_picture_of_another_name_is_not_taken() -> None:
    store = PictureStore()
    with pytest.raises(ProtocolError):
        store.put(msgspec.structs.replace(picture(1), sha256="0" * 64))

    assert store.bytes == 0


def test_what_was_used_longest_ago_goes_and_the_last_one_stays_however_large() -> None:
    store = PictureStore(70)
    one, two, three = map(picture, (1, 2, 3))
    for each in (one, two):
        store.put(each)
    assert there(store, one)
    store.put(three)

    assert [there(store, each) for each in (one, two, three)] == [True, False, True]
    tiny = PictureStore(10)
    tiny.put(one)
    assert there(tiny, one)
    tiny.put(two)
    assert [there(tiny, each) for each in (one, two)] == [False, True]


@pytest.mark.parametrize("given_up", [False, True])
def test_who_waits_for_a_picture_gets_it_or_hears_that_nobody_wants_it(*, given_up: bool) -> None:
    store, wanted = PictureStore(), picture(1)
    got: list[PutImage | None] = []
    asked, over = threading.Event(), threading.Event()
    waiting = threading.Thread(target=lambda: got.append(store.get(wanted.sha256, asked.set, over.is_set)))
    waiting.start()
    assert asked.wait(END_S)
    if given_up:
        over.set()
        store.wake()
    else:
        store.put(wanted)
    waiting.join(END_S)

    assert got == [None if given_up else wanted]


def test_what_is_not_named_is_dropped() -> None:
    store = PictureStore()
    one, two = picture(1), picture(2)
    store.put(one)
    store.put(two)
    store.keep({two.sha256})

    assert [there(store, each) for each in (one, two)] == [False, True]
