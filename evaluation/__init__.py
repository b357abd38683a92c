"""Measures what the assistant understands, on labelled messages that were written without sight of its patterns."""
