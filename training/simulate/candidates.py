"""What a payer's rule could be about, and how many of the practice's claims that would touch."""

from random import Random

from training.simulate.exposure import Exposure
from training.simulate.tables import Mechanism, diagnoses, families, procedures


def share_of(count: int, seen: Exposure) -> float:
    """A count as a share of the claims seen."""
    return count / max(1, seen.claims)


def codes_of(mechanism: Mechanism) -> list[str]:
    """Procedures that rules of the mechanism may concern."""
    return [p.code for f in mechanism.families for p in families()[f]]


def omission_shares(mechanism: Mechanism, seen: Exposure) -> dict[str, float]:
    """Share of claims on which forgetting would matter, by code (pairs as ``"b a"``)."""
    name = mechanism.name
    if name == "telehealth":
        return {"*": share_of(seen.telehealth, seen)} if seen.telehealth else {}
    if name == "procedure_pair":
        table = procedures()
        return {
            f"{b} {a}": share_of(n, seen)
            for (a, b), n in seen.pairs.items()
            if n >= 3 and "em" not in table[a].flags and "em" not in table[b].flags
            and table[a].charge >= table[b].charge and a != b
        }  # fmt: skip
    if name == "separate_service":
        table = procedures()
        found: dict[str, float] = {}
        for (a, b), n in seen.pairs.items():
            if table[a].family in mechanism.families and "procedure" in table[b].flags:
                found[a] = found.get(a, 0.0) + share_of(n, seen)
        return found
    if name == "new_patient":
        # the error is to bill a new-patient code at an established visit
        established = sum(
            n for c, n in seen.seen_before.items() if procedures()[c].family == "em_est"
        )
        return {"*": 0.95 * share_of(established, seen)}
    return {c: seen.share(c) for c in codes_of(mechanism) if seen.codes[c] > 0}


def case_mix_options(mechanism: Mechanism, seen: Exposure, rng: Random) -> dict[str, float]:
    """What a rule of the mechanism could be about, with its share of claims."""
    if mechanism.name == "unspecified_diagnosis":
        return {
            d.code: share_of(seen.unspecified[d.code], seen)
            for members in diagnoses().values()
            for d in members
            if d.unspecified and seen.unspecified[d.code]
        }
    options = {c: seen.share(c) for c in codes_of(mechanism) if seen.codes[c] > 0}
    if mechanism.name == "plan_exclusion":
        return options
    keys = list(options)
    rng.shuffle(keys)
    return {k: options[k] for k in keys}


def case_mix_terms(
    mechanism: Mechanism,
    pick: str,
    share: float,
    seen: Exposure,
    wanted: float,
    rng: Random,
) -> tuple[tuple[str, ...], tuple[str, ...], int, float]:
    """Codes, diagnoses, limit and share of claims of one picked option."""
    if mechanism.name == "unspecified_diagnosis":
        return (), (pick,), 0, share
    if mechanism.name == "plan_exclusion":
        return (pick,), (), 0, share
    if mechanism.name == "unit_limit":
        counts = sorted(((u, n) for (c, u), n in seen.units.items() if c == pick), reverse=True)
        over = 0.0
        limit = counts[0][0] if counts else 0
        for units, n in counts[:-1]:
            if over + share_of(n, seen) > wanted:
                break
            over += share_of(n, seen)
            limit = units - 1
        return (pick,), (), limit, over if limit else 0.0
    if mechanism.name == "frequency_limit":
        family = procedures()[pick].family
        limit = dict(mechanism.days)[family]
        over = share_of(
            sum(n for (c, days), n in seen.repeats.items() if c == pick and days < limit), seen
        )
        return (pick,), (), limit, over
    table = [(found, n) for (c, found), n in seen.pointed.items() if c == pick]
    pool = list(dict.fromkeys(d for found, _ in table for d in found))
    rng.shuffle(pool)
    refused: list[str] = []
    over = 0.0
    most = 0.6 * share
    for code in pool:
        trial = {*refused, code}
        gain = share_of(sum(n for found, n in table if trial.issuperset(found)), seen)
        if gain <= min(most, 1.1 * wanted):
            refused.append(code)
            over = gain
    return (pick,), tuple(refused), 0, over
