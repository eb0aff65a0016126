"""A run under a budget: legal masks only, the same answer twice, and no more epochs than were given."""

from __future__ import annotations

import pytest
import torch

from course_lib import capstone, data, models, train
from course_lib.capstone.spending import must_be_legal
from course_lib.errors import CourseError
from course_lib.pruning import MagnitudePruner
from course_lib.teaching.exercises.lesson08.my_scores import my_scores
from course_lib.teaching.exercises.lesson08.take_lowest import take_lowest


def my_masks(weights, kept, gone, least):
    """A pruner as students put it together."""
    return take_lowest(my_scores(weights), kept, gone, least)


@pytest.fixture(scope="module")
def bench():
    return data.load("fashion-mini", device="cpu", limit=60)


@pytest.fixture
def dense(bench):
    return models.build("mlp", bench)


@pytest.fixture
def spent(monkeypatch):
    """What is trained, without training."""
    epochs = []

    def fit(model, bench, more, masks=None, **recipe):
        masks.apply_(model)
        epochs.append(more)

    monkeypatch.setattr(train, "fit", fit)
    return epochs


def test_a_run_spends_exactly_its_budget_and_keeps_each_round(bench, dense, spent):
    before = {name: tensor.clone() for name, tensor in dense.state_dict().items()}
    run = capstone.compete(my_masks, dense, bench, [1, 2, 0.5], sparsity=0.9, least=100)
    assert spent == [1, 2, 0.5]
    assert [row["epochs"] for row in run.rows] == [1, 3, 3.5] and len(run.models) == len(run.masks) == 3
    assert all(torch.equal(before[name], tensor) for name, tensor in dense.state_dict().items())
    weights = dict(run.masks[-1])
    gone = sum(int((~mask).sum()) for mask in weights.values())
    assert gone == round(0.9 * sum(mask.numel() for mask in weights.values()))
    assert all(mask.sum() >= 100 for mask in weights.values())
    assert run.masks[0].sparsity < run.masks[1].sparsity < run.masks[2].sparsity


def test_a_pruner_of_the_library_runs_under_the_same_budget(bench, dense, spent):
    run = capstone.compete(MagnitudePruner(0.8), dense, bench, [1, 1])
    assert spent == [1, 1] and run.masks[-1].sparsity == pytest.approx(0.8, abs=0.01)


def test_a_function_that_draws_without_a_seed_is_refused(bench, dense, spent):
    def lottery(weights, kept, gone, least):
        return my_masks({name: torch.rand(w.shape) for name, w in weights.items()}, kept, gone, least)

    with pytest.raises(CourseError, match="two different masks"):
        capstone.compete(lottery, dense, bench, [1])


def test_a_function_that_changes_its_arguments_changes_nothing_of_ours(bench, dense, spent):
    def spoiling(weights, kept, gone, least):
        found = my_masks(weights, kept, gone, least)
        for name in weights:
            weights[name].zero_()
            kept[name].zero_()
        return found

    run = capstone.compete(spoiling, dense, bench, [0], sparsity=0.5)
    assert run.models[0].head.weight.count_nonzero() > 0


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        (None, "a dict with one mask for each of a, b"),
        ({"a": torch.ones(4, dtype=torch.bool)}, "a dict with one mask"),
        ({"a": torch.ones(4), "b": torch.ones(2, dtype=torch.bool)}, "the mask of a is no bool tensor"),
        ({"a": torch.tensor([1, 1, 1, 1]).bool(), "b": torch.ones(2).bool()}, "weights come back"),
        ({"a": torch.tensor([1, 0, 0, 0]).bool(), "b": torch.ones(2).bool()}, "3 weights are gone in all"),
        ({"a": torch.tensor([1, 1, 1, 0]).bool(), "b": torch.zeros(2).bool()}, "3 weights are gone in all"),
        ({"a": torch.tensor([1, 1, 1, 0]).bool(), "b": torch.tensor([0, 1]).bool()}, "b keeps 1 weights; at least 2"),
    ],
    ids=range(7),
)
def test_masks_that_break_a_rule_are_refused_by_the_first_rule_that_they_break(found, sentence):
    kept = {"a": torch.tensor([1, 1, 1, 0]).bool(), "b": torch.ones(2).bool()}
    with pytest.raises(CourseError, match=sentence):
        must_be_legal(found, kept, gone=2, least=2)


def test_a_sentence_names_the_students_function(bench, dense, spent):
    def keep_all(weights, kept, gone, least):
        return kept

    with pytest.raises(CourseError, match=r"keep_all breaks a rule: 0 weights are gone in all.*\."):
        capstone.compete(keep_all, dense, bench, [1])
