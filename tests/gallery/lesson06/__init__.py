"""Lesson 06: answers as students write them."""
