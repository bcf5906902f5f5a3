"""Each template shows its typed context: every field, and nothing that is not one."""

import importlib
import pkgutil
from collections.abc import Iterator

import msgspec
import pytest
from jinja2 import nodes

import serving.web
from serving.web.render import TEMPLATES, Shell, environment


def pages() -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """(template, context) of every page: the template is named in its module."""
    for module in pkgutil.iter_modules(serving.web.__path__):
        loaded = importlib.import_module(f"serving.web.{module.name}")
        yield from getattr(loaded, "TEMPLATES_OF", {}).items()


def used(template: str, name: str, seen: set[str] | None = None) -> set[str]:
    """Attributes of the variable ``name`` in a template and those that it includes or extends."""
    seen = set() if seen is None else seen
    if template in seen:
        return set()
    seen.add(template)
    tree = environment().parse((TEMPLATES / template).read_text(encoding="utf-8"))
    found = {
        node.attr
        for node in tree.find_all(nodes.Getattr)
        if isinstance(node.node, nodes.Name) and node.node.name == name
    }
    for kind in (nodes.Include, nodes.Extends):
        for link in tree.find_all(kind):
            named = getattr(link, "template")  # noqa: B009 - both have it, their root has not
            if isinstance(named, nodes.Const):
                found |= used(named.value, name, seen)
    return found


@pytest.mark.parametrize(("template", "context"), list(pages()))
def test_a_template_shows_exactly_its_context(template: str, context: type[msgspec.Struct]) -> None:
    assert used(template, "page") == set(context.__struct_fields__)


def test_every_template_that_is_a_page_is_listed() -> None:
    listed = {template for template, _ in pages()}
    whole = {x.name for x in TEMPLATES.glob("*.html") if 'extends "base.html"' in x.read_text()}
    assert whole == listed


def test_the_frame_shows_exactly_the_shell() -> None:
    names = set()
    for path in TEMPLATES.glob("*.html"):
        names |= used(path.name, "shell")
    assert names == set(Shell.__struct_fields__)


def test_no_template_holds_what_the_content_security_policy_forbids() -> None:
    for path in TEMPLATES.glob("*.html"):
        text = path.read_text()
        assert " style=" not in text, path.name
        assert " onclick" not in text and "<script>" not in text, path.name
        assert "http://" not in text and "https://" not in text, path.name
