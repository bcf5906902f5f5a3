"""Plots of the PDF report, drawn as lines and shapes: sharp at any size, no image."""

from collections.abc import Callable, Sequence
from typing import Any

INK, BLUE, RED, FAINT, LINE = "#22252b", "#0072b2", "#d55e00", "#5f6670", "#dfe2e7"
_SANS, _BOLD = "Helvetica", "Helvetica-Bold"


def trend(
    points: Sequence[tuple[str, float]],
    title: str,
    words: Callable[[float], str],
    *,
    width: float,
    height: float,
    band: tuple[float | None, float | None] | None = None,
    marks: Sequence[str] = (),
    most: float | None = None,
) -> Any:
    """A line by month from zero up; ``band`` shades the published range, ``marks`` are months
    from which the rate is another one; ``most`` is the highest that a value can be.
    """  # noqa: D205
    from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
    from reportlab.lib.colors import HexColor

    made = Drawing(width, height)
    left, right, bottom, top = 38.0, width - 8, 24.0, height - 20
    made.add(String(0, height - 10, title, fontName=_BOLD, fontSize=8.5, fillColor=HexColor(INK)))
    if not points:
        made.add(String(left, height / 2, "no data", fontName=_SANS, fontSize=8))
        return made
    highest = max(v for _, v in points) * 1.12 or 1.0
    highest = highest if most is None else min(highest, most)

    def x(i: int) -> float:
        return left + (right - left) * (i / (len(points) - 1) if len(points) > 1 else 0.5)

    def y(value: float) -> float:
        return bottom + (top - bottom) * min(value, highest) / highest

    if band is not None:
        low, high = y(band[0] or 0.0), y(highest if band[1] is None else band[1])
        made.add(
            Rect(left, low, right - left, max(high - low, 0), fillColor=HexColor("#e6f2ea"),
                 strokeColor=None)
        )  # fmt: skip
    for share in (0.0, 0.5, 1.0):
        value = highest * share
        made.add(Line(left, y(value), right, y(value), strokeColor=HexColor(LINE), strokeWidth=0.5))
        made.add(
            String(left - 4, y(value) - 2.5, words(value), fontName=_SANS, fontSize=6.5,
                   textAnchor="end", fillColor=HexColor(FAINT))
        )  # fmt: skip
    months = [m for m, _ in points]
    for mark in marks:
        if mark in months:
            at = x(months.index(mark))
            made.add(
                Line(at, bottom, at, top, strokeColor=HexColor(RED), strokeWidth=0.8,
                     strokeDashArray=(2, 2))
            )  # fmt: skip
    flat = [c for i, (_, v) in enumerate(points) for c in (x(i), y(v))]
    if len(points) > 1:
        made.add(PolyLine(flat, strokeColor=HexColor(BLUE), strokeWidth=1.4))
    for i, (_, v) in enumerate(points):
        made.add(Circle(x(i), y(v), 1.6, fillColor=HexColor(BLUE), strokeColor=None))
    every = max(1, -(-len(points) // 6))
    for i in range(len(points) - 1, -1, -every):
        made.add(
            String(min(x(i), right - 8), bottom - 10, months[i], fontName=_SANS, fontSize=6.5,
                   textAnchor="middle", fillColor=HexColor(FAINT))
        )  # fmt: skip
    made.add(
        String(right, height - 10, words(points[-1][1]), fontName=_BOLD, fontSize=8.5,
               textAnchor="end", fillColor=HexColor(BLUE))
    )  # fmt: skip
    return made


def pareto(bars: Sequence[tuple[str, float, float]], *, width: float, height: float) -> Any:
    """Bars of dollars with the cumulative share as a line; ``bars``: label, dollars, share."""
    from reportlab.graphics.shapes import Circle, Drawing, Line, PolyLine, Rect, String
    from reportlab.lib.colors import HexColor

    made = Drawing(width, height)
    left, right, bottom, top = 46.0, width - 34, 20.0, height - 10
    highest = max((dollars for _, dollars, _ in bars), default=1.0) or 1.0
    step = (right - left) / max(1, len(bars))

    def y(share: float) -> float:
        return bottom + (top - bottom) * share

    for share in (0.0, 0.5, 1.0):
        made.add(Line(left, y(share), right, y(share), strokeColor=HexColor(LINE), strokeWidth=0.5))
        for at, words, anchor, color in (
            (left - 4, f"${highest * share:,.0f}", "end", FAINT),
            (right + 4, f"{share:.0%}", "start", RED),
        ):
            made.add(
                String(at, y(share) - 2.5, words, fontName=_SANS, fontSize=6.5, textAnchor=anchor,
                       fillColor=HexColor(color))
            )  # fmt: skip
    line = []
    for i, (label, dollars, cumulative) in enumerate(bars):
        begin = left + i * step + step * 0.15
        made.add(
            Rect(begin, bottom, step * 0.7, y(dollars / highest) - bottom, fillColor=HexColor(BLUE),
                 strokeColor=None)
        )  # fmt: skip
        made.add(
            String(left + (i + 0.5) * step, bottom - 10, label, fontName=_SANS, fontSize=7,
                   textAnchor="middle", fillColor=HexColor(INK))
        )  # fmt: skip
        line += [left + (i + 0.5) * step, y(cumulative)]
    if len(line) > 2:
        made.add(PolyLine(line, strokeColor=HexColor(RED), strokeWidth=1.2))
    for i in range(0, len(line), 2):
        made.add(Circle(line[i], line[i + 1], 1.8, fillColor=HexColor(RED), strokeColor=None))
    return made
