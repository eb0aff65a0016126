"""Sliders: the last position wins, errors are said, and a picture stands in where no front end runs."""

from __future__ import annotations

import asyncio
import re

import ipywidgets
import pandas
import pytest
import torch

from course_lib import models, train
from course_lib.errors import CourseError
from course_lib.pruning import pq_index
from course_lib.teaching import figures, widgets
from course_lib.teaching.figures.shipping import Way
from course_lib.teaching.widgets import frontier
from course_lib.words import number_of


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
        for _ in range(100):  # a busy machine takes its time to draw
            await asyncio.sleep(0.1)
            if skin.drawn[-1][1]:
                break

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


def test_the_sparsity_slider_shows_the_network_with_nothing_gone_beside_its_first_position(bench):
    model = models.build("cnn", bench)
    (visited,) = widgets.SparsitySlider(model, bench).picture.axes[0].lines[:1]
    assert visited.get_xydata().tolist() == [[0.0, train.evaluate(model, bench)]]


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
            assert f"after {number_of(rounds, 'round')}" in schedule._readout.value


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
    slider = widgets.CalibrationSlider(models.build("cnn", bench), bench, "hidden")
    for images in range(11):
        slider.controls["images"].value = images
        assert slider.error is None
        assert f"{min(2**images, len(bench.train) // 2)} images in each set" in slider._readout.value


def test_the_calibration_slider_leaves_out_what_never_speaks(bench):
    model = models.build("cnn", bench)
    with torch.no_grad():
        model.hidden.weight[:5] = 0
        model.hidden.bias[:5] = -1
    slider = widgets.CalibrationSlider(model, bench, "hidden")
    left = int(re.search(r"of (\d+) living units go", slider._readout.value)[1])
    out = int(re.search(r"(\d+) silent ones left out", slider.picture.alt)[1])
    assert out >= 5 and left + out == 512
    with pytest.raises(CourseError, match="layer 'fc' was given; the layers with units that can be pruned are conv1, "):
        widgets.CalibrationSlider(model, bench, "fc")


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


@pytest.mark.parametrize("rule", ["global", "layer", "lot"])
def test_the_weight_slider_draws_over_its_whole_range(bench, rule):
    weights = widgets.WeightSlider(models.build("cnn", bench), bench)
    weights.controls["rule"].value = rule
    for share in torch.linspace(0, 0.99, 12).tolist():
        weights.controls["share"].value = share
        assert weights.error is None
    assert weights.values == {"share": 0.99, "rule": rule}
    assert "99% of the weights gone" in weights._readout.value and "weights kept, sparsity 0.9" in weights._readout.value


def test_the_average_slider_tells_the_mean_over_the_layers_from_the_share_of_all(bench):
    averages = widgets.AverageSlider(models.build("cnn", bench))
    for convolutions in torch.linspace(0, 1, 6).tolist():
        for dense in torch.linspace(0, 1, 6).tolist():
            averages.controls["convolutions"].value, averages.controls["linear"].value = convolutions, dense
            assert averages.error is None
    assert "mean over the layers 1.000, share of all 889,834 parameters 0.999" in averages.picture.alt  # biases stay
    averages.controls["linear"].value = 0
    assert "conv4 36,864 of 36,864, hidden 0 of 819,200" in averages.picture.alt
    assert "mean over the layers 0.667, share of all 889,834 parameters 0.073" in averages._readout.value


@pytest.fixture(scope="module")
def points():
    """Twelve points of two methods: one keeps its MACs, the other does not."""
    columns = ["method", "sparsity", "kept_parameters", "macs", "val_accuracy", "test_accuracy"]
    sizes = (0.5, 0.8, 0.9, 0.95)
    weights = [("SAP", s, 1000 * (1 - s), 2000, 0.9 - 0.2 * s**4, 0.0) for s in sizes]
    units = [("L1", s, 1000 * (1 - s), 2000 * (1 - s), 0.88 - 0.4 * s**4, 0.0) for s in sizes]
    return pandas.DataFrame([("dense", 0.0, 1000, 2000, 0.9, 0.0), *weights, *units], columns=columns)


def test_the_preference_slider_picks_the_best_weighted_mean_over_its_whole_range(points):
    slider = widgets.PreferenceSlider(points)
    for weight in torch.linspace(0, 1, 21).tolist():
        for floor in (0.0, 0.6, 0.85, 1.0):
            slider.controls["weight"].value, slider.controls["floor"].value = weight, floor
            assert slider.error is None
            allowed = points[points["val_accuracy"] >= floor]
            if allowed.empty:
                assert "no point qualifies" in slider.picture.alt
                continue
            value = weight * allowed["val_accuracy"] + (1 - weight) * allowed["sparsity"]
            best = allowed.loc[value.idxmax()]
            assert f"{best['method']}, sparsity {best['sparsity']:.3f}, validation accuracy" in slider.picture.alt
    slider.controls["weight"].value, slider.controls["floor"].value = 1.0, 0.0
    assert ": dense, sparsity 0.000" in slider.picture.alt


@pytest.mark.parametrize("size", ["kept_parameters", "macs"])
def test_the_budget_slider_keeps_within_the_budget_over_its_whole_range(points, size):
    slider = widgets.BudgetSlider(points)
    assert [column for _, column in slider.controls["size"].options] == ["kept_parameters", "macs"]  # no bytes in the table
    slider.controls["size"].value = size
    for share in (0.01, 0.05, 0.1, 0.2, 0.5, 1.0):
        slider.controls["share"].value = share
        assert slider.error is None
        allowed = points[(points[size] <= share * points[size].max()) & (points["val_accuracy"] >= 0.6)]
        best = "no point qualifies" if allowed.empty else allowed.loc[allowed["val_accuracy"].idxmax(), "method"]
        assert f": {best}" in slider.picture.alt


def test_near_sliders_choose_the_same_and_show_the_neighbourhood_with_joined_rounds(points):
    def axis(slider):
        assert slider.error is None
        return slider.picture.axes[0]

    far, near = widgets.PreferenceSlider(points), widgets.PreferenceSlider(points, near=True)
    assert near.picture.alt == far.picture.alt
    assert axis(near).get_xlim()[0] > 0.4 > axis(far).get_xlim()[0]
    assert [text.get_text() for text in axis(near).texts if "at 0" in text.get_text()] == ["dense: 0.900\nat 0"]
    for slider, joined in ((far, False), (near, True)):
        (line,) = [line for line in axis(slider).lines if line.get_label() == "SAP"]
        assert (line.get_linestyle() != "None") == joined
    macs = widgets.BudgetSlider(points, "macs", near=True)
    (left, right), (budget,) = axis(macs).get_xlim(), [line for line in axis(macs).lines if line.get_label() == "budget"]
    assert left > right and budget.get_xdata()[0] == pytest.approx(100 * macs.values["share"])
    assert "L1, MACs 20.0 % of the largest, validation accuracy" in macs.picture.alt


@pytest.mark.parametrize("near", [False, True])
def test_the_floor_is_shaded_and_named_only_where_the_picture_reaches_it(points, near):
    slider = widgets.PreferenceSlider(points, near=near)
    for floor in (0.0, 0.2, 0.6, 0.85, 0.95):
        slider.controls["floor"].value = floor
        axis = slider.picture.axes[0]
        named = "below the floor" in [text.get_text() for text in axis.get_legend().get_texts()]
        assert named == bool(axis.patches) == (floor > axis.get_ylim()[0])


def test_masked_weights_win_no_budget_of_macs(points):
    assert frontier.affordable(points, "kept_parameters", 0.2, 0.6).chosen[0] == "SAP"
    assert frontier.affordable(points, "macs", 0.2, 0.6).chosen[0] == "L1"
    with pytest.raises(CourseError, match="size='grams' was given"):
        frontier.affordable(points, "grams", 0.2, 0.6)


def test_the_seeds_slider_is_less_often_wrong_with_more_seeds():
    groups = {"a": [0.70, 0.72, 0.74, 0.76], "b": [0.71, 0.73, 0.75, 0.77]}
    slider = widgets.SeedsSlider(groups)
    for seeds in range(1, 5):
        for draw in (0, 7, 30):
            slider.controls["seeds"].value, slider.controls["draw"].value = seeds, draw
            assert slider.error is None
            assert f"{seeds} seed" in slider.picture.alt
    assert ("a 0.730" in slider.picture.alt) and ("b 0.740" in slider.picture.alt)  # all four are drawn
    wrong = [frontier.drawn(groups, seeds, 0).wrong for seeds in range(1, 5)]
    assert abs(wrong[0] - 6 / 16) < 0.05  # of the 16 pairs in 6 a is the better one
    assert wrong[0] > wrong[2] and wrong[3] == 0
    with pytest.raises(CourseError, match="two of two seeds are expected"):
        widgets.SeedsSlider({"a": [0.7, 0.8]})


def test_the_format_slider_draws_over_its_whole_range():
    slider = widgets.FormatSlider()
    for value in (32, 16, 8, 4):
        for index in (32, 16, 8):
            for density in (0.0, 0.1, 0.97, 1.0):
                slider.controls["value"].value, slider.controls["index"].value = value, index
                slider.controls["density"].value = density
                assert slider.error is None
                assert f"density {density:.2f}, {value}-bit values, {index}-bit indices" in slider.picture.alt
    slider.controls["value"].value, slider.controls["index"].value = 4, 8
    assert "bitmap below 0.750, indices below 0.333" in slider._readout.value


def test_the_timing_slider_counts_what_it_says():
    times = {"dense": [9.0, 1.0, 2.0, 3.0, 10.0, 2.0], "masked": [2.0] * 6}
    slider = widgets.TimingSlider(times)
    assert "dense: median 9.000 ms, mean 9.000 ms; masked: median 2.000" in slider._readout.value
    slider.controls["warmup"].value, slider.controls["runs"].value = 1, 5
    assert "1 call of warm-up, then 5 counted; dense: median 2.000 ms, mean 3.600 ms" in slider._readout.value
    for warmup in range(slider.controls["warmup"].max + 1):
        for runs in range(1, slider.controls["runs"].max + 1):
            slider.controls["warmup"].value, slider.controls["runs"].value = warmup, runs
            assert slider.error is None
            assert f"{min(runs, 6 - warmup)} counted" in slider._readout.value


def test_the_layer_budget_slider_draws_over_its_whole_range(bench):
    slider = widgets.LayerBudgetSlider(models.build("cnn", bench), bench)
    assert "parameters kept 0.101, OVER the budget of 0.10" in slider._readout.value  # biases are parameters as well
    for unit in ("parameters", "MACs"):
        slider.controls["unit"].value = unit
        for share in (0.0, 0.5, slider.controls["hidden"].max):
            for layer in ("conv1", "hidden", "head"):
                slider.controls[layer].value = share
            assert slider.error is None
            assert f"hidden {share:.2f}" in slider.picture.alt
    for allowed in (slider.controls["budget"].min, slider.controls["budget"].max):
        slider.controls["budget"].value = allowed
        assert f"the budget of {allowed:.2f}" in slider._readout.value


@pytest.fixture(scope="module")
def uneven():
    drawn = torch.Generator().manual_seed(0)
    return {"a": torch.randn(12, 40, generator=drawn) ** 3, "head": torch.randn(5, 12, generator=drawn)}


def test_the_sap_explorer_draws_over_its_whole_range_and_refuses_p_above_q(uneven):
    slider = widgets.SAPExplorer(uneven)
    assert (slider.values["p"], slider.values["q"]) == (1, 2)  # the pair that the lesson uses
    assert "round 1, scope layer: a index" in slider._readout.value
    for scope in ("neuron", "layer", "global"):
        slider.controls["scope"].value = scope
        for name in ("q", "p", "eta", "gamma", "beta", "round"):
            control = slider.controls[name]
            for value in (control.min, control.max, slider._start[name]):
                wanted = slider.values | {name: value}
                if wanted["p"] >= wanted["q"]:
                    continue
                control.value = value
                assert slider.error is None
                assert f"scope {scope}" in slider.picture.alt
    slider.controls["p"].value = 2
    assert "the index needs p &lt; q" in slider._readout.value


def test_the_bound_slider_draws_over_its_whole_range(uneven):
    slider = widgets.BoundSlider(uneven)
    for name in uneven:
        for norms in ((0.5, 1.0), (1.0, 2.0)):
            for eta in (0, 0.05, 2):
                slider.controls["weights"].value, slider.controls["norms"].value = name, norms
                slider.controls["eta"].value = eta
                assert slider.error is None
                assert slider.picture.alt.startswith(f"{name}, p = {norms[0]:g}")


def test_the_round_slider_goes_through_every_round(uneven):
    w = uneven["a"].flatten()
    path = [(w, 0.3, 0.8), (w[:3], 0.1, 0.5), (w[:0], 0.0, 0.1)]
    slider = widgets.RoundSlider({"long": path, "short": path[:2]}, "a")
    said = []
    for number in range(3):
        slider.controls["round"].value = number
        assert slider.error is None
        said.append(slider._readout.value)
    assert "long: 480 survivors, index 0.300, accuracy 0.800" in said[0]
    assert "long: 0 survivors" in said[2] and "short: 3 survivors" in said[2]


def test_controls_have_labels_and_readable_values(slider):
    for skin in (slider, widgets.ScheduleSlider()):
        for control in skin.controls.values():
            assert control.description
            assert control.style.description_width == "100%"  # above the control


def test_the_sliders_of_lesson_07_draw_over_their_whole_range():
    measured = {"MACs": [(0.0, 1.0), (0.5, 0.25), (0.9, 0.02)], "time": [(0.0, 1.0), (0.9, 0.3)]}
    share = widgets.ShareSlider(measured)
    for value in torch.linspace(0, 0.9, 10).tolist():
        share.controls["share"].value = value
        assert share.error is None and f"(1 - p)² is {(1 - share.values['share']) ** 2:.2f}" in share._readout.value
    ways = [Way("dense", 3_600_000, 0.9, {1: 1.0, 64: 40.0}), Way("small", 60_000, 0.8, {1: 0.2, 64: 9.0})]
    ship = widgets.ShipSlider(ways)
    for limit in (32, 64, 256, 4096):
        for batch in (1, 64):
            ship.controls["limit"].value, ship.controls["batch"].value = limit, batch
            assert ship.error is None
            within = [way.how for way in ways if way.bytes <= limit * 1024]
            assert f"within {limit:,} KB: {'; '.join(within) or 'none'}" in ship._readout.value
