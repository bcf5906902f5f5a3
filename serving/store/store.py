"""The store as one thing: open it once in a process."""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import URL

from models.revenue.collection_policy import current_policy
from serving.store.api_keys import ApiKeys
from serving.store.audit_log import AuditLog
from serving.store.balances_decisions import BalanceDecisions
from serving.store.balances_keeping import BalanceKeeping
from serving.store.balances_reading import BalanceReports
from serving.store.batches import Batches
from serving.store.chains import Chains
from serving.store.database import Database
from serving.store.denied_claims import DeniedClaims
from serving.store.draft_list import DraftList
from serving.store.drafts import Drafts
from serving.store.errors import StoreUnavailableError
from serving.store.follow_ups import FollowUps
from serving.store.intake import Intake
from serving.store.kpis import Kpis
from serving.store.ledger import Ledgers
from serving.store.ledger_decisions import LedgerDecisions
from serving.store.ledger_reading import LedgerReports
from serving.store.migrate import migrate
from serving.store.notes import Notes
from serving.store.outcomes import Outcomes
from serving.store.packets import Packets
from serving.store.recorder import Recorder
from serving.store.rule_learning import RuleLearning
from serving.store.rules import PayerRules
from serving.store.scorecard import Scorecards
from serving.store.scores import Scores
from serving.store.spool import Spool
from serving.store.users import Users
from serving.store.work_decisions import WorkDecisions
from serving.store.work_items import WorkItems
from serving.store.worklist import DenialWorklist

DATABASE_NAME = "firstpass.db"
SPOOL_NAME = "spool"


class Store:
    """Everything that is kept, each kind under its name. Thread-safe; not for use across forks.

    While the database is away, ``recorder`` spools; all others raise `StoreUnavailableError`.
    """

    def __init__(
        self, database: Database, spool: Spool, on_away: Callable[[str], None] | None = None
    ) -> None:
        self.database = database
        self.spool = spool
        self.state = spool.folder.parent
        self.keys = ApiKeys(database)
        self.drafts = Drafts(database)
        self.draft_list = DraftList(database)
        self.notes = Notes(database)
        self.chains = Chains(database)
        self.users = Users(database)
        self.audit = AuditLog(database)
        self.intake = Intake(database)
        self.scores = Scores(database)
        self.rules = PayerRules(database)
        self.batches = Batches(database)
        self.outcomes = Outcomes(database)
        self.rule_learning = RuleLearning(database, self.outcomes, self.rules)
        self.ledgers = Ledgers(database)
        self.kpis = Kpis(database)
        self.ledger_reports = LedgerReports(database)
        self.ledger_decisions = LedgerDecisions(database)
        self.work_items = WorkItems(database)
        self.worklist = DenialWorklist(database)
        self.denied_claims = DeniedClaims(database)
        self.work_decisions = WorkDecisions(database)
        self.packets = Packets(database)
        policy = current_policy()
        self.balances = BalanceKeeping(database, policy)
        self.follow_ups = FollowUps(database)
        self.balance_reports = BalanceReports(database, policy)
        self.balance_decisions = BalanceDecisions(database, policy)
        self.scorecards = Scorecards(database)
        self.recorder = Recorder(
            database,
            spool,
            scores=self.scores,
            audit=self.audit,
            intake=self.intake,
            on_away=on_away,
        )

    def migrate(self) -> bool:
        """Brings the tables to this version; whether there was anything to do."""
        return migrate(self.database)

    def ready(self) -> None:
        """Passes if the database answers.

        Raises:
            StoreUnavailableError: it does not; the text says why.
        """
        with self.database.read() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Stops the recorder when all is safe, and closes the connections."""
        self.recorder.close()
        self.database.close()


def open_store(
    folder: Path,
    url: str = "",
    *,
    required: bool = True,
    on_away: Callable[[str], None] | None = None,
) -> Store:
    """The store with its tables made or upgraded.

    ``folder`` holds the SQLite file (where ``url`` names no other database) and the spool.
    ``on_away`` is told why, each time the recorder finds the store away. Without ``required`` a
    database that is away does not stop the start: its recorder, once started, spools, and
    migrates and replays when the database is there.

    Raises:
        StoreUnavailableError: the database cannot be reached, and is ``required``.
        StoreError: it is of a newer version.
        InputError: ``url`` names no supported database.
    """
    where = url or URL.create("sqlite", database=str((folder / DATABASE_NAME).absolute()))
    store = Store(Database(where), Spool(folder / SPOOL_NAME), on_away)
    try:
        store.migrate()
    except StoreUnavailableError as error:
        if required:
            raise
        store.database.held = str(error)
    return store
