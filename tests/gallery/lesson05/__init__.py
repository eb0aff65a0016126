"""Lesson 05: answers as students write them."""
