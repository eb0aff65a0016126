"""Answers to the exercises as students write them: a folder a lesson, a module an exercise, found by these names.

WRONG: label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about the failing
case is all that can be said). RIGHT: label -> answer.
"""
