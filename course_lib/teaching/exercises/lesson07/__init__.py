"""Lesson 07, slim and ship: what students write when a network is cut, and how that goes wrong."""

ORDER = (
    "slice_conv_pair",
    "same_logits",
    "halved",
    "time_share",
    "lags_most",
    "fold_constant_unit",
    "shipping_bugs",
    "round_widths",
    "two_of_four",
)
