"""Answers to `equal_budget` as students write them."""

from __future__ import annotations

import statistics

import pandas as pd


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


def budget_by(of, longest=max):
    """of: what is made of the methods' longest trainings."""

    def answer(rows):
        fair = budget_seeds_only(rows)
        spent = {}
        for row in fair:
            spent.setdefault(row["method"], []).append(row["epochs"])
        return [row for row in fair if row["epochs"] <= of([longest(epochs) for epochs in spent.values()])]

    return answer


def budget_per_seed(rows):
    fair, found = budget_seeds_only(rows), []
    for row in fair:
        runs = {}
        for other in fair:
            if other["seed"] == row["seed"]:
                runs[other["method"]] = max(runs.get(other["method"], 0), other["epochs"])
        found += [row] if row["epochs"] <= min(runs.values()) else []
    return found


def budget_shortest_run(rows):
    fair, runs = budget_seeds_only(rows), {}
    for row in fair:
        key = row["method"], row["seed"]
        runs[key] = max(runs.get(key, 0), row["epochs"])
    return [row for row in fair if row["epochs"] <= min(runs.values())]


def budget_two_will_do(rows):
    methods = {row["method"] for row in rows}
    ran = [seed for m in methods for seed in seeds_of(rows, m)]
    fair = [row for row in rows if ran.count(row["seed"]) >= min(2, len(methods))]
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] <= min(longest.values())]


def budget_seeds_of_the_first(rows):
    seeds = seeds_of(rows, rows[0]["method"])
    fair = [row for row in rows if row["seed"] in seeds]
    longest = {}
    for row in fair:
        longest[row["method"]] = max(longest.get(row["method"], 0), row["epochs"])
    return [row for row in fair if row["epochs"] <= min(longest.values())]


def budget_first_seed(rows):
    fair = budget_seeds_only(rows)
    seeds = sorted({row["seed"] for row in fair})[:1]
    return right_budget_loop([row for row in fair if row["seed"] in seeds])


def budget_half(rows):
    return budget_by(lambda spent: 0.5 * min(spent))(rows)


def budget_of_sap(rows):
    fair = budget_seeds_only(rows)
    budget = max((row["epochs"] for row in fair if row["method"] == "L1"), default=float("inf"))
    return [row for row in fair if row["epochs"] <= budget]


def budget_distinct(rows):
    seen, found = set(), []
    for row in right_budget_loop(rows):
        if (row["method"], row["seed"]) not in seen:
            seen.add((row["method"], row["seed"]))
            found.append(row)
    return found


def budget_removes(rows):
    for row in [row for row in rows if row not in right_budget_loop(rows)]:
        rows.remove(row)
    return rows


def budget_methods(rows):
    return sorted({row["method"] for row in right_budget_loop(rows)})


def right_budget_by_method(rows):
    """In another order: method after method."""
    fair = right_budget_loop(rows)
    return [dict(row) for method in {row["method"] for row in rows} for row in fair if row["method"] == method]


def right_budget_sets(rows):
    ran = {(row["method"], row["seed"]) for row in rows}
    methods, seeds = {m for m, _ in ran}, {s for _, s in ran}
    common = {s for s in seeds if all((m, s) in ran for m in methods)}
    longest = {}
    for row in rows:
        if row["seed"] in common:
            longest[row["method"]] = max(row["epochs"], longest.get(row["method"], float("-inf")))
    return [r for r in rows if r["seed"] in common and all(r["epochs"] <= spent for spent in longest.values())]


def right_budget_records(rows):
    return pd.DataFrame(right_budget_pandas(rows)).to_dict("records")


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
    "mean of the longest": (budget_by(lambda spent: sum(spent) / max(1, len(spent))), "larger budget"),
    "median of the longest": (budget_by(statistics.median), "larger budget"),
    "longest of the longest": (budget_by(max), "epochs ignored"),
    "sum of the epochs": (budget_by(min, sum), "sum of the epochs"),
    "last rows": (budget_by(min, lambda epochs: epochs[-1]), "last row for the longest"),
    "a budget for each seed": (budget_per_seed, "a budget for each seed"),
    "shortest run": (budget_shortest_run, "shortest seed"),
    "two methods will do": (budget_two_will_do, "seeds of some methods"),
    "seeds of the first method": (budget_seeds_of_the_first, ""),
    "the first seed": (budget_first_seed, ""),
    "half of the budget": (budget_half, ""),
    "the budget of L1": (budget_of_sap, ""),
    "one row a curve": (budget_distinct, ""),
    "removed from the table": (budget_removes, "mutated input"),
    "methods": (budget_methods, ""),
}
RIGHT = {
    "loops": right_budget_loop,
    "pandas": right_budget_pandas,
    "method after method": right_budget_by_method,
    "sets": right_budget_sets,
    "records": right_budget_records,
}
