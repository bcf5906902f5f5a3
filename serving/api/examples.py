"""Synthetic bodies for the published description; the tests send every one of them."""

from typing import Any

CLAIM: dict[str, Any] = {
    "claim_id": "EXAMPLE-1",
    "charge": "310.00",
    "submitted": "2026-03-09",
    "filing_indicator": "CI",
    "payer": {"name": "EXAMPLE HEALTH PLAN", "id_qualifier": "PI", "id": "99999"},
    "subscriber": {"last_name": "EXAMPLE", "first_name": "PAT", "member_id": "000000001"},
    "patient": {
        "last_name": "EXAMPLE",
        "first_name": "PAT",
        "birth_date": "1970-01-01",
        "sex": "F",
    },
    "billing": {"npi": "1999999984", "tax_id": "999999999", "name": "EXAMPLE PRACTICE"},
    "rendering": {"npi": "1999999992", "entity": "1", "taxonomy": "207Q00000X"},
    "place_of_service": "11",
    "diagnoses": [
        {"qualifier": "ABK", "code": "E119"},
        {"qualifier": "ABF", "code": "I10"},
    ],
    "lines": [
        {
            "number": 1,
            "code": "99213",
            "charge": "150.00",
            "modifiers": ["25"],
            "pointers": [1, 2],
            "service_date": "2026-03-02",
        },
        {
            "number": 2,
            "code": "83036",
            "charge": "160.00",
            "pointers": [1],
            "service_date": "2026-03-02",
        },
    ],
}

SCORE_BODIES: dict[str, Any] = {
    "one claim": {"claim": CLAIM},
    "one claim, with factors of each line": {"claim": CLAIM, "lines": True},
    "one claim, with fixes and without factors": {"claim": CLAIM, "factors": False, "fixes": True},
    "several claims, without factors": {
        "claims": [CLAIM, {**CLAIM, "claim_id": "EXAMPLE-2"}],
        "factors": False,
    },
}

NOTE: dict[str, Any] = {
    "id": "EXAMPLE-NOTE-1",
    "text": (
        "HPI: Established patient. Follow up of blood pressure. Denies chest pain.\n"
        "FAMILY HX: Mother with diabetes.\n"
        "ASSESSMENT AND PLAN:\n"
        "1. Essential hypertension - not at goal. Increase lisinopril to 40 mg daily.\n"
        "2. Right knee pain - improving. OTC naproxen.\n"
        "Total time today 32 minutes."
    ),
    "date": "2026-03-02",
}

NOTE_BODIES: dict[str, Any] = {
    "a note": {"note": NOTE, "limit": 10},
    "a note and the draft claim": {
        "note": {
            **NOTE,
            "claim": {
                "diagnoses": ["I10", "M25.569", "E11.9"],
                "lines": [{"code": "99213", "modifiers": [], "pointers": [1, 2]}],
            },
        }
    },
}

NOTE_BATCHES: dict[str, Any] = {
    "two notes": {"notes": [NOTE, {**NOTE, "id": "EXAMPLE-NOTE-2"}], "systems": ["ICD-10-CM"]},
}
