"""What "clearly" takes: a family fixed beforehand, adjusted p-values, one sign on every seed; and what is said beside it."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from scipy import stats

from course_lib import pareto
from course_lib.studies import origins, verdicts
from course_lib.sweep import grid

SHARES = (0.5, 0.8, 0.9)


def curves(offsets, *, sparsities=SHARES, epochs=None, roles=None):
    """Three or more seeds of curves with equal rounds; offsets: method -> one number a seed, in shares of accuracy."""
    rows = []
    for method, own in {"dense": [0.0] * len(next(iter(offsets.values()))), **offsets}.items():
        shares = (0.0,) if method == "dense" else sparsities
        for seed, offset in enumerate(own):
            for number, share in enumerate(shares):
                rows.append(
                    {
                        **{"method": method, "seed": seed, "round": number + (method != "dense"), "sparsity": share},
                        **{"kept_parameters": round(1000 * (1 - share)), "macs": 5, "test_images": 10_000},
                        **{"epochs": (epochs or {}).get(method, 1.0) * (number + 1) + 10.0 * (method != "dense")},
                        **{"val_accuracy": 0.9, "test_accuracy": 0.8 + offset},
                        "role": (roles or {}).get(method, "dense" if method == "dense" else "contestant"),
                        "family": "SAP" if method.startswith("SAP") else method,
                    }
                )
    table = pd.DataFrame(rows)
    return table.assign(score=(table["test_accuracy"] + table["sparsity"]) / 2)


def test_a_difference_has_the_p_value_of_the_paired_t_test_and_says_whether_all_seeds_agree():
    table = curves({"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0, 0.001, -0.002]})
    found = pareto.paired(table, "SAP", "magnitude", 0.8)
    assert found.p == pytest.approx(stats.ttest_rel([0.03, 0.02, 0.01], [0.0, 0.001, -0.002]).pvalue)
    assert found.same_sign and not pareto.paired(table, "magnitude", "SAP", 0.8).mean > 0
    mixed = pareto.paired(curves({"SAP": [0.03, -0.02, 0.01], "magnitude": [0.0] * 3}), "SAP", "magnitude", 0.8)
    assert not mixed.same_sign
    none = pareto.paired(curves({"SAP": [0.0] * 3, "magnitude": [0.0] * 3}), "SAP", "magnitude", 0.8)
    assert (none.p, none.same_sign) == (1.0, False)  # equal on every seed: no sign at all


def test_fewer_than_three_seeds_have_no_p_value():
    found = pareto.paired(curves({"SAP": [0.03, 0.02], "magnitude": [0.0, 0.0]}), "SAP", "magnitude", 0.8)
    assert found.p is None and not found.clear


def test_the_p_values_of_a_family_are_adjusted_together():
    table = curves({"SAP": [0.03, 0.02, 0.028], "a": [0.0, 0.001, 0.0], "b": [0.01, 0.03, 0.0]})
    found = pareto.family(table, [("SAP", "a"), ("SAP", "b")], SHARES)
    raw = [difference.p for difference in found]
    assert [difference.adjusted for difference in found] == pytest.approx(stats.false_discovery_control(raw).tolist())
    assert len(found) == 6 and found[0].clear and not found[-1].clear


def test_a_small_adjusted_p_value_is_not_enough_where_one_seed_has_the_other_sign():
    """Many seeds can have a small p-value although one of them speaks against it."""
    table = curves({"SAP": [0.03] * 9 + [-0.001], "magnitude": [0.0] * 10})
    (found,) = pareto.family(table, [("SAP", "magnitude")], [0.8])
    assert found.adjusted < 0.05 and not found.same_sign and not found.clear


def test_what_is_clear_alone_need_not_be_in_its_family():
    alone = curves({"SAP": [0.03, 0.02, 0.035], "a": [0.0] * 3})
    assert pareto.family(alone, [("SAP", "a")], [0.8])[0].clear
    many = {f"m{n}": [0.03, 0.0, 0.07 - 0.001 * n] for n in range(9)}
    table = pd.concat([alone, curves(many).query("method != 'dense'")])
    found = pareto.family(table, [("SAP", "a"), *(("SAP", name) for name in many)], [0.8])
    assert found[0].p < 0.05 and not found[0].clear


def test_a_verdict_says_that_nothing_is_clear_and_what_all_seeds_agree_on():
    table = curves({"SAP": [0.03, 0.001, 0.01], "magnitude": [0.0] * 3})
    said = verdicts.compared(table, "SAP", "magnitude", [0.8])
    assert "clearly" not in said and "No difference here is clear" in said and "on every seed ahead at 0.8" in said
    family = verdicts.family(table)
    assert "none of these 3 differences is clear" in verdicts.multiplicity(family)


def test_a_pair_outside_the_primary_family_is_never_called_clear():
    table = curves({"SAP": [0.03, 0.03, 0.031], "magnitude": [0.0] * 3, "random": [-0.1, -0.1, -0.101]})
    primary = verdicts.family(table)
    assert {frozenset((one.one, one.other)) for one in primary} == {
        frozenset(("SAP", "magnitude")),
        frozenset(("SAP", "random")),
    }
    assert "clearly ahead" in verdicts.compared(table, "SAP", "magnitude", [0.8], primary)
    assert "clearly behind" in verdicts.compared(table, "magnitude", "SAP", [0.8], primary)
    said = verdicts.compared(table, "magnitude", "random", [0.8], primary)
    assert "clearly" not in said and "outside the primary family" in said and "on every seed ahead at 0.8" in said


def test_the_family_is_the_grids_own_pairs_and_sparsities():
    table = curves({"SAP": [0.03, 0.03, 0.031], "magnitude": [0.0] * 3, "random": [-0.1] * 3})
    found = verdicts.family(table, {"compare": [["magnitude", "random"], ["SAP", "gone"]], "at": [0.5, 0.9]})
    assert [(one.one, one.other, one.sparsity) for one in found] == [("magnitude", "random", s) for s in (0.5, 0.9)]


def test_a_control_at_the_same_pace_is_in_the_family_and_the_unpruned_one_is_not():
    roles = {"paced": "control", "dense, trained on": "control"}
    table = curves(
        {"SAP": [0.01] * 3, "magnitude": [0.0] * 3, "paced": [0.0] * 3, "dense, trained on": [0.0] * 3}, roles=roles
    )
    table.loc[table["method"] == "dense, trained on", "sparsity"] = 0.0
    table.loc[table["method"] == "magnitude", "epochs"] += 1
    assert {one.other for one in verdicts.family(table)} == {"magnitude", "paced"}


def test_longer_training_is_said_wherever_it_is_true_and_for_either_side():
    for long in ("SAP", "magnitude"):
        table = curves({"SAP": [0.03, -0.03, 0.01], "magnitude": [0.0] * 3}, epochs={long: 9.0})
        found = pareto.paired(table, "SAP", "magnitude", 0.9)
        assert found.unequal and f"{long} had been trained longer" in str(found)
        said = verdicts.compared(table, "SAP", "magnitude", [0.9])
        assert f"{long} had been trained longer" in said and said.count("had been trained longer") == 1


def test_ends_say_who_had_been_trained_longer():
    table = curves({"SAP": [0.03, -0.03, 0.01], "magnitude": [0.0] * 3})
    last = table["round"] == 3
    table.loc[last, "epochs"] += table["method"].map({"SAP": 50.0, "magnitude": 20.0}).fillna(0)
    (said,) = verdicts.compared_ends(table, "SAP", "magnitude")
    assert "after 63 and 33 epochs" in said and "SAP had been trained longer" in said


def test_equal_epochs_and_equal_sparsities_are_compared_round_by_round():
    table = curves({"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0] * 3})
    other = table["method"] == "magnitude"
    table.loc[other, "sparsity"] += 0.0004
    found = pareto.paired(table, "SAP", "magnitude", 0.84)
    assert found.round == 2 and found.sparsity == pytest.approx(0.8, abs=0.001)
    assert "in round 2" in str(found)
    said = verdicts.compared(table, "SAP", "magnitude", [0.84])
    assert "round by round" in said and "nothing is interpolated" in said and "0.0004" in said
    assert pareto.paired(table, "SAP", "magnitude", 0.95) is None  # beyond both curves
    for column, more in (("sparsity", 0.01), ("epochs", 1.0)):
        apart = table.copy()
        apart.loc[other, column] += more
        assert pareto.paired(apart, "SAP", "magnitude", 0.84).round is None
        assert "round by round" not in verdicts.compared(apart, "SAP", "magnitude", [0.84])


def test_a_pair_of_equal_pace_comes_before_the_others():
    table = curves({"SAP": [0.01] * 3, "a": [0.0] * 3, "paced": [0.0] * 3}, roles={"paced": "control"})
    table.loc[table["method"] == "a", "sparsity"] += 0.02
    said = [sentence for sentence in verdicts.sentences(table) if sentence.startswith("SAP minus ")]
    assert ["paced" in sentence for sentence in said] == [True, False]


MACHINE = {"processor": "abacus", "instructions": "AVX2", "torch": "2", "course_lib": "1"}


@pytest.fixture
def folder(tmp_path):
    def make(**machines):
        checked = grid.complete(
            {"seeds": [0], "method": [{"name": n, "pruner": p} for n, p in (("SAP", "sap"), ("magnitude", "magnitude"))]}
        )
        (tmp_path / "records").mkdir()
        for curve in grid.curves(checked):
            record = {"config": {**curve, "data": "elsewhere.zip"}, "rounds": [], "machine": machines[curve["method"]]}
            (tmp_path / "records" / f"{curve['method']}-seed0-x.json").write_text(json.dumps(record))
        return origins.read(tmp_path, checked)

    return make


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (MACHINE, ""),
        (MACHINE | {"processor": "another"}, ""),
        (MACHINE | {"instructions": "AVX512"}, "instructions AVX2 and AVX512"),
        (MACHINE | {"torch": "3"}, "torch 2 and 3"),
        ({"torch": "2", "course_lib": "1"}, "instructions AVX2 and unknown"),
    ],
)
def test_a_pair_of_different_machines_is_marked(folder, other, said):
    table = curves({"SAP": [0.03], "magnitude": [0.0]})
    note = verdicts.compared(table, "SAP", "magnitude", [0.8], origins=folder(SAP=MACHINE, magnitude=other))
    assert (said in note) and ("not computed alike" in note) is bool(said)


def test_where_no_record_names_its_instruction_set_it_is_said_once(folder):
    found = folder(SAP={"torch": "2"}, magnitude={"torch": "2"})
    said = verdicts.sentences(curves({"SAP": [0.03], "magnitude": [0.0]}), origins=found)
    assert sum("instruction set" in sentence for sentence in said) == 1
    assert "unknown" in next(sentence for sentence in said if "instruction set" in sentence)
