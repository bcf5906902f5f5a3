"""Little files in the layouts of CMS, the AMA and X12, with made-up content."""

import io
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

NOTICE = "CPT only copyright 2025 American Medical Association. All rights reserved."

NCCI_TXT = "\r\n".join(
    [
        f'"{NOTICE}"',
        "Column1/Column2 Edits",
        "\t\t*=in existence prior to 1996\tEffective Date\tDeletion Date\tModifier\t"
        "PTP Edit Rationale",
        "Column 1\tColumn 2\t\t\t*=no data\t0=not allowed 1=allowed 9=not applicable\t",
        "11042\t36000\t\t20200101\t*\t0\tStandards of medical / surgical practice",
        "20610\t11042\t*\t19960101\t20251231\t1\tMisuse of Column Two code with Column One code",
        "20610\t99213\t\t20200101\t20200101\t9\tWithdrawn",
        "20610\t99214\t\t2020XX01\t*\t1\tdate is broken",
        "20610\tTOTAL\t\t20200101\t*\t1\tnot a code",
    ]
)
NCCI_SHEET = [
    [NOTICE],
    ["Column1/Column2 Edits"],
    ["Column 1", "Column 2", "* = in existence prior to 1996", "Effective Date",
     "Deletion Date *=no data", "Modifier 0=not allowed 1=allowed 9=not applicable",
     "PTP Edit Rationale"],
    ["11042", "36000", "", "20200101", "*", "0", "Standards"],
    ["0001A", "0591T", "", "20210101", "20220701", "1", "Misuse"],
]  # fmt: skip
MUE_CSV = (
    f'"{NOTICE} long notice, with commas",,,\r\n'
    '"HCPCS/\nCPT Code",Practitioner Services MUE Values,MUE Adjudication Indicator,'
    "MUE Rationale\r\n"
    "93000,3,3 Date of Service Edit: Clinical,Clinical: Data\r\n"
    "20610,2,1 Line Edit,Anatomic Consideration\r\n"
    "11042,1,2 Date of Service Edit: Policy,CMS Policy\r\n"
    "J1100,many,3 Date of Service Edit: Clinical,not a number\r\n"
)
ADDON_SHEET = [
    [NOTICE],
    ["Add-on Code", "AOC Del Dt", "Primary Code", "Primary Code Del Dt", "AOC Edit Type",
     "AOC Edit Eff Dt", "AOC Edit Del Dt", "Special Instruction/Notes"],
    ["11045", "", "11042", "", "1", "20130101", "", ""],
    ["22899", "", "CCCCC", "", "2", "2013001", "", "contractor"],
    ["99292", "", "99291", "", "3", "20130101", "20231231", ""],
    ["99293", "", "99291", "", "9", "20130101", "", "no such type"],
]  # fmt: skip
PPRRVU_CSV = "\r\n".join(
    [
        "2026 National Physician Fee Schedule Relative Value File January Release,,,,,,,,,,,,,,,,",
        f"{NOTICE},,,,,,,,,,,,,,,,",
        ",,,,NOT USED FOR,,NON-FAC,NON-FAC,FACILITY,FACILITY,,,,,,,",
        ",,,STATUS,MEDICARE,WORK,PE,NA,PE,NA,MP,NON-FACILITY,FACILITY,PCTC,GLOB,PRE,INTRA,POST,"
        "MULT,BILAT,ASST,CO-,TEAM,ENDO,CONV",
        "HCPCS,MOD,DESCRIPTION,CODE,PAYMENT,RVU,RVU,INDICATOR,RVU,INDICATOR,RVU,TOTAL,TOTAL,IND,"
        "DAYS,OP,OP,OP,PROC,SURG,SURG,SURG,SURG,BASE,FACTOR",
        "27447,,Made up,A,,20.72,0,,13.5,,4.1,38.9,38.9,0,090,0.10,0.69,0.21,2,1,2,1,0,,33.4009",
        "93000,,Made up,A,,0.17,0.24,,NA,NA,0.02,0.43,NA,4,XXX,0,0,0,0,0,0,0,0,,33.4009",
        "71045,,Made up,A,,0.18,0.5,,NA,NA,0.02,0.7,NA,1,XXX,0,0,0,0,0,0,0,0,,33.4009",
        "71045,26,Made up,A,,0.18,0.07,,0.07,,0.01,0.26,0.26,1,XXX,0,0,0,0,0,0,0,0,,33.4009",
        "71045,TC,Made up,A,,0,0.43,,NA,NA,0.01,0.44,NA,1,XXX,0,0,0,0,0,0,0,0,,33.4009",
        "99000,,Made up,B,,0,0,,0,,0,0,0,9,XXX,0,0,0,9,9,9,9,9,,33.4009",
    ]
)
HCPCS_SHEET = [
    ["HCPC", "SEQNUM", "RECID", "LONG DESCRIPTION", "SHORT DESCRIPTION", "ADD DT", "ACT EFF DT",
     "TERM DT", "ACTION CD"],
    ["J1100", "100", "3", "A drug of long", "Drug", "19900101", "19900101", "", "N"],
    ["J1100", "200", "4", "wording", "", "", "", "", ""],
    ["J0110", "100", "3", "Ended drug", "Ended", "19900101", "19900101", "20201231", "D"],
    ["Q9", "100", "7", "One class b and two class c findings", "", "20000101", "", "", "N"],
]  # fmt: skip
CPT_CONSOLIDATED = "\r\n".join(
    [
        "CPT copyright notice",
        "",
        "Concept Id\tCPT Code\tLong\tMedium\tShort\tConsumer\tCurrent Descriptor Effective Date",
        "100\t99213\tMade-up long wording\tMADE UP MEDIUM\tMADE UP\tmade up\t2024-01-01",
        "101\t0042T\tAnother wording\tANOTHER\tOTHER\tother\t2024-01-01",
    ]
)
CPT_SHORT = "00100 MADE UP SHORT WORDING\r\n99213 ANOTHER SHORT ONE\r\n"
CARC_CSV = (
    "Code,Description,Start Date,Last Modified,Stop Date\r\n"
    '1,"wording of X12, left out",1/1/1995,,\r\n'
    '17,"ended",1/1/1995,,7/1/2009\r\n'
    "N130,remark,10/31/2002,,\r\n"
    "total,2,,,\r\n"
)


def hcpcs_record(code: str, record: str, long: str, short: str, added: str, ended: str) -> str:
    """A record of the alpha-numeric file, 320 characters."""
    line = f"{code:<5}00100{record}{long:<80}{short:<28}"
    line = f"{line:<268}{added:<8}{added:<8}{ended:<8}N"
    return f"{line:<320}"


def workbook(rows: list[list[str]], *, inline: bool = False) -> bytes:
    """An Excel workbook with one sheet; whole numbers as numbers, text shared or inline."""
    strings: list[str] = []
    body = []
    for number, row in enumerate(rows, 1):
        cells = []
        for place, value in enumerate(row):
            at = f"{chr(65 + place)}{number}"
            if value == "":
                continue
            if value.isdigit() and value[0] != "0":
                cells.append(f'<c r="{at}"><v>{value}.0</v></c>')
            elif inline:
                cells.append(f'<c r="{at}" t="inlineStr"><is><t>{escape(value)}</t></is></c>')
            else:
                strings.append(value)
                cells.append(f'<c r="{at}" t="s"><v>{len(strings) - 1}</v></c>')
        body.append(f'<row r="{number}">{"".join(cells)}</row>')
    main = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    items = "".join(f"<si><r><t>{escape(s)}</t></r></si>" for s in strings)
    return archive(
        {
            "xl/workbook.xml": f"<workbook {main}/>",
            "xl/sharedStrings.xml": f"<sst {main}>{items}</sst>",
            "xl/worksheets/sheet1.xml": (
                f"<worksheet {main}><sheetData>{''.join(body)}</sheetData></worksheet>"
            ),
        }
    )


def archive(members: dict[str, str | bytes]) -> bytes:
    """A zip archive."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def put(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path
