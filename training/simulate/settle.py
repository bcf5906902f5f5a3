"""Last step of calibration: a trial of the drawn rules on real visits sets the level of noise."""

from random import Random

from training.simulate.adjudicate import Adjudicator
from training.simulate.rules import Noise, PayerRules
from training.simulate.staff import Staff
from training.simulate.visits import Visit

TRIALS = 500  # visits per payer
LEAST, MOST = 0.1, 4.0  # bounds of the factor on a payer's noise


def settle_noise(rules: list[PayerRules], visits: list[Visit], staff: Staff, rng: Random) -> None:
    """Scale each payer's noise so that its expected share of denied originals is as aimed.

    The trial writes drafts as the staff would and reads the rules that they break; hidden
    states, enrolment and filing limits are taken at their aimed rate.
    """
    by_payer: dict[int, list[Visit]] = {}
    for visit in visits:
        by_payer.setdefault(visit.patient.coverage.payer.index, []).append(visit)
    adjudicator = Adjudicator(rng)
    for drawn in rules:
        mine = by_payer.get(drawn.payer.index, [])
        if not mine:
            continue
        sample = mine if len(mine) <= TRIALS else rng.sample(mine, TRIALS)
        trials = []
        for visit in sample:
            draft = staff.draft(visit, visit.patient.coverage, drawn, visit.submitted)
            kept, noises = 1.0, []
            for _, found, noise in adjudicator.line_hazards(draft, drawn, visit.submitted):
                for rule in found:
                    kept *= 1.0 - rule.strength
                if noise is not None:
                    noises.append(noise.total)
            trials.append((kept, noises))
        kept_aim = (1.0 - drawn.payer.rate) / (1.0 - drawn.claim_level_rate)
        low, high = LEAST, MOST
        for _ in range(20):
            factor = (low + high) / 2
            total = 0.0
            for kept, noises in trials:
                for noise_total in noises:
                    kept *= 1.0 - min(0.9, factor * noise_total)
                total += kept
            if total / len(trials) > kept_aim:
                low = factor
            else:
                high = factor
        for family, noise in drawn.noise.items():
            scale = min(factor, 0.9 / noise.total) if noise.total else factor
            drawn.noise[family] = Noise(
                noise.mechanisms, tuple(c * scale for c in noise.chances), noise.total * scale
            )
