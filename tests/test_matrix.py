"""Masked equals slimmed: many networks, shares, seeds and widths, on outputs that `slim` itself has not compared.

`make test` draws three times, one share each; with COURSE_GALLERY_SEEDS, as in `make validate`, each share ten times.
"""

from __future__ import annotations

import copy
import functools
import os

import pytest
import torch
import torchvision
from test_slim import distance
from toy import MODELS, bench_of, drawn

from course_lib import models, slim
from course_lib.network import cutting, entry, units
from course_lib.slim import cutting as slimming

WHOLE = "COURSE_GALLERY_SEEDS" in os.environ
SHARES = (0.1, 0.5, 0.9)
DRAWS = [(seed, share) for seed in range(10) for share in SHARES] if WHOLE else list(enumerate(SHARES))
EQUAL = 1e-4  # of the outputs' standard deviation; wrong channels make a difference of about 1


def vision_transformer():
    """vit_b_16 for images of 32 x 32; two of its twelve equal blocks in `make test`."""
    return torchvision.models.VisionTransformer(32, 16, 12 if WHOLE else 2, 12, 768, 3072, num_classes=10)


NETWORKS = {
    **{name: functools.partial(models.of_shape, name, (3, 32, 32), 10) for name in MODELS},
    **{
        name: functools.partial(getattr(torchvision.models, name), num_classes=10)
        for name in ("resnet18", "mobilenet_v2", "densenet121", "efficientnet_b0")
    },
    "googlenet": functools.partial(torchvision.models.googlenet, num_classes=10, aux_logits=False, init_weights=False),
    "vit_b_16": vision_transformer,
}
each = pytest.mark.parametrize("name", NETWORKS)


@functools.cache
def prepared(name):
    """A network, images that `slim` does not see, the batch that it does, and the network's units, found once."""
    torch.manual_seed(0)
    model, bench = NETWORKS[name](), bench_of(3, 32)
    example = entry.admit(model, bench.example)
    return model, entry.admit(model, bench.normalise(bench.test.images[8:12])), example, units.find(model, example)


def by_lot(model, found, seed, share):
    """Closed masks without that share of each group's units, at least one of which stays."""
    generator, kept = torch.Generator().manual_seed(seed), {}
    for group in found.groups:
        gone = min(round(share * group.size), group.size - 1)
        kept[group.name] = torch.randperm(group.size, generator=generator) >= gone
    return units.close(model, found.groups, kept)


@pytest.fixture
def found_once(monkeypatch):
    """`slim` searches a network for its units each time; they do not depend on the weights."""
    monkeypatch.setattr(slimming, "find", lambda model, example: found_once.units)
    return lambda found: setattr(found_once, "units", found)


@each
def test_the_slimmed_network_is_the_masked_one_at_any_share_and_width(name, found_once):
    model, images, example, found = prepared(name)
    found_once(found)
    for seed, share in DRAWS:
        drawn(model, seed)
        masks = by_lot(model, found, seed, share)
        masked = masks.apply_(copy.deepcopy(model))
        small = {round_to: slim.slim(model, masks, example, round_to) for round_to in (None, 8)}
        for round_to, net in small.items():
            far = distance(masked, net, images)
            assert far < EQUAL < distance(model, masked, images), (
                f"seed {seed}, share {share}, round_to {round_to}: {far:.2g}"
            )
        assert sum(parameter.numel() for parameter in small[None].parameters()) == masks.kept_parameters


@pytest.mark.parametrize("cutter", ["_keep_rows", "_keep_columns"])
@each
def test_a_cutter_that_takes_the_wrong_channels_is_caught_on_these_images(name, cutter, monkeypatch):
    model, images, _, found = prepared(name)
    drawn(model)
    masks = by_lot(model, found, 0, 0.5)
    masked, right = masks.apply_(copy.deepcopy(model)), getattr(cutting, cutter)
    monkeypatch.setattr(cutting, cutter, lambda module, kept: right(module, kept.roll(1)))
    wrong = cutting.cut(masked, found.groups, masks.units)
    assert not distance(masked, wrong, images) < 100 * EQUAL
