"""nbgrader's gradebook, the graded notebooks in it, and formgrader, which opens them."""
