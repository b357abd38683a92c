"""Who may do what: accounts, passwords, sessions, tokens, and the trail of what was done."""
