"""Time windows of a history: what is learnt from, what calibrates, what judges."""

import datetime as dt

import msgspec

from models.errors import NotEnoughDataError
from training.denial.dataset import DenialData
from training.denial.rows import Mask, Window

#: Shares of the mature span that go to calibration and to the test.
CALIBRATION_SHARE = 0.2
TEST_SHARE = 0.15
#: Labelled claims and denials without which a model is not fitted: edits and rules still work.
LEAST_CLAIMS = 500
LEAST_DENIALS = 40
LEAST_DAYS = 120


class Windows(msgspec.Struct, frozen=True, gc=False):
    """Day numbers: learn up to ``calibrate``, calibrate up to ``test``, judge up to ``end``.

    ``gap`` is the remittance lag: a claim is learnt from or calibrated on only when it was
    submitted so long before the next window that its answer had time to arrive. ``as_of`` is
    the history's last day.
    """

    start: int
    calibrate: int
    test: int
    end: int
    as_of: int
    gap: int

    def learning(self, until: int) -> Window:
        """What may be learnt from on the day ``until``."""
        return Window(until, until - self.gap)

    def calibration_rows(self, data: DenialData) -> Mask:
        """Claims of the calibration window, answered before the test window begins."""
        inside = (data.submitted >= self.calibrate) & (data.submitted < self.test - self.gap)
        return inside & data.mature & (data.answered < self.test)

    def test_rows(self, data: DenialData) -> Mask:
        """Labelled claims of the test window."""
        return (data.submitted >= self.test) & (data.submitted <= self.end) & data.mature


def choose_windows(data: DenialData, as_of: dt.date, gap: int) -> Windows:
    """Cut a history in three.

    Raises:
        NotEnoughDataError: too few labelled claims, denials or days; the text says how many
            there are and how many are needed.
    """
    labelled = data.mature
    denials = int((data.denied & labelled).sum())
    claims = int(labelled.sum())
    days = data.submitted[labelled]
    span = int(days.max() - days.min()) if claims else 0
    short = []
    for name, found, least in (
        ("claims with an answer", claims, LEAST_CLAIMS),
        ("denied claims", denials, LEAST_DENIALS),
        ("days between first and last", span, LEAST_DAYS),
    ):
        if found < least:
            short.append(f"{found} {name} (at least {least} are needed)")
    if short:
        raise NotEnoughDataError(
            "the history is too small to train a denial model: "
            + "; ".join(short)
            + ". Add older 837P and 835 files. Edits and payer rules work without a model."
        )
    start, end = int(days.min()), int(days.max())
    test = end - max(30, int(span * TEST_SHARE))
    calibrate = test - max(gap + 20, int(span * CALIBRATION_SHARE))
    return Windows(start, calibrate, test, end, as_of.toordinal(), gap)
