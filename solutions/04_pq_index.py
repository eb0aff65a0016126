# %% [markdown]
# # 04 · The PQ index
#
# **Goal.** Ask a layer how much it can spare, before anything is pruned: measure how *unequal* its weights are, though none of them is zero. The measure is the PQ index of Diao et al., *Pruning Deep Neural Networks from a Sparsity
# Perspective* (ICLR 2023, arXiv 2302.05601). ("PQ" stands for two norms, not for product quantization.)
#
# ![Where this lesson goes: five vectors of eight entries, drawn as bars. Which of them is the sparsest, and what comes next?](../notebooks/pictures/04_pq_index.png)
#
# *Which of these vectors is the sparsest?*
#
# **You need** lesson 00 or 02 (masks, sparsity) and powers and roots. **Difficulty** medium. {{minutes: 50}}
#
# **Fifty percent: says who?** So far *you* set a share, a threshold, a number of deviations, the same for every layer, and found out afterwards, by the accuracy, whether it was too much. But a layer in which a few weights carry
# everything can spare the rest, and one in which all are equally large can spare none. Could the weights say so themselves, without an image and without training? You build the number, and section 7 puts it to the test.
#
# You write four small functions and, if you like, a fifth; lock in a prediction; and find three bugs. Where an answer is missing, the library's goes on.
#
# **Words of this lesson.** The *magnitude* of a weight is its absolute value. A vector is *sparse* if a few entries carry nearly all of it; here that is a matter of degree, and zeros are not needed.
# *Survivors* are the weights that have not been pruned so far. An *index* is always the PQ index.

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
from collections.abc import Callable

import torch
from torch import Tensor

from course_lib import data, models, train
from course_lib.pruning import MagnitudePruner, Pruner, amounts, iterate
from course_lib.teaching import check, figures, modes, use, widgets
from course_lib.teaching.exercises.measures import MEASURES

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. How sparse is a vector that has no zeros?
#
# The hidden layer of a small CNN after a short training. What share of it would you give away?

# %%
model = models.build("cnn", bench, seed=0)
along_training = [copy.deepcopy(model.state_dict())]
for epoch in range(3):
    train.fit(model, bench, epochs=mode.epochs / 3, seed=epoch, lr=1e-3)
    along_training.append(copy.deepcopy(model.state_dict()))
dense_accuracy = train.evaluate(model, bench)
weights = model.hidden.weight.detach().cpu()
figures.weight_histogram(weights, title=f"{weights.numel():,} weights of the hidden layer")

# %% [markdown]
# **Read it.** Counting zeros says "not sparse at all": there are none. Yet many weights are tiny beside the largest ones. A threshold would count them,
# but which? We want one number that needs no threshold, does not care about the scale, and says how *unequally* the magnitudes are spread.
#
# ## 2. Five vectors
#
# Put them in order in your head, from dense to sparse, before you read on. (All have eight entries. Signs and scale do not matter: each is drawn relative to its largest entry.)

# %% tags=["ahead"]
five = {
    "equal": torch.ones(8),
    "stairs": torch.arange(8.0, 0.0, -1),
    "half": torch.tensor([1.0, 1, 1, 1, 0, 0, 0, 0]),
    "one large": torch.tensor([8.0, 1, 1, 1, 1, 1, 1, 1]),
    "single": torch.tensor([1.0, 0, 0, 0, 0, 0, 0, 0]),
}
figures.vectors(five)

# %% [markdown]
# The first and the last are easy: nothing is denser than equal entries, nothing sparser than a single one. In between people disagree: four zeros, or one entry that holds more than half of the
# sum? A measure has to decide, and whoever uses it should know how.
#
# ### Predict
# The index that we are about to build is 0 for `equal` and, with p = 1 and q = 2, about two thirds for `single`: it stays below 1. **What is it for `half`**, four equal
# entries and four zeros? Lock in a number between 0 and 1.

# %% answer="index_of_five"
index_of_five = None  # your prediction, such as 0.5
### BEGIN SOLUTION
index_of_five = 0.3
### END SOLUTION

# %% check="index_of_five"
check(index_of_five, "index_of_five")

# %% [markdown]
# ## 3. From norms to an index
#
# The *power mean* with exponent $s$ is
#
# $$M_s(w) = \Big(\frac1d \sum_{i=1}^d |w_i|^s\Big)^{1/s}.$$
#
# $s = 1$ is the ordinary mean of the magnitudes, $s = 2$ the root mean square, and for large $s$ only the largest entries count.
#
# ### Exercise 1: `power_mean`
# For a tensor of any shape, of which at least one entry is not zero. Compute in float64 (section 8 shows why). Leave `w` as it is.
#
# <details><summary>Hint 1</summary><code>w.abs().double()</code>, then the power, the mean, the root.
# <details><summary>Hint 2</summary>All entries count, zeros too; the root is the power <code>1 / s</code>.</details></details>


# %% answer="power_mean"
def power_mean(w: Tensor, s: float) -> float:
    """Return (mean |w|^s)^(1/s) of all entries of w."""
    ### BEGIN SOLUTION
    return (w.abs().double() ** s).mean().item() ** (1 / s)
    ### END SOLUTION


# %% check="power_mean"
check(power_mean)

# %%
power_mean = use(power_mean)
exponents = [0.25 * k for k in range(1, 17)]
figures.lines(
    {
        name: (exponents, [power_mean(w / w.max(), s) for s in exponents])
        for name, w in five.items()
    },
    xlabel="exponent s",
    ylabel="power mean of w / max(w)",
    title="Only equal entries give a flat line",
)

# %% [markdown]
# **Read it.** The power mean never falls with $s$, and it is flat exactly if all magnitudes are equal.
#
# <details><summary>Why does it never fall?</summary>
# Take s < t and let x be the magnitudes to the power s. A power above 1, here t/s, bends upwards, so the mean of the powers is at least the power of the mean (Jensen's inequality). Take the t-th root of both sides.
# </details>
#
# So compare two exponents, a small $p$ and a larger $q$: the ratio
# $M_p / M_q$ is 1 for equal entries and small for sparse ones. That is the index, up to "1 minus":
#
# $$I_{p,q}(w) = 1 - \frac{M_p(w)}{M_q(w)} = 1 - d^{\,1/q - 1/p}\,\frac{\|w\|_p}{\|w\|_q}, \qquad 0 < p < q.$$
#
# The paper writes the second form. The exponent of $d$ is negative, and it is there to turn norms (sums) into means.
#
# ### Exercise 2: `pq_index`
# The first form above, with `power_mean`. (All entries count; at least one is not zero.)
#
# <details><summary>Hint</summary>You have just written all it needs.</details>


# %% answer="pq_index"
def pq_index(w: Tensor, p: float = 0.5, q: float = 1.0) -> float:
    """Return the PQ index of all entries of w, 0 < p < q."""
    ### BEGIN SOLUTION
    return 1 - power_mean(w, p) / power_mean(w, q)
    ### END SOLUTION


# %% check="pq_index"
check(pq_index)

# %%
pq_index = use(pq_index)
figures.vectors(
    five, {name: pq_index(w, 1, 2) for name, w in five.items()}, guess=("half", index_of_five)
)

# %% tags=["nbval-check-output"]
print("p, q     " + "".join(f"{name:>11}" for name in five))
for p, q in ((1, 2), (0.5, 1), (0.5, 2)):
    print(f"{p:3}, {q:1}   " + "".join(f"{pq_index(w, p, q):11.3f}" for w in five.values()))

# %% [markdown]
# **Read it.** Equal entries give 0, a single one the largest value that this length allows, $1 - d^{1/q - 1/p}$. Look at `half` and `one large`: which of the two is sparser
# depends on $p$ and $q$! A small $p$ cares for zeros, a large $q$ for the largest entries. The paper uses `(0.5, 1)` and `(1, 2)`. Never compare indices with different $p$ and $q$.
#
# ## 4. What a measure of sparsity should do
#
# Hurley & Rickard (*Comparing Measures of Sparsity*, 2009) list six properties, in the language of incomes. Let magnitudes be incomes and sparsity inequality:
#
# | name | what happens | the measure |
# | --- | --- | --- |
# | D1 Robin Hood | a rich entry gives to a poorer one | falls |
# | D2 scaling | all are multiplied by the same number | stays |
# | D3 rising tide | the same number is added to all | falls |
# | D4 cloning | everybody is there twice | stays |
# | P1 Bill Gates | one entry becomes very, very rich | rises |
# | P2 babies | entries of zero are added | rises |
#
# A property is something that code can try. You write two of them; each takes *any* measure, a function from a vector to a number, and says whether it behaves on this vector.
#
# ### Exercise 3: `clone_test`
# True if the measure of `w` beside *one* copy of itself equals that of `w`, up to 1e-6.
#
# ### Exercise 4: `babies_test`
# True if *one* appended zero raises the measure by more than 1e-6. (The tolerance is for rounding noise, in both.)
#
# <details><summary>Hint for both</summary><code>torch.cat([w, ...])</code> makes the longer vector; then call <code>index</code> on both.</details>


# %% answer="clone_test"
def clone_test(index: Callable[[Tensor], float], w: Tensor) -> bool:
    """Return whether the index is the same for w and for w beside a copy of itself (D4)."""
    ### BEGIN SOLUTION
    return abs(index(torch.cat([w, w])) - index(w)) < 1e-6
    ### END SOLUTION


# %% check="clone_test"
check(clone_test)


# %% answer="babies_test"
def babies_test(index: Callable[[Tensor], float], w: Tensor) -> bool:
    """Return whether one appended zero raises the index (P2)."""
    ### BEGIN SOLUTION
    return index(torch.cat([w, torch.zeros(1)])) > index(w) + 1e-6
    ### END SOLUTION


# %% check="babies_test"
check(babies_test)

# %% [markdown]
# The folded cell has the other four. Now all six are tried on five measures, each on 200 drawn vectors. A measure gets a "yes" only if it behaves every single time. Which measure will have the fewest?

# %% tags=["folded"]
clone_test, babies_test = use(clone_test), use(babies_test)


def robin_hood(index: Callable, w: Tensor) -> bool:
    """D1: the richest gives a tenth of its lead to the poorest."""
    w, poor, rich = w.abs(), int(w.abs().argmin()), int(w.abs().argmax())
    fairer = w.clone()
    gift = 0.1 * (w[rich] - w[poor])
    fairer[rich] -= gift
    fairer[poor] += gift
    return index(fairer) < index(w)


tests = {
    "D1 Robin Hood": robin_hood,
    "D2 scaling": lambda index, w: abs(index(1000 * w) - index(w)) < 1e-6,
    "D3 rising tide": lambda index, w: index(w.abs() + 1) < index(w),
    "D4 cloning": clone_test,
    "P1 Bill Gates": lambda index, w: index(w + 1e6 * torch.eye(len(w))[0]) > index(w),
    "P2 babies": babies_test,
}
names = ["PQ index", "Gini index", "share of zeros", "mean magnitude", "L1 norm"]

# %% tags=["nbval-check-output"]
drawn = [
    torch.randn(6, generator=torch.Generator().manual_seed(k)).double() for k in range(200)
]
print(f"{'':16}" + "".join(f"{name[:2]:>6}" for name in tests))
for name in names:
    answers = [all(test(MEASURES[name], w) for w in drawn) for test in tests.values()]
    print(f"{name:16}" + "".join(f"{'yes' if answer else '-':>6}" for answer in answers))

# %% [markdown]
# **Read it.** The index with p = 1 and q = 2 has all six, and so has the Gini index of economics. The share of zeros, the measure that everybody uses, has half of
# them: it is blind to everything that happens between entries that are not zero. And norms measure size, not sparsity.
#
# ### A claim, and a counterexample
# The paper says that the index has all six properties for *any* $0 < p < q$. Two hundred vectors did not object, but we tried one pair only. Take p = 1.5 and q = 2, and let the
# second richest give a little to the poorest: the entry `1.0` gives `0.04` to the entry `0.9`, and `100` stays.

# %% tags=["nbval-check-output"]
before = torch.tensor([1.0, 0.9, 100.0], dtype=torch.float64)
after = torch.tensor([0.96, 0.94, 100.0], dtype=torch.float64)
print(f"index before {pq_index(before, 1.5, 2):.8f}, after {pq_index(after, 1.5, 2):.8f}")
print(f"the same with p = 1:   {pq_index(before, 1, 2):.8f}, after {pq_index(after, 1, 2):.8f}")

# %% [markdown]
# **Read it.** Robin Hood made the vector *more* unequal, by the measure with p = 1.5. The difference is tiny, and one example is enough: the claim does not hold for every pair. Robin
# Hood is safe if $p \le 1 \le q$, as it is for both pairs that the paper uses: powers up to 1 bend downwards, so a transfer to the poorer raises $M_p$; powers from 1 on bend upwards, so it lowers $M_q$; and $M_p/M_q$ can only rise. A property that was tried two hundred times is not yet proven, and one counterexample settles it.
#
# ## 5. Play with it
#
# Forty entries $u^a$, where $u$ runs evenly from 0 to 1: with shape a = 0 all are equal, with 1 they are spread evenly, and the larger a, the fewer are large. Move p and q: what does a small p
# do to the curve, what a large q?

# %%
widgets.IndexSlider()

# %% [markdown]
# ## 6. Along training
#
# From here on the pair is `(0.5, 1)`, the paper's other one. A large layer of drawn weights has the index of their distribution; a million uniform and a million normal weights show it (dashed). Our layers, along their training: did PyTorch draw their first weights uniformly or normally?

# %%
draw = torch.Generator().manual_seed(0)
million = {
    "uniform": torch.rand(1_000_000, generator=draw),
    "normal": torch.randn(1_000_000, generator=draw),
}
layers = ["conv1", "conv2", "conv3", "conv4", "hidden", "head"]
steps = list(range(len(along_training)))
figures.lines(
    {
        name: (steps, [pq_index(state[f"{name}.weight"].cpu()) for state in along_training])
        for name in layers
    },
    xlabel="thirds of the training",
    ylabel="PQ index, p = 0.5, q = 1",
    title="Drawn uniformly or normally? The first point tells (axis cut)",
    levels={name: pq_index(w) for name, w in million.items()},
)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>Uniformly: the large layers begin on that line; the small ones have too few weights to lie on it: half of what parts `conv1` from the line is chance. Then most become less equal, though none gets as far as normal weights.</details>
#
# ## 7. Does the index know?
#
# The question of the beginning: can a layer of higher index spare more? Take the smallest 90 % of the weights of *one* layer, leave the others whole, train nothing, and measure. What would the picture look like if the index knew?

# %%
pruned_alone, ninety = {}, amounts.target(0.9)
for name in layers:
    pruner = Pruner("magnitude", "weight", scope="layer", amount=ninety, layers=[name])
    net = pruner.masks(model, bench).apply_(copy.deepcopy(model))
    index = pq_index(model.get_submodule(name).weight.detach().cpu())
    pruned_alone[name] = index, train.evaluate(net, bench)
figures.index_against(
    pruned_alone,
    whole=dense_accuracy,
    n=len(bench.validation),
    ylabel="accuracy without 90 % of the layer",
)

# %% [markdown]
# **Read it.** In part. `conv1` has the lowest index and loses by far the most; `hidden` has the highest and loses next to nothing. But the layers between them lose little as well, whatever their index, except `head`, which has the index of `conv2` and loses more. The index sees
# how unequal weights are, not what the network does with them: each row of `head` is all that one class has. So it is a hint, not a measurement.
#
# ## 8. Along pruning
#
# And while a layer is pruned? Here is the most common mistake with this index. Prune the smallest weights to zero and compute the index of the layer: it rises, of course, because you appended babies. What
# counts is the index of the *survivors*: is there still something to spare among them? Which way does it go?

# %%
widgets.SurvivorSlider(weights)

# %% [markdown]
# **Read it.** Without any training the index of the survivors falls with every bite: the small ones are gone, what is left is more and more alike. With the zeros counted it
# climbs towards 1 and says "ever sparser", whatever the survivors look like. In a loop that prunes *because* the index is high, that is a machine that never stops.
#
# Now with fine-tuning between the bites, on the real network: four rounds, the same share of each layer, most of it in the first:

# %%
net = copy.deepcopy(model)
records = []
pruner = MagnitudePruner(0.9, scope="layer")
for record in iterate(pruner, net, bench, rounds=4, epochs=mode.tune_epochs):
    survivors = [
        net.get_parameter(f"{name}.weight")[record.masks[f"{name}.weight"]] for name in layers
    ]
    records.append((record.sparsity, [pq_index(w.detach().cpu()) for w in survivors]))
start = [pq_index(model.get_submodule(name).weight.detach().cpu()) for name in layers]
sparsities = [0.0, *(sparsity for sparsity, _ in records)]
figures.lines(
    {
        name: (sparsities, [start[k], *(indices[k] for _, indices in records)])
        for k, name in enumerate(layers)
    },
    xlabel="sparsity",
    ylabel="PQ index of the survivors",
    title="Round by round the survivors become alike",
)

# %% [markdown]
# **Read it.** Most of the fall comes with the first and largest bite. After it the small ones are gone, and this short training brings hardly any unequal ones back. The index speaks of what could go *now*.
#
# ### A trap for computers
# With `p = 0.1` the root is a power of ten. In float32 that overflows:

# %%
w = weights.flatten()[:20_000]
naive = 1 - len(w) ** (1 - 10) * (w.abs() ** 0.1).sum() ** 10 / w.abs().sum()
print(f"float32, as the formula stands: {naive.item():.3f}")
print(f"float64, with means:            {pq_index(w, 0.1, 1):.3f}")

# %% [markdown]
# This is a fault of the authors' own code: above some thousands of weights the sum to the power ten leaves the range of float32. Means instead of sums, and float64, are two lines of care (the library
# divides by the largest weight first, too).
#
# ## 9. Find the bug
#
# Three pieces of code that run without an error and are wrong. Which line is to blame?
#
# **A.** The index of a vector.
# ```python
# 1  d = w.numel()
# 2  norm_p = (w.abs().double() ** p).sum() ** (1 / p)
# 3  norm_q = (w.abs().double() ** q).sum() ** (1 / q)
# 4  index = 1 - d ** (1 / p - 1 / q) * norm_p / norm_q
# ```
# **B.** Is there still something to spare in a pruned layer?
# ```python
# 1  mask = MagnitudePruner(0.5, scope="layer").masks(model, bench)["hidden.weight"]
# 2  pruned = model.hidden.weight.detach().masked_fill(~mask, 0)
# 3  index = pq_index(pruned)
# ```
# **C.** The index with a small p.
# ```python
# 1  w = torch.randn(20_000)
# 2  p, q = 0.1, 1.0
# 3  norm_p = (w.abs() ** p).sum() ** (1 / p)
# 4  norm_q = (w.abs() ** q).sum() ** (1 / q)
# 5  index = 1 - w.numel() ** (1 / q - 1 / p) * norm_p / norm_q
# ```

# %% answer="index_bugs"
index_bugs = None  # such as {"A": 1, "B": 1, "C": 1}
### BEGIN SOLUTION
index_bugs = {"A": 4, "B": 3, "C": 3}
### END SOLUTION

# %% check="index_bugs"
check(index_bugs, "index_bugs")

# %% [markdown]
# ## 10. In your own words
#
# A colleague reports: *"After every pruning round the PQ index of our layers went up. So the network still has a lot to spare, and we should prune more."* What do you ask? (Four to six
# sentences.)

# %% [markdown] explain="rising" points=2
# *Rubric (2 points).* One point for asking whether the pruned zeros were counted: with them the index rises at every round by itself (property P2), so it says nothing about the survivors. One point for
# naming what to compute instead, the index of the unmasked weights, with the same p and q each time, and that even then it is a measure of inequality, not of accuracy: validation accuracy has to be looked at as well.
#
# *Sample answer, 2 points.* "Were the masked weights counted? Appending zeros raises the index whatever the rest looks like, so I would compute it on the survivors only, always with the same p and q. Without
# training it falls as pruning goes on. If the index of the survivors rises after fine-tuning, there is more inequality to use, but whether the network can do without those weights is seen only in the accuracy on validation images."
#
# *Sample answer, 1 point.* "They must leave out the zeros." (Right, but not why, and nothing about what the index does not tell.)

# %% [markdown]
# ## What to take away
#
# - The PQ index compares two power means: 0 for equal magnitudes, larger the fewer carry everything, always below 1.
# - It needs no threshold, ignores scale and copies, and rises with appended zeros, so leave the masked ones out.
# - Which of two vectors is sparser depends on p and q; Robin Hood needs $p \le 1 \le q$.
# - It is a hint at what a layer can spare, and `head` shows that it can be wrong.
# - Float64, and means in place of sums.
#
# **Next**, lesson 05: SAP turns this hint into *how many weights go in this round*, for each layer its own, and asks again after every round. Is that enough? What follows here is optional.
#
# ## Optional: normal weights, by hand
#
# ### Exercise 5: `pq_of_normal` (optional)
# It has no points. For infinitely many normal weights the index can be computed with pen and paper: the moments of a standard normal variable are
#
# $$E|z|^s = \frac{2^{s/2}\,\Gamma\!\left(\frac{s+1}{2}\right)}{\sqrt\pi}, \qquad M_s = \big(E|z|^s\big)^{1/s}.$$
#
# Return the index for any p < q. The scale does not matter (why?). You need not know the Gamma function: it extends the factorial to numbers between the whole ones, and Python has it as `math.gamma`.
#
# <details><summary>Hint</summary>Write a helper for $M_s$: the formula on the left, line by line, then the power 1 / s.</details>


# %% answer="pq_of_normal"
def pq_of_normal(p: float, q: float) -> float:
    """Return the PQ index of infinitely many normal weights."""

    ### BEGIN SOLUTION
    def mean(s: float) -> float:
        return (2 ** (s / 2) * math.gamma((s + 1) / 2) / math.sqrt(math.pi)) ** (1 / s)

    return 1 - mean(p) / mean(q)
    ### END SOLUTION


# %% check="pq_of_normal"
check(pq_of_normal)

# %%
pq_of_normal = use(pq_of_normal)
sizes = [10, 30, 100, 300, 1000, 3000, 10000]
samples = [torch.randn(n, generator=torch.Generator().manual_seed(n)) for n in sizes]
figures.lines(
    {
        "a sample": (sizes, [pq_index(w, 1, 2) for w in samples]),
        "closed form": (sizes, [pq_of_normal(1, 2)] * len(sizes)),
    },
    xlabel="number of weights (log scale)",
    ylabel="PQ index, p = 1, q = 2",
    title="Large layers have the index of their distribution",
    log=True,
)

# %% [markdown]
# ## Bonus
#
# - Uniform weights have the index 1/9 with `(0.5, 1)`. Derive it: the mean of $u^s$ over 0 < u < 1 is 1/(s + 1).
# - Search for counterexamples to Robin Hood by chance: draw vectors, p and q, and count. Which pairs (p, q) have any?
# - Compute the index of each *row* of the hidden layer, one number a neuron. How much do they differ? This is the "neuron" scope of lesson 05.
