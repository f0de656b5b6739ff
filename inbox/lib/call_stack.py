"""Threads in which a call takes the same time however deeply it is nested.

CPython keeps the frames of running functions in chunks of 16 kB. Where a chunk ends, each call gets
another one from the operating system and each return gives it back, so a loop of a template that
happens to be nested that deeply takes several times as long. Python 3.11 and 3.12 do this, and
3.13 and 3.14 did until the spring of 2026: https://github.com/python/cpython/issues/142183
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

FRAME = 64 * 1024
"""In slots of 8 bytes. A frame that doesn't fit into a chunk gets one of twice its own size, so the
other half, enough for about 4,000 frames, is left for what the function calls.
"""


def _call(function: Callable[..., T], *args: Any, **kwargs: Any) -> T:
    return function(*args, **kwargs)


_call.__code__ = _call.__code__.replace(co_stacksize=FRAME)


class OneChunkExecutor(ThreadPoolExecutor):
    """All frames of a call lie in one chunk of 1 MB."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return super().submit(partial(_call, fn, *args, **kwargs))
