"""Rendered text is cached within a limit and rendered once."""

import threading
from concurrent.futures import ThreadPoolExecutor

from inbox.web.ui.markdown import OVERHEAD, RenderCache


def kept(most: int) -> RenderCache[str]:
    return RenderCache(most, len)


def test_the_same_text_is_made_once_and_distinguished_by_kind() -> None:
    cache, made = kept(10_000), []

    def make(text: str) -> str:
        made.append(text)
        return text.upper()

    assert [cache.get("a", "x", make) for _ in range(3)] == ["X"] * 3
    assert cache.get("b", "x", make) == "X"
    assert made == ["x", "x"]


def test_threads_that_want_the_same_text_wait_for_the_first() -> None:
    cache, made = kept(10_000), []
    begun, go_on = threading.Event(), threading.Event()

    def make(text: str) -> str:
        made.append(text)
        begun.set()
        assert go_on.wait(60)
        return text

    with ThreadPoolExecutor(9) as threads:
        first = threads.submit(cache.get, "a", "x", make)
        assert begun.wait(60)
        others = [threads.submit(cache.get, "a", "x", make) for _ in range(7)]
        assert threads.submit(cache.get, "a", "other", str).result(60) == "other"
        go_on.set()
        assert {one.result(60) for one in (first, *others)} == {"x"}
    assert made == ["x"]


def test_it_stays_within_its_bytes_and_forgets_what_was_used_last() -> None:
    cache = kept(3 * (100 + OVERHEAD))
    for text in ("a", "b", "c"):
        cache.get("k", text, lambda text: text * 100)
    cache.get("k", "a", str)
    cache.get("k", "d", lambda text: text * 100)
    assert cache.bytes == cache.most_bytes
    assert cache.get("k", "a", lambda _: "made again") == "a" * 100
    assert cache.get("k", "b", lambda _: "made again") == "made again"


def test_a_text_larger_than_the_bound_is_rendered_and_not_kept() -> None:
    cache = kept(500)
    assert cache.get("k", "a", lambda text: text * 1000) == "a" * 1000
    assert cache.bytes == 0


def test_a_failure_is_not_kept() -> None:
    cache = kept(10_000)
    for _ in range(2):
        try:
            cache.get("k", "a", lambda _: 1 / 0)  # type: ignore[arg-type,return-value]
        except ZeroDivisionError:
            continue
    assert cache.get("k", "a", str) == "a"
