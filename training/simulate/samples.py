"""The sample month in ``data_samples/``: ``python -m training.simulate.samples data_samples``.

One simulated month, the same records in every form that Firstpass reads. Text files of equal
versions of the code are equal byte by byte; a test holds the committed ones to that.
"""

import sys
from pathlib import Path

from models.claims.tabular import write_csv, write_jsonl, write_parquet
from models.claims.x12 import Envelope, write_277ca, write_835, write_837p, write_999
from training.simulate.files import set_responses
from training.simulate.notes_files import write_notes
from training.simulate.practice import SimulatedPractice, simulate
from training.simulate.truth import write_truth

CLAIMS, MONTHS, SEED, PROFILE = 160, 1, 1, "typical"
NOTES = 60


def write_samples(folder: Path) -> SimulatedPractice:
    """Write the month into ``folder`` (files of the same name are replaced)."""
    practice = simulate(PROFILE, claims=CLAIMS, months=MONTHS, seed=SEED)
    folder.mkdir(parents=True, exist_ok=True)
    world = practice.world
    sent = Envelope(
        sender_id=world.submitter,
        receiver_id=world.receiver,
        submitter_name=world.billing.name,
        receiver_name="CLEARINGHOUSE",
    )
    claims, future = practice.claims(), practice.claims(future=True)
    with (folder / "claims.837").open("wb") as out:
        write_837p(claims, out, envelope=sent)
    with (folder / "future.837").open("wb") as out:
        write_837p(future, out, envelope=sent)
    answers = Envelope(sender_id=world.receiver, receiver_id=world.submitter)
    with (folder / "syntax.999").open("wb") as out:
        write_999(set_responses(claims), out, envelope=answers)
    with (folder / "status.277").open("wb") as out:
        write_277ca(practice.acknowledgements, out)
    with (folder / "remittances.835").open("wb") as out:
        write_835(practice.payments, out)
    with (folder / "claims.csv").open("wb") as out:
        write_csv(claims, out, "claims")
    with (folder / "remittances.csv").open("wb") as out:
        write_csv(practice.payments, out, "remittances")
    with (folder / "acknowledgements.csv").open("wb") as out:
        write_csv(practice.acknowledgements, out, "acknowledgements")
    with (folder / "claims.parquet").open("wb") as out:
        write_parquet(claims, out, "claims")
    with (folder / "remittances.parquet").open("wb") as out:
        write_parquet(practice.payments, out, "remittances")
    with (folder / "acknowledgements.parquet").open("wb") as out:
        write_parquet(practice.acknowledgements, out, "acknowledgements")
    with (folder / "history.jsonl").open("wb") as out:
        write_jsonl([*claims, *practice.acknowledgements, *practice.payments], out)
    write_truth(practice, folder)
    write_notes(practice, folder, NOTES)
    return practice


if __name__ == "__main__":
    write_samples(Path(sys.argv[1]))
