"""How long work reports where it is, without knowing who listens."""

from typing import Protocol


class Progress(Protocol):
    """Called as often as the worker likes; a listener thins out.

    ``step`` is what is being done, in words for the user (``"reading the history"``); ``done``
    counts from 0 to ``total`` in units of the step's own, ``total`` is ``None`` where it is not
    known. A new ``step`` ends the one before.
    """

    def __call__(self, step: str, done: int = 0, total: int | None = None) -> None:
        """Report."""


def silent(step: str, done: int = 0, total: int | None = None) -> None:
    """A listener that does nothing."""
