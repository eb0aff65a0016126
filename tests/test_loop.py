"""Prune, fine-tune, repeat: what the records say, when it ends, and that it can be taken up again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from itertools import islice
from pathlib import Path

import pytest
import torch
from toy import bench_of, same

from course_lib import models, train
from course_lib.axes import amounts
from course_lib.errors import CourseError
from course_lib.network import recording
from course_lib.pruning import (
    ActivationPruner,
    L1NormPruner,
    MagnitudePruner,
    Masks,
    Pruner,
    RandomPruner,
    Record,
    SAPPruner,
    iterate,
    loop,
)

METHODS = {
    "l1": ("vgg", L1NormPruner(0.5)),
    "activation": ("cnn", ActivationPruner(deviations=0.0, samples=20)),
    "apoz": ("mlp", ActivationPruner("apoz", quantile=0.2, samples=20)),
    "history": ("mlp", ActivationPruner(quantile=0.2, history=1)),
    "sap": ("mlp", SAPPruner(p=1, q=2)),
    "sap by neuron": ("mlp", SAPPruner(scope="neuron")),
    "magnitude": ("resnet", MagnitudePruner(0.9, scope="global")),
    "random": ("mlp", RandomPruner(0.5, unit="neuron")),
    "taylor": ("mlp", Pruner("taylor", "neuron", amount=amounts.target(0.3))),
}


@pytest.fixture
def noise():
    return bench_of(1, 16)


@pytest.fixture(autouse=True)
def chance_is_enough(monkeypatch, request):
    """Noise cannot be learned: only the tests of collapsing want a curve to end at chance."""
    if "collapse" not in request.node.name and "committed" not in request.node.name:
        monkeypatch.setattr(loop, "collapsed", lambda *_: False)


def spying(calls, look=lambda model, **_: None):
    """`train.fit`, that writes down its arguments and what `look` sees just before training."""

    def fit(model, bench, **arguments):
        calls.append((arguments, look(model, **arguments)))
        return train.fit(model, bench, batch_size=10, **arguments)

    return fit


def no_training(model, bench, **_):
    return {}


def survivors(model, masks):
    whole = torch.ones((), dtype=torch.bool)
    return {
        name: parameter.detach()[masks.get(name, whole.expand_as(parameter))] for name, parameter in model.named_parameters()
    }


# records


@pytest.mark.parametrize("method", METHODS)
def test_every_record_is_plain_data_and_adds_up(noise, method):
    name, pruner = METHODS[method]
    model = models.build(name, noise)
    total = sum(parameter.numel() for parameter in model.parameters())
    before, gone = Masks.dense(model), 0
    records = []
    for number, record in enumerate(iterate(pruner, model, noise, rounds=2, epochs=1, seed=3), 1):
        plain = record.to_json()
        assert json.loads(json.dumps(plain, allow_nan=False)).keys() == plain.keys()
        assert plain.keys() == {f.name for f in fields(Record)} - {"masks", "recording"}
        gone += record.removed
        assert (record.round, record.epochs, record.status) == (number, number, "ok")
        assert record.removed == before.kept_parameters - record.masks.kept_parameters > 0
        assert record.sparsity == record.masks.sparsity == pytest.approx(gone / total)
        assert record.unit_sparsity == record.masks.unit_sparsity
        assert (record.unit_sparsity > 0) == (pruner.kinds != ("weight",))
        for weight, mask in before.items():  # nothing comes back
            assert not (record.masks[weight] & ~mask).any()
        weights = {name: weight for name, weight in model.named_parameters() if name in record.kept}
        assert record.kept == {
            name: int(record.masks[name].sum()) if name in record.masks else weight.numel()
            for name, weight in weights.items()
        }
        assert record.emptied == [name for name, kept in record.kept.items() if kept == 0]
        assert sum(facts["removed"] for facts in record.groups.values()) > 0
        assert {"pruned", "tuned"} <= record.accuracy.keys() <= {"pruned", "recalibrated", "tuned"}
        assert ("recalibrated" in record.accuracy) == (name in ("vgg", "resnet"))
        assert record.accuracy["tuned"] == train.evaluate(model, noise)
        assert record.seconds > 0
        for weight, mask in record.masks.items():
            assert not model.get_parameter(weight)[~mask].any()
        before = record.masks
        records.append(record)
    assert len(records) == 2
    assert records[1].sparsity > records[0].sparsity


def test_a_record_comes_back_from_json(noise):
    (record,) = iterate(SAPPruner(), models.build("mlp", noise), noise, rounds=1, epochs=1)
    back = Record.from_json(json.loads(json.dumps(record.to_json())), record.masks)
    assert back.to_json() == json.loads(json.dumps(record.to_json()))
    assert back.masks is record.masks


def test_the_configuration_describes_the_pruner_and_the_loop(noise):
    pruner = SAPPruner(p=1, q=2, gamma=1.5)
    records = iterate(
        pruner, models.build("mlp", noise), noise, rounds=2, epochs=1, seed=4, until=0.9, final_epochs=1, fit=no_training
    )
    config = next(records).config
    assert config["pruner"]["score"] == "magnitude"
    assert config["pruner"]["unit"] == "weight"
    assert config["pruner"]["amount"] == {"rule": "sap", "p": 1, "q": 2, "eta": 0.0, "gamma": 1.5, "beta": 0.9}
    expected = {"rounds": 2, "epochs": 1, "seed": 4, "until": 0.9, "final_epochs": 1, "schedule": "cubic", "rewind": False}
    assert expected.items() <= config.items()


# schedules


@pytest.mark.parametrize(
    ("schedule", "shares"), [("cubic", [19 / 27, 26 / 27, 1]), ("linear", [1 / 3, 2 / 3, 1]), ("oneshot", [1, 1, 1])]
)
def test_a_target_is_reached_exactly_on_its_schedule(noise, schedule, shares):
    model = models.build("mlp", noise)
    sizes = {name: weight.numel() for name, weight in model.named_parameters() if name.endswith("weight")}
    records = list(iterate(MagnitudePruner(0.8), model, noise, rounds=3, epochs=1, schedule=schedule, fit=no_training))
    for share, record in zip(shares, records, strict=False):
        assert record.kept == {name: size - round(0.8 * share * size) for name, size in sizes.items()}
    if schedule == "oneshot":
        assert [record.status for record in records] == ["ok", "stalled", "stalled"]


def test_a_list_of_thresholds_gives_one_to_each_round_and_its_last_repeats(noise):
    seen = []

    class Listed:
        def __init__(self, value=None):
            self.value = value

        def at_round(self, number):
            return Listed(number)

        def __call__(self, scores, size, progress):
            seen.append((self.value, round(progress, 3)))
            return 1

    pruner = Pruner("l1", "neuron", amount=Listed())
    list(iterate(pruner, models.build("mlp", noise), noise, rounds=3, epochs=1, schedule="linear", fit=no_training))
    assert seen == [(1, 0.333)] * 2 + [(2, 0.667)] * 2 + [(3, 1.0)] * 2  # two layers a round


# how it ends


def test_it_ends_where_until_is_reached(noise):
    records = list(
        iterate(MagnitudePruner(0.9), models.build("mlp", noise), noise, rounds=8, epochs=1, until=0.5, fit=no_training)
    )
    assert [record.status for record in records] == ["ok"] * (len(records) - 1) + ["target"]
    assert records[-2].sparsity < 0.5 <= records[-1].sparsity


def test_two_stalled_rounds_in_a_row_end_it_and_one_does_not(noise):
    pruner = ActivationPruner(threshold=[-1, 1e9, -1])
    records = list(iterate(pruner, models.build("mlp", noise), noise, rounds=9, epochs=1, fit=no_training))
    assert [record.status for record in records] == ["stalled", "ok", "stalled", "stalled"]
    assert [record.removed > 0 for record in records] == [False, True, False, False]


def test_a_network_at_chance_has_collapsed_and_gets_no_final_epochs(noise):
    calls = []
    model = models.build("mlp", noise)
    records = list(
        iterate(
            MagnitudePruner(1.0), model, noise, rounds=5, epochs=1, schedule="oneshot", final_epochs=3, fit=spying(calls)
        )
    )
    assert [record.status for record in records] == ["collapsed"]
    assert records[0].emptied == ["hidden1.weight", "hidden2.weight", "head.weight"]
    assert [arguments["epochs"] for arguments, _ in calls] == [1]


def test_a_network_above_chance_has_not_collapsed(bench):
    model = models.build("mlp", bench)
    train.fit(model, bench, epochs=6, batch_size=50)
    records = list(iterate(MagnitudePruner(0.2), model, bench, rounds=2, epochs=0.5))
    assert [record.status for record in records] == ["ok", "ok"]


@pytest.mark.parametrize(
    ("accuracy", "best", "chance", "classes", "expected"),
    [
        (0.70, 0.95, 0.5, 2, False),  # 0.75 was the limit of two classes once
        (0.52, 0.95, 0.5, 2, True),
        (0.50, 0.95, 0.5, 2, True),
        (0.10, 0.80, 0.1, 10, True),
        (0.15, 0.80, 0.1, 10, True),
        (0.24, 0.92, 0.1, 10, False),
        (0.13, 0.14, 0.1, 10, False),  # a weak net that lost little
        (0.11, 0.12, 0.1, 10, False),
        (0.02, 0.60, 0.01, 100, True),
        (0.09, 0.60, 0.01, 100, False),
        (0.90, 0.97, 0.9, 2, True),  # always the larger class
        (0.93, 0.97, 0.9, 2, False),
        (0.85, 0.88, 0.9, 2, False),  # a net that was never better than the larger class: its accuracy shows nothing
        (0.50, 0.88, 0.9, 2, True),
        (0.10, 0.08, 0.1, 10, True),
    ],
)
def test_a_curve_has_collapsed_where_nearly_all_that_was_above_chance_is_lost(accuracy, best, chance, classes, expected):
    assert loop.collapsed(accuracy, best, chance, classes) == expected


def test_two_classes_far_above_chance_have_not_collapsed():
    bench = bench_of(1, 16, classes=2, count=60)
    right = iter([0.9, 0.72, 0.6, 0.53])
    images = bench.validation.images.float().flatten(1)

    def some_right(model, **_):
        """A net that is right on a part of the validation images, and changes nothing else."""
        wanted = round(next(right) * 60)
        labels = torch.where(torch.arange(60) < wanted, bench.validation.labels, 1 - bench.validation.labels)
        model.answers = {tuple(image.tolist()): int(label) for image, label in zip(images, labels, strict=True)}

    class Recalling(torch.nn.Sequential):
        def forward(self, x):
            seen = (x * 0.25 + 0.5).mul(255).round().flatten(1)
            known = torch.tensor([self.answers.get(tuple(image.tolist()), 0) for image in seen])
            return super().forward(x) * 0 + torch.nn.functional.one_hot(known, 2)

    model = Recalling(torch.nn.Flatten(), torch.nn.Linear(256, 8), torch.nn.ReLU(), torch.nn.Linear(8, 2))
    some_right(model)
    fit = lambda model, bench, **_: some_right(model)  # noqa: E731
    records = list(iterate(MagnitudePruner(0.5), model, bench, rounds=5, epochs=1, fit=fit))
    assert [round(record.accuracy["tuned"], 2) for record in records] == [0.72, 0.6, 0.53]
    assert [record.status for record in records] == ["ok", "ok", "collapsed"]


def test_a_net_that_learned_in_the_loop_and_fell_back_has_collapsed(noise, monkeypatch):
    seen = iter([0.1, 0.1, 0.8, 0.8, 0.7, 0.7, 0.12])  # the start; then pruned and tuned of each round
    monkeypatch.setattr(train, "evaluate", lambda *_: next(seen))
    records = list(iterate(MagnitudePruner(0.5), models.build("mlp", noise), noise, rounds=5, epochs=1, fit=no_training))
    assert [record.status for record in records] == ["ok", "ok", "collapsed"]


@pytest.mark.parametrize("known", [True, False], ids=["of today", "of an older release"])
def test_a_resumed_curve_collapses_where_the_whole_one_does(noise, monkeypatch, known):
    whole = [0.9, 0.9, 0.8, 0.5, 0.5, 0.5, 0.15]
    accuracies = iter(whole + whole[5:])  # those of the last round twice
    monkeypatch.setattr(train, "evaluate", lambda *_: next(accuracies))
    options = {"rounds": 5, "epochs": 1, "fit": no_training}
    model = models.build("mlp", noise)
    _, second, third = iterate(MagnitudePruner(0.5), model, noise, **options)
    assert third.status == "collapsed"
    after = second if known else replace(second, best=0.0)
    (again, *_) = iterate(MagnitudePruner(0.5), model, noise, **options | {"rounds": 3}, after=after)
    assert again.status == ("collapsed" if known else "ok")


def test_one_class_only_is_refused_before_anything_collapses():
    bench = bench_of(1, 16, classes=1)
    with pytest.raises(CourseError, match="one class only"):
        next(iterate(MagnitudePruner(0.5), models.build("mlp", bench), bench))


def test_no_committed_record_changes_its_status():
    results = Path(__file__).resolve().parents[1] / "results"
    curves = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("*/records/*.json"))]
    same_start = lambda curve: json.dumps([curve["config"][key] for key in ("data", "model", "seed", "dense")])  # noqa: E731
    dense = {same_start(curve): curve["row"]["val_accuracy"] for curve in curves if "row" in curve}
    judged = 0
    for curve in curves:
        best = dense[same_start(curve)] if "rounds" in curve else 0.0
        for record in curve.get("rounds", ()):
            tuned = record["accuracy"]["tuned"]
            best = max(best, tuned)
            classes = curve["config"].get("classes") or 10  # of Fashion-MNIST or CIFAR-10, equally large in every part
            collapsed = record["status"] == "collapsed"
            assert loop.collapsed(tuned, best, 1 / classes, classes) == collapsed, curve["config"]["method"]
            assert (tuned < 1.5 / classes) == collapsed or classes < 10, "the rule that the first ones were run with"
            judged += 1
    assert judged > 1700


def test_the_final_epochs_are_trained_before_the_last_record(noise):
    calls, model = [], models.build("mlp", noise)
    records = []
    for record in iterate(MagnitudePruner(0.5), model, noise, rounds=2, epochs=1, final_epochs=2, seed=5, fit=spying(calls)):
        records.append((record.epochs, len(calls)))
        assert record.accuracy["tuned"] == train.evaluate(model, noise)
    assert records == [(1, 1), (4, 3)]
    assert [(arguments["epochs"], arguments["seed"]) for arguments, _ in calls] == [(1, 5001), (1, 5002), (2, 5999)]
    assert calls[2][0]["masks"] is calls[1][0]["masks"]


# rewinding


@pytest.mark.parametrize("rewinding", [True, False])
def test_rewinding_sets_the_survivors_back_before_each_training_and_fine_tuning_does_not(noise, rewinding):
    model, calls = models.build("vgg", noise), []
    start = train.snapshot(model)
    train.fit(model, noise, epochs=1, batch_size=10)
    look = lambda model, masks, **_: survivors(model, masks)  # noqa: E731
    for _ in iterate(
        MagnitudePruner(0.5), model, noise, rounds=2, epochs=1, rewind=start if rewinding else None, fit=spying(calls, look)
    ):
        pass
    assert len(calls) == 2
    for arguments, seen in calls:
        masks = arguments["masks"]
        for name, values in seen.items():
            initial = start[name][masks[name]] if name in masks else start[name]
            assert torch.equal(values.flatten(), initial.flatten()) == rewinding, name


def test_rewinding_ranks_the_trained_weights_not_the_rewound_ones(noise):
    """The masks of round 1 come from the weights as they were trained."""
    model = models.build("mlp", noise)
    start = train.snapshot(model)
    train.fit(model, noise, epochs=3, batch_size=10, lr=0.01)
    expected = MagnitudePruner(0.5).masks(model, noise)
    (record,) = iterate(MagnitudePruner(0.5), model, noise, rounds=1, epochs=1, rewind=start)
    assert all(torch.equal(record.masks[name], expected[name]) for name in expected)


# going on


def remembered(record, model, folder):
    """What a store keeps of a round, read back from disk."""
    record.masks.save(folder / "masks.safetensors")
    traces = None
    if record.recording:
        recording.save(record.recording, folder / "recording.safetensors")
        traces = recording.load(folder / "recording.safetensors")
    plain = json.loads(json.dumps(record.to_json()))
    return Record.from_json(plain, Masks.load(folder / "masks.safetensors"), traces), train.snapshot(model)


def comparable(record):
    plain = json.loads(json.dumps(record.to_json()))
    return {key: value for key, value in plain.items() if key != "seconds"}


@pytest.mark.parametrize("stop", [1, 2])
@pytest.mark.parametrize("method", ["sap", "magnitude", "random", "activation", "history"])
def test_resume_equals_uninterrupted(noise, tmp_path, method, stop):
    name, pruner = METHODS[method]
    options = {"rounds": 3, "epochs": 1, "final_epochs": 1, "seed": 2}
    whole = models.build(name, noise)
    expected = list(iterate(pruner, whole, noise, **options))

    model = models.build(name, noise)
    *_, last = islice(iterate(pruner, model, noise, **options), stop)
    after, state = remembered(last, model, tmp_path)
    assert (after.recording is None) == (method != "history")
    model = train.rewind(models.build(name, noise, seed=99), state)
    torch.manual_seed(12345)
    rest = list(iterate(pruner, model, noise, **options, after=after))

    assert [comparable(record) for record in rest] == [comparable(record) for record in expected[stop:]]
    assert same(model, whole)
    for record, other in zip(rest, expected[stop:], strict=True):
        assert record.masks.keys() == other.masks.keys()
        assert all(torch.equal(record.masks[key], other.masks[key]) for key in other.masks)


def test_a_stalled_round_counts_after_a_resume(noise, tmp_path):
    options = {"rounds": 9, "epochs": 1, "fit": no_training}
    model = models.build("mlp", noise)
    pruner = ActivationPruner(threshold=-1)
    after, _ = remembered(next(iterate(pruner, model, noise, **options)), model, tmp_path)
    assert [record.round for record in iterate(pruner, model, noise, **options, after=after)] == [2]


def test_a_history_reads_the_recording_of_the_training_before(noise):
    """What was silent in the recorded epochs goes, although it is not silent now."""
    model = models.build("mlp", noise)
    pruner = ActivationPruner(threshold=1e-6, history=2, cap=1.0)
    recorder = pruner.recorder(model, noise)
    bias = model.hidden1.bias.detach().clone()
    with torch.no_grad():
        model.hidden1.bias[:5] = -100
    train.fit(model, noise, epochs=2, lr=1e-9, recorder=recorder)
    with torch.no_grad():
        model.hidden1.bias.copy_(bias)
    record = next(iterate(pruner, model, noise, rounds=2, epochs=2, recording=recorder.recording, fit=no_training))
    assert not record.masks.units["hidden1"][:5].any()
    assert record.groups["hidden1"]["removed"] < 30


def test_masks_given_at_the_start_stay_gone(noise):
    model = models.build("mlp", noise)
    first = RandomPruner(0.5, unit="neuron", seed=1).masks(model, noise)
    record = next(iterate(MagnitudePruner(0.6), model, noise, rounds=1, epochs=1, masks=first))
    assert all(not (record.masks[name] & ~mask).any() for name, mask in first.items())
    assert record.removed == first.kept_parameters - record.masks.kept_parameters


# what is refused


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"schedule": "quadratic"}, "schedule='quadratic' was given; it can be linear, cubic, oneshot"),
        ({"rounds": 0}, "rounds=0 was given; at least 1 is needed"),
        ({"epochs": -1}, "epochs=-1 was given"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(noise, options, sentence):
    with pytest.raises(CourseError, match=sentence):
        list(iterate(MagnitudePruner(0.5), models.build("mlp", noise), noise, **options))


def test_a_history_longer_than_the_training_is_refused(noise):
    with pytest.raises(CourseError, match=r"history=3 epochs were asked for; each round trains only epochs=2"):
        next(iterate(ActivationPruner(threshold=1, history=3), models.build("mlp", noise), noise, epochs=2))
