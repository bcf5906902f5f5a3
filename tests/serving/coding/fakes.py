"""A small coding model that really reads notes: some terms of ICD-10-CM, no labelled notes."""

from functools import lru_cache
from pathlib import Path

from models.codes.icd10cm import load_icd10cm
from models.coding.history import StringHistory
from models.coding.lexicon import Lexicon
from models.coding.mentions import TermFinder
from models.coding.model import ICD10CM, CodingModel, SystemPart
from models.coding.ranker import PriorRanker
from models.coding.sources import Sources
from models.coding.terms import entries, icd10cm_terms
from models.coding.words import vocabulary
from models.errors import RegistryError
from serving.scoring.resolution import Resolution, resolution_file, write_resolution
from serving.settings import Settings

CATEGORIES = ("I10", "E11", "M25", "J18", "R07", "C50", "J45")


@lru_cache(maxsize=1)
def small_model(version: str = "1") -> CodingModel:
    """The day-one model over a few categories: made in a fraction of a second."""
    icd, words = load_icd10cm(), vocabulary()
    terms = [t for t in icd10cm_terms(icd) if t.code.startswith(CATEGORIES)]
    sources = Sources(
        TermFinder(Lexicon.build(entries(terms, words)), words),
        StringHistory({}, (), (), (), 0),
        TermFinder(Lexicon.build([]), words),
    )
    return CodingModel({ICD10CM: SystemPart(sources, PriorRanker(), 0.5)}, model_version=version)


def load_small(folder: Path, version: str) -> CodingModel:
    """What the service is given in place of `load_coding`."""
    if (folder / "broken").exists():
        raise RegistryError("it is broken")
    return small_model()


def register_coding(settings: Settings, version: int, *, broken: bool = False) -> None:
    """Make it the champion, as the resolver would."""
    folder = settings.state / "fake-coding" / str(version)
    folder.mkdir(parents=True, exist_ok=True)
    if broken:
        (folder / "broken").touch()
    write_resolution(
        resolution_file(settings.state, settings.coding_model),
        Resolution(settings.coding_model, settings.alias, version, str(folder), fingerprint="none"),
    )
