"""A grid of curves: its table, what a kill costs, when the test part is read, and which grids are refused."""

from __future__ import annotations

import copy
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pandas
import pytest
import torch
from PIL import Image

from course_lib import models, pareto, sweep, train
from course_lib.errors import CourseError
from course_lib.pruning import SAPPruner
from course_lib.sweep import grid, roles, steps
from course_lib.sweep.store import Store

FIRST = ["method", "seed", "round", "sparsity", "unit_sparsity", "kept_parameters", "macs", "epochs"]
FIRST += ["val_accuracy", "test_accuracy", "score"]
GRID = {
    "name": "tiny",
    "limit": 200,
    "model": "mlp",
    "device": "cpu",
    "rounds": 3,
    "epochs": 0.5,
    "fit": {"batch_size": 50},
    "dense": {"epochs": 6, "threads": 1, "fit": {"batch_size": 50}},
    "method": [
        {"name": "SAP", "pruner": "sap", "p": 1, "q": 2},
        {"name": "activation", "pruner": "activation", "deviations": 0.5, "samples": 100, "history": 1, "epochs": 1},
        {"name": "random neurons", "pruner": "random", "unit": "neuron", "sparsity": 0.5, "teacher": True},
    ],
}
ROOT = Path(__file__).parents[1]


def changed(**keys):
    return {**copy.deepcopy(GRID), **keys}


def compared(table):
    """Everything but the clock."""
    return table.drop(columns="seconds")


def curve_folders(store):
    return [path for path in sorted((store / "tiny").glob("*-seed*")) if not path.name.startswith("dense")]


def folder_of(store, curve):
    (found,) = (store / "tiny").glob(f"*-{grid.identity(curve)}")
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The table of a run that nothing disturbed, its store, and what it asked `train.evaluate` for."""
    store, read, evaluate = tmp_path_factory.mktemp("undisturbed"), [], train.evaluate

    def spy(model, bench, split="validation", samples=None):
        if split == "test":
            open_curves = [c for c in curve_folders(store) if not (c / "points.json").exists()]
            read.append([sorted(path.name for path in c.glob("round-???.json")) for c in open_curves])
        return evaluate(model, bench, split, samples)

    train.evaluate = spy
    try:
        table = sweep.run(GRID, store=store, jobs=1)
    finally:
        train.evaluate = evaluate
    return table, store, read


def files(store):
    return {path: path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file() and path.name != ".lock"}


# the table


def test_the_table_has_its_columns_and_a_row_for_each_point(undisturbed):
    table, _, _ = undisturbed
    assert list(table.columns[: len(FIRST)]) == FIRST
    assert {"model", "data", "device", "precision", "threads", "teacher", "status", "seconds"} < set(table.columns)
    points = [(name, number) for name in ("SAP", "activation", "random neurons") for number in (1, 2, 3)]
    assert list(zip(table["method"], table["round"], strict=True)) == [("dense", 0), *points]
    assert not table[FIRST].isna().any().any()


def test_the_columns_agree_with_each_other(undisturbed):
    table, _, _ = undisturbed
    assert list(table.columns[-2:]) == ["role", "family"]
    assert table["role"].tolist() == ["dense", *["contestant"] * 9]
    assert table["family"].tolist() == ["dense", *["SAP"] * 3, *["activation"] * 3, *["random"] * 3]
    total = table["kept_parameters"][0]
    assert total == 136_074
    assert (table["kept_parameters"] == ((1 - table["sparsity"]) * total).round()).all()
    assert table["score"].tolist() == pytest.approx(((table["test_accuracy"] + table["sparsity"]) / 2).tolist())
    assert table["rewind"].tolist() == [False] * 10
    assert table["epochs"].tolist() == [6, 6.5, 7, 7.5, 7, 8, 9, 6.5, 7, 7.5]
    masked, units = table["method"].isin(["dense", "SAP"]), table["unit_sparsity"] > 0
    assert (masked != units).all()
    assert (table["macs"][masked] == table["macs"][0]).all()
    assert (table["macs"][units] < table["macs"][0]).all()
    assert table["teacher"].tolist()[-3:] == [True] * 3


def test_each_curve_keeps_the_model_of_its_best_point_by_validation(undisturbed):
    table, store, _ = undisturbed
    for curve in grid.curves(grid.complete(GRID)):
        place = folder_of(store, curve)
        rows = table[table["method"] == curve["method"]]
        floor = pareto.FLOOR if (rows["val_accuracy"] >= pareto.FLOOR).any() else 0
        best = pareto.best(rows, floor)["round"].item()
        assert [path.name for path in place.glob("*.model.safetensors")] == [f"round-{best:03d}.model.safetensors"]
        assert json.loads((place / "config.json").read_text()) == curve
        assert json.loads((place / "points.json").read_text())["best"] == best


def test_the_best_record_is_the_one_that_the_tables_call_best():
    """Sparser, with a higher score, but below the accuracy that counts: not the best, unless nothing counts."""

    def record(sparsity, accuracy):
        return SimpleNamespace(sparsity=sparsity, accuracy={"tuned": accuracy})

    good, sparse = record(0.5, 0.65), record(0.99, 0.3)
    assert steps.best_of([good, sparse]) is good
    assert steps.best_of([record(0.2, 0.5), sparse]) is sparse
    assert steps.best_of([record(0.5, 0.75), tie := record(0.6, 0.65)]) is tie


def test_a_second_call_runs_nothing_and_gives_the_same_table(undisturbed, monkeypatch):
    table, store, _ = undisturbed
    before = files(store)

    def forbidden(*_, **__):
        raise AssertionError("something ran again")

    for name in ("fit", "evaluate"):
        monkeypatch.setattr(train, name, forbidden)
    pandas.testing.assert_frame_equal(sweep.run(GRID, store=store, jobs=1), table)
    assert files(store) == before


def test_data_is_read_once(undisturbed):
    """The test part: once for the dense start, once a listed point, and never before the curve is complete."""
    _, _, read = undisturbed
    whole = [f"round-{number:03d}.json" for number in (1, 2, 3)]
    assert read == [[]] + [[whole]] * 9


def test_a_further_method_runs_alone(undisturbed, tmp_path, monkeypatch):
    table, store, _ = undisturbed
    shutil.copytree(store, tmp_path / "runs")
    trained, fit = [], train.fit

    def spy(*args, **kwargs):
        trained.append(kwargs.get("epochs"))
        return fit(*args, **kwargs)

    monkeypatch.setattr(train, "fit", spy)
    more = {"name": "magnitude", "pruner": "magnitude", "sparsity": 0.5}
    longer = sweep.run(changed(method=[*GRID["method"], more]), store=tmp_path / "runs", jobs=1)
    assert trained == [0.5] * 3
    pandas.testing.assert_frame_equal(longer[: len(table)], table)
    assert longer["method"].tolist()[len(table) :] == ["magnitude"] * 3


# kills


KILLED = """
import os, signal, sys, torch
from course_lib import sweep
from course_lib.sweep import store
torch.set_num_threads(1)
replacing, calls = store.replacing, []
def killing(path):
    calls.extend([path] if path.suffix == ".json" else [])
    if len(calls) == {call}:
        os.kill(os.getpid(), signal.SIGKILL)
    return replacing(path)
store.replacing = killing
sweep.run({grid!r}, store={store!r}, jobs=1)
"""


ONE, TWO, THREE = (f"round-{number:03d}.json" for number in (1, 2, 3))


@pytest.mark.parametrize(
    ("call", "done"),
    [
        pytest.param(1, [], id="as the dense start is done"),
        pytest.param(5, [ONE], id="as round 2 is saved"),
        pytest.param(15, [ONE, ONE, TWO, TWO, THREE], id="before the last round of the second curve"),
    ],
)
def test_killed_and_continued_equals_undisturbed(undisturbed, tmp_path, call, done):
    """Each JSON is the last thing that a step writes: a kill just before it costs the most."""
    script = KILLED.format(call=call, grid=GRID, store=str(tmp_path))
    killed = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=900)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    finished = files(tmp_path)
    rounds = [path for path in finished if path.name.startswith("round-") and path.suffix == ".json"]
    assert sorted(path.name for path in rounds) == done
    table = sweep.run(GRID, store=tmp_path, jobs=1)
    pandas.testing.assert_frame_equal(compared(table), compared(undisturbed[0]), check_exact=True)
    now = files(tmp_path)
    for path in rounds:  # no finished round was run again
        masks = path.with_suffix(".masks.safetensors")
        assert (now[path], now[masks]) == (finished[path], finished[masks])
    leftovers = [path for path in now if path.suffix == ".part" and path not in finished]
    assert leftovers == []


def test_two_jobs_give_the_table_of_one(undisturbed, tmp_path):
    table = sweep.run(GRID, store=tmp_path, jobs=2)
    pandas.testing.assert_frame_equal(compared(table), compared(undisturbed[0]), check_exact=True)


def test_the_threads_are_set_back(tmp_path):
    torch.set_num_threads(2)
    try:
        method = [{"name": "SAP", "pruner": "sap"}]
        sweep.run(changed(method=method, rounds=1, dense={"epochs": 3, "threads": 1}), store=tmp_path, jobs=1)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)


# failures


def test_a_failed_curve_is_recorded_with_its_reason_and_the_others_finish(tmp_path):
    methods = [{"name": "too fast", "pruner": "magnitude", "epochs": 3, "fit": {"lr": 1e30}}, GRID["method"][0]]
    broken = changed(method=methods, rounds=1)
    with pytest.raises(CourseError, match=r"^1 curve failed \(too fast, seed 0: .*training diverged"):
        sweep.run(broken, store=tmp_path, jobs=1)
    first, second = (folder_of(tmp_path, curve) for curve in grid.curves(grid.complete(broken)))
    assert "training diverged" in json.loads((first / "failed.json").read_text())["reason"]
    assert not (first / "points.json").exists()
    assert len(json.loads((second / "points.json").read_text())["rows"]) == 1
    assert not (second / "failed.json").exists()


@pytest.mark.parametrize(
    ("method", "why"),
    [
        ({"pruner": "l1"}, "the model has nothing of unit='filter' to prune"),
        ({"pruner": "activation", "sparsity": 0.5, "layers": ["relu9"]}, "layers names 'relu9'; this pruner can take from "),
    ],
)
def test_a_method_that_cannot_prune_the_model_is_refused_before_anything_runs(tmp_path, method, why):
    with pytest.raises(CourseError, match=f"^method 'odd': {why}"):
        sweep.run(changed(method=[GRID["method"][0], {"name": "odd", **method}]), store=tmp_path, jobs=1)
    assert not list(tmp_path.iterdir())


def test_the_reason_of_a_bug_is_written_down_and_the_curve_can_run_later(tmp_path, monkeypatch):
    small = changed(method=GRID["method"][:1], rounds=1)

    def broken(*_, **__):
        raise RuntimeError("out of memory")

    with monkeypatch.context() as patch:
        patch.setattr(steps, "iterate", broken)
        with pytest.raises(CourseError, match="SAP, seed 0: RuntimeError: out of memory"):
            sweep.run(small, store=tmp_path, jobs=1)
    (written,) = tmp_path.rglob("failed.json")
    failure = json.loads(written.read_text())
    assert failure["reason"] == "RuntimeError: out of memory" and "in broken" in failure["traceback"]
    assert len(sweep.run(small, store=tmp_path, jobs=1)) == 2
    assert not written.exists()


# identity


def test_the_identity_does_not_depend_on_where_the_data_lie():
    (curve, *_) = grid.curves(grid.complete(changed(data="/here/cifar10.zip")))
    assert grid.identity(curve) == grid.identity({**curve, "data": "/there/far/cifar10.zip"})
    assert grid.identity(curve) != grid.identity({**curve, "data": "/here/other.zip"})


def test_the_identity_depends_on_every_other_key_and_not_on_their_order():
    (curve, *_) = grid.curves(grid.complete(GRID))
    keys = set(curve) - {"device"}  # which a store has one of
    names = {grid.identity(curve)} | {grid.identity({**curve, key: "another"}) for key in keys}
    assert len(names) == len(keys) + 1
    assert grid.identity({**curve, "device": "another"}) == grid.identity(curve)
    assert grid.identity(dict(reversed(curve.items()))) == grid.identity(curve)


def test_roles_and_families_are_reported_and_change_no_identity():
    labelled = changed(
        method=[
            {**GRID["method"][0], "family": "magnitude"},
            {**GRID["method"][2], "role": "control"},
            {**GRID["method"][0], "name": "again", "final_epochs": 3, "role": "repeat", "repeat_of": "SAP"},
        ]
    )
    plain = changed(method=[*GRID["method"][::2], {**GRID["method"][0], "name": "again", "final_epochs": 3}])
    assert grid.curves(grid.complete(labelled)) == grid.curves(grid.complete(plain))


def test_every_committed_grid_has_families_that_the_tables_know():
    for path in grid.GRIDS.glob("*.toml"):
        found = roles.labels(grid.methods(grid.load(path.stem)))
        assert {label["role"] for label in found.values()} <= set(pareto.ROLES)
        assert {label["family"] for label in found.values()} <= set(roles.families())


def test_curves_of_one_seed_share_a_dense_start_and_other_seeds_have_others():
    curves = grid.curves(grid.complete(changed(seeds=[0, 1])))
    assert len({grid.identity(curve) for curve in curves}) == 6
    starts = {(curve["seed"], grid.identity(grid.dense(curve))) for curve in curves}
    assert len(starts) == len({name for _, name in starts}) == 2


def test_the_seed_of_a_curve_seeds_its_pruner_unless_the_method_names_one():
    own = {"name": "own", "pruner": "random", "seed": 9}
    curves = grid.curves(grid.complete(changed(seeds=[4], method=[GRID["method"][2], own])))
    assert [grid.pruner(curve).seed for curve in curves] == [4, 9]


def test_a_store_of_other_images_is_refused_even_under_the_same_name(tmp_path):
    for place, value in {"one": 10, "other": 200}.items():
        for part in ("train", "test"):
            for title, shade in {"dark": 0, "bright": value}.items():
                folder = tmp_path / place / "images" / part / title
                folder.mkdir(parents=True)
                for number in range(10):
                    Image.new("L", (8, 8), shade + number).save(folder / f"{number}.png")
    small = changed(limit=None, method=GRID["method"][:1], rounds=1)
    one = {**small, "data": str(tmp_path / "one" / "images")}
    sweep.run(one, store=tmp_path / "runs", jobs=1, records=tmp_path / "records")
    kept = [path.read_text() for path in (tmp_path / "records").glob("*.json")]  # to be committed
    assert len(kept) == 3 and all('"images"' in text and str(tmp_path) not in text for text in kept)
    with pytest.raises(
        CourseError, match=r"holds runs on the images .*; these would be on the images .*: give another folder"
    ):
        sweep.run({**small, "data": str(tmp_path / "other" / "images")}, store=tmp_path / "runs", jobs=1)


def test_photographs_of_several_sizes_are_swept_at_the_size_that_the_grid_gives(tmp_path):
    for part in ("train", "test"):
        for title, shade in {"dark": 0, "bright": 200}.items():
            folder = tmp_path / "images" / part / title
            folder.mkdir(parents=True)
            for number in range(10):
                Image.new("L", (12 + number, 16), shade + number).save(folder / f"{number}.png")
    small = changed(limit=None, method=GRID["method"][:1], rounds=1, data=str(tmp_path / "images"))
    with pytest.raises(CourseError, match="or --size 64 of `course run` and"):
        sweep.run(small, store=tmp_path / "runs", jobs=1)
    table = sweep.run({**small, "size": [8, 8]}, store=tmp_path / "runs", jobs=1)
    assert len(table) == 2


def test_a_grid_without_a_size_has_the_identities_that_it_had_before_sizes_were_known():
    (curve,) = grid.curves(grid.complete(changed(method=GRID["method"][:1])))
    older = {key: value for key, value in curve.items() if key not in ("size", "classes")}
    assert grid.identity(curve) == grid.identity(older) != grid.identity({**curve, "size": 8})
    assert grid.identity(older) != grid.identity({**curve, "classes": 5})


# bad grids

METHOD = {"name": "SAP", "pruner": "sap"}
BAD = {
    "unknown key": ({"round": 3}, "the grid has a key 'round'; known are"),
    "unknown key of dense": ({"dense": {"epoch": 3}}, r"\[dense\] has a key 'epoch'"),
    "unknown key of fit": ({"fit": {"rate": 0.1}}, r"\[fit\] has a key 'rate'"),
    "unknown key of dense.fit": ({"dense": {"fit": {"rate": 0.1}}}, r"\[dense\.fit\] has a key 'rate'"),
    "unknown method key": ({"method": [{**METHOD, "sparsity": 0.5}]}, "method 'SAP' has a key 'sparsity'; known are p"),
    "unknown pruner": (
        {"method": [{"name": "x", "pruner": "lottery"}]},
        "pruner = 'lottery' was given; known are general",
    ),
    "no pruner": ({"method": [{"name": "x"}]}, "a method of the grid lacks its pruner"),
    "no name": ({"method": [{"pruner": "sap"}]}, "a method of the grid lacks its name"),
    "no methods": ({"method": []}, "the grid's method is empty"),
    "no seeds": ({"seeds": []}, "the grid's seeds is empty"),
    "duplicate names": ({"method": [METHOD, {**METHOD, "p": 1, "q": 2}]}, "the grid's method has 'SAP' twice"),
    "percent": ({"method": [{"name": "x", "pruner": "magnitude", "sparsity": 50}]}, r"for 50 percent give 0\.5"),
    "the same method twice": (
        {"method": [{**METHOD, "p": 1, "q": 2}, {**METHOD, "name": "x", "p": 1.0, "q": 2, "eta": 0.0}]},
        "'SAP' and 'x' of the grid are the same",
    ),
    "a method without seeds": ({"method": [{**METHOD, "seeds": []}]}, r"'SAP': seeds = \[\] was given; it is a list"),
    "a method whose seeds are a number": ({"method": [{**METHOD, "seeds": 0}]}, "seeds = 0 was given; it is a list"),
    "a method whose axes are a list": ({"method": [{**METHOD, "axes": [1]}]}, r"axes = \[1\] was given; it is a table"),
    "a method whose name is a number": ({"method": [{**METHOD, "name": 5}]}, "name = 5 was given; it is text"),
    "a name that leaves the folder": ({"name": "../x"}, "name = '../x' was given; it names folders"),
    "references as text": ({"references": "yes"}, "references = 'yes' was given"),
    "at as a number": ({"at": 0.5}, "at = 0.5 was given"),
    "compare as a number": ({"compare": 3}, "compare = 3 was given"),
    "model as a list": ({"model": ["mlp"]}, "model = .* was given"),
    "p above q": ({"method": [{**METHOD, "p": 2, "q": 1}]}, "p"),
    "two rules": ({"method": [{"name": "x", "pruner": "activation", "threshold": 1, "quantile": 0.1}]}, "exactly one of"),
    "unknown role": ({"method": [{**METHOD, "role": "judge"}]}, "'SAP': role = 'judge' was given; it can be contestant, c"),
    "a role of the sweep's": (
        {"method": [{**METHOD, "role": "from scratch"}]},
        "role = 'from scratch' was given; it can be",
    ),
    "unknown family": ({"method": [{**METHOD, "family": "Sap"}]}, "'SAP': family = 'Sap' was given; known are L1, activa"),
    "a repeat of nothing": (
        {"method": [{**METHOD, "role": "repeat"}]},
        "role = 'repeat' and repeat_of go together; only one",
    ),
    "a contestant that repeats": (
        {"method": [METHOD, {**METHOD, "name": "x", "repeat_of": "SAP", "final_epochs": 2}]},
        "'x': role = 'repeat' and repeat_of go together; only one",
    ),
    "a repeat of an unknown method": (
        {"method": [METHOD, {**METHOD, "name": "x", "role": "repeat", "repeat_of": "sap", "final_epochs": 2}]},
        "'x': repeat_of = 'sap' was given; the name of another method of the grid is expected",
    ),
    "a repeat of itself": (
        {"method": [{**METHOD, "role": "repeat", "repeat_of": "SAP"}]},
        "repeat_of = 'SAP' was given; the name of another method",
    ),
    "a repeat that differs": (
        {"method": [METHOD, {**METHOD, "name": "x", "role": "repeat", "repeat_of": "SAP", "beta": 0.5, "final_epochs": 2}]},
        "'x': repeat_of = 'SAP' was given; the two differ in beta, but a repeat may differ in final_epochs only",
    ),
    "a name that a control from scratch will have": (
        {"method": [METHOD, {**METHOD, "name": "SAP, from scratch", "beta": 0.5}]},
        "'SAP, from scratch': this is what the control from scratch of another method is called",
    ),
    "unknown model": ({"model": "vit"}, "model = 'vit' was given; known are mlp"),
    "unknown schedule": ({"schedule": "fast"}, "schedule = 'fast' was given"),
    "unknown schedule of a method": ({"method": [{**METHOD, "schedule": "fast"}]}, "schedule = 'fast' was given"),
    "measured precision": ({"precision": "auto"}, "precision = 'auto' was given; a study runs in 'fp32' or 'bf16'"),
    "unknown device": ({"device": "abacus"}, "device='abacus' cannot be used"),
}
GENERAL = {"name": "x", "score": "l1", "unit": "filter", "amount": {"rule": "target", "sparsity": 0.5}}
BAD |= {
    f"general: {case}": ({"method": [{**GENERAL, **keys}]}, f"^method 'x'.*{sentence}")
    for case, keys, sentence in (
        ("an unknown score", {"score": "l3"}, "score='l3' was given; known are l1"),
        ("an unknown unit", {"unit": "head"}, "unit='head' was given"),
        ("a score that single weights do not have", {"score": "apoz", "unit": "weight"}, "a score of its activation"),
        ("a scope that units do not have", {"scope": "neuron"}, "scope='neuron' ranks single weights"),
        ("an amount that is no table", {"amount": 0.5}, "amount = 0.5 was given; it is a table"),
        ("an amount without a rule", {"amount": {"sparsity": 0.5}}, "it is a table, such as"),
        ("an unknown rule", {"amount": {"rule": "half"}}, "rule='half' was given; the amounts are target"),
        ("a setting that the rule has not", {"amount": {"rule": "sap", "sparsity": 0.5}}, "has no setting 'sparsity'"),
        ("a setting that is missing", {"amount": {"rule": "target"}}, "lacks its setting 'sparsity'"),
        ("an argument of a preset", {"threshold": 0.5}, "has a key 'threshold'; known are score, unit, scope, amount"),
        ("a setting of the wrong type", {"unit": 3}, "one of them is of the wrong type"),
    )
}
REPEAT = {**METHOD, "name": "x", "role": "repeat", "repeat_of": "SAP", "final_epochs": 1}
BAD["a repeat of a control"] = (
    {"method": [{**METHOD, "role": "control"}, REPEAT]},
    "repeat_of = 'SAP' was given; only a contestant can have a repeat",
)
LATE = {  # unchecked, they would end the run later, some after an hour of training
    "no rounds": {"rounds": 0},
    "negative epochs": {"epochs": -1},
    "negative final epochs": {"final_epochs": -1},
    "negative epochs of dense": {"dense": {"epochs": -1}},
    "limit 0": {"limit": 0},
    "a size in words": {"size": "small"},
    "one class": {"classes": 1},
    "a size of three sides": {"size": [8, 8, 3]},
    "seed that is no number": {"seeds": ["one"]},
    "the same seed twice": {"seeds": [0, 0]},
    "no threads": {"threads": 0},
    "unknown optimizer": {"fit": {"optimizer": "lion"}},
    "history longer than a round's training": {"method": [{**GRID["method"][1], "history": 2}]},
    "rounds that are text": {"rounds": "three"},
    "seeds that are no list": {"seeds": 5},
    "unknown key in a method's fit": {"method": [{**METHOD, "fit": {"rate": 1}}]},
    "a method called dense": {"method": [{**METHOD, "name": "dense"}]},
    "training settings that are no table": {"method": [{**METHOD, "fit": 3}]},
    "training settings of dense that are no table": {"dense": {"fit": 3}},
    "an optimizer that is a list": {"fit": {"optimizer": ["adamw"]}},
    "a schedule that is a list": {"schedule": ["cubic"]},
    "a pruner that is a list": {"method": [{**METHOD, "pruner": ["sap"]}]},
    "a comparison of lists": {"compare": [[["x"], "y"]]},
    "a role that is a list": {"method": [{**METHOD, "role": ["control"]}]},
    "a family that is a list": {"method": [{**METHOD, "family": ["SAP"]}]},
    "a repeat of a list": {"method": [{**METHOD, "role": "repeat", "repeat_of": ["x"]}]},
    **{
        f"{key} = {value!r} of {pruner}": {"method": [{"name": "one", "pruner": pruner, key: value, **more}]}
        for pruner, key, value, more in (
            ("sap", "gamma", "6", {}),
            ("sap", "min_per_layer", "400", {}),
            ("sap", "min_per_layer", 1.5, {}),
            ("random", "seed", "a", {}),
            ("random", "unit", 3, {}),
            ("activation", "samples", 0, {"threshold": 0.1}),
            ("activation", "samples", "a", {"threshold": 0.1}),
            ("activation", "history", "1", {"threshold": 0.1}),
            ("activation", "threshold", "0.5", {}),
            ("activation", "threshold", [0.1, "a"], {}),
            ("activation", "deviations", "1", {}),
        )
    },
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_grid_is_refused_in_one_sentence_before_anything_runs(tmp_path, case):
    keys, sentence = BAD[case]
    with pytest.raises(CourseError, match=sentence) as refused:
        sweep.run(changed(**keys), store=tmp_path / "runs")
    assert str(refused.value).endswith(".")
    assert "\n" not in str(refused.value)
    assert not (tmp_path / "runs").exists()


def test_a_method_may_answer_the_four_questions_itself_and_is_then_what_the_preset_is():
    own = {"name": "mine", "score": "magnitude", "unit": "weight", "amount": {"rule": "sap", "p": 1, "q": 2}}
    (curve,) = grid.curves(grid.complete(changed(method=[own])))
    assert grid.pruner(curve).describe() == SAPPruner(1, 2).describe()
    with pytest.raises(CourseError, match="'mine' of the grid are the same"):
        grid.complete(changed(method=[GRID["method"][0], own]))


def test_a_method_may_spread_one_of_its_four_answers():
    spread = {"name": "filters", "unit": "neuron", "axes": {"score": ["l1", "random"]}}
    curves = grid.curves(grid.complete(changed(method=[spread])))
    assert [(curve["method"], grid.pruner(curve).score) for curve in curves] == [
        ("filters, score l1", "l1"),
        ("filters, score random", "random"),
    ]


@pytest.mark.parametrize("case", LATE)
def test_a_value_out_of_range_is_refused_before_anything_runs(case):
    with pytest.raises(CourseError):
        grid.complete(changed(**LATE[case]))


def test_a_file_that_is_not_toml_is_refused(tmp_path):
    (tmp_path / "grid.toml").write_text("rounds = three")
    with pytest.raises(CourseError, match=r"grid\.toml is not a TOML file: "):
        sweep.run(tmp_path / "grid.toml", store=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_missing_file_is_refused_with_the_committed_grids(tmp_path):
    with pytest.raises(
        CourseError,
        match="there is no such file, and the committed ones are cifar10, cifar10-one-seed, class-project, controls,",
    ):
        sweep.run("no-such-grid", store=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_an_unknown_engine_is_refused(tmp_path):
    with pytest.raises(CourseError, match="engine='cloud' was given"):
        sweep.run(GRID, engine="cloud", store=tmp_path / "runs")
    assert not (tmp_path / "runs").exists()


def test_a_number_of_jobs_below_one_is_refused(tmp_path):
    with pytest.raises(CourseError, match="jobs=-1 was given; it is a whole number of at least 1"):
        sweep.run(GRID, store=tmp_path / "runs", jobs=-1)


def test_a_refused_store_keeps_no_mark_of_the_call(tmp_path):
    store = Store(tmp_path / "runs", tmp_path / "records")
    (tmp_path / "records").mkdir()
    Store(tmp_path / "records").must_match("x.zip", "right", "cpu")
    with pytest.raises(CourseError, match="holds runs on the images 'right'"):
        store.must_match("x.zip", "wrong", "cpu")
    store.must_match("x.zip", "right", "cpu")


def test_data_may_be_a_path():
    assert grid.complete(changed(data=Path("x.zip")))["data"] == "x.zip"


def test_a_file_gives_the_same_curves_as_the_mapping(tmp_path):
    (tmp_path / "grid.toml").write_text(
        'name = "tiny"\nlimit = 200\nmodel = "mlp"\ndevice = "cpu"\nrounds = 3\nepochs = 0.5\nfit = { batch_size = 50 }\n'
        "dense = { epochs = 6, threads = 1, fit = { batch_size = 50 } }\n"
        '[[method]]\nname = "SAP"\npruner = "sap"\np = 1\nq = 2\n'
    )
    expected = grid.curves(grid.complete(changed(method=GRID["method"][:1])))
    assert grid.curves(grid.load(tmp_path / "grid.toml")) == expected


def test_every_known_model_can_stand_in_a_grid():
    assert [grid.complete(changed(model=name))["model"] for name in models.MODELS] == list(models.MODELS)


def test_a_quiet_run_does_not_say_what_each_round_came_to(tmp_path, capsys):
    short = changed(rounds=1, method=GRID["method"][:1], dense={"epochs": 0.5, "threads": 1})
    told = sweep.run(short, store=tmp_path / "told", jobs=1)
    assert "round 1: sparsity" in capsys.readouterr().out
    quiet = sweep.run(short, store=tmp_path / "quiet", jobs=1, quiet=True)
    assert capsys.readouterr().out == ""
    pandas.testing.assert_frame_equal(compared(told), compared(quiet))
