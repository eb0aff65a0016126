"""Lesson 02: answers as students write them."""
