"""Training, evaluation and the way back."""

from __future__ import annotations

import copy
import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy import drawn, same

from course_lib import models, train
from course_lib.errors import CourseError
from course_lib.models import dropping
from course_lib.network import entry
from course_lib.pruning import ActivationPruner, MagnitudePruner, Masks


@pytest.fixture
def mlp(bench):
    return models.build("mlp", bench)


def steps_of(bench, monkeypatch, **arguments):
    """How many optimizer steps a training makes."""
    made, step = [], train.train_step

    def counted(*args, **kwargs):
        made.append(1)
        return step(*args, **kwargs)

    monkeypatch.setattr(train, "train_step", counted)
    history = train.fit(models.build("mlp", bench), bench, **arguments)
    return len(made), history


def half_gone(model, bench):
    return MagnitudePruner(0.5).masks(model, bench)


def revived(model, masks):
    return sum(int(model.get_parameter(name)[~mask].count_nonzero()) for name, mask in masks.items())


# fit


def test_training_lowers_the_loss_and_beats_chance(bench, mlp):
    history = train.fit(mlp, bench, epochs=12, batch_size=50, lr=3e-3)
    losses = [epoch["loss"] for epoch in history["epochs"]]
    assert losses[-1] < 0.7 * losses[0]
    assert train.evaluate(mlp, bench) > 0.4  # chance is 0.1


def test_fractional_epochs_make_that_share_of_the_steps(bench, monkeypatch):
    made, history = steps_of(bench, monkeypatch, epochs=1.5, batch_size=25)  # 8 batches an epoch
    assert made == 12
    assert [epoch["epoch"] for epoch in history["epochs"]] == [1.0, 1.5]
    assert history["images"] == 300


def test_a_last_batch_that_is_smaller_is_used_and_counted(bench, monkeypatch):
    made, history = steps_of(bench, monkeypatch, epochs=1, batch_size=150)
    assert (made, history["images"]) == (2, 200)


def test_a_tiny_share_of_an_epoch_is_one_step(bench, monkeypatch):
    assert steps_of(bench, monkeypatch, epochs=1e-6, batch_size=50)[0] == 1


@pytest.mark.parametrize("name", ["mlp", "vgg"])
def test_no_epochs_change_nothing(bench, name):
    model = models.build(name, bench)
    before = copy.deepcopy(model)
    history = train.fit(model, bench, epochs=0)
    assert same(model, before)
    assert (history["epochs"], history["images"]) == ([], 0)


@pytest.mark.parametrize("epochs", [-1, math.nan])
def test_a_number_of_epochs_below_0_is_refused(bench, mlp, epochs):
    with pytest.raises(CourseError, match=rf"epochs={epochs} was given; it must be 0 or more"):
        train.fit(mlp, bench, epochs=epochs)


@pytest.mark.parametrize("name", ["mlp", "cnn", "vgg"])  # cnn: dropout; vgg: BatchNorm
def test_same_seed_same_numbers(bench, name):
    runs = []
    for other_draws in (1, 2):
        torch.manual_seed(other_draws)  # what the global generators do must not matter
        model = models.build(name, bench)
        history = train.fit(model, bench, epochs=0.5, batch_size=50, seed=7)
        runs.append((model, history["epochs"]))
    assert same(runs[0][0], runs[1][0])
    assert runs[0][1] == runs[1][1]


def test_another_seed_gives_other_numbers(bench):
    first, second = models.build("mlp", bench), models.build("mlp", bench)
    train.fit(first, bench, epochs=1, seed=0)
    train.fit(second, bench, epochs=1, seed=1)
    assert not same(first, second)


def test_training_leaves_the_global_random_state_and_the_mode_alone(bench):
    model = models.build("cnn", bench).eval()
    before = torch.get_rng_state()
    train.fit(model, bench, epochs=0.2, batch_size=50)
    assert torch.equal(torch.get_rng_state(), before)
    assert not model.training


def test_training_learns_in_training_mode_whatever_mode_the_model_came_in(bench):
    first, second = models.build("vgg", bench).train(), models.build("vgg", bench).eval()
    for model in (first, second):
        train.fit(model, bench, epochs=0.2, batch_size=50)
    assert same(first, second)
    assert not torch.equal(first.norm1.running_mean, torch.zeros(32))


# masks


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
@pytest.mark.parametrize("name", ["mlp", "vgg"])
def test_zeros_survive_training(bench, name, optimizer):
    model = models.build(name, bench)
    masks = half_gone(model, bench)
    train.fit(model, bench, epochs=1, batch_size=100, masks=masks, optimizer=optimizer, weight_decay=0.1)
    assert revived(model, masks) == 0
    assert train.evaluate(model, bench) >= 0  # and the rest is still a network
    assert all(model.get_parameter(name)[mask].count_nonzero() > 0 for name, mask in masks.items())


@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_without_masks_what_was_cleared_revives(bench, mlp, optimizer):
    """The control: the test above would fail if `fit` applied masks only once."""
    masks = half_gone(mlp, bench)
    masks.apply_(mlp)
    train.fit(mlp, bench, epochs=1, batch_size=100, optimizer=optimizer)
    assert revived(mlp, masks) > 1000


@pytest.mark.parametrize("name", ["sgd", "adamw"])
def test_momentum_revives_even_where_the_gradient_is_masked(bench, mlp, name):
    """Why masks are applied after the step, not to the gradient: the averages of earlier steps go on moving weights."""
    optimizer = train.make_optimizer(mlp, name)
    x, y = next(iter(bench.batches("train", 50)))
    for _ in range(2):
        train.train_step(mlp, x, y, optimizer)
    masks = half_gone(mlp, bench)
    masks.apply_(mlp)
    F.cross_entropy(mlp(x), y).backward()
    for weight, mask in masks.items():
        mlp.get_parameter(weight).grad[~mask] = 0
    optimizer.step()
    assert revived(mlp, masks) > 1000
    train.train_step(mlp, x, y, optimizer, masks)
    assert revived(mlp, masks) == 0


def test_a_masked_weight_that_is_nan_does_not_survive(bench, mlp):
    masks = half_gone(mlp, bench)
    with torch.no_grad():
        mlp.hidden1.weight[~masks["hidden1.weight"]] = torch.nan
    train.fit(mlp, bench, epochs=0.5, batch_size=100, masks=masks)
    assert all(parameter.isfinite().all() for parameter in mlp.parameters())
    assert revived(mlp, masks) == 0


def test_masks_of_another_network_are_refused_by_name(bench, mlp):
    with pytest.raises(CourseError, match=r"the mask of hidden1\.weight has the shape \(3, 3\)"):
        train.fit(mlp, bench, epochs=1, masks=Masks({"hidden1.weight": torch.ones(3, 3, dtype=torch.bool)}, 9))


# parts of a batch


def gradients(model, x, y, **arguments):
    """The gradients that one step of plain descent at rate 1 takes, with what it says of the batch."""
    net = copy.deepcopy(model)
    told = train.train_step(net, x, y, torch.optim.SGD(net.parameters(), lr=1.0), **arguments)
    return [before - after for before, after in zip(model.parameters(), net.parameters(), strict=True)], told


@pytest.mark.parametrize("distilled", [False, True])
def test_a_batch_taken_in_parts_gives_the_step_of_the_whole_batch(bench, distilled):
    model = models.build("cnn", bench).double()
    x, y = next(iter(bench.batches("train", 50)))
    settings = {"label_smoothing": 0.1, "targets": torch.randn(50, 10).double() if distilled else None}
    with dropping(model, 0.0):
        whole, parts = (gradients(model, x.double(), y, part=part, **settings) for part in (None, 16))
    for one, other in zip(whole[0], parts[0], strict=True):
        torch.testing.assert_close(one, other)
    torch.testing.assert_close(whole[1], parts[1])


@pytest.mark.parametrize(("name", "size"), [("cnn", 64), ("mlp", None), ("vgg", None), ("resnet", None)])
def test_a_batch_is_taken_in_parts_only_by_convolutions_without_batchnorm(bench, name, size):
    assert entry.part(models.build(name, bench)) == size


def test_a_network_of_somebodys_own_gets_its_batches_whole():
    class Centred(nn.Conv2d):
        def forward(self, x):
            return super().forward(x - x.mean(0))

    assert entry.part(nn.Sequential(Centred(1, 4, 3), nn.ReLU())) is None


# schedule and loss


@pytest.mark.parametrize("steps", [1, 2, 9, 10, 100, 1001])
def test_the_learning_rate_warms_up_to_1_and_falls_to_about_0(steps):
    factors = [train.warmup_cosine(step, steps) for step in range(steps)]
    peak = factors.index(max(factors))
    assert factors[0] > 0
    assert max(factors) == 1
    assert factors[: peak + 1] == sorted(factors[: peak + 1])
    assert factors[peak:] == sorted(factors[peak:], reverse=True)
    if steps >= 100:
        assert 0 <= factors[-1] < 1e-3
        assert peak + 1 == steps // 10


def test_the_schedule_is_stepped_once_a_batch(bench, mlp, monkeypatch):
    rates, step = [], train.train_step

    def spy(model, x, y, optimizer, *rest):
        rates.append(optimizer.param_groups[0]["lr"])
        return step(model, x, y, optimizer, *rest)

    monkeypatch.setattr(train, "train_step", spy)
    train.fit(mlp, bench, epochs=2.5, batch_size=25, lr=0.01)
    assert rates == pytest.approx([0.01 * train.warmup_cosine(number, 20) for number in range(20)])


def loss_of(bench, mlp, **arguments):
    """The mean loss that one step states; a learning rate of 0 leaves the weights alone."""
    x, y = next(iter(bench.batches("train", 40)))
    before = copy.deepcopy(mlp)
    loss, right = train.train_step(mlp, x, y, torch.optim.SGD(mlp.parameters(), lr=0.0), **arguments)
    assert same(mlp, before)
    return (loss / 40).item(), right.item(), mlp(x).detach().double(), y


def test_the_loss_is_cross_entropy_and_the_right_answers_are_counted(bench, mlp):
    loss, right, outputs, y = loss_of(bench, mlp)
    logs = outputs - outputs.exp().sum(1, keepdim=True).log()
    assert loss == pytest.approx(-logs[range(40), y].mean().item(), rel=1e-5)
    assert right == sum(int(row.argmax() == label) for row, label in zip(outputs, y, strict=True))


def test_label_smoothing_is_as_computed_by_hand(bench, mlp):
    loss, _, outputs, y = loss_of(bench, mlp, label_smoothing=0.2)
    logs = outputs - outputs.exp().sum(1, keepdim=True).log()
    wanted = torch.full((40, 10), 0.2 / 10, dtype=torch.float64)
    wanted[range(40), y] += 0.8
    assert loss == pytest.approx(-(wanted * logs).sum(1).mean().item(), rel=1e-5)


def test_distillation_is_as_computed_by_hand(bench, mlp):
    x, _ = next(iter(bench.batches("train", 40)))
    teacher = models.build("mlp", bench, seed=9)
    with torch.no_grad():
        targets = 5 * teacher(x)
    loss, _, outputs, y = loss_of(bench, mlp, targets=targets)
    p, q = (targets.double() / 4).softmax(1), (outputs / 4).softmax(1)
    divergence = 16 * (p * (p / q).log()).sum(1).mean()
    hard = -outputs.log_softmax(1)[range(40), y].mean()
    assert loss == pytest.approx((0.3 * hard + 0.7 * divergence).item(), rel=1e-4)
    assert abs(loss - hard.item()) > 0.01


def test_a_teacher_is_asked_in_eval_mode_and_does_not_learn(bench):
    teacher = models.build("cnn", bench, seed=1)
    before, students = copy.deepcopy(teacher), []
    for guide in (teacher, copy.deepcopy(teacher).eval(), None):
        students.append(models.build("mlp", bench))
        train.fit(students[-1], bench, epochs=0.5, batch_size=100, teacher=guide)
    assert same(teacher, before)
    assert all(parameter.grad is None for parameter in teacher.parameters())
    assert same(students[0], students[1])
    assert not same(students[0], students[2])


# what is refused, and what is recorded


def test_divergence_is_one_sentence(bench, mlp):
    with pytest.raises(
        CourseError, match=r"^training diverged in epoch 1 \(loss (nan|inf)\); give a smaller lr than 1e\+20"
    ):
        train.fit(mlp, bench, epochs=2, batch_size=50, optimizer="sgd", lr=1e20)


def test_an_unknown_optimizer_is_refused(bench, mlp):
    with pytest.raises(CourseError, match="optimizer 'lion' was given; known are adamw, sgd"):
        train.fit(mlp, bench, optimizer="lion")


def test_an_unknown_precision_is_refused(bench, mlp):
    with pytest.raises(CourseError, match="precision 'fp8' was given"):
        train.fit(mlp, bench, precision="fp8")


def test_the_automatic_precision_is_recorded_and_its_trials_do_not_train(bench):
    first, second = models.build("mlp", bench), models.build("mlp", bench)
    chosen = train.fit(first, bench, epochs=0.5, batch_size=100, precision="auto")["precision"]
    assert chosen in ("fp32", "bf16")
    assert train.fit(second, bench, epochs=0.5, batch_size=100, precision=chosen)["precision"] == chosen
    assert same(first, second)


def test_the_usual_settings_of_the_optimizers_are_used_unless_others_are_given(mlp):
    usual = train.make_optimizer(mlp, "sgd").param_groups[0]
    assert (usual["lr"], usual["momentum"], usual["nesterov"], usual["weight_decay"]) == (0.05, 0.9, True, 5e-4)
    own = train.make_optimizer(mlp, "adamw", lr=0.5, weight_decay=0.0).param_groups[0]
    assert (own["lr"], own["weight_decay"]) == (0.5, 0.0)


# evaluate


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_counts_right_answers_and_changes_nothing(bench, training):
    model = drawn(models.build("vgg", bench)).train(training)
    before = copy.deepcopy(model)
    accuracy = train.evaluate(model, bench, "test")
    assert same(model, before)
    assert all(module.training == training for module in model.modules())
    with torch.no_grad():
        outputs = model.eval()(bench.normalise(bench.test.images))
    right = sum(
        row.tolist().index(max(row.tolist())) == label
        for row, label in zip(outputs, bench.test.labels.tolist(), strict=True)
    )
    assert accuracy == right / 200


def test_evaluation_on_a_sample_always_takes_the_same_images(bench, mlp):
    accuracies = {train.evaluate(mlp, bench, samples=30) for _ in range(3)}
    assert len(accuracies) == 1
    assert (accuracies.pop() * 30) % 1 == pytest.approx(0, abs=1e-6)


# BatchNorm


def test_recalibration_repairs_drawn_statistics(bench):
    model = models.build("vgg", bench)
    train.fit(model, bench, epochs=8, batch_size=25)
    assert train.recalibrate_batchnorm(model, bench) is True
    good, true = train.evaluate(model, bench), train.snapshot(model)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.running_mean.normal_(3, 2)
            module.running_var.uniform_(0.01, 10)
    broken = train.evaluate(model, bench)
    assert train.recalibrate_batchnorm(model, bench) is True
    assert broken < good - 0.1
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor, true[name])


def test_recalibrated_statistics_are_those_of_the_training_images(bench):
    model = drawn(models.build("vgg", bench))
    train.recalibrate_batchnorm(model, bench)
    with torch.no_grad():
        seen = model.conv1(bench.normalise(bench.train.images))
    torch.testing.assert_close(model.norm1.running_mean, seen.mean((0, 2, 3)), rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(model.norm1.running_var, seen.var((0, 2, 3)), rtol=1e-3, atol=1e-4)


def test_recalibration_changes_no_weights_no_mode_and_no_global_random_state(bench):
    model = drawn(models.build("resnet", bench)).eval()
    weights = [parameter.detach().clone() for parameter in model.parameters()]
    before = torch.get_rng_state()
    train.recalibrate_batchnorm(model, bench)
    assert all(torch.equal(*pair) for pair in zip(weights, model.parameters(), strict=True))
    assert torch.equal(torch.get_rng_state(), before)
    assert not any(module.training for module in model.modules())


def test_without_batchnorm_there_is_nothing_to_recalibrate(bench):
    model = models.build("cnn", bench)
    before = copy.deepcopy(model)
    assert train.recalibrate_batchnorm(model, bench) is False
    assert same(model, before)


# the way back


def test_a_snapshot_of_another_model_is_refused_and_changes_nothing(bench):
    model, other = models.build("mlp", bench, seed=0), models.build("cnn", bench, seed=1)
    before = train.snapshot(model)
    with pytest.raises(CourseError, match=r"it is the snapshot of another model: conv1\.bias is not the same in both"):
        train.rewind(model, train.snapshot(other))
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_a_snapshot_is_no_alias_and_rewinds_buffers_and_biases_too(bench):
    model = drawn(models.build("vgg", bench))
    before = copy.deepcopy(model)
    snapshot = train.snapshot(model)
    train.fit(model, bench, epochs=0.4, batch_size=50)
    for name, tensor in model.state_dict().items():
        assert tensor.data_ptr() != snapshot[name].data_ptr()
        assert not torch.equal(tensor, snapshot[name]), name  # weights, biases, statistics and counters have moved
    assert train.rewind(model, snapshot) is model
    assert same(model, before)
    train.fit(model, bench, epochs=0.4, batch_size=50)
    assert all(torch.equal(snapshot[name], tensor) for name, tensor in before.state_dict().items())


# recording


def hooks(model):
    return sum(len(module._forward_hooks) + len(module._forward_pre_hooks) for module in model.modules())


def test_the_recorder_keeps_one_entry_an_epoch_and_leaves_no_hooks(bench, mlp):
    recorder = ActivationPruner(threshold=0.1).recorder(mlp, bench)
    train.fit(mlp, bench, epochs=2.5, batch_size=50, recorder=recorder)
    assert hooks(mlp) == 0
    assert [{name: activity.count for name, activity in epoch.items()} for epoch in recorder.recording] == [
        {"hidden1": images, "hidden2": images} for images in (200, 200, 100)
    ]


def test_the_recorder_changes_no_numbers(bench):
    first, second = models.build("mlp", bench), models.build("mlp", bench)
    train.fit(first, bench, epochs=1, batch_size=50)
    train.fit(second, bench, epochs=1, batch_size=50, recorder=ActivationPruner(threshold=0.1).recorder(second, bench))
    assert same(first, second)


def test_hooks_are_taken_off_and_the_mode_comes_back_if_training_raises(bench, mlp, monkeypatch):
    recorder = ActivationPruner(threshold=0.1).recorder(mlp.eval(), bench)

    def broken(*_):
        assert hooks(mlp) == 2
        raise RuntimeError("power cut")

    monkeypatch.setattr(train, "train_step", broken)
    with pytest.raises(RuntimeError, match="power cut"):
        train.fit(mlp, bench, epochs=1, recorder=recorder)
    assert hooks(mlp) == 0
    assert not mlp.training


def modes(model):
    return [module.training for module in model.modules()]


def test_a_teacher_keeps_its_own_modes(bench):
    teacher = models.build("vgg", bench, seed=1).train()
    teacher.norm1.eval()
    before = modes(teacher)
    train.fit(models.build("mlp", bench), bench, epochs=0.5, batch_size=100, teacher=teacher)
    assert modes(teacher) == before


def test_recalibration_leaves_a_frozen_norm_in_its_mode(bench):
    model = models.build("vgg", bench).train()
    model.norm1.eval()
    before = modes(model)
    assert train.recalibrate_batchnorm(model, bench, samples=100)
    assert modes(model) == before


def test_dropout_has_the_given_rate_while_training_and_its_own_afterwards(bench, monkeypatch):
    model, seen, step = models.build("cnn", bench), [], train.train_step

    def watched(model, *args, **kwargs):
        seen.append([m.p for m in model.modules() if isinstance(m, nn.Dropout)])
        return step(model, *args, **kwargs)

    monkeypatch.setattr(train, "train_step", watched)
    train.fit(model, bench, epochs=0.5, dropout=0.0)
    train.fit(model, bench, epochs=0.5)
    assert seen[0] == [0.0, 0.0, 0.0]
    assert seen[-1] == [0.25, 0.25, 0.5]
    assert [m.p for m in model.modules() if isinstance(m, nn.Dropout)] == [0.25, 0.25, 0.5]


def test_a_dropout_rate_outside_0_to_1_is_refused(bench, mlp):
    with pytest.raises(CourseError, match=r"dropout=25 was given; it is a share between 0 and 1."):
        train.fit(mlp, bench, epochs=1, dropout=25)
