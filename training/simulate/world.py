"""The practice and its payers: providers, places, payer habits; drawn anew per seed."""

import datetime as dt
from dataclasses import dataclass, field
from random import Random

from models.claims.claim import Payer as ClaimPayer
from models.claims.claim import Provider
from models.claims.common import Address, Reference
from training.simulate.calendar import Calendar
from training.simulate.hidden import Hazard
from training.simulate.profiles import Profile
from training.simulate.tables import PayerType, Specialty, names, payer_types, specialties

SPECIALTY_SHARES = {
    "family_medicine": 0.45,
    "orthopedics": 0.20,
    "cardiology": 0.16,
    "dermatology": 0.13,
    "behavioral_health": 0.16,
    "pain_medicine": 0.10,
}


@dataclass(slots=True)
class PracticePayer:
    """A payer with its habits; money in cents, days as counts."""

    index: int
    type: PayerType
    name: str
    claim_payer: ClaimPayer  # as the 837 names it
    filing_indicator: str
    remit_name: str  # as the 835 names it
    remit_id: str
    address: Address
    originator: str
    remit_references: tuple[Reference, ...]
    weight: float  # share among its type's patients
    rate: float  # aimed share of original claims denied, duplicates apart
    limit_days: int
    fee: float
    lag_median: float
    lag_sigma: float
    pay_weekdays: tuple[int, ...]
    id_habit: str  # what it does to CLM01: "", strip, truncate, upper
    states_allowed: bool
    keeps_line_numbers: bool
    capitated: bool
    claim_level_denials: bool  # whole-claim denials without service lines
    says_denied: bool  # CLP02 = 4 for denials; otherwise 1
    zero_is_denied: bool  # CLP02 = 4 for every zero payment
    crossover: bool  # takes Medicare's forwarded claims as a secondary
    copay: int
    deductible: int
    coinsurance: float
    sister_name: str  # another legal name under which some answers come
    group_numbers: tuple[str, ...] = ()


@dataclass(slots=True)
class PracticeProvider:
    """A rendering provider."""

    index: int
    provider: Provider
    specialty: Specialty
    joined: int  # ordinal of the first day
    weight: float
    care: float  # how often this provider's staff forgets things, around 1


@dataclass(slots=True)
class World:
    """Everything about a practice but its patients."""

    profile: Profile
    calendar: Calendar
    payers: list[PracticePayer]
    providers: list[PracticeProvider]
    referrers: list[Provider]
    billing: Provider
    places: list[Provider]  # service facilities, the office first
    facility: Provider  # where surgery happens
    lapse_hazard: dict[str, Hazard] = field(default_factory=dict)  # by payer type
    primary_hazard: Hazard | None = None  # another payer becomes primary
    laboratory_number: str = ""
    id_style: str = ""
    submitter: str = ""
    receiver: str = ""


def npi(rng: Random) -> str:
    """A random NPI with a valid check digit (Luhn over the prefix 80840; 45 CFR 162.406)."""
    digits = "1" + "".join(str(rng.randrange(10)) for _ in range(8))
    total = 24
    for i, c in enumerate(reversed(digits)):
        n = int(c) * (2 if i % 2 == 0 else 1)
        total += n - 9 if n > 9 else n
    return digits + str(-total % 10)


def address(rng: Random) -> Address:
    """An invented address."""
    city, state, code = rng.choice(names()["cities"])
    street = f"{rng.randrange(1, 9900)} {rng.choice(names()['streets'])}"
    return Address(street, "", city, state, code)


def _person_name(rng: Random) -> tuple[str, str]:
    table = names()
    return rng.choice(table["last"]), rng.choice(table[rng.choice(("first_f", "first_m"))])


def _payer_names(rng: Random, count: int, kind: str, used: set[str]) -> list[str]:
    table = names()
    if kind == "medicare":
        used.add("Medicare")
        return [f"Medicare Part B {rng.choice(('North', 'South', 'East', 'West'))} Region"]
    found: list[str] = []
    while len(found) < count:
        first = rng.choice(table["payer_first"])
        if first not in used:
            used.add(first)
            found.append(f"{first} {rng.choice(table[f'payer_last_{kind}'])}")
    return found


def _payer(
    rng: Random, index: int, kind: PayerType, name: str, turn: int, profile: Profile
) -> PracticePayer:
    payer_id = f"{rng.randrange(10000, 99999)}"
    renamed = rng.random() < 0.5
    remit_name = name.upper() if not renamed else f"{name.split()[0].upper()} ADMINISTRATORS"
    rate = dict(profile.rates).get(kind.name, kind.rate)
    medicare = kind.name == "medicare"
    indicator = kind.filing_indicators[turn % len(kind.filing_indicators)]
    weekday = rng.randrange(5)
    references = (Reference("2U", payer_id),) if renamed or rng.random() < 0.3 else ()
    return PracticePayer(
        index=index,
        type=kind,
        name=name,
        claim_payer=ClaimPayer(name.upper(), "PI", payer_id),
        filing_indicator=indicator,
        remit_name=remit_name,
        remit_id="" if renamed else payer_id,
        address=address(rng),
        originator="1" + f"{rng.randrange(10**8, 10**9)}",
        remit_references=references,
        weight=rng.gammavariate(2.0, 1.0) + 0.15,
        rate=min(0.45, rate * rng.lognormvariate(0.0, 0.0 if medicare else profile.rate_spread)),
        limit_days=rng.choice(kind.limit_days),
        fee=rng.uniform(*kind.fee),
        lag_median=rng.uniform(*kind.lag_days),
        lag_sigma=rng.uniform(0.25, 0.5) if not medicare else 0.1,
        pay_weekdays=(0, 1, 2, 3, 4) if medicare else (weekday, (weekday + 2) % 5),
        id_habit=rng.choices(("", "strip", "truncate", "upper"), (70, 10, 10, 10))[0],
        states_allowed=rng.random() < 0.8,
        keeps_line_numbers=rng.random() < 0.85,
        capitated=indicator == "HM" and rng.random() < 0.6,
        claim_level_denials=rng.random() < 0.3,
        says_denied=rng.random() < 0.75,
        zero_is_denied=rng.random() < 0.2,
        crossover=kind.name in {"commercial", "medicaid"} and rng.random() < 0.7,
        copay=rng.choice((0, 0, 2000, 2500, 3000, 4000)) if kind.name == "commercial" else 0,
        deductible={
            "commercial": rng.choice((50000, 100000, 150000, 300000)),
            "medicare": 25700,
        }.get(kind.name, 0),
        coinsurance={"commercial": rng.choice((0.1, 0.2, 0.2, 0.3)), "medicare": 0.2}.get(
            kind.name, 0.0
        ),
        sister_name=f"{name.split()[0].upper()} LIFE AND CASUALTY",
        group_numbers=tuple(f"{rng.randrange(10000, 999999)}" for _ in range(rng.randint(4, 12))),
    )


def _payers(rng: Random, profile: Profile) -> list[PracticePayer]:
    wanted = rng.randint(*profile.payers)
    types = payer_types()
    counts = {name: kind.count[0] for name, kind in types.items()}
    while sum(counts.values()) < wanted:
        room = [n for n in counts if counts[n] < types[n].count[1] or n == "commercial"]
        counts[rng.choice(room)] += 1
    used: set[str] = set()
    found: list[PracticePayer] = []
    for name, kind in types.items():
        for turn, label in enumerate(_payer_names(rng, counts[name], name, used)):
            found.append(_payer(rng, len(found), kind, label, turn, profile))
    for kind_name in types:  # the aimed rate is an average over the type's patients
        mine = [p for p in found if p.type.name == kind_name]
        total = sum(p.weight for p in mine)
        mean = sum(p.weight * p.rate for p in mine) / total
        aim = dict(profile.rates).get(kind_name, types[kind_name].rate)
        for p in mine:
            p.rate *= aim / mean
    return found


def _providers(rng: Random, profile: Profile, calendar: Calendar) -> list[PracticeProvider]:
    table = specialties()
    wanted = rng.randint(*profile.specialties)
    chosen = ["family_medicine"]
    others = [name for name in table if name != "family_medicine"]
    while len(chosen) < wanted:
        weights = [SPECIALTY_SHARES[n] for n in others]
        pick = rng.choices(others, weights)[0]
        others.remove(pick)
        chosen.append(pick)
    found: list[PracticeProvider] = []
    for name in chosen:
        for _ in range(rng.randint(2, 3) if name != "family_medicine" else rng.randint(3, 5)):
            last, first = _person_name(rng)
            nurse = rng.random() < 0.3
            taxonomy = "363LF0000X" if nurse else table[name].taxonomy
            joined = calendar.start - 4000
            if found and rng.random() < 0.2:
                span = calendar.end - calendar.start
                joined = rng.randint(
                    calendar.start + min(60, span // 6), calendar.end - min(90, span // 4)
                )
            found.append(
                PracticeProvider(
                    len(found),
                    Provider(npi(rng), "1", last.upper(), first.upper(), taxonomy=taxonomy),
                    table[name],
                    joined,
                    SPECIALTY_SHARES[name] * rng.uniform(0.6, 1.4),
                    rng.lognormvariate(-0.125, 0.5),
                )
            )
    return found


def _lapse_hazard(calendar: Calendar, january: float, monthly: float) -> Hazard:
    """Cumulative hazard of losing coverage: steps at month ends, a large one on 1 January."""
    total, steps = 0.0, []
    for day in range(calendar.start - 10, calendar.future_end + 2):
        date = dt.date.fromordinal(day)
        if date.day == 1:
            total += january if date.month == 1 else monthly
        steps.append(total)
    return Hazard(calendar.start - 10, steps)


def draw_world(profile: Profile, calendar: Calendar, rng: Random) -> World:
    """Draw payers, providers and places of a practice."""
    table = names()
    payers = _payers(rng, profile)
    providers = _providers(rng, profile, calendar)
    title = rng.choice(table["practice"]).upper()
    tax_id = f"{rng.randrange(10**8, 10**9)}"
    billing = Provider(
        npi(rng),
        "2",
        title,
        taxonomy="261QM1300X",
        tax_id=tax_id,
        tax_id_qualifier="EI",
        address=address(rng),
    )
    places = [
        Provider(npi(rng), "2", f"{title} {side}", address=address(rng))
        for side in ("MAIN", "NORTH", "WEST")[: rng.randint(1, 3)]
    ]
    referrers = []
    for _ in range(25):
        last, first = _person_name(rng)
        referrers.append(Provider(npi(rng), "1", last.upper(), first.upper()))
    world = World(
        profile,
        calendar,
        payers,
        providers,
        referrers,
        billing,
        places,
        Provider(npi(rng), "2", "COUNTY SURGERY CENTER", address=address(rng)),
    )
    # relative sizes; the level is set by calibration: commercial plans change in January,
    # Medicaid is redetermined through the year, Medicare lasts
    world.lapse_hazard = {
        "commercial": _lapse_hazard(calendar, 6.0, 0.5),
        "medicare_advantage": _lapse_hazard(calendar, 7.0, 0.3),
        "medicaid": _lapse_hazard(calendar, 2.5, 1.0),
        "medicare": _lapse_hazard(calendar, 7.0, 0.3),
    }
    world.primary_hazard = _lapse_hazard(calendar, 3.0, 0.8)
    world.laboratory_number = f"{rng.randrange(10, 40)}D{rng.randrange(10**6, 10**7)}"
    world.id_style = rng.choice(("zeros", "mixed", "long"))
    world.submitter = f"SUB{rng.randrange(10000, 99999)}"
    world.receiver = f"CLH{rng.randrange(1000, 9999)}"
    return world
