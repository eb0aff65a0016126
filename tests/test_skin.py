"""What a student touches: one layout for all sliders, words where something is not possible, a picture on the second day."""

from __future__ import annotations

import asyncio
import base64
import html
import io
import re
import threading

import ipywidgets
import numpy as np
import pandas
import pytest
import torch
from PIL import Image

from course_lib import models
from course_lib.errors import CourseError
from course_lib.teaching import figures, widgets
from course_lib.teaching.figures.picture import DPI, WIDTH
from course_lib.teaching.widgets import page, skin


def drawing(values, rested):
    if values["x"] > 90:
        raise CourseError("x = 91 was given; it is <at> most 90.")
    return figures.lines({"y": ([0, 1], [0.0, float(values["x"])])}, "x", "y"), f"x is {values['x']}"


@pytest.fixture
def slider():
    return widgets.Skin({"x": ipywidgets.IntSlider(value=3, min=0, max=100, description="x")}, drawing)


@pytest.fixture
def outputs(monkeypatch):
    """The outputs of a cell, as a saved notebook has them."""
    kept = {}

    def display(bundle, raw, display_id=None, update=False):
        assert raw
        kept[display_id or f"output {len(kept)}"] = bundle

    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr("IPython.core.display_functions.display", display)
    return kept


@pytest.fixture(scope="module")
def all_sliders(bench):
    model, w = models.build("mlp", bench), {"a": torch.randn(12, 40), "head": torch.randn(5, 12)}
    groups, path = {"a": [0.1, 0.2], "b": [0.3, 0.4]}, [(w["head"].flatten(), 0.3, 0.8)] * 2
    table = pandas.DataFrame(
        [("dense", 0.0, 1000, 2000, 0.9, 0.9), ("L1", 0.5, 500, 900, 0.8, 0.8)],
        columns=["method", "sparsity", "kept_parameters", "macs", "val_accuracy", "test_accuracy"],
    )
    return [
        widgets.IndexSlider(), widgets.SurvivorSlider(w["a"]), widgets.SAPExplorer(w), widgets.BoundSlider(w),
        widgets.FormatSlider(), widgets.ScheduleSlider(), widgets.TimingSlider({"a": [1.0, 2.0, 3.0]}),
        widgets.ThresholdSlider(model, bench), widgets.CalibrationSlider(model, bench, "hidden1"),
        widgets.PreferenceSlider(table), widgets.BudgetSlider(table), widgets.SeedsSlider(groups),
        widgets.RoundSlider({"a": path, "b": path}, "head"),
        widgets.AverageSlider(models.build("cnn", bench)),
    ]  # fmt: skip


def test_all_controls_have_one_layout_a_name_and_a_value_that_can_be_read(all_sliders):
    for made in all_sliders:
        for name, control in made.controls.items():
            where = f"{type(made).__name__}.{name}"
            assert control.description, where
            assert control.style.description_width == "100%" and control.layout.flex_flow == "row wrap", where
            assert control.layout.overflow == "visible" and control.layout.max_width == "100%", where
            if not isinstance(control, ipywidgets.ToggleButtons):
                assert control.layout.width == skin.WIDTH, where
            if isinstance(control, (ipywidgets.IntSlider, ipywidgets.FloatSlider, ipywidgets.FloatLogSlider)):
                assert control.readout, where
                assert not control.readout_format.endswith("e"), where
        bar = made.children[0]
        assert [type(child).__name__ for child in bar.children][-1] == "Button" and bar.layout.flex_flow == "row wrap"


def test_shares_are_said_in_percent_by_every_slider(all_sliders):
    """What is neither a share nor meant as one: norms, counts, thresholds on activations, an accuracy, SAP's own symbols."""
    plain = {"p", "q", "eta", "gamma", "beta", "shape", "exponent", "threshold", "deviations", "floor"}
    for made in all_sliders:
        for name, control in made.controls.items():
            if isinstance(control, (ipywidgets.FloatSlider, ipywidgets.FloatLogSlider)) and name not in plain:
                assert control.readout_format.endswith("%"), f"{type(made).__name__}.{name}"


def test_controls_that_do_nothing_now_are_disabled(bench):
    threshold = widgets.ThresholdSlider(models.build("mlp", bench), bench)
    assert threshold.controls["deviations"].disabled and not threshold.controls["threshold"].disabled
    threshold.controls["rule"].value = "variable"
    assert threshold.controls["threshold"].disabled and not threshold.controls["deviations"].disabled
    seeds = widgets.SeedsSlider({"a": [0.1, 0.2], "b": [0.3, 0.4]})
    assert seeds.controls["draw"].disabled  # both seeds are drawn, whatever the draw
    seeds.controls["seeds"].value = 1
    assert not seeds.controls["draw"].disabled
    schedule = widgets.ScheduleSlider()
    schedule.controls["rounds"].value = 1
    assert schedule.controls["exponent"].disabled


def test_a_position_that_cannot_be_is_said_in_words_over_a_grey_picture(slider):
    before = slider._image.value
    slider.controls["x"].value = 91
    assert "x = 91 was given; it is &lt;at&gt; most 90." in slider._readout.value
    assert "CourseError" not in slider._readout.value and "<b>Error</b>" not in slider._readout.value
    assert slider._image.value == before and "course-stale" in slider._image._dom_classes
    slider.controls["x"].value = 5
    assert "course-stale" not in slider._image._dom_classes


def test_a_saved_slider_is_a_picture_and_a_sentence_and_nothing_else_that_needs_a_kernel(slider, outputs):
    slider._ipython_display_()
    view, still = outputs.values()
    assert set(view) == {skin.VIEW, "text/plain"} and view["text/plain"] == page.RUN
    assert set(still) == {"text/html", "text/plain"}
    assert "<img" in still["text/html"] and html.escape(page.RUN) in still["text/html"]
    assert f"<div>{slider._readout.value}</div>" in still["text/html"]
    assert still["text/plain"] == slider.picture.alt


def test_the_saved_picture_is_that_of_the_last_position_at_which_it_rested(slider, outputs, monkeypatch):
    monkeypatch.setattr(skin, "REST", 0.05)
    slider._ipython_display_()

    async def drag():
        for value in range(20, 41):
            slider.controls["x"].value = value
        for _ in range(200):  # a busy machine takes its time to draw
            await asyncio.sleep(0.05)
            if "40" in list(outputs.values())[1]["text/plain"]:
                break

    asyncio.run(drag())
    assert len(outputs) == 2
    still = page.still(slider.picture.html(), slider._readout.value)
    assert list(outputs.values())[1] == {"text/html": still, "text/plain": slider.picture.alt}


def shown(picture, sharp=True):
    """The size in pixels of the page, and the image."""
    text = picture.html(sharp)
    size = tuple(map(int, re.search(r'<img width="(\d+)" height="(\d+)"', text).groups()))
    return size, Image.open(io.BytesIO(base64.b64decode(re.search(r"base64,([^\"]+)", text)[1])))


def test_a_resting_picture_has_two_dots_a_pixel_and_a_moving_one_one():
    picture = figures.score_bars(torch.tensor([3.0, 1.0]), torch.tensor([True, False]))
    size, image = shown(picture)
    assert image.size == (2 * size[0], 2 * size[1])
    assert image.info["Description"] == picture.alt
    assert shown(picture, sharp=False)[1].size == size


def test_no_picture_is_wider_than_the_page(bench):
    layers = {f"layer{n}": (n, 20) for n in range(30)}
    for picture in (
        figures.rounds_board(figures.sap.RoundsState(0, "x", {n: (np.ones(3), 0.1, 0.5) for n in "abcd"})),
        figures.amount_bars({"one": layers}),
        figures.unit_counts({"one": layers}),
        figures.kernels(torch.ones(30, 1, 3, 3)),
    ):
        assert shown(picture)[0][0] <= WIDTH * DPI


def luminance(colour):
    from matplotlib.colors import to_rgb

    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def test_words_on_white_can_be_read(bench):
    from matplotlib.text import Text

    state = figures.sap.RoundsState(0, "x", {"a": (np.ones(3), 0.1, 0.5)})
    for picture in (
        figures.rounds_board(state),
        figures.flatten_map(3, 2, 2, [1]),
        figures.question(),
        widgets.WeightSlider(models.build("mlp", bench), bench).picture,
        figures.kinds({"a": {"SAP": [(0.5, 0.8)], "lots": [(0.5, 0.7)]}}, pale=["lots"]),
    ):
        for text in picture.findobj(Text):
            if text.get_text() and text.get_color() != "white":
                assert 1.05 / (luminance(text.get_color()) + 0.05) >= 4.5, text


def test_a_tile_has_no_axis_around_it(bench):
    masks = {"a": torch.tensor([[True, False]])}
    for picture in (
        figures.sample(bench.train.images[:2], ("coat", "bag")),
        figures.mask_cells(masks),
        figures.kernels(torch.ones(2, 2, 3, 3)),
    ):
        for axis in picture.axes:
            if axis.images:
                assert not any(spine.get_visible() for spine in axis.spines.values())


def test_the_build_keeps_the_still_picture_of_a_slider_and_nothing_that_runs(slider, outputs):
    from nbformat.v4 import new_output

    from course_lib.authoring.notebooks import _cleaned

    slider._ipython_display_()
    view, still = (new_output("display_data", dict(bundle)) for bundle in outputs.values())
    assert _cleaned(view) is None
    kept = _cleaned(still)["data"]["text/html"]
    assert "<img" in kept and "Run All Above" in kept and "<script" not in kept and "<style" not in kept


def test_two_threads_that_move_one_slider_draw_one_after_the_other(slider):
    drawing, most, now = slider.draw, [], []

    def slow(values, rested):
        now.append(1)
        most.append(len(now))
        threading.Event().wait(0.02)
        now.pop()
        return drawing(values, rested)

    slider.draw = slow
    threads = [threading.Thread(target=slider._show, args=(True,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1, 1, 1]
