"""Hand-written X12 for the history's tests: envelopes here, the telling segments in the tests."""

import datetime as dt
from collections.abc import Iterator
from io import BytesIO

from models.claims.x12 import Item, read_x12
from models.history import ClaimHistory, HistoryOptions, Submission, build_history

LATER = dt.date(2026, 12, 31)


def _file(kind: str, version: str, body: str, number: int = 1) -> str:
    count = body.count("~") + 2
    return (
        "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       *260101*1200*^*00501"
        f"*{number:09d}*0*T*:~GS*{kind}*SENDER*RECEIVER*20260101*1200*{number}*X*{version}~"
        f"ST*{_SETS[kind]}*0001*{version}~{body}SE*{count}*0001~GE*1*{number}~IEA*1*{number:09d}~"
    )


_SETS = {"HC": "837", "HP": "835", "HN": "277"}


def filed(
    account: str,
    day: str,
    *lines: str,
    charge: str = "",
    served: str = "20260102",
    payer: str = "NM1*PR*2*ACME HEALTH*****PI*60054~",
    role: str = "P",
    filing: str = "CI",
    frequency: str = "1",
    member: str = "W1",
    born: str = "19700101",
    claim_segments: str = "",
    other_payer: str = "",
    npi: str = "1999996666",
    number: int = 1,
) -> str:
    """An 837P with one claim; ``lines`` are SV1 elements 01 and 02 or whole line segments."""
    body = ""
    total = 0.0
    for i, line in enumerate(lines, 1):
        segments = line if "~" in line else f"SV1*HC:{line}*UN*1***1~DTP*472*D8*{served}~"
        total += float(segments.split("*")[2])
        body += f"LX*{i}~{segments}"
    return _file(
        "HC",
        "005010X222A1",
        f"BHT*0019*00*1*{day}*1200*CH~NM1*41*2*PRACTICE*****46*S1~PER*IC*DESK*TE*5550100000~"
        "NM1*40*2*HOUSE*****46*R1~HL*1**20*1~"
        f"NM1*85*2*PRACTICE*****XX*{npi}~N3*1 MAIN ST~N4*TOWN*OH*43004~REF*EI*123456789~"
        f"HL*2*1*22*0~SBR*{role}*18*******{filing}~"
        f"NM1*IL*1*DOE*JAN****MI*{member}~N3*2 ELM ST~N4*TOWN*OH*43004~DMG*D8*{born}*F~{payer}"
        f"CLM*{account}*{charge or total:{'' if charge else 'g'}}***11:B:{frequency}*Y*A*Y*Y~"
        f"{claim_segments}HI*ABK:J069~{other_payer}{body}",
        number,
    )


def remitted(
    day: str,
    segments: str,
    *,
    payer: str = "ACME HEALTH",
    originator: str = "1351840597",
    trace: str = "",
    produced: str = "",
    payer_segments: str = "",
    number: int = 1,
    amount: str = "0",
) -> str:
    """An 835 with the given claim payments (CLP and below)."""
    when = f"DTM*405*{produced}~" if produced else ""
    return _file(
        "HP",
        "005010X221A1",
        f"BPR*I*{amount}*C*ACH*CCP*01*999999999*DA*1*1512345678**01*999988880*DA*2*{day}~"
        f"TRN*1*{trace or 'T' + day + originator}*{originator}~{when}N1*PR*{payer}~"
        f"N3*9 PAYER ST~N4*TOWN*OH*43004~{payer_segments}PER*BL*DESK*TE*5550100001~"
        f"N1*PE*PRACTICE*XX*1999996666~LX*1~{segments}",
        number,
    )


def acknowledged(account: str, day: str, category: str, *, number: int = 1) -> str:
    """A 277CA that accepts (A1, A2) or rejects (A3, A7, ...) one claim."""
    action = "U" if category in ("A3", "A4", "A6", "A7", "A8") else "WQ"
    return _file(
        "HN",
        "005010X214",
        f"BHT*0085*08*1*{day}*1200*TH~HL*1**20*1~NM1*AY*2*HOUSE*****46*R1~TRN*1*1~"
        f"DTP*050*D8*{day}~DTP*009*D8*{day}~HL*2*1*21*1~NM1*41*2*PRACTICE*****46*S1~TRN*2*1~"
        f"STC*A1:19*{day}*WQ*0~HL*3*2*19*1~NM1*85*2*PRACTICE*****XX*1999996666~TRN*1*1~"
        f"HL*4*3*PT~NM1*QC*1*DOE*JAN****MI*W1~TRN*2*{account}~STC*{category}:20*{day}*{action}*0~",
        number,
    )


def read(*files: str) -> Iterator[Item]:
    """Items of the files, each under a name of its own."""
    for i, text in enumerate(files):
        yield from read_x12(BytesIO(text.encode()), name=f"file{i}.edi")


def history(*files: str, options: HistoryOptions | None = None) -> ClaimHistory:
    """The history in these files, as of a day by which everything is mature."""
    return build_history(read(*files), options or HistoryOptions(as_of=LATER))


def only(*files: str) -> Submission:
    """The one submission in these files."""
    submissions = history(*files).submissions
    assert len(submissions) == 1
    return submissions[0]
