"""The assistant's actions: thin, one module a step; they never raise."""
