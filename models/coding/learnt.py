"""Which notes a version has learnt from: so that it is never judged on them.

Only marks of whole texts are kept (64 bits of a hash), from which no text can be got back.
"""

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

LEARNT_FILE = "learnt-notes.npy"


def note_mark(text: str) -> int:
    """The mark of a note's text; white space does not count.

    >>> note_mark("Seen  today. ") == note_mark("Seen today.")
    True
    """
    digest = hashlib.blake2b(" ".join(text.split()).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


def write_learnt(folder: Path, marks: Iterable[int]) -> None:
    """Keep marks beside a model's data."""
    np.save(folder / LEARNT_FILE, np.array(sorted(set(marks)), np.uint64), allow_pickle=False)


def read_learnt(folder: Path) -> frozenset[int]:
    """Marks of the notes that a version learnt from; none for a day-one version."""
    path = folder / LEARNT_FILE
    return frozenset(np.load(path, allow_pickle=False).tolist() if path.exists() else ())
