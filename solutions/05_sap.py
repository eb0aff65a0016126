# %% [markdown]
# # 05 · SAP
#
# **Goal.** Turn the index of lesson 04 into *how many weights go in this round*, each layer its own number, and find out what that number is worth. The method:
# sparsity-informed adaptive pruning (SAP), Diao et al., ICLR 2023, arXiv 2302.05601.
#
# ![Where this lesson goes: the same bite costs every layer a different amount; who says 20 %?](../notebooks/pictures/05_sap.png)
#
# **You need** lesson 04 (the PQ index) and lesson 02 (masks, fine-tuning). **Difficulty** medium. {{minutes: 90}} Two sittings: sections 1 to 4 build the rule, 5 to 9 ask what it is worth.
#
# You write six functions, lock in three predictions and find four bugs. Where an answer is missing, the library's goes on.
#
# **How large should a bite be?** You want four fifths of a network gone. In how many rounds, and how much in each? In our study, the same network, ranked in the same way, had an accuracy of
# `{{results/pace: magnitude.round9.test_accuracy | .3f}}` there at one pace and `{{results/pace: magnitude_sap_s_pace.round14.test_accuracy | .3f}}` at another (which had trained longer by then; section 5 takes that apart). So somebody has to choose the pace well. SAP reads it off the weights, by a derivation that you can follow.
#
# The answers to a pruning method's other three questions stay: small magnitudes go (score), as single weights (unit), ranked within a neuron, a layer or all layers (scope). SAP answers the fourth, the **amount**.
#
# **Words of this lesson.** A *round* is one prune and the training after it; the *pace* is how much goes in each round. *Index* means the PQ index $I$, here with $(p, q) = (1, 2)$. $d$ is the number of weights that are still *kept*, $r$ how many of them have to stay.

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
from course_lib.pruning import (
    MagnitudePruner,
    Masks,
    Pruner,
    SAPPruner,
    amounts,
    iterate,
    pq_index,
)
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Who says 20 % per round?
#
# Iterative pruning usually takes the same share in every round and from every layer; 20 % is popular. Nobody derived it. Here is the paper's small network. We keep its initial weights for section 7.

# %%
mlp = models.build("mlp", bench, seed=0)
start = train.snapshot(mlp)
fit = partial(train.fit, optimizer="sgd")
epochs = 3 * mode.epochs
fit(mlp, bench, epochs=epochs, seed=0)
dense_accuracy = train.evaluate(mlp, bench)
layers = ["dense1", "dense2", "head"]
weights = {name: mlp.get_submodule(name).weight.detach().cpu() for name in layers}
print(f"dense model: {dense_accuracy:.3f} on {len(bench.validation)} validation images")

# %% [markdown]
# How much of a layer is lost when its smallest weights go? Count the loss in the sum of magnitudes, smallest first.

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
# **Read it.** The more a curve sags below the straight line, the more there is to spare. The PQ index measures the sag: the layer with the largest index loses least. So a rule could take more where the index is large. But the index is a
# number between 0 and 1, and to prune we need a *count*.
#
# ## 2. From the index to a bound
#
# Start with a vector that you know, `half`: four ones and four zeros. How many of its eight entries must stay if nothing may be lost? Four. Can the index say so? The mean magnitude is
# $1/2$, the root mean square $\sqrt{1/2}$, so $1 - I = M_1 / M_2 = \sqrt{1/2}$, its square is $1/2$, and
#
# $$d\,(1-I)^2 = 8 \cdot \tfrac12 = 4.$$
#
# It can. And for any vector? Keep the $r$ largest of $d$ weights; $K$ is their set, and $w_K$ are these weights alone. What goes is measured against what stays:
#
# $$\sum_{i \notin K}|w_i|^p \;\le\; \eta \sum_{i \in K}|w_i|^p$$
#
# With $\eta = 0$ only zeros may go. How small can $r$ be, if we know nothing but the index and $\eta$? The plan: all against kept, then norm p against norm q among the kept. Step 2 is the only idea; the rest is rearranging.
#
# **1. All against kept.** Add the sum over $K$ on both sides, and take the root:
#
# $$\|w\|_p \le (1+\eta)^{1/p}\,\|w_K\|_p$$
#
# **2. From p to q.** Of the $r$ kept weights the power means are $M_p \le M_q$ (lesson 04), so
#
# $$\begin{aligned} \|w_K\|_p &= r^{1/p} M_p \le r^{1/p} M_q \\ &= r^{1/p-1/q}\,\|w_K\|_q \le r^{1/p-1/q}\,\|w\|_q \end{aligned}$$
#
# (at the end: leaving entries out makes no norm larger).
#
# **3. Together.** Put 2 into 1, divide by $\|w\|_q$ and multiply by $d^{1/q-1/p}$. The left side is then lesson 04's $1 - I$:
#
# $$1 - I \;\le\; (1+\eta)^{1/p}\,(r/d)^{1/p-1/q}$$
#
# Solved for $r$, this is the bound:
#
# $$r \;\ge\; d\,(1+\eta)^{-\frac{q}{q-p}}\,(1-I)^{\frac{pq}{q-p}}$$
#
# <details><summary>How it is solved</summary>
# Divide by the factor with eta and raise both sides to the power pq/(q-p), the reciprocal of 1/p - 1/q. Multiply by d.
# </details>
#
# For (1, 2) and $\eta = 0$ it is the $d\,(1-I)^2$ of `half`. Nothing else stands behind SAP: no data, no gradient, no accuracy.
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
# `half` and the other four vectors of lesson 04, eight entries each, and what their bounds for $\eta = 0$ let go.

# %%
retain_bound = use(retain_bound)
five = {
    "equal": torch.ones(8),
    "rising": torch.arange(1.0, 9.0),
    "half": torch.tensor([1.0, 1, 1, 1, 0, 0, 0, 0]),
    "one large": torch.tensor([8.0, 1, 1, 1, 1, 1, 1, 1]),
    "single": torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0]),
}
figures.bounds(
    five, {name: retain_bound(8, pq_index(w, 1, 2), 1, 2) for name, w in five.items()}
)

# %% [markdown]
# **Read it.** With $\eta = 0$ all entries that are not zero are needed. For `equal`, `half` and `single` the bound says exactly that: only zeros (the crosses) go. For the other two it lets go what is needed (hatched; whole weights, rounded down).
# The bound is *necessary, not sufficient*: fewer than $r$ cannot do, and $r$ itself may not do either.
#
# How far apart are the two in a real layer? Choose weights, norms and $\eta$; the grey area is what the bound does not know.

# %%
widgets.BoundSlider(weights)

# %% [markdown]
# **Read it.** Stay at eta = 0: in truth every weight is needed, and the bound lies well below. SAP will keep what the *bound* says, so it loses something even where eta promises that nothing is lost. A rule of thumb with a derivation, not a guarantee.
#
# ## 3. From the bound to an amount
#
# What need not stay may go. The paper adds a scale $\gamma$ and a limit $\beta$ for what one round may take:
#
# $$c = \big\lfloor\, d \cdot \min\big(\gamma\,(1 - r/d),\ \beta\big) \big\rfloor$$
#
# ($\lfloor x \rfloor$ rounds down.) The $c$ smallest magnitudes of the kept weights go. As a rule $\eta = 0$, $\gamma = 1$ and $\beta$ = `0.9` (no relatives of BatchNorm's gamma and beta). The pair $(p, q)$ is (1, 2), where nothing else is said; the paper's other pair, `(0.5, 1)`, stands beside it in one picture.
#
# How much is that? It depends on how the weights are spread. Four kinds, from no tail to a long one (on a log scale, or no tail would be seen):

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
# With (1, 2) the index of normal weights is about a fifth. **Which share of a normal layer goes in one round?** Lock in a number between 0 and 1.

# %% answer="normal_share"
normal_share = None  # your prediction, such as 0.5
### BEGIN SOLUTION
normal_share = 0.2
### END SOLUTION

# %% check="normal_share"
check(normal_share, "normal_share")

# %% [markdown]
# ### Exercise 2: `sap_amount`
# `w` holds the kept weights only, and never only zeros. Use `pq_index` and `retain_bound`, and `round_down` once, at the end: it is ready-made, because floats may end a hair below a whole number. The result may be 0, and with beta = 1 it may be d.
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
# What SAP takes of each kind in one round, for both pairs (p, q) of the paper.

# %%
sap_amount = use(sap_amount)
figures.amount_bars(
    {
        f"({p:g}, {q:g})": {name: (sap_amount(w, p, q), n) for name, w in kinds.items()}
        for p, q in ((1.0, 2.0), (0.5, 1.0))
    },
    guess=("normal", normal_share),
    guessed="(1, 2)",
    title="The longer the tail, the more goes",
)

# %% [markdown]
# **Read it.** With (1, 2) the share that goes is $1 - (1 - I)^2$, for normal weights $1 - 2/\pi$: more than a third. Whoever guessed a fifth guessed the index. The pair is no detail: (1, 2) takes more than twice as much as `(0.5, 1)`, and indices of different pairs cannot be compared.
#
# ## 4. One round: a group, then scopes
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
    before, mask = pq_index(w[mask], 1, 2), sap_group(w, mask)
    print(f"round {number}: index {before:.3f}, then kept {w[mask].tolist()}")

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
# The trained network, one round, and what each scope takes from each layer.

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
# **Read it.** By neuron and by layer the amounts are nearly the same. *Global* lets the large layer of small weights pay for all and spares the head: which layer has small weights is mostly a matter of its number of inputs (lesson 02).
#
# Now twelve rounds, **without training between them**: index, bound and amount of each layer. Two things to find out: what slows SAP down? And in which scope does the `head` keep most in the end?

# %%
widgets.SAPExplorer(weights)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>As in the group of ten: every round takes the smallest, the survivors become alike, their index falls, and with it the next amount; below 1 it rounds down to 0. SAP slows itself down. The head keeps most in scope global; in the other two its own large index counts against it at once.</details>
#
# ### In a hurry
# Twelve rounds are long. A large gamma takes more in each, and may go wrong. Two rounds: `kept` counts what is left of each layer; `least` is the pruner's `min_per_layer`.

# %%
for scope, beta, least in (("global", 0.9, None), ("layer", 1.0, None), ("layer", 1.0, 100)):
    pruner = SAPPruner(1, 2, gamma=8, beta=beta, scope=scope, min_per_layer=least)
    masks, net = Masks.dense(mlp), copy.deepcopy(mlp)
    for _ in range(2):
        if all(m.any() for m in masks.values()):
            masks = pruner.masks(net, bench, masks)
    kept = {name: int(masks[f"{name}.weight"].sum()) for name in layers}
    print(f"{scope:6} beta {beta:g}, least {least}: kept {kept}")

# %% [markdown]
# **Read it.** A layer without weights passes nothing on: the network says the same to every image. Beta below 1 saves each *group* from that, which in scope global is no promise to a single layer (`dense1`, first line). A least number of weights per layer is one.
#
# > **A good place to stop for today.** You have built all of SAP: index, bound, amount. The bound is necessary, not sufficient; the survivors become alike, so the bites shrink. Open: is the amount any good? When you come back, run all cells above again.
#
# ## 5. Does the choice pay?
#
# ### Which layer gives how much
# SAP gives each layer its own share. Two simpler rules take the same number in all: *the same share* from every layer, or *one ranking* of all layers.
#
# ### Predict
# About two thirds gone, nothing trained afterwards. **Which of the three keeps the most accuracy, which the least?** Lock in an order, best first.

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
names = [
    "SAP: its share for each layer",
    "same: one share for all",
    "one: all layers in one ranking",
]
duel = {name: [] for name in names}
for gamma in (0.5, 1, 1.5, 2, 2.25, 2.5):
    points = np.asarray([rivals(gamma, net) for net in nets])  # (seeds, 3 rules, 2)
    for k, name in enumerate(names):
        sparsity, accuracy = points[:, k].T
        duel[name].append((sparsity.mean(), accuracy.mean(), accuracy.min(), accuracy.max()))
figures.accuracy_curves(
    duel,
    dense=dense_accuracy,
    n=len(bench.validation),
    title=f"You said: {rule_order}. Line: mean, band: lowest to highest (seeds: {len(nets)})",
    zoom=True,
)

# %% [markdown]
# **Read it.** While less than half goes, the three are close. At two thirds SAP's shares do *worse* than the same share for all, and one ranking does best; beyond, the bands of the first two overlap. The `head` has the largest index, so SAP takes most from the
# layer where that gains least sparsity, and through which everything has to pass. (One small network.)
#
# ### The pace
# So the shares are not what SAP is good for. What about *when*? In our study `results/pace` such a network is pruned and fine-tuned in twenty rounds of two epochs, with five seeds. Which share of what is left goes in each round?

# %% tags=["folded"]
four = ["SAP", "magnitude", "magnitude, SAP's pace", "magnitude, global, SAP's pace"]
went, accuracies = {}, {}
try:
    table = study.read("../results/pace")
    for name in four:
        rounds = table[table["method"] == name].groupby("round")
        kept = np.append(1, 1 - rounds["sparsity"].mean())
        went[name] = (range(1, len(kept)), 1 - kept[1:] / kept[:-1])
        columns = rounds["test_accuracy"].agg(["mean", "min", "max"])
        accuracies[name] = np.column_stack([1 - kept[1:], columns]).tolist()
except CourseError as error:
    print(f"{error} The lesson goes on without it.")
figures.lines(
    {name: line for name, line in went.items() if name in four[:2]},
    xlabel="round",
    ylabel="share of what is left",
    title="The pace: how much goes in each round",
)

# %% [markdown]
# **Read it.** Magnitude followed a schedule that somebody chose, up to 95 % gone (lesson 02): a similar bite in every round until the end is near. SAP takes a third at once and then ever less. Does it matter? Two more
# curves rank by magnitude, within layers and globally, but take *SAP's* number in every round.

# %%
figures.arena(
    accuracies,
    ylabel="test accuracy (axis cut)",
    title="Lent SAP's pace, magnitude keeps up (line: mean, band: lowest to highest of five seeds)",
    at=0.8,
)

# %% [markdown]
# **Read it** at four fifths, the grey line:
#
# - SAP has {{results/pace: sap.round14.test_accuracy | .3f}} at sparsity {{results/pace: sap.round14.sparsity | .2f}}; magnitude at its own pace {{results/pace: magnitude.round9.test_accuracy | .3f}} at {{results/pace: magnitude.round9.sparsity | .2f}}. By then SAP had trained longer: it is its round 14, against magnitude's round 9 ({{results/pace: sap.round14.epochs | .0f}} epochs and {{results/pace: magnitude.round9.epochs | .0f}}, with {{results/pace: dense.round0.epochs | .0f}} of the dense start). (Where half is gone, magnitude had trained longer, and is ahead.)
# - Give magnitude SAP's pace, and they are level: {{results/pace: magnitude_sap_s_pace.round14.test_accuracy | .3f}}, after the same epochs.
# - Give that pace to the global ranking, and it is clearly ahead of SAP: {{results/pace: magnitude_global_sap_s_pace.round14.test_accuracy | .3f}}.
#
# So what SAP brings is the *pace*, not a better choice: it slows down, and the network has trained longer when it gets somewhere. A convolutional network on CIFAR-10 says nearly the same ([results/controls](../results/controls/README.md), after round 6: SAP {{results/controls: sap.round6.test_accuracy | .3f}}, magnitude at its pace {{results/controls: magnitude_sap_s_pace.round6.test_accuracy | .3f}}, globally {{results/controls: magnitude_global_sap_s_pace.round6.test_accuracy | .3f}}). Another schedule that slows down may do as well; we have not tried one. (Curves rise as training goes on.)
#
# ## 6. An amount, not a score
#
# SAP never said *which* weights matter, so its amount fits any score. On the convolutional network we put it on single
# weights, on the L1 norms of filters and neurons (lesson 02), on their mean activations (lesson 03), and on a lottery.
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
# One round of each: the share of each layer that goes, and two indices of `conv3`.

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
names, taken = ["conv1", "conv2", "conv3", "conv4", "dense"], {}
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
    taken, what="weights or units", guess=("conv3", guess), guessed="units, L1 norm"
)

# %% [markdown]
# **Read it.** Next to nothing goes by the L1 norm, and that is no bug. A filter's norm is a *sum* of hundreds of magnitudes, and such sums are alike: the differences that SAP lives on are averaged away. Activations differ more
# from unit to unit, so there SAP takes a good bite. And of random scores it takes the share of uniform numbers, with all its mathematics and no reason at all. The amount is as good as its score.
#
# Three rounds of each, with a short fine-tuning between them:

# %%
final = {}
for label, pruner in methods.items():
    net = copy.deepcopy(cnn)
    quick = partial(train.fit, lr=1e-3)
    final[label] = list(
        iterate(pruner, net, bench, rounds=3, epochs=mode.tune_epochs, fit=quick)
    )
figures.accuracy_curves(
    {
        label: [(r.sparsity, r.accuracy["tuned"]) for r in records]
        for label, records in final.items()
    },
    dense=train.evaluate(cnn, bench),
    n=len(bench.validation),
    title="Which is best?",
    zoom=True,
)

# %% [markdown]
# **Read it.** Do not answer yet. The curves are a few standard errors apart at most, end at different sparsities, count weights here and units there, and have one seed each. Lesson 06 begins here.
#
# ## 7. Two loops
#
# After each prune the network is trained again. From where? The **paper rewinds**: the survivors go back to their *initial* values and are trained as long as the first time,
# as in the lottery ticket (Frankle & Carbin 2019). The course's **reference project fine-tunes**: it goes on from where the weights are. Both are called SAP.
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
# Your loop, on the real network. The folded cell hands it its three functions and keeps, after each round, sparsity, survivors, index and accuracy.

# %% tags=["folded"]
rewind, sap_loop = use(rewind), use(sap_loop)


def run(rewinds: bool, gamma: float, rounds: int, fit: Callable, net: nn.Module) -> list[tuple]:
    """Return (sparsity, survivors of dense1, index, accuracy) before round 1 and after each."""
    net, path = copy.deepcopy(net), []
    pruner = SAPPruner(p=1, q=2, gamma=gamma)

    def note(masks: Masks) -> None:
        kept = {n: net.get_parameter(n)[mask].detach().cpu() for n, mask in masks.items()}
        left = [w for w in kept.values() if w.any()]
        index = np.average([pq_index(w, 1, 2) for w in left], weights=list(map(len, left)))
        accuracy = train.evaluate(net, bench)
        path.append((masks.sparsity, kept["dense1.weight"], float(index), accuracy))

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
# Four rounds of each with the paper's gamma = 1, and the same number of epochs in both.

# %%
slow = {
    "rewinding (the paper)": run(True, 1, 4, fit, mlp),
    "fine-tuning (the reference project)": run(False, 1, 4, fit, mlp),
}
figures.accuracy_curves(
    {name: [(s, accuracy) for s, _, _, accuracy in path] for name, path in slow.items()},
    dense=dense_accuracy,
    n=len(bench.validation),
    title="One rule, two loops, the same epochs",
    zoom=True,
)

# %% [markdown]
# **Read it.** Fine-tuning ends higher: it adds up the epochs of all rounds; rewinding starts anew each time. (That the rewound curve rises, by about two standard errors and with one seed, proves little.) The *pace* differs, too: other survivors, other amounts. An honest comparison says which loop it ran, and for how long.
#
# ## 8. Find the bug
#
# Four pieces of code that run without an error and are wrong. In each, one line is to blame. Answer with its number.
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
# ## 9. In your own words
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
# - The bound follows from the index; it is necessary, not sufficient, and SAP keeps what it says.
# - The survivors become alike, so SAP slows down. That pace is its merit: lent to magnitude, it does as well.
# - The scope decides which layer pays. A least number of weights saves a layer from being emptied.
# - It is an amount, not a score, and as good as the score it is given.
# - Rewinding or fine-tuning: say which, and for how long.
#
# **Next**, lesson 06: look once more at "Which is best?". What would a fair comparison have to look like? What follows here is optional.
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
# **Read it.** Only a line that says "falls, then rises, then falls" has all three phases. In our run (one seed) that is rewinding with SGD, and it ends in collapse. The others only sink, so SAP slows down, and the same ten rounds do not break the network. The phases are no law; they belong to a way of training.
#
# What does the index see? The survivors, round by round:

# %%
widgets.RoundSlider(
    {
        name: [(w, pq_index(w, 1, 2) if w.any() else 0.0, a) for _, w, _, a in path]
        for name, path in fast.items()
    },
    layer="dense1",
)

# %% [markdown]
# **Read it.** Before the first prune (slide to 0) the smallest are the most frequent. After it, with SGD, training gathers the survivors in a hump around their mean: more alike, a smaller index, a smaller next amount.
#
# ## Bonus
#
# Give SAP scores that are neither sums nor lots: `lambda weight: weight.abs().amax(1)`, the largest weight of each filter. Does it take more?
