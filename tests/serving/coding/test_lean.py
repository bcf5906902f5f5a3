"""Coding notes in a worker needs none of the packages that workers do without."""

import subprocess
import sys

SCRIPT = """
import sys
from serving.lean import keep_lean
keep_lean()
import models.coding.answer, models.coding.artifact, models.coding.entities, serving.app
from tests.serving.coding.fakes import small_model
from models.coding.answer import answer_note
from models.coding.entities import find_entities
assert answer_note(small_model(), "Assessment: hypertension, stable.").suggestions
assert find_entities(small_model(), "Assessment: hypertension, stable.")
heavy = {"torch", "transformers", "pandas", "sklearn", "mlflow", "training"}
print(sorted(heavy & set(sys.modules)))
"""


def test_a_worker_codes_notes_without_torch_or_pandas() -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"
