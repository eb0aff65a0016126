"""Wrong and right answers to every code exercise, one module a lesson: the proof that the checks check."""
