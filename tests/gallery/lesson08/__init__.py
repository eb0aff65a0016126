"""Lesson 08: answers as students write them."""
