"""Lesson 07: answers as students write them."""
