"""Compile the few loops for which an interpreter is too slow.

Compiled code is kept beside this package, or in the user's cache folder, or where NUMBA_CACHE_DIR
says. Where none of them can be written (a container with a read-only root), every process compiles
what it uses, a few seconds, and nothing else changes.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, TypeVar, cast

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])

# The compiler may add up in any order and fuse a product with a sum, nothing more: no assumption
# that values are finite. Only for sums that come out the same in every order, and for estimates
# whose error is allowed for.
ANY_ORDER = {"reassoc", "contract", "nsz", "arcp"}

# About a tenth of a millisecond of work. Where other programs want the processor, too, waiting for
# a second thread takes forty times as long as that.
WORTH_MORE_THREADS = 500_000


def compiled(*, parallel: bool = False, any_order: bool = False) -> Callable[[Kernel], Kernel]:
    """Turn a function over arrays into machine code the first time it is called."""

    def compile_kernel(kernel: Kernel) -> Kernel:
        compile_now = partial(
            numba.njit, nogil=True, parallel=parallel, fastmath=ANY_ORDER if any_order else False
        )
        try:
            return cast(Kernel, compile_now(cache=True)(kernel))
        except RuntimeError:  # no folder to keep it in
            return cast(Kernel, compile_now()(kernel))

    return compile_kernel


@contextmanager
def threads_for(operations: int) -> Iterator[None]:
    """Use all threads, or one where there is little to do."""
    if operations >= WORTH_MORE_THREADS:
        yield
        return
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        yield
    finally:
        numba.set_num_threads(threads)
