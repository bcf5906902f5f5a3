"""Whether a note says what one given code says: the words of its title in one sentence.

The coding model ranks codes against each other; a billed code may be right and still lose to its
neighbour. Before it is called unsupported, its own words are looked for.
"""

from collections.abc import Collection

from models.codes.icd10cm import Icd10cm
from models.coding.assertion import Assertion, assertions
from models.coding.spans import Note, SectionKind, Span
from models.coding.suggestion import Evidence
from models.coding.words import key, tokens, vocabulary

LEAST = 0.75
"""Share of a title's words, synonyms counted, that a sentence must have."""

_UNSAID_WORDS = """
primary unilateral essential mellitus encounter initial closed acquired disorder disease condition
type current injury native vessel artery classified hand side
"""
_UNSAID = frozenset(key(word) for word in _UNSAID_WORDS.split())
"""Words of titles that clinicians leave out."""


def find_support(
    note: Note, icd10cm: Icd10cm, code: str, sections: Collection[SectionKind | None]
) -> tuple[Evidence, ...]:
    """Words of sentences in these sections (``None``: outside all) that say ``code``, if any."""
    known = vocabulary()
    wanted = [
        known.parts(t.key)
        for t in tokens(icd10cm.title(code).partition(", initial encounter")[0])
        if t.word not in known.empty and t.key not in _UNSAID
    ]
    if not wanted or (len(wanted) == 1 and wanted[0][0] in known.not_alone):
        return ()
    found = []
    for sentence in note.sentences:
        kind = note.sections[sentence.section].kind if sentence.section >= 0 else None
        if note.sections and kind not in sections:
            continue
        words = [(t, set(known.parts(t.key))) for t in tokens(note.text, sentence.begin,
                                                             sentence.end)]  # fmt: skip
        held = set().union(*(concepts for _, concepts in words)) if words else set()
        covered = [parts for parts in wanted if held.intersection(parts)]
        if len(covered) / len(wanted) < LEAST:
            continue
        own = {c for parts in covered for c in parts}
        used = [t for t, concepts in words if concepts & own]
        begin, end = used[0].begin, used[-1].end
        [said] = assertions(note, [Span(begin, end)])
        if said is Assertion.PRESENT:
            found.append(Evidence(begin, end, note.text[begin:end]))
    return tuple(found)
