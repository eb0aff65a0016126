"""Networks of the kinds that people post: what prunes is right, and what does not stays whole for a reason that is said.

With COURSE_GALLERY_SEEDS, as in `make validate`, more of torchvision's networks are tried.
"""

from __future__ import annotations

import copy
import os
import re
import warnings

import pytest
import torch
import torchvision
from models.nets import CASES, Net, conv, pooled
from torch import nn
from toy import bench_of, drawn

from course_lib import slim, train
from course_lib.errors import CourseError
from course_lib.network import entry, units
from course_lib.network.recording import calibrate
from course_lib.pruning import ActivationPruner, L1NormPruner, Masks, iterate

names = pytest.mark.parametrize("name", CASES)
NETWORKS = ["mobilenet_v2", "swin_t", "densenet121"]
if "COURSE_GALLERY_SEEDS" in os.environ:  # `make validate`
    NETWORKS += ["resnet18", "efficientnet_b0", "convnext_tiny", "vit_b_16", "googlenet"]


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
    torch.manual_seed(0)
    model = drawn(CASES[name].make())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masks = L1NormPruner(0.5, unit=("filter", "neuron")).masks(model, bench)
    masked = masks.apply_(copy.deepcopy(model)).eval()
    small = slim.slim(model, masks, bench.example).eval()
    fresh = entry.admit(model, bench.normalise(bench.test.images[:8]))
    with torch.no_grad():
        ours, theirs, before = masked(fresh), small(fresh), model.eval()(fresh)
    assert (ours - theirs).abs().max() < 1e-5 * ours.std()
    assert (ours - before).abs().max() > 1e-4 * ours.std()  # and something was removed
    assert sum(parameter.numel() for parameter in small.parameters()) == masks.kept_parameters
    train.fit(masked, bench, epochs=2, masks=masks, batch_size=32)
    for parameter, mask in masks.items():
        assert not masked.get_parameter(parameter)[~mask].any()


def test_a_dense_layer_on_pixels_is_recorded_along_the_axis_of_its_units():
    """Linear layers put their units last, convolutions second: (n, h, w, units) and (n, units, h, w)."""
    case = CASES["dense layers on pixels"]
    model, bench = case.make(), bench_for("dense layers on pixels")
    model.f1, model.relu = nn.Linear(16, 32), nn.ReLU()
    model.run = lambda m, x: m.h((lambda y: y + m.f2(m.relu(m.f1(y))))(m.c(x).permute(0, 2, 3, 1)).mean((1, 2)))
    group = next(group for group in units.groups(model, bench.example) if group.name == "f1")
    assert (group.site, group.axis) == ("relu", 3)
    with torch.no_grad():
        model.f1.bias[5] = -100.0  # a neuron that never fires
    activity = calibrate(model, bench, [group], samples=20, seed=0)[0]["f1"]
    assert activity.total.shape == (32,) and activity.total[5] == 0 and (activity.total > 0).sum() > 20


@pytest.mark.parametrize("name", NETWORKS)
def test_torchvisions_networks_prune_and_slim_and_stay_equal(name):
    model = drawn(getattr(torchvision.models, name)(num_classes=10))
    bench = bench_of(3, 224 if name == "vit_b_16" else 32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        masks = L1NormPruner(0.5, unit=("filter", "neuron")).masks(model, bench)
    small = slim.slim(model, masks, bench.example)
    assert sum(parameter.numel() for parameter in small.parameters()) == masks.kept_parameters < 0.8 * masks.total
    fresh = entry.admit(model, bench.normalise(bench.test.images[:4]))
    with torch.no_grad():
        ours, theirs = masks.apply_(model).eval()(fresh), small.eval()(fresh)
    assert (ours - theirs).abs().max() < 1e-4 * ours.std()


def test_what_stays_whole_is_named_once_in_words_and_in_every_record():
    bench = bench_for("GroupNorm")
    with pytest.warns(UserWarning, match=r"some layers stay whole: c1 \(layer between.0, which reads it, is a GroupNorm\)"):
        record = next(iterate(L1NormPruner(0.5), CASES["GroupNorm"].make(), bench, rounds=1, epochs=0))
    assert record.groups["c1"]["note"] == "stays whole: layer between.0, which reads it, is a GroupNorm"
    assert record.groups["c1"]["removed"] == 0


def test_masks_of_a_layer_that_stays_whole_cannot_be_slimmed_and_the_reason_is_said():
    model, bench = CASES["GroupNorm"].make(), bench_for("GroupNorm")
    masks = Masks({}, 1, {"c1": torch.arange(16) > 3})
    with pytest.raises(CourseError, match=r"layer c1 cannot be slimmed: layer between.0, which reads it, is a GroupNorm"):
        slim.slim(model, masks, bench.example)


def test_units_without_an_activation_to_read_stay_whole_and_the_others_are_read():
    """Networks such as mobilenet_v2 have linear layers between those with an activation."""
    model = Net(
        lambda m, x: m.h(pooled(m.c3(m.c2(m.relu(m.c1(x)))))),
        c1=conv(3, 8), relu=nn.ReLU(), c2=conv(8, 8), c3=conv(8, 6), h=nn.Linear(6, 10),
    )  # fmt: skip
    bench = bench_of(3, 16)
    with pytest.warns(UserWarning, match="c2 .layer c2 has no activation module after it"):
        masks, seen = ActivationPruner(sparsity=0.5).propose(model, bench)
    assert int(masks.units["c1"].sum()) == 4 and masks.units["c2"].all()
    assert seen["c2"]["note"].startswith("stays whole: layer c2 has no activation module")
    with pytest.raises(CourseError, match=r"layers names .c2. .layer c2 has no activation module"):
        ActivationPruner(sparsity=0.5, layers=["c2"]).masks(model, bench)
