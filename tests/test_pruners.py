"""What every pruning method keeps to, on every model of the course that it can prune. A new method is one row more."""

from __future__ import annotations

import copy
import json

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib import models
from course_lib.axes import amounts
from course_lib.axes.pqindex import AllZeroError
from course_lib.axes.scopes import ONLY_ZEROS
from course_lib.axes.selection import lowest
from course_lib.errors import CourseError
from course_lib.network import units
from course_lib.pruning import ActivationPruner, L1NormPruner, MagnitudePruner, Masks, Pruner, RandomPruner, SAPPruner

BOTH = ("filter", "neuron")
few = {"samples": 24}


def energy(weight):
    return weight.square().sum(1)


def a_third(scores, size, progress):
    return len(scores) // 3


METHODS = {
    "l1 layer": L1NormPruner(0.4),
    "l1 global": L1NormPruner(0.4, scope="global"),
    "l1 units": L1NormPruner(0.4, unit=BOTH),
    "mean threshold": ActivationPruner("mean", threshold=[0.05, 0.1, 0.2], **few),
    "mean deviations": ActivationPruner("mean", deviations=0.5, **few),
    "apoz quantile": ActivationPruner("apoz", quantile=0.2, **few),
    "apoz deviations": ActivationPruner("apoz", deviations=1.0, **few),
    "apoz sparsity": ActivationPruner("apoz", sparsity=0.4, **few),
    "mean history": ActivationPruner("mean", quantile=0.4, history=2, **few),
    "sap neuron": SAPPruner(scope="neuron"),
    "sap layer": SAPPruner(p=1, q=2),
    "sap global": SAPPruner(scope="global"),
    "magnitude layer": MagnitudePruner(0.7),
    "magnitude global": MagnitudePruner(0.7, scope="global"),
    "random weights": RandomPruner(0.7),
    "random units": RandomPruner(0.4, unit=BOTH),
    "random units global": RandomPruner(0.4, unit=BOTH, scope="global"),
    "sap on filters": Pruner("l1", "filter", amount=amounts.sap(p=1, q=2, eta=0.1)),
    "taylor units": Pruner("taylor", BOTH, amount=amounts.target(0.4), **few),
    "taylor weights": Pruner("taylor", "weight", "global", amounts.target(0.4), **few),
    "wanda": Pruner("wanda", "weight", "neuron", amounts.target(0.5), **few),
    "fpgm": Pruner("fpgm", BOTH, amount=amounts.target(0.4)),
    "paced": Pruner("magnitude", "weight", amount=amounts.paced([0.5, 0.2])),
    "erk": Pruner("magnitude", "weight", amount=amounts.erk(0.7)),
    "own score": Pruner(energy, BOTH, amount=amounts.quantile(0.3)),
    "own score on weights": Pruner(lambda weight: weight.square().sum(1), "weight"),
    "own amount": Pruner("l1", BOTH, amount=a_third),
}
PAIRS = [
    (method, name)
    for method, pruner in METHODS.items()
    for name in ("mlp", "cnn", "vgg", "resnet")
    if name != "mlp" or pruner.kinds != ("filter",)
]
every_pair = pytest.mark.parametrize(("method", "name"), PAIRS)
some_pairs = pytest.mark.parametrize(("method", "name"), [(m, n) for m, n in PAIRS if n in ("mlp", "resnet")])
unit_pairs = pytest.mark.parametrize(("method", "name"), [(m, n) for m, n in PAIRS if METHODS[m].kinds != ("weight",)])
closed_pairs = pytest.mark.parametrize(
    ("method", "name"),
    [(m, n) for m in ("l1 layer", "apoz sparsity", "random units global") for n in models.MODELS if (m, n) in PAIRS],
)
weight_pairs = pytest.mark.parametrize(("method", "name"), [(m, n) for m, n in PAIRS if METHODS[m].kinds == ("weight",)])


@pytest.fixture(scope="module")
def built(bench):
    """One model of each name, whose BatchNorm has seen data; tests change copies only."""
    made = {name: models.build(name, bench, seed=3) for name in models.MODELS}
    for model in made.values():
        with torch.no_grad(), torch.random.fork_rng():
            torch.manual_seed(0)
            model.train()(bench.example)
    return made


def recording_for(pruner, model, bench):
    """Two epochs of activations as training would record them, for pruners with a history."""
    if not pruner.history:
        return None
    recorder = pruner.recorder(model, bench)
    with recorder, torch.no_grad():
        for start in (0, 8):
            model(bench.normalise(bench.train.images[start : start + 8]))
            recorder.end_epoch()
    return recorder.recording


def rounds(pruner, model, bench, number=3):
    """Yield the masks of some rounds, applied to `model`, as `iterate` makes them but without training."""
    masks = None
    for t in range(1, number + 1):
        recording = recording_for(pruner, model, bench)
        masks = pruner.at_round(t).masks(model, bench, masks, progress=t / number, recording=recording)
        masks.apply_(model)
        yield masks


def hooks_of(model):
    kinds = [n for n in vars(nn.Module()) if n.endswith(("_hooks", "_hooks_with_kwargs", "_hooks_always_called"))]
    assert len(kinds) > 5
    return [getattr(module, kind) for module in model.modules() for kind in kinds if getattr(module, kind)]


def same(a, b):
    return set(a) == set(b) and all(torch.equal(a[name], b[name]) for name in a)


@every_pair
def test_masks_only_shrink(method, name, built, bench):
    model, before, pruned = copy.deepcopy(built[name]), None, 0
    for masks in rounds(METHODS[method], model, bench):
        masks.must_fit(model)
        for key in before or ():
            assert not (masks[key] & ~before[key]).any(), key
        for group in before.units if before else ():
            assert not (masks.units[group] & ~before.units[group]).any(), group
        pruned += masks.kept_parameters < (before.kept_parameters if before else masks.total)
        before = masks
    assert pruned >= 1, "nothing was pruned in any round, so nothing was tested"


@pytest.mark.parametrize("method", METHODS)
def test_masks_shrink_from_any_masks_that_are_given(method, built, bench):
    """Masks of single weights drawn at random, as another method or a student may have made them."""
    model, generator = copy.deepcopy(built["cnn"]), torch.Generator().manual_seed(5)
    weights = units.prunable_weights(model)
    start = Masks({n: torch.rand(w.shape, generator=generator) < 0.6 for n, w in weights.items()}, 889_834)
    pruner = METHODS[method]
    masks = pruner.masks(model, bench, start, recording=recording_for(pruner, model, bench))
    assert set(masks) >= set(start) and masks.kept_parameters <= start.kept_parameters
    assert not any((masks[n] & ~start[n]).any() for n in start)


@some_pairs
def test_the_model_is_left_bit_equal_and_without_hooks(method, name, built, bench):
    model, pruner = copy.deepcopy(built[name]).train(), METHODS[method]
    before = {key: tensor.clone() for key, tensor in model.state_dict().items()}
    recording = recording_for(pruner, copy.deepcopy(model), bench)
    state = torch.get_rng_state()
    pruner.masks(model, bench, recording=recording)
    assert list(model.state_dict()) == list(before)
    assert all(torch.equal(tensor, before[key]) for key, tensor in model.state_dict().items())
    assert hooks_of(model) == []
    assert all(module.training for module in model.modules())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_numbers(method, built, bench):
    pruner, model = METHODS[method], built["resnet"]
    recording = recording_for(pruner, copy.deepcopy(model), bench)
    (one, seen), (two, again) = (pruner.propose(copy.deepcopy(model), bench, recording=recording) for _ in range(2))
    assert same(one, two) and same(one.units, two.units) and seen == again


@pytest.mark.parametrize("method", ["random weights", "random units"])
def test_another_seed_draws_others(method, built, bench):
    pruner = METHODS[method]
    other = Pruner("random", pruner.unit, amount=pruner.amount, seed=1)
    one, two = pruner.masks(built["cnn"], bench), other.masks(built["cnn"], bench)
    assert one.kept_parameters != two.kept_parameters or not same(one, two)


@unit_pairs
def test_unit_pruners_empty_no_layer_and_spare_the_classifier(method, name, built, bench):
    model = copy.deepcopy(built[name])
    for masks in rounds(METHODS[method], model, bench):
        assert masks.units and all(kept.any() for kept in masks.units.values())
        assert "head" not in masks.units and "head.bias" not in masks
        assert masks.get("head.weight", torch.ones(10, 1)).any(1).all()  # each class still reads something


@pytest.mark.parametrize("name", ["mlp", "cnn", "vgg", "resnet"])
@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("least", [None, 3, 1000])
def test_even_everything_leaves_each_layer_its_least_units(name, scope, least, built, bench):
    pruner = Pruner("random", BOTH, scope, amounts.target(1.0), min_per_layer=least)
    masks = pruner.masks(built[name], bench)
    for kept in masks.units.values():
        assert int(kept.sum()) == min(least or 1, len(kept))


@weight_pairs
def test_weight_pruners_never_name_bias_or_norm(method, name, built, bench):
    model = copy.deepcopy(built[name])
    (masks,) = rounds(METHODS[method], model, bench, 1)
    assert set(masks) == set(units.prunable_weights(model)) and masks.units == {} and masks.unit_sparsity == 0
    assert all(model.get_parameter(key).ndim > 1 for key in masks)
    assert "head.weight" in masks


@closed_pairs
def test_a_unit_is_gone_if_and_only_if_its_own_entries_are(method, name, built, bench):
    model = copy.deepcopy(built[name])
    (masks,) = rounds(METHODS[method], model, bench, 1)
    for group in units.groups(model, bench.example):
        kept = masks.units[group.name]
        for key in [f"{n}.{part}" for n in (*group.producers, *group.norms) for part in ("weight", "bias")]:
            if key in dict(model.named_parameters()):
                rows = masks.get(key, torch.ones(group.size, 1, dtype=torch.bool)).reshape(group.size, -1)
                # A row of a kept unit may lose the entries that read a gone unit, never all of them.
                assert torch.equal(rows.any(1), kept), key
        for consumer, columns in group.consumers.items():
            weight = masks.get(f"{consumer}.weight")
            if weight is not None and not kept.all():
                assert not weight[:, columns[~kept].flatten()].any()


@pytest.mark.parametrize("name", ["mlp", "resnet"])
@pytest.mark.parametrize(
    "pruner",
    [
        MagnitudePruner(0.0),
        MagnitudePruner(0.0, "global"),
        RandomPruner(0.0),
        RandomPruner(0.0, BOTH),
        ActivationPruner("apoz", sparsity=0.0, **few),
        ActivationPruner("mean", quantile=0.0, **few),
        Pruner("l1", BOTH, amount=amounts.target(0.0)),
    ],
    ids=lambda pruner: f"{pruner.score} {pruner.unit} {pruner.scope}",
)
def test_sparsity_zero_is_identity(pruner, name, built, bench):
    masks = pruner.masks(built[name], bench)
    assert masks.sparsity == 0 and masks.unit_sparsity == 0 and all(mask.all() for mask in masks.values())
    model = copy.deepcopy(built[name])
    masks.apply_(model)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), built[name].parameters(), strict=True))
    start = MagnitudePruner(0.5).masks(built[name], bench)
    assert same(pruner.masks(built[name], bench, start), start)


def test_exact_count_with_ties_the_first_go(built, bench):
    model = copy.deepcopy(built["cnn"])
    for parameter in model.parameters():
        nn.init.constant_(parameter, 0.1)
    masks = MagnitudePruner(0.3).masks(model, bench)
    for mask in masks.values():
        gone = round(0.3 * mask.numel())
        assert int((~mask).sum()) == gone and not mask.flatten()[:gone].any()
    together = MagnitudePruner(0.3, "global").masks(model, bench)
    size = sum(mask.numel() for mask in together.values())
    assert sum(int((~mask).sum()) for mask in together.values()) == round(0.3 * size)
    filters = L1NormPruner(0.3).masks(model, bench)
    for group in ("conv1", "conv2", "conv3", "conv4"):
        gone = round(0.3 * len(filters.units[group]))
        assert int((~filters.units[group]).sum()) == gone and not filters.units[group][:gone].any()
    assert filters.units["hidden"].all()
    # Equal magnitudes have the PQ index 0: SAP takes none. And none lies below the mean of them all.
    assert SAPPruner().masks(model, bench).sparsity == 0
    assert Pruner(amount=amounts.variable(0.0)).masks(model, bench).sparsity == 0


@pytest.mark.parametrize("make", [SAPPruner, MagnitudePruner, RandomPruner])
def test_weight_pruners_keep_their_floor(make, built, bench):
    strong = {"gamma": 50.0, "beta": 1.0} if make is SAPPruner else {"sparsity": 1.0}
    for scope in ("layer", "global"):
        model = copy.deepcopy(built["cnn"])
        masks = make(**strong, scope=scope, min_per_layer=7).masks(model, bench)
        assert {int(mask.sum()) for mask in masks.values()} == {7}


def test_global_scope_can_empty_a_layer_unless_it_has_a_floor(built, bench):
    model = copy.deepcopy(built["cnn"])
    with torch.no_grad():
        model.conv2.weight.mul_(1e-6)
    masks = MagnitudePruner(0.5, scope="global").masks(model, bench)
    assert not masks["conv2.weight"].any() and masks["conv1.weight"].any()
    assert int(MagnitudePruner(0.5, "global", min_per_layer=4).masks(model, bench)["conv2.weight"].sum()) == 4
    assert MagnitudePruner(0.5).masks(model, bench)["conv2.weight"].float().mean() == 0.5


def test_global_l1_is_fair_to_layers_of_small_fan_in(built, bench):
    model = copy.deepcopy(built["cnn"])
    with torch.no_grad():  # equal weights everywhere, so that only the fan-in differs; one filter is a little smaller
        for layer in (model.conv1, model.conv2, model.conv3, model.conv4):
            nn.init.constant_(layer.weight, 1.0)
        model.conv4.weight[5].mul_(0.9)
    masks = L1NormPruner(1 / 192, scope="global").masks(model, bench)
    assert (~masks.units["conv4"]).nonzero().flatten().tolist() == [5]
    assert masks.units["conv1"].all()


@pytest.mark.parametrize(
    "pruner",
    [
        Pruner("l1", BOTH, layers=["conv2", "hidden"]),
        Pruner("magnitude", "weight", layers=["conv2", "hidden"]),
        ActivationPruner(sparsity=0.5, layers=("conv2", "hidden"), **few),
        Pruner("magnitude", "weight", "global", layers=["conv2", "hidden"]),
    ],
    ids=str,
)
def test_layers_restricts_what_is_pruned(pruner, built, bench):
    masks = pruner.masks(built["cnn"], bench)
    if pruner.kinds == ("weight",):
        assert {name for name, mask in masks.items() if not mask.all()} == {"conv2.weight", "hidden.weight"}
    else:
        assert {name for name, kept in masks.units.items() if not kept.all()} == {"conv2", "hidden"}
        assert set(masks.units) == {"conv1", "conv2", "conv3", "conv4", "hidden"}
        assert masks.unit_sparsity == (16 + 256) / (32 + 32 + 64 + 64 + 512)


@pytest.mark.parametrize("kind", ["weight", "filter", "neuron"])
def test_an_unknown_layer_is_refused_by_name(kind, built, bench):
    with pytest.raises(CourseError, match="'conv9'"):
        Pruner("l1", kind, layers=["conv9"]).masks(built["cnn"], bench)


def test_the_classifier_is_no_layer_of_a_unit_pruner(built, bench):
    with pytest.raises(CourseError, match="'head'"):
        Pruner("l1", BOTH, layers=["head"]).masks(built["cnn"], bench)


def test_a_model_without_such_units_is_refused_and_never_loses_its_classifiers_weights(built, bench):
    only_head = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    for model, pruner in [
        (built["mlp"], L1NormPruner()),
        (only_head, L1NormPruner()),
        (only_head, RandomPruner(unit="neuron")),
    ]:
        with pytest.raises(CourseError, match="nothing of unit="):
            pruner.masks(model, bench)


@pytest.mark.parametrize("scope", ["neuron", "layer"])
def test_sap_skips_and_notes_a_group_of_zeros(scope, built, bench):
    model = copy.deepcopy(built["mlp"])
    nn.init.zeros_(model.hidden2.weight)
    nn.init.zeros_(model.head.weight[3])
    masks, seen = SAPPruner(scope=scope).propose(model, bench)
    assert masks["hidden2.weight"].all() and not masks["hidden1.weight"].all()
    assert seen["hidden2.weight"]["note"] == ONLY_ZEROS and seen["hidden1.weight"]["note"] == ""
    assert seen["head.weight"]["note"] == (f"{ONLY_ZEROS} (1 of 10)" if scope == "neuron" else "")


@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_sap_raises_if_every_group_is_zero(scope, built, bench):
    model = copy.deepcopy(built["mlp"])
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    with pytest.raises(AllZeroError, match="every prunable weight of the model is zero"):
        SAPPruner(scope=scope).masks(model, bench)


@pytest.mark.parametrize("method", METHODS)
def test_nan_weights_are_refused_with_the_layers_name(method, built, bench):
    model, pruner = copy.deepcopy(built["cnn"]).eval(), METHODS[method]
    with torch.no_grad():
        model.conv3.weight[5, 0, 0, 0] = float("nan")
    recording = recording_for(pruner, model, bench)
    with pytest.raises(CourseError, match="conv3"):
        pruner.masks(model, bench, recording=recording)


def test_nan_where_nothing_is_kept_does_not_matter(built, bench):
    model = copy.deepcopy(built["cnn"])
    start = MagnitudePruner(0.5).masks(model, bench)
    with torch.no_grad():
        model.conv3.weight[~start["conv3.weight"]] = float("nan")
    assert MagnitudePruner(0.8).masks(model, bench, start).sparsity > start.sparsity


class Functional(nn.Module):
    """Its first activation has no module, and its second serves two places."""

    def __init__(self, shared):
        super().__init__()
        self.shared = shared
        self.first = nn.Conv2d(1, 4, 3)
        self.second = nn.Conv2d(4, 6, 3)
        self.act = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.flatten = nn.Flatten()
        self.head = nn.Linear(6, 10)

    def forward(self, x):
        x = self.first(x)
        x = self.act(x) if self.shared else F.relu(x)
        return self.head(self.flatten(self.pool(self.act(self.second(x)))))


def test_a_layer_whose_activation_has_no_module_stays_whole_by_name_and_is_refused_where_it_is_asked_for(bench):
    with pytest.warns(UserWarning, match=r"layer first has no activation module.*nn\.ReLU\(\)"):
        masks = ActivationPruner(sparsity=0.5, **few).masks(Functional(shared=False), bench)
    assert masks.units["first"].all() and int(masks.units["second"].sum()) == 3
    with pytest.raises(CourseError, match=r"layer first has no activation module.*nn\.ReLU\(\)"):
        ActivationPruner(sparsity=0.5, layers=["first"], **few).masks(Functional(shared=False), bench)
    assert L1NormPruner(0.5).masks(Functional(shared=False), bench).unit_sparsity == 0.5  # needs no activations


def test_an_activation_that_is_called_twice_is_refused_by_name(bench):
    model = Functional(shared=True)
    with pytest.raises(CourseError, match="activation act is called 2 times"):
        ActivationPruner(sparsity=0.5, **few).masks(model, bench)
    assert hooks_of(model) == []


def test_exactly_one_activation_amount_is_expected():
    with pytest.raises(CourseError, match="none of them was given; exactly one"):
        ActivationPruner()
    with pytest.raises(CourseError, match="threshold and quantile were given; exactly one"):
        ActivationPruner(threshold=0.0, quantile=0.5)
    assert ActivationPruner(threshold=0.0).amount == amounts.fixed(0.0)  # 0 is given, not missing


@pytest.mark.parametrize("make", [L1NormPruner, MagnitudePruner, RandomPruner, lambda s: ActivationPruner(sparsity=s)])
@pytest.mark.parametrize(("bad", "hint"), [(50, "for 50 percent give 0.5"), (-0.2, "between 0 and 1")])
def test_a_sparsity_as_percent_or_below_zero_is_refused(make, bad, hint):
    with pytest.raises(CourseError, match=hint):
        make(bad)


@pytest.mark.parametrize(
    "bad",
    [
        {"unit": "filters"},
        {"unit": ()},
        {"unit": ("weight", "filter")},
        {"scope": "model"},
        {"scope": "neuron"},
        {"cap": 50},
        {"min_per_layer": -1},
        {"history": 0},
        {"amount": 0.5},
    ],
    ids=str,
)
def test_a_bad_axis_is_refused_by_name(bad):
    with pytest.raises(CourseError, match=f"{next(iter(bad))}="):
        Pruner(**bad)


def test_activations_of_single_weights_are_refused():
    with pytest.raises(CourseError, match="only filters and neurons"):
        Pruner("apoz", "weight")


def test_calibration_on_no_images_is_refused():
    for given in (lambda: ActivationPruner(sparsity=0.5, samples=0), lambda: Pruner("taylor", "weight", samples=0)):
        with pytest.raises(CourseError, match="samples=0 was given; it is a whole number of at least 1"):
            given()


def test_a_score_of_the_wrong_shape_is_refused_with_the_layers_name(built, bench):
    with pytest.raises(CourseError, match=r"conv1 has the shape \(\); expected \(32,\)"):
        Pruner(score=lambda weight: weight.abs().sum()).masks(built["cnn"], bench)


def test_saps_amount_on_filters_is_one_line(built, bench):
    masks = Pruner(score="l1", unit="filter", scope="layer", amount=amounts.sap(p=1, q=2)).masks(built["vgg"], bench)
    for group in units.groups(built["vgg"], bench.example):
        norms = group.rows(dict(built["vgg"].named_parameters())).detach().abs().sum(1)
        count = amounts.sap(p=1, q=2)(norms, len(norms), 1.0) if group.kind == "filter" else 0
        assert torch.equal(masks.units[group.name], ~lowest(norms, count))
    assert 0 < masks.unit_sparsity < 1


def test_one_kind_of_unit_may_be_given_as_a_word(built, bench):
    masks = ActivationPruner(sparsity=0.5, units="neuron", **few).masks(built["cnn"], bench)
    assert {name for name, kept in masks.units.items() if not kept.all()} == {"hidden"}


def test_a_history_takes_only_what_every_epoch_calls_low(built, bench):
    model, pruner = copy.deepcopy(built["mlp"]), METHODS["mean history"]
    recording = recording_for(pruner, model, bench)
    both = pruner.masks(model, bench, recording=recording)
    each = [ActivationPruner("mean", quantile=0.4, **few).masks(model, bench, recording=[epoch]) for epoch in recording]
    assert not same(each[0].units, each[1].units)
    for group in both.units:
        assert torch.equal(~both.units[group], ~each[0].units[group] & ~each[1].units[group])
    with pytest.raises(CourseError, match="history=2 epochs were asked for; the recording has 1"):
        pruner.masks(model, bench, recording=recording[:1])


def test_a_history_without_a_recording_is_calibrated_now(built, bench):
    pruner, now = METHODS["mean history"], ActivationPruner("mean", quantile=0.4, **few)
    assert same(pruner.masks(built["mlp"], bench), now.masks(built["mlp"], bench))


def test_the_cap_holds_back_a_threshold_that_would_take_all(built, bench):
    pruner = ActivationPruner("mean", threshold=1e9, **few)
    masks, seen = pruner.propose(built["mlp"], bench)
    assert [int(kept.sum()) for kept in masks.units.values()] == [64, 128]
    assert {facts["note"] for facts in seen.values()} == {"capped"}


@pytest.mark.parametrize("name", ["mlp", "vgg", "resnet"])
def test_sparsity_is_a_share_of_units_for_units_and_of_weights_for_weights(name, built, bench):
    by_units = RandomPruner(0.3, BOTH).masks(built[name], bench)
    assert all(int((~kept).sum()) == round(0.3 * len(kept)) for kept in by_units.units.values())
    by_weights = RandomPruner(0.3).masks(built[name], bench)
    assert all(int((~kept).sum()) == round(0.3 * kept.numel()) for kept in by_weights.values())


@pytest.mark.parametrize("method", METHODS)
def test_a_method_describes_itself_as_plain_data(method):
    described = json.loads(json.dumps(METHODS[method].describe()))
    assert described["scope"] == METHODS[method].scope and described["amount"] and isinstance(described["score"], str)


@pytest.mark.parametrize("method", METHODS)
def test_a_model_of_nothing_but_zeros_is_refused_by_every_method(method, built, bench):
    model = copy.deepcopy(built["cnn"])
    for parameter in model.parameters():
        nn.init.zeros_(parameter)
    with pytest.raises(AllZeroError, match="every prunable weight of the model is zero"):
        METHODS[method].masks(model, bench, recording=recording_for(METHODS[method], model, bench))


@pytest.mark.parametrize("method", ["l1 layer", "mean threshold"])
def test_masks_count_as_gone_whether_or_not_they_were_applied(method, built, bench):
    model, pruner = copy.deepcopy(built["cnn"]), METHODS[method]
    first = RandomPruner(0.5, unit=("filter", "neuron")).masks(model, bench)
    before = pruner.masks(model, bench, first)
    after = pruner.masks(first.apply_(model), bench, first)
    assert same(before, after)


def test_a_tied_weight_is_pruned_once_and_under_one_name(bench):
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 32))
    model[5].weight = model[3].weight
    masks = MagnitudePruner(0.5).masks(model, bench)
    assert set(masks) == {"1.weight", "3.weight"}
    masks.apply_(model)
    assert (model[5].weight == 0).sum() == 512


@pytest.mark.parametrize("progress", [0, -1, 50])
def test_progress_is_a_share(progress, built, bench):
    with pytest.raises(CourseError, match="progress="):
        MagnitudePruner(0.5).masks(built["mlp"], bench, progress=progress)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [({"layers": "hidden1"}, "it is a list of names"), ({"history": 2, "score": "l1"}, "only scores of activations")],
)
def test_layers_are_a_list_and_only_activations_have_a_history(given, sentence):
    with pytest.raises(CourseError, match=sentence):
        Pruner(**{"unit": "neuron", "score": "mean", **given})


def test_state_dict_keys_unchanged_and_deepcopy_works(built, bench):
    model = copy.deepcopy(built["resnet"])
    keys = list(model.state_dict())
    masks = L1NormPruner(0.5).masks(model, bench)
    masks.apply_(model)
    assert list(model.state_dict()) == keys
    twin = copy.deepcopy(model)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), twin.parameters(), strict=True))
