"""Which drafts may be about a child, so that none of them vanishes without the desk."""
from __future__ import annotations

from bot.protocol.routes import presumed_child
from bot.referrals.reports import content_of, readable
from bot.referrals.tables import Report


def about_a_child(report: Report) -> bool:
    """Tell whether a draft may be about a child; one that cannot be read may."""
    data = content_of(report)
    children = not data["persons"] or any(presumed_child(p) is not False for p in data["persons"])
    return bool((data["about_a_person"] or not readable(report)) and children and not data.get("outside"))
