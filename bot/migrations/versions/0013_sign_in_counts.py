"""Wrong sign-ins are counted by name and place, not by account alone; a browser that signed in before is known."""
import sqlalchemy as sa
from alembic import op

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        'known_browsers',
        sa.Column('id', sa.String(length=36), primary_key=True),
        sa.Column('account_id', sa.String(length=36), sa.ForeignKey('accounts.id'), nullable=False),
        sa.Column('token_hash', sa.String(length=64), nullable=False),
        sa.Column('used_at', sa.DateTime(timezone=True), nullable=False),
    )
    op.create_index('ix_known_browsers_account_id', 'known_browsers', ['account_id'])
    op.create_index('ix_known_browsers_token_hash', 'known_browsers', ['token_hash'])
    op.create_table(
        'sign_in_counts',
        sa.Column('key', sa.String(length=12), primary_key=True),
        sa.Column('failures', sa.Integer(), nullable=False),
        sa.Column('open_at', sa.DateTime(timezone=True), nullable=False),
        sa.Column('refused', sa.String(length=36), sa.ForeignKey('accounts.id'), nullable=True),
    )
    op.create_index('ix_sign_in_counts_refused', 'sign_in_counts', ['refused'])
    with op.batch_alter_table('accounts') as batch:
        batch.drop_column('failures')
        batch.drop_column('blocked_until')


def downgrade() -> None:
    with op.batch_alter_table('accounts') as batch:
        batch.add_column(sa.Column('failures', sa.Integer(), nullable=False, server_default='0'))
        batch.add_column(sa.Column('blocked_until', sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table('accounts') as batch:
        batch.alter_column('failures', server_default=None)
    op.drop_table('sign_in_counts')
    op.drop_table('known_browsers')
