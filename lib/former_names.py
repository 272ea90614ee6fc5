"""Accept keyword arguments under the names that they had in earlier releases."""

import functools
import warnings
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def accepts_former_names(**names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Return a decorator that renames keyword arguments, from a former name to the present one.

    Each use of a former name warns with a DeprecationWarning. A call with both names raises
    TypeError.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @functools.wraps(function)
        def call(*arguments: P.args, **named: P.kwargs) -> T:
            for former in names.keys() & named.keys():
                present = names[former]
                if present in named:
                    raise TypeError(f"{former} and {present} are the same argument")
                warnings.warn(f"{former} is called {present} now", DeprecationWarning, stacklevel=2)
                named[present] = named.pop(former)
            return function(*arguments, **named)

        return call

    return decorate
