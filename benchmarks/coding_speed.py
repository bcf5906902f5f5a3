"""Speed of suggesting codes on one thread, with the full ICD-10-CM and vectors; load and memory.

Against it: what sentence-transformers does, torch over the note's sentences with padding in
batches, then brute-force cosine to the same terms' full vectors, in the same run.
"""

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import arguments, in_fresh_process, report
from models.coding.artifact import load_artifact, save_artifact
from models.coding.dayone import day_one_model
from models.coding.model import ICD10CM
from models.coding.note import read_note
from models.coding.terms import icd10cm_terms
from training.coding.encoder import encoder_source, missing_parts
from training.coding.vectors import dense_terms, encoded_terms

WORDS = 500
_PARAGRAPH = (
    "58 year old man with type 2 diabetes mellitus and hypertension, here with pain in the right "
    "knee after a fall on the stairs two weeks ago. Denies fever, chills, chest pain or shortness "
    "of breath. No history of kidney stones. Mother had breast cancer, father died of a heart "
    "attack. On examination the right knee is swollen and tender over the medial joint line, with "
    "no effusion. Lungs are clear, heart rate regular without murmur. X-ray shows mild "
    "degenerative changes. Creatinine is 1.6, chronic kidney disease stage 3 is known. Assessment: "
    "sprain of the right knee, osteoarthritis, diabetic nephropathy, essential hypertension well "
    "controlled, anemia of chronic disease, possible pneumonia, follow up in two weeks. "
)


def note() -> str:
    """A made-up note of 500 words."""
    words = (_PARAGRAPH * 10).split()[:WORDS]
    return " ".join(words)


def main() -> None:
    parser = arguments(__doc__.split("\n")[0])
    options = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    model = day_one_model()
    dense, missing = dense_terms(model.icd10cm)
    if missing:
        print(f"coding_speed: {missing}")
    model.parts[ICD10CM].sources.dense = dense
    with tempfile.TemporaryDirectory() as folder:
        save_artifact(model, Path(folder))
        size = sum(p.stat().st_size for p in Path(folder).iterdir()) / 1e6
        (seconds, median), peak = in_fresh_process(loaded, folder, max(options.rounds * 5, 11))
    figures: dict[str, Any] = {
        "note words": WORDS,
        "load CPU seconds": seconds,
        "peak memory MB": peak,
        "artifact MB": size,
        "note CPU ms (median)": 1000 * median,
        "notes/s": 1 / median,
    }
    baselines: dict[str, Any] = {}
    ratios: dict[str, float] = {}
    if not missing and dense is not None:
        terms = sorted({t.text for t in encoded_terms(icd10cm_terms(model.icd10cm))})
        brute = brute_force(len(terms), max(options.rounds, 3))
        baselines["torch and brute-force cosine, CPU ms (median)"] = 1000 * brute
        ratios["notes/s to torch and brute force"] = brute / median
    report("coding_speed", options.json, figures, baselines, ratios)


def loaded(folder: str, rounds: int) -> tuple[float, float]:
    """CPU seconds to load, and for one note at the median, in this process."""
    begun = time.process_time()
    model = load_artifact(Path(folder))
    model.suggest("Fever.")
    seconds = time.process_time() - begun
    text, taken = note(), []
    for _ in range(rounds):
        begun = time.process_time()
        model.suggest(text)
        taken.append(time.process_time() - begun)
    return seconds, statistics.median(taken)


def brute_force(terms: int, rounds: int) -> float:
    """CPU seconds a note of torch over its sentences and cosine to ``terms`` full vectors."""
    import torch
    import transformers

    torch.set_num_threads(1)
    transformers.utils.logging.disable_progress_bar()
    source = encoder_source()
    assert source is not None and not missing_parts(source)
    tokenizer = transformers.AutoTokenizer.from_pretrained(source)
    model = transformers.AutoModel.from_pretrained(source).eval()
    read = read_note(note())
    sentences = [read.text[s.begin : s.end] for s in read.sentences]
    matrix = np.random.default_rng(0).normal(size=(terms, 384)).astype(np.float32)
    taken = []
    for _ in range(rounds):
        begun = time.process_time()
        ordered = sorted(sentences, key=len)
        for first in range(0, len(ordered), 32):
            batch = tokenizer(
                ordered[first : first + 32], padding=True, truncation=True, return_tensors="pt"
            )
            with torch.no_grad():
                states = model(**batch)[0]
            mask = batch["attention_mask"].unsqueeze(-1)
            vectors = ((states * mask).sum(1) / mask.sum(1)).numpy()
            np.argpartition(-(vectors @ matrix.T), 10, axis=1)[:, :10]
        taken.append(time.process_time() - begun)
    return statistics.median(taken)


if __name__ == "__main__":
    main()
