"""What leaves the house: chosen on validation images, measured beside the unpruned net of equal age, told by its table."""

from __future__ import annotations

import pandas as pd
import pytest
import torch
from safetensors.torch import load
from toy import bench_of

from course_lib import measure, models, pareto, slim, sweep
from course_lib.errors import CourseError
from course_lib.pruning import L1NormPruner
from course_lib.studies import shipping, shipping_page
from course_lib.studies import study as studies
from course_lib.sweep import grid as grids
from course_lib.sweep.store import Store

TINY = {
    "name": "tiny", "limit": 120, "model": "cnn", "rounds": 1, "epochs": 0.5, "final_epochs": 0.5, "device": "cpu",
    "dense": {"epochs": 0.5, "threads": 1},
    "method": [
        {"name": "L1 filter", "pruner": "l1", "sparsity": 0.6},
        {"name": "dense, trained on", "role": "control", "family": "dense", "pruner": "magnitude", "sparsity": 0.0},
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A finished grid, its study's folder, and what was measured of it."""
    pytest.importorskip("onnxruntime")
    place, grid = tmp_path_factory.mktemp("shipping"), grids.complete(TINY)
    table = sweep.run(grid, store=place / "runs", jobs=1, records=place / "ship" / "records", quiet=True)
    studies.write(table, grid, place / "ship", {"command": "course sweep tiny"})
    return place, grid, shipping.study(grid, place / "runs", place / "ship" / "records")


def test_every_network_is_run_in_three_ways_and_what_is_cut_is_smaller(done):
    table = done[2]
    assert list(zip(table["network"], table["how"], strict=True)) == [
        (network, how)
        for network in ("slimmed", "unpruned")
        for how in (shipping_page.TORCH, shipping_page.FP32, shipping_page.INT8)
    ]  # fmt: skip
    small, dense = (table[table["network"] == network].reset_index() for network in ("slimmed", "unpruned"))
    assert (small["bytes"] < dense["bytes"]).all() and (small["macs"] < 0.25 * dense["macs"]).all()
    assert (table["batch 1 (ms)"] > 0).all() and (table["batch 64 (ms)"] > 0).all()
    for _, row in table[table["how"] != shipping_page.INT8].iterrows():  # a tie may fall either way
        assert row["accuracy"] == pytest.approx(row["test_accuracy"], abs=0.02)


def test_the_page_says_what_the_table_says_once_and_keeps_the_study(done):
    place, _, table = done
    page = place / "ship" / "README.md"
    before = page.read_text()
    for _ in range(2):
        shipping_page.write(table, place / "ship", {"command": "course ship-study tiny"})
    told, read = page.read_text(), pd.read_csv(place / "ship" / shipping_page.TABLE)
    assert shipping_page.markdown(read) in told
    assert all(told.count(sentence) == 1 for sentence in shipping_page.sentences(read))
    assert told.count(shipping_page.BEGIN) == 1 and told.startswith(before.partition("\n\n")[0])
    assert before.partition("\n\n")[2] in told


def test_networks_that_lie_elsewhere_and_a_grid_that_is_not_finished_are_refused_in_words(done, tmp_path):
    place, grid, _ = done
    with pytest.raises(CourseError, match=r"the networks of L1 filter, seed 0, are not in .*give the folder where it ran"):
        shipping.study(grid, tmp_path, place / "ship" / "records")
    with pytest.raises(CourseError, match="2 curves of the grid tiny are not finished"):
        shipping.study(grid, tmp_path)
    with pytest.raises(CourseError, match=r"it has no README.md of a finished study"):
        shipping_page.write(pd.DataFrame(), tmp_path, {})


def test_the_best_points_network_comes_out_of_the_store(done):
    place, grid, _ = done
    files = Store(place / "runs" / "tiny", None).best_files(grids.curves(grid)[0])
    weight = load(files["model"])["conv4.weight"]
    assert int((weight.flatten(1).abs().sum(1) > 0).sum()) == 64 - round(0.6 * 64)


def points(method, macs, validation, family="filter", role="contestant"):
    return [
        {
            "method": method, "seed": seed, "round": number, "sparsity": 0.0 if family == "dense" else 0.5, "macs": macs,
            "val_accuracy": validation + number / 100, "test_accuracy": 1 - validation, "epochs": 10, "family": family,
            "role": role,
        }
        for seed in (0, 1) for number in (1, 2)
    ]  # fmt: skip


def test_the_most_accurate_on_validation_within_a_quarter_is_chosen_and_the_stronger_unpruned_net():
    start = [row for row in points(pareto.DENSE, 100, 0.7, "dense", "dense") if row["round"] == 1]
    control = [*points("alone", 100, 0.75, "dense", "control"), *points("taught", 100, 0.8, "dense", "control")]
    some = [*points("too large", 26, 0.9), *points("worse", 20, 0.7), *points("better", 25, 0.72)]
    small, dense = shipping.choose(pd.DataFrame([*start, *control, *some]))
    assert list(small["method"]) == ["better"] * 2 and list(dense["method"]) == ["taught"] * 2
    assert list(dense["round"]) == [2, 2] and list(small["seed"]) == [0, 1]
    with pytest.raises(CourseError, match=r"no method that keeps at most 0\.25 of the MACs"):
        shipping.choose(pd.DataFrame([*start, *control, *points("too large", 26, 0.9)]))
    with pytest.raises(CourseError, match="no unpruned net that trained on"):
        shipping.choose(pd.DataFrame([*start, *some]))


def test_the_committed_grid_keeps_at_most_a_quarter_of_the_work():
    grid, bench = grids.load("ship"), bench_of(3, 32)
    assert {curve["arguments"].get("sparsity", 0.53) for curve in grids.curves(grid)} == {0.53, 0.0}
    model = models.build("cnn", bench)
    small = slim.slim(model, L1NormPruner(0.53).masks(model, bench), bench.example)
    assert 0.2 < measure.macs(small, bench.example) / measure.macs(model, bench.example) <= shipping.KEPT
    assert torch.isfinite(small(bench.example)).all()
