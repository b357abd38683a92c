"""Measures: turns beside Rasa's starter, one and two bot processes, the desk with 100,000 referrals, memory."""
