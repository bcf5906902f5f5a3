"""X12 written by hand for the tests: the envelope around segments, one per line."""

ISA = (
    "ISA*00*          *00*          *ZZ*SENDER         *ZZ*RECEIVER       "
    "*260305*1200*^*00501*000000007*0*P*:~"
)
GS = "GS*HC*SENDER*RECEIVER*20260305*1200*11*X*005010X222A1~"
HEADER = """
ST*837*0001*005010X222A1
BHT*0019*00*B1*20260304*1200*CH
NM1*41*2*SUBMITTER*****46*SUB1
PER*IC*CONTACT*TE*5550100000
NM1*40*2*CLEARING CO*****46*REC1
HL*1**20*1
PRV*BI*PXC*207Q00000X
NM1*85*2*NORTH CLINIC*****XX*1234567893
N3*1 MAIN ST
N4*DAYTON*OH*454010001
REF*EI*311234567
"""
SUBSCRIBER = """
HL*2*1*22*0
SBR*P*18*G77******CI
NM1*IL*1*DOE*JANE****MI*W123456789
N3*12 OAK ST
N4*DAYTON*OH*45402
DMG*D8*19700203*F
NM1*PR*2*ACME HEALTH*****PI*60054
"""
CLAIM = """
CLM*A1*125***11:B:1*Y*A*Y*Y
HI*ABK:E119
LX*1
SV1*HC:99213:25*125*UN*1***1
DTP*472*D8*20260302
"""


def segments(*parts: str) -> list[str]:
    """The segments of all parts, without line ends."""
    return [x.strip() for part in parts for x in part.strip().splitlines() if x.strip()]


def interchange(*parts: str, tail: str = "GE*1*11~IEA*1*000000007~") -> bytes:
    """One ISA and GS around one transaction of ``parts``; its SE is added, count included."""
    inside = segments(*parts)
    body = "~".join(inside) + f"~SE*{len(inside) + 1}*0001~"
    return (ISA + GS + body + tail).encode()
