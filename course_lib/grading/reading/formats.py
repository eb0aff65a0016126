"""Imported before anything else has imported nbformat, this makes its import quick.

nbformat brings jsonschema, which reads 39 grammars of addresses where it finds their parser: half of the time that a call of
`course grade` takes in which nothing changed. No notebook's schema asks for an address of that kind.
"""

from __future__ import annotations

import sys

if "nbformat" not in sys.modules and "rfc3987_syntax" not in sys.modules:
    sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]
    import nbformat  # noqa: F401

    del sys.modules["rfc3987_syntax"]
