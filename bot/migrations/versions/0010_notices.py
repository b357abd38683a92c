"""Notices to people outside, on their way out."""
import sqlalchemy as sa
from alembic import op

revision = '0010'
down_revision = '0009'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'notices',
        sa.Column('id', sa.String(length=36), primary_key=True),
        sa.Column('kind', sa.String(length=12), nullable=False),
        sa.Column('priority', sa.String(length=8), nullable=False),
        sa.Column('address', sa.String(length=400), nullable=False),
        sa.Column('report_id', sa.String(length=36), nullable=True),
        sa.Column('figures', sa.JSON(), nullable=True),
        sa.Column('state', sa.String(length=8), nullable=False),
        sa.Column('attempts', sa.Integer(), nullable=False),
        sa.Column('due_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('error', sa.String(length=60), nullable=True),
        sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True),
    )
    op.create_index('notices_due', 'notices', ['state', 'due_at'])
    op.create_index('notices_kinds', 'notices', ['kind', 'created_at'])


def downgrade() -> None:
    op.drop_table('notices')
