"""Another method's pace: as many go in each round, and which they are is each method's own choice."""

from __future__ import annotations

import json

import pytest
import torch

from course_lib import data, models, sweep
from course_lib.axes import amounts
from course_lib.errors import CourseError
from course_lib.pruning import Masks, Pruner, SAPPruner
from course_lib.sweep import grid, pace, steps
from course_lib.sweep.store import Store

SAP = {"name": "SAP", "pruner": "sap", "p": 1, "q": 2, "gamma": 4.0, "beta": 0.5, "min_per_layer": 20}
LAYER = {"name": "magnitude, SAP's pace", "score": "magnitude", "unit": "weight", "min_per_layer": 20, "pace": "SAP"}
GLOBAL = LAYER | {"name": "magnitude, global, SAP's pace", "scope": "global"}
GRID = {
    "name": "tiny", "model": "mlp", "device": "cpu", "limit": 200, "seeds": [0, 1], "rounds": 3, "epochs": 0.5,
    "dense": {"epochs": 0.5, "threads": 1}, "method": [LAYER, GLOBAL, SAP],  # the source comes last
}  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pace")
    return sweep.run(GRID, store=folder / "runs", jobs=1, records=folder / "records"), folder


def rounds_of(done, method, seed):
    runs = Store(done[1] / "runs" / "tiny", done[1] / "records")
    (curve,) = [c for c in runs.curves(grid.complete(GRID)) if (c["method"], c["seed"]) == (method, seed)]
    return curve, runs.finished(curve)


def went(rounds):
    return [sum(group["removed"] for group in record["groups"].values()) for record in rounds]


@pytest.mark.parametrize("seed", [0, 1])
def test_as_many_go_in_each_round_as_went_from_the_source_of_the_same_seed(done, seed):
    _, source = rounds_of(done, "SAP", seed)
    assert all(went(source)) and len(set(pace.shares(source))) == 3
    for method in (LAYER, GLOBAL):
        curve, rounds = rounds_of(done, method["name"], seed)
        layers = 1 if "scope" in method else len(source[0]["groups"])
        assert all(abs(mine - theirs) <= layers for mine, theirs in zip(went(rounds), went(source), strict=True))
        assert curve["arguments"]["amount"] == {"rule": "paced", "shares": pace.shares(source)}
        assert [record["epochs"] for record in rounds] == [record["epochs"] for record in source]


def test_seeds_have_paces_and_hashes_of_their_own(done):
    curves = [rounds_of(done, LAYER["name"], seed)[0] for seed in (0, 1)]
    assert curves[0]["arguments"] != curves[1]["arguments"]
    assert len({grid.identity({**curve, "seed": 0}) for curve in curves}) == 2


def test_within_layers_the_layers_differ_only_in_what_sap_chose_for_each():
    """The control of the control: with SAP's share for each layer it is SAP, to the weight."""
    bench = data.load("fashion-mini", device="cpu", limit=100)
    model = models.build("mlp", bench, seed=0)
    with torch.no_grad():  # layers that SAP treats differently
        model.get_parameter(next(iter(dict(model.named_parameters())))).pow_(3)
    sap = SAPPruner(p=1, q=2)
    masks, seen = sap.propose(model, bench, Masks.dense(model))

    class ByLayer:
        def bind(self, shapes):
            return {name: amounts.quantile(seen[name]["removed"] / seen[name]["survivors"]) for name in shapes}

    alike = Pruner("magnitude", "weight", amount=ByLayer()).masks(model, bench)
    paced = Pruner("magnitude", "weight", amount=amounts.paced(pace.shares([{"groups": seen}]))).masks(model, bench)
    assert len({facts["removed"] / facts["survivors"] for facts in seen.values()}) > 1
    assert all(torch.equal(alike[name], masks[name]) for name, _ in masks.items())
    assert any(not torch.equal(paced[name], masks[name]) for name, _ in masks.items())
    assert abs(paced.kept_parameters - masks.kept_parameters) <= len(seen)


def test_a_finished_study_is_read_from_its_records_alone_and_nothing_runs(done, tmp_path, monkeypatch):
    monkeypatch.setattr(steps, "advance", None)
    again = sweep.run(GRID, store=tmp_path, jobs=1, records=done[1] / "records")
    assert again.equals(done[0]) and set(again["method"]) == {"dense", "SAP", LAYER["name"], GLOBAL["name"]}


def test_a_curve_whose_source_failed_waits_and_the_failure_says_so(tmp_path, monkeypatch):
    advance = steps.advance

    def failing(curve, *rest):
        return (
            {"failed.json": json.dumps({"reason": "no luck"}).encode()}
            if curve["method"] == "SAP"
            else advance(curve, *rest)
        )

    monkeypatch.setattr(steps, "advance", failing)
    small = {**GRID, "seeds": [0], "rounds": 1}
    with pytest.raises(sweep.FailedCurves) as caught:
        sweep.run(small, store=tmp_path, jobs=1)
    assert "SAP, seed 0: no luck" in str(caught.value)
    assert f"{LAYER['name']}, seed 0: it waits for SAP, which failed" in str(caught.value)
    monkeypatch.undo()
    assert set(sweep.run(small, store=tmp_path, jobs=1)["method"]) == {"dense", "SAP", LAYER["name"], GLOBAL["name"]}


@pytest.mark.parametrize(
    ("methods", "sentence"),
    [
        ([LAYER], "the grid has no such method with seed 0"),
        ([SAP | {"seeds": [1]}, LAYER], "the grid has no such method with seed 0"),
        ([SAP, LAYER, GLOBAL | {"pace": LAYER["name"]}], "takes the pace of another itself"),
        ([SAP, LAYER | {"amount": {"rule": "target", "sparsity": 0.5}}], "stands in place of an amount"),
        ([SAP, {"name": "x", "pruner": "l1", "pace": "SAP"}], "beside a score"),
        ([SAP, LAYER, LAYER | {"name": "again"}], "are the same"),
    ],
)
def test_a_pace_that_cannot_be_is_refused_in_one_sentence(methods, sentence):
    with pytest.raises(CourseError, match=sentence):
        grid.complete({**GRID, "method": methods})
