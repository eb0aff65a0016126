"""Answers to `equal_budget` as students write them."""

from __future__ import annotations


def seeds_of(rows, method):
    return {row["seed"] for row in rows if row["method"] == method}


def budget_untouched(rows):
    return [dict(row) for row in rows]


def budget_seeds_only(rows):
    common = None
    for method in {row["method"] for row in rows}:
        common = seeds_of(rows, method) if common is None else common & seeds_of(rows, method)
    return [row for row in rows if row["seed"] in common]


def budget_epochs_only(rows):
    longest = {}
    for row in rows:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in rows if row["epochs"] <= min(longest.values())]


def budget_first(rows):
    return budget_seeds_only(budget_epochs_only(rows))


def budget_first_of_all(rows):
    longest = {}
    for row in rows:
        longest.setdefault(row["method"], []).append(row["epochs"])
    budget = min(max(epochs) for epochs in longest.values())
    return [row for row in budget_seeds_only(rows) if row["epochs"] <= budget]


def budget_shortest(rows):
    rows = budget_seeds_only(rows)
    if not rows:
        return []
    least = min(row["epochs"] for row in rows)
    return [row for row in rows if row["epochs"] <= least]


def budget_less(rows):
    fair = budget_seeds_only(rows)
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] < min(longest.values())]


def budget_equal(rows):
    fair = budget_seeds_only(rows)
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] == min(longest.values())]


def budget_shared_epochs(rows):
    fair = budget_seeds_only(rows)
    methods = {row["method"] for row in fair}
    return [
        row
        for row in fair
        if all(any(other["method"] == m and other["epochs"] == row["epochs"] for other in fair) for m in methods)
    ]


def budget_best(rows):
    fair = right_budget_loop(rows)
    return sorted(fair, key=lambda row: -row["accuracy"])[:1]


def right_budget_loop(rows):
    methods = sorted({row["method"] for row in rows})
    common = set(seeds_of(rows, methods[0]))
    for method in methods[1:]:
        common &= seeds_of(rows, method)
    fair = [row for row in rows if row["seed"] in common]
    if not fair:
        return []
    budget = min(max(row["epochs"] for row in fair if row["method"] == method) for method in methods)
    return [row for row in fair if row["epochs"] <= budget]


def right_budget_pandas(rows):
    import pandas as pd

    table = pd.DataFrame(rows)
    runs = table.groupby("seed")["method"].nunique()
    table = table[table["seed"].isin(runs[runs == table["method"].nunique()].index)]
    budget = table.groupby("method")["epochs"].max().min()
    return [rows[i] for i in table.index[table["epochs"] <= budget]]


WRONG = {
    "copies of all rows": (budget_untouched, "nothing mended"),
    "seeds only": (budget_seeds_only, "epochs ignored"),
    "epochs only": (budget_epochs_only, "seeds ignored"),
    "epochs first, then seeds of what is left": (budget_first, "budget before seeds"),
    "budget of all seeds": (budget_first_of_all, "budget before seeds"),
    "shortest row": (budget_shortest, "shortest row"),
    "less than the budget": (budget_less, "strictly less"),
    "exactly the budget": (budget_equal, "only the last rows"),
    "epochs that all have": (budget_shared_epochs, "same epochs only"),
    "only the winner": (budget_best, ""),
}
RIGHT = {"loops": right_budget_loop, "pandas": right_budget_pandas}
