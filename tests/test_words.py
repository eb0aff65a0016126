"""What is said in numbers and nouns, and what a reader sees first."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from course_lib.authoring import numbers
from course_lib.teaching import figures, widgets
from course_lib.teaching.verdict import earned
from course_lib.words import number_of

ROOT = Path(__file__).parent.parent


def test_one_of_a_kind_is_told_in_the_singular_and_anything_else_in_the_plural():
    told = [number_of(n, "point") for n in (0, 0.5, 1, 1.0, 2, 1200)]
    assert told == ["0 points", "0.5 points", "1 point", "1 point", "2 points", "1,200 points"]
    assert number_of(1, "class", "classes") == "1 class" and number_of(3, "class", "classes") == "3 classes"


def test_a_verdict_worth_one_point_says_point():
    assert (earned(1, 1), earned(0, 1), earned(1, 2), earned(0, 0)) == (
        "1 of 1 point",
        "0 of 1 point",
        "1 of 2 points",
        "practice",
    )


@pytest.mark.parametrize("threads", [1, 2])
def test_measured_minutes_name_one_thread_as_one(threads, monkeypatch):
    monkeypatch.setattr(
        numbers, "recorded", lambda root: {"00_x": {"laptop": {"seconds": 60, "cores": 2, "threads": threads}}}
    )
    assert numbers.minutes(ROOT, "00_x", "laptop") == f"1.0 minutes ({number_of(threads, 'thread')})"


def test_figures_and_sliders_say_one_of_each_kind_in_the_singular():
    slider = widgets.ScheduleSlider()
    slider.controls["rounds"].value = 1
    one, two = torch.ones(1, 1, 1, 1), torch.ones(2, 2, 1, 1)
    told = [
        figures.kernels(one).alt,
        figures.kernels(two).alt,
        figures.flatten_map(channels=1, height=1, width=1, columns=[0]).alt,
        figures.crowd({"a": [0.5]}).alt,
        figures.staircase({"A": (0.5, 0.7)}, ["A"]).alt,
        figures.conv_places((1, 1), kernel=1).alt,
        figures.timings({"a": [1.0, 2.0, 3.0]}, 1, 1).alt,
        slider._readout.value,
    ]
    assert "1 filter of" in told[0] and "1 channel," in told[0]
    assert "2 filters of" in told[1] and "2 channels," in told[1]
    assert not [text for text in told if re.search(r"(?<![\d.,x])1 [a-z]+s\b(?<! is)(?<! times)", text)], told
    assert not [text for text in told if "(s)" in text]
