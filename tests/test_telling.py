"""The figures that tell a study at a glance: what is lost, what is different, what each trick is worth."""

from __future__ import annotations

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.lines import Line2D
from test_clearly import curves

from course_lib import pareto
from course_lib.errors import CourseError
from course_lib.pareto import forest, lost
from course_lib.pareto.looks import of_table
from course_lib.studies import study, verdicts
from course_lib.sweep import grid

ON = "dense, trained on"


def arena(**offsets):
    """Curves with an unpruned control of their age; SAP and its paced control are equal but for a hair."""
    offsets = {"SAP": [0.0, -0.01, 0.01], "magnitude": [-0.02] * 3, "magnitude, global": [0.01, 0.012, 0.01], **offsets}
    offsets |= {"magnitude, SAP's pace": [0.001, -0.009, 0.011], "random": [-0.2] * 3, "activation, variable": [-0.1] * 3}
    table = curves(
        {**offsets, ON: [0.05] * 3},
        sparsities=(0.5, 0.8, 0.9, 0.97),
        roles={ON: "control", "magnitude, SAP's pace": "control"},
    )
    table.loc[table["method"] == ON, "sparsity"] = 0.0
    table.loc[table["method"].isin([ON, "dense"]), "family"] = "dense"
    steps = table["method"].isin(["SAP", "magnitude, SAP's pace"]) & (table["round"] == 2)
    table.loc[steps, "sparsity"] += 0.02
    table["test_accuracy"] -= 0.3 * table["sparsity"] ** 4
    return table


@pytest.fixture(scope="module")
def drawn():
    table = arena()
    return table, lost.plot_losses(table, references=True, title="What pruning costs")


def test_about_five_methods_tell_a_study_and_a_control_at_saps_pace_is_one(drawn):
    table, _ = drawn
    assert lost.told(table) == ["SAP", "magnitude", "magnitude, global", "activation, variable", "magnitude, SAP's pace"]


def test_what_is_lost_is_against_the_unpruned_net_of_the_same_age(drawn):
    table, _ = drawn
    curve = lost.mean_losses(table, "magnitude")
    assert curve["smaller"].tolist() == pytest.approx([2, 5, 10, 100 / 3])
    assert curve["lost"].tolist() == pytest.approx([100 * (0.07 + 0.3 * s**4) for s in (0.5, 0.8, 0.9, 0.97)])
    with pytest.raises(CourseError, match="no unpruned net"):
        lost.plot_losses(table[table["method"] != ON])


def test_curves_are_named_where_they_end_and_there_is_no_legend(drawn):
    table, figure = drawn
    (axis,) = figure.axes
    assert not figure.legends and axis.get_legend() is None
    assert axis.get_xscale() == "log" and axis.yaxis_inverted()
    names = {text.get_text() for text in axis.texts}
    assert names >= {*lost.told(table)}


def test_nothing_covers_a_name(drawn):
    """Not even where two curves end in the same place."""
    table, figure = drawn
    figure.draw_without_rendering()
    (axis,) = figure.axes
    boxes = [text.get_window_extent() for text in axis.texts]
    assert not any(one.overlaps(other) for n, one in enumerate(boxes) for other in boxes[:n])
    for line in axis.lines[: 2 * len(lost.told(table))]:
        points = line.get_transform().transform(line.get_xydata())
        assert not any(box.count_contains(points) for box in boxes), line
    assert all(box.x1 <= figure.bbox.width and box.x0 >= 0 for box in boxes)


def test_the_class_projects_points_are_hollow_and_only_there_where_they_are_asked_for(drawn):
    table, figure = drawn
    hollow = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "none"]
    assert sorted(round(line.get_ydata()[0], 2) for line in hollow) == [5.16, 6.18]  # of a dense net of about 0.76
    assert any("other images" in text.get_text() for text in figure.axes[0].texts)
    plain = lost.plot_losses(table)
    assert not [line for line in plain.axes[0].lines if line.get_markerfacecolor() == "none"]


def test_a_method_looks_the_same_in_every_figure(drawn):
    table, figure = drawn
    looks = of_table(table)
    many = {line.get_label(): line for line in pareto.plot(table).axes[0].lines}
    few = {line.get_label(): line for line in figure.axes[0].lines}
    for method in lost.told(table):
        for found in (many[method], few[method]):
            assert (to_hex(found.get_color()), found.get_marker()) == (
                looks[method]["color"].lower(),
                looks[method]["marker"],
            )
    one_trained = table[table["method"].isin(["dense", "SAP", "activation, variable", "new"])]
    assert of_table(one_trained)["activation, variable"] == looks["activation, variable"]


def test_a_forest_has_a_row_a_difference_filled_where_it_is_clear(drawn):
    table, _ = drawn
    family = verdicts.family(table, {"at": [0.5, 0.9]})
    figure = forest.plot_differences(family, of_table(table), title="SAP against each")
    markers = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert len(markers) == len(family) == len(figure.axes[0].get_yticks())
    assert all(line.get_marker() in Line2D.filled_markers for line in markers)  # those of controls, too
    filled = {round(float(line.get_xdata()[0]), 6) for line in markers if line.get_markerfacecolor() != "white"}
    assert filled == {round(100 * one.mean, 6) for one in family if one.clear} and 0 < len(filled) < len(family)
    assert any("round by round" in text.get_text() for text in figure.axes[0].texts)
    with pytest.raises(CourseError, match="three seeds"):
        forest.plot_differences([pareto.paired(table[table["seed"] == 0], "SAP", "magnitude", 0.5)], of_table(table))


def test_the_alt_texts_say_in_words_what_is_seen(drawn):
    table, _ = drawn
    alt = lost.alt_losses(table)
    assert "SAP" in alt and "10 times smaller" in alt and "magnitude, global" in alt
    family = verdicts.family(table, {"at": [0.5, 0.9]})
    alt = forest.alt_differences(family)
    assert "SAP minus random" in alt and "from +20.0 points at 0.5 to +20.0 at 0.9" in alt and "all clear" in alt


def test_a_study_draws_what_it_can_and_the_same_bytes_again(tmp_path):
    table = arena().assign(data="cifar10", device="cpu", images=1, seconds=1.0, unit_sparsity=0.0, status="ok")
    full = grid.complete({"data": "cifar10", "method": [{"name": "SAP", "pruner": "sap"}]})
    names = [{path.name for path in study.write(table, full, tmp_path / place, {})} for place in ("a", "b")]
    assert names[0] >= {"lost.png", "lost.svg", "forest.png", "forest.svg"} and "tricks.png" not in names[0]
    for name in ("lost.png", "lost.svg", "forest.png", "forest.svg"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
    text = (tmp_path / "a" / "README.md").read_text()
    assert text.index("(lost.png)") < text.index("(pareto.png)") and "(forest.png)" in text
    study.write(table[(table["seed"] == 0) & (table["method"] != ON)], full, tmp_path / "one", {})
    assert not list((tmp_path / "one").glob("lost.*")) and not list((tmp_path / "one").glob("forest.*"))


def test_what_each_trick_is_worth_is_drawn_where_a_method_is_compared_with_itself_without_them(tmp_path):
    table = curves({"all": [0.02, 0.03, 0.02], "short, no floor": [0.0] * 3, "short, lr 1": [0.03] * 3})
    table.loc[table["round"] == 3, "epochs"] += 30
    table = table.assign(data="x", device="cpu", images=1, seconds=1.0, unit_sparsity=0.0, status="ok")
    methods = [
        {"name": n, "pruner": "magnitude", "sparsity": s}
        for n, s in (("all", 0.9), ("short, no floor", 0.8), ("short, lr 1", 0.7))
    ]
    full = grid.complete(
        {"method": methods, "seeds": [0, 1, 2], "compare": [["all", "short, no floor"], ["all", "short, lr 1"]]}
    )
    names = {path.name for path in study.write(table, full, tmp_path, {})}
    assert {"tricks.png", "tricks.svg"} <= names
    assert "no floor: +2.3" in (tmp_path / "README.md").read_text().split("](tricks.png)")[0]
    assert pd.read_csv(tmp_path / "table.csv")["method"].nunique() == 4
