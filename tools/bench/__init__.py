"""Measures this assistant beside the one that `rasa init` makes: turns, long conversations, where time goes, size."""
