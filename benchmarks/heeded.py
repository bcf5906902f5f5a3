"""Does a model unlearn what its own warnings prevent?

One simulated practice, lived twice over two years. In the first life nobody is warned. In the
second, from the end of the first year on, a model trained on that year warns of claims at or
above the threshold that flags a tenth, and the office looks again at four of five. Each life
then trains anew on its whole history. All versions are judged on the last 60 days of the first
life, whose claims hold every slip that a warning would have mended: by the share of attainable
lift, and by the mean probability that they give to claims that break a rule which a second look
mends (the true mean beside it).
"""

from random import Random

import numpy as np

from benchmarks.harness import arguments, report
from benchmarks.monitor import LEARNT_DAYS, MONTHS, learn
from models.claims.claim import Claim
from models.claims.x12.context import Item
from models.denial.model import DenialModel
from models.denial.thresholds import threshold_name
from models.history import build_history
from models.measure import roc_auc
from training.monitor.run import as_of_submission
from training.simulate import SimulatedPractice, simulate
from training.simulate.calendar import day_date

WARNED = 0.1
HEEDED = 0.8
JUDGED_DAYS = 60
MENDED = {
    "authorization", "drug_number", "laboratory_number", "new_patient", "procedure_pair",
    "referring_provider", "separate_service", "side_modifier", "telehealth",
}  # fmt: skip


def second_life(seed: int, claims: int, model: DenialModel, turn: int) -> SimulatedPractice:
    """The practice again, warned by ``model`` from day ``turn`` on."""
    session, luck = model.session(), Random(seed)
    threshold = model.thresholds[threshold_name("capacity", WARNED)]

    def review(claim: Claim, day: int) -> bool:
        if day < turn:
            return False
        risk = session.score_batch([claim], factors=False)[0]
        return risk.denial_probability >= threshold and luck.random() < HEEDED

    return simulate("typical", claims, MONTHS, seed, review=review)


def judged(practice: SimulatedPractice, model: DenialModel) -> dict[str, float]:
    """Share of attainable lift, and mean probability on claims with a slip, in the last days."""
    items: list[Item] = [*practice.claims(), *practice.acknowledgements, *practice.payments]
    data = as_of_submission(build_history(items), model)
    end = practice.calendar.end
    truth = {
        (s.claim.claim_id, s.claim.submitted): s for s in practice.submissions
        if s.decision is not None and s.kind == "original"
    }  # fmt: skip
    rows, found = [], []
    for i, claim in enumerate(data.claims):
        submission = truth.get((claim.claim_id, claim.submitted))
        if submission is not None and end - JUDGED_DAYS < submission.day <= end:
            rows.append(i)
            found.append(submission)
    ours = model.predict(data.batch.take(np.array(rows))).probability
    perfect = np.array([s.decision.probability for s in found if s.decision is not None])
    denied = np.array([bool(s.decision and s.decision.denied) for s in found])
    slip = np.array(
        [
            any(d is not None and d.mechanism.name in MENDED for d in s.decision.lines)
            for s in found
            if s.decision is not None
        ]
    )
    lift = (roc_auc(denied, ours) - 0.5) / (roc_auc(denied, perfect) - 0.5)
    return {
        "share_of_attainable_lift": lift,
        "claims_with_a_slip": int(slip.sum()),
        "mean_probability_with_a_slip": float(ours[slip].mean()),
        "true_mean_with_a_slip": float(perfect[slip].mean()),
    }


def measure(seed: int, claims: int) -> dict[str, float]:
    """All versions on the same claims."""
    first = simulate("typical", claims, MONTHS, seed)
    turn = first.calendar.start + LEARNT_DAYS
    end = day_date(first.calendar.end - JUDGED_DAYS)
    year_one = learn(first, day_date(turn - 1))
    second = second_life(seed, claims, year_one, turn)
    figures: dict[str, float] = {}
    for name, model in (
        ("year_one", year_one),
        ("nobody_warned", learn(first, end)),
        ("warnings_heeded", learn(second, end)),
    ):
        figures |= {f"{name}_{key}": value for key, value in judged(first, model).items()}
    slips = [
        sum(
            d is not None and d.mechanism.name in MENDED
            for s in life.submissions
            if s.day >= turn and s.decision is not None and s.kind == "original"
            for d in s.decision.lines
        )
        for life in (first, second)
    ]
    return figures | {"slips_nobody_warned": slips[0], "slips_warnings_heeded": slips[1]}


def main() -> None:
    """Run and report."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--claims", type=int, default=20_000, help="claims in two years")
    parser.add_argument("--seeds", type=int, nargs="+", default=[31], help="practices")
    options = parser.parse_args()
    figures: dict[str, float] = {}
    for seed in options.seeds:
        figures |= {f"{k}_{seed}": v for k, v in measure(seed, options.claims).items()}
    report("heeded", options.json, figures, {}, {})


if __name__ == "__main__":
    main()
