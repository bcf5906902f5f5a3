"""The model card as a page that stands alone: no script, no address outside it."""

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from training.card.card import ModelCard


def card_page(card: ModelCard, version: str = "") -> str:
    """HTML of a card, for MLflow and for print."""
    environment = Environment(
        loader=PackageLoader("training.card", "."),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
    )
    groups: dict[str, list[object]] = {}
    for attribute in card.attributes:
        groups.setdefault(attribute.group, []).append(attribute)
    return environment.get_template("card.html").render(
        card=card, groups=groups, version=version, missing=len(card.missing)
    )
