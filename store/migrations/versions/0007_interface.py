"""tokens and webhooks of the interface for programs."""

revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Change nothing yet."""
