"""Pre-submission edits: time a claim of six lines, memory of the NCCI pairs, time to load.

Beside the pairs, on the same claims: what a first version would do, a dictionary by pair of
codes and a pandas frame indexed by them. Tables are made up, as large as CMS's; ``--tables
FOLDER`` takes the CSV and Parquet forms of the real ones instead.
"""

import datetime as dt
import os
import random
import tempfile
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pandas as pd

from benchmarks.harness import arguments, in_fresh_process, interleaved, report
from models.claims.claim import Claim, Diagnosis, Payer, Person, Provider, ServiceLine
from models.claims.common import Address
from models.codes.icd10cm import SHIPPED, Icd10cm, load_icd10cm
from models.codes.store import tables_folder, versions
from models.edits import EditTables, check_claim
from models.edits.importing import import_table
from models.edits.pairs import open_pairs

PAIRS, CODES, CLAIMS, LINES = 1_000_000, 15_000, 2_000, 6
DAY = dt.date(2026, 3, 2)
REAL = {
    "ncci": ("ncci_ptp_active.parquet",),
    "mue": ("mue_practitioner.csv",),
    "addon": ("addon_codes.csv",),
    "mpfs": ("mpfs_indicators.csv",),
    "hcpcs": ("hcpcs_level2_desc.csv", "modifiers_hcpcs.csv"),
}


def make_tables(folder: Path) -> None:
    """Made-up tables of CMS's size, in the CSV forms."""
    rng = random.Random(7)
    codes = [f"{n:05}" for n in rng.sample(range(10_000, 99_999), CODES)]
    pairs: set[tuple[str, str]] = set()
    while len(pairs) < PAIRS:
        # As in CMS's file, some column one codes have thousands of pairs and most have few.
        pairs.add((codes[int(CODES * rng.random() ** 2)], rng.choice(codes)))
    with (folder / "ncci_ptp_active.csv").open("w") as file:
        file.write("column1,column2,modifier_indicator,rationale\n")
        file.writelines(f"{a},{b},{rng.random() < 0.7:d},Misuse\n" for a, b in sorted(pairs))
    with (folder / "mue_practitioner.csv").open("w") as file:
        file.write("hcpcs_code,mue_units,mue_mai,mue_rationale\n")
        file.writelines(f"{c},{rng.randint(1, 9)},{rng.randint(1, 3)},Policy\n" for c in codes)
    with (folder / "addon_codes.csv").open("w") as file:
        file.write("primary_code,add_on_code,aoc_edit_type\n")
        file.writelines(f"{rng.choice(codes)},{c},1\n" for c in codes[:1000] for _ in range(7))
    with (folder / "mpfs_indicators.csv").open("w") as file:
        file.write(
            "hcpcs_code,mod,status,pctc,glob,mult_proc,bilat_surg,asst_surg,co_surg,team_surg\n"
        )
        file.writelines(f"{c},,A,0,XXX,0,1,2,1,1\n" for c in codes)
    with (folder / "hcpcs_level2_desc.csv").open("w") as file:
        file.write("hcpcs_code,hcpcs_desc_type,hcpcs_description\n")
        file.writelines(f"J{n:04},Long,made up\n" for n in range(8_000))


def import_all(folder: Path, home: Path) -> None:
    """Import every table of a folder."""
    for kind, names in REAL.items():
        for name in names:
            path = folder / name
            path = path if path.exists() else path.with_suffix(".csv")
            if path.exists():
                import_table(kind, path, home=home)


def make_claims(codes: list[str], seed: int) -> list[Claim]:
    """Claims of six lines; a quarter has modifiers, diagnoses are real codes."""
    rng = random.Random(seed)
    diagnoses = rng.sample(list(load_icd10cm().codes()), 2_000)
    frequent = rng.sample(codes, 400)  # a practice bills some hundred codes
    person = Person("DOE", "JANE", member_id="M1", birth_date=dt.date(1960, 5, 4), sex="F")
    billing = Provider(
        "1234567893", "2", "CLINIC", taxonomy="207Q00000X", tax_id="123456789",
        address=Address("1 MAIN ST", "", "SPRINGFIELD", "IL", "62701"),
    )  # fmt: skip
    claims = []
    for number in range(CLAIMS):
        lines = tuple(
            ServiceLine(
                n,
                rng.choice(frequent),
                Decimal(100),
                modifiers=("59",) if rng.random() < 0.25 else (),
                pointers=(1, 2),
                service_date=DAY,
            )
            for n in range(1, LINES + 1)
        )
        claims.append(
            Claim(
                claim_id=f"C{number}",
                charge=Decimal(100 * LINES),
                submitted=DAY + dt.timedelta(7),
                filing_indicator="MB",
                payer=Payer("MEDICARE", "PI", "MCR1"),
                subscriber=person,
                patient=person,
                billing=billing,
                rendering=Provider("1003000126", "1", "ROE"),
                place_of_service="11",
                assignment="A",
                diagnoses=tuple(Diagnosis("ABK", c) for c in rng.sample(diagnoses, 4)),
                lines=lines,
            )
        )
    return claims


def resident() -> float:
    """Resident memory of this process in MB now."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def ncci_folder(home: Path) -> Path:
    """Where the pairs are stored."""
    return next(path for _, path in versions(tables_folder(home), "ncci", "medicare"))


def memory_of_table(home: Path) -> float:
    """MB that the mapped pairs take once every page of them was touched."""
    before = resident()
    table = open_pairs(ncci_folder(home))
    assert sum(1 for _ in table.rows()) == len(table)
    return resident() - before


def load_dictionary(home: Path) -> dict[tuple[str, str], int]:
    """Pairs as a dictionary."""
    return {(a, b): row.indicator for a, b, row in open_pairs(ncci_folder(home)).rows()}


def load_frame(home: Path) -> pd.DataFrame:
    """Pairs as a frame, indexed and sorted by both codes."""
    rows = [(a, b, row.indicator) for a, b, row in open_pairs(ncci_folder(home)).rows()]
    frame = pd.DataFrame(rows, columns=["first", "second", "indicator"])
    return frame.set_index(["first", "second"]).sort_index()


def memory_of(load: Callable[[Path], object], home: Path) -> float:
    """MB that a baseline's table takes."""
    before = resident()
    held = load(home)
    after = resident()
    del held
    return after - before


def time_to_load(home: Path) -> tuple[float, float]:
    """Milliseconds for ICD-10-CM, and for every table."""
    begun = time.process_time()
    Icd10cm(SHIPPED)
    middle = time.process_time()
    EditTables.load(home)
    return 1000 * (middle - begun), 1000 * (time.process_time() - middle)


def with_dictionary(claims: list[Claim], table: dict[tuple[str, str], int]) -> int:
    """Pairs found by the dictionary: PTP alone, nothing else checked."""
    found = 0
    for claim in claims:
        codes = [line.code for line in claim.lines]
        found += sum((a, b) in table for a in codes for b in codes if a != b)
    return found


def with_frame(claims: list[Claim], table: pd.DataFrame) -> int:
    """Pairs found by the frame's sorted index."""
    found = 0
    for claim in claims:
        codes = {line.code for line in claim.lines}
        pairs = [(a, b) for a in codes for b in codes if a != b]
        found += sum(pair in table.index for pair in pairs)
    return found


def main() -> None:
    parser = arguments(__doc__ or "")
    parser.add_argument("--tables", type=Path, help="folder with the CSV and Parquet forms")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        home, source = Path(name), options.tables
        if source is None:
            source = home / "source"
            source.mkdir()
            make_tables(source)
        begun = time.process_time()
        import_all(source, home)
        imported = time.process_time() - begun
        table_mb, _ = in_fresh_process(memory_of_table, home)
        dictionary_mb, _ = in_fresh_process(memory_of, load_dictionary, home)
        frame_mb, _ = in_fresh_process(memory_of, load_frame, home)
        (icd10_ms, load_ms), process_mb = in_fresh_process(time_to_load, home)

        os.environ["FIRSTPASS_HOME"] = name
        tables = EditTables.load()
        pairs = open_pairs(ncci_folder(home))
        claims = make_claims(list(pairs.numbers), seed=1)
        edits = sum(len(check_claim(claim, tables)) for claim in claims)
        few, dictionary, frame = claims[:100], load_dictionary(home), load_frame(home)
        seconds = interleaved(
            {
                "all": lambda: [check_claim(claim, tables) for claim in claims],
                "dictionary": lambda: with_dictionary(claims, dictionary),
                "frame": lambda: with_frame(few, frame),
            },
            options.rounds,
        )
    claim_us = 1e6 * seconds["all"] / CLAIMS
    frame_us = 1e6 * seconds["frame"] / len(few)
    report(
        "edits",
        options.json,
        {
            "microseconds a claim of six lines, every edit": claim_us,
            "edits found a claim": edits / CLAIMS,
            "NCCI pairs": len(pairs),
            "MB of the NCCI pairs, every page touched": table_mb,
            "ms to load ICD-10-CM": icd10_ms,
            "ms to load every table": load_ms,
            "MB of a process with every table": process_mb,
            "s to import every table": imported,
        },
        {
            "dictionary: microseconds, pairs alone": 1e6 * seconds["dictionary"] / CLAIMS,
            "dictionary: MB": dictionary_mb,
            "pandas: microseconds, pairs alone": frame_us,
            "pandas: MB": frame_mb,
        },
        {
            "dictionary's memory / ours": dictionary_mb / max(table_mb, 0.1),
            "pandas's memory / ours": frame_mb / max(table_mb, 0.1),
            "pandas's time for pairs / ours for every edit": frame_us / claim_us,
        },
    )


if __name__ == "__main__":
    main()
