"""A finished grid becomes a folder that can be read without the code."""

import json

import pandas
import pytest

from course_lib.errors import CourseError
from course_lib.studies import study, verdicts
from course_lib.sweep import grid

GRID = {"model": "cnn", "data": "x", "precision": "fp32", "threads": 1, "references": False, "method": []}


def rows(method, points, data="fashion-mini", seed=0):
    for number, (sparsity, validation, test) in enumerate(points):
        yield {
            **{"method": method, "seed": seed, "round": number, "sparsity": sparsity, "unit_sparsity": 0.0},
            **{"kept_parameters": round(1000 * (1 - sparsity)), "macs": 5000, "epochs": 1.0 + number},
            **{"val_accuracy": validation, "test_accuracy": test, "score": (test + sparsity) / 2, "status": "ok"},
            **{"images": 100 * (number + 1), "seconds": 1.5, "device": "cpu", "data": data, "test_images": 2000},
        }


def made(sap, magnitude, data="fashion-mini"):
    dense = rows("dense", [(0.0, 0.9, 0.89)], data)
    return pandas.DataFrame([*dense, *rows("SAP", sap, data), *rows("magnitude", magnitude, data)])


def test_a_study_leaves_table_figure_page_and_readme(tmp_path):
    table = made([(0.5, 0.9, 0.88), (0.9, 0.7, 0.69)], [(0.5, 0.8, 0.8), (0.95, 0.75, 0.74)])
    paths = study.write(table, GRID, tmp_path, {"command": "course run"})
    assert {path.name for path in paths} == {
        *("table.csv", "table.json", "pareto.png", "pareto.svg", "report.html", "README.md")
    }  # and no figure over MACs, which are the same in all rows
    assert all(path.stat().st_size > 0 for path in paths)
    again = study.read(tmp_path)
    pandas.testing.assert_frame_equal(again, table, check_dtype=False)
    assert len(json.loads((tmp_path / "table.json").read_text())) == len(table)
    text = (tmp_path / "README.md").read_text()
    assert "course run" in text and study.markdown(table) in text and "pareto.png" in text


def test_the_reference_points_are_drawn_on_cifar_only(tmp_path):
    curves = [(0.5, 0.9, 0.88)], [(0.6, 0.8, 0.8)]
    for drawn in (False, True):
        study.write(made(*curves), {**GRID, "references": drawn}, tmp_path / str(drawn), {})
        assert ("not comparable point for point" in (tmp_path / str(drawn) / "pareto.svg").read_text()) is drawn
    assert [name for name in ("embedded", "cifar10-one-seed") if grid.load(name)["references"]] == ["cifar10-one-seed"]


@pytest.mark.parametrize(
    ("sap", "magnitude", "said"),
    [
        ([(0.5, 0.9, 0.9), (0.9, 0.8, 0.8)], [(0.4, 0.8, 0.8)], "SAP dominates"),
        ([(0.5, 0.9, 0.9), (0.9, 0.8, 0.8)], [(0.95, 0.7, 0.7)], "SAP does not dominate"),
        ([(0.4, 0.7, 0.7)], [(0.5, 0.8, 0.8)], "SAP does not dominate"),
        ([(0.4, 0.7, 0.7)], [(0.99, 0.59, 0.59)], "SAP dominates"),
        ([(0.4, 0.5, 0.5)], [(0.99, 0.59, 0.59)], "there is no front"),
    ],
)
def test_whether_sap_dominates_is_read_off_the_front(sap, magnitude, said):
    assert any(said in sentence for sentence in verdicts.sentences(made(sap, magnitude)))


def test_of_a_study_without_sap_nothing_is_said_of_it():
    table = made([(0.5, 0.9, 0.9)], [(0.4, 0.8, 0.8)]).replace({"method": {"SAP": "mine"}})
    assert verdicts.dominance(table) == (
        "At validation accuracies of 0.6 and above, the front (one seed) has 1 point, by sparsity: 1 of mine at 0.5."
    )


def test_rewound_curves_have_a_figure_of_their_own_beside_others(tmp_path):
    table = made([(0.5, 0.9, 0.9)], [(0.4, 0.8, 0.8)])
    table["rewind"] = table["method"] == "SAP"
    study.write(table, grid.complete({"method": [{"name": "mine", "pruner": "l1"}]}), tmp_path, {})
    text = (tmp_path / "README.md").read_text()
    assert "1 pruning method (magnitude)" in text.split("](pareto.png)")[0]
    assert "1 pruning method (SAP)" in text.split("](pareto.png)")[1].split("](pareto-rewind.png)")[0]
    assert (tmp_path / "report.html").read_text().count("<figure>") == 2


def test_the_front_is_chosen_on_validation_not_on_test():
    table = made([(0.5, 0.9, 0.1)], [(0.5, 0.8, 0.99)])
    assert any("1 of SAP" in sentence for sentence in verdicts.sentences(table))


ONE = "points of test accuracy, one seed (epochs of training of each)"


def test_sap_is_compared_with_magnitude_at_equal_sparsity():
    for mine, said in ((0.80, "+0.0"), (0.85, "+5.0"), (0.78, "-2.0")):
        table = made([(0.5, 0.9, mine), (0.9, 0.8, 0.5)], [(0.4, 0.9, 0.90), (0.6, 0.8, 0.70)])
        (sentence,) = [s for s in verdicts.sentences(table) if "minus magnitude" in s]
        assert sentence.startswith(f"SAP minus magnitude, {ONE}: {said} at 0.5 (1.0 / 1.5)")


def test_beyond_the_other_curve_nothing_is_compared():
    table = made([(0.45, 0.9, 0.80)], [(0.5, 0.9, 0.90), (0.7, 0.8, 0.70)])
    (sentence,) = [s for s in verdicts.sentences(table) if "minus magnitude" in s]
    assert sentence.endswith("no sparsity is reached by both.")


def test_pairs_and_sparsities_can_be_named():
    table = made([(0.3, 0.9, 0.845), (0.6, 0.9, 0.80)], [(0.5, 0.8, 0.80), (0.7, 0.8, 0.70)])
    found = verdicts.sentences(table, {"compare": [["magnitude", "SAP"]], "at": [0.3, 0.6]})
    (sentence,) = [s for s in found if "minus" in s]
    assert sentence.startswith(f"magnitude minus SAP, {ONE}: -0.9 at 0.3 (1.0 / 1.0); -5.0 at 0.6 (1.5 / 2.0). One")


def seeded(accuracies):
    """Three seeds; `accuracies` gives each method's offset of each seed."""
    tables = []
    for seed in range(3):
        for method, offsets in {"dense": [0.89] * 3, **accuracies}.items():
            points = [(0.0, 0.9, 0.89)] if method == "dense" else [(0.4, 0.9, 0.85), (0.95, 0.8, 0.70 + offsets[seed])]
            tables += rows(method, points, seed=seed)
    return pandas.DataFrame(tables)


def test_over_seeds_differences_are_paired_and_have_an_interval():
    table = seeded({"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0, 0.0, 0.0], "random": [-0.03, 0.02, 0.01]})
    start = "points of test accuracy [unadjusted 95 % interval of 3 seeds], round by round (equal epochs, equal sparsities: "
    start += "nothing is interpolated) (epochs of training of each):"
    assert [verdicts.compared(table, "SAP", other, [0.95, 0.99]) for other in ("magnitude", "random")] == [
        f"SAP minus magnitude, {start} +2.0 [-0.5, +4.5] at 0.95 (2.0 / 2.0); not reached by both: 0.99. No difference here "
        "is clear; on every seed ahead at 0.95.",
        f"SAP minus random, {start} +2.0 [-6.6, +10.6] at 0.95 (2.0 / 2.0); not reached by both: 0.99. No difference here "
        "is clear.",
    ]
    clear = seeded({"SAP": [0.03, 0.02, 0.03], "magnitude": [0.0, 0.0, 0.0]})
    assert verdicts.compared(clear, "magnitude", "SAP", [0.95]).endswith(" magnitude is clearly behind at 0.95.")


def test_the_seeds_of_each_sparsity_are_named_where_not_all_come_that_far():
    table = seeded({"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0, 0.0, 0.0]})
    table = table[(table["method"] != "SAP") | (table["sparsity"] < 0.9) | (table["seed"] == 0)]
    assert "+3.0 at 0.95 (1 of the seeds, 2.0 / 2.0)" in verdicts.compared(table, "SAP", "magnitude", [0.4, 0.95])


def test_where_curves_end_after_final_epochs_is_said_and_no_line_leads_there():
    table = made(
        [(0.5, 0.9, 0.88), (0.7, 0.8, 0.8), (0.9, 0.7, 0.69)], [(0.5, 0.8, 0.8), (0.6, 0.8, 0.8), (0.95, 0.75, 0.74)]
    )
    assert verdicts.ends(table) == []
    table.loc[table["round"] == 2, "epochs"] += 10
    (said,) = verdicts.ends(table)
    assert said.endswith("after final epochs (13 in all): magnitude 0.7400 at 0.9500; SAP 0.6900 at 0.9000.")
    compared = verdicts.compared(table, "SAP", "magnitude", [0.5, 0.9])
    assert "not reached by both: 0.9" in compared
    assert compared.endswith(
        "SAP minus magnitude where they end, at different sparsities, 0.9000 and 0.9500, after 13 epochs: -5.0 points on "
        "test, -5.0 on validation; hundredths of the score: -5.0 on test, -5.0 on validation."
    )


def test_ends_at_the_same_place_are_compared_over_seeds_without_a_score():
    spread = {"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0, 0.0, 0.0]}
    table = seeded(spread)
    assert verdicts.compared_ends(table, "SAP", "magnitude") == []
    further = table[table["round"] == 1].assign(round=2, sparsity=0.97, epochs=20.0)
    (said,) = verdicts.compared_ends(pandas.concat([table, further]), "SAP", "magnitude")
    assert (
        "where they end, at 0.9700, after 20 epochs: +2.0 [-0.5, +4.5] points on test, +0.0 [+0.00, +0.00] on vali" in said
    )


def test_ends_are_compared_over_the_seeds_that_both_have():
    table = seeded({"SAP": [0.03, 0.02, 0.01], "magnitude": [0.0, 0.0, 0.0]})
    table = pandas.concat([table, table[table["round"] == 1].assign(round=2, sparsity=0.97, epochs=20.0)])
    lacks = table[(table["round"] < 2) | (table["method"] == "SAP") | (table["seed"] != 2)]
    (said,) = verdicts.compared_ends(lacks, "SAP", "magnitude")
    assert "+2.5 points on test" in said and said.endswith("(2 of 3 seeds)")
    apart = table[(table["seed"] == 0) == (table["method"] == "SAP")]
    assert verdicts.compared_ends(apart, "SAP", "magnitude") == []


def test_repeats_are_compared_at_their_ends_alone():
    table = seeded({"SAP": [0.003, -0.003, 0.003], "longer": [0.0, 0.0, 0.0]})
    table = pandas.concat([table, table[table["round"] == 1].assign(round=2, sparsity=0.97, epochs=20.0)])
    longer = {"name": "longer", "pruner": "sap", "final_epochs": 30}
    methods = [{"name": "SAP", "pruner": "sap"}, {**longer, "role": "repeat", "repeat_of": "SAP"}]
    for pair in (["SAP", "longer"], ["longer", "SAP"]):
        (said,) = [s for s in verdicts.sentences(table, {"method": methods, "compare": [pair]}) if "minus" in s]
        assert "repeats of each other: 6 pairs of points, 0.21 points of test accuracy apart" in said
        assert "at 0.95" not in said
    methods = [methods[0], longer]
    (said,) = [s for s in verdicts.sentences(table, {"method": methods, "compare": [["SAP", "longer"]]}) if "minus" in s]
    assert "repeats" not in said and "at 0.95" in said


def test_whose_front_it_is_follows_the_family_and_not_the_name():
    table = made([(0.5, 0.9, 0.9), (0.9, 0.8, 0.8)], [(0.4, 0.8, 0.8)]).replace({"method": {"SAP": "mine"}})
    table["role"] = table["method"].map({"dense": "dense"}).fillna("contestant")
    table["family"] = table["method"].map({"mine": "SAP", "dense": "dense"}).fillna("magnitude")
    found = verdicts.sentences(table)
    assert found[0].endswith("2 of mine from 0.5 to 0.9. So SAP dominates it.")
    assert any(sentence.startswith("mine minus magnitude, ") for sentence in found)
    table["role"] = table["role"].where(table["method"] != "mine", "control")
    assert "So SAP" not in verdicts.dominance(table) and "1 of magnitude" in verdicts.dominance(table)


def test_what_the_dense_model_reaches_when_it_is_trained_on_is_said_and_it_is_no_contestant():
    table = made([(0.5, 0.9, 0.88), (0.9, 0.7, 0.69), (0.91, 0.7, 0.69)], [(0.5, 0.8, 0.8)]).assign(rewind=False)
    assert any("nothing here says that pruning improves" in s for s in verdicts.sentences(table))
    on = pandas.DataFrame(rows("dense, trained on", [(0.0, 0.91, 0.90), (0.0, 0.95, 0.94)])).assign(rewind=False)
    found = verdicts.sentences(pandas.concat([table, on]))
    assert not any("nothing here says" in s or "minus dense" in s or "of dense" in s for s in found)
    said = 'test accuracy of 0.8900 after 1 epoch (dense), 0.9400 after 2 ("dense, trained on"). Compare'
    assert any(said in s for s in found)
    assert "| dense, trained on | 1 | 0.0000 |" in study.markdown(pandas.concat([table, on]))


def test_a_method_with_fewer_seeds_is_in_no_comparison_and_not_on_the_front():
    table = seeded({"SAP": [0.0] * 3, "magnitude": [0.0] * 3})
    table = pandas.concat([table, pandas.DataFrame(rows("lucky", [(0.99, 0.99, 0.99)]))])
    found = verdicts.sentences(table)
    assert not any("lucky" in s for s in found[:1] + found[2:])
    assert found[1] == (
        "lucky ran on 1 of 3 seeds and is not counted; on the front of seed 0 alone it has 1 of 1 point, at 0.99."
    )
    assert "| lucky | 1 |" in study.markdown(table)


def test_the_from_scratch_control_is_set_beside_the_points_whose_masks_it_has():
    table = seeded({"SAP": [0.0] * 3})
    control = [
        row for seed in range(3) for row in rows("SAP, from scratch", [(0.95, 0.8, 0.66), (0.95, 0.8, 0.66)], seed=seed)
    ]
    control = [row for row in control if row["round"] == 1]
    (sentence,) = [s for s in verdicts.sentences(pandas.concat([table, pandas.DataFrame(control)])) if "new weights" in s]
    assert sentence.endswith("one number a seed: -4.0, -4.0, -4.0 (mean -4.0 [-4.0, -4.0]: better on 0 of 3 seeds).")


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(CourseError, match=r"no table\.csv"):
        study.read(tmp_path)


def test_where_records_are_kept_the_index_along_the_curves_is_drawn(tmp_path):
    table = made([(0.5, 0.9, 0.88), (0.9, 0.7, 0.69)], [(0.5, 0.8, 0.8)])
    (tmp_path / "records").mkdir()
    rounds = [
        {"round": k, "sparsity": 0.1 * k, "groups": {"all": {"index": 0.1 * k, "survivors": 10, "removed": 1}}}
        for k in (1, 2)
    ]
    checked = grid.complete({"method": [{"name": "SAP", "pruner": "sap"}]})
    (curve,) = grid.curves(checked)
    record = {"config": curve, "rounds": rounds, "machine": {"processor": "abacus"}}
    (tmp_path / "records" / "sap-seed0-abc.json").write_text(json.dumps(record))
    older = {"config": {**curve, "epochs": 9}, "rounds": [{**one, "groups": {}} for one in rounds]}
    (tmp_path / "records" / "sap-seed0-old.json").write_text(json.dumps(older))
    paths = study.write(table, checked, tmp_path, {})
    assert "- machine: processor abacus" in (tmp_path / "README.md").read_text()
    assert {"index.png", "index.svg"} <= {path.name for path in paths}
    assert "SAP, from 0.100 at sparsity 0 to 0.200 at 0.100." in (tmp_path / "README.md").read_text()


def test_a_method_that_never_reaches_the_floor_is_said_to():
    found = verdicts.sentences(made([(0.5, 0.3, 0.3)], [(0.5, 0.8, 0.8)]))
    assert "SAP: no point reaches a validation accuracy of 0.6." in found
    assert "| SAP |" not in study.markdown(made([(0.5, 0.3, 0.3)], [(0.5, 0.3, 0.3)]))
