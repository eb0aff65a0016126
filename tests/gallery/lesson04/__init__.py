"""Lesson 04: answers as students write them."""
