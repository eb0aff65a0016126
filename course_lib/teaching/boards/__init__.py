"""The state behind a slider: what every position needs is computed once, and each position is a pure function of it."""
