"""Lesson 05, SAP (Diao et al. 2023): from the index to a bound to an amount, and the loop around it."""

ORDER = (
    "retain_bound",
    "normal_share",
    "sap_amount",
    "sap_round",
    "rewind",
    "sap_loop",
    "filters_gone",
    "sap_bugs",
)
