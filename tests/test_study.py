"""A finished grid becomes a folder that can be read without the code."""

import json

import pandas
import pytest

from course_lib import grid, study
from course_lib.errors import CourseError

GRID = {"model": "cnn", "precision": "fp32", "threads": 1, "references": False}


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
    }
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
    ],
)
def test_whether_sap_dominates_is_read_off_the_front(sap, magnitude, said):
    assert any(said in sentence for sentence in study.verdicts(made(sap, magnitude)))


def test_the_front_is_chosen_on_validation_not_on_test():
    table = made([(0.5, 0.9, 0.1)], [(0.5, 0.8, 0.99)])
    assert any("1 of SAP" in sentence for sentence in study.verdicts(table))


def test_sap_is_compared_with_magnitude_at_equal_sparsity():
    table = made([(0.6, 0.9, 0.80)], [(0.5, 0.9, 0.90), (0.7, 0.8, 0.70)])
    (sentence,) = [s for s in study.verdicts(table) if s.startswith("SAP minus magnitude")]
    assert "+0.0 at 0.600" in sentence
    table = made([(0.6, 0.9, 0.85)], [(0.5, 0.9, 0.90), (0.7, 0.8, 0.70)])
    assert any("+5.0 at 0.600" in s for s in study.verdicts(table))


def test_beyond_the_other_curve_nothing_is_compared():
    table = made([(0.8, 0.9, 0.80)], [(0.5, 0.9, 0.90), (0.7, 0.8, 0.70)])
    assert not any(s.startswith("SAP minus magnitude") for s in study.verdicts(table))


def test_a_folder_without_a_table_is_refused(tmp_path):
    with pytest.raises(CourseError, match=r"no table\.csv"):
        study.read(tmp_path)
