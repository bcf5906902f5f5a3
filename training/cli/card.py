"""``firstpass card``: the model card of a version, and the questions that its owner answers."""

from pathlib import Path
from typing import Annotated

import typer

from training.cli.console import Json, show


def card(
    name: Annotated[str, typer.Argument(help="Registered model.")] = "denial",
    version: Annotated[str, typer.Option(help="Version or alias.")] = "champion",
    out: Annotated[
        Path | None, typer.Option(help="Write the page there (.html).", dir_okay=False)
    ] = None,
    template: Annotated[
        bool, typer.Option("--template", help="Write model-card.toml for the owner to fill in.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a version's model card: the 31 source attributes of 45 CFR 170.315(b)(11).

    What only the owner knows is asked in FIRSTPASS_HOME/model-card.toml; what nobody has
    answered is shown as missing.

    Example: firstpass card denial --out card.html
    """
    from models import registry
    from models.errors import InputError
    from training.card import OWNER_FILE, card_page, owner_template, read_card, with_owner

    owner = registry.home() / OWNER_FILE
    if template:
        if owner.exists():
            raise InputError(f"{owner} is there already: edit it, or move it away")
        owner.write_text(owner_template(), encoding="utf-8")
        print(f"{owner}: fill it in; the next training and this command read it")
        return
    loaded = registry.load(name, version)
    found = with_owner(read_card(loaded.path), owner)
    if out is not None:
        out.write_text(card_page(found, str(loaded.version.version)), encoding="utf-8")
    lines = [f"{name} version {loaded.version.version}, generated {found.generated:%Y-%m-%d}"]
    group = ""
    for attribute in found.attributes:
        if attribute.group != group:
            group = attribute.group
            lines += ["", group.upper()]
        lines += [f"  {attribute.question}", f"    {attribute.value or '(missing)'}"]
    missing = found.missing
    lines += ["", f"{len(missing)} of {len(found.attributes)} fields are missing"]
    if missing:
        lines.append(f"({', '.join(missing)}): 'firstpass card --template' makes {OWNER_FILE}")
    if out is not None:
        lines.append(f"page: {out}")
    show(
        {"version": loaded.version.version, "missing": missing, "card": found},
        "\n".join(lines),
        as_json=json,
    )
