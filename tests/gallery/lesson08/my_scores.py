"""Answers to `my_scores`: any finite number for each weight is right; whether it is good, the board says."""

import torch


def per_row(weights):
    return {n: w.abs().sum(1, keepdim=True) for n, w in weights.items()}


def per_row_flat(weights):
    return {n: w.norm(dim=1) for n, w in weights.items()}


def mask_of_mine(weights):
    return {n: w.abs() > 0.1 for n, w in weights.items()}


def shared_out(weights):
    return {n: w.abs() / w.abs().sum(1, keepdim=True) for n, w in weights.items()}


def logarithm(weights):
    return {n: w.abs().log() for n, w in weights.items()}


def one_layer_scored(weights):
    name = next(iter(weights))
    return {name: weights[name].abs()}


def in_a_list(weights):
    return [w.abs() for w in weights.values()]


def absolute_in_place(weights):
    return {n: w.abs_() for n, w in weights.items()}


def whole_numbers(weights):
    return {n: (100 * w.abs()).long() for n, w in weights.items()}


def no_scores(weights):
    weights = {n: w.abs() for n, w in weights.items()}


def right_magnitude(weights):
    return {n: w.abs() for n, w in weights.items()}


def right_own_scale(weights):
    return {n: w.abs() / (w.abs().mean() + 1e-12) for n, w in weights.items()}


def right_rows(weights):
    return {n: w.abs() * w.norm(dim=1, keepdim=True) for n, w in weights.items()}


def right_seeded_lottery(weights):
    rng = torch.Generator().manual_seed(0)
    return {n: torch.rand(w.shape, generator=rng) for n, w in weights.items()}


def right_largest_first(weights):
    return {n: -w.abs() for n, w in weights.items()}


WRONG = {
    "one column": (per_row, "one score per neuron"),
    "one number per neuron": (per_row_flat, "one score per neuron"),
    "a mask": (mask_of_mine, "masks instead of scores"),
    "share of its row": (shared_out, "division by zero"),
    "logarithm": (logarithm, "nothing for zeros"),
    "one layer": (one_layer_scored, ""),
    "a list": (in_a_list, ""),
    "in place": (absolute_in_place, "mutated input"),
    "whole numbers": (whole_numbers, ""),
    "nothing returned": (no_scores, "hard-coded result"),
}
RIGHT = {
    "magnitude": right_magnitude,
    "each layer on its own scale": right_own_scale,
    "strong neurons": right_rows,
    "seeded lottery": right_seeded_lottery,
    "largest first": right_largest_first,
}
