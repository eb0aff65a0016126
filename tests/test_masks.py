"""Masks as plain data, and the pruners' masks against torch.nn.utils.prune."""

from __future__ import annotations

import copy

import pytest
import torch
import torch.nn.utils.prune as torch_prune
from torch import nn

from course_lib import models
from course_lib.errors import CourseError
from course_lib.network import recording, units
from course_lib.pruning import L1NormPruner, MagnitudePruner, Masks


def toy():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 2), nn.ReLU(), nn.Linear(2, 2))  # 6 + 2 + 4 + 2 = 14 parameters


def some():
    first = torch.tensor([[True, False, True], [False, False, True]])
    return Masks({"0.weight": first, "2.bias": torch.tensor([True, False])}, 14, {"0": torch.tensor([True, False])})


def same(a, b):
    return (
        a.total == b.total
        and set(a) == set(b)
        and all(torch.equal(a[name], b[name]) for name in a)
        and set(a.units) == set(b.units)
        and all(torch.equal(a.units[name], b.units[name]) for name in a.units)
    )


def test_masks_are_a_mapping_of_parameter_names():
    masks = some()
    assert list(masks) == ["0.weight", "2.bias"] and len(masks) == 2
    assert "0.weight" in masks and "0.bias" not in masks and masks.get("0.bias") is None
    assert dict(masks.items()).keys() == set(masks.keys()) and masks["2.bias"].tolist() == [True, False]
    with pytest.raises(KeyError):
        masks["0.bias"]


def test_shares_are_of_all_parameters_of_the_dense_model():
    masks = some()
    assert masks.kept_parameters == 14 - 4
    assert masks.density == 10 / 14 and masks.sparsity == 1 - 10 / 14
    assert masks.unit_sparsity == 0.5
    assert "sparsity=0.2857" in repr(masks)


def test_dense_masks_keep_all():
    masks = Masks.dense(toy())
    assert len(masks) == 0 and masks.total == masks.kept_parameters == 14
    assert masks.sparsity == 0 and masks.density == 1 and masks.unit_sparsity == 0 and masks.units == {}


def test_apply_sets_what_is_gone_to_zero_and_leaves_the_rest():
    model, masks = toy(), some()
    before = copy.deepcopy(model.state_dict())
    assert masks.apply_(model) is model
    for name, tensor in model.state_dict().items():
        expected = before[name].clone()
        if name in masks:
            expected[~masks[name]] = 0
        assert torch.equal(tensor, expected)


def test_apply_fills_nan_and_infinity_with_zero():
    model = toy()
    with torch.no_grad():
        model[0].weight.fill_(float("nan"))
        model[2].bias.fill_(float("inf"))
    some().apply_(model)
    assert model[0].weight[~some()["0.weight"]].tolist() == [0, 0, 0]
    assert model[2].bias[1] == 0 and model[0].weight[0, 0].isnan() and model[2].bias[0].isinf()


def test_apply_leaves_no_hooks_and_no_renamed_keys_and_the_model_copies():
    model = toy()
    keys, ids = list(model.state_dict()), [id(parameter) for parameter in model.parameters()]
    some().apply_(model)
    assert list(model.state_dict()) == keys and [id(parameter) for parameter in model.parameters()] == ids
    assert all(not (m._forward_hooks or m._forward_pre_hooks or m._backward_hooks) for m in model.modules())
    twin = copy.deepcopy(model)
    assert all(torch.equal(a, b) for a, b in zip(twin.parameters(), model.parameters(), strict=True))
    twin(torch.randn(4, 3)).sum().backward()
    assert all(parameter.requires_grad for parameter in model.parameters())


def test_reload_is_bit_equal(tmp_path, bench):
    model = models.build("vgg", bench)
    for number, masks in enumerate([some(), Masks.dense(model), L1NormPruner(0.3).masks(model, bench)]):
        path = tmp_path / "deep" / f"{number}.safetensors"
        masks.save(path)
        assert same(Masks.load(path), masks) and same(Masks.load(str(path)), masks)
        assert Masks.load(path).sparsity == masks.sparsity and Masks.load(path).unit_sparsity == masks.unit_sparsity
        first = path.read_bytes()
        Masks.load(path).save(path)
        assert path.read_bytes() == first
        assert [p.name for p in path.parent.iterdir() if p.name.startswith(".")] == []


def test_a_truncated_or_foreign_file_is_refused(tmp_path):
    whole, broken = tmp_path / "whole.safetensors", tmp_path / "broken.safetensors"
    some().save(whole)
    content = whole.read_bytes()
    for size in (0, 4, len(content) // 2, len(content) - 1):
        broken.write_bytes(content[:size])
        with pytest.raises(CourseError, match=r"broken\.safetensors"):
            Masks.load(broken)
    from safetensors.torch import save_file

    save_file({"kept/a": torch.ones(2, dtype=torch.bool)}, broken)
    with pytest.raises(CourseError, match=r"broken\.safetensors"):
        Masks.load(broken)
    save_file({"a": torch.ones(2)}, broken, metadata={"total": "2"})
    with pytest.raises(CourseError, match=r"broken\.safetensors"):
        Masks.load(broken)


def test_a_failed_save_leaves_the_older_file(tmp_path, monkeypatch):
    path = tmp_path / "masks.safetensors"
    some().save(path)

    def full(*_, **__):
        raise OSError("no space left")

    monkeypatch.setattr("course_lib.network.masks.save_file", full)
    with pytest.raises(OSError, match="no space"):
        Masks.dense(toy()).save(path)
    assert same(Masks.load(path), some()) and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("method", ["must_fit", "apply_"])
def test_masks_of_another_model_are_refused_by_name_and_nothing_changes(method):
    model = toy()
    before = copy.deepcopy(model.state_dict())
    good = torch.zeros(2, 3, dtype=torch.bool)
    with pytest.raises(CourseError, match=r"'3\.weight'"):
        getattr(Masks({"0.weight": good, "3.weight": good}, 14), method)(model)
    with pytest.raises(CourseError, match=r"2\.weight.*\(2, 3\).*\(2, 2\)"):
        getattr(Masks({"0.weight": good, "2.weight": good}, 14), method)(model)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("dtype", [torch.float32, torch.uint8, torch.int64])
def test_masks_that_are_not_bool_are_refused_by_name(dtype):
    with pytest.raises(CourseError, match=r"0\.weight.*bool"):
        Masks({"0.weight": torch.ones(2, 3, dtype=dtype)}, 14)
    with pytest.raises(CourseError, match=r"hidden.*bool"):
        Masks({}, 14, {"hidden": torch.ones(2, dtype=dtype)})


def test_and_keeps_what_both_keep():
    other = Masks({"0.weight": torch.tensor([[False, True, True]] * 2), "0.bias": torch.tensor([False, True])}, 14)
    both = some() & other
    assert both["0.weight"].tolist() == [[False, False, True], [False, False, True]]
    assert both["0.bias"].tolist() == [False, True] and both["2.bias"].tolist() == [True, False]
    assert both.total == 14 and both.units["0"].tolist() == [True, False]
    assert same(some() & Masks.dense(toy()), some()) and same(some() & some(), some())


# torch.nn.utils.prune is the oracle: on drawn weights there are no ties.
shares = pytest.mark.parametrize("sparsity", [0.0, 0.137, 0.5, 0.8431, 0.99, 1.0])
every_model = pytest.mark.parametrize("name", ["mlp", "cnn", "vgg", "resnet"])


def agrees(masks, weights, oracle):
    """Whether `masks` keeps, of each named weight, exactly what torch's mask keeps; a missing mask keeps all."""
    return all(torch.equal(masks.get(n, torch.ones_like(w, dtype=torch.bool)), oracle(n)) for n, w in weights.items())


def plain_copy(model):
    """A copy in the default layout: torch.nn.utils.prune takes flat views, which channels_last weights do not have."""
    return copy.deepcopy(model).to(memory_format=torch.contiguous_format)


def layer_of(model, name):
    return model.get_submodule(name.removesuffix(".weight"))


@shares
@every_model
def test_layer_scope_agrees_with_torch_l1_unstructured(name, sparsity, bench):
    model = models.build(name, bench, seed=1)
    masks = MagnitudePruner(sparsity).masks(model, bench)
    weights, pruned = units.prunable_weights(model), plain_copy(model)
    for weight in weights:
        torch_prune.l1_unstructured(layer_of(pruned, weight), "weight", sparsity)
    assert agrees(masks, weights, lambda n: layer_of(pruned, n).weight_mask.bool())
    assert masks.kept_parameters == masks.total - sum(round(sparsity * w.numel()) for w in weights.values())


@shares
@every_model
def test_global_scope_agrees_with_torch_global_unstructured(name, sparsity, bench):
    model = models.build(name, bench, seed=1)
    masks = MagnitudePruner(sparsity, scope="global").masks(model, bench)
    weights, pruned = units.prunable_weights(model), plain_copy(model)
    torch_prune.global_unstructured(
        [(layer_of(pruned, n), "weight") for n in weights], torch_prune.L1Unstructured, amount=sparsity
    )
    # Equal magnitudes between layers are possible among 10^5 float32 numbers: where they straddle the cut, the counts
    # of the two agree and so do all weights but those at the cut.
    together = torch.cat([w.detach().abs().flatten() for w in weights.values()])
    ours = torch.cat([masks[n].flatten() for n in weights])
    theirs = torch.cat([layer_of(pruned, n).weight_mask.bool().flatten() for n in weights])
    assert int(ours.sum()) == int(theirs.sum()) == len(together) - round(sparsity * len(together))
    if (ours != theirs).any():
        assert together[ours != theirs].unique().numel() == 1


@shares
@pytest.mark.parametrize("name", ["cnn", "vgg"])
def test_l1_filters_agree_with_torch_ln_structured(name, sparsity, bench):
    model = models.build(name, bench, seed=1)
    masks = L1NormPruner(min(sparsity, 0.95)).masks(model, bench)  # ours keeps a filter in each layer
    found = [group for group in units.groups(model, bench.example) if group.kind == "filter"]
    assert found
    for group in found:
        pruned = plain_copy(layer_of(model, group.producers[0]))
        torch_prune.ln_structured(pruned, "weight", min(sparsity, 0.95), n=1, dim=0)
        assert torch.equal(masks.units[group.name], pruned.weight_mask.flatten(1).any(1))


def test_a_file_that_is_not_there_or_no_file_is_one_sentence(tmp_path):
    for path in (tmp_path / "nowhere.safetensors", tmp_path):
        with pytest.raises(CourseError, match=r"was given as a masks file; no such file can be read\.$"):
            Masks.load(path)
        with pytest.raises(CourseError, match=r"was given as a recording; no such file can be read\.$"):
            recording.load(path)


def test_a_file_of_something_else_is_no_recording(tmp_path):
    some().save(tmp_path / "masks.safetensors")
    (tmp_path / "text").write_text("no safetensors")
    for name in ("masks.safetensors", "text"):
        with pytest.raises(CourseError, match=r"was given as a recording; recording\.save did not write it whole\.$"):
            recording.load(tmp_path / name)


def test_masks_of_a_model_without_parameters_keep_all():
    masks = Masks.dense(nn.Flatten())
    assert (masks.total, masks.sparsity, masks.density) == (0, 0.0, 1.0)
