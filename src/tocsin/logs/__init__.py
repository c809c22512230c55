"""Log lines: what they look like, what they are about, and what they must not tell."""
