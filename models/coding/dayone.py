"""The model of the first day: the code systems' own words and our names, nothing learnt."""

from collections.abc import Iterable, Mapping
from itertools import chain

from models.codes.icd10cm import Icd10cm, load_icd10cm
from models.codes.system import CodeSystem
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import ICD10CM, CodingModel, SystemPart
from models.coding.ranker import PriorRanker
from models.coding.sources import Sources
from models.coding.terms import Kind, Term, entries, icd10cm_terms, index_terms, system_terms
from models.coding.words import Vocabulary, vocabulary

#: Score from which on day one predicts a code.
THRESHOLD = 0.25


def day_one_model(
    icd: Icd10cm | None = None,
    *,
    systems: Mapping[str, CodeSystem] | None = None,
    model_version: str = "unregistered",
) -> CodingModel:
    """Build it (some seconds): index of every term, ranking by rule of thumb.

    ``systems``: what a home has imported (`models.codes.system.code_systems`). Indexes of
    ICD-10-CM feed its look-up, every other system that has words gets a look-up of its own.
    """
    icd = icd or load_icd10cm()
    words = vocabulary()
    imported = dict(systems or {})
    own = imported.pop(ICD10CM, None)
    terms = chain(icd10cm_terms(icd), index_terms(own, icd) if own is not None else ())
    parts = {ICD10CM: _look_up(terms, words, {})}
    for name, system in imported.items():
        found = list(system_terms(system))
        if found:
            titles = {t.code: t.text for t in reversed(found) if t.kind is Kind.TITLE}
            parts[name] = _look_up(found, words, titles)
    return CodingModel(parts, icd10cm=icd, model_version=model_version)


def _look_up(terms: Iterable[Term], words: Vocabulary, titles: dict[str, str]) -> SystemPart:
    sources = Sources(
        TermFinder(Lexicon.build(entries(terms, words)), words),
        StringHistory({}, (), (), (), 0),
        TermFinder(Lexicon.build([]), words),
    )
    return SystemPart(sources, PriorRanker(), THRESHOLD, titles)
