"""Which files of a folder are whose, and when they came; the class and the terms under which it is graded."""
