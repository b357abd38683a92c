"""Plain tables: names to the left, figures to the right."""
from __future__ import annotations


def percentile(values: list[float], part: float) -> float:
    """Give the value that `part` of all values do not exceed (nearest rank)."""
    ordered = sorted(values)
    return ordered[max(0, min(len(ordered) - 1, round(part * len(ordered)) - 1))]


def ms(seconds: float) -> str:
    """Write a time in milliseconds."""
    return f"{seconds * 1000:.1f} ms"


def mb(size: float) -> str:
    """Write a size in megabytes or kilobytes."""
    return f"{size / 1e6:.1f} MB" if size >= 1e6 else f"{size / 1e3:.0f} kB"


def met(value: float, limit: float) -> str:
    """Say whether a goal is met."""
    return f"at most {limit:g}: {'met' if value <= limit else 'MISSED'}"


def show(title: str, heads: list[str], rows: list[list[str]]) -> str:
    """Write a table.

    Args:
        title: what it is about; head of the first column.
        heads: heads of the other columns.
        rows: cells, the name first; missing ones stay empty.

    Returns:
        The lines.
    """
    cells = [[title, *heads], *([*row, *[""] * (len(heads) + 1 - len(row))] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(heads) + 1)]
    lines = ["  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))])
             for row in cells]
    lines.insert(1, "-" * len(lines[0]))
    return "\n".join(line.rstrip() for line in lines)
