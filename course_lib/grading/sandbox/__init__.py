"""Where strangers' code runs: apart from everything else, under limits that are watched from outside."""
