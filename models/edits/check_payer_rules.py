"""Edits that are payer rules, learnt from remittances and accepted by a person."""

from collections.abc import Sequence

from models.edits.edit import Edit, Findings, Severity
from models.edits.prepared import PreparedClaim
from models.edits.rule_book import AcceptedRule
from models.history.rules import LineFacts, line_facts, load_kinds

PREFIX = "payer_rule."
"""Before the rule's number in the id of its edit."""


def check_payer_rules(claim: PreparedClaim, out: Findings) -> None:
    """Accepted payer rules that lines of the claim break; each once, at the first such line."""
    book = claim.tables.payer_rules
    if not book:
        return
    rules = book.of(claim.claim)
    if not rules:
        return
    facts = line_facts(claim.claim, claim.context.earlier)
    for accepted in rules:
        broken = [
            place
            for place, line in enumerate(facts)
            if claim.claim.lines[place].charge > 0 and accepted.rule.broken_by(line)
        ]
        if broken:
            out.edits.append(_edit(accepted, broken, facts))


def _edit(accepted: AcceptedRule, broken: Sequence[int], facts: Sequence[LineFacts]) -> Edit:
    rule = accepted.rule
    template = load_kinds()[rule.kind].path
    paths = tuple(dict.fromkeys(template.format(line=f"/lines/{x}") for x in broken))
    source = (
        f"payer rule {accepted.id}, learnt from remittances: {rule.denied} of {rule.answered}"
        f"{rule.period}"
    )
    return Edit(
        f"{PREFIX}{accepted.id}",
        Severity(rule.severity),
        paths[0],
        rule.condition,
        rule.remedy,
        source,
        paths[1:],
    )
