"""On what the curves of a study were computed, and which of them were not computed alike."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from course_lib.sweep import grid as grids
from course_lib.sweep.store import Store

DECIDES = ("instructions", "GPU", "torch", "course_lib")  # what of a machine moves the numbers of a curve
UNKNOWN = "unknown"  # older records do not say it
Origins = Mapping[tuple[str, int], Mapping[str, str]]


def read(folder: str | Path, grid: Mapping[str, Any] | None = None) -> dict[tuple[str, int], dict[str, str]]:
    """Return (method, seed) -> what the finished curve in a study's records says of its machine; empty without records.

    grid: a checked grid, of whose curves alone is spoken, as records may also hold those of an older version of it.
    """
    records = Path(folder) / "records"
    found = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(records.glob("*-seed*.json"))]
    curves = [record for record in found if "rounds" in record]
    names = {Path(record["config"]["data"]).name for record in curves}
    known = {
        grids.identity(curve)
        for name in (names if grid and grid.get("method") else ())
        for curve in Store(records, records).curves({**(grid or {}), "data": name})
    }
    return {
        (record["config"]["method"], record["config"]["seed"]): record.get("machine", {})
        for record in curves
        if not known or grids.identity(record["config"]) in known
    }


def unlike(origins: Origins, one: str, other: str) -> str:
    """Say in what the machines of two methods' curves differ on any seed, such as "instructions AVX2 and AVX512"; else "".

    A processor's name decides nothing: the same instructions give the same numbers.
    """
    parts = []
    for key in DECIDES:
        pairs = [
            (machine.get(key, UNKNOWN), origins[other, seed].get(key, UNKNOWN))
            for (method, seed), machine in origins.items()
            if method == one and (other, seed) in origins
        ]
        differ = sorted({value for pair in pairs if pair[0] != pair[1] for value in pair})
        parts += [f"{key} {' and '.join(differ)}"] if differ else []
    return ", ".join(parts)


def unsaid(origins: Origins, methods: Iterable[str]) -> list[str]:
    """Say once that no record of these methods' curves names its instruction set, if that is so."""
    machines = [machine for (method, _), machine in origins.items() if method in set(methods)]
    if not machines or any("instructions" in machine or "GPU" in machine for machine in machines):
        return []
    return [
        "On which instruction set these curves were computed is unknown: their records are older than that entry. At high "
        "sparsities another instruction set can move a point as far as another seed does."
    ]
