"""Pre-submission edits: what is certainly or probably wrong with a claim, and what to do.

`check_claim` asks tables (`EditTables`) that users import from their publishers; what binds
which payer is data. No model is involved.
"""

from models.edits.check import check_claim, check_file
from models.edits.context import EditContext, ServiceIndex
from models.edits.edit import Edit, Rule, Severity, load_rules
from models.edits.rule_book import AcceptedRule, PayerRuleBook
from models.edits.scope import Scopes, load_scopes
from models.edits.tables import EditTables
from models.history.services import EarlierService, services_of

__all__ = [
    "AcceptedRule",
    "EarlierService",
    "Edit",
    "EditContext",
    "EditTables",
    "PayerRuleBook",
    "Rule",
    "Scopes",
    "ServiceIndex",
    "Severity",
    "check_claim",
    "check_file",
    "load_rules",
    "load_scopes",
    "services_of",
]
