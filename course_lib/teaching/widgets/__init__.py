"""Sliders: thin skins over pure functions. What is shown is a `Picture`; what it shows is decided elsewhere."""

from course_lib.teaching.widgets.activations import CalibrationSlider, ThresholdSlider
from course_lib.teaching.widgets.filters import ScheduleSlider, SparsitySlider
from course_lib.teaching.widgets.frontier import BudgetSlider, PreferenceSlider, SeedsSlider
from course_lib.teaching.widgets.index import IndexSlider, SurvivorSlider
from course_lib.teaching.widgets.measuring import FormatSlider, LayerBudgetSlider, TimingSlider
from course_lib.teaching.widgets.sap import BoundSlider, RoundSlider, SAPExplorer
from course_lib.teaching.widgets.shipping import ShareSlider, ShipSlider
from course_lib.teaching.widgets.skin import Skin
from course_lib.teaching.widgets.start import AverageSlider, WeightSlider

__all__ = [
    "AverageSlider",
    "BoundSlider",
    "BudgetSlider",
    "CalibrationSlider",
    "FormatSlider",
    "IndexSlider",
    "LayerBudgetSlider",
    "PreferenceSlider",
    "RoundSlider",
    "SAPExplorer",
    "ScheduleSlider",
    "SeedsSlider",
    "ShareSlider",
    "ShipSlider",
    "Skin",
    "SparsitySlider",
    "SurvivorSlider",
    "ThresholdSlider",
    "TimingSlider",
    "WeightSlider",
]
