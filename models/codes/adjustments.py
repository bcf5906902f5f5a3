"""What an adjustment on a remittance means: contractual, patient's share, denial, ...

The table is data (``adjustment_classes.csv``). A row names any of group, CARC, RARC, payer,
CLP06 filing indicator and whether the line was paid; ``*`` holds for all. The most specific
row wins, that is the one which names most; among equals a user's row wins over ours, then the
row which names the payer, then RARC, filing indicator, line, group. A CARC that no row names
counts as a denial and is reported by whoever classifies.
"""

from enum import StrEnum
from functools import lru_cache
from pathlib import Path

from models.codes.tables import ANY, check_value, expand, read_rules


class AdjustmentClass(StrEnum):
    """Classes of BILLING.md; only `DENIAL` makes a line that was paid zero a denied one."""

    CONTRACTUAL = "contractual"
    PATIENT_SHARE = "patient_share"
    SHARE_NOT_BILLABLE = "share_not_billable"
    PRIOR_PAYER = "prior_payer"
    INFORMATIONAL = "informational"
    PREPAID = "prepaid"
    DENIAL = "denial"


TABLE = "adjustment_classes.csv"
KEYS = ("group", "carc", "rarc", "payer", "filing_indicator", "line")
# Among rows naming equally many keys, the one whose named keys weigh more.
_WEIGHT = {"carc": 32, "payer": 16, "rarc": 8, "filing_indicator": 4, "line": 2, "group": 1}
_GROUPS = (ANY, "CO", "PR", "OA", "PI", "CR")
_LINES = (ANY, "paid", "zero")

_Key = tuple[str, ...]


class ClassTable:
    """Classifies adjustments; built by `load_classes`."""

    def __init__(self, rows: dict[_Key, tuple[AdjustmentClass, bool]]) -> None:
        """``rows``: key in the order of `KEYS` -> (class, whether the row is the user's)."""
        ranked: dict[str, list[tuple[tuple[int, bool, int], _Key, AdjustmentClass]]] = {}
        for key, (value, own) in rows.items():
            named = [k for k, v in zip(KEYS, key, strict=True) if v != ANY]
            rank = (len(named), own, sum(_WEIGHT[k] for k in named))
            ranked.setdefault(key[1], []).append((rank, key, value))
        self._known = frozenset(ranked) - {ANY}
        anywhere = ranked.get(ANY, [])
        self._rows = {
            carc: sorted(own + (anywhere if carc != ANY else []), reverse=True)
            for carc, own in ranked.items()
        }
        self._rows.setdefault(ANY, [])
        self._cache: dict[tuple[str, str, tuple[str, ...], str, str, bool], AdjustmentClass] = {}

    def knows(self, carc: str) -> bool:
        """Whether some row names this CARC."""
        return carc in self._known

    def classify(
        self,
        group: str,
        carc: str,
        rarcs: tuple[str, ...] = (),
        *,
        payer: str = "",
        filing_indicator: str = "",
        paid: bool = False,
    ) -> AdjustmentClass:
        """Class of one adjustment.

        Args:
            group: CAS01 (CO, PR, OA, PI, CR).
            carc: claim adjustment reason code.
            rarcs: remark codes that go with the line (LQ*HE) or claim (MOA).
            payer: the crosswalked payer key.
            filing_indicator: CLP06, or SBR09 where the remittance has none.
            paid: whether the payer paid more than zero on the line.

        >>> load_classes().classify("PR", "1")
        <AdjustmentClass.PATIENT_SHARE: 'patient_share'>
        >>> load_classes().classify("CO", "24", filing_indicator="MB")
        <AdjustmentClass.DENIAL: 'denial'>
        """
        wanted = (group, carc, rarcs, payer, filing_indicator, paid)
        found = self._cache.get(wanted)
        if found is None:
            found = self._cache[wanted] = self._find(*wanted)
        return found

    def _find(
        self, group: str, carc: str, rarcs: tuple[str, ...], payer: str, filing: str, paid: bool
    ) -> AdjustmentClass:
        line = "paid" if paid else "zero"
        payer = payer.casefold()
        for _, key, value in self._rows.get(carc, self._rows[ANY]):
            if (
                key[0] in (ANY, group)
                and (key[2] == ANY or key[2] in rarcs)
                and key[3] in (ANY, payer)
                and key[4] in (ANY, filing)
                and key[5] in (ANY, line)
            ):
                return value
        return AdjustmentClass.DENIAL


@lru_cache(maxsize=8)
def load_classes(overrides: Path | None = None) -> ClassTable:
    """The class table, with the rows of the CSV file ``overrides`` merged over it.

    The file has the columns ``carc`` and ``class`` and any of ``group, rarc, payer,
    filing_indicator, line`` (``paid`` or ``zero``); an absent or empty cell is ``*``. ``payer``
    is one payer key (it may hold spaces); other cells may list several values with spaces
    between.

    Raises:
        InputError: unknown column, class, group or line value (the text lists those allowed).
    """
    rows: dict[_Key, tuple[AdjustmentClass, bool]] = {}
    for source in (TABLE, overrides):
        if source is None:
            continue
        own = isinstance(source, Path)
        name = str(source)
        for line, cells in read_rules(source, (*KEYS, "class"), ("carc", "class")):
            value = AdjustmentClass(
                check_value(name, line, "class", cells["class"], list(AdjustmentClass))
            )
            payer = cells.pop("payer").casefold()
            for group, carc, rarc, filing, paid in expand(
                cells, ("group", "carc", "rarc", "filing_indicator", "line")
            ):
                check_value(name, line, "group", group, _GROUPS)
                check_value(name, line, "line", paid, _LINES)
                rows[(group, carc, rarc, payer, filing, paid)] = (value, own)
    return ClassTable(rows)
