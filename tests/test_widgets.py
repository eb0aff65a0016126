"""Sliders: the last position wins, errors are said, and a picture stands in where no front end runs."""

from __future__ import annotations

import asyncio

import ipywidgets
import pytest
import torch

from course_lib import models
from course_lib.pruning import pq_index
from course_lib.teaching import figures, widgets


def picture(value=1.0):
    return figures.lines({"y": ([0, 1], [0.0, value])}, "x", "y")


@pytest.fixture
def skin():
    drawn = []

    def draw(values, rested):
        drawn.append((values["x"], rested))
        if values["x"] == 13:
            raise ValueError("no <13>")
        return picture(values["x"]), f"x is {values['x']}"

    made = widgets.Skin({"x": ipywidgets.IntSlider(value=3, min=0, max=100)}, draw, rests=True)
    made.drawn = drawn
    return made


def test_it_is_drawn_once_at_the_start_and_at_each_move(skin):
    skin.controls["x"].value = 5
    assert skin.drawn == [(3, True), (5, True)]
    assert "x is 5" in skin._readout.value


def test_the_last_position_wins(skin, monkeypatch):
    monkeypatch.setattr(widgets.skin, "REST", 0.1)

    async def drag():
        for value in range(20, 71):
            skin.controls["x"].value = value
            await asyncio.sleep(0)
        assert "working" in skin._readout.value
        await asyncio.sleep(0.4)

    asyncio.run(drag())
    moving = [value for value, rested in skin.drawn[1:] if not rested]
    assert len(moving) < 10
    assert moving[-1] == 70
    assert skin.drawn[-1] == (70, True)  # and once more when it rests
    assert "x is 70" in skin._readout.value


def test_an_error_is_said_and_the_next_position_mends_it(skin):
    before = skin._image.value
    skin.controls["x"].value = 13
    assert isinstance(skin.error, ValueError)
    assert "<b>Error</b> ValueError: no &lt;13&gt;" in skin._readout.value
    assert skin._image.value == before
    skin.controls["x"].value = 14
    assert skin.error is None
    assert "x is 14" in skin._readout.value


def test_an_error_of_the_first_drawing_is_raised():
    def draw(values, rested):
        raise ValueError("at once")

    with pytest.raises(ValueError, match="at once"):
        widgets.Skin({"x": ipywidgets.IntSlider()}, draw)


def test_reset_goes_back_to_the_first_position(skin):
    skin.controls["x"].value = 50
    skin.reset()
    assert skin.values == {"x": 3}
    assert skin.drawn[-1][0] == 3


def test_a_static_picture_stands_in_where_no_front_end_runs(skin):
    bundle = skin._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert bundle["text/html"] == skin.picture.html()
    assert bundle["text/plain"] == skin.picture.alt


@pytest.fixture(scope="module")
def slider(bench):
    return widgets.SparsitySlider(models.build("cnn", bench), bench)


def test_the_sparsity_slider_says_share_sparsity_and_parameters_kept(slider):
    slider.controls["share"].value = 0.5
    assert "50% of filters (96 of 192 kept): sparsity 0.5" in slider._readout.value
    assert "parameters kept, accuracy" in slider._readout.value


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_sparsity_slider_draws_over_its_whole_range(slider, scope):
    slider.controls["scope"].value = scope
    for share in torch.linspace(0, 0.95, 20).tolist():
        slider.controls["share"].value = share
        assert slider.error is None
        assert slider.picture.alt


def test_the_schedule_slider_draws_over_its_whole_range():
    schedule = widgets.ScheduleSlider()
    for rounds in (1, 2, 20):
        for exponent in (1, 3, 5):
            schedule.controls["rounds"].value, schedule.controls["exponent"].value = rounds, exponent
            assert schedule.error is None
            assert f"after {rounds} rounds" in schedule._readout.value


@pytest.mark.parametrize("rule", ["fixed", "variable"])
def test_the_threshold_slider_draws_over_its_whole_range(bench, rule):
    slider = widgets.ThresholdSlider(models.build("cnn", bench), bench)
    slider.controls["rule"].value = rule
    moved = slider.controls["threshold" if rule == "fixed" else "deviations"]
    said = set()
    for value in torch.linspace(moved.min, moved.max, 9).tolist():
        moved.value = value
        assert slider.error is None
        said.add(slider._readout.value)
    assert len(said) == 9
    for layer in slider.controls["layer"].options:
        slider.controls["layer"].value = layer
        assert f"Drawn large: {layer}" in slider.picture.alt


def test_the_calibration_slider_draws_over_its_whole_range(bench):
    slider = widgets.CalibrationSlider(models.build("cnn", bench), bench, "dense")
    for images in range(11):
        slider.controls["images"].value = images
        assert slider.error is None
        assert f"{min(2**images, len(bench.train) // 2)} images in each set" in slider._readout.value


def test_the_index_slider_draws_over_its_whole_range_and_refuses_p_above_q():
    slider = widgets.IndexSlider()
    for shape in (0, 0.25, 3, 6):
        for p, q in ((0.1, 0.2), (0.5, 1), (1.9, 4)):
            for name, value in {"q": 4, "p": p, "shape": shape}.items():  # q first: at no moment is p above it
                slider.controls[name].value = value
            slider.controls["q"].value = q
            assert slider.error is None
            assert f"p = {p:g}, q = {q:g}, shape {shape:g}: PQ index" in slider.picture.alt
    slider.controls["p"].value, slider.controls["q"].value = 2, 1
    assert "the index needs p &lt; q" in slider._readout.value


def test_the_survivor_slider_leaves_the_zeros_out():
    weights = torch.randn(1000, generator=torch.Generator().manual_seed(0))
    slider = widgets.SurvivorSlider(weights)
    for share in torch.linspace(0, 0.95, 20).tolist():
        slider.controls["share"].value = share
        assert slider.error is None
    slider.controls["share"].value = 0.5
    kept = weights.abs().sort().values[500:]
    assert f"index of the survivors {pq_index(kept):.3f}, with the zeros counted" in slider._readout.value


def test_controls_have_labels_and_readable_values(slider):
    for skin in (slider, widgets.ScheduleSlider()):
        for control in skin.controls.values():
            assert control.description
            assert control.style.description_width == "initial"
