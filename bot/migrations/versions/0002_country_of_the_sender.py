"""The country of the organisation behind a program's token, and so of its conversations."""
import sqlalchemy as sa
from alembic import op

revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ('api_tokens', 'conversations'):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column('country', sa.String(length=2), nullable=True))


def downgrade() -> None:
    for table in ('conversations', 'api_tokens'):
        with op.batch_alter_table(table) as batch:
            batch.drop_column('country')
