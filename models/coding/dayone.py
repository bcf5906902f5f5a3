"""The model of the first day: ICD-10-CM's own words and our names, nothing learnt."""

from models.codes.icd10cm import Icd10cm, load_icd10cm
from models.coding.features import Sources
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import ICD10CM, CodingModel, SystemPart
from models.coding.ranker import PriorRanker
from models.coding.terms import entries, icd10cm_terms
from models.coding.words import vocabulary

#: Score from which on day one predicts a code.
THRESHOLD = 0.25


def day_one_model(
    icd: Icd10cm | None = None, *, model_version: str = "unregistered"
) -> CodingModel:
    """Build it (some seconds): index of every term, ranking by rule of thumb."""
    icd = icd or load_icd10cm()
    words = vocabulary()
    lexicon = Lexicon.build(entries(icd10cm_terms(icd), words))
    sources = Sources(
        TermFinder(lexicon, words),
        StringHistory({}, (), (), (), 0),
        TermFinder(Lexicon.build([]), words),
    )
    part = SystemPart(sources, PriorRanker(), THRESHOLD)
    return CodingModel({ICD10CM: part}, icd10cm=icd, model_version=model_version)
