"""Plots drawn on the server as SVG: no script, no style attribute, readable when printed."""

from collections.abc import Callable, Sequence
from html import escape

import msgspec
from markupsafe import Markup


class Bar(msgspec.Struct, frozen=True):
    """One bar: ``value`` decides its length and side, ``words`` and ``note`` stand beside it."""

    words: str
    value: float
    note: str


class Point(msgspec.Struct, frozen=True):
    """A point of a line: ``lower`` and ``upper`` bound the shaded band of uncertainty."""

    label: str
    value: float
    lower: float
    upper: float
    words: str


WIDTH = 640
#: Plots beside the claim are as wide as their column, so that text keeps its size.
_SIDE = 400
_BAR = 36
_MIDDLE = 160
_REACH = 150


def bars(items: Sequence[Bar], title: str) -> Markup:
    """Horizontal bars to the left (lowers) and right (raises) of a middle line."""
    height = _BAR * len(items) + 22
    longest = max((abs(x.value) for x in items), default=1.0) or 1.0
    parts = [
        f'<svg class="plot bars" viewBox="0 0 {_SIDE} {height}" role="img"'
        f' aria-label="{escape(title)}">',
        f"<title>{escape(title)}</title>",
        f'<text class="axis" x="{_MIDDLE - 8}" y="12" text-anchor="end">← paid</text>',
        f'<text class="axis" x="{_MIDDLE + 8}" y="12">denied →</text>',
    ]
    for i, item in enumerate(items):
        top = 18 + i * _BAR
        length = max(1.0, abs(item.value) / longest * _REACH)
        left = _MIDDLE if item.value >= 0 else _MIDDLE - length
        side = "raises" if item.value >= 0 else "lowers"
        beside = _MIDDLE + _REACH + 12
        parts.append(
            f"<g><title>{escape(item.note)}</title>"
            f'<text class="label" x="0" y="{top + 13}">{escape(_cut(item.words, 62))}</text>'
            f'<rect class="{side}" x="{left:.1f}" y="{top + 18}" width="{length:.1f}" height="10"'
            f' rx="2"></rect><line class="zero" x1="{_MIDDLE}" x2="{_MIDDLE}" y1="{top + 16}"'
            f' y2="{top + 31}"></line><text class="axis" x="{beside}" y="{top + 27}">'
            f"{item.value:+.2f}</text></g>"
        )
    parts.append("</svg>")
    return Markup("".join(parts))


def gauge(probability: float, base_rate: float, title: str) -> Markup:
    """A probability on a line from 0 to 1, with the payer's base rate marked on it."""
    long = _SIDE - 4
    at, base = 2 + probability * long, 2 + base_rate * long
    right = base_rate > 0.5
    return Markup(
        f'<svg class="plot gauge" viewBox="0 0 {_SIDE} 42" role="img" aria-label="{escape(title)}">'
        f"<title>{escape(title)}</title>"
        f'<rect class="track" x="2" y="8" width="{long}" height="10" rx="5"></rect>'
        f'<rect class="fill" x="2" y="8" width="{max(3.0, at - 2):.1f}" height="10" rx="5"></rect>'
        f'<line class="base" x1="{base:.1f}" x2="{base:.1f}" y1="2" y2="26"></line>'
        f'<text class="axis" x="{base + (-5 if right else 5):.1f}" y="37"'
        f' text-anchor="{"end" if right else "start"}">'
        f"this payer denies {base_rate:.2f} on average</text></svg>"
    )


def line(
    points: Sequence[Point],
    title: str,
    *,
    top: float | None = None,
    height: int = 180,
    marks: Sequence[str] = (),
    axis: Callable[[float], str] = lambda value: f"{value:.2f}",
) -> Markup:
    """A line with a shaded band; the axis starts at zero and ends at ``top``.

    ``marks`` are labels from which on something changed; ``axis`` writes the numbers at its side.
    """
    highest = top or max((x.upper for x in points), default=1.0) * 1.15 or 1.0
    left, right, bottom = 44, WIDTH - 12, height - 26
    step = (right - left) / max(1, len(points) - 1)

    def x(i: int) -> float:
        return left + i * step if len(points) > 1 else (left + right) / 2

    def y(value: float) -> float:
        return bottom - min(value, highest) / highest * (bottom - 12)

    parts = [
        f'<svg class="plot trend" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title>'
    ]
    for share in (0.0, 0.5, 1.0):
        value = highest * share
        parts.append(
            f'<line class="grid" x1="{left}" x2="{right}" y1="{y(value):.1f}" y2="{y(value):.1f}">'
            f'</line><text class="axis" x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">'
            f"{escape(axis(value))}</text>"
        )
    for i, point in enumerate(points):
        if point.label in marks:
            parts.append(
                f'<line class="change" x1="{x(i):.1f}" x2="{x(i):.1f}" y1="12" y2="{bottom}">'
                f"<title>another rate from {escape(point.label)} on</title></line>"
            )
    if points:
        upper = [f"{x(i):.1f},{y(p.upper):.1f}" for i, p in enumerate(points)]
        lower = [f"{x(i):.1f},{y(p.lower):.1f}" for i, p in enumerate(points)]
        parts.append(f'<polygon class="band" points="{" ".join([*upper, *reversed(lower)])}"/>')
        middle = " ".join(f"{x(i):.1f},{y(p.value):.1f}" for i, p in enumerate(points))
        parts.append(f'<polyline class="value" points="{middle}"/>')
    every = max(1, -(-len(points) // 8))
    for i, point in enumerate(points):
        parts.append(
            f'<circle class="dot" cx="{x(i):.1f}" cy="{y(point.value):.1f}" r="3.5">'
            f"<title>{escape(point.words)}</title></circle>"
        )
        if i % every == 0:
            anchor = "end" if i == len(points) - 1 and i else "middle"
            parts.append(
                f'<text class="axis" x="{x(i):.1f}" y="{height - 8}" text-anchor="{anchor}">'
                f"{escape(point.label)}</text>"
            )
    parts.append("</svg>")
    return Markup("".join(parts))


def spark(values: Sequence[float], title: str) -> Markup:
    """A small line without axes, from zero up."""
    wide, high = 120, 28
    top = max(values, default=1.0) or 1.0
    step = (wide - 4) / max(1, len(values) - 1)
    at = " ".join(
        f"{2 + i * step:.1f},{high - 3 - max(v, 0.0) / top * (high - 6):.1f}"
        for i, v in enumerate(values)
    )
    return Markup(
        f'<svg class="spark" viewBox="0 0 {wide} {high}" role="img" aria-label="{escape(title)}">'
        f'<title>{escape(title)}</title><polyline class="value" points="{at}"/></svg>'
    )


def pareto(items: Sequence[tuple[str, float, float, str]], title: str) -> Markup:
    """Bars, the largest first, with the cumulative share as a line.

    ``items``: label, value, cumulative share, words.
    """
    height, left, right, bottom = 220, 60, WIDTH - 44, 194
    highest = max((x[1] for x in items), default=1.0) or 1.0
    step = (right - left) / max(1, len(items))

    def y(share: float) -> float:
        return bottom - share * (bottom - 12)

    parts = [
        f'<svg class="plot pareto" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title>'
    ]
    parts += [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{y(share):.1f}" y2="{y(share):.1f}">'
        f'</line><text class="axis" x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end">'
        f'{highest * share:,.0f}</text><text class="axis" x="{right + 6}"'
        f' y="{y(share) + 4:.1f}">{share:.0%}</text>'
        for share in (0.0, 0.5, 1.0)
    ]
    line_points = []
    for i, (label, value, cumulative, words) in enumerate(items):
        begin, middle = left + (i + 0.15) * step, left + (i + 0.5) * step
        parts.append(
            f"<g><title>{escape(words)}</title>"
            f'<rect class="column" x="{begin:.1f}" y="{y(value / highest):.1f}"'
            f' width="{0.7 * step:.1f}" height="{bottom - y(value / highest):.1f}" rx="2"></rect>'
            f'<text class="axis" x="{middle:.1f}" y="{bottom + 16}" text-anchor="middle">'
            f"{escape(label)}</text></g>"
        )
        line_points.append(f"{middle:.1f},{y(cumulative):.1f}")
    parts.append(f'<polyline class="value" points="{" ".join(line_points)}"/></svg>')
    return Markup("".join(parts))


class Stack(msgspec.Struct, frozen=True):
    """A column of parts, drawn from below: their names and values, in the same order in each."""

    label: str
    parts: tuple[tuple[str, float], ...]


def stacks(items: Sequence[Stack], title: str) -> Markup:
    """Columns of up to three parts, with a key; values in dollars."""
    height, left, right, top, bottom = 250, 84, WIDTH - 8, 34, 222
    highest = max((sum(v for _, v in x.parts) for x in items), default=0.0) or 1.0
    step = (right - left) / max(1, len(items))
    parts = [
        f'<svg class="plot stacks" viewBox="0 0 {WIDTH} {height}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title>'
    ]
    for i, (name, _) in enumerate(items[0].parts if items else ()):
        x = left + i * 180
        parts.append(
            f'<rect class="part{i}" x="{x}" y="6" width="12" height="12" rx="2"></rect>'
            f'<text class="axis" x="{x + 18}" y="16">{escape(name)}</text>'
        )
    parts += [
        f'<line class="grid" x1="{left}" x2="{right}" y1="{bottom - share * (bottom - top):.1f}"'
        f' y2="{bottom - share * (bottom - top):.1f}"></line><text class="axis" x="{left - 6}"'
        f' y="{bottom - share * (bottom - top) + 4:.1f}" text-anchor="end">'
        f"{highest * share:,.0f}</text>"
        for share in (0.0, 0.5, 1.0)
    ]
    for i, item in enumerate(items):
        base = float(bottom)
        for j, (name, value) in enumerate(item.parts):
            tall = value / highest * (bottom - top)
            base -= tall
            parts.append(
                f"<g><title>{escape(f'{item.label}: {name} {value:,.2f}')}</title>"
                f'<rect class="part{j}" x="{left + (i + 0.18) * step:.1f}" y="{base:.1f}"'
                f' width="{0.64 * step:.1f}" height="{tall:.1f}"></rect></g>'
            )
        parts.append(
            f'<text class="axis" x="{left + (i + 0.5) * step:.1f}" y="{bottom + 18}"'
            f' text-anchor="middle">{escape(item.label)}</text>'
        )
    return Markup("".join([*parts, "</svg>"]))


class Dot(msgspec.Struct, frozen=True):
    """A point of a reliability plot: said, came true, of how many claims."""

    said: float
    true: float
    count: int


def reliability(dots: Sequence[Dot], title: str) -> Markup:
    """Said against came true, 0 to 1 on both axes, whatever the version: they can be compared."""
    size, left, bottom = 260, 36, 230

    def x(value: float) -> float:
        return left + value * (size - left - 10)

    def y(value: float) -> float:
        return bottom - value * (bottom - 12)

    parts = [
        f'<svg class="plot square" viewBox="0 0 {size} {size}" role="img"'
        f' aria-label="{escape(title)}"><title>{escape(title)}</title>'
        f'<line class="base" x1="{x(0)}" y1="{y(0)}" x2="{x(1)}" y2="{y(1)}"></line>'
    ]
    parts += [
        f'<line class="grid" x1="{x(0)}" x2="{x(1)}" y1="{y(share):.1f}" y2="{y(share):.1f}">'
        f'</line><text class="axis" x="{left - 6}" y="{y(share) + 4:.1f}" text-anchor="end">'
        f'{share:.1f}</text><text class="axis" x="{x(share):.1f}" y="{bottom + 14}"'
        f' text-anchor="middle">{share:.1f}</text>'
        for share in (0.0, 0.5, 1.0)
    ]
    most = max((d.count for d in dots), default=1)
    for dot in dots:
        radius = 3 + 6 * (dot.count / most) ** 0.5
        words = f"said {dot.said:.2f}, came true {dot.true:.2f}, {dot.count:,} claims"
        parts.append(
            f'<circle class="dot" cx="{x(dot.said):.1f}" cy="{y(dot.true):.1f}"'
            f' r="{radius:.1f}"><title>{words}</title></circle>'
        )
    parts.append(
        f'<text class="axis" x="{x(0.5):.0f}" y="{size - 4}" text-anchor="middle">said</text></svg>'
    )
    return Markup("".join(parts))


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "…"
