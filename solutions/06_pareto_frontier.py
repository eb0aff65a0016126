# %% [markdown]
# # 06 · The Pareto frontier
#
# **Goal.** Put all methods into one fair arena, draw what they reach, and say what such a picture proves and what not. The rules of the arena follow Blalock et al.,
# *What is the State of Neural Network Pruning?* (2020).
#
# ![Where this lesson goes: two rules, many seeds of each, one dot per seed; which rule is better?](../notebooks/pictures/06_pareto_frontier.png)
#
# *Two rules, one dot per seed. Which rule is better?*
#
# **You need** lessons 02 (masks, MACs), 03 (activations, Jaccard overlap) and 05 (SAP decides, from the PQ index, how many weights go).
# **Difficulty** medium. {{minutes: 90}} Two sittings: sections 1 to 4 make a fair picture, 5 to 8 ask how it can still mislead.
#
# Five small functions (one optional), two predictions, five bugs. An exercise that you leave empty stops nothing.

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
import tempfile

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from course_lib import data, models, pareto, stability, study, sweep, train
from course_lib.errors import CourseError
from course_lib.pruning import MagnitudePruner, Pruner, amounts
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Would you sign this?
#
# You have met L1 norms, activations, magnitudes and SAP. Which is best? The class project behind this course answers:
#
# > **SAP dominates the Pareto frontier.**
#
# It reports two networks. Would you sign?

# %%
figures.claim()

# %% [markdown]
# **Read it.** SAP's network is sparser *and* more accurate. So far the sentence holds. But a careful reader has six questions, one for each section that follows:
#
# - **2.** What does *better* mean?
# - **3.** Would another seed say the same?
# - **4.** Who wins on equal terms?
# - **5.** Would a coin have done as well?
# - **6.** Is sparsity what you pay for?
# - **7.** How do you fool yourself?
#
# Section 8 signs, or does not.
#
# ## 2. What does "better" mean?
#
# ### One number: the score
#
# The challenge that the project took part in gives each *network* a score:
#
# $$\text{score} = \frac{\text{accuracy} + \text{sparsity}}{2}, \qquad \text{if accuracy} \ge \text{floor}.$$
#
# The *floor*, here `0.60`, is the accuracy below which a network counts nothing.
#
# ### Exercise 1: `score`
# The scores of n points at once, with all their digits. Below the floor, however little, the score is 0; an accuracy that equals the floor counts.
#
# <details><summary>Hint</summary><code>torch.where(condition, a, b)</code> takes a where the condition holds, and b elsewhere.</details>


# %% answer="score"
def score(accuracy: Tensor, sparsity: Tensor, floor: float = 0.6) -> Tensor:
    """Return the score of each point, (n,): (accuracy + sparsity) / 2, and 0 below the floor."""
    ### BEGIN SOLUTION
    return torch.where(accuracy >= floor, (accuracy + sparsity) / 2, 0.0)
    ### END SOLUTION


# %% check="score"
check(score)

# %% [markdown]
# What is the floor for? Score five imagined networks with it and without.

# %% tags=["nbval-check-output"]
score = use(score)
imagined = {
    "dense": (0.79, 0.00),
    "a tenth kept": (0.77, 0.90),
    "a twentieth kept": (0.73, 0.95),
    "a fiftieth kept": (0.69, 0.98),
    "an empty one that guesses": (0.10, 1.00),
}
accuracy, sparsity = torch.tensor(list(imagined.values())).T
free, ruled = score(accuracy, sparsity, 0.0), score(accuracy, sparsity)
for k, name in enumerate(imagined):
    print(f"{name:26} score {ruled[k]:.3f}    without a floor {free[k]:.3f}")

# %% [markdown]
# **Read it.** Without a floor, an empty network that guesses beats the dense one. The middle three rows score nearly alike: a point of sparsity pays for a point of accuracy. You may want another price. So the score is *one* preference.
#
# ### No number: dominance
#
# A point *dominates* another if it is at least as good in both coordinates and better in one. What nothing dominates is the *Pareto front*. This needs no price.
#
# ### Exercise 2: `pareto_front`
# True for the points on the front. Of points that are equal in both coordinates the first is on it, the others are not; points that differ by little are not equal.
#
# <details><summary>Hint 1</summary>A loop over pairs (i, j) will do: point i is out if some j is no worse in both and better in one, or equal and earlier.
# <details><summary>Hint 2</summary>Or go through the points from the sparsest on, of equal sparsity the most accurate first, and remember the best accuracy so far.</details></details>


# %% answer="pareto_front"
def pareto_front(sparsity: Tensor, accuracy: Tensor) -> Tensor:
    """Return a bool tensor (n,), True = no other point dominates this one (of equal ones: the first)."""
    ### BEGIN SOLUTION
    keep = torch.ones(len(sparsity), dtype=torch.bool)
    for i in range(len(sparsity)):
        no_worse = (sparsity >= sparsity[i]) & (accuracy >= accuracy[i])
        better = (sparsity > sparsity[i]) | (accuracy > accuracy[i])
        earlier = torch.arange(len(sparsity)) < i
        keep[i] = not (no_worse & (better | earlier)).any()
    return keep
    ### END SOLUTION


# %% check="pareto_front"
check(pareto_front)

# %%
pareto_front = use(pareto_front)
toy = {"A": (0.0, 0.80), "B": (0.5, 0.82), "C": (0.4, 0.70), "D": (0.9, 0.70)}
toy |= {"E": (0.9, 0.65), "F": (0.7, 0.82), "G": (0.97, 0.30)}
kept = pareto_front(*torch.tensor(list(toy.values())).T)
on_front = [name for name, on in zip(toy, kept, strict=True) if on]
figures.staircase(toy, on_front)

# %% [markdown]
# **Read it.** F is as accurate as B and sparser, so B is out. G is on the front although nobody would want it: dominance asks whether something is better in *every* respect. A *method* dominates if it holds the whole front.
#
# But each of these points is one run, with its own luck.
#
# ## 3. Would another seed say the same?
#
# Train a network twice, with two *seeds*: another dense start, another order of the images. How far apart do they land? Take the small network of the SAP paper and two rules. Both remove the smallest 90 % of the weights; one ranks them within each *layer*, the other over all layers, *global*. Twelve seeds of each.

# %% tags=["ahead"]
recipe = {"batch_size": 64, "lr": 1e-3}
runs, length = (3, 0.5) if mode.name == "ci" else (12, 1)
rules = {"layer": MagnitudePruner(0.9), "global": MagnitudePruner(0.9, scope="global")}
crowd, networks = {rule: [] for rule in rules}, []
for seed in range(runs):
    dense = models.build("mlp", bench, seed=seed)
    train.fit(dense, bench, epochs=2 * length, seed=seed, **recipe)
    for rule, pruner in rules.items():
        net = copy.deepcopy(dense)
        masks = pruner.masks(net, bench)
        train.fit(net, bench, epochs=length, masks=masks, seed=100 + seed, **recipe)
        crowd[rule].append(train.evaluate(net, bench))
        networks.append(net)
figures.crowd(crowd, title="Which rule is better? One dot per seed; lines: mean and band")

# %% [markdown]
# **Read it.** The crowds overlap. The line below each is its *band*, here and in all that follows: the mean ± one standard deviation, the usual distance of a seed from the mean.
#
# A paper with one seed could have drawn any of these dots. How often would it have named the wrong winner? Guess; then move the slider, which draws some seeds of each crowd, many times, and counts. And what gets narrower with more seeds: the shaded band?

# %%
widgets.SeedsSlider(crowd)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>Not the band: it says how much seeds <i>differ</i>. What gets surer is the <i>mean</i>. So wrong winners get rarer, if there is a winner. Where two means are as close as here, few seeds say little more than a coin.</details>
#
# Now we know what a difference has to beat. Next, everybody gets the same chance.
#
# ## 4. Who wins on equal terms?
#
# Fair means: one data set, one dense start for each seed, the same rounds and epochs for all, several seeds, and a curve in place of a point. Our arena has the same small network, three seeds and six methods:
#
# | what goes | by a rule | by drawing lots |
# |---|---|---|
# | single weights | `SAP`, `magnitude` | `random weights` |
# | whole units | `L1 units`, `activation` | `random units` |
#
# Those that draw lots wait for section 5. The folded cell prepares the arena, one line per method.

# %% tags=["folded"]
unit = ["filter", "neuron"] if mode.name == "full" else "neuron"
least = {"min_per_layer": 150}  # weights that each layer keeps, or the head dies first
sap = {"pruner": "sap", "p": 1, "q": 2, "gamma": 10.0, "beta": 0.6}
active = {"pruner": "activation", "units": unit, "sparsity": 0.97, "samples": 512}
methods = [
    {"name": "SAP", **sap, **least, "scratch": True},
    {"name": "magnitude", "pruner": "magnitude", "sparsity": 0.98, **least},
    {"name": "random weights", "pruner": "random", "sparsity": 0.98, **least},
    {"name": "L1 units", "pruner": "l1", "unit": unit, "sparsity": 0.97, "scratch": True},
    {"name": "activation", **active},
    {"name": "random units", "pruner": "random", "unit": unit, "sparsity": 0.97},
]
small = mode.name == "ci"
grid = {"name": "arena", "data": mode.data, "limit": mode.limit, "method": methods}
grid |= {
    "model": "cnn" if mode.name == "full" else "mlp",
    "seeds": [0, 1] if small else [0, 1, 2],
}
grid |= {"rounds": 2 if small else 5, "epochs": 1, "fit": recipe}
grid |= {"dense": {"epochs": 4, "threads": 1, "fit": recipe}}

# %% [markdown]
# ### Predict
# Which method has the best accuracy when 50 %, 90 % and 97 % of the parameters are gone? Choose among the six names of the table.

# %% answer="winners"
winners = None  # such as {0.5: "SAP", 0.9: "SAP", 0.97: "SAP"}
### BEGIN SOLUTION
winners = {0.5: "magnitude", 0.9: "SAP", 0.97: "SAP"}
### END SOLUTION

# %% check="winners"
check(winners, "winners")

# %% [markdown]
# Now the runs, about a hundred networks. The table shows where one seed's curves end.

# %%
with tempfile.TemporaryDirectory() as store:
    table = sweep.run(grid, store=store, jobs=1, quiet=True)
scratch = table["method"].str.contains("from scratch")
arena = table[~scratch]
pruned = arena[arena["method"] != "dense"]
dense_accuracy = arena.loc[arena["method"] == "dense", "test_accuracy"].mean()
columns = ["sparsity", "epochs", "macs", "test_accuracy"]
arena[arena["seed"] == 0].groupby("method")[columns].last().round(3)

# %% [markdown]
# **Read it.** The same epochs, and ends at about the same sparsity. A confession belongs beside it: SAP's gamma was tuned three times until its curve went as far as the others, the others' targets once or twice.
#
# ### Exercise 3: `mean_and_band`
# One line and one band for each method: but the points of its seeds lie at different sparsities. So read each curve at common sparsities, on the straight line between two points; only then take the mean and the
# *sample* standard deviation over the seeds. Every curve reaches every sparsity in `at`. Of a single
# seed no deviation is known: it is nan.
#
# <details><summary>Hint 1</summary><code>np.interp(at, sparsity, accuracy)</code> reads a curve at new places; <code>torch.tensor</code> of it is a tensor again.
# <details><summary>Hint 2</summary>Sample: the sum of squares is divided by n - 1. <code>values.std(0)</code> does that.</details></details>


# %% answer="mean_and_band"
def mean_and_band(curves: list[tuple[Tensor, Tensor]], at: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation over curves (sparsity, accuracy), each (len(at),)."""
    ### BEGIN SOLUTION
    values = torch.stack([torch.tensor(np.interp(at, s, a)) for s, a in curves])
    return values.mean(0), values.std(0)
    ### END SOLUTION


# %% check="mean_and_band"
check(mean_and_band)

# %% tags=["folded"]
mean_and_band = use(mean_and_band)


def by_seed(method: str, by: str) -> list[tuple[Tensor, Tensor]]:
    """Return one curve per seed, (sparsity, accuracy), which begins at its dense model."""
    found = []
    for _, rows in arena[arena["method"].isin(["dense", method])].groupby("seed"):
        rows = rows.sort_values("sparsity")
        found.append((torch.tensor(rows["sparsity"].array), torch.tensor(rows[by].array)))
    return found


reach = pruned.groupby(["method", "seed"])["sparsity"].max().min()  # of the shortest curve
sparsities = [s for s in (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.97) if s <= reach]
at = torch.tensor(sparsities, dtype=torch.float64)
names = [method["name"] for method in methods]
bands = {name: mean_and_band(by_seed(name, "test_accuracy"), at) for name in names}
judged = {name: mean_and_band(by_seed(name, "val_accuracy"), at)[0] for name in names}
drawn = {name: torch.stack([at, m, m - d, m + d], 1).tolist() for name, (m, d) in bands.items()}

# %% [markdown]
# The winner above each grey line is named by the *validation* images; what is drawn is the test accuracy.

# %%
firsts = {}
for k, s in enumerate(sparsities):
    if s in (0.5, 0.9, 0.97):
        order = sorted(names, key=lambda name: -judged[name][k])
        told = [
            f"{name} {bands[name][0][k]:.3f} ± {bands[name][1][k]:.3f}" for name in order[:2]
        ]
        print(f"at {s:.2f}: {told[0]}, then {told[1]}")
        firsts[s] = order[0]
said = winners if isinstance(winners, dict) else {}
guesses = {s: (said.get(s), first) for s, first in firsts.items()}
shown = {name: drawn[name] for name in ("SAP", "magnitude", "L1 units", "activation")}
figures.arena(
    shown,
    dense_accuracy,
    guesses=guesses,
    named=True,
    title="Who wins? (mean and band of the seeds)",
)

# %% [markdown]
# **Read it.** SAP and magnitude lie on each other; the two that take whole units fall away when little is left. Is SAP better than magnitude? Compare them seed by seed, each pair from the same dense network.

# %%
read = {name: [np.interp(at, *c) for c in by_seed(name, "test_accuracy")] for name in names}
apart = np.array(read["SAP"]) - np.array(read["magnitude"])
figures.sides(
    {f"{s:.2f} gone": apart[:, k].tolist() for k, s in enumerate(sparsities)},
    left="magnitude is better",
    right="SAP is better",
    title="Who is ahead, at which sparsity? One dot per seed",
)

# %% [markdown]
# **Read it.** In some rows all seeds speak for magnitude, in others all for SAP. Three seeds agree easily, as three coins do one time in four; and neighbouring rows are the same networks a round apart, so count them as two or three, not as seven. And to *dominate*, SAP would have to be ahead in every row.
#
# > **A good place to stop for today.** You can draw a fair picture; SAP and magnitude are hardly to be told apart in it. Next: are they better than a coin? To go on later, click here and choose *Run > Run All Above Selected Cell*.
#
# ## 5. Would a coin have done as well?
#
# A network has weights to spare, so *any* pruning looks good for a while. Hence every method needs a *control*: a rival that knows nothing. The first is the **lottery**, which removes as much, of the same kind, but draws lots.
#
# By how many points does choosing units by their mean activation beat it? Say a number first.

# %%
rule_and_lot = {
    "single weights go": ("SAP", "magnitude", "random weights"),
    "whole units go": ("L1 units", "activation", "random units"),
}
figures.kinds(
    {kind: {name: drawn[name] for name in members} for kind, members in rule_and_lot.items()},
    pale=["random weights", "random units"],
    title="Each method against the lottery of its kind (grey)",
)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have said a number</summary>Left, both rules are far above the grey curve. Right, L1 norms stay close to it, and mean activations fall <i>below</i> it: worse than chance! Without the control one would have said "activation-based pruning works up to 80 %". It does, and so does a coin.</details>
#
# The second control is **from scratch**: the pruned network's masks, but *new* weights, trained for as many epochs as it had in all. We take the best point of a curve by validation score. Liu et al. made this famous in 2019 (*Rethinking the Value of Network Pruning*). How many points will the new weights lose?

# %%
keys, gaps = ["seed", "round"], {}
for name in ("SAP", "L1 units"):
    new = table[table["method"] == f"{name}, from scratch"].set_index(keys)["test_accuracy"]
    tuned = table[table["method"] == name].set_index(keys)["test_accuracy"]
    gaps[f"shape by {name}"] = (new - tuned).dropna().tolist()
figures.sides(
    gaps,
    left="the pruned weights are better",
    right="the new weights are better",
    title="What are the pruned weights worth? One dot per seed",
)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have said a number</summary>They lose nothing. What pruning found here was a <i>shape</i>; its weights were worth no more than new ones. One thing helped the new weights: a single long training in place of several short ones.</details>
#
# You know a third control from lesson 05: lent SAP's *pace*, magnitude was level with SAP. So far all of this counted parameters.
#
# ## 6. Is sparsity what you pay for?
#
# A phone may care for arithmetic, a download for bytes. A processor multiplies by a masked weight as by any number. To *store*
# single weights one needs the numbers left and a map of their places, one bit for each weight of the dense network; a network with fewer units needs its numbers only. So who leads over parameters, MACs, bytes: SAP or L1 units?


# %% tags=["folded"]
def curves(table: pd.DataFrame, x: str = "sparsity") -> dict:
    """Return method -> rows of (x, mean over seeds, lower and upper edge of the band)."""
    means = pareto.mean_curves(table[table["method"] != "dense"], by="test_accuracy", x=x)
    middle, spread = means["test_accuracy"], means["deviation"]
    means = means.assign(low=middle - spread, high=middle + spread)
    columns = [x, "test_accuracy", "low", "high"]
    return {name: own[columns].to_numpy().tolist() for name, own in means.groupby("method")}


def front_of(table: pd.DataFrame, x: str = "sparsity") -> list:
    """Return the front of the mean curves above the floor, (x, test accuracy), chosen on validation."""
    means = pareto.mean_curves(table[table["method"] != "dense"], x=x)
    means = means[means["val_accuracy"] >= pareto.FLOOR]
    return pareto.front(means, x=x)[[x, "test_accuracy"]].to_numpy().tolist()


total = int(arena["kept_parameters"].max())
masked = (arena["sparsity"] > 0) & (arena["unit_sparsity"] == 0)
arena = arena.assign(file_bytes=4 * arena["kept_parameters"] + np.where(masked, total / 8, 0))

# %%
two = arena[arena["method"].isin(["SAP", "L1 units"])]
axes = {"kept parameters": "kept_parameters", "MACs": "macs", "bytes": "file_bytes"}
panels = {name: (curves(two, x), front_of(two, x)) for name, x in axes.items()}
figures.three_axes(panels, "The same runs, measured by three rulers")

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>Over parameters SAP leads. Over MACs its curve is an upright line: nothing was saved. Over bytes the map is a fixed price, which hurts most where little is left: there SAP's lead nearly vanishes. So "which method is best?" has no answer before "for which budget?".</details>
#
# A *budget* is what you may spend. Set one, and see which network would be shipped. On which axis does a lottery ever win?

# %%
widgets.BudgetSlider(arena)

# %% [markdown]
# <details><summary><b>Read it</b>, when you have found it</summary>On MACs, where about a tenth of them may stay. There the luckiest of three seeds of the lottery is ahead.</details>
#
# So luck can win in a fair picture, too. How does one not fall for it?
#
# ## 7. How do you fool yourself?
#
# ### By choosing on test images
#
# From the crowd of section 3 we have two dozen networks of nearly the same quality. We choose the best on *test* images, and report its accuracy on them.
#
# ### Predict
# We choose on 200 test images. **By how many points** (hundredths) is the accuracy that we report higher than what the same network has on fresh images? Lock in a number from 0 to 30.

# %% answer="optimism"
optimism = None  # your prediction in points, such as 5
### BEGIN SOLUTION
optimism = 1
### END SOLUTION

# %% check="optimism"
check(optimism, "optimism")

# %% [markdown]
# Try it: split the test images at random, choose on one part, look at the other, 500 times.

# %% tags=["folded"]
with torch.inference_mode():
    outcomes = [
        torch.cat([net.eval()(x).argmax(1) == y for x, y in bench.batches("test", 500)]).cpu()
        for net in networks
    ]
right = torch.stack(outcomes).float()  # (networks, test images): 1 where the network is right


def choose(candidates: int, images: int, repeats: int = 500) -> tuple[float, float]:
    """Return the chosen network's mean accuracy on the images that chose it, and on the others."""
    rng, claimed, fresh = torch.Generator().manual_seed(0), [], []
    for _ in range(repeats):
        some = right[torch.randperm(len(right), generator=rng)[:candidates]]
        some = some[:, torch.randperm(some.shape[1], generator=rng)]
        seen, unseen = some[:, :images].mean(1), some[:, images:].mean(1)
        claimed.append(seen.max().item())
        fresh.append(unseen[seen.argmax()].item())
    return np.mean(claimed), np.mean(fresh)


# %%
images = min(200, right.shape[1] // 2)
rows = [
    (n, *choose(n, images)) for n in sorted({1, 2, 4, 8, 16, len(right)}) if n <= len(right)
]
figures.winners_curse(
    rows,
    guess=optimism,
    title=f"The best of many, chosen on {images} test images: reported and true",
)

# %% [markdown]
# **Read it.** With every further candidate the reported number rises, and the true one far less: what was selected is mostly *luck on these images*, the *winner's curse*. So choose on validation, and read the test images once.
#
# ### By unequal training
#
# In our first study on CIFAR-10, one seed, the last round trains far longer than the others. Three of its networks:
#
# | network | sparsity | epochs | accuracy |
# |---|---|---|---|
# | SAP, last round | {{results/cifar10-one-seed: sap.round6.sparsity | .3f}} | {{results/cifar10-one-seed: sap.round6.epochs | .0f}} | {{results/cifar10-one-seed: sap.round6.test_accuracy | .3f}} |
# | global magnitude, the round before | {{results/cifar10-one-seed: magnitude_global.round5.sparsity | .3f}} | {{results/cifar10-one-seed: magnitude_global.round5.epochs | .0f}} | {{results/cifar10-one-seed: magnitude_global.round5.test_accuracy | .3f}} |
# | global magnitude, last round | {{results/cifar10-one-seed: magnitude_global.round6.sparsity | .3f}} | {{results/cifar10-one-seed: magnitude_global.round6.epochs | .0f}} | {{results/cifar10-one-seed: magnitude_global.round6.test_accuracy | .3f}} |
#
# Against the second row SAP wins clearly, at nearly the same sparsity. Against the third, with equal training, it does not win. Our own report made this mistake.
#
# ### Exercise 4: `equal_budget`
# Mend an unfair table. First keep the seeds that *every* method ran. Then, on these, find the longest training of each method; the smallest of those is the budget that everybody has spent. Keep the rows within it, in any order;
# if no seed is common, none.
#
# |method|seed|epochs|stays?|
# |---|---|---|---|
# |A|0|5|yes|
# |A|0|9|no: B has spent 6 at most|
# |A|1|5|no: B has no seed 1|
# |B|0|6|yes|
#
# <details><summary>Hint 1</summary><code>{row["seed"] for row in rows if row["method"] == m}</code> are the seeds of method m; <code>set.intersection(*sets)</code> is what all share.
# <details><summary>Hint 2</summary><code>min(max(...) for m in methods)</code>; and mind the order: seeds first.</details></details>


# %% answer="equal_budget"
def equal_budget(rows: list[dict]) -> list[dict]:
    """Return the rows, each with "method", "seed" and "epochs", that may be compared."""
    ### BEGIN SOLUTION
    methods = {row["method"] for row in rows}
    seeds = [{row["seed"] for row in rows if row["method"] == m} for m in methods]
    fair = [row for row in rows if row["seed"] in set.intersection(*seeds)]
    spent = [[row["epochs"] for row in fair if row["method"] == m] for m in methods]
    return [row for row in fair if row["epochs"] <= min(map(max, spent))]
    ### END SOLUTION


# %% check="equal_budget"
check(equal_budget)

# %% [markdown]
# A colleague compared our SAP curves with *some* rounds of *some* seeds of the others:

# %%
equal_budget = use(equal_budget)
whole = arena[arena["method"].isin(["SAP", "magnitude", "L1 units"])]
picked = whole[(whole["method"] == "SAP") | ((whole["round"] <= 2) & (whole["seed"] <= 1))]
rows = picked[["method", "seed", "epochs", "sparsity", "val_accuracy"]].to_dict("records")
for title, some in (("as reported", rows), ("mended", equal_budget(rows))):
    some = pd.DataFrame(some)
    scores = pareto.score(some["val_accuracy"], some["sparsity"])
    told = some.assign(score=scores).groupby("method")
    print(f"{title}:")
    print(told.agg({"seed": "nunique", "epochs": "max", "score": "max"}).round(3).to_string())

# %% [markdown]
# **Read it.** A method's best score grows with its budget. Mended, SAP's lead is smaller.
#
# ### By one wrong line
#
# Five pieces of code that run and report something wrong. In each, one line is to blame: its number, please.
#
# **A.** The best network of each method.
# ```python
# 1  rows = study.read("runs/mine")
# 2  rows = rows[rows["sparsity"] >= 0.9]
# 3  best = rows.loc[rows.groupby("method")["test_accuracy"].idxmax()]
# 4  print(best[["method", "test_accuracy"]])
# ```
# **B.** How much faster?
# ```python
# 1  masks = MagnitudePruner(0.9).masks(model, bench)
# 2  before = measure.macs(model, bench.example)
# 3  after = before * masks.density
# 4  print(f"{before / after:.0f} times fewer MACs")
# ```
# **C.** Five seeds.
# ```python
# 1  runs = torch.tensor([run(seed) for seed in range(5)])
# 2  mean = runs.max()
# 3  spread = runs.std()
# 4  print(f"SAP: {mean:.3f} ± {spread:.3f} (5 seeds)")
# ```
# **D.** The score.
# ```python
# 1  accuracy = train.evaluate(model, bench)
# 2  sparsity = 100 * masks.sparsity
# 3  result = (accuracy + sparsity) / 2
# ```
# **E.** Beside a paper's number of MACs.
# ```python
# 1  with FlopCounterMode(display=False) as counter: model(bench.example[:1])
# 2  ours = counter.get_total_flops()
# 3  print(f"{theirs / ours:.1f} times fewer MACs than theirs")
# ```

# %% answer="arena_bugs"
arena_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1, "E": 1}
### BEGIN SOLUTION
arena_bugs = {"A": 3, "B": 3, "C": 2, "D": 2, "E": 2}
### END SOLUTION

# %% check="arena_bugs"
check(arena_bugs, "arena_bugs")

# %% [markdown]
# All questions have been asked. Do you sign?
#
# ## 8. Does SAP dominate?
#
# Then it would have to hold every point of the front. Who holds the fronts of our runs, chosen on validation? The study `class-project` has five classes, as the project had.

# %% tags=["folded"]
found, fronts, told = {"this arena": arena}, {}, []
for name in ("cifar10", "class-project", "fashion-mnist"):
    try:
        found[name] = study.read(f"../results/{name}")
    except CourseError as error:
        print(f"{error} The lesson goes on without it.")
for name, rows in found.items():
    means = pareto.mean_curves(pareto.contestants(rows))
    fronts[name] = pareto.front(means[means["val_accuracy"] >= pareto.FLOOR])
    held, entered = fronts[name]["method"], pd.Series(means["method"].unique())
    told.append(
        {
            "study": name,
            "points on the front": len(held),
            "of SAP": held.str.startswith("SAP").sum(),
            "of magnitude": held.str.startswith("magnitude").sum(),
            "curves": len(entered),
            "curves of SAP": entered.str.startswith("SAP").sum(),
        }
    )
pd.DataFrame(told).set_index("study")

# %%
lines, points = {}, []
if "cifar10" in fronts:
    lines = curves(
        found["cifar10"][found["cifar10"]["method"].isin(["SAP", "magnitude, global"])]
    )
    points = fronts["cifar10"][["sparsity", "test_accuracy"]].to_numpy().tolist()
figures.arena(
    lines,
    front=points,
    named=True,
    stretched=True,
    bottom=pareto.FLOOR,
    title="CIFAR-10: who holds the front (grey)? Mean and band of the seeds",
)

# %% [markdown]
# **Read it.** Nowhere does SAP hold the whole front. On CIFAR-10 *global* magnitude has all points but those near the end, where SAP is ahead. On Fashion-MNIST most are SAP's; but count the curves: who enters more often is more often on the front.
#
# The SAP paper is more careful, too. By its own figures SAP with *global* scope is worse than its rivals where few weights are left.
#
# ### In your own words
#
# The class project says: *"SAP dominates the Pareto frontier."* What do the runs of this lesson say to that? And which method would you take for a phone, for a microcontroller, and for a data
# centre, by which axis? Six to eight sentences will do.

# %% [markdown] explain="dominates" points=3
# *Rubric (3 points).* One point for claim against evidence: two points of one run on other data prove no dominance; in our runs magnitude shares the front. One point for choosing by the budget that binds: arithmetic (phone: whole units, slimmed), bytes (microcontroller: whole units, or single weights with the price of their index), dense products (data centre:
# whole units or none). One point for what is missing: more seeds, the two controls, latency on that device, a choice on validation images.
#
# *Sample answer, 3 points.* "Our front has points of SAP and of magnitude, which often differ by less than their seeds do, so SAP does not dominate; the project's two points come from one run on other data. For a phone: L1 units, slimmed, because masked weights save no MACs. For a microcontroller I would compare the numbers left plus their bitmap with a smaller network from scratch, which was no worse here. In a
# data centre zeros are multiplied anyway: the dense model. First I would measure latency there and run more seeds, choosing on validation images."
#
# *Sample answer, 1 point.* "SAP has the best score at high sparsity, so it dominates there; for a phone I would take L1 because it saves MACs." (The phone is right; seeds, controls and the other devices are missing.)

# %% [markdown]
# ## What to take away
#
# - To dominate is to hold the whole front. A score is one preference.
# - A front needs equal data, starts, seeds and epochs, and a word on how often each method was tuned.
# - One seed proves little: show the band, and the seeds one by one.
# - Three controls: the lottery of the same kind, new weights in the same shape, and equal pace.
# - Change the axis and the winner changes. Masked weights save no arithmetic.
# - Choose on validation, read test once: the best of many is partly luck.
#
# **Next**, lesson 07: smaller files and faster programs. What follows here is optional.
#
# ## Optional: other numbers for "better"
#
# The score gives accuracy and sparsity the same weight. Move that weight, and find a point of the front that *no* weight picks. Then pull the floor down to zero and give all weight to sparsity: what wins?

# %%
widgets.PreferenceSlider(arena[arena["method"].isin(["dense", "SAP", "magnitude", "L1 units"])])

# %% [markdown]
# <details><summary><b>Read it</b>, when you have an answer</summary>Equal value is a straight line, and a line touches only the outermost corners: a point in a dent of the front is never picked. Without a floor the sparsest network wins, however bad it is.</details>
#
# Another number judges a whole curve. The *hypervolume* is the area that a front dominates beyond a reference point, the worst sparsity and accuracy that still count. Between two points only the *sparser* one's accuracy is sure: a staircase.
#
# ### Exercise 5 (optional): `hypervolume`
# Points come in any order; some are dominated; those below the reference or to the left of it count nothing. If none lies beyond it, the area is 0.
#
# <details><summary>Hint 1</summary>Keep the points beyond the reference, then those of the front (you have a function for that), and sort them by sparsity.
# <details><summary>Hint 2</summary>Each step is as wide as its sparsity minus the one before (the first: minus the reference) and as high as its accuracy minus the reference's.</details></details>


# %% answer="hypervolume"
def hypervolume(
    sparsity: Tensor, accuracy: Tensor, reference: tuple[float, float] = (0.0, 0.6)
) -> float:
    """Return the area that the points dominate beyond reference = (sparsity, accuracy)."""
    ### BEGIN SOLUTION
    beyond = (sparsity > reference[0]) & (accuracy > reference[1])
    s, a = sparsity[beyond], accuracy[beyond]
    on = pareto_front(s, a)
    order = s[on].argsort()
    s, a = s[on][order], a[on][order]
    widths = torch.diff(s, prepend=torch.tensor([reference[0]], dtype=s.dtype))
    return float((widths * (a - reference[1])).sum())
    ### END SOLUTION


# %% check="hypervolume"
check(hypervolume)

# %% [markdown]
# Test accuracies, two references: everything counts, and only what is sparser than 90 %. Below, the area of the toy.

# %%
hypervolume = use(hypervolume)
print(f"{'area beyond':16} {'(0.0, 0.6)':>20} {'(0.9, 0.6)':>20}")
for name in names:
    told = f"{name:16}"
    for reference in ((0.0, 0.6), (0.9, 0.6)):
        areas = [hypervolume(s, a, reference) for s, a in by_seed(name, "test_accuracy")]
        told += f"  {np.mean(areas):9.4f} ± {np.std(areas, ddof=1):.4f}"
    print(told)
figures.staircase(toy, on_front, reference=(0.0, 0.6))

# %% [markdown]
# **Read it.** Is the order the same in both columns, and are the gaps larger than the deviations? Whoever sets the reference decides how much the ends of a curve weigh. So report both.
#
# ## Optional: a duel of criteria
#
# Is it the criterion, or the rest? All else is equal: the trained network, the number of units in each layer (70 % go at once), the half epoch of training after it. Six
# criteria: *Taylor* is new (weight times gradient, summed over a unit; Molchanov et al. 2017), and two are controls: *random*, and *largest L1*, which takes what the L1 norm protects.


# %% tags=["folded"]
def largest_l1(weight: Tensor) -> Tensor:
    """Return a score that lets the units of largest norm go first: the worst that L1 can do."""
    return -weight.abs().sum(1)


criteria = {"L1 norm": "l1", "mean activation": "mean", "APoZ": "apoz", "Taylor": "taylor"}
criteria |= {"random": "random", "largest L1": largest_l1}
share, options = 0.7, {"unit": "neuron", "samples": 512}
gone, tuned = {}, {name: [] for name in criteria}
for seed in grid["seeds"]:
    dense = models.build("mlp", bench, seed=seed)
    train.fit(dense, bench, epochs=3 * length, seed=seed, **recipe)
    for name, criterion in criteria.items():
        pruner = Pruner(criterion, amount=amounts.target(share), seed=seed, **options)
        masks, net = pruner.masks(dense, bench), copy.deepcopy(dense)
        train.fit(net, bench, epochs=0.5, masks=masks, seed=seed, **recipe)
        tuned[name].append(train.evaluate(net, bench))
        if seed == 0:
            gone[name] = ~torch.cat(list(masks.units.values())).cpu()
count, size = int(gone["L1 norm"].sum()), len(gone["L1 norm"])
overlaps = {
    one: {other: stability.jaccard(gone[one], gone[other]) for other in criteria}
    for one in criteria
}
figures.duel(overlaps, tuned, chance=stability.chance(count, count, size))

# %% [markdown]
# **Read it.** Left: how far two criteria let the same units go. Mean activation and APoZ agree most; many other pairs are
# not far from chance. Right: what it was worth. Who beats the lottery by more than the seeds differ, and who loses to it?
#
# <details><summary>Our answer</summary>The L1 norm and Taylor are above it by about what seeds differ; mean activation, APoZ and the largest norms are below. Three seeds, one small network.</details>
#
# ## Bonus
#
# - Put SAP's amount on units: `{"pruner": "sap", ...}` prunes weights, but `Pruner("l1", "neuron", amount=amounts.sap(p=1, q=2))` does not. Where does its curve lie over MACs?
# - Give magnitude SAP's pace: `{"score": "magnitude", "unit": "weight", "pace": "SAP"}`.
