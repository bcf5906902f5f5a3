"""What the crash tests kill: loads a file's claims and records scores until it is done."""

import hashlib
import sys
from pathlib import Path

from serving.audit import AuditEntry
from serving.store.intake import Transmission
from serving.store.store import open_store
from tests.serving.store.records import score
from tests.serving.store.samples import (
    FIRST_DAY,
    PRACTICE,
    acknowledgement,
    claim,
    payment,
    remittance,
)

COUNT = 6000


def items():
    """One file's worth: claims, acknowledgements, then a payment for every hundred."""
    claims = [claim(i, lines=1) for i in range(COUNT)]
    yield from claims
    yield from map(acknowledgement, claims)
    for begin in range(0, COUNT, 100):
        part = claims[begin : begin + 100]
        yield payment(tuple(map(remittance, part)), trace=f"T{begin}", day=FIRST_DAY)


def main(folder: str, url: str) -> None:
    """Does all of it, saying after each part what is promised to be kept."""
    store = open_store(Path(folder), url)
    store.recorder.start()
    file = Transmission("example", hashlib.sha256(b"file").digest(), 1)
    for i in range(10):
        entry = AuditEntry(actor="key:a", action="score", practice=PRACTICE)
        store.recorder.record(score(claim(i, lines=1)), entry).result(30)
        print(f"kept {entry.uid.hex()}", flush=True)
    store.intake.load(items(), file, progress=lambda n: print(f"stored {n}", flush=True))
    print("done", flush=True)
    store.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
