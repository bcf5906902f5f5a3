"""The model card: the 31 source attributes of 45 CFR 170.315(b)(11)(iv)(B), and who answers them.

What the software knows it fills in; what only the owner knows is asked in a file
(``model-card.toml``) and shown as missing until it is there. Nothing is invented.
"""

import csv
import datetime as dt
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from models.denial.cells import Floats
from models.errors import InputError
from training.denial.dataset import DenialData
from training.denial.judge import figures
from training.denial.windows import Windows
from training.loop.compare import age_group, specialty

ATTRIBUTES_FILE = Path(__file__).with_name("attributes.csv")
STATEMENTS_FILE = Path(__file__).with_name("statements.toml")
OWNER_FILE = "model-card.toml"
#: Models that have a card.
MODELS = ("denial", "coding", "recovery")

#: Claims and denials below which a subgroup's figures are noise and are not given.
LEAST_CLAIMS = 50

Source = Literal["software", "owner"]


class Attribute(msgspec.Struct, frozen=True):
    """One source attribute; ``value`` is empty where nobody has answered it."""

    id: str
    group: str
    source: Source
    question: str
    value: str = ""


class Subgroup(msgspec.Struct, frozen=True):
    """Performance for one group on the test window. Shares, except the counts."""

    attribute: str
    group: str
    claims: int
    denied: int
    predicted: float  # mean predicted probability
    observed: float  # share denied
    auc: float | None
    calibration_error: float | None


class NoteGroup(msgspec.Struct, frozen=True):
    """Performance of a coding model for one group of the notes that it was judged on."""

    system: str
    attribute: str
    group: str
    notes: int
    codes: int
    map: float  # mean average precision
    micro_f1: float
    calibration_error: float | None


class ModelCard(msgspec.Struct, frozen=True):
    """A version's card. ``generated`` is when.

    ``subgroups`` are the fairness figures of a denial model, ``note_groups`` of a coding model.
    """

    model: str
    generated: dt.datetime
    attributes: tuple[Attribute, ...]
    subgroups: tuple[Subgroup, ...]
    note_groups: tuple[NoteGroup, ...] = ()

    @property
    def missing(self) -> list[str]:
        """Ids of the attributes that nobody has answered."""
        return [a.id for a in self.attributes if not a.value.strip()]


CARD_FILE = "card.json"


def write_card(card: ModelCard, folder: Path) -> None:
    """Put a card beside a model's data, so that it travels with the version."""
    (folder / CARD_FILE).write_bytes(msgspec.json.encode(card))


def read_card(folder: Path) -> ModelCard:
    """The card that came with a version.

    Raises:
        InputError: The version is older than model cards, or the file is damaged.
    """
    path = folder / CARD_FILE
    try:
        return msgspec.json.decode(path.read_bytes(), type=ModelCard)
    except FileNotFoundError:
        raise InputError(
            "this version has no model card, since it was trained before there were any: train"
            " or retrain"
        ) from None
    except msgspec.MsgspecError as error:
        raise InputError(f"{path} is damaged: {error}") from error


def with_owner(card: ModelCard, path: Path) -> ModelCard:
    """A card with the owner's present answers in place of those at its training.

    Raises:
        InputError: The owner's file is not usable.
    """
    answers = owner_answers(path, card.model)
    return msgspec.structs.replace(
        card,
        attributes=tuple(
            msgspec.structs.replace(a, value=answers.get(a.id, a.value).strip())
            for a in card.attributes
        ),
    )


def attribute_table() -> list[Attribute]:
    """The 31 attributes, unanswered."""
    with ATTRIBUTES_FILE.open(encoding="utf-8", newline="") as file:
        return [msgspec.convert(dict(row), Attribute, strict=False) for row in csv.DictReader(file)]


def owner_answers(path: Path, model: str = "denial") -> dict[str, str]:
    """What the owner has written of a model; empty where there is no file.

    Fields at the top of the file hold for every model, those in a table (``[denial]``,
    ``[coding]``, ``[recovery]``) for that one.

    Raises:
        InputError: The file is no TOML, or names an attribute that is not the owner's; the text
            lists those that are.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}") from error
    allowed = [a.id for a in attribute_table() if a.source == "owner"]
    tables = {name: content.pop(name, {}) for name in MODELS}
    for table in (content, *tables.values()):
        if not isinstance(table, dict):
            raise InputError(f"{path}: {', '.join(MODELS)} are tables, as in [{MODELS[0]}]")
        for name, value in table.items():
            if name not in allowed:
                raise InputError(f"{path}: {name!r} is no field; allowed: {', '.join(allowed)}")
            if not isinstance(value, str):
                raise InputError(f"{path}: {name} must be text in quotes")
    own = {name: value for name, value in tables.get(model, {}).items() if value.strip()}
    return {**content, **own}


def owner_template() -> str:
    """A file for the owner to fill in, every question as a comment."""
    lines = [
        "# What only you know of your models. Leave a field empty if it is not known. What holds",
        "# for one model only goes, below all others, into a table [denial], [coding] or"
        " [recovery].",
        "",
    ]
    for attribute in attribute_table():
        if attribute.source == "owner":
            lines += [f"# {attribute.question}", f'{attribute.id} = ""', ""]
    return "\n".join(lines)


def subgroups(
    data: DenialData, rows: NDArray[np.int64], probability: Floats
) -> tuple[Subgroup, ...]:
    """Figures for each age group, sex, payer and specialty among the claims ``rows``."""
    claims = [data.claims[i] for i in rows]
    denied = data.denied[rows]
    columns: Mapping[str, Sequence[str]] = {
        "age": [age_group(c) for c in claims],
        "sex": [c.patient.sex or "unknown" for c in claims],
        "payer": [c.payer.name for c in claims],
        "specialty": [specialty(c) for c in claims],
    }
    result = []
    for attribute, values in columns.items():
        names = np.array(values, dtype=np.str_)
        for name in np.unique(names).tolist():
            own = names == name
            if own.sum() < LEAST_CLAIMS:
                continue
            found = figures(denied[own], probability[own], np.ones(int(own.sum())))
            result.append(
                Subgroup(
                    attribute,
                    name,
                    int(own.sum()),
                    int(denied[own].sum()),
                    round(float(probability[own].mean()), 4),
                    round(float(denied[own].mean()), 4),
                    None if found is None else round(found.auc, 4),
                    None if found is None else round(found.calibration_error, 4),
                )
            )
    return tuple(result)


def denial_card(
    data: DenialData,
    windows: Windows,
    rows: NDArray[np.int64],
    probability: Floats,
    owner: Mapping[str, str],
) -> ModelCard:
    """The card of a denial model judged on the claims ``rows`` of its test window."""
    groups = subgroups(data, rows, probability)
    statements = tomllib.loads(STATEMENTS_FILE.read_text(encoding="utf-8"))["denial"]
    answers = {**statements, **_measured(data, windows, rows, probability, groups), **owner}
    return ModelCard(
        "denial",
        dt.datetime.now(dt.UTC).replace(microsecond=0),
        tuple(
            msgspec.structs.replace(a, value=str(answers.get(a.id, "")).strip())
            for a in attribute_table()
        ),
        groups,
    )


def _measured(
    data: DenialData,
    windows: Windows,
    rows: NDArray[np.int64],
    probability: Floats,
    groups: Sequence[Subgroup],
) -> dict[str, str]:
    learnt = data.mature & (data.submitted < windows.test)
    begin, test, end = (dt.date.fromordinal(d) for d in (windows.start, windows.test, windows.end))
    denied = data.denied[rows]
    found = figures(denied, probability, np.ones(len(rows)))
    valid = (
        f"On {len(rows):,} claims submitted {test} to {end}, none of which it had learnt from"
        f" ({int(denied.sum()):,} denied): "
        + (
            f"ROC AUC {found.auc:.3f}, calibration error {found.calibration_error:.4f}, the"
            f" riskiest tenth holds {found.denied_caught:.0%} of the denied claims."
            if found is not None
            else "too few denials to measure anything."
        )
    )
    fair = (
        "; ".join(
            f"{g.attribute} {g.group}: predicted {g.predicted:.1%}, observed {g.observed:.1%}"
            + (f", AUC {g.auc:.3f}" if g.auc is not None else "")
            for g in groups
            if g.attribute in ("age", "sex")
        )
        or "no group is large enough to be measured apart"
    )
    ages = _spread(groups, "age")
    return {
        "inclusion": f"Professional claims submitted {begin} to {test} that the clearinghouse"
        f" accepted and the payer had answered: {int(learnt.sum()):,} claims,"
        f" {int((learnt & data.denied).sum()):,} denied. Left out: claims too young to have been"
        " answered, rejected, voided or never answered ones, and remittances that match no claim.",
        "input_features": "Birth date as an age group and sex as it stands on the claim; the"
        " patient's state. Diagnoses and procedures of the claim. None of race, ethnicity,"
        " language, sexual orientation, gender identity or social determinants.",
        "representativeness": f"Test window: {ages}; {_spread(groups, 'sex')};"
        f" {_spread(groups, 'payer')}.",
        "validity_internal": valid,
        "fairness_internal": f"{fair}. All groups are in the table below.",
        "validity_local": f"The data are the practice's own. {valid}",
        "fairness_local": f"The data are the practice's own: {fair}.",
    }


def _spread(groups: Sequence[Subgroup], attribute: str) -> str:
    own = [g for g in groups if g.attribute == attribute]
    total = sum(g.claims for g in own)
    if not total:
        return f"{attribute} not known"
    parts = [f"{g.group} {g.claims / total:.0%}" for g in own]
    return f"{attribute}: " + ", ".join(parts)
