"""Lesson 05, SAP (Diao et al. 2023): from the index to a bound to an amount, and the loop around it."""

ORDER = (
    "retain_bound",
    "normal_share",
    "sap_amount",
    "sap_group",
    "sap_round",
    "rule_order",
    "filters_gone",
    "rewind",
    "sap_loop",
    "sap_bugs",
)
