"""``firstpass models``, ``promote`` and ``rollback``: the registry."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.cli.console import Json, columns, show

if TYPE_CHECKING:
    from models.registry import Version

Name = Annotated[
    str, typer.Argument(help="Registered model: denial, coding, recovery.", show_default=False)
]
Reason = Annotated[str, typer.Option(help="Why; kept with the move.")]


def models(
    name: Annotated[str | None, typer.Argument(help="Only this model.")] = None,
    json: Json = False,
) -> None:
    """List the registered versions, their aliases and their headline figures.

    Example: firstpass models denial
    """
    from models import registry

    names = [name] if name else registry.model_names()
    found = [version for each in names for version in registry.versions(each)]
    if name and not found:
        registry.find(name)  # says what to do
    lines = [columns([_row(version) for version in found]) or "no model is registered yet"]
    lines += [f"store: {registry.tracking_uri()}"]
    for each in names:
        lines += [
            f"{each}: {move.at:%Y-%m-%d %H:%M} {move.kind} to version {move.version}"
            + (f" ({move.reason})" if move.reason else "")
            for move in registry.promotions(each)[-5:]
        ]
    result = {
        "store": registry.tracking_uri(),
        "versions": [_plain(version) for version in found],
        "promotions": {each: registry.promotions(each) for each in names},
    }
    show(result, "\n".join(lines), as_json=json)


def promote(
    name: Name,
    version: Annotated[
        str, typer.Argument(help="Version number, or an alias as @challenger.", show_default=False)
    ],
    reason: Reason = "",
    despite_gate: Annotated[
        bool, typer.Option("--despite-gate", help="Also a version that failed the gate.")
    ] = False,
    json: Json = False,
) -> None:
    """Make a version the champion: the one that scores from now on.

    Example: firstpass promote denial 4 --reason "better on March, see the evaluation"
    """
    from models import registry

    if despite_gate and not reason.strip():
        raise typer.BadParameter("say why", param_hint="--reason")
    promoted = registry.promote(name, version, reason=reason, despite_gate=despite_gate)
    show(_plain(promoted), f"{name} version {promoted.version} is the champion", as_json=json)


def rollback(name: Name, reason: Reason = "", json: Json = False) -> None:
    """Give the champion's place back to the version before it.

    Example: firstpass rollback denial --reason "misses the new authorization rule"
    """
    from models import registry

    earlier = registry.rollback(name, reason=reason)
    show(_plain(earlier), f"{name} version {earlier.version} is the champion again", as_json=json)


def _row(version: "Version") -> dict[str, str]:
    # Shares have three decimals, counts none.
    figures = "  ".join(
        f"{key} {value:,.0f}" if abs(value) >= 10 else f"{key} {value:.3f}"
        for key, value in version.metrics.items()
    )
    return {
        "model": version.name,
        "version": str(version.version),
        "alias": ", ".join(version.aliases) or "-",
        "registered": f"{version.created:%Y-%m-%d %H:%M}",
        "code": version.tags.get("code_version", "-"),
        "figures": figures or "-",
    }


def _plain(version: "Version") -> dict[str, Any]:
    return {
        "name": version.name,
        "version": version.version,
        "aliases": version.aliases,
        "registered": version.created,
        "run_id": version.run_id,
        "metrics": version.metrics,
        "tags": version.tags,
    }
