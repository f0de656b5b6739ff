"""Who may see, answer, claim, release, monitor: the only place that decides."""
