"""What is unimportant: every score by hand, on tensors small enough to read."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from course_lib.axes import amounts, scores
from course_lib.data import Bench, Split
from course_lib.errors import CourseError
from course_lib.network import recording, units
from course_lib.network.recording import Recorder, calibrate, gradients
from course_lib.pruning import ActivationPruner, Pruner
from course_lib.pruning.needs import NEEDS

ROWS = torch.tensor([[1.0, -2.0, 3.0], [0.0, 0.0, -0.5]])


def test_l1_norm_adds_magnitudes():
    assert scores.l1_norm(ROWS).tolist() == [6.0, 0.5]


def test_l1_mean_divides_by_the_fan_in():
    assert scores.l1_mean(ROWS).tolist() == pytest.approx([2.0, 0.5 / 3])


def test_magnitude_of_single_weights_is_their_absolute_value():
    assert scores.SCORES["magnitude"](torch.tensor([[-3.0], [2.0]])).tolist() == [3.0, 2.0]


def test_taylor_is_the_magnitude_of_the_summed_products():
    gradient = torch.tensor([[1.0, 2.0, 0.5], [7.0, 0.0, -4.0]])
    assert scores.taylor(ROWS, gradient).tolist() == [1.5, 2.0]  # |1 - 4 + 1.5|, |0 + 0 + 2|


def test_mean_activation_and_apoz_divide_sums_by_counts():
    seen = scores.Activity(torch.tensor([6.0, 0.0]), torch.tensor([1.0, 4.0]), 4)
    assert scores.mean_activation(seen).tolist() == [1.5, 0.0]
    assert scores.one_minus_apoz(seen).tolist() == [0.75, 0.0]


def test_activities_add_up_over_batches_of_unequal_size():
    a = scores.Activity(torch.tensor([3.0]), torch.tensor([0.0]), 1)
    b = scores.Activity(torch.tensor([3.0]), torch.tensor([2.0]), 5)
    assert scores.mean_activation(a + b).tolist() == [1.0]  # not (3 + 0.6) / 2
    assert scores.one_minus_apoz(a + b).tolist() == pytest.approx([2 / 3])


def test_fpgm_of_the_second_round_does_not_see_filters_that_are_gone():
    """Filter 3 lies far out and makes filter 1 the most central; once it is gone, that is filter 0."""
    weight = torch.tensor([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0], [40.0, 0.0]])
    everyone, survivors = torch.ones(4, dtype=torch.bool), torch.tensor([True, True, True, False])
    by_hand = {
        "first": [1 + 3 + 40, 1 + 10**0.5 + 39, 3 + 10**0.5 + 1609**0.5, 40 + 39 + 1609**0.5],
        "second": [1 + 3, 1 + 10**0.5, 3 + 10**0.5, 40 + 39 + 1609**0.5],
    }
    torch.testing.assert_close(scores.fpgm(weight, everyone), torch.tensor(by_hand["first"]))
    torch.testing.assert_close(scores.fpgm(weight, survivors), torch.tensor(by_hand["second"]))
    assert [scores.fpgm(weight, kept).argmin().item() for kept in (everyone, survivors)] == [1, 0]


def test_fpgm_finds_no_distance_between_equal_filters():
    twins = torch.full((50, 900), 1.7)
    assert scores.fpgm(twins, torch.ones(50, dtype=torch.bool)).max() == 0


def test_fpgm_is_refused_for_single_weights():
    with pytest.raises(CourseError, match="score='fpgm' compares filters or neurons; unit='weight' was given"):
        Pruner("fpgm", "weight")


def test_random_scores_follow_the_generator():
    one, same, other = (scores.random(ROWS, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2))
    assert one.shape == (2,) and torch.equal(one, same) and not torch.equal(one, other)


@pytest.mark.parametrize("name", ["l2", "", "L1"])
def test_an_unknown_score_is_refused_and_the_known_are_listed(name):
    with pytest.raises(CourseError, match=r"known are l1, l1_mean.*random"):
        scores.resolve(name)
    with pytest.raises(CourseError, match="score="):
        Pruner(score=name)


def test_a_score_that_asks_for_something_unknown_is_refused_by_name():
    with pytest.raises(CourseError, match="'bias'"):
        Pruner(score=lambda weight, bias: weight.sum(1))
    with pytest.raises(CourseError, match="'bias'"):
        Pruner(score=lambda bias: bias)


def test_every_named_score_asks_only_for_what_is_known():
    for name, score in scores.SCORES.items():
        assert scores.resolve(name) is score
        assert set(scores.needs(score)) <= set(NEEDS) and scores.needs(score)


class Tiny(nn.Sequential):
    """Two pixels, two neurons, two classes, all weights known."""

    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.hidden = nn.Linear(2, 2)
        self.relu = nn.ReLU()
        self.head = nn.Linear(2, 2)
        with torch.no_grad():
            self.hidden.weight.copy_(torch.tensor([[1.0, 0.0], [1.0, -1.0]]))
            self.hidden.bias.copy_(torch.tensor([0.0, 0.5]))
            self.head.weight.copy_(torch.tensor([[1.0, 0.0], [0.0, 2.0]]))
            self.head.bias.zero_()


def tiny_bench(n):
    images = torch.randint(0, 256, (n, 1, 1, 2), dtype=torch.uint8, generator=torch.Generator().manual_seed(3))
    part = Split(images, torch.arange(n) % 2)
    return Bench("tiny", part, part, part, ("a", "b"), torch.tensor([0.4]), torch.tensor([0.3]))


def test_taylor_gradients_are_those_of_the_mean_loss_by_hand():
    bench, model = tiny_bench(5), Tiny()
    slopes = gradients(model, bench, samples=1024, seed=0)
    x = bench.normalise(bench.train.images).flatten(1).double()
    w, b = model.hidden.weight.detach().double(), model.hidden.bias.detach().double()
    v = model.head.weight.detach().double()
    h = (x @ w.T + b).clamp_min(0)
    p = (h @ v.T).softmax(1) - nn.functional.one_hot(bench.train.labels, 2)
    assert torch.allclose(slopes["head.weight"].double(), p.T @ h / 5, atol=1e-6)
    assert torch.allclose(slopes["hidden.weight"].double(), ((p @ v) * (h > 0)).T @ x / 5, atol=1e-6)
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_frozen_model_and_a_no_grad_block_give_the_same_taylor_masks(bench):
    from course_lib import models

    model, pruner = models.build("cnn", bench), Pruner(score="taylor", samples=64)
    expected = pruner.masks(model, bench)
    with torch.no_grad():
        without = pruner.masks(model, bench)
    frozen = pruner.masks(model.requires_grad_(False), bench)
    assert expected.unit_sparsity > 0
    for other in (without, frozen):
        assert set(other) == set(expected) and all(torch.equal(other[name], expected[name]) for name in expected)


def test_calibration_over_unequal_batches_equals_the_whole_set(bench):
    from course_lib import models

    model = models.build("cnn", bench).eval()
    found = units.groups(model, bench.example)
    batches = {}
    for size in (200, 64):  # 64 leaves a last batch of 8
        with Recorder(model, found) as recorder, torch.no_grad():
            for images, _ in bench.batches("train", size):
                model(images)
            recorder.end_epoch()
        batches[size] = recorder.recording[0]
    with torch.no_grad():
        images = bench.normalise(bench.train.images)
        first = model.relu1(model.conv1(images))
    whole = {"mean": first.double().mean((0, 2, 3)), "alive": (first != 0).double().mean((0, 2, 3))}
    for size, epoch in batches.items():
        assert epoch["conv1"].count == first.numel() // first.shape[1]
        assert torch.allclose(scores.mean_activation(epoch["conv1"]), whole["mean"], rtol=1e-6), size
        assert torch.allclose(scores.one_minus_apoz(epoch["conv1"]), whole["alive"], rtol=1e-9), size
    for name in batches[64]:
        assert torch.allclose(batches[64][name].total, batches[200][name].total, rtol=1e-4)


def test_apoz_and_mean_are_read_after_the_activation_by_hand():
    bench, model = tiny_bench(7), Tiny()
    epoch = calibrate(model, bench, units.groups(model, bench.example), samples=1024, seed=0)[0]
    x = bench.normalise(bench.train.images).flatten(1)
    h = (x @ model.hidden.weight.detach().T + model.hidden.bias.detach()).clamp_min(0)
    assert torch.allclose(scores.mean_activation(epoch["hidden"]), h.double().mean(0), atol=1e-6)
    assert scores.one_minus_apoz(epoch["hidden"]).tolist() == pytest.approx((h > 0).double().mean(0).tolist(), abs=1e-15)
    assert 0 < (h > 0).double().mean() < 1


SMOOTH = (
    nn.LeakyReLU, nn.PReLU, nn.RReLU, nn.ELU, nn.CELU, nn.SELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus, nn.Tanh, nn.Sigmoid,
    nn.Hardtanh, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink,
)  # fmt: skip
WITH_ZEROS = (nn.ReLU, nn.ReLU6, nn.Hardswish, nn.Hardsigmoid, nn.Softshrink, nn.Hardshrink)
BELOW_MINUS_3 = (nn.Hardswish, nn.Hardsigmoid)  # where these have their zeros


class OwnReLU(nn.Module):
    def forward(self, x):
        return x.clamp_min(0)


class Swish(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(2 * x)


def activity_of(activation, scale=1.0):
    """What the four units of a layer did, read after `activation`."""
    torch.manual_seed(0)
    bench = tiny_bench(40)
    layer = nn.Linear(bench.example[0].numel(), 4)
    with torch.no_grad():
        layer.weight.mul_(scale)
    model = nn.Sequential(nn.Flatten(), layer, activation, nn.Linear(4, 2))
    group = units.Group("1", "neuron", 4, ("1",), (), {"3": torch.arange(4)[:, None]}, site="2")
    return calibrate(model, bench, [group], samples=40, seed=0)[0]["1"]


@pytest.mark.parametrize("scale", [1.0, 1e4], ids=["as usual", "so large that some round to 0"])
@pytest.mark.parametrize("kind", SMOOTH)
def test_apoz_of_an_activation_that_is_never_zero_is_refused_by_its_name(kind, scale):
    with pytest.raises(CourseError) as caught:
        scores.one_minus_apoz(activity_of(kind(), scale))
    assert f"2, a {kind.__name__}" in str(caught.value) and "'mean'" in str(caught.value)
    assert "layer 1" in str(caught.value) and scores.mean_activation(activity_of(kind())).shape == (4,)


@pytest.mark.parametrize(
    "activation",
    [*(kind() for kind in WITH_ZEROS), nn.LeakyReLU(0.0), nn.Hardtanh(0.0, 1.0), nn.Threshold(0.1, 0.0), OwnReLU()],
    ids=lambda activation: type(activation).__name__,
)
def test_apoz_of_an_activation_that_has_zeros_is_counted_also_where_it_is_somebodys_own(activation):
    found = scores.one_minus_apoz(activity_of(activation, 30.0 if isinstance(activation, BELOW_MINUS_3) else 1.0))
    assert ((found > 0) & (found < 1)).any()


def test_apoz_of_relus_that_never_rest_is_one_not_an_error():
    rested = scores.Activity(torch.ones(3), torch.zeros(3), 4)
    assert scores.one_minus_apoz(rested).tolist() == [1, 1, 1]


def test_apoz_of_ones_own_activation_that_was_never_zero_is_refused_by_its_name():
    with pytest.raises(CourseError, match="2, a Swish"):
        scores.one_minus_apoz(activity_of(Swish()))


@pytest.mark.parametrize("kind", [nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid])
def test_an_apoz_pruner_refuses_a_network_whose_activations_are_never_zero(kind, bench, tmp_path):
    torch.manual_seed(0)
    features = bench.example[0].numel()
    model = nn.Sequential(nn.Flatten(), nn.Linear(features, 6), kind(), nn.Linear(6, bench.num_classes))
    pruner = ActivationPruner("apoz", sparsity=0.5, samples=20)
    with pytest.raises(CourseError, match=f"2, a {kind.__name__}"):
        pruner.masks(model, bench)
    assert ActivationPruner("mean", sparsity=0.5, samples=20).masks(model, bench).unit_sparsity == 0.5
    # what was recorded in training, saved and read again is refused as well
    with pruner.recorder(model, bench) as recorder, torch.no_grad():
        model(bench.example)
        recorder.end_epoch()
    recording.save(recorder.recording, tmp_path / "seen.safetensors")
    with pytest.raises(CourseError, match=f"2, a {kind.__name__}"):
        pruner.masks(model, bench, recording=recording.load(tmp_path / "seen.safetensors"))


@pytest.mark.parametrize("statistic", ["mean", "apoz", "taylor"])
def test_scoring_leaves_the_mode_of_every_module(statistic, bench):
    from course_lib import models

    model = models.build("vgg", bench).train()
    model.norm1.eval()  # frozen statistics, as in fine-tuning
    modes = {name: module.training for name, module in model.named_modules()}
    Pruner(score=statistic, samples=32).masks(model, bench)
    assert {name: module.training for name, module in model.named_modules()} == modes


def test_whole_numbers_are_scores_as_well(bench):
    from course_lib import models

    model = models.build("cnn", bench)
    for amount in (amounts.target(0.25), amounts.variable(0.0), amounts.sap()):
        masks = Pruner(score=lambda weight: (weight > 0).sum(1), amount=amount).masks(model, bench)
        assert 0 < masks.unit_sparsity < 1
