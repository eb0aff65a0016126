"""Answers to `choose`."""


def score(row):
    return (row["accuracy"] + row["sparsity"]) / 2


def best(rows, allowed, value=score):
    left = [k for k, row in enumerate(rows) if allowed(row)]
    return max(left, key=lambda k: value(rows[k]), default=None)


def no_floor(rows, budget, floor=0.6):
    return best(rows, lambda row: row["epochs"] <= budget)


def no_budget(rows, budget, floor=0.6):
    return best(rows, lambda row: row["accuracy"] >= floor)


def neither(rows, budget, floor=0.6):
    return best(rows, lambda row: True)


def accuracy(rows, budget, floor=0.6):
    return best(rows, lambda r: r["epochs"] <= budget and r["accuracy"] >= floor, lambda r: r["accuracy"])


def sparsity(rows, budget, floor=0.6):
    return best(rows, lambda r: r["epochs"] <= budget and r["accuracy"] >= floor, lambda r: r["sparsity"])


def product(rows, budget, floor=0.6):
    return best(rows, lambda r: r["epochs"] <= budget and r["accuracy"] >= floor, lambda r: r["sparsity"] * r["accuracy"])


def last(rows, budget, floor=0.6):
    found = None
    for k, row in enumerate(rows):
        if row["epochs"] <= budget and row["accuracy"] >= floor:
            found = k
    return found


def last_of_equals(rows, budget, floor=0.6):
    found, top = None, -1
    for k, row in enumerate(rows):
        if row["epochs"] <= budget and row["accuracy"] >= floor and score(row) >= top:
            found, top = k, score(row)
    return found


def strict(rows, budget, floor=0.6):
    return best(rows, lambda row: row["epochs"] < budget and row["accuracy"] > floor)


def typed_floor(rows, budget, floor=0.6):
    return best(rows, lambda row: row["epochs"] <= budget and row["accuracy"] >= 0.6)


def among_left(rows, budget, floor=0.6):
    left = [row for row in rows if row["epochs"] <= budget and row["accuracy"] >= floor]
    return best(left, lambda row: True)


def zero(rows, budget, floor=0.6):
    return right_max(rows, budget, floor) or 0


def minus_one(rows, budget, floor=0.6):
    found = right_max(rows, budget, floor)
    return -1 if found is None else found


def the_row(rows, budget, floor=0.6):
    found = right_max(rows, budget, floor)
    return None if found is None else rows[found]


def the_score(rows, budget, floor=0.6):
    found = right_max(rows, budget, floor)
    return None if found is None else score(rows[found])


def sorts(rows, budget, floor=0.6):
    rows.sort(key=score, reverse=True)
    return right_max(rows, budget, floor)


def right_max(rows, budget, floor=0.6):
    return best(rows, lambda row: row["epochs"] <= budget and row["accuracy"] >= floor)


def right_walk(rows, budget, floor=0.6):
    found = None
    for k, row in enumerate(rows):
        if row["epochs"] > budget or row["accuracy"] < floor:
            continue
        if found is None or row["accuracy"] + row["sparsity"] > rows[found]["accuracy"] + rows[found]["sparsity"]:
            found = k
    return found


def right_sorted(rows, budget, floor=0.6):
    order = sorted(range(len(rows)), key=lambda k: (-score(rows[k]), k))
    return next((k for k in order if rows[k]["epochs"] <= budget and rows[k]["accuracy"] >= floor), None)


WRONG = {
    "without the floor": (no_floor, "floor ignored"),
    "without the budget": (no_budget, "budget ignored"),
    "the best of all": (neither, "floor and budget ignored"),
    "best accuracy": (accuracy, "most accurate"),
    "best sparsity": (sparsity, "sparsest"),
    "product": (product, "product for mean"),
    "last allowed": (last, "last round"),
    "last of equals": (last_of_equals, "last of equals"),
    "strict": (strict, "strictly better than floor and budget"),
    "0.6 typed": (typed_floor, "own floor"),
    "index among those left": (among_left, "index among the rows left"),
    "zero for none": (zero, "a number for none"),
    "-1 for none": (minus_one, "a number for none"),
    "the row": (the_row, ""),
    "the score": (the_score, ""),
    "sorted in place": (sorts, ""),
}
RIGHT = {"max": right_max, "loop": right_walk, "sorted": right_sorted}
