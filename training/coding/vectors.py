"""Vectors for the model: encoder exported once, terms and marked strings encoded.

What was exported is kept under ``mlruns/cache``, so that the next training starts at once.
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np

from models.codes.icd10cm import Icd10cm
from models.coding.dense import DenseIndex, Projection
from models.coding.encoder import TextEncoder
from models.coding.history import Marked, StringHistory, fingerprint
from models.coding.sources import Dense
from models.coding.terms import Kind, Term, icd10cm_terms
from models.registry import store_folder
from training.coding.encoder import encoder_source, export_encoder, missing_parts
from training.coding.tuning import mark, synonyms, tune_encoder
from training.progress import Progress, silent

#: Injuries and external causes: half of all titles, told apart by words, not by meaning.
_BY_WORDS = frozenset("STVWXY")
_ENCODED_AT_ONCE = 2048


def dense_terms(
    icd: Icd10cm, progress: Progress = silent, more: Iterable[Term] = (), tuned: bool = False
) -> tuple[Dense | None, str]:
    """Encoder and vectors of ICD-10-CM's terms, or ``None`` and what is missing for them.

    ``tuned``: with an encoder that was first tuned on the terms and on ``more`` (imported
    indexes); see `training.coding.tuning`.
    """
    source = encoder_source()
    missing = missing_parts(source)
    if missing or source is None:
        return None, (
            f"no vectors of terms and no label-wise attention: {missing};"
            " words are compared by their letters only"
        )
    cache = store_folder() / "cache"
    if tuned:
        groups = synonyms(chain(encoded_terms(icd10cm_terms(icd)), more))
        name = f"tuned-{mark(_source_mark(source), groups)}"
        source = str(tune_encoder(source, groups, cache / name, progress=progress))
    folder = cache / f"encoder-{_source_mark(source)}"
    if not (folder / "quality.txt").exists():
        progress("exporting the encoder (int8 per channel)")
        cosine = export_encoder(source, folder)
        (folder / "quality.txt").write_text(f"{cosine:.4f}\n", encoding="utf-8")
    encoder = TextEncoder(folder)
    terms = list(encoded_terms(icd10cm_terms(icd)))
    listed = "\n".join(f"{t.code} {t.text}" for t in terms)
    kept = folder / f"terms-{hashlib.sha256(listed.encode()).hexdigest()[:16]}.npz"
    if kept.exists():
        with np.load(kept, allow_pickle=False) as arrays:
            projection = Projection(arrays["centre"], arrays["axes"])
            index = DenseIndex.from_arrays(
                {k.removeprefix("terms."): arrays[k] for k in arrays.files if "terms." in k}
            )
        return Dense(encoder, projection, index), ""
    texts = sorted({t.text for t in terms})
    vectors = []
    for begin in range(0, len(texts), _ENCODED_AT_ONCE):
        progress("encoding terms", begin, len(texts))
        vectors.append(encoder.encode(texts[begin : begin + _ENCODED_AT_ONCE]))
    projection = Projection.fit(np.vstack(vectors))
    projected = projection.apply(np.vstack(vectors))
    place = {text: i for i, text in enumerate(texts)}
    index = DenseIndex.build(
        projected[[place[t.text] for t in terms]], [t.code for t in terms], [1.0] * len(terms)
    )
    np.savez(
        kept,
        allow_pickle=False,
        centre=projection.centre,
        axes=projection.axes,
        **{f"terms.{k}": v for k, v in index.arrays().items()},
    )
    return Dense(encoder, projection, index), ""


def encoded_terms(terms: Iterable[Term]) -> Iterable[Term]:
    """Terms that get a vector: each text of a code once, without injuries and external causes."""
    seen: set[tuple[str, str]] = set()
    for term in terms:
        where = (term.text.casefold(), term.code)
        wanted = term.kind is Kind.NAME or (
            term.code[0] not in _BY_WORDS and term.kind is not Kind.RESIDUAL
        )
        if wanted and where not in seen:
            seen.add(where)
            yield term


class StringVectors:
    """Vectors of marked strings, each encoded once for all folds."""

    def __init__(self, dense: Dense) -> None:
        self.dense = dense
        self._known: dict[str, np.ndarray[tuple[int], np.dtype[np.float32]]] = {}

    def index(self, notes: Sequence[Marked], history: StringHistory) -> Dense:
        """Term vectors as before, and those of the strings of ``notes``."""
        strings: dict[tuple[str, str], str] = {}
        for note in notes:
            for (string, code), text in zip(note.strings, note.texts, strict=True):
                strings[text.casefold(), code] = string
        new = sorted({text for text, _ in strings} - self._known.keys())
        if new:
            vectors = self.dense.projection.apply(self.dense.encoder.encode(new))
            self._known.update(zip(new, vectors, strict=True))
        strengths = []
        for (_, code), string in strings.items():
            known = history.strings[fingerprint(string)]
            number = history.code_number[code]
            marked = next((m for c, m, _ in known.codes if c == number), 0)
            strengths.append(marked / (known.seen + 1))
        found = DenseIndex.build(
            np.array([self._known[text] for text, _ in strings], np.float32).reshape(
                len(strings), -1
            ),
            [code for _, code in strings],
            strengths,
        )
        return Dense(self.dense.encoder, self.dense.projection, self.dense.terms, found)


def _source_mark(source: str) -> str:
    """Names the weights: their bytes where ``source`` is a folder, else the name."""
    weights = Path(source) / "model.safetensors"
    if weights.exists():
        with weights.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()[:16]
    return hashlib.sha256(source.encode()).hexdigest()[:16]
