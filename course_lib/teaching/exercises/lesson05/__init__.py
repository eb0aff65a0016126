"""Lesson 05, SAP (Diao et al. 2023): from the index to a bound to an amount, and the loop around it."""

ORDER = (
    "retain_bound",
    "normal_share",
    "sap_amount",
    "sap_group",
    "sap_round",
    "rewind",
    "sap_loop",
    "rule_order",
    "sap_bugs",
    "filters_gone",
)
