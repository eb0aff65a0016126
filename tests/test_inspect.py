"""A network that somebody brings is looked at, and what can be pruned in it is said."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file
from torch import nn
from typer.testing import CliRunner

from course_lib.command import cli
from course_lib.errors import CourseError

OWN = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.one, self.norm = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8)
        self.two, self.mix = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 6, 1)
        self.head = nn.Linear(6, classes)

    def forward(self, x):
        x = torch.relu(self.norm(self.one(x)))
        x = torch.relu(x + self.two(x))
        return self.head(torch.relu(self.mix(x)).mean((2, 3)))


def build(classes):
    return Net(classes)


def lstm(shape):
    class Reader(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.read, self.head = nn.Linear(28, 16), nn.LSTM(16, 8, batch_first=True), nn.Linear(8, 10)

        def forward(self, x):
            return self.head(self.read(torch.relu(self.wide(x.flatten(1, 2))))[0][:, -1])

    return Reader()


def number():
    return 3


def asking(depth):
    return build(10)


def raising():
    return 1 / 0
"""


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "net.py"
    path.write_text(OWN)
    return path


def looked_at(*arguments):
    done = CliRunner().invoke(cli.app, ["inspect", *map(str, arguments)], env={"COLUMNS": "160"})
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.output


def test_what_goes_together_and_what_reads_it_is_said(own):
    told = looked_at(own)
    (row,) = [line for line in told.splitlines() if line.strip().startswith("one ")]
    assert "filter" in row and " 8 " in row and "two" in row and "norm" in row and "mix" in row
    assert "parameters" in told and "MACs an image" in told and "Single weights" in told


def test_what_stays_whole_is_said_with_the_reason(own):
    told = looked_at(own, "--function", "lstm")
    assert "wide stays whole: layer read, which reads it, is" in told.replace("\n", " ")
    assert "single weights can be" in told


def test_weights_of_the_network_give_its_accuracy(own, tmp_path):
    scope: dict = {}
    exec(OWN, scope)
    save_file(scope["build"](10).state_dict(), tmp_path / "net.safetensors")
    assert "validation images of fashion-mini" in looked_at(own, "--weights", tmp_path / "net.safetensors")


def pickled(path):
    torch.save(nn.Linear(2, 3).state_dict(), path)


REFUSED = {
    "no file": (("gone.py",), "there is no such file"),
    "no function": (("net.py", "--function", "nothing"), "has no function 'nothing'"),
    "no module": (("net.py", "--function", "number"), "returned an int; a torch.nn.Module is expected"),
    "another argument": (("net.py", "--function", "asking"), "asks for 'depth'; it may ask for shape and classes only"),
    "an error in it": (("net.py", "--function", "raising"), "raised ZeroDivisionError: division by zero"),
    "an error in the file": (("bad.py",), "raised NameError when it was imported"),
    "other weights": (("net.py", "--weights", "other.safetensors"), "the weights of another network: the file has no"),
    "a pickle": (("net.py", "--weights", "pickle.pt"), "a safetensors file is expected"),
    "no weights": (("net.py", "--weights", "gone.safetensors"), "cannot be read"),
}


@pytest.mark.parametrize(("given", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused_in_one_sentence(own, tmp_path, monkeypatch, given, sentence):
    (tmp_path / "bad.py").write_text("x = undefined\n")
    save_file({"weight": torch.zeros(2)}, tmp_path / "other.safetensors")
    pickled(tmp_path / "pickle.pt")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CourseError, match=sentence) as caught:
        looked_at(*given)
    assert "\n" not in str(caught.value)
