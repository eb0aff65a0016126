"""Networks of the kinds that people post: what prunes is right, and what does not stays whole for a reason that is said."""

from __future__ import annotations

import copy
import re
import warnings

import pytest
import torch
from models.nets import CASES
from toy import bench_of, drawn

from course_lib import slim, train
from course_lib.network import units
from course_lib.pruning import L1NormPruner

names = pytest.mark.parametrize("name", CASES)


def bench_for(name):
    return bench_of(*CASES[name].shape[::2])


@names
def test_the_units_of_a_network_are_found_and_what_stays_whole_says_why(name):
    case, bench = CASES[name], bench_for(name)
    found = units.find(case.make(), bench.example)
    assert {"+".join(group.producers) for group in found.groups} == set(case.free.split())
    for layer, words in case.whole.items():
        assert re.search(words, found.protected[layer])


@names
def test_the_masked_network_is_the_slimmed_one_and_zeros_survive_training(name):
    bench = bench_for(name)
    model = drawn(CASES[name].make())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masks = L1NormPruner(0.5, unit=("filter", "neuron")).masks(model, bench)
    masked = masks.apply_(copy.deepcopy(model)).eval()
    small = slim.slim(model, masks, bench.example).eval()
    fresh = bench.normalise(bench.test.images[:8])
    with torch.no_grad():
        ours, theirs, before = masked(fresh), small(fresh), model.eval()(fresh)
    assert (ours - theirs).abs().max() < 1e-4 * ours.std()
    assert (ours - before).abs().max() > 1e-3 * ours.std()  # and something was removed
    assert sum(parameter.numel() for parameter in small.parameters()) == masks.kept_parameters
    train.fit(masked, bench, epochs=2, masks=masks, batch_size=32)
    for parameter, mask in masks.items():
        assert not masked.get_parameter(parameter)[~mask].any()
