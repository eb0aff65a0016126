"""Lesson 00: answers as students write them."""
