"""Records are found by keyed hashes of names, dates of birth, phones and plates."""
import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

from bot.referrals.reindexing import index_all
from bot.security.keys import index_key

revision = '0011'
down_revision = '0010'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'search_tokens',
        sa.Column('token', sa.String(length=64), primary_key=True),
        sa.Column('report_id', sa.String(length=36), sa.ForeignKey('reports.id'), primary_key=True),
        sa.Column('kind', sa.String(length=8), primary_key=True),
    )
    op.create_index('ix_search_tokens_report_id', 'search_tokens', ['report_id'])
    op.add_column('reports', sa.Column('index_key', sa.String(length=32), nullable=True))
    op.create_index('ix_reports_index_key', 'reports', ['index_key'])
    connection = op.get_bind()
    with Session(connection, future=True) as session:
        index_all(session, index_key(connection))
        session.flush()


def downgrade() -> None:
    op.drop_table('search_tokens')
    with op.batch_alter_table('reports') as batch:
        batch.drop_index('ix_reports_index_key')
        batch.drop_column('index_key')
