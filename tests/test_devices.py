"""Wrong devices and read-back values, found without a GPU: fake CUDA tensors and the meta device (DESIGN, section 7)."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch._subclasses.fake_tensor import FakeTensorMode

from course_lib import models, train
from course_lib.axes.selection import lowest
from course_lib.pruning import L1NormPruner, MagnitudePruner, Masks


def test_lowest_stays_on_the_device_and_reads_nothing_back():
    with FakeTensorMode():
        scores = torch.rand(100, device="cuda")
        for allowed in (None, torch.ones(100, dtype=torch.bool, device="cuda")):
            chosen = lowest(scores, 30, allowed)
            assert chosen.device.type == "cuda" and chosen.shape == (100,) and chosen.dtype == torch.bool
        assert lowest(scores, 0).device.type == "cuda"


@pytest.mark.parametrize("where", ["cpu", "cuda"])
def test_masks_from_either_device_apply_to_a_model_on_cuda(where):
    with FakeTensorMode():
        with torch.device("cuda"):
            model = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 2))
        masks = Masks({"0.weight": torch.ones(4, 8, dtype=torch.bool, device=where)}, 46)
        assert masks.apply_(model)[0].weight.device.type == "cuda"
        both = masks & masks.to("cuda")
        assert both["0.weight"].device.type == where


@pytest.mark.parametrize("name", ["mlp", "cnn", "vgg", "resnet"])
def test_forward_loss_and_optimizer_step_stay_on_cuda(name, bench):
    shape = (16, *bench.shape)
    with FakeTensorMode():
        with torch.device("cuda"):
            model = models.MODELS[name](tuple(bench.shape), bench.num_classes)
        x, y = torch.rand(shape, device="cuda"), torch.zeros(16, dtype=torch.int64, device="cuda")
        outputs = model(x)
        loss = F.cross_entropy(outputs, y, label_smoothing=0.1)
        assert outputs.shape == (16, bench.num_classes) and outputs.device.type == loss.device.type == "cuda"
        stepper = train.make_optimizer(model)
        for parameter in model.parameters():
            parameter.grad = torch.zeros_like(parameter)
        stepper.step()
        masks = {n: torch.ones_like(p, dtype=torch.bool) for n, p in model.named_parameters()}
        Masks(masks, sum(p.numel() for p in model.parameters())).apply_(model)
        assert all(parameter.device.type == "cuda" for parameter in model.parameters())


@pytest.mark.parametrize("name", ["cnn", "resnet"])
@pytest.mark.parametrize("optimizer", ["adamw", "sgd"])
def test_a_whole_masked_training_step_reads_no_value_back(name, optimizer, bench):
    model = models.build(name, bench)
    masks = L1NormPruner(0.5).masks(model, bench) & MagnitudePruner(0.9).masks(model, bench)
    model, masks = model.to("meta"), masks.to("meta")
    x = torch.empty((8, *bench.shape), device="meta")
    y = torch.empty(8, dtype=torch.int64, device="meta")
    stepper = train.make_optimizer(model, optimizer)
    sums = train.train_step(model, x, y, stepper, masks, targets=torch.empty(8, bench.num_classes, device="meta"))
    assert sums.shape == (2,) and sums.device.type == "meta"
    assert all(p.grad is not None and p.grad.device.type == "meta" for p in model.parameters())
