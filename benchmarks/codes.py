"""Search of codes as you type: milliseconds a query, time and memory to load and to index.

Beside it a first version: every word of the query looked for in every title.
"""

import statistics
import time

from benchmarks.harness import arguments, in_fresh_process, peak_memory, report
from models.codes.icd10cm import SHIPPED, Icd10cm
from models.codes.icd10cm_system import Icd10cmSystem

QUERIES = (
    *("d", "di", "diab", "diabetes", "type 2 diabetes with", "E11", "e11.6", "S52.501A", "a"),
    *("high blood pressure", "fracture of right radi", "initial fall", "unspecified", "encounter"),
    *("acute on chronic systolic heart failure", "pneumonai", "hypretension", "left knee pain"),
    *("asthma mild pers", "major depressive disorder recurrent", "otitis media right ear", "zzzz"),
)


def measured(rounds: int) -> dict[str, float]:
    """Load, index, search."""
    begun = time.process_time()
    system = Icd10cmSystem(Icd10cm(SHIPPED))
    loaded = time.process_time()
    memory = peak_memory()
    system.search("warm up words", 1)
    indexed = time.process_time()
    taken = []
    for _ in range(rounds):
        for query in QUERIES:
            start = time.process_time()
            system.search(query, 20)
            taken.append(1e3 * (time.process_time() - start))
    return {
        "load_for_edits_milliseconds": 1e3 * (loaded - begun),
        "index_milliseconds": 1e3 * (indexed - loaded),
        "index_megabytes": peak_memory() - memory,
        "search_milliseconds_median": statistics.median(taken),
        "search_milliseconds_worst": max(taken),
    }


def scanned(rounds: int) -> dict[str, float]:
    """The first version, over the same titles."""
    table = Icd10cm(SHIPPED)
    titles = [(code, table.title(code).casefold()) for code in table.codes()]
    taken = []
    for _ in range(rounds):
        for query in QUERIES:
            start = time.process_time()
            words = query.casefold().split()
            found = [code for code, title in titles if all(word in title for word in words)]
            assert len(found[:20]) <= 20
            taken.append(1e3 * (time.process_time() - start))
    return {
        "search_milliseconds_median": statistics.median(taken),
        "search_milliseconds_worst": max(taken),
    }


def main() -> None:
    """Run and report."""
    options = arguments(__doc__ or "").parse_args()
    figures, megabytes = in_fresh_process(measured, options.rounds)
    figures["peak_memory_megabytes"] = megabytes
    baselines, _ = in_fresh_process(scanned, options.rounds)
    ratios = {name: value / max(figures[name], 1e-9) for name, value in baselines.items()}
    report("codes", options.json, figures, baselines, ratios)


if __name__ == "__main__":
    main()
