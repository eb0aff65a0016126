"""A network that somebody brings goes the whole way: looked at, pruned within a budget, cut, and shipped.

With COURSE_GALLERY_SEEDS, as in `make validate`, more networks do.
"""

from __future__ import annotations

import copy
import os
import random
import sys
import warnings
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from PIL import Image
from typer.testing import CliRunner

from course_lib import authoring, data, measure, own, ship, slim, train, validation
from course_lib.command import cli
from course_lib.errors import CourseError
from course_lib.pruning import Pruner, amounts

ROOT = Path(__file__).parent.parent
NETWORKS = ["odd", *(["resnet", "mobilenet"] if "COURSE_GALLERY_SEEDS" in os.environ else [])]  # `make validate`

NETS = """
from __future__ import annotations

from dataclasses import dataclass

import torch
import torchvision
from torch import nn
from torch.nn import functional as F


@dataclass
class Config:
    classes: int
    width: int = 16


class Odd(nn.Module):
    '''Branches that are concatenated, a gate on channels, `view`, functions in place of modules, log-probabilities.'''

    def __init__(self, config: Config):
        super().__init__()
        w = config.width
        self.stem = nn.Sequential(nn.Conv2d(3, w, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(w))
        self.branches = nn.ModuleList([nn.Conv2d(w, w // 2, k, padding=k // 2) for k in (1, 3, 5)])
        self.merge, self.norm = nn.Conv2d(3 * (w // 2), 2 * w, 1), nn.BatchNorm2d(2 * w)
        self.squeeze, self.excite = nn.Linear(2 * w, 8), nn.Linear(8, 2 * w)
        self.post, self.scale = nn.Conv2d(2 * w, w, 3, stride=2, padding=1), nn.Parameter(torch.ones(1))
        self.fc1, self.fc2 = nn.Linear(w * 16, 40), nn.Linear(40, config.classes)

    def forward(self, x):
        x = F.silu(self.stem(x))
        x = F.relu(self.norm(self.merge(torch.cat([F.leaky_relu(branch(x), 0.1) for branch in self.branches], 1))))
        x = x * torch.sigmoid(self.excite(F.relu(self.squeeze(x.mean((2, 3))))))[:, :, None, None]
        x = F.adaptive_avg_pool2d(F.relu(self.post(x)) * self.scale, 4)
        x = F.dropout(F.relu(self.fc1(x.view(x.size(0), -1))), 0.2, self.training)
        return F.log_softmax(self.fc2(x), 1)


def odd(classes):
    return Odd(Config(classes))


def resnet(classes):
    return torchvision.models.resnet18(num_classes=classes)


def mobilenet(classes):
    return torchvision.models.mobilenet_v2(num_classes=classes)


def with_a_neighbour(shape, classes):
    from layers import head  # imported when it builds, not when the file is loaded

    return head(shape, classes)
"""
NEIGHBOUR = """
from torch import nn


def head(shape, classes):
    return nn.Sequential(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], 12), nn.ReLU(), nn.Linear(12, classes))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Two files of code, and photographs of many sizes and three kinds."""
    place, draw = tmp_path_factory.mktemp("own"), random.Random(0)
    (place / "nets.py").write_text(NETS)
    (place / "layers.py").write_text(NEIGHBOUR)
    for part, count in (("train", 12), ("test", 4)):
        for label, title in enumerate(("dark", "grey", "light")):
            (place / "photos" / part / title).mkdir(parents=True)
            for number in range(count):
                shape = (draw.randint(33, 90), draw.randint(33, 90), 3)
                pixels = np.random.default_rng(number).integers(70 * label, 70 * label + 90, shape).astype(np.uint8)
                kind, ending = draw.choice((("RGB", "jpg"), ("L", "jpg"), ("RGBA", "png")))
                Image.fromarray(pixels).convert(kind).save(place / "photos" / part / title / f"{number}.{ending}")
    return place


@pytest.fixture(scope="module")
def photos(folder):
    return data.load(folder / "photos", device="cpu", size=32)


def test_a_network_may_import_its_neighbours_when_it_builds(folder, photos):
    before = list(sys.path)
    assert own.build(folder / "nets.py", photos, "with_a_neighbour")(photos.example).shape == (8, 3)
    assert sys.path == before


def test_a_file_may_hold_data_classes_and_stands_in_no_modules_way(folder, photos):
    known = set(sys.modules)
    own.build(folder / "nets.py", photos, "odd")
    assert {name for name in set(sys.modules) - known if name.isidentifier()} <= {"layers"}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_that_are_not_ours_go_the_whole_way_on_photographs_of_mixed_sizes(folder, photos, name, tmp_path):
    pytest.importorskip("onnxruntime")
    torch.manual_seed(0)
    model = own.build(folder / "nets.py", photos, name)
    seen = own.look(model, photos)
    assert len(seen.rows) == len(seen.groups) > 5 and not seen.protected
    share = own.share_within(model, photos, seen.groups, 0.5)
    pruner = Pruner("l1", unit=("filter", "neuron"), amount=amounts.target(share))
    masks = pruner.masks(model, photos)
    small = slim.slim(model, masks, photos.example)
    assert measure.macs(small, photos.example) <= 0.5 * seen.macs
    ship.to_onnx(small, photos.example, tmp_path / "small.onnx")  # which runs it and compares
    slim.save(small, tmp_path / "small.safetensors")
    again = slim.load(tmp_path / "small.safetensors", own.build(folder / "nets.py", photos, name))
    images = photos.example.contiguous()
    with torch.inference_mode():
        assert torch.equal(again(images), small.eval()(images))


def test_a_budget_is_met_with_the_smallest_share_and_the_prediction_is_what_pruning_comes_to(folder, photos):
    model = own.build(folder / "nets.py", photos, "odd")
    groups = own.look(model, photos).groups
    spared = [group.name for group in groups[1:]]

    def left(share):
        pruner = Pruner("l1", unit=("filter", "neuron"), layers=spared, amount=amounts.target(share))
        small = slim.slim(model, pruner.masks(model, photos), photos.example)
        return measure.macs(small, photos.example) / measure.macs(model, photos.example)

    share = own.share_within(model, photos, groups, 0.6, spared)
    assert left(share) <= 0.6 < left(share - 0.01)


def test_a_budget_that_cannot_be_met_and_a_layer_that_is_not_there_are_refused_in_words(folder, photos):
    model = own.build(folder / "nets.py", photos, "odd")
    groups = own.look(model, photos).groups
    with pytest.raises(CourseError, match=r"keep=0.001 was given; with one unit left in each of these layers 0\.\d+"):
        own.share_within(model, photos, groups, 0.001)
    with pytest.raises(CourseError, match=r"layers names 'nothing'; units can be taken from stem\.0"):
        own.share_within(model, photos, groups, 0.5, ["nothing"])


def test_a_scan_is_what_pruning_each_group_alone_comes_to(folder, photos):
    torch.manual_seed(0)
    model = own.build(folder / "nets.py", photos, "with_a_neighbour")
    before = copy.deepcopy(model.state_dict())
    curves = own.sensitivity(model, photos, own.look(model, photos).groups)
    for name, rows in curves.items():
        for level, accuracy in rows:
            pruner = Pruner("l1", unit=("filter", "neuron"), layers=[name], amount=amounts.target(level))
            masked = pruner.masks(model, photos).apply_(copy.deepcopy(model)) if level else model
            assert accuracy == train.evaluate(masked, photos)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert own.minutes(model, photos, batch_size=16) > 0
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_the_command_ships_a_network_that_is_not_ours_given_the_file_that_builds_it(folder, photos, tmp_path):
    pytest.importorskip("onnxruntime")
    model = own.build(folder / "nets.py", photos, "with_a_neighbour")
    masks = Pruner("l1", unit="neuron").masks(model, photos)
    slim.save(slim.slim(model, masks, photos.example), tmp_path / "small.safetensors")
    line = ["ship", tmp_path / "small.safetensors", "--out", tmp_path / "out", "--data", folder / "photos", "--size", 32]
    done = CliRunner().invoke(
        cli.app, [*map(str, line), "--source", str(folder / "nets.py"), "--function", "with_a_neighbour"]
    )
    assert done.exit_code == 0, done.output
    found = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"model.onnx", "model.int8.onnx", "model.safetensors", "run.py"} <= found
    refused = CliRunner().invoke(cli.app, [*map(str, line[:3]), str(tmp_path / "other"), *map(str, line[4:])])
    assert "does not say what it was cut from" in str(refused.exception)


def test_what_is_missing_for_shipping_is_said_before_anything_is_trained(monkeypatch):
    monkeypatch.setattr(ship.exporting, "EXTRA", ("onnx", "no_such_package"))
    assert ship.missing() == "no_such_package not installed, which is an extra: pip install -e '.[ship]'."
    monkeypatch.setattr(ship.exporting, "EXTRA", ("json",))
    assert ship.missing() == ""


def test_shipping_without_the_extra_is_refused_in_words(folder, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(ship.exporting, "EXTRA", ("no_such_package",))
    model = own.build(folder / "nets.py", photos, "with_a_neighbour")
    for call in (ship.to_onnx, ship.ship):
        with pytest.raises(CourseError, match="no_such_package not installed, which is an extra"):
            given = (photos.example, tmp_path / "x") if call is ship.to_onnx else (photos, tmp_path / "x")
            call(model, *given)
    with pytest.raises(CourseError, match="no_such_package not installed, which is an extra"):
        ship.to_int8(tmp_path / "x", photos, tmp_path / "y")
    assert not list(tmp_path.iterdir())


def test_the_template_runs_as_it_is_and_ends_with_a_folder_to_ship(tmp_path, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("LOKY_MAX_CPU_COUNT", "1")
    (lesson,) = validation.validate(ROOT, "ci", ["bring"], folder="notebooks", out=tmp_path)
    assert (lesson.problem, lesson.exercises) == ("", [])
    book = nbformat.read(tmp_path / "bring_your_own.ipynb", 4)
    said = "".join(output.get("text", "") for cell in book.cells if cell.cell_type == "code" for output in cell.outputs)
    assert "narrow stays whole: layer narrow_norm, which reads it, is a GroupNorm" in said
    assert "the same logits: True" in said
    assert "in the folder: README.md, card.json, model.int8.onnx, model.onnx, model.safetensors, run.py" in said
    assert "minutes of training" in said


def test_the_template_has_no_outputs_and_follows_its_source(tmp_path):
    book = nbformat.read(ROOT / "own" / "bring_your_own.ipynb", 4)
    assert not any(cell.get("outputs") for cell in book.cells)
    for name in ("own", "solutions", "notebooks"):
        (tmp_path / name).mkdir()
    (tmp_path / "own" / "bring_your_own.py").write_text((ROOT / "own" / "bring_your_own.py").read_text())
    assert "own/bring_your_own.ipynb does not follow bring_your_own.py: run `course build`." in authoring.stale(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert authoring.build(tmp_path, ["bring"]) == [tmp_path / "own" / "bring_your_own.ipynb"]
    assert not [sentence for sentence in authoring.stale(tmp_path) if "own/" in sentence]
    assert authoring.build(tmp_path, ["bring"]) == []
