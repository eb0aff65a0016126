"""Units that always say the same go into the next layer's bias, where that is exact, and nowhere else."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_lib import slim
from course_lib.network import units
from course_lib.network.cutting import difference
from course_lib.network.masks import Masks


def chain(reader, constant=2.0, relu=True):
    """A convolution whose unit 1 always says `constant`, and what reads it."""
    first = nn.Conv2d(1, 4, 3)
    with torch.no_grad():
        first.weight[1].zero_()
        first.bias[1].fill_(constant)
    tail = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 10)] if isinstance(reader, nn.Conv2d) else []
    before = [] if tail else [nn.AdaptiveAvgPool2d(2), nn.Flatten()]
    return nn.Sequential(first, *([nn.ReLU()] if relu else []), *before, reader, *tail)


READERS = {
    "a dense layer": (nn.Linear(16, 10), 2.0, True),
    "a convolution without padding": (nn.Conv2d(4, 3, 3), 2.0, True),
    "a convolution that repeats its border": (nn.Conv2d(4, 3, 3, padding=1, padding_mode="replicate"), 2.0, True),
    "a convolution padded with zeros": (nn.Conv2d(4, 3, 3, padding=1), 2.0, False),
    "a convolution padded to the same size": (nn.Conv2d(4, 3, 3, padding="same"), 2.0, False),
    "a convolution padded with zeros, and the constant 0": (nn.Conv2d(4, 3, 3, padding=1), -2.0, True),  # ReLU: dead
    "a layer without a bias": (nn.Linear(16, 10, bias=False), 2.0, False),
    "a layer without a bias, and the constant 0": (nn.Linear(16, 10, bias=False), -2.0, True),
}


@pytest.mark.parametrize(("reader", "constant", "goes"), READERS.values(), ids=READERS)
def test_a_constant_unit_goes_where_its_reader_can_say_it_exactly(bench, reader, constant, goes):
    model = chain(reader, constant)
    folded, masks = slim.fold(model, Masks.dense(model), bench)
    assert masks.units["0"].tolist() == [True, not goes, True, True]
    images = bench.normalise(bench.test.images)  # others than it was found on
    assert difference(model, folded, images) < 1e-4
    if goes:
        small = slim.slim(folded, masks, bench.example)
        assert small[0].out_channels == 3 and difference(model, small, images) < 1e-4


def test_what_the_masks_took_stays_away_and_a_layer_keeps_one_unit(bench):
    model = chain(nn.Linear(16, 10), relu=False)
    with torch.no_grad():
        model[0].weight.zero_()  # now all of them are constant
    masks = units.close(model, units.groups(model, bench.example), {"0": torch.tensor([False, True, True, True])})
    folded, after = slim.fold(model, masks, bench)
    assert after.units["0"].tolist() == [False, True, False, False]
    assert difference(masks.apply_(model), folded, bench.example) < 1e-4


def test_the_model_and_its_masks_are_left_as_they_are(bench):
    model = chain(nn.Linear(16, 10))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    masks = Masks.dense(model)
    slim.fold(model, masks, bench)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert masks.sparsity == 0 and not masks.units


def test_a_unit_that_a_few_images_wake_is_not_folded(bench):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 3), nn.ReLU(), nn.Linear(3, 10))
    with torch.no_grad():
        model[1].weight[1].zero_()
        images = bench.normalise(bench.train.images).flatten(1)
        model[1].weight[1] = images.mean(0)
        scores = images @ model[1].weight[1]
        model[1].bias[1] = -scores.sort().values[-3]  # awake on two of all images
    _, masks = slim.fold(model, Masks.dense(model), bench)
    assert masks.units["1"].tolist() == [True, True, True]
