"""A slimmed network travels as one file, and comes back to the bit or is refused in words."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from test_slim import some_units
from torch import nn
from toy import MODELS, drawn

from course_lib import models, slim
from course_lib.errors import CourseError
from course_lib.files import replacing

CNN = {"name": "cnn", "shape": (1, 28, 28), "classes": 10}


def small(bench, name="cnn", seed=0):
    model = drawn(models.build(name, bench), seed)
    return slim.slim(model, some_units(model, bench.example, seed), bench.example).eval()


@pytest.fixture(scope="module")
def saved(bench, tmp_path_factory):
    path = tmp_path_factory.mktemp("slim") / "cnn.safetensors"
    model = small(bench)
    slim.save(model, path, CNN)
    return model, path


@pytest.mark.parametrize("name", MODELS)
def test_what_is_loaded_gives_the_same_logits_to_the_bit(bench, tmp_path, name):
    model = small(bench, name)
    slim.save(model, tmp_path / "small.safetensors", {"name": name, "shape": bench.shape, "classes": bench.num_classes})
    again = slim.load(tmp_path / "small.safetensors")
    with torch.inference_mode():
        assert torch.equal(model(bench.example), again(bench.example))
    assert str(again) == str(model)  # widths as well
    assert not again.training


def test_a_fresh_process_gives_the_same_logits_to_the_bit(saved, bench, tmp_path):
    model, path = saved
    save_file({"x": bench.example.contiguous()}, tmp_path / "x.safetensors")
    script = (
        "import sys, torch\nfrom safetensors.torch import load_file, save_file\nfrom course_lib import slim\n"
        "x = load_file(sys.argv[2])['x']\n"
        "with torch.inference_mode():\n    save_file({'y': slim.load(sys.argv[1])(x)}, sys.argv[3])\n"
    )
    out = tmp_path / "y.safetensors"
    subprocess.run([sys.executable, "-c", script, path, tmp_path / "x.safetensors", out], check=True)
    with torch.inference_mode():
        assert torch.equal(load_file(out)["y"], model(bench.example.contiguous()))


class Own(nn.Module):
    """Somebody's own network: depthwise, normalised, and with weights that two layers share."""

    def __init__(self):
        super().__init__()
        self.wide, self.norm1 = nn.Conv2d(1, 12, 3), nn.BatchNorm2d(12)
        self.deep = nn.Conv2d(12, 12, 3, groups=12)
        self.narrow, self.head = nn.Conv2d(12, 8, 1), nn.Linear(8, 4)
        self.again = nn.Linear(8, 4)
        self.again.weight = self.head.weight

    def forward(self, x):
        x = torch.relu(self.narrow(self.deep(torch.relu(self.norm1(self.wide(x))))))
        x = x.mean((2, 3))
        return self.head(x) + self.again(x)


def test_a_network_of_ones_own_comes_back_with_the_one_that_it_was_cut_from(bench, tmp_path):
    model = drawn(Own())
    cut = slim.slim(model, some_units(model, bench.example), bench.example).eval()
    assert cut.deep.groups < 12
    slim.save(cut, tmp_path / "own.safetensors")
    dense = Own()
    before = {name: value.clone() for name, value in dense.state_dict().items()}
    again = slim.load(tmp_path / "own.safetensors", dense)
    with torch.inference_mode():
        assert torch.equal(cut(bench.example), again(bench.example))
    assert (again.deep.groups, again.deep.in_channels) == (cut.deep.groups, cut.deep.in_channels)
    assert all(torch.equal(value, before[name]) for name, value in dense.state_dict().items())
    with pytest.raises(CourseError, match="does not say what it was cut from"):
        slim.load(tmp_path / "own.safetensors")


def written(path, change):
    """Write a file as `save` would, after `change` was made to what it says and holds."""
    tensors = load_file(path)
    with safe_open(path, "pt") as file:
        said = dict(file.metadata())
    change(said, tensors)
    with replacing(path) as temporary:
        save_file(tensors, temporary, said)


def cut_short(path):
    path.write_bytes(path.read_bytes()[:-100])


def changed(path):
    written(path, lambda said, tensors: tensors["conv1.bias"].add_(1))


def renamed(path):
    written(path, lambda said, tensors: said.update(architecture=json.dumps(CNN | {"name": "vgg"})))


def older(path):
    written(path, lambda said, tensors: said.update(format="slimmed network 0"))


REFUSED = {
    "cut short": (cut_short, "it is cut short, or no safetensors file"),
    "changed": (changed, "its content is not what slim.save wrote"),
    "another architecture in its words": (renamed, "its content is not what slim.save wrote"),
    "an older format": (older, "its format is 'slimmed network 0', not 'slimmed network 1'"),
    "somebody else's": (lambda path: save_file({"x": torch.zeros(1)}, path), "slim.save did not write it"),
    "a pickle": (lambda path: torch.save({"x": torch.zeros(1)}, path), "it is cut short, or no safetensors file"),
    "gone": (lambda path: path.unlink(), "no such file can be read"),
}


@pytest.mark.parametrize(("harm", "sentence"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_is_not_as_it_was_written_is_refused_in_words(saved, tmp_path, harm, sentence):
    path = tmp_path / "small.safetensors"
    path.write_bytes(saved[1].read_bytes())
    harm(path)
    with pytest.raises(CourseError, match=sentence):
        slim.load(path)


def test_another_network_than_it_was_cut_from_is_refused_by_a_name(saved, bench):
    with pytest.raises(CourseError, match=r"of another architecture: only one of the two has \w+"):
        slim.load(saved[1], models.build("mlp", bench))
    with pytest.raises(CourseError, match=r"of another architecture: \S+ has the shape"):
        slim.load(saved[1], small(bench, seed=5))


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"name": "cnn"}, "name, shape and classes of a network"),
        (CNN | {"name": "alexnet"}, "model 'alexnet' was given"),
        (CNN | {"name": "mlp"}, "of another architecture"),
        (CNN | {"classes": 3}, "of another architecture"),
    ],
)
def test_an_architecture_that_it_was_not_cut_from_is_refused_before_anything_is_written(saved, tmp_path, given, sentence):
    with pytest.raises(CourseError, match=sentence):
        slim.save(saved[0], tmp_path / "x.safetensors", given)
    assert not list(tmp_path.iterdir())
