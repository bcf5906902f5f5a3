"""The registry of edits as a table for the documentation: ``python -m models.edits.document``."""

from models.edits.edit import load_rules


def edits_table() -> str:
    """Every edit in Markdown, in the order of the registry."""
    lines = ["| edit | severity | binds | needs | finds |", "|---|---|---|---|---|"]
    for rule in load_rules().values():
        payers = ", ".join(rule.payers).replace("_", " ") or "all"
        lines.append(
            f"| `{rule.id}` | {rule.severity} | {payers} | {rule.table or '–'} | {rule.checks} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(edits_table())
