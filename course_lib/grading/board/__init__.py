"""The leaderboard of the capstone: files of weights, each looked at in a sandbox, on two boards."""

from course_lib.grading.board.run import Row, leaderboard

__all__ = ["Row", "leaderboard"]
