"""Encrypted copies of the database, and their way back."""
