"""What a notebook that a student handed in holds, read as data: nothing is executed here."""
