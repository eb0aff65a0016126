"""What is shipped runs elsewhere and computes the same."""

from __future__ import annotations

import copy
import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from test_slim import some_units
from torch import nn
from toy import drawn
from typer.testing import CliRunner

from course_lib import measure, models, ship, slim
from course_lib.command import cli
from course_lib.errors import CourseError
from course_lib.pruning import MagnitudePruner
from course_lib.ship import exporting

pytest.importorskip("onnxruntime")


@pytest.fixture(scope="module")
def small(bench):
    model = drawn(models.build("vgg", bench))
    return slim.slim(model, some_units(model, bench.example), bench.example)


@pytest.fixture(scope="module")
def folder(small, bench, tmp_path_factory):
    place = tmp_path_factory.mktemp("ship") / "vgg"
    named = {"name": "vgg", "shape": bench.shape, "classes": bench.num_classes}
    return ship.ship(small, bench, place, "Pruned by lot, for a test.", named, samples=64), place


def test_onnxruntime_gives_torchs_outputs_on_any_number_of_images(folder, small, bench):
    images = bench.normalise(bench.test.images[:37])
    with torch.inference_mode():
        wanted = small.eval()(images)
    found = exporting.run(folder[1] / "model.onnx", images.numpy())
    assert np.abs(found - wanted.numpy()).max() < 1e-4 * wanted.std().item()


def test_masked_and_dense_networks_are_exported_as_well(bench, tmp_path):
    model = models.build("mlp", bench)
    masks = MagnitudePruner(0.9).masks(model, bench)
    for net in (model, masks.apply_(copy.deepcopy(model))):
        ship.to_onnx(net, bench.example, tmp_path / "net.onnx")
        with torch.inference_mode():
            found = exporting.run(tmp_path / "net.onnx", bench.example.numpy())
            assert np.allclose(found, net.eval()(bench.example).numpy(), atol=1e-5)


def test_eight_bits_are_a_quarter_of_the_file_and_nearly_the_same_answers(folder, bench):
    card, place = folder
    sizes = {run["how"]: run["bytes"] for run in card["runs"]}
    weights = 4 * card["parameters"]
    assert sizes["onnxruntime, fp32"] - sizes["onnxruntime, int8"] > 0.6 * weights  # the graph itself grows
    images = bench.normalise(bench.test.images[:50]).numpy()
    one, other = (exporting.run(place / name, images) for name in ("model.onnx", "model.int8.onnx"))
    assert 0 < np.abs(one - other).mean() < 0.2 * one.std()


def test_the_card_says_what_was_measured(folder, small, bench):
    card, place = folder
    assert card == json.loads((place / "card.json").read_text())
    assert card["parameters"] == measure.parameters(small) and card["macs"] == measure.macs(small, bench.example)
    page = (place / "README.md").read_text()
    assert "Pruned by lot, for a test." in page and f"{card['parameters']:,} parameters" in page
    assert [run["how"] for run in card["runs"]] == ["torch, fp32", "onnxruntime, fp32", "onnxruntime, int8"]
    assert all(run["batch 1"][0] > 0 and run["batch 64"][0] > 0 and run["bytes"] > 0 for run in card["runs"])
    assert card["runs"][0]["accuracy"] == pytest.approx(card["runs"][1]["accuracy"], abs=0.011)  # a tie may fall either way


def test_the_runner_names_what_is_on_images_without_torch(folder, small, bench, tmp_path):
    np.save(tmp_path / "images.npy", bench.test.images[:20].numpy())
    script = "import sys, runpy\nsys.modules['torch'] = None\nsys.argv = sys.argv[1:]\n"
    script += "runpy.run_path(sys.argv[0], run_name='__main__')"
    line = [sys.executable, "-c", script, str(folder[1] / "run.py"), str(tmp_path / "images.npy")]
    done = subprocess.run(line, capture_output=True, text=True, check=True, env={"PYTHONPATH": ":".join(sys.path)})
    with torch.inference_mode():
        best = small.eval()(bench.normalise(bench.test.images[:20])).argmax(1).tolist()
    assert done.stdout.splitlines() == [f"{number} {bench.classes[label]}" for number, label in enumerate(best)]
    np.save(tmp_path / "images.npy", np.zeros((2, 3, 8, 8), np.uint8))
    refused = subprocess.run(line, capture_output=True, text=True, env={"PYTHONPATH": ":".join(sys.path)})
    assert refused.returncode == 1 and "expected are uint8 (n, 1, 28, 28)" in refused.stderr


def test_what_torch_loads_again_gives_the_same_logits(folder, small, bench, tmp_path):
    again = slim.load(folder[1] / "model.safetensors")
    with torch.inference_mode():
        assert torch.equal(again(bench.example), small.eval()(bench.example))
    ship.to_program(small, bench.example, tmp_path / "small.pt2")
    program = torch.export.load(tmp_path / "small.pt2").module()
    with torch.inference_mode():
        assert torch.allclose(program(bench.example[:3]), small(bench.example[:3]), atol=1e-5)


def test_a_folder_that_is_there_is_refused_and_left_alone(folder, small, bench):
    before = sorted(path.name for path in folder[1].iterdir())
    with pytest.raises(CourseError, match="it is there already"):
        ship.ship(small, bench, folder[1])
    assert sorted(path.name for path in folder[1].iterdir()) == before
    assert before == ["README.md", "card.json", "model.int8.onnx", "model.onnx", "model.safetensors", "run.py"]


class Twisting(nn.Module):
    """A network whose path depends on what it sees."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(784, 10)

    def forward(self, x):
        x = self.layer(x.flatten(1))
        return x if x.sum() > 0 else -x


def test_a_network_that_cannot_be_exported_is_refused_in_words_and_leaves_no_folder(bench, tmp_path):
    with pytest.raises(CourseError, match="cannot be exported to ONNX"):
        ship.ship(Twisting(), bench, tmp_path / "net")
    assert not list(tmp_path.iterdir())


def test_outputs_that_differ_are_refused(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(exporting, "run", lambda path, images: np.zeros((len(images), 10), np.float32))
    with pytest.raises(CourseError, match="onnxruntime gives other outputs than torch"):
        ship.to_onnx(models.build("mlp", bench), bench.example, tmp_path / "net.onnx")
    assert not list(tmp_path.iterdir())


def test_the_command_ships_what_slim_saved_and_shows_the_card(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["course", "ship", "/somewhere/model.safetensors"])
    done = CliRunner().invoke(cli.app, ["ship", str(folder[1] / "model.safetensors"), "--out", str(tmp_path / "net")])
    assert done.exit_code == 0, done.output
    assert "onnxruntime, int8" in done.output and str(tmp_path / "net") in done.output.replace("\n", "")
    assert (tmp_path / "net" / "run.py").exists()
    card = json.loads((tmp_path / "net" / "card.json").read_text())
    assert card["made"] == "course ship model.safetensors" and card["data"] == "fashion-mini"


def test_the_command_refuses_data_of_another_shape(small, tmp_path):
    named = {"name": "vgg", "shape": (3, 32, 32), "classes": 10}
    slim.save(models.of_shape("vgg", (3, 32, 32), 10), tmp_path / "net.safetensors", named)
    done = CliRunner().invoke(cli.app, ["ship", str(tmp_path / "net.safetensors"), "--out", str(tmp_path / "net")])
    assert isinstance(done.exception, CourseError)
    assert "takes images of (3, 32, 32) and knows 10 classes; fashion-mini has (1, 28, 28) and 10" in str(done.exception)


# sparse files


@pytest.mark.parametrize("share", [0.0, 0.5, 0.9, 0.99])
def test_a_sparse_file_comes_back_to_the_bit_and_pays_for_what_is_kept(bench, tmp_path, share):
    model = models.build("vgg", bench)
    MagnitudePruner(share, scope="global").masks(model, bench).apply_(model)
    ship.save_sparse(model, tmp_path / "net")
    again = ship.load_sparse(tmp_path / "net", models.build("vgg", bench, seed=1))
    assert all(torch.equal(value, again.state_dict()[name]) for name, value in model.state_dict().items())
    entries, kept = measure.parameters(model), measure.nonzeros(model)
    assert (tmp_path / "net").stat().st_size < 4 * kept + entries / 8 + 10_000
    assert (tmp_path / "net").stat().st_size < 1.01 * measure.file_bytes(model) + 1000


def test_a_sparse_file_of_another_network_or_cut_short_is_refused(bench, tmp_path):
    model = models.build("mlp", bench)
    MagnitudePruner(0.9).masks(model, bench).apply_(model)
    ship.save_sparse(model, tmp_path / "net")
    with pytest.raises(CourseError, match="it is of another network"):
        ship.load_sparse(tmp_path / "net", models.build("cnn", bench))
    (tmp_path / "net").write_bytes((tmp_path / "net").read_bytes()[:-10])
    with pytest.raises(CourseError, match="it is cut short"):
        ship.load_sparse(tmp_path / "net", model)
    slim.save(model, tmp_path / "other")
    with pytest.raises(CourseError, match=r"ship.save_sparse did not write it"):
        ship.load_sparse(tmp_path / "other", model)
