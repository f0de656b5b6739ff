"""Forms that arrive when they cannot be taken: signed out, or with a stale token. Their text is kept."""
