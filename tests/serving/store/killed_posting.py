"""What the crash test kills: posts what is loaded, saying so when it is done."""

import sys

from serving.store.database import Database
from serving.store.ledger import Ledgers
from serving.store.outcomes import Outcomes


def main(url: str) -> None:
    """Posts every practice."""
    database = Database(url)
    print("begun", flush=True)
    for practice in Outcomes(database).practices():
        Ledgers(database).post(practice, force=True)
    print("done", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
