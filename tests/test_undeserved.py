"""Points that nobody earned: results of another kind, answers read off what the grader sends, tables of few inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from course_lib.teaching import exercises
from course_lib.teaching.checks import judge
from course_lib.teaching.exercises import Exercise

CODE = [exercise for exercise in exercises.everything() if isinstance(exercise, Exercise)]


def complex_tensor(tensor):
    return torch.complex(tensor.double(), torch.full_like(tensor, 7, dtype=torch.float64))


def sparse(tensor):
    return tensor.to_sparse()


def quantised(tensor):
    return torch.quantize_per_tensor(tensor.float(), 0.1, 0, torch.qint8)


STRANGE = {
    "complex": (complex_tensor, lambda number: complex(number, 7)),
    "complex of NumPy": (lambda tensor: complex_tensor(tensor).numpy(), lambda number: np.complex128(complex(number, 7))),
    "complex, wrapped": (complex_tensor, lambda number: torch.complex(torch.tensor(float(number)), torch.tensor(7.0))),
    "sparse": (sparse, lambda number: torch.tensor([float(number) or 1.0]).to_sparse()),
    "quantised": (quantised, lambda number: quantised(torch.tensor([float(number)]))),
}


def turned(value, kind):
    """Return a result in which every number and tensor of numbers is of another kind."""
    tensor, number = STRANGE[kind]
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, (list, tuple)):
        return type(value)(turned(entry, kind) for entry in value)
    if isinstance(value, range):
        return [number(entry) for entry in value]
    if isinstance(value, dict):
        return {key: turned(entry, kind) for key, entry in value.items()}
    return value


@pytest.mark.parametrize("kind", STRANGE)
@pytest.mark.parametrize("exercise", CODE, ids=lambda exercise: f"{exercise.lesson}-{exercise.name}")
def test_a_complex_sparse_or_quantised_result_is_wrong_where_a_real_one_is_due(exercise, kind):
    changed = []

    def answer(*inputs):
        output = exercise.reference(*inputs)
        result = turned(output, kind)
        changed.append(result is not output)
        return result

    verdict = judge(exercise.lesson, exercise.name, answer, 1)
    assert not any(changed) or verdict.points == 0, verdict
