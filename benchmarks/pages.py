"""How fast pages answer with 100,000 claims and 20,000 notes stored: milliseconds at the median.

The store holds a simulated practice of that size, half of its claims scored, all of them answered,
posted and worked in (denials, balances, KPIs), beside it 5,000 drafts with their scores and 20,000
notes with their suggestions; every page is asked for in turns, in this process, without network.
The target is 150 ms for each. Beside it: `/healthz`, which does nothing but answer.
"""

import asyncio
import datetime as dt
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec

from benchmarks.harness import arguments, report
from models.claims.claim import Claim, Diagnosis
from models.claims.x12.context import Item
from models.coding.assertion import Assertion
from models.coding.notes_file import NoteRecord
from models.coding.suggestion import Evidence, Suggestion
from models.denial.risk import DenialRisk, Factor
from serving.api.examples import CLAIM
from serving.app import create_app
from serving.settings import Settings
from serving.store.draft_list import DraftFilter
from serving.store.draft_types import Assessment
from serving.store.intake import Transmission
from serving.store.notes import QueueFilter, Reading
from serving.store.records import ScoreRecord
from serving.store.store import Store, open_store
from serving.store.working import work_in
from serving.store.worklist import WorkFilter
from training.simulate import simulate

CLAIMS, NOTES, DRAFTS = 100_000, 20_000, 5_000
TARGET_MS = 150.0
TEXT = (
    "CC: follow-up\nHISTORY OF PRESENT ILLNESS: feels well, walks daily, no chest pain.\n"
    "ASSESSMENT AND PLAN:\n1. Essential hypertension, at goal.\n2. Type 2 diabetes with"
    " nephropathy.\n"
) * 8
PAYERS = ("60054", "87726", "61101", "04412", "62308")


def claims(count: int, begin: int = 0) -> Iterator[Claim]:
    """Claims that differ in number, patient, payer and day."""
    base = msgspec.convert(CLAIM, Claim, strict=False)
    for number in range(begin, begin + count):
        day = dt.date(2025, 1, 1) + dt.timedelta(days=number % 500)
        line = msgspec.structs.replace(base.lines[0], service_date=day, pointers=(1,))
        patient = msgspec.structs.replace(base.patient, member_id=f"M{number % 9000}")
        yield msgspec.structs.replace(
            base,
            claim_id=f"B{number:07}",
            submitted=day,
            charge=Decimal(90 + number % 300),
            patient=patient,
            subscriber=patient,
            payer=msgspec.structs.replace(base.payer, id=PAYERS[number % len(PAYERS)]),
            diagnoses=(Diagnosis("ABK", "E1121"),),
            lines=(line,),
        )


def file_practice(store: Store, count: int) -> None:
    """A practice's claims with their answers, half of them scored, and all that follows."""
    practice = simulate("typical", count, 18, 1)
    own = practice.claims()
    scored = [
        ScoreRecord(claim=x, risk=assessment(x.claim_id, i).risk, threshold=0.5, risky=i % 97 > 49)
        for i, x in enumerate(own[::2])
    ]
    for begin in range(0, len(scored), 1000):
        store.scores.add(scored[begin : begin + 1000])
    items: list[Item] = [*own, *practice.acknowledgements, *practice.payments]
    store.intake.load(items, Transmission("practice", b"p" * 32, 1))
    for name in store.outcomes.practices():
        print(f"working in {len(own):,} claims", file=sys.stderr, flush=True)
        work_in(store, name)


def fill(store: Store, size: float) -> None:
    """Store everything; ``size`` is a share of the full numbers, for a quick try."""
    file_practice(store, int(CLAIMS * size))
    store.drafts.load(claims(int(DRAFTS * size), CLAIMS), "bench", "bench")
    waiting = store.drafts.to_score("none", DRAFTS)
    for begin in range(0, len(waiting), 500):
        store.drafts.keep(
            [
                (x, assessment(x.claim.claim_id, i))
                for i, x in enumerate(waiting[begin : begin + 500])
            ]
        )
    records = [
        NoteRecord(
            id=f"N{i}",
            text=TEXT,
            date=dt.date(2026, 1, 1) + dt.timedelta(days=i % 90),
            specialty=("cardiology", "family_medicine", "pain_medicine")[i % 3],
            claim_id=f"B{CLAIMS + i % DRAFTS:07}",
        )
        for i in range(int(NOTES * size))
    ]
    store.notes.load(records)
    reading = Reading([suggestion(i) for i in range(12)])
    while unread := store.notes.to_suggest("1", 500):
        store.notes.keep_readings([(x, reading) for x in unread], "1")


def assessment(claim_id: str, number: int) -> Assessment:
    """What a model would say."""
    p = number % 97 / 100
    factors = [
        Factor("lines[].code", f"reason {i}", 0.4 - i / 9, "authorization") for i in range(8)
    ]
    risk = DenialRisk(
        claim_id=claim_id,
        denial_probability=p,
        expected_loss=p * 120,
        expected_allowed=120.0,
        base_rate=0.11,
        category="authorization",
        category_probability=p,
        categories={"authorization": p},
        carcs=[],
        factors=factors,
        lines=[],
        flags=[],
        model_version="1",
        history_version="bench",
    )
    return Assessment("bench", risk, [], [], round(p * 120, 2), "a reason", None)


def suggestion(number: int) -> Suggestion:
    """One of a note's suggestions."""
    begin = TEXT.index("Essential") + number
    evidence = Evidence(begin, begin + 9, TEXT[begin : begin + 9])
    return Suggestion(
        "ICD-10-CM", f"I{10 + number}", "words", 0.9 - number / 15, Assertion.PRESENT, (evidence,)
    )


async def measure(home: Path, store: Store, rounds: int) -> dict[str, float]:
    """Median milliseconds of each page."""
    settings = Settings(home=home, helpers="shared", start_seconds=0.0, log_level="error")
    app = create_app(settings)
    draft = store.draft_list.page(None, DraftFilter(), today=dt.date.today(), limit=1)[0].token
    note = store.notes.queue(None, QueueFilter(), limit=1)[0].token
    work = store.worklist.page(None, WorkFilter(), limit=1).lines[0]
    pages = {
        "healthz": "/healthz",
        "worklist": "/worklist",
        "worklist, filtered": f"/worklist?payer={PAYERS[1]}&age=30",
        "worklist, last page": "/worklist?page=50",
        "claim": f"/claims/{draft}",
        "submitted claim": "/claims/filed/77",
        "review": f"/review/{note}",
        "review, by specialty": f"/review/{note}?specialty=cardiology",
        "presence": f"/review/{note}/presence?revision=0",
        "code search": f"/review/{note}/search?q=diabetes+neph&system=ICD-10-CM",
        "rules": "/rules",
        "models": "/models",
        "denials": "/denials",
        "denials, filtered": "/denials?category=authorization",
        "denial": f"/denials/{work.key}",
        "ledger": "/ledger",
        "ledger, claim": f"/ledger/claims/{work.claim_id}",
        "receivables": "/ledger/receivables",
        "deposits": "/ledger/deposits",
        "suspense": "/ledger/suspense",
        "balances": "/balances",
        "claims without an answer": "/balances/unanswered",
        "performance": "/performance",
        "performance, one payer": "/performance?payer=14897",
        "one figure": "/performance/initial_denial_rate",
        "audit log": "/administration/audit",
    }
    transport = httpx.ASGITransport(app=app)
    taken: dict[str, list[float]] = {name: [] for name in [*pages, "decision"]}
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client,
    ):
        first = await client.get(pages["review"], headers={"accept": "text/html"})
        token = re.findall(r'"X-CSRF-Token":"([^"]+)"', first.text)[0]
        await client.get(pages["code search"])  # builds the index, as a service does at its start
        for _ in range(rounds):
            for name, path in pages.items():
                begun = time.perf_counter()
                answer = await client.get(path, headers={"accept": "text/html"})
                taken[name].append((time.perf_counter() - begun) * 1000)
                assert answer.status_code == 200, (name, answer.status_code)
            form = {"csrf": token, "kind": "accept", "system": "ICD-10-CM", "code": "I10"}
            begun = time.perf_counter()
            answer = await client.post(
                f"/review/{note}/decide", data=form, headers={"hx-request": "true"}
            )
            taken["decision"].append((time.perf_counter() - begun) * 1000)
            assert answer.status_code == 200
    return {name: round(statistics.median(x), 1) for name, x in taken.items()}


def main() -> None:
    parser = arguments("Milliseconds that pages take with 100,000 claims and 20,000 notes stored.")
    parser.add_argument("--size", type=float, default=1.0, help="share of those numbers")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        store = open_store(home / "state")
        fill(store, given.size)
        figures = asyncio.run(measure(home, store, max(7, given.rounds)))
        store.close()
    quickest = figures.pop("healthz")
    report(
        "pages",
        given.json,
        {f"{name} ms": value for name, value in figures.items()},
        {"healthz ms": quickest, "target ms": TARGET_MS},
        {"slowest page / target": round(max(figures.values()) / TARGET_MS, 2)},
    )


if __name__ == "__main__":
    main()
