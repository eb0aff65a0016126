"""Lesson 01: answers as students write them."""
