"""The two searches on seed 0 behind course_lib/sweep/grids/open.toml; no test image is read.

    python scripts/search_open.py first|second DATA OUT.jsonl [--jobs N]

results/open/searches.jsonl has one line for each dense start and each round of a trial, rounded, from one H100 with 12
trials at a time (the second with NVIDIA's MPS). The first search started its trials from "batches of 32", the best dense
start on validation; it was stopped after 4.5 minutes, so two trials with batches of 32 have no end, and the one with SGD at
0.1 diverged. The second started from a network of the settings "batches of 64" that a CPU had trained (0.8244 on
validation).
"""

from __future__ import annotations

import argparse
import functools
import json
import time
from pathlib import Path

from joblib import Parallel, delayed

from course_lib import data, models, pareto, train
from course_lib.errors import CourseError
from course_lib.pruning.loop import iterate
from course_lib.pruning.presets import PRESETS

SAP = {"pruner": "sap", "p": 1, "q": 2, "gamma": 6.0, "beta": 0.4, "min_per_layer": 400}
MAGNITUDE = {"pruner": "magnitude", "scope": "global", "sparsity": 0.98}
FIT = {"batch_size": 64, "lr": 2e-3, "dropout": 0.0}
SMALL = {**FIT, "batch_size": 32, "lr": 1.5e-3}
# name of a dense start -> settings of 16 epochs
DENSE = {
    "batches of 64": {"batch_size": 64, "lr": 1.5e-3, "dropout": 0.1},
    "batches of 32": {"batch_size": 32, "lr": 1e-3, "dropout": 0.1},
    "batches of 32, dropout 0.2": {"batch_size": 32, "lr": 1.2e-3, "dropout": 0.2},
    "SGD": {"batch_size": 64, "lr": 0.05, "dropout": 0.1, "optimizer": "sgd"},
}
# name of a trial -> pruner, settings of training; 8 rounds of one epoch and 8 at the end, distilled from the dense start
FIRST = {
    "SAP": (SAP, FIT),
    "SAP, batches of 32": (SAP, SMALL),
    "SAP, lr 3e-3": (SAP, {**FIT, "lr": 3e-3}),
    "SAP, SGD": (SAP, {**FIT, "lr": 0.1, "optimizer": "sgd"}),
    "SAP, no weight decay": (SAP, {**FIT, "weight_decay": 0.0}),
    "SAP, beta 0.35": ({**SAP, "beta": 0.35}, FIT),
    "SAP (0.5, 1)": ({**SAP, "p": 0.5, "q": 1}, FIT),
    "SAP, 4 rounds": ({**SAP, "beta": 0.62, "rounds": 4}, FIT),
    "magnitude": (MAGNITUDE, FIT),
    "magnitude, batches of 32": (MAGNITUDE, SMALL),
    "magnitude, 0.97": ({**MAGNITUDE, "sparsity": 0.97}, FIT),
    "magnitude, floor 800": ({**MAGNITUDE, "min_per_layer": 800}, FIT),
}
FLOOR = {**MAGNITUDE, "min_per_layer": 2500}
SECOND = {
    "magnitude, floor 1500": ({**MAGNITUDE, "min_per_layer": 1500}, FIT),
    "magnitude, floor 2500": (FLOOR, FIT),
    "magnitude, floor 3500": ({**MAGNITUDE, "min_per_layer": 3500}, FIT),
    "magnitude, floor 5000": ({**MAGNITUDE, "min_per_layer": 5000}, FIT),
    "magnitude, floor 2500, lr 3e-3": (FLOOR, {**FIT, "lr": 3e-3}),
    "magnitude, floor 2500, 0.985": ({**FLOOR, "sparsity": 0.985}, FIT),
    "magnitude, floor 2500, 0.975": ({**FLOOR, "sparsity": 0.975}, FIT),
    "magnitude, floor 2000, 0.988": ({**FLOOR, "min_per_layer": 2000, "sparsity": 0.988}, FIT),
    "SAP, floor 1500": ({**SAP, "beta": 0.42, "min_per_layer": 1500}, FIT),
    "SAP, floor 2500": ({**SAP, "beta": 0.44, "min_per_layer": 2500}, FIT),
    "SAP, floor 2500, gamma 8": ({**SAP, "beta": 0.44, "min_per_layer": 2500, "gamma": 8.0}, {**FIT, "lr": 3e-3}),
    "magnitude, floor 2500, batches of 32": (FLOOR, SMALL),
}
SEARCHES = {"first": (DENSE, FIRST), "second": ({"batches of 64": DENSE["batches of 64"]}, SECOND)}
EPOCHS, ROUNDS, FINAL = 16, 8, 8


def write(out: Path, **row: object) -> None:
    """Append one line; each is short enough to be written in one piece."""
    with out.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")


def start(path: str, out: Path, search: str, name: str) -> tuple[float, train.Snapshot]:
    """Train a dense start; return its validation accuracy and weights."""
    bench = data.load(path)
    model = models.build("cnn", bench, seed=0)
    history = train.fit(model, bench, EPOCHS, seed=0, **DENSE[name])
    accuracy = train.evaluate(model, bench)
    write(out, search=search, dense=name, val_accuracy=accuracy, seconds=history["seconds"])
    return accuracy, {key: value.cpu() for key, value in train.snapshot(model).items()}


def trial(path: str, out: Path, search: str, name: str, dense: train.Snapshot) -> None:
    """Prune from a dense start."""
    bench = data.load(path)
    model, teacher = (train.rewind(models.build("cnn", bench, seed=0), dense) for _ in range(2))
    settings, fit = SEARCHES[search][1][name]
    arguments = {key: value for key, value in settings.items() if key not in ("pruner", "rounds")}
    rounds = settings.get("rounds", ROUNDS)
    pruner, fit = PRESETS[settings["pruner"]](**arguments), functools.partial(train.fit, teacher=teacher, **fit)
    loop = {"rounds": rounds, "epochs": 1, "final_epochs": ROUNDS + FINAL - rounds, "patience": None}
    began = time.perf_counter()
    try:
        for record in iterate(pruner, model, bench, **loop, fit=fit):
            row = {"round": record.round, "sparsity": record.sparsity, "val_accuracy": record.accuracy["tuned"]}
            row["score"] = pareto.score(row["val_accuracy"], row["sparsity"])
            row |= {"seconds": time.perf_counter() - began, "kept": record.kept if record.last else None}
            write(out, search=search, trial=name, **row)
    except CourseError as error:
        write(out, search=search, trial=name, failed=str(error))


def main() -> None:
    """Train the dense starts, then try everything from the best of them by validation."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("search", choices=SEARCHES)
    parser.add_argument("data", help="CIFAR-10 as an ImageFolder or a .zip of one")
    parser.add_argument("out", type=Path)
    parser.add_argument("--jobs", type=int, default=2, help="trials at a time")
    given = parser.parse_args()
    starts, trials = SEARCHES[given.search]
    parallel = Parallel(n_jobs=given.jobs, inner_max_num_threads=1)
    _, best = max(
        parallel(delayed(start)(given.data, given.out, given.search, name) for name in starts), key=lambda one: one[0]
    )
    parallel(delayed(trial)(given.data, given.out, given.search, name, best) for name in trials)


if __name__ == "__main__":
    main()
