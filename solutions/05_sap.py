# %% [markdown]
# # 05 · SAP
#
# **Goal.** Find out how large a bite pruning should take in a round, ask the weights themselves, and measure what their answer is worth. The method:
# sparsity-informed adaptive pruning (SAP), Diao et al., ICLR 2023, arXiv 2302.05601.
#
# ![Where this lesson goes: the same bite costs every layer a different amount; who says 20 %?](../notebooks/pictures/05_sap.png)
#
# *The same bite costs every layer a different amount. Who says 20 %?*
#
# **You need** lesson 04 (the PQ index) and lesson 02 (masks, fine-tuning). **Difficulty** medium. {{minutes: 80}} Two sittings: sections 1 to 4 build the rule, 5 and 6 put it to work and judge it.
#
# **How large should a bite be?** Whoever prunes in rounds has to say how much goes in each, and has nothing to go by. Most people take 20 % because others do. SAP lets the weights say it: it turns the
# index of lesson 04 into a number. *Which* weights go stays as it was, the smallest; SAP only says *how many*.
#
# **An honest word first.** At the end you measure what the rule is worth, and only a part of its fame survives: its *pace*, a large bite first and then ever smaller ones. Any other method can borrow that; and you
# will know how to find the part of a method that does the work.
#
# You write six functions, lock in two predictions (a third is optional) and find four bugs. Where an answer is missing, the library's goes on.
#
# **Words of this lesson.** A *round* is one prune and the training after it; the *pace* is how much goes in each. *Index* means the PQ index $I$ with $(p, q) = (1, 2)$. Of the $d$ weights that are left, $r$ have to stay.

# %%
import importlib.util

# On Colab and the like; in your own clone `make course` or `make lab` has installed it.
if importlib.util.find_spec("course_lib") is None:
    # %pip install -q "course_lib @ git+https://github.com/OWNER/REPOSITORY"
    pass

# %% tags=["parameters"]
import os

# "laptop": minutes, no GPU needed; "full": CIFAR-10; "ci": seconds, and numbers that mean nothing
MODE = os.environ.get("COURSE_MODE", "laptop")

# %%
import copy
import math
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from course_lib import data, models, phases, study, train
from course_lib.errors import CourseError
from course_lib.pruning import MagnitudePruner, Masks, Pruner, SAPPruner, amounts, pq_index
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. How large should a bite be?
#
# Here is the paper's small network, trained. Its initial weights, `start`, are for section 5.

# %%
mlp = models.build("mlp", bench, seed=0)
start = train.snapshot(mlp)
fit = partial(train.fit, optimizer="sgd")
epochs = 3 * mode.epochs
fit(mlp, bench, epochs=epochs, seed=0)
dense_accuracy = train.evaluate(mlp, bench)
layers = ["hidden1", "hidden2", "head"]
weights = {name: mlp.get_submodule(name).weight.detach().cpu() for name in layers}
print(f"dense model: {dense_accuracy:.3f} on {len(bench.validation)} validation images")

# %% [markdown]
# Take the same share from every layer, and do not train. What does one bite cost, and how many such rounds make the network twenty times smaller?

# %%
for bite in (0.2, 0.5, 0.9):
    masks = MagnitudePruner(bite, "layer").masks(mlp, bench)
    accuracy = train.evaluate(masks.apply_(copy.deepcopy(mlp)), bench)
    rounds = math.ceil(math.log(0.05) / math.log(1 - bite))
    print(f"a bite of {bite:.0%}: {rounds:2} rounds; accuracy {accuracy:.3f} after the first")

# %% [markdown]
# **Read it.** Small bites cost time: every round is a training. The largest one breaks the network. Something between would be right; is it the same in every layer? Take 20 % from each, and see what share of its sum of magnitudes is lost.

# %% tags=["ahead"]
shares = [0.05 * k for k in range(21)]


def lost(w: Tensor) -> list[float]:
    """Return the share of the sum of |w| that the smallest weights carry, at each of `shares`."""
    running = w.abs().double().flatten().sort().values.cumsum(0)
    at = [round(share * len(running)) for share in shares]
    return [float(running[n - 1] / running[-1]) if n else 0.0 for n in at]


figures.bite(
    shares,
    {name: lost(w) for name, w in weights.items()},
    at=0.2,
    indices={name: pq_index(w, 1, 2) for name, w in weights.items()},
)

# %% [markdown]
# **Read it.** The more a curve sags, the more its layer seems to have to spare, and the index measures the sag: where it is largest, the least is lost. So a rule should take more where the index is large. But the index is a number between 0 and 1, and a bite is a
# *count*. How does one become the other?
#
# ## 2. How few weights must stay?
#
# Ask a vector that you know, `half`: four ones and four zeros. Four must stay if nothing may be lost. Its mean magnitude is $\tfrac12$, its root mean square $\sqrt{\tfrac12}$, so $1 - I = M_1 / M_2 = \sqrt{\tfrac12}$. Now look:
#
# $$d\,(1-I)^2 = 8 \cdot \tfrac12 = 4.$$
#
# The index can count, and that is no accident.
#
# **What may be lost.** Keep the $r$ largest weights: $K$ is their set, $w_K$ these weights alone. What goes may be at most $\eta$ times what stays. With $\eta = 0$ only zeros may go.
#
# $$\sum_{i \notin K}|w_i| \;\le\; \eta \sum_{i \in K}|w_i|$$
#
# **Our example** is $w = (4, 2, 2, 1)$, with sum $\lVert w\rVert_1 = 9$ and length $\lVert w\rVert_2 = \sqrt{25} = 5$. Keep the two largest: 6 stays and 3 goes, so $\eta = \tfrac12$.
#
# **The steps in words.** What stays is most of the sum (1). But few weights cannot have a large sum, unless the vector is long (2). So the sum and the length of *all* weights say how few can do (3), and the index compares exactly these two.
#
# | step | any weights | $(4, 2, 2, 1)$, two stay |
# | --- | --- | --- |
# | 1. little goes | $\lVert w\rVert_1 \le (1+\eta)\,\lVert w_K\rVert_1$ | $9 \le \tfrac32 \cdot 6$ |
# | 2. few have a small sum | $\lVert w_K\rVert_1 \le \sqrt r\,\lVert w_K\rVert_2 \le \sqrt r\,\lVert w\rVert_2$ | $6 \le \sqrt2 \cdot \sqrt{20} \approx 6.3 \le \sqrt2 \cdot 5 \approx 7.1$ |
# | 3. together | $1 - I \le (1+\eta)\,\sqrt{r/d}$ | $\tfrac{9}{10} \le \tfrac32 \cdot \sqrt{2/4} \approx 1.06$ |
# | solved for $r$ | $r \ge d\,(1-I)^2 / (1+\eta)^2$ | $2 \ge 4 \cdot \tfrac{81}{100} \cdot \tfrac49 = 1.44$ |
#
# - *Step 1* adds the sum over $K$ to both sides of what may be lost.
# - *Step 2* is the only idea: the mean of the kept weights is at most their root mean square (lesson 04). Times $r$, that is the first half. And leaving weights out makes no vector longer.
# - *Step 3* puts 2 into 1 and divides by $\sqrt d\,\lVert w\rVert_2$; on the left, $\lVert w\rVert_1 / (\sqrt d\,\lVert w\rVert_2)$ is $M_1 / M_2 = 1 - I$.
#
# So our four weights need at least 1.44. That is two, and two do: exact here, but not always, as you will see. The same steps for any $p < q$ give the paper's **bound**:
#
# $$r \;\ge\; d\,(1+\eta)^{-\frac{q}{q-p}}\,(1-I)^{\frac{pq}{q-p}}$$
#
# <details><summary>What changes for other p and q</summary>
# Step 1 takes sums of |w|^p and their p-th root. Step 2 has r to the power 1/p - 1/q instead of its root. The last step raises both sides to the reciprocal, pq/(q-p).
# </details>
#
# Nothing else stands behind SAP: no data, no gradient, no accuracy.
#
# ### Exercise 1: `retain_bound`
# The right-hand side, a number of weights that need not be whole.
#
# <details><summary>Hint</summary>Try p = 1, q = 2 and eta = 0 by hand: the exponent that remains is 2.</details>


# %% answer="retain_bound"
def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """Return r, the fewest of d weights that have to stay at this index."""
    ### BEGIN SOLUTION
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p))
    ### END SOLUTION


# %% check="retain_bound"
check(retain_bound)

# %% [markdown]
# What does it say of the five vectors of lesson 04, with $\eta = 0$?

# %%
retain_bound = use(retain_bound)
five = {
    "equal": torch.ones(8),
    "stairs": torch.arange(8.0, 0.0, -1),
    "half": torch.tensor([1.0, 1, 1, 1, 0, 0, 0, 0]),
    "one large": torch.tensor([8.0, 1, 1, 1, 1, 1, 1, 1]),
    "single": torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0]),
}
figures.bounds(
    five, {name: retain_bound(8, pq_index(w, 1, 2), 1, 2) for name, w in five.items()}
)

# %% [markdown]
# **Read it.** Every entry that is not zero is needed. For `equal`, `half` and `single` the bound says so too; for the other two it lets go what is needed (hatched). So it is *necessary, not sufficient*: fewer than $r$ cannot do, and $r$ may not do either.
#
# And in a real layer? The grey area is what the bound does not know.

# %%
widgets.BoundSlider(weights)

# %% [markdown]
# **Read it.** At eta = 0 every weight is needed, and the bound lies well below. SAP keeps what the *bound* says, so it loses something even there: a rule of thumb with a derivation, not a guarantee. How many weights does that let go?
#
# ## 3. How many go in one round?
#
# What need not stay may go, the share $1 - r/d$. The paper adds a speed $\gamma$ and a brake $\beta$:
#
# $$c = \big\lfloor\, d \cdot \min\big(\gamma\,(1 - r/d),\ \beta\big) \big\rfloor$$
#
# The $c$ smallest of the kept weights go; $\lfloor x \rfloor$ rounds down. We leave $\eta$ at 0, $\gamma$ at 1 and $\beta$ at `0.9`. The brake is for a large $\gamma$: with $\beta = 1$ a round may empty a layer. Then nothing gets through the network, and no training repairs it. (The pruner's `min_per_layer`, a least number of weights, guards every layer.)
#
# How much is that? It depends on how the weights are spread. Four kinds, from no tail to a long one, on a logarithmic scale:

# %% tags=["folded"]
n, drawn = 20_000, torch.Generator().manual_seed(0)
u = torch.rand(n, generator=drawn, dtype=torch.float64) * 2 - 1
normal = torch.randn(4, n, generator=drawn, dtype=torch.float64)
kinds = {
    "uniform": u,
    "normal": normal[0],
    "Laplace": u.sign() * torch.log(1 - u.abs()),
    "Student t": normal[0] / normal[1:].square().mean(0).sqrt(),
}
figures.shapes(kinds)

# %% [markdown]
# ### Predict
# The index of normal weights is about a fifth. **Which share of a normal layer goes in one round?** Lock in a number between 0 and 1.

# %% answer="normal_share"
normal_share = None  # your prediction, such as 0.5
### BEGIN SOLUTION
normal_share = 0.2
### END SOLUTION

# %% check="normal_share"
check(normal_share, "normal_share")

# %% [markdown]
# ### Exercise 2: `sap_amount`
# `w` holds the kept weights only, and never only zeros. Use `pq_index`, `retain_bound` and, once, at the end, the ready-made `round_down`: it forgives floats that end a hair below a whole number. The result may be 0, and with beta = 1 it may be d.
#
# <details><summary>Hint 1</summary><code>d = w.numel()</code>; an exact zero that is not masked counts.
# <details><summary>Hint 2</summary>Scale first, then limit: <code>min(gamma * (1 - r / d), beta)</code>.</details></details>


# %% answer="sap_amount"
def round_down(x: float) -> int:
    """Return the largest whole number that is at most x; what floats lack to one is forgiven."""
    return math.floor(x + 1e-9)


def sap_amount(
    w: Tensor, p: float, q: float, eta: float = 0.0, gamma: float = 1.0, beta: float = 0.9
) -> int:
    """Return c, how many of the kept weights w go in this round."""
    ### BEGIN SOLUTION
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return round_down(d * min(gamma * (1 - r / d), beta))
    ### END SOLUTION


# %% check="sap_amount"
check(sap_amount)

# %% [markdown]
# What does SAP take of each kind?

# %%
sap_amount = use(sap_amount)
figures.amount_bars(
    {"SAP, one round": {name: (sap_amount(w, 1, 2), n) for name, w in kinds.items()}},
    guess=("normal", normal_share),
    title="The longer the tail, the more goes",
)

# %% [markdown]
# **Read it.** The share is $1 - (1 - I)^2$, nearly *twice* a small index: of normal weights more than a third goes. Whoever guessed a fifth guessed the index. That is one bite out of one heap of weights; a network has several. Who is ranked with whom?
#
# ## 4. Who is ranked with whom?
#
# ### Exercise 3a: `sap_group`
# A *group* is a tensor of weights that are ranked together, of any shape, with its mask (True = kept). Return the mask after one round: `sap_amount` of the *kept* weights go, the smallest magnitudes first, of equal ones any. Nothing that was gone comes
# back. Where nothing is kept, the mask stays as it is. Do not change what you are given.
#
# <details><summary>Hint 1</summary><code>w[mask]</code> is flat, whatever the shape of w, and <code>new[mask] = ...</code> writes in the same order.
# <details><summary>Hint 2</summary>The rank of each entry, from 0 for the smallest: <code>x.argsort().argsort()</code>.</details></details>


# %% answer="sap_group"
def sap_group(w: Tensor, mask: Tensor, p: float = 1.0, q: float = 2.0) -> Tensor:
    """Return the group's new mask, in the shape of w: True where a weight is still kept."""
    ### BEGIN SOLUTION
    new = mask.clone()
    if mask.any():
        ranks = w[mask].abs().argsort().argsort()
        new[mask] = ranks >= sap_amount(w[mask], p, q)
    return new
    ### END SOLUTION


# %% check="sap_group"
check(sap_group)

# %% [markdown]
# One group of ten weights, three rounds. Watch who goes, and the index. Why does nothing go in round 3?

# %%
sap_group = use(sap_group)
w = torch.tensor([9, -1, 4, 0.5, -7, 2, 0, 3, -6, 1.5], dtype=torch.float64)
mask = torch.ones(10, dtype=torch.bool)
for number in (1, 2, 3):
    n, before, mask = int(mask.sum()), pq_index(w[mask], 1, 2), sap_group(w, mask)
    goes = n * (1 - (1 - before) ** 2)
    print(f"round {number}: index {before:.3f}, of {n} go {goes:.2f} rounded down")
    print(f"         kept {w[mask].tolist()}")

# %% [markdown]
# ### Exercise 3b: `sap_round`
# Now a network: weights and masks by name, new masks out. Only the groups differ. *layer*: each tensor is a group. *neuron*: each row `w[j]` is one (in a convolution that is a filter). *global*: all
# tensors, laid end to end, are one.
#
# <details><summary>Hint 1</summary>neuron: <code>torch.stack</code> over the rows' new masks.
# <details><summary>Hint 2</summary>global: <code>torch.cat</code> of all flattened tensors, then <code>split</code> by their sizes, and <code>view_as</code>.</details></details>


# %% answer="sap_round"
def sap_round(
    weights: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    scope: str,
    p: float = 1.0,
    q: float = 2.0,
) -> dict[str, Tensor]:
    """Return the masks (True = kept) after one round with scope "neuron", "layer" or "global"."""
    ### BEGIN SOLUTION
    if scope == "layer":
        return {name: sap_group(w, masks[name], p, q) for name, w in weights.items()}
    if scope == "neuron":
        return {
            name: torch.stack([sap_group(w[j], masks[name][j], p, q) for j in range(len(w))])
            for name, w in weights.items()
        }
    laid = torch.cat([w.flatten() for w in weights.values()])
    kept = torch.cat([masks[name].flatten() for name in weights])
    parts = sap_group(laid, kept, p, q).split([w.numel() for w in weights.values()])
    return {n: part.view_as(weights[n]) for n, part in zip(weights, parts, strict=True)}
    ### END SOLUTION


# %% check="sap_round"
check(sap_round)

# %% [markdown]
# The trained network, one round: what does each scope take from each layer?

# %%
sap_round = use(sap_round)
dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
total = Masks.dense(mlp).total
taken = {}
for scope in ("neuron", "layer", "global"):
    masks = sap_round(weights, dense, scope)
    taken[scope] = {name: (int((~mask).sum()), mask.numel()) for name, mask in masks.items()}
    kept = Masks({f"{name}.weight": mask for name, mask in masks.items()}, total)
    accuracy = train.evaluate(kept.apply_(copy.deepcopy(mlp)), bench)
    print(f"{scope:7} sparsity {kept.sparsity:.3f}, accuracy {accuracy:.3f} just pruned")
figures.amount_bars(taken, title="Who is ranked together decides who pays")

# %% [markdown]
# **Read it.** By neuron and by layer the amounts are nearly the same. *Global* lets the large layer with small weights pay, and spares the head.
#
# Now twelve bites, **without training between them**. What slows SAP down? And in which scope does the `head` keep most in the end?

# %%
widgets.SAPExplorer(weights)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>As in the group of ten: the smallest go, the survivors become alike, their index falls, and with it the next amount; below 1 it rounds down to 0. The head keeps most in scope global; in the other two its own large index counts against it at once.</details>
#
# > **A good place to stop for today.** You have built all of SAP: index, bound, amount, round. To go on later, click here and choose *Run > Run All Above Selected Cell*. Next come rounds with training.
#
# ## 5. And after the bite?
#
# After each prune the network is trained. From where? The **paper rewinds**: the survivors go back to their *initial* values and are trained as long as the first time, as in the lottery ticket (Frankle & Carbin 2019).
# The course's **reference project fine-tunes**: it goes on from where they are. Both say "SAP".
#
# ### Exercise 4: `rewind`
# Set the *whole* state of the model back to `start` (running statistics as well), in place; then zero what the masks exclude, and nothing else. Leave `start` as it is, and let the model share no tensor with it.
#
# <details><summary>Hint 1</summary><code>model.load_state_dict(start)</code> copies every entry into the model.
# <details><summary>Hint 2</summary><code>model.get_parameter(name)[~mask] = 0</code>, under <code>torch.no_grad()</code>.</details></details>


# %% answer="rewind"
def rewind(model: nn.Module, start: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> None:
    """Set the model back to `start`, in place, but for the weights that are masked: they are 0."""
    ### BEGIN SOLUTION
    model.load_state_dict(start)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0
    ### END SOLUTION


# %% check="rewind"
check(rewind)

# %% [markdown]
# ### Exercise 5: `sap_loop`
# The network comes in trained. In each round: `prune(masks)` returns new masks; `rewind(masks)` goes back, unless `rewind` is None; `fit(masks)` trains. Return the last masks. The order matters: what would be
# ranked if you rewound first?
#
# <details><summary>Hint</summary>Four lines. The two loops differ in one of them.</details>


# %% answer="sap_loop"
def sap_loop(
    rounds: int, prune: Callable, rewind: Callable | None, fit: Callable, masks: Masks
) -> Masks:
    """Prune, rewind (if asked for) and train, round after round; return the last masks."""
    ### BEGIN SOLUTION
    for _ in range(rounds):
        masks = prune(masks)
        if rewind is not None:
            rewind(masks)
        fit(masks)
    return masks
    ### END SOLUTION


# %% check="sap_loop"
check(sap_loop)

# %% [markdown]
# Your loop, on the real network; the folded cell hands it its three functions and notes each round.

# %% tags=["folded"]
rewind, sap_loop = use(rewind), use(sap_loop)


def run(rewinds: bool, gamma: float, rounds: int, fit: Callable, net: nn.Module) -> list[tuple]:
    """Return (sparsity, survivors of hidden1, index, accuracy) before round 1 and after each."""
    net, path = copy.deepcopy(net), []
    pruner = SAPPruner(p=1, q=2, gamma=gamma)

    def note(masks: Masks) -> None:
        kept = {n: net.get_parameter(n)[mask].detach().cpu() for n, mask in masks.items()}
        left = [w for w in kept.values() if w.any()]
        index = np.average([pq_index(w, 1, 2) for w in left], weights=list(map(len, left)))
        accuracy = train.evaluate(net, bench)
        path.append((masks.sparsity, kept["hidden1.weight"], float(index), accuracy))

    def prune(masks: Masks) -> Masks:
        masks = pruner.masks(net, bench, masks)
        masks.apply_(net)
        return masks

    def train_again(masks: Masks) -> None:
        fit(net, bench, epochs=epochs, masks=masks, seed=len(path))
        note(masks)

    every = {n: torch.ones_like(w, dtype=torch.bool) for n, w in net.named_parameters()}
    masks = Masks({n: mask for n, mask in every.items() if mask.ndim > 1}, total)
    note(masks)
    back = (lambda masks: rewind(net, start, masks)) if rewinds else None
    sap_loop(rounds, prune, back, train_again, masks)
    return path


# %% [markdown]
# Four rounds of each, with as many epochs in a round of the one as of the other.

# %%
slow = {
    "rewinding (the paper)": run(True, 1, 4, fit, mlp),
    "fine-tuning (the reference project)": run(False, 1, 4, fit, mlp),
}
on = copy.deepcopy(mlp)
fit(on, bench, epochs=4 * epochs, seed=1)
figures.accuracy_curves(
    {name: [(s, accuracy) for s, _, _, accuracy in path] for name, path in slow.items()},
    dense=dense_accuracy,
    longer=train.evaluate(on, bench),
    n=len(bench.validation),
    title="One rule, two loops, the same epochs",
    zoom=True,
)

# %% [markdown]
# **Read it.** Fine-tuning adds up the epochs of all rounds: its rival is the upper line, the dense network trained as long. Rewinding starts anew: its rival is the *lower* line, and it ends a little above it. That is what the lottery ticket claims, and one seed does not prove it. So say which loop, and how long. SAP now runs from end to end, and one question is left: is it any good?
#
# ## 6. What is it worth?
#
# SAP decides two things: how much *each layer* gives, and how much *each round* takes. Test them one at a time.
#
# ### Which layer gives how much
# Two simpler rules take as many weights in all: *same*, one share for every layer, or *one*, a single ranking of all layers.
#
# ### Predict
# About two thirds gone in *one* bite, nothing trained afterwards. (SAP needs a gamma of `2.1` for that, and then wants most of the `head`.) **Which of the three keeps the most accuracy, which the least?** Lock in an order, best first.

# %% answer="rule_order"
rule_order = None  # your prediction: "SAP, same, one" or another order of these three words
### BEGIN SOLUTION
rule_order = "SAP, one, same"
### END SOLUTION

# %% check="rule_order"
check(rule_order, "rule_order")

# %% tags=["folded"]
nets = [mlp]
for seed in mode.seeds[1:]:
    nets.append(models.build("mlp", bench, seed=seed))
    fit(nets[-1], bench, epochs=epochs, seed=seed)


def rivals(gamma: float, net: nn.Module) -> list[tuple[float, float]]:
    """Return (sparsity, accuracy) of SAP, of one share for all layers, and of one ranking."""
    found = [SAPPruner(1, 2, gamma=gamma).masks(net, bench)]
    share = torch.cat([~mask.flatten() for mask in found[0].values()]).float().mean().item()
    found += [MagnitudePruner(share, scope).masks(net, bench) for scope in ("layer", "global")]
    return [
        (masks.sparsity, train.evaluate(masks.apply_(copy.deepcopy(net)), bench))
        for masks in found
    ]


# %%
rules = ["SAP: each layer its share", "same: one share for all", "one: a single ranking"]
for gamma in (1.4, 2.1):
    points = np.asarray([rivals(gamma, net) for net in nets])  # (seeds, 3 rules, 2)
    sparsity, accuracy = points[..., 0].mean(), points[..., 1].T
    means = zip(("SAP", "same", "one"), accuracy.mean(1), strict=True)
    print(f"{sparsity:.2f} gone:", ", ".join(f"{rule} {mean:.3f}" for rule, mean in means))
figures.crowd(
    dict(zip(rules, accuracy.tolist(), strict=True)),
    title=f"Two thirds gone. You said: {rule_order}. One dot per seed; lines: mean and band",
)

# %% [markdown]
# **Read it.** While less than half is gone, the three are close. At two thirds, in one bite, SAP's shares do *worst*: it takes most from the `head`, which has the largest index, few weights to give, and everything passing through it. So the shares are not SAP's strength, not in this network. And the rounds?
#
# ### Which round takes how much
# Our study [results/pace](../results/pace/README.md) prunes and fine-tunes such a network in twenty rounds, with five seeds. Which share of what is left goes in each?

# %% tags=["folded"]
four = ["SAP", "magnitude", "magnitude, SAP's pace", "magnitude, global, SAP's pace"]
went, accuracies = {}, {}
try:
    table = study.read("../results/pace")
    for name in four:
        rounds = table[table["method"] == name].groupby("round")
        kept = np.append(1, 1 - rounds["sparsity"].mean())
        went[name] = (range(1, len(kept)), 1 - kept[1:] / kept[:-1])
        accuracies[name] = np.column_stack(
            [1 - kept[1:], rounds["test_accuracy"].mean()]
        ).tolist()
except CourseError as error:
    print(f"{error} The lesson goes on without it.")
figures.lines(
    {name: line for name, line in went.items() if name in four[:2]},
    xlabel="round",
    ylabel="share of what is left",
    title="The pace: how much goes in each round",
)

# %% [markdown]
# **Read it.** Magnitude follows a schedule that somebody chose (lesson 02): similar bites until the end is near. SAP takes a third at once and then ever less.
#
# Does it matter? Two more curves rank by magnitude, within layers and globally, but take *SAP's* number in every round.

# %%
figures.arena(
    accuracies,
    ylabel="test accuracy (axis cut)",
    title="Lent SAP's pace, magnitude keeps up (means of five seeds)",
    named=True,
    at=0.8,
)

# %% [markdown]
# **Read it** at the points nearest to the grey line:
#
# | | epochs, in all | test accuracy |
# | --- | --- | --- |
# | SAP | {{results/pace: sap.round14.epochs | .0f}} | {{results/pace: sap.round14.test_accuracy | .3f}} |
# | magnitude, its own pace | {{results/pace: magnitude.round9.epochs | .0f}} | {{results/pace: magnitude.round9.test_accuracy | .3f}} |
# | magnitude, SAP's pace | {{results/pace: magnitude_sap_s_pace.round14.epochs | .0f}} | {{results/pace: magnitude_sap_s_pace.round14.test_accuracy | .3f}} |
# | magnitude, global, its own pace | {{results/pace: magnitude_global.round9.epochs | .0f}} | {{results/pace: magnitude_global.round9.test_accuracy | .3f}} |
# | magnitude, global, SAP's pace | {{results/pace: magnitude_global_sap_s_pace.round14.epochs | .0f}} | {{results/pace: magnitude_global_sap_s_pace.round14.test_accuracy | .3f}} |
#
# SAP is ahead of magnitude. But it got there later, and had trained longer. So lend magnitude SAP's pace: it has no clear distance from SAP then. And a single ranking at that pace is clearly ahead.
#
# **So what SAP gives you is a pace:** it slows down, so more epochs stand behind its later points. Which weights go, others choose as well or better. And a pace is a choice, no gain for nothing: after the same twenty rounds magnitude's own had come to {{results/pace: magnitude.round20.sparsity | .2f}}, SAP's to {{results/pace: sap.round20.sparsity | .2f}}.
#
# On CIFAR-10, with [a convolutional network](../results/controls/README.md) at {{results/controls: sap.round6.sparsity | .2f}}: SAP {{results/controls: sap.round6.test_accuracy | .3f}}, magnitude at its pace {{results/controls: magnitude_sap_s_pace.round6.test_accuracy | .3f}}, a single ranking {{results/controls: magnitude_global_sap_s_pace.round6.test_accuracy | .3f}}.
#
# ## Find the bug
#
# You know what each part is for. These four run without an error and are wrong; in each, one line is to blame. Answer with its number.
#
# **A.** A later round; `mask` says what is kept.
# ```python
# 1  kept = weight[mask]
# 2  share = 1 - retain_bound(len(kept), pq_index(kept, 1, 2), 1, 2) / len(kept)
# 3  gone = math.floor(share * weight.numel())
# 4  mask[mask.clone()] = kept.abs().argsort().argsort() >= gone
# ```
# **B.** The smallest weights go.
# ```python
# 1  kept = weight[mask]
# 2  gone = sap_amount(kept, 1, 2)
# 3  mask = mask & (weight.abs() > kept.abs().sort().values[gone - 1])
# ```
# **C.** Rewinding.
# ```python
# 1  start = model.state_dict()
# 2  train.fit(model, bench, epochs=9)
# 3  masks = SAPPruner(1, 2).masks(model, bench)
# 4  model.load_state_dict(start)
# 5  masks.apply_(model)
# ```
# **D.** A quick prune.
# ```python
# 1  pruner = SAPPruner(1, 2, gamma=8, beta=1)
# 2  masks = pruner.masks(model, bench)
# 3  train.fit(model, bench, epochs=9, masks=masks)
# ```

# %% answer="sap_bugs"
sap_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1}
### BEGIN SOLUTION
sap_bugs = {"A": 3, "B": 3, "C": 1, "D": 1}
### END SOLUTION

# %% check="sap_bugs"
check(sap_bugs, "sap_bugs")

# %% [markdown]
# ## In your own words
#
# A colleague writes: *"SAP computed that our layer needs at least 40 % of its weights. With eta = 0 nothing is lost, so we pruned 60 % and skipped the evaluation."* What do you answer? (Four to six sentences.)

# %% [markdown] explain="nothing_lost" points=2
# *Rubric (2 points).* One point for the bound's direction: necessary, not sufficient; fewer than r cannot do, and keeping r loses something even where eta = 0. One point for what
# is not in the formula: accuracy, data, the other layers; so measure validation accuracy, before and after training again.
#
# *Sample answer, 2 points.* "With less than 40 % one certainly loses more than eta allows; that does not make 40 % enough. With eta = 0 every weight that is not zero would have to stay. And eta
# counts magnitudes: no image was looked at. Measure the validation accuracy after pruning and after fine-tuning."
#
# *Sample answer, 1 point.* "SAP does not know the accuracy, so they have to evaluate the pruned network on validation images." (Right, but the bound is still read as a guarantee.)

# %% [markdown]
# ## What to take away
#
# - The index gives a bound: fewer than $r$ cannot do, and $r$ may not do either.
# - The bound gives an amount. The survivors become alike, so the bites shrink by themselves.
# - That pace is what SAP is worth, and lent to magnitude it does as well.
# - SAP is an amount, not a score: it says how many, never which.
# - Rewinding or fine-tuning: say which, and for how long.
#
# **Next**, lesson 06: two methods at the same sparsity, and one had trained longer. What would be fair? What follows here is optional.
#
# ## Optional: does the amount fit any score?
#
# SAP never said *which* weights matter, so its amount can be put on any score: on single
# weights, on the L1 norms of filters and neurons (lesson 02), on their mean activations (lesson 03), on a lottery.
#
# ### Predict
# Of the single weights of `conv3` SAP takes roughly a quarter. **How many of its 64 filters go, ranked by their L1 norm?** Lock in a number from 0 to 64.

# %% answer="filters_gone"
filters_gone = None  # your prediction, such as 32
### BEGIN SOLUTION
filters_gone = 16
### END SOLUTION

# %% check="filters_gone"
check(filters_gone, "filters_gone")

# %% [markdown]
# One round of each, on the convolutional network: the share of each layer that goes, and two indices of `conv3`.

# %%
cnn = models.build("cnn", bench, seed=0)
train.fit(cnn, bench, epochs=mode.epochs, seed=0, lr=1e-3)
sap, units = amounts.sap(p=1, q=2), ("filter", "neuron")
methods = {
    "weights, magnitude": Pruner("magnitude", "weight", amount=sap),
    "units, L1 norm": Pruner("l1", units, amount=sap),
    "units, mean activation": Pruner("mean", units, amount=sap),
    "units, lottery": Pruner("random", units, amount=sap),
}
names, taken = ["conv1", "conv2", "conv3", "conv4", "hidden"], {}
for label, pruner in methods.items():
    _, seen = pruner.propose(cnn, bench)
    seen = {name.removesuffix(".weight"): facts for name, facts in seen.items()}
    taken[label] = {name: (seen[name]["removed"], seen[name]["survivors"]) for name in names}
w = cnn.conv3.weight.detach().cpu()
norms = w.abs().sum((1, 2, 3))
print(f"conv3: index of its weights {pq_index(w, 1, 2):.3f}")
print(f"conv3: index of its filters' norms {pq_index(norms, 1, 2):.4f}")
guess = filters_gone / 64 if isinstance(filters_gone, (int, float)) else None
figures.amount_bars(
    taken,
    title="One amount, four scores",
    what="weights or units",
    guess=("conv3", guess),
    guessed="units, L1 norm",
)

# %% [markdown]
# **Read it.** Next to nothing goes by the L1 norm, and that is no bug. A filter's norm is a *sum* of many magnitudes, and such sums are alike: the differences that SAP lives on are averaged away. Activations differ more, so it bites; into random scores as well: the amount is only as good as its score.
#
# ## Optional: regularization, compression, collapse?
#
# The paper reports three phases. First the index of the survivors falls (*regularization*). Then it rises: ever fewer weights carry ever more
# (*compression*). At last it falls again, and the accuracy with it (*collapse*). Look for them, with gamma = 3 and beyond the end; a third run trains with AdamW.

# %%
adam = models.build("mlp", bench, seed=0)
train.fit(adam, bench, epochs=epochs, seed=0)
fast = {
    "rewinding, SGD": run(True, 3, 10, fit, mlp),
    "fine-tuning, SGD": run(False, 3, 10, fit, mlp),
    "rewinding, AdamW": run(True, 3, 10, train.fit, adam),
}
for name, path in fast.items():
    moves = ", then ".join(phases.phases(np.array([index for _, _, index, _ in path])))
    print(f"{name:18} the index {moves}; accuracy {path[-1][3]:.3f} in the end")
figures.index_path(
    {
        name: [(1 - s, index, accuracy) for s, _, index, accuracy in path]
        for name, path in fast.items()
    },
    dense=dense_accuracy,
)

# %% [markdown]
# **Read it.** Only a line that says "falls, then rises, then falls" has all three phases. In our run (one seed) that is rewinding with SGD, and its accuracy is gone before the index turns. The others only sink, so SAP slows down, and the same ten rounds do not break the network. The phases belong to a way of training.
#
# What does the index see? The survivors, round by round:

# %%
widgets.RoundSlider(
    {
        name: [(w, pq_index(w, 1, 2) if w.any() else 0.0, a) for _, w, _, a in path]
        for name, path in fast.items()
    },
    layer="hidden1",
)

# %% [markdown]
# **Read it.** Before the first prune (slide to 0) the smallest are the most frequent. After it, with SGD, training gathers the survivors in a hump around their mean: more alike, a smaller index, a smaller next amount.
#
# ## Bonus
#
# In the explorer of section 4: does the paper's other pair of norms, `(0.5, 1)`, bite more or less? And what do gamma = 8 and beta = 1 leave of each layer?
