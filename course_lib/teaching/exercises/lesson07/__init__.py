"""Lesson 07, slim and ship: what students write when a network is cut, and how that goes wrong."""

ORDER = (
    "slice_conv_pair",
    "same_logits",
    "halved",
    "time_share",
    "lags_most",
    "round_widths",
    "fold_constant_unit",
    "two_of_four",
    "shipping_bugs",
)
