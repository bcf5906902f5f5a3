"""Indexes by which the pages answer quickly over many drafts and notes."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Creates them."""
    op.create_index("ix_drafts_state_preventable", "drafts", ["state", "preventable"])
    op.create_index(
        "ix_drafts_sums",
        "drafts",
        [
            "state",
            "practice",
            "payer",
            "category",
            "provider",
            "service_date",
            "preventable",
            "expected_loss",
            "scored_revision",
            "payer_name",
            "provider_name",
        ],
    )
    op.create_index("ix_notes_state_certainty", "notes", ["state", "certainty"])
    op.create_index(
        "ix_notes_queue", "notes", ["state", "practice", "specialty", "date", "certainty"]
    )
    op.create_index(
        "ix_notes_state_specialty_certainty", "notes", ["state", "specialty", "certainty"]
    )
