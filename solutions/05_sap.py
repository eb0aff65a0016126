# %% [markdown]
# # 05 · SAP
#
# **Goal.** Turn the index of lesson 04 into *how many weights go in this round*, each layer its own number, and find out what that number is worth. The method is
# sparsity-informed adaptive pruning (SAP) of Diao et al., *Pruning Deep Neural Networks from a Sparsity Perspective* (ICLR 2023, arXiv 2302.05601).
#
# ![Where this lesson goes: accuracy over sparsity for SAP's share of each layer and two simpler rules; which is best?](../notebooks/pictures/05_sap.png)
#
# **You need** lesson 04 (the PQ index) and lesson 02 (masks, fine-tuning). **Difficulty** medium. {{minutes}}
#
# You write five small functions, lock in two predictions and find five bugs. Run every cell, also those you leave empty: where an answer is missing, the
# lesson goes on with the library's version and says so.
#
# **Why learn a rule that only sets the pace?** A score tells who goes first, never when to stop. Somebody has to say how many go, from each layer, in each round, and a share from habit is an answer too. SAP reads
# that number off the weights, with a derivation that you can follow. You will see where that helps and where a plain rule does as well.
#
# **Words of this lesson.** A *score* says which goes first, an *amount* how many go, a *scope* who is ranked together. $d$ is the number of weights that are still
# *kept*, $I$ their index, $r$ how many have to stay.

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

from course_lib import data, models, phases, train
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
# Iterative pruning usually takes the same share in every round and from every layer; 20 % is a popular one. Nobody derived it. Here is the paper's small network, with
# 128 and 256 hidden neurons, trained with SGD. We keep a copy of its initial weights for section 5.

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

# %%
shares = [0.05 * k for k in range(21)]


def lost(w: Tensor) -> list[float]:
    """Return the share of the sum of |w| that the smallest weights carry, at each of `shares`."""
    running = w.abs().double().flatten().sort().values.cumsum(0)
    at = [round(share * len(running)) for share in shares]
    return [float(running[n - 1] / running[-1]) if n else 0.0 for n in at]


figures.lines(
    {name: (shares, lost(w)) for name, w in weights.items()}
    | {"equal magnitudes": (shares, shares)},
    xlabel="share of the weights that goes",
    ylabel="share of the sum of |w| lost",
    title="The same bite costs every layer something else",
)

# %%
print(
    "lost with the smallest 20 %: "
    + ", ".join(f"{n} {lost(w)[4]:.3f}" for n, w in weights.items())
)
print(
    "PQ index, (0.5, 1):          "
    + ", ".join(f"{n} {pq_index(w):.3f}" for n, w in weights.items())
)

# %% [markdown]
# **Read it.** The more a curve sags, the more there is to spare, and the PQ index measures the sag: the layer with the largest index loses least. Lesson 04 stopped at this
# number between 0 and 1. To prune we need a *count*.
#
# ## 2. From the index to a bound
#
# Keep the $r$ largest of $d$ weights and call their set $K$. What goes is measured against what stays:
# $\sum_{i \notin K}|w_i|^p \le \eta \sum_{i \in K}|w_i|^p$. So $\eta = 0$ means that only zeros may go. How small can $r$ be, if we know nothing but the index and $\eta$? Three lines:
#
# 1. $\|w\|_p \le (1+\eta)^{1/p}\,\|w_K\|_p$, because the sum over all is at most $1 + \eta$ times that over $K$.
# 2. $\|w_K\|_p \le r^{1/p-1/q}\,\|w_K\|_q \le r^{1/p-1/q}\,\|w\|_q$: of the $r$ entries of $K$ the power means are $M_p \le M_q$ (lesson 04), and leaving entries out makes no norm larger.
# 3. So $1 - I = d^{1/q-1/p}\,\|w\|_p / \|w\|_q \le (1+\eta)^{1/p}\,(r/d)^{1/p-1/q}$.
#
# Now solve for $r$, one step at a time (write $a = 1/p - 1/q = (q - p)/(pq)$):
#
# - divide by the factor with $\eta$: $(r/d)^{a} \ge (1-I)\,(1+\eta)^{-1/p}$;
# - take the power $1/a = pq/(q-p)$, which is positive: $r/d \ge (1-I)^{pq/(q-p)}\,(1+\eta)^{-q/(q-p)}$, since $\frac1p \cdot \frac{pq}{q-p} = \frac{q}{q-p}$;
# - multiply by $d$:
#
# $$r \;\ge\; d\,(1+\eta)^{-\frac{q}{q-p}}\,(1-I)^{\frac{pq}{q-p}}$$
#
# Nothing else stands behind SAP: no data, no gradients, no accuracy.
#
# ### Exercise 1: `retain_bound`
# The right-hand side, a number of weights that need not be whole.
#
# <details><summary>Hint</summary>Try p = 1/2, q = 1 and eta = 0 by hand: the exponent that remains is 1, and r is d * (1 - I).</details>


# %% answer="retain_bound"
def retain_bound(d: int, index: float, p: float, q: float, eta: float = 0.0) -> float:
    """Return r, the fewest of d weights that have to stay at this index."""
    ### BEGIN SOLUTION
    return d * (1 + eta) ** (-q / (q - p)) * (1 - index) ** (p * q / (q - p))
    ### END SOLUTION


# %% check="retain_bound"
check(retain_bound)

# %% [markdown]
# The five vectors of lesson 04 again, eight entries each, with the bound for $\eta = 0$ above them.

# %%
retain_bound = use(retain_bound)
five = {
    "equal": torch.ones(8),
    "rising": torch.arange(1.0, 9.0),
    "half": torch.tensor([1.0, 1, 1, 1, 0, 0, 0, 0]),
    "one large": torch.tensor([8.0, 1, 1, 1, 1, 1, 1, 1]),
    "single": torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0]),
}
figures.vectors(five, {k: retain_bound(8, pq_index(w, 1, 2), 1, 2) for k, w in five.items()})

# %% [markdown]
# **Read it.** With $\eta = 0$ nothing may be lost, so all entries that are not zero have to stay. For `equal`, `half` and `single` the bound says exactly that. For the other two it says less than eight, although all
# eight are needed: the bound is true, and it is not reached. It is *necessary, not sufficient*: fewer than $r$ cannot do, and $r$ itself may not do either.
#
# How far apart are the two? Choose weights, norms and $\eta$; the grey area is what the bound does not know.

# %%
drawn = torch.Generator().manual_seed(0)
widgets.BoundSlider(weights | {"normal weights": torch.randn(100_000, generator=drawn)})

# %% [markdown]
# **Read it.** Stay at eta = 0: in truth every weight is needed, and the bound lies clearly below. SAP will keep as many as the *bound* says, so that it does lose something, even where eta promises nothing. The
# readout says how much. That is a rule of thumb with a derivation, not a guarantee.
#
# ## 3. From the bound to an amount
#
# What need not stay may go. The paper adds a scale $\gamma$ and a limit $\beta$ for what one round may take:
#
# $$c = \Big\lfloor\, d \cdot \min\!\big(\gamma\,(1 - r/d),\ \beta\big) \Big\rfloor$$
#
# and the $c$ smallest magnitudes of the kept weights go. Defaults: $\eta = 0$, $\gamma = 1$, $\beta$ = `0.9`. (These are not BatchNorm's gamma and beta.)
#
# ### Predict
# With (p, q) = (1, 2) the index of normal weights is about a fifth (lesson 04). **Which share of a normal layer goes in one round?** Lock in a number between 0 and 1.

# %% answer="normal_share"
normal_share = None  # your prediction, such as 0.5
### BEGIN SOLUTION
normal_share = 0.2
### END SOLUTION

# %% check="normal_share"
check(normal_share, "normal_share")

# %% [markdown]
# ### Exercise 2: `sap_amount`
# `w` holds the kept weights only. Use `pq_index` and `retain_bound`. Where exact arithmetic gives a whole number, floats may give one a hair below it: add `1e-12 * d` before you
# round down, once, at the end. There is no other limit: nothing may go, and with beta = 1 everything. (`w` never holds zeros only, of which no index is defined.)
#
# <details><summary>Hint 1</summary><code>d = w.numel()</code>; an exact zero that is not masked counts.
# <details><summary>Hint 2</summary>Scale first, then limit: <code>min(gamma * (1 - r / d), beta)</code>.</details></details>


# %% answer="sap_amount"
def sap_amount(
    w: Tensor,
    p: float = 0.5,
    q: float = 1.0,
    eta: float = 0.0,
    gamma: float = 1.0,
    beta: float = 0.9,
) -> int:
    """Return c, how many of the kept weights w go in this round."""
    ### BEGIN SOLUTION
    d = w.numel()
    r = retain_bound(d, pq_index(w, p, q), p, q, eta)
    return math.floor(d * min(gamma * (1 - r / d), beta) + 1e-12 * d)
    ### END SOLUTION


# %% check="sap_amount"
check(sap_amount)

# %% [markdown]
# Four kinds of weights, from short tails to long ones, and what SAP takes of each.

# %%
sap_amount = use(sap_amount)
n = 20_000
u = torch.rand(n, generator=drawn, dtype=torch.float64) * 2 - 1
normal = torch.randn(4, n, generator=drawn, dtype=torch.float64)
kinds = {
    "uniform": u,
    "normal": normal[0],
    "Laplace": u.sign() * torch.log(1 - u.abs()),
    "Student t, 3": normal[0] / normal[1:].square().mean(0).sqrt(),
}
figures.amount_bars(
    {
        f"({p:g}, {q:g})": {name: (sap_amount(w, p, q), n) for name, w in kinds.items()}
        for p, q in ((0.5, 1.0), (1.0, 2.0))
    },
    guess=("normal", normal_share),
    title="The longer the tail, the more goes; (1, 2) takes more than (0.5, 1)",
)

# %% [markdown]
# **Read it.** With `(0.5, 1)` the share that goes is simply $I$. With (1, 2) it is $1 - (1 - I)^2$, which for normal weights is $1 - 2/\pi$: more than a third. A guess of a fifth would be the index itself; the amount is larger. So the
# pair (p, q) is not a detail: it more than doubles the pace.
#
# ### The three handles at their limits
# One layer, one round, (p, q) = (1, 2): which share of `dense1` goes?

# %%
settings = {
    "as it is": {},
    "eta = 0.5": {"eta": 0.5},
    "eta = 1000": {"eta": 1000},
    "gamma = 0.25": {"gamma": 0.25},
    "gamma = 8": {"gamma": 8},
    "beta = 0.1": {"beta": 0.1},
    "gamma = 8, beta = 1": {"gamma": 8, "beta": 1},
}
for name, options in settings.items():
    gone = sap_amount(weights["dense1"], 1, 2, **options)
    print(f"{name:20} {gone / weights['dense1'].numel():.3f}")

# %% [markdown]
# **Read it.** A large eta or gamma takes so much that only beta holds it back; a small gamma or beta slows the pace and leaves the order of the layers as it is. With beta = 1 *everything* can go. The handles scale what the index says; they
# know nothing of accuracy.
#
# Now all of it at once, for the trained network, **without training between the rounds**: index, bound and amount of each layer in the round that you choose. Find out what
# slows SAP down from round to round, and which scope is kindest to the small layer.

# %%
widgets.SAPExplorer(weights)

# %% [markdown]
# **Read it.** Every round takes the smallest, the survivors become alike, their index falls, and with it the next amount: SAP slows itself down. A round in which a group has nothing to give is not an
# error; the library calls a round that takes nothing at all *stalled*.
#
# ## 4. One round, three scopes
#
# Who is ranked together, and whose index counts? *neuron*: each output unit by itself; *layer*; *global*: all weights in one vector.
#
# ### Exercise 3: `sap_round`
# Weights and masks by name, new masks out. Build it in three parts; until the third stands, the check says *not yet* and names a case that fails.
#
# 1. **One group.** Write a helper for one flat vector and its mask: `sap_amount` of the *kept* weights go, the smallest magnitudes first, of equal ones any. Nothing that was gone comes back. Where nothing is
#    kept, the mask stays as it is. (No group holds zeros only.)
# 2. **layer.** Call the helper once for each tensor.
# 3. **neuron and global.** The same helper, on each row `w[j]` (in a convolution that is a filter), and on all tensors laid end to end.
#
# Do not change the masks you are given.
#
# <details><summary>Hint 1</summary>Flatten first: a convolution's weight has four axes, and the helper need not know.
# <details><summary>Hint 2</summary><code>w.abs().masked_fill(~mask, math.inf).argsort()</code> lists the kept ones first, smallest first.
# <details><summary>Hint 3</summary>global: <code>torch.cat</code> of all flattened tensors, then <code>split</code> by their sizes. neuron: <code>torch.stack</code> over
# the rows.</details></details></details>


# %% answer="sap_round"
def sap_round(
    weights: Mapping[str, Tensor],
    masks: Mapping[str, Tensor],
    scope: str,
    p: float = 0.5,
    q: float = 1.0,
) -> dict[str, Tensor]:
    """Return the masks (True = kept) after one round with scope "neuron", "layer" or "global"."""

    ### BEGIN SOLUTION
    def one(w: Tensor, mask: Tensor) -> Tensor:
        new = mask.clone().flatten()
        if new.any():
            order = w.abs().masked_fill(~mask, math.inf).flatten().argsort()
            new[order[: sap_amount(w[mask], p, q)]] = False
        return new.view_as(mask)

    if scope == "layer":
        return {name: one(w, masks[name]) for name, w in weights.items()}
    if scope == "neuron":
        return {n: torch.stack(list(map(one, w, masks[n]))) for n, w in weights.items()}
    flat = one(*(torch.cat([t[n].flatten() for n in weights]) for t in (weights, masks)))
    parts = flat.split([w.numel() for w in weights.values()])
    return {n: part.view_as(weights[n]) for n, part in zip(weights, parts, strict=True)}
    ### END SOLUTION


# %% check="sap_round"
check(sap_round)

# %% [markdown]
# The same trained network, one round of (1, 2), and what each scope takes from each layer.

# %%
sap_round = use(sap_round)
dense = {name: torch.ones_like(w, dtype=torch.bool) for name, w in weights.items()}
taken, after = {}, {}
for scope in ("neuron", "layer", "global"):
    masks = sap_round(weights, dense, scope, p=1, q=2)
    kept = Masks(
        {f"{name}.weight": mask for name, mask in masks.items()}, Masks.dense(mlp).total
    )
    after[scope] = (train.evaluate(kept.apply_(copy.deepcopy(mlp)), bench), kept.sparsity)
    taken[scope] = {name: (int((~mask).sum()), mask.numel()) for name, mask in masks.items()}
figures.amount_bars(taken, title="Who is ranked together decides who pays")

# %%
for scope, (accuracy, sparsity) in after.items():
    print(
        f"{scope:7} sparsity {sparsity:.3f}, accuracy {accuracy:.3f} without any repair (dense {dense_accuracy:.3f})"
    )

# %% [markdown]
# **Read it.** By neuron and by layer the amounts are nearly the same. *Global* lets the large layer of small weights pay for all and spares the head: whose weights are small is decided mostly by how many inputs a layer has, not by how much it matters (lesson 02).
#
# ### Does the choice pay?
# SAP chooses a share for each layer. One rival takes *the same share from every layer*, the other ranks all layers together, and both take as many in all as SAP does. Several gammas, no repair, networks from several seeds (one in CI): line and band are
# mean and range.

# %%
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


# %% tags=["ahead"]
names = ["SAP's share for each layer", "the same share for all", "all layers in one ranking"]
duel = {name: [] for name in names}
for gamma in (0.5, 1, 1.5, 2, 2.25, 2.5):
    points = np.asarray([rivals(gamma, net) for net in nets])  # (seeds, 3 rules, 2)
    for k, name in enumerate(names):
        sparsity, accuracy = points[:, k].T
        duel[name].append((sparsity.mean(), accuracy.mean(), accuracy.min(), accuracy.max()))
figures.accuracy_curves(duel, dense=dense_accuracy, n=len(bench.validation), zoom=True)

# %%
for name, w in weights.items():
    print(f"{name:6} {w.numel():7,} weights, index {pq_index(w, 1, 2):.3f} with (1, 2)")

# %% [markdown]
# **Read it.** While less than half goes, the three are close. At about two thirds SAP's shares do *worse* here than the same share for all, and one plain ranking does best. Look at the indices: that of the small `head` is the largest, so SAP takes most from a
# layer of few weights, where it gains little sparsity and through which all that the network says has to pass. Unequal magnitudes are not the same as weights to spare. (No repair, one small network: training between the rounds can turn the order. Lesson 06 goes on with that.)
#
# ### A layer emptied
# Now the handles at their worst. `kept` counts what is left of each layer.

# %%
for scope, beta, floor in (("global", 0.9, None), ("layer", 1.0, None), ("layer", 1.0, 100)):
    pruner = SAPPruner(1, 2, gamma=8, beta=beta, scope=scope, min_per_layer=floor)
    masks, net = Masks.dense(mlp), copy.deepcopy(mlp)
    for _ in range(2):
        if all(m.any() for m in masks.values()):
            masks = pruner.masks(net, bench, masks)
    kept = {name: int(masks[f"{name}.weight"].sum()) for name in layers}
    print(f"{scope:6} beta {beta:g}, min_per_layer {floor}: kept {kept}")

# %% [markdown]
# **Read it.** A layer without weights passes nothing on: the network says the same to every image. Beta below 1 saves each *group* from that, so in scope global it promises nothing to any single layer: look at `dense1` in the first line. `min_per_layer` does.
#
# ## 5. Two loops
#
# After each prune the network is trained again. From where? The **paper rewinds**: the survivors go back to their *initial* values and are trained as long as the first time, with a new
# optimizer, as in the lottery ticket of Frankle & Carbin (2019). The **reference project** of this course **fine-tunes**: it goes on from where the weights are. Both are called SAP.
#
# ### Exercise 4: `rewind`
# Set the *whole* state of the model back to `start` (biases and running statistics as well), in place, and then zero what the masks exclude, and nothing else. `start` is needed again: leave it as it is, and let the model share no tensor with it.
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
# Your loop, on the real network. `survivors` reads what is left of a layer; the index is the mean over layers, each weighted by its survivors.

# %%
rewind, sap_loop = use(rewind), use(sap_loop)


def survivors(net: nn.Module, masks: Masks) -> dict[str, Tensor]:
    """Return the kept weights of each layer, flat."""
    kept = {n: net.get_parameter(f"{n}.weight").detach().cpu() for n in layers}
    return {
        n: w[masks[f"{n}.weight"].cpu()] if len(masks) else w.flatten().clone()
        for n, w in kept.items()
    }


def mean_index(kept: Mapping[str, Tensor]) -> float:
    """Return the mean PQ index, (1, 2), of the layers, weighted by their survivors."""
    left = {name: w for name, w in kept.items() if w.any()}
    indices = [pq_index(w, 1, 2) for w in left.values()]
    return float(np.average(indices, weights=[len(w) for w in left.values()]))


# %% [markdown]
# `run` hands your loop its three functions and writes down the sparsity, the survivors of `dense1`, the index and the accuracy after each round.


# %%
def run(rewinds: bool, gamma: float, rounds: int, fit: Callable, net: nn.Module) -> list[tuple]:
    """Return (sparsity, survivors of dense1, index, accuracy) before round 1 and after each."""
    net, path = copy.deepcopy(net), []
    pruner = SAPPruner(p=1, q=2, gamma=gamma)

    def note(masks: Masks) -> None:
        kept = survivors(net, masks)
        path.append(
            (masks.sparsity, kept["dense1"], mean_index(kept), train.evaluate(net, bench))
        )

    def prune(masks: Masks) -> Masks:
        masks = pruner.masks(net, bench, masks)
        masks.apply_(net)
        return masks

    def train_again(masks: Masks) -> None:
        fit(net, bench, epochs=epochs, masks=masks, seed=len(path))
        note(masks)

    note(Masks.dense(net))
    back = (lambda masks: rewind(net, start, masks)) if rewinds else None
    sap_loop(rounds, prune, back, train_again, Masks.dense(net))
    return path


# %% [markdown]
# Rewinding against fine-tuning, four rounds with the paper's gamma = 1, equally many epochs in both.

# %%
slow = {
    "rewinding (the paper)": run(True, 1, 4, fit, mlp),
    "fine-tuning (the reference project)": run(False, 1, 4, fit, mlp),
}
figures.accuracy_curves(
    {name: [(s, accuracy) for s, _, _, accuracy in path] for name, path in slow.items()},
    dense=dense_accuracy,
    n=len(bench.validation),
    zoom=True,
)

# %% [markdown]
# **Read it.** Two things differ. The *accuracy*: fine-tuning adds up the epochs of all rounds, and an under-trained network profits from that; rewinding starts anew each time. And the *pace*: the same rule takes other amounts, because
# the two trainings leave other survivors. So equal rounds are not equal sparsities, and an honest comparison has to say which loop it ran, and for how long.
#
# ## 6. Regularization, compression, collapse?
#
# The paper reports three phases as pruning goes on. First the index of the survivors falls: the network gets by with less (*regularization*). Then it rises: ever fewer weights carry ever more
# (*compression*). In the end it falls again, and the accuracy with it (*collapse*). Look for them. With gamma = 1 that would take many rounds, so we take gamma = 3 and go on beyond the
# end. A third run rewinds as the paper does, but trains with AdamW.

# %%
adam = models.build("mlp", bench, seed=0)
train.fit(adam, bench, epochs=epochs, seed=0)
fast = {
    "rewinding, SGD": run(True, 3, 10, fit, mlp),
    "fine-tuning, SGD": run(False, 3, 10, fit, mlp),
    "rewinding, AdamW": run(True, 3, 10, train.fit, adam),
}
figures.index_path(
    {
        name: [(1 - s, index, accuracy) for s, _, index, accuracy in path]
        for name, path in fast.items()
    },
    dense=dense_accuracy,
)

# %%
for name, path in fast.items():
    moves = ", then ".join(phases.phases(np.array([index for _, _, index, _ in path])))
    print(
        f"{name:18} the index {moves}; accuracy {path[-1][3]:.3f} at sparsity {path[-1][0]:.4f}"
    )

# %% [markdown]
# **Read it.** The lines printed above say which curve does what; only "falls, then rises, then falls" would be the three phases. Every curve has the first phase. In our run the rewound SGD curve is the one that turns: its index rises when a few hundred weights are
# left and the accuracy breaks, and falls when only a handful is, of which an index says little. With fine-tuning (which by then has trained ten times as long) and with AdamW the index only sinks, so SAP slows down, and the same ten rounds do not break the network.
#
# So the phases are not a law of pruning; they belong to a way of training, and the third one to networks that nobody would use. In our study on Fashion-MNIST (AdamW, `results/fashion-mnist/index.png`) the index falls from beginning to end, but it stops long before so little is left as here; and here we have one seed.
#
# What does the index see? Look at the survivors themselves, round by round.

# %%
widgets.RoundSlider(
    {
        name: [(w, pq_index(w, 1, 2) if w.any() else 0.0, a) for _, w, _, a in path]
        for name, path in fast.items()
    },
    layer="dense1",
)

# %% [markdown]
# **Read it.** Before the first prune the smallest are the most frequent. After it, with SGD, the survivors form a hump around their mean: more alike, a smaller index. How narrow the hump is, is up to the training, and it decides the next amount: if survivors become alike, SAP slows down; if some grow and others shrink, SAP goes on.
#
# ## 7. An amount, not a score
#
# SAP never said *which* weights matter. It ranks by magnitude, as everyone does, and computes how many. So its amount fits any score, in one line each. We take the convolutional network and put the same amount on single
# weights, on the L1 norms of its filters and neurons (lesson 02), on their mean activations (lesson 03), and on a lottery.
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

# %% [markdown]
# One round of each, nothing trained: the share of each layer that goes.

# %%
names, taken = ["conv1", "conv2", "conv3", "conv4", "dense"], {}
for label, pruner in methods.items():
    _, seen = pruner.propose(cnn, bench)
    seen = {name.removesuffix(".weight"): facts for name, facts in seen.items()}
    taken[label] = {name: (seen[name]["removed"], seen[name]["survivors"]) for name in names}
guess = filters_gone / 64 if isinstance(filters_gone, (int, float)) else None
figures.amount_bars(taken, what="weights or units", guess=("conv3", guess))

# %%
row = cnn.conv3.weight.detach().cpu()
norms = row.abs().sum((1, 2, 3))
print(
    f"conv3: index of its weights {pq_index(row, 1, 2):.3f}, of its filters' norms {pq_index(norms, 1, 2):.4f}"
)

# %% [markdown]
# **Read it.** Next to nothing goes by the L1 norm, and that is no bug. A filter's norm is a *sum* of hundreds of magnitudes, and sums of many numbers are alike: the inequality that SAP lives on has been averaged away. Activations differ much more
# from unit to unit, so there SAP takes a good bite. And the lottery? Uniform random scores have the index of uniform numbers, so SAP takes its fixed share of them, in every round, with all its mathematics and no
# reason at all. The amount is as good as the score it is given.
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

# %%
for label, records in final.items():
    last = records[-1]
    print(
        f"{label:23} sparsity {last.sparsity:.3f}, units gone {last.unit_sparsity:.3f}, "
        f"{last.epochs:g} epochs, status {last.status}"
    )

# %% [markdown]
# ## 8. Find the bug
#
# Five pieces of code that run without an error and are wrong. In each, one line is to blame. Answer with its number.
#
# **A.** A later round; `mask` says what is kept.
# ```python
# 1  kept = weight[mask]
# 2  share = 1 - retain_bound(kept.numel(), pq_index(kept), 0.5, 1) / kept.numel()
# 3  gone = math.floor(share * weight.numel())
# 4  mask[mask.clone()] = kept.abs().argsort().argsort() >= gone
# ```
# **B.** The smallest weights go.
# ```python
# 1  kept = weight[mask]
# 2  gone = sap_amount(kept)
# 3  mask = mask & (weight.abs() > kept.abs().sort().values[gone - 1])
# ```
# **C.** The amount of a later round.
# ```python
# 1  pruned = weight * mask
# 2  gone = sap_amount(pruned)
# 3  mask[mask.clone()] = weight[mask].abs().argsort().argsort() >= gone
# ```
# **D.** Rewinding.
# ```python
# 1  start = model.state_dict()
# 2  train.fit(model, bench, epochs=9)
# 3  masks = SAPPruner().masks(model, bench)
# 4  model.load_state_dict(start)
# 5  masks.apply_(model)
# ```
# **E.** A quick prune.
# ```python
# 1  pruner = SAPPruner(p=1, q=2, gamma=8, beta=1)
# 2  masks = pruner.masks(model, bench)
# 3  train.fit(model, bench, epochs=9, masks=masks)
# ```

# %% answer="sap_bugs"
sap_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1, "E": 1}
### BEGIN SOLUTION
sap_bugs = {"A": 3, "B": 3, "C": 2, "D": 1, "E": 1}
### END SOLUTION

# %% check="sap_bugs"
check(sap_bugs, "sap_bugs")

# %% [markdown]
# ## 9. In your own words
#
# A colleague writes: *"SAP computed that our layer needs at least 40 % of its weights. With eta = 0 nothing is lost, so we pruned 60 % and skipped the evaluation."* What do you answer? (Four to six sentences.)

# %% [markdown] explain="nothing_lost" points=2
# *Rubric (2 points).* One point for the bound's direction: it is necessary, not sufficient; fewer than r cannot do, and keeping r loses something even where eta = 0 (only zeros could go without loss). One point for what
# is not in the formula: accuracy, data, the other layers; the number changes with p, q, gamma and scope, so that validation accuracy has to be measured, before and after training again.
#
# *Sample answer, 2 points.* "The bound says that with less than 40 % one certainly loses more than eta allows; it does not say that 40 % are enough. With eta = 0 every weight that is not zero would have to stay. Eta also counts
# magnitudes, not accuracy: no image was looked at, and another p and q would have given another number. Measure the validation accuracy after pruning and after fine-tuning, and compare with other amounts."
#
# *Sample answer, 1 point.* "SAP does not know the accuracy, so they have to evaluate the pruned network on validation images." (Right, but the bound is still read as a guarantee.)

# %% [markdown]
# ## What to take away
#
# - The bound follows from the index in three lines; it is necessary, not sufficient, and SAP keeps what it says.
# - SAP is an amount: it says how many, the score says which. On norms that are alike it takes nothing, of random scores it takes its share.
# - $d$, the index and the amount are those of the *kept* weights; choose indices, not thresholds.
# - (p, q), eta, gamma, beta and the scope set the pace, and the pace is what SAP wins by: in `results/pace` (5 seeds) it has {{results/pace: sap.round14.test_accuracy | .3f}} where {{results/pace: sap.round14.sparsity | .1%}} are gone; magnitude, taking as many a round, {{results/pace: magnitude_sap_s_pace.round14.test_accuracy | .3f}}.
# - Rewinding and fine-tuning are two methods: say which you ran.
#
# **Next**, lesson 06: look once more at "Which is best?". Its axis is cut, and the curves are a few standard errors apart at most; they end at different sparsities, count weights here and units there, have one seed each and a pace of their own. What would a fair
# comparison have to look like?
#
# ## Bonus
#
# - Compute r for the *kept* weights of round 2 in the explorer by hand. Why does the line of the bound lie within the hatched area if gamma is above 1, and outside of it if gamma is below?
# - Run `slow` with `scope="neuron"` and look for neurons from which nothing more goes.
# - Give SAP scores that are neither sums nor lots: `lambda weight: weight.abs().amax(1)`, the largest weight of each filter. Does it take more?
