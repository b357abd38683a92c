"""The table of notices on their way out."""
from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String

from bot.addresses import LONGEST
from bot.database import Base, UtcTime, now


class Notice(Base):
    """One notice to one address. It holds no content: the reference of its report is looked up when it leaves.

    `kind` and `priority` are those of `wording`; `figures` are the counts of the daily notice. `state` is waiting,
    sent, failed (given up) or dropped (the settings no longer name its address). The report may be gone meanwhile.
    """

    __tablename__ = "notices"
    id = Column(String(36), primary_key=True)
    kind = Column(String(12), nullable=False)
    priority = Column(String(8), nullable=False)
    address = Column(String(LONGEST), nullable=False)
    report_id = Column(String(36), nullable=True)
    figures = Column(JSON, nullable=True)
    state = Column(String(8), nullable=False, default="waiting")
    attempts = Column(Integer, nullable=False, default=0)
    due_at = Column(UtcTime, nullable=False, default=now)
    error = Column(String(60), nullable=True)
    created_at = Column(UtcTime, nullable=False, default=now)
    finished_at = Column(UtcTime, nullable=True)
    __table_args__ = (Index("notices_due", "state", "due_at"), Index("notices_kinds", "kind", "created_at"))
