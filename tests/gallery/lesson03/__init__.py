"""Lesson 03: answers as students write them."""
