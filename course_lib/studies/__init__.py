"""What a finished grid says: its table and figures, verdicts, findings over all studies, stability of choices."""
