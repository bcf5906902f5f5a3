"""Notes whose accepted codes were denied for coding come back into the queue.

What a payer refused is no lesson until a person has looked again: a note that is open is not
taught (`serving.store.reviewed_notes`).
"""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from models.coding.denied import DeniedCode, denied_codes
from models.history import Submission
from serving.store.columns import now
from serving.store.database import Database
from serving.store.identity import column_text
from serving.store.notes import FLAG, OPEN, SUBMITTED, decisions_of
from serving.store.review_state import review_state
from serving.store.tables import DecisionRow, NoteRow

#: Who is named for such a flag: no person made it.
PAYER = "payer"
_MANY = 500


def flag_denied_notes(database: Database, practice: str, submissions: Sequence[Submission]) -> int:
    """Opens submitted notes again whose codes their claim's payer denied for coding; how many.

    The flag is a decision of its own and is made once for one denial: who then submits the note
    again has looked at it.
    """
    denied: dict[str, list[DeniedCode]] = {}
    for submission in submissions:
        if found := denied_codes(submission):
            denied.setdefault(column_text(submission.claim.claim_id), []).extend(found)
    numbers = sorted(denied)
    flagged = 0
    for begin in range(0, len(numbers), _MANY):
        some = {number: denied[number] for number in numbers[begin : begin + _MANY]}
        flagged += database.transact(lambda c, some=some: _flag(c, practice, some))  # type: ignore[misc]
    return flagged


def _flag(connection: Connection, practice: str, denied: dict[str, list[DeniedCode]]) -> int:
    notes = connection.execute(
        select(NoteRow.id, NoteRow.claim_id, NoteRow.revision).where(
            NoteRow.practice == practice,
            NoteRow.claim_id.in_(denied),
            NoteRow.state == SUBMITTED,
        )
    ).all()
    count = 0
    for note in notes:
        decisions = decisions_of(connection, note.id)
        kept = {(x.system, x.code) for x in review_state(decisions).chosen}
        told = {(x.system, x.code, x.reason) for x in decisions if x.kind == FLAG}
        fresh = [
            x
            for x in dict.fromkeys(denied[note.claim_id])
            if (x.system, x.code) in kept and (x.system, x.code, x.why) not in told
        ]
        if not fresh:
            continue
        done = connection.execute(
            update(NoteRow)
            .where(NoteRow.id == note.id, NoteRow.revision == note.revision)
            .values(
                revision=note.revision + len(fresh),
                state=OPEN,
                certainty=0.0,
                submitted=None,
                submitted_by="",
            )
        ).rowcount
        if not done:
            continue  # somebody is deciding right now: the next working-out sees what they did
        moment = now()
        for x in fresh:
            connection.execute(
                insert(DecisionRow).values(
                    note=note.id, kind=FLAG, system=x.system, code=x.code, words="",
                    begin=None, end=None, replaces="", reason=x.why, suggestion=None,
                    model_version="", undoes=None, actor=PAYER, who="the payer", created=moment,
                )
            )  # fmt: skip
        count += 1
    return count
