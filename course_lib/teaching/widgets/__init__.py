"""Sliders: thin skins over pure functions. What is shown is a `Picture`; what it shows is decided elsewhere."""

from course_lib.teaching.widgets.activations import CalibrationSlider, ThresholdSlider
from course_lib.teaching.widgets.filters import ScheduleSlider, SparsitySlider
from course_lib.teaching.widgets.index import IndexSlider, SurvivorSlider
from course_lib.teaching.widgets.skin import Skin

__all__ = [
    "CalibrationSlider",
    "IndexSlider",
    "ScheduleSlider",
    "Skin",
    "SparsitySlider",
    "SurvivorSlider",
    "ThresholdSlider",
]
