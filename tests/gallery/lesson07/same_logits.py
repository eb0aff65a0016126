"""Answers to `same_logits` as students write them."""

from __future__ import annotations

import numpy as np
import torch


def outputs(model, other, x):
    with torch.no_grad():
        return model.eval()(x), other.eval()(x)


def same_training(model, other, x, tolerance=1e-4):
    a, b = model(x), other(x)
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance * a.std())


def same_one_in_training(model, other, x, tolerance=1e-4):
    a, b = model.eval()(x), other(x)
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance * a.std())


def same_classes(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and torch.equal(a.argmax(1), b.argmax(1))


def same_bits(model, other, x, tolerance=1e-4):
    return torch.equal(*outputs(model, other, x))


def same_absolute(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance)


def same_allclose(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and torch.allclose(a, b, atol=tolerance)


def same_signed(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and bool((a - b).max() <= tolerance * a.std())


def same_mean(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and bool((a - b).abs().mean() <= tolerance * a.std())


def same_by_size(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance * a.abs().max())


def same_fixed_tolerance(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return a.shape == b.shape and bool((a - b).abs().max() <= 1e-4 * a.std())


def same_broadcast(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return bool((a - b).abs().max() <= tolerance * a.std())


def same_nan_passes(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    differs = a.shape != b.shape or (a - b).abs().max() > tolerance * a.std()
    return not bool(differs)


def same_turned(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return not (a.shape == b.shape and bool((a - b).abs().max() <= tolerance * a.std()))


def same_number(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    return float((a - b).abs().max() / a.std())


def same_first_image(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x[:1])
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance * a.std())


def same_always(model, other, x, tolerance=1e-4):
    return True


def same_no_return(model, other, x, tolerance=1e-4):
    a, b = outputs(model, other, x)
    _ = (a - b).abs().max() <= tolerance * a.std()


def right_same_early(model, other, x, tolerance=1e-4):
    model.eval(), other.eval()
    with torch.inference_mode():
        ours, theirs = model(x), other(x)
    if ours.shape != theirs.shape:
        return False
    return ((ours - theirs).abs() / ours.std()).max().item() <= tolerance


def right_same_numpy(model, other, x, tolerance=1e-4):
    ours, theirs = (net.eval()(x).detach().numpy() for net in (model, other))
    return ours.shape == theirs.shape and np.abs(ours - theirs).max() <= tolerance * ours.std(ddof=1)


def right_same_allclose(model, other, x, tolerance=1e-4):
    ours, theirs = outputs(model, other, x)
    if ours.shape != theirs.shape or not ours.isfinite().all():
        return False
    return torch.allclose(ours, theirs, rtol=0, atol=tolerance * float(ours.std()))


WRONG = {
    "no eval": (same_training, "training mode"),
    "eval of one": (same_one_in_training, ""),
    "the same classes": (same_classes, "the same classes"),
    "to the bit": (same_bits, "equal to the bit"),
    "absolute": (same_absolute, "no measure"),
    "allclose": (same_allclose, "no measure"),
    "no abs": (same_signed, "signs kept"),
    "the mean": (same_mean, "mean for largest"),
    "by the largest logit": (same_by_size, "size for spread"),
    "tolerance typed in": (same_fixed_tolerance, "tolerance not used"),
    "shapes not compared": (same_broadcast, "another shape"),
    "not larger than": (same_nan_passes, "NaN passes"),
    "turned round": (same_turned, "the other way round"),
    "the difference itself": (same_number, ""),
    "one image": (same_first_image, ""),
    "always": (same_always, "hard-coded result"),
    "no return": (same_no_return, ""),
}
RIGHT = {"by division": right_same_early, "with NumPy": right_same_numpy, "allclose by the spread": right_same_allclose}
