"""Run the benchmarks, all or those that are named, and write results/benchmarks.json and benchmarks/README.md.

python -m benchmarks [NAME ...]
"""

from __future__ import annotations

import argparse
import importlib
import os

os.environ["TQDM_DISABLE"] = "1"  # before tqdm is imported

import torch

from benchmarks import measuring

NAMES = (
    "pruning",
    "training",
    "waiting",
    "memory",
    "checks",
    "slider",
    "page",
    "threads",
    "engines",
    "grading",
    "scale",
    "shipping",
    "gpu",
)


def main() -> None:
    """Run them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    names = parser.parse_args().names
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"{unknown[0]} was given; the benchmarks are {', '.join(NAMES)}.")
    for name in names or [name for name in NAMES if name != "gpu" or torch.cuda.is_available()]:
        table = importlib.import_module(f"benchmarks.{name}").table()
        print(f"\n{name}: {table.title}\n\n{table.markdown()}", flush=True)
        measuring.write(name, table)


if __name__ == "__main__":
    main()
