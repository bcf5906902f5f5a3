"""The model card of a coding model: the same 31 attributes, figures of notes instead of claims."""

import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from models.codes.system import ICD10CM
from models.measure import calibration_error
from training.card.card import STATEMENTS_FILE, ModelCard, NoteGroup, attribute_table
from training.coding.people import group_names
from training.coding.score import coding_figures

if TYPE_CHECKING:
    from training.coding.judge import Judged
    from training.coding.train import CodingCandidate

#: Notes below which a group's figures are noise and are not given.
LEAST_NOTES = 20


def coding_card(
    candidate: "CodingCandidate", judged: Mapping[str, "Judged"], owner: Mapping[str, str]
) -> ModelCard:
    """The card of a coding model judged on the notes that were held back from the tested one."""
    groups = tuple(
        group for system, found in judged.items() for group in note_groups(candidate, system, found)
    )
    statements = tomllib.loads(STATEMENTS_FILE.read_text(encoding="utf-8"))["coding"]
    answers = {**statements, **_measured(candidate, judged, groups), **owner}
    return ModelCard(
        "coding",
        dt.datetime.now(dt.UTC).replace(microsecond=0),
        tuple(
            msgspec.structs.replace(a, value=str(answers.get(a.id, "")).strip())
            for a in attribute_table()
        ),
        (),
        groups,
    )


def note_groups(
    candidate: "CodingCandidate", system: str, judged: "Judged"
) -> tuple[NoteGroup, ...]:
    """Figures of one code system for each specialty, age group and sex among the held notes."""
    held, threshold = candidate.held[system], candidate.tested[system].threshold
    result = []
    for attribute, values in group_names(held.records, candidate.people).items():
        names = np.array(values, dtype=np.str_)
        for name in np.unique(names).tolist():
            rows = np.flatnonzero(names == name).tolist()
            if len(rows) < LEAST_NOTES:
                continue
            gold = [held.gold[r] for r in rows]
            answers = [judged.answers[r] for r in rows]
            found = coding_figures(gold, answers, threshold)
            shown = [(c in g, p) for g, a in zip(gold, answers, strict=True) for c, p in a]
            hits = np.array([hit for hit, _ in shown], float)
            off = None
            if 0 < hits.sum() < len(hits):
                off = round(calibration_error(hits, np.array([p for _, p in shown])), 4)
            result.append(
                NoteGroup(
                    system, attribute, name, len(rows), found.codes, round(found.map, 4),
                    round(found.micro_f1, 4), off,
                )
            )  # fmt: skip
    return tuple(result)


def _measured(
    candidate: "CodingCandidate", judged: Mapping[str, "Judged"], groups: Sequence[NoteGroup]
) -> dict[str, str]:
    labelled = [n for n in candidate.billed.notes if n.codes is not None]
    if not judged:
        nothing = "No labelled note was given: the day-one version looks codes up and has learnt"
        return {
            "inclusion": f"{nothing} from none.",
            "representativeness": f"{nothing} from no patient.",
            "validity_internal": f"{nothing} nothing that could be measured on this practice.",
            "fairness_internal": "Not measured: no labelled note was given.",
            "validity_local": "Not measured yet: reviewers' decisions will tell.",
            "fairness_local": "Not measured yet: reviewers' decisions will tell.",
        }
    days = sorted(n.date for n in labelled if n.date is not None)
    span = f" of {days[0]} to {days[-1]}" if days else ""
    valid = "; ".join(
        f"{system}: {x.figures.notes:,} notes that the tested model had not seen, mean average"
        f" precision {x.figures.map:.3f}, micro F1 {x.figures.micro_f1:.3f}, calibration error"
        f" {x.calibration_error:.3f}"
        for system, x in judged.items()
    )
    first = ICD10CM if ICD10CM in judged else next(iter(judged))
    own = [g for g in groups if g.system == first]
    fair = (
        "; ".join(f"{g.attribute} {g.group}: mean average precision {g.map:.3f}" for g in own)
        or "no group is large enough to be measured apart"
    )
    spread = "; ".join(f"{g.attribute} {g.group}: {g.notes:,} notes" for g in own)
    return {
        "inclusion": f"{len(labelled):,} notes{span} that coders or reviewers had coded to the"
        " end. Left out: notes under review, and notes with a code that a payer has denied for"
        " coding and nobody has looked at again.",
        "representativeness": f"Notes that it was judged on: {spread or 'too few to tell'}.",
        "validity_internal": f"{valid}.",
        "fairness_internal": f"{fair}. All groups are in the table below.",
        "validity_local": f"The notes are the practice's own. {valid}.",
        "fairness_local": f"The notes are the practice's own: {fair}.",
    }
