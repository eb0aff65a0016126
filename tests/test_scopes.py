"""Which entries go: exact counts, ties, floors, caps, histories and scopes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.utils.prune as torch_prune
from hypothesis import given
from hypothesis import strategies as st

from course_lib.axes import amounts
from course_lib.axes.amounts import share
from course_lib.axes.pqindex import AllZeroError, pq_index
from course_lib.axes.scopes import ONLY_ZEROS, Candidates, decide
from course_lib.axes.selection import SAMPLE, kth_lowest, lowest
from course_lib.errors import CourseError, check_share

few = st.lists(st.integers(-2, 2), min_size=1, max_size=40).map(lambda w: torch.tensor(w, dtype=torch.float32))


def take(count):
    return lambda scores, size, progress: count


def layer(name, scores, alive=None, outputs=1):
    epochs = scores if isinstance(scores[0], list) else [scores]
    epochs = [torch.tensor(epoch, dtype=torch.float32) for epoch in epochs]
    alive = torch.ones(len(epochs[0]), dtype=torch.bool) if alive is None else torch.tensor(alive, dtype=torch.bool)
    return Candidates(name, epochs, alive, outputs)


def where(mask):
    return mask.nonzero().flatten().tolist()


@given(few, st.data())
def test_lowest_takes_the_first_of_a_stable_sort(scores, data):
    count = data.draw(st.integers(0, len(scores)))
    expected = scores.argsort(stable=True)[:count].sort().values.tolist()
    assert where(lowest(scores, count)) == expected


@given(few, st.data())
def test_lowest_takes_only_what_is_allowed_and_exactly_so_many(scores, data):
    allowed = torch.tensor(data.draw(st.lists(st.booleans(), min_size=len(scores), max_size=len(scores))))
    count = data.draw(st.integers(0, int(allowed.sum())))
    candidates = allowed.nonzero().flatten()
    expected = candidates[scores[candidates].argsort(stable=True)[:count]].sort().values.tolist()
    assert where(lowest(scores, count, allowed)) == expected


def test_lowest_ignores_what_stands_where_nothing_is_allowed():
    scores = torch.tensor([float("nan"), 3.0, -float("inf"), 1.0])
    assert where(lowest(scores, 1, torch.tensor([False, True, False, True]))) == [3]


LARGE = 8 * SAMPLE + 5
MANY = {
    "drawn": lambda rng: torch.randn(LARGE, generator=rng),
    "in order": lambda rng: torch.arange(LARGE, dtype=torch.float64),
    "equal": lambda rng: torch.ones(LARGE),
    "of five values": lambda rng: torch.randint(0, 5, (LARGE,), generator=rng).double(),
    "some infinite": lambda rng: torch.randn(LARGE, generator=rng).masked_fill(torch.arange(LARGE) % 3 == 0, torch.inf),
    "where every eighth is no sample of the others": lambda rng: torch.where(
        torch.arange(LARGE) % 8 == 0, 100.0, torch.randn(LARGE, generator=rng)
    ),
}


@pytest.mark.parametrize("make", MANY.values(), ids=MANY)
def test_a_cut_among_many_lies_where_a_sort_has_it(make):
    scores = make(torch.Generator().manual_seed(0))
    ordered = scores.sort().values
    for k in (1, 2, LARGE // 100, LARGE // 2, LARGE - 1, LARGE):
        assert kth_lowest(scores, k) == ordered[k - 1]


@pytest.mark.parametrize("count", [0, -3])
def test_lowest_of_none_or_fewer_is_none(count):
    assert not lowest(torch.tensor([1.0, 2.0]), count).any()


@pytest.mark.parametrize(("s", "n", "expected"), [(0, 7, 0), (1, 7, 7), (0.5, 5, 2), (0.5, 7, 4), (0.3, 10, 3)])
def test_a_share_is_rounded_as_torch_prune_rounds(s, n, expected):
    assert share(s, n) == expected == torch_prune._compute_nparams_toprune(float(s), n)


@pytest.mark.parametrize(("bad", "hint"), [(50, "for 50 percent give 0.5"), (1.5, "give 0.015"), (-0.1, "between 0 and 1")])
def test_a_percent_is_refused_with_the_share_to_give(bad, hint):
    with pytest.raises(CourseError, match=hint):
        check_share("sparsity", bad)


@pytest.mark.parametrize("bad", ["0.5", None, float("nan"), 1000])
def test_what_is_no_share_is_refused_by_name(bad):
    with pytest.raises(CourseError, match="cap="):
        check_share("cap", bad)


def test_layer_scope_ranks_each_layer_by_itself_and_global_scope_all_together():
    layers = [layer("a", [1, 2, 3, 4]), layer("b", [10, 20, 30, 40])]
    gone, seen = decide(layers, amounts.target(0.5))
    assert [where(g) for g in gone] == [[0, 1], [0, 1]]
    assert set(seen) == {"a", "b"} and seen["b"]["cut"] == 20
    gone, seen = decide(layers, amounts.target(0.5), "global")
    assert [where(g) for g in gone] == [[0, 1, 2, 3], []]
    assert set(seen) == {"all"} and seen["all"]["cut"] == 4 and seen["all"]["removed"] == 4


def test_neuron_scope_ranks_the_weights_of_each_output():
    gone, seen = decide([layer("a", [1, 2, 3, 30, 20, 10], outputs=2)], take(1), "neuron")
    assert where(gone[0]) == [0, 5]
    assert seen["a"]["survivors"] == 6 and seen["a"]["removed"] == 2 and seen["a"]["cut"] == 10
    mean = (pq_index(torch.tensor([1.0, 2, 3])) + pq_index(torch.tensor([30.0, 20, 10]))) / 2
    assert seen["a"]["index"] == pytest.approx(mean)


@pytest.mark.parametrize("scope", ["layer", "global"])
def test_only_survivors_are_counted_and_taken(scope):
    asked = []

    def amount(scores, size, progress):
        asked.append((scores.tolist(), size, progress))
        return 1

    gone, seen = decide([layer("a", [0, 5, 1, 9], alive=[0, 1, 0, 1])], amount, scope, progress=0.25)
    assert asked == [([5.0, 9.0], 4, 0.25)]
    assert where(gone[0]) == [1]
    assert next(iter(seen.values()))["survivors"] == 2


@given(few, st.integers(0, 45), st.integers(0, 45))
def test_the_floor_spares_the_highest_and_the_rest_goes_in_stable_order(scores, count, floor):
    layers = [Candidates("a", [scores], torch.ones(len(scores), dtype=torch.bool))]
    gone, _ = decide(layers, take(count), min_per_layer=floor)
    expected = scores.argsort(stable=True)[: min(count, max(0, len(scores) - floor))]
    assert where(gone[0]) == expected.sort().values.tolist()


def test_the_floor_holds_in_every_layer_under_global_scope():
    gone, _ = decide([layer("a", [1, 2, 3]), layer("b", [10, 20, 30])], take(5), "global", min_per_layer=2)
    assert [where(g) for g in gone] == [[0], [0]]


@given(few, st.floats(0, 1), st.integers(0, 45))
def test_the_cap_bounds_the_share_of_the_survivors_that_goes(scores, cap, count):
    gone, seen = decide([Candidates("a", [scores], torch.ones(len(scores), dtype=torch.bool))], take(count), cap=cap)
    expected = scores.argsort(stable=True)[: min(count, int(cap * len(scores) + 1e-9))]
    assert where(gone[0]) == expected.sort().values.tolist()
    assert (seen["a"]["note"] == "capped") == (min(count, len(scores)) > len(expected))


def test_a_history_takes_what_is_low_in_each_epoch():
    gone, _ = decide([layer("a", [[1, 2, 9, 9], [9, 1, 2, 9]])], take(2))
    assert where(gone[0]) == [1]
    gone, _ = decide([layer("a", [[1, 2, 9, 9], [9, 9, 1, 2]])], take(2))
    assert where(gone[0]) == []


def test_a_history_counts_anew_in_each_epoch():
    gone, _ = decide([layer("a", [[0.1, 0.1, 0.1, 9], [0.1, 9, 0.1, 9]])], amounts.fixed(1.0))
    assert where(gone[0]) == [0, 2]


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_are_refused_with_the_layers_name(scope, bad):
    layers = [layer("fine", [1, 2]), layer("broken", [1, bad])]
    with pytest.raises(CourseError, match="broken"):
        decide(layers, take(1), scope)


def test_scores_of_what_is_gone_may_be_anything():
    gone, _ = decide([layer("a", [float("nan"), 2, 1], alive=[0, 1, 1])], take(1))
    assert where(gone[0]) == [2]


def test_a_group_of_zeros_is_skipped_and_noted_where_the_amount_is_undefined():
    layers = [layer("zeros", [0, 0, 0]), layer("a", [1, 5, 100])]
    gone, seen = decide(layers, amounts.sap())
    assert not gone[0].any() and gone[1].any()
    assert seen["zeros"]["note"] == ONLY_ZEROS and seen["zeros"]["index"] is None and seen["a"]["note"] == ""


def test_a_neuron_of_zeros_is_noted_beside_others():
    gone, seen = decide([layer("a", [0, 0, 0, 1, 5, 100], outputs=2)], amounts.sap(), "neuron")
    assert where(gone[0]) and min(where(gone[0])) >= 3
    assert seen["a"]["note"] == f"{ONLY_ZEROS} (1 of 2)"


@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_zeros_in_every_group_raise_where_the_amount_is_undefined(scope):
    layers = [layer("a", [0, 0, 0, 0], outputs=2), layer("b", [0, 0], outputs=1)]
    with pytest.raises(AllZeroError, match="every group"):
        decide(layers, amounts.sap(), scope)
    gone, _ = decide(layers, amounts.target(0.5), scope)  # a share is defined on zeros as well
    assert sum(int(g.sum()) for g in gone) == 3


def test_an_empty_group_is_noted_and_nobody_asks_for_its_amount():
    gone, seen = decide([layer("a", [1, 2], alive=[0, 0]), layer("b", [1, 2])], amounts.variable(0.0))
    assert not gone[0].any() and where(gone[1]) == [0]
    assert seen["a"]["note"] == "empty" and seen["a"]["survivors"] == 0


@pytest.mark.parametrize("count", [-1, 0, 2, 3, 1000])
def test_an_amount_beyond_what_there_is_takes_what_there_is(count):
    gone, seen = decide([layer("a", [1, 2, 3])], take(count))
    assert seen["a"]["removed"] == int(gone[0].sum()) == min(max(count, 0), 3)


def test_the_index_is_recorded_with_the_norms_of_the_amount_or_half_and_one():
    some = [1.0, 2, 3, 50]
    for amount, norms in [(amounts.sap(p=1, q=2), (1, 2)), (amounts.quantile(0.2), (0.5, 1)), (take(1), (0.5, 1))]:
        _, seen = decide([layer("a", some)], amount)
        assert seen["a"]["index"] == pytest.approx(pq_index(torch.tensor(some), *norms))


def one_after_the_other(amount):
    """Return the same amount, which knows nothing of rows; of the same norms."""

    class Plain:
        norms = getattr(amount, "norms", (0.5, 1.0))

        def __call__(self, scores, size, progress):
            return amount(scores, size, progress)

    return Plain()


AMOUNTS = [amounts.target(0.5), amounts.sap(), amounts.sap(p=1, q=2, eta=0.2, gamma=2, beta=0.6)]


@given(st.data(), st.sampled_from(AMOUNTS), st.integers(1, 4), st.integers(1, 6), st.integers(1, 2), st.integers(0, 3))
def test_all_neurons_at_once_lose_what_each_of_them_would_lose(data, amount, outputs, n, epochs, least):
    size = outputs * n
    some = st.lists(st.sampled_from([0.0, 0.5, 1.0, 1.0, 2.0, 7.25]), min_size=size, max_size=size)
    scores = [torch.tensor(data.draw(some)) for _ in range(epochs)]
    alive = torch.tensor(data.draw(st.lists(st.booleans(), min_size=size, max_size=size)))
    cap = data.draw(st.sampled_from([1.0, 0.5, 0.3]))

    def found(rule):
        try:
            return decide([Candidates("a", scores, alive, outputs)], rule, "neuron", least, cap, progress=0.9)
        except AllZeroError as error:
            return str(error)

    at_once, in_turn = found(amount), found(one_after_the_other(amount))
    if isinstance(in_turn, str):
        assert at_once == in_turn
        return
    assert torch.equal(at_once[0][0], in_turn[0][0])
    one, other = at_once[1]["a"], in_turn[1]["a"]
    assert one.pop("index") == pytest.approx(other.pop("index")) and one == other


@pytest.mark.parametrize("scope", ["neuron", "layer", "global"])
def test_who_does_not_ask_for_index_and_cut_gets_the_same_masks(scope):
    layers = [Candidates("a", [torch.rand(60, generator=torch.Generator().manual_seed(1))], torch.arange(60) % 7 > 0, 5)]
    told, silent = (decide(layers, amounts.sap(), scope, told=told) for told in (True, False))
    assert torch.equal(told[0][0], silent[0][0])
    (one,), (other,) = told[1].values(), silent[1].values()
    assert one["index"] is not None and {**one, "index": None, "cut": None} == other


@pytest.mark.parametrize("how", ["as they lie", "in another order", "overlapping", "with a gap"])
def test_scores_that_are_parts_of_one_tensor_are_ranked_like_copies_of_them(how):
    whole = torch.tensor([5.0, 1.0, 4.0, 2.0, 6.0, 3.0, 0.5])
    ends = {
        "as they lie": (0, 3, 3, 6),
        "in another order": (3, 6, 0, 3),
        "overlapping": (0, 3, 2, 5),
        "with a gap": (0, 3, 4, 7),
    }
    first, second = (whole[begin:end] for begin, end in (ends[how][:2], ends[how][2:]))

    def gone(*scores):
        layers = [Candidates(f"{n}", [part], torch.ones(3, dtype=torch.bool)) for n, part in enumerate(scores)]
        return [out.tolist() for out in decide(layers, amounts.target(0.5), scope="global")[0]]

    assert gone(first, second) == gone(first.clone(), second.clone())
