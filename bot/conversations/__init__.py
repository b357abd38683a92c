"""Conversations: every message a row, who holds the conversation, and what goes out."""
