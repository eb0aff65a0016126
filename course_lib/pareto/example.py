"""A table small enough to be checked by eye: what the examples in this package's docstrings are about."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def example() -> pd.DataFrame:
    """Return the dense start and two methods, A and B, with two rounds each, on one seed.

    >>> example()[["method", "sparsity", "val_accuracy", "test_accuracy"]]
      method  sparsity  val_accuracy  test_accuracy
    0  dense       0.0          0.90           0.88
    1      A       0.5          0.89           0.87
    2      A       0.9          0.80           0.78
    3      B       0.5          0.85           0.86
    4      B       0.9          0.82           0.79
    """
    import pandas as pd

    table = pd.DataFrame(
        {
            "method": ["dense", "A", "A", "B", "B"],
            "seed": 0,
            "round": [0, 1, 2, 1, 2],
            "sparsity": [0.0, 0.5, 0.9, 0.5, 0.9],
            "kept_parameters": [1000, 500, 100, 500, 100],
            "macs": [5000, 5000, 5000, 2500, 500],
            "epochs": [3.0, 4.0, 5.0, 4.0, 5.0],
            "val_accuracy": [0.90, 0.89, 0.80, 0.85, 0.82],
            "test_accuracy": [0.88, 0.87, 0.78, 0.86, 0.79],
            "test_images": 1000,
        }
    )
    return table.assign(score=(table["test_accuracy"] + table["sparsity"]) / 2)
