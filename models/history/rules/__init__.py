"""Payer rules learnt from remittances: readable, counted, dated; see ``docs/rules.md``."""

from models.history.rules.facts import LineFacts, line_facts
from models.history.rules.kinds import Kind, load_kinds
from models.history.rules.learn import FoundRule, learn_rules
from models.history.rules.observe import ClaimLine
from models.history.rules.rule import PayerRule, Support, decode_rule, encode_rule

__all__ = [
    "ClaimLine",
    "FoundRule",
    "Kind",
    "LineFacts",
    "PayerRule",
    "Support",
    "decode_rule",
    "encode_rule",
    "learn_rules",
    "line_facts",
    "load_kinds",
]
