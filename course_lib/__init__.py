"""A course on pruning neural networks: the library that the lessons stand on."""

from __future__ import annotations

__version__ = "0.1.0"
