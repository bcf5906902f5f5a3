"""After submission: the ledger, who owes what, expected amounts and the practice's figures.

Rules and formulas only: no database, no web. See ``docs/revenue.md``.
"""
