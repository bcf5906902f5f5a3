"""Fixes: the list is closed, and what is said of each is what the model says."""

import datetime as dt
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.claims.claim import Claim, Diagnosis, OtherPayer, Payer
from models.claims.common import Reference
from models.codes.icd10cm import load_icd10cm
from models.denial.amounts import AllowedAmounts, CarcShares
from models.denial.attributes import INDEX
from models.denial.category import Background, CategoryModel, Cause, ChainPlan, HazardModel
from models.denial.cells import NODES, CellChain, CellLevel, logit
from models.denial.changes import CHANGES, STAND_IN, siblings
from models.denial.explain import Explainer
from models.denial.features import FeatureEncoder, RowMaker, Vocabulary
from models.denial.fixes import MOST_FIXES, load_fix_kinds
from models.denial.model import DenialModel
from models.denial.past import Past
from models.edits import AcceptedRule, Edit, EditTables, PayerRuleBook, Severity
from models.measure.calibration import calibrator_from_dict
from tests.models.denial.claims import DAY, a_claim, a_line, authorized
from tests.models.edits.test_payer_rules import RULE

CODES = ("99213", "99203", "20610", "73721", "80053", "J1100", "97110")
DIAGNOSES = ("M25569", "M25561", "E119", "I10", "E785", "S83509A")


@st.composite
def any_claims(draw: st.DrawFn) -> Claim:
    diagnoses = tuple(
        Diagnosis("ABK", code)
        for code in draw(st.lists(st.sampled_from(DIAGNOSES), max_size=4, unique=True))
    )
    lines = tuple(
        a_line(
            draw(st.sampled_from(CODES)),
            number=n,
            charge=Decimal(draw(st.integers(0, 500))),
            units=Decimal(draw(st.integers(1, 5))),
            modifiers=tuple(draw(st.lists(st.sampled_from(("25", "95", "RT", "GP")), max_size=4))),
            pointers=tuple(draw(st.lists(st.integers(0, 5), max_size=4))),
            place_of_service=draw(st.sampled_from(("", "10", "11"))),
        )
        for n in range(1, draw(st.integers(0, 4)) + 1)
    )
    other = OtherPayer("S", "18", payer=Payer("OTHER", "PI", "P2"), filing_indicator="MB")
    return a_claim(
        diagnoses=diagnoses,
        lines=lines,
        frequency=draw(st.sampled_from("178")),
        filing_indicator=draw(st.sampled_from(("CI", "MB", "16"))),
        place_of_service=draw(st.sampled_from(("02", "10", "11", ""))),
        references=draw(st.sampled_from(((), (Reference("G1", "0000"),)))),
        other_payers=draw(st.sampled_from(((), (other,)))),
    )


@settings(deadline=None)
@given(any_claims())
def test_no_change_adds_removes_or_raises_anything(claim):
    icd10 = load_icd10cm()
    for kind, find in CHANGES.items():
        for change in find(claim, icd10):
            assert change.variants
            for new in change.variants:
                assert new != claim, kind
                assert (new.claim_id, new.charge, new.submitted) == (
                    claim.claim_id,
                    claim.charge,
                    claim.submitted,
                )
                assert (new.billing, new.patient) == (claim.billing, claim.patient)
                assert len(new.lines) == len(claim.lines)
                for before, after in zip(claim.lines, new.lines, strict=True):
                    for field in ("number", "code", "charge", "units", "unit_basis",
                                  "service_date", "service_date_end", "rendering"):  # fmt: skip
                        assert getattr(before, field) == getattr(after, field), kind
                    lost = set(before.modifiers) - set(after.modifiers)
                    assert lost <= ({"95"} if kind == "no_modifier_95" else set())
                    assert len(after.modifiers) <= max(4, len(before.modifiers))
                assert len(new.diagnoses) == len(claim.diagnoses)
                for old, replaced in zip(claim.diagnoses, new.diagnoses, strict=True):
                    if old != replaced:
                        assert kind == "specific_diagnosis"
                        assert replaced.code in list(siblings(old.code))


def test_the_list_is_closed_and_each_kind_says_when_it_is_allowed():
    assert set(CHANGES) == set(load_fix_kinds())
    for kind in load_fix_kinds().values():
        assert kind.allowed_if.startswith("only ")
        assert kind.change and kind.source and kind.categories
    added = {"add_service", "delete_service", "add_diagnosis", "higher_level", "units", "charge"}
    assert added.isdisjoint(CHANGES)


def a_chain(column: int, share_of: dict[int, float], root: float = 0.01) -> CellChain:
    """A chain of one attribute with the given denial rate for some of its values."""
    keys = np.array(sorted(share_of), np.int64)
    shares = np.array([share_of[k] for k in sorted(share_of)])
    size = np.full(len(keys), 50.0)
    low = float(logit(np.array(root)))
    level = CellLevel(keys, logit(shares), size, shares * size, np.full(len(NODES), low))
    return CellChain((column,), (64,), low, [level])


def a_model() -> DenialModel:
    """Denies three in five claims without an authorization number, and hardly any with one."""
    vocabulary = Vocabulary()
    past = Past(b"0" * 16)
    encoder = FeatureEncoder(RowMaker(past.overlay(), {"": 365}), vocabulary)
    encoder.encode([a_claim(), authorized()], grow=True)
    column = INDEX["authorization"]
    rates = {
        vocabulary.number("authorization", "none"): 0.6,
        vocabulary.number("authorization", "given"): 0.02,
    }
    chain = a_chain(column, rates)
    flat = a_chain(INDEX["payer"], {1: 0.01})
    hazards = HazardModel(
        Background(
            Cause(ChainPlan((INDEX["payer"],), None), flat, [flat]),
            INDEX["payer"],
            np.full((8, 1), 1.0),
        ),
        [
            CategoryModel(
                "authorization", "line", [Cause(ChainPlan((column,), None), chain, [flat])]
            )
        ],
    )
    return DenialModel(
        vocabulary=vocabulary,
        filing_limits={"": 365},
        hazards=hazards,
        calibrator=calibrator_from_dict({"kind": "beta", "a": 1.0, "b": 1.0, "c": 0.0}),
        allowed=AllowedAmounts({}, 0.5),
        carcs=CarcShares({}),
        explainer=Explainer(np.array([0.05])),
        past=past,
        base_rates={"": 0.1},
        thresholds={},
    )


MODEL = a_model()


@pytest.fixture
def model() -> DenialModel:
    return MODEL


def fixes(model, claims, edits=None, tables=None, threshold=0.3):
    risks = model.session().score_batch(claims, factors=False)
    session = model.fixes(tables or EditTables())
    return risks, session.fixes(claims, risks, edits or [[] for _ in claims], threshold)


def test_a_fix_says_what_the_model_would_say_and_what_it_protects(model):
    [risk], [found] = fixes(model, [a_claim()])
    fix = next(x for x in found if x.kind == "authorization_number")
    [changed] = model.session().score_batch([authorized()], factors=False)
    assert fix.denial_probability == pytest.approx(changed.denial_probability)
    drop = risk.denial_probability - changed.denial_probability
    assert fix.protects == pytest.approx(drop * risk.expected_allowed, abs=0.01)
    assert fix.allowed_if.startswith("only if the payer authorized")
    assert (fix.path, fix.line, fix.because) == ("/references", None, ("authorization",))
    assert STAND_IN not in msgspec.json.encode(found).decode()


def test_claims_below_the_threshold_and_sound_ones_have_none(model):
    _, [below, sound] = fixes(model, [a_claim(), authorized("A2")], threshold=0.99)
    assert below == sound == []
    _, [sound] = fixes(model, [authorized()], threshold=0.0)
    assert "authorization_number" not in [x.kind for x in sound]


def test_a_fix_is_scored_beside_the_claims_before_it_and_not_beside_itself(model):
    claims = [a_claim(f"A{n}", submitted=DAY + dt.timedelta(n)) for n in range(1, 4)]
    _, together = fixes(model, claims)
    for place in range(3):
        session = model.session()
        if place:
            session.score_batch(claims[:place], factors=False)
        changed = msgspec.structs.replace(claims[place], references=(Reference("G1", "AUTH123"),))
        [risk] = session.score_batch([changed], factors=False)
        fix = next(x for x in together[place] if x.kind == "authorization_number")
        assert fix.denial_probability == pytest.approx(risk.denial_probability)


def test_edits_and_accepted_rules_ask_for_fixes(model):
    visit = a_claim(
        lines=(a_line("99213"), a_line("20610", number=2)), references=authorized().references
    )
    edit = Edit("ncci.modifier", Severity.ERROR, "/lines/0/modifiers", "", "", "")
    own = Edit("payer_rule.7", Severity.WARNING, "/references", "", "", "")
    tables = EditTables(payer_rules=PayerRuleBook([AcceptedRule(7, RULE)]))
    _, [found] = fixes(model, [visit], [[edit]], threshold=0.0)
    assert [(x.kind, x.line, x.because) for x in found if x.kind == "modifier_25"] == [
        ("modifier_25", 1, ("ncci.modifier",))
    ]
    _, [found] = fixes(model, [a_claim()], [[own]], tables, threshold=0.0)
    fix = next(x for x in found if x.kind == "authorization_number")
    assert fix.because == ("payer_rule.7",)


@settings(deadline=None)
@given(any_claims())
def test_any_claim_has_few_fixes_and_none_that_makes_it_worse(claim):
    [risk], [found] = fixes(MODEL, [claim], threshold=0.0)
    assert len(found) <= MOST_FIXES
    assert all(x.denial_probability <= risk.denial_probability for x in found)
    assert [x.protects for x in found] == sorted((x.protects for x in found), reverse=True)
