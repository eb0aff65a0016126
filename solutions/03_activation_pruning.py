# %% [markdown]
# # 03 · Activation-based pruning
#
# **Goal.** Judge a unit by what it *does*, not by how large its weights are; decide with a threshold how many go; and find out how far such a
# decision can be trusted. The statistics are the mean activation and APoZ of Hu et al., *Network Trimming* (2016, arXiv 1607.03250).
#
# ![Where this lesson goes: seven images and what two filters make of them: one of large weights that is quiet, one of small weights that is busy. Which of them should go?](../notebooks/pictures/03_activation_pruning.png)
#
# *One of these filters is quiet, the other busy. Which should go?*
#
# **You need** lesson 02 (filters, masks, slimming, fine-tuning). **Difficulty** medium. {{minutes: 70}} Two sittings: sections 1 to 4 listen to units, 5 to 8 decide who goes.
#
# You write six small functions, lock in two predictions and find four bugs. Run every cell, also those you leave empty: where an answer is missing,
# the lesson goes on with the library's version and says so.
#
# **Words of this lesson.** A *unit* is a filter or a neuron of a linear layer. Its *activation* is what comes out after its ReLU, one number for each image
# and, in a convolution, for each position. *Calibration* means to run some training images through a trained network and write down what its units do.

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
from functools import partial

import torch
from torch import Tensor, nn

from course_lib import data, models, slim, stability, train
from course_lib.pruning import (
    ActivationPruner,
    L1NormPruner,
    RandomPruner,
    iterate,
    recording,
    units,
)
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Small weights are not silent units
#
# Of the four questions of lesson 02 this lesson answers two anew:
#
# | axis | question | in this lesson |
# | --- | --- | --- |
# | **score** | **what is unimportant?** | **what a unit puts out: mean activation, or 1 - APoZ** |
# | unit | what is removed? | filter, neuron |
# | scope | ranked against whom? | layer |
# | **amount** | **how many this round?** | **all that lie below a threshold** |
#
# Lesson 02 ended with a doubt: the L1 norm looks at weights only. A filter of large weights that nothing ever excites is kept. Do such filters
# exist? We train the reference network of the course, four convolutions and a linear layer of 512 neurons, and rank the filters of its third convolution
# twice: by their norm, and by how active they are on average.

# %%
model = models.build("cnn", bench, seed=0)
groups = units.groups(model, bench.example)
recorder = recording.Recorder(model, groups)  # for the optional section
train.fit(model, bench, epochs=mode.epochs, seed=0, recorder=recorder)
dense_accuracy = train.evaluate(model, bench)
print(f"dense model: {dense_accuracy:.3f} on {len(bench.validation)} validation images")

# %% [markdown]
# To see what a module puts out we hang a *hook* on it: a function that PyTorch calls whenever the module has run. It must come off again, or it
# goes on recording for ever.


# %%
def outputs_of(net: nn.Module, site: str, x: Tensor) -> Tensor:
    """Return what the module called `site` puts out for the images x."""
    seen = []
    handle = net.get_submodule(site).register_forward_hook(lambda m, i, o: seen.append(o))
    with torch.inference_mode():
        net.eval()(x)
    handle.remove()
    return seen[0]


x = bench.normalise(bench.train.images[:512])
active = outputs_of(model, "relu3", x).mean((0, 2, 3)).cpu()
norms = model.conv3.weight.detach().abs().sum((1, 2, 3)).cpu()
# argsort twice gives ranks: 0 for the smallest
gap = norms.argsort().argsort() - active.argsort().argsort()
quiet, busy = int(gap.argmax()), int(gap.argmin())
figures.rank_scatter({"L1 norm": norms, "mean activation": active}, ringed=(quiet, busy))

# %% [markdown]
# **Read it.** If both scores meant the same, the points would lie on a line. The squares are filters that the norm keeps and the activations would drop,
# the triangles the reverse. The two ringed ones differ most: let us look at what they make of seven images.

# %% tags=["ahead"]
maps = outputs_of(model, "relu3", x[:7])
figures.feature_maps(
    x[:7].mean(1),
    {
        f"filter {quiet}\nlarge, quiet": maps[:, quiet],
        f"filter {busy}\nsmall, busy": maps[:, busy],
    },
)

# %% [markdown]
# **Which of the two would you cut?** Look also at *where* they answer. In our run the quiet one lights up on the garment and on nothing else, the busy
# one mostly on black background, which is most of every image. So ask the network: silence one of them, and nothing else.


# %%
def answers(net: nn.Module) -> Tensor:
    """Return the class that the network names for each validation image."""
    with torch.inference_mode():
        return torch.cat(
            [net.eval()(images).argmax(1) for images, _ in bench.batches("validation")]
        )


said = answers(model)
for unit in (quiet, busy):
    silenced = copy.deepcopy(model)
    with torch.no_grad():
        silenced.conv3.weight[unit] = 0
        silenced.conv3.bias[unit] = 0
    now = answers(silenced)
    accuracy = (now == bench.validation.labels).float().mean()
    print(
        f"without filter {unit}: accuracy {accuracy:.3f} (dense {dense_accuracy:.3f}), "
        f"{(now != said).sum()} answers of {len(said)} changed"
    )

# %% [markdown]
# **Read it.** In our run the quiet filter is the one to cut: a handful of answers change without it, and many more without the busy one, background or not. The accuracy hardly moves
# either way: answers change in both directions, and other filters fill in. So *busy* tells that the network listens, not yet that what it hears is useful.
#
# ## 2. A toy seen whole
#
# Three units of a small layer, after their ReLU, on four images. Each column is an image, each row a unit.

# %%
toy = torch.tensor(
    [
        [[[0.0, 1.0], [0.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]],
        [[[0.0, 0.0], [0.0, 9.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]],
        [[[0.0, 0.0], [0.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]],
        [[[0.0, 0.0], [6.0, 0.0]], [[2.0, 2.0], [2.0, 2.0]], [[0.0, 0.0], [0.0, 0.0]]],
    ]
)  # (4 images, 3 units, 2 rows, 2 columns)
figures.kernels(toy, item="image")

# %% [markdown]
# Unit 0 speaks rarely, and loudly. Unit 1 says the same to everything. Unit 2 is silent. Two statistics, each over all images and positions:
#
# - the **mean activation**: 1, 2 and 0 here;
# - **APoZ**, the average percentage of zeros: 13 of 16, none, all. High APoZ means: prune. So the *score*, where higher is more important, is 1 - APoZ.
#
# Mean activation prefers unit 1, which tells the images apart in no way at all. Keep that in mind: both statistics ask *how much* a unit
# speaks, and neither asks *whether it says anything*.
#
# ### Exercise 1: `record`
# A data set does not fit into one batch, and the last batch is smaller. So we never average on the way: we keep *sums*, *numbers of zeros* and a
# *count*, add each batch to them, and divide once, in the end. Add one batch; return new values and leave the old ones as they are.
# The batch is `(b, c, h, w)` after a convolution, and `(b, c)` after a linear layer; `total` and `zeros` are `(c,)`. Only exact zeros count as
# zeros, not tiny outputs.
#
# <details><summary>Hint 1</summary>Sum over all axes but the second. <code>outputs.transpose(0, 1).flatten(1)</code> has one row for each unit, in both cases.
# <details><summary>Hint 2</summary>The count is of the outputs of <i>one</i> unit: images times rows times columns.</details></details>


# %% answer="record"
def record(
    total: Tensor, zeros: Tensor, count: int, outputs: Tensor
) -> tuple[Tensor, Tensor, int]:
    """Add one batch of outputs to the sum, the number of exact zeros and the count of each unit."""
    ### BEGIN SOLUTION
    rows = outputs.transpose(0, 1).flatten(1)
    return total + rows.sum(1), zeros + (rows == 0).sum(1), count + rows.shape[1]
    ### END SOLUTION


# %% check="record"
check(record)

# %%
record = use(record)
tally = record(torch.zeros(3), torch.zeros(3), 0, toy[:3])  # three images ...
total, zeros, count = record(*tally, toy[3:])  # ... and one more
print("sums", total.tolist(), "zeros", zeros.tolist(), "count", count)

# %% [markdown]
# ### Exercise 2: `mean_activation`
# Of a list of batches (at least one), of different sizes.
#
# <details><summary>Hint</summary>Start from zeros, <code>record</code> every batch, divide once.</details>


# %% answer="mean_activation"
def mean_activation(batches: list[Tensor]) -> Tensor:
    """Return the mean activation of each unit over all images and positions, (c,)."""
    ### BEGIN SOLUTION
    total, zeros, count = torch.zeros(batches[0].shape[1]), torch.zeros(batches[0].shape[1]), 0
    for batch in batches:
        total, zeros, count = record(total, zeros, count, batch)
    return total / count
    ### END SOLUTION


# %% check="mean_activation"
check(mean_activation)

# %%
mean_activation = use(mean_activation)
print("the toy, in batches of 3 and 1:", mean_activation([toy[:3], toy[3:]]).tolist())

# %% [markdown]
# ### Exercise 3: `apoz`
# The same list of batches. Give a share between 0 and 1, not rounded. This time no loop is needed: APoZ is the mean of something, and you have a function for means.
#
# <details><summary>Hint</summary>A share is a mean of zeros and ones.</details>


# %% answer="apoz"
def apoz(batches: list[Tensor]) -> Tensor:
    """Return the share of exact zeros of each unit over all images and positions, (c,)."""
    ### BEGIN SOLUTION
    return mean_activation([(batch == 0).float() for batch in batches])
    ### END SOLUTION


# %% check="apoz"
check(apoz)

# %% [markdown]
# On the real network, in *eval mode* (dropout is off), over 1,000 training images in batches of 256, the last of which is smaller. The library's
# `recording.calibrate` does the same for all layers at once; both must agree.

# %%
apoz = use(apoz)
batches = [
    outputs_of(model, "relu3", images).cpu()
    for images, _ in bench.batches("train", 256, samples=1000, seed=0)
]
(activity,) = recording.calibrate(model, bench, groups, samples=1000, seed=0)
theirs = (activity["conv3"].total / activity["conv3"].count).float().cpu()
print("batches of", [len(batch) for batch in batches])
print("equal to the library's:", torch.allclose(mean_activation(batches), theirs, rtol=1e-4))

# %% [markdown]
# ## 3. What the layers look like

# %%
means = {name: (a.total / a.count).float().cpu() for name, a in activity.items()}
figures.activity_strips(means, threshold=0.1)

# %% [markdown]
# **Read it.** Many quiet units and a few loud ones; the convolutions have nearly one scale, the hidden layer another. The threshold is the
# same for all: it takes much of one layer and little of another, and nothing says that this is right. Sections 5 and 6 give two answers to that. First the marks at zero.
#
# ## 4. The dead go for free
#
# A unit with APoZ = 1 has not spoken once on the calibration images. If it really never speaks, it can go without any loss, exactly.
#
# ### Predict
# How many of the 512 neurons of the hidden layer put out zero for *every one* of 1024 training images?

# %% answer="dead_neurons"
dead_neurons = None  # your prediction, a number from 0 to 512
### BEGIN SOLUTION
dead_neurons = 20
### END SOLUTION

# %% check="dead_neurons"
check(dead_neurons, "dead_neurons")

# %%
calibration = [images for images, _ in bench.batches("train", samples=1024, seed=0)]
dead = apoz([outputs_of(model, "relu5", images).cpu() for images in calibration]) == 1
print(f"dead neurons: {int(dead.sum())} of {len(dead)} (your guess: {dead_neurons})")
whole = {group.name: torch.ones(group.size, dtype=torch.bool) for group in groups}
masks = units.close(model, groups, whole | {"hidden": ~dead})
lighter = slim.slim(model, masks, bench.example).eval()


def largest_difference(batches: list[Tensor]) -> float:
    """Return the largest difference of the outputs of both networks."""
    with torch.inference_mode():
        return max((lighter(b) - model.eval()(b)).abs().max().item() for b in batches)


validation = [images for images, _ in bench.batches("validation")]
print(f"largest difference on the calibration images: {largest_difference(calibration):.1e}")
print(f"largest difference on the validation images:  {largest_difference(validation):.1e}")

# %% [markdown]
# **Read it.** A ReLU that has been pushed below zero for every image gets no gradient and never comes back. On the images it was
# calibrated on the smaller network is the same function, up to rounding. On other images it need not be: dead on a thousand images is not dead for sure, and
# the last number tells how much the difference matters.
#
# > **A good place to stop for today.** You can write down what units do, in batches of any size, and cut out those that do nothing. Open: where is the line among those that
# > speak, and would other images draw the same one? To go on later, click here and choose *Run > Run All Above Selected Cell*.
#
# ## 5. A fixed threshold
#
# ### Exercise 4: `fixed_threshold`
# Units whose score lies *below* the threshold go, by however little; a score that equals it stays. Where all would go, the strongest one stays, that of
# the highest score. Scores can have any sign. True means kept.
#
# <details><summary>Hint</summary><code>scores >= threshold</code> is nearly all of it. What if no entry is True?</details>


# %% answer="fixed_threshold"
def fixed_threshold(scores: Tensor, threshold: float) -> Tensor:
    """Return a bool tensor (n,), True = kept: all that reach the threshold, at least the strongest."""
    ### BEGIN SOLUTION
    keep = scores >= threshold
    if not keep.any():
        keep[scores.argmax()] = True
    return keep
    ### END SOLUTION


# %% check="fixed_threshold"
check(fixed_threshold)

# %% [markdown]
# A fixed threshold has a *meaning*: "this unit puts out less than `0.1` on average". But does the number mean the same in every network?
# Here is a small miracle of ReLU: divide all weights and biases of `conv3` by two and multiply the weights of `conv4` by two. ReLU passes a factor on unchanged, so
# the network computes *the same function*. What does the threshold say?

# %%
fixed_threshold = use(fixed_threshold)
softer = copy.deepcopy(model)
with torch.no_grad():
    softer.conv3.weight /= 2
    softer.conv3.bias /= 2
    softer.conv4.weight *= 2
    difference = (softer.eval()(x) - model.eval()(x)).abs().max().item()
first, second = (mean_activation([outputs_of(n, "relu3", x).cpu()]) for n in (model, softer))
before, after = fixed_threshold(first, 0.1), fixed_threshold(second, 0.1)
print(f"largest difference of the outputs: {difference:.1e}")
print(f"units of conv3 that go: {int((~before).sum())} before, {int((~after).sum())} after")

# %% [markdown]
# **A failure.** The same function, and another decision. A fixed threshold depends on a scale that means nothing, and training moves that scale all the
# time, so that a number that was right in round 1 is wrong in round 5. (APoZ does not have this trouble: a zero stays a zero.)
#
# ## 6. A variable threshold
#
# Let the layer set its own: a unit goes if its score lies more than $k$ standard deviations below the mean of its layer,
#
# $$ s_j < \bar{s} - k\,\sigma, $$
#
# and after the first round mean and deviation are those of the *survivors*. This is Hu et al.'s rule (they write it for APoZ, "more than one standard
# deviation above the mean", which is the same with 1 - APoZ as the score).
#
# ### Exercise 5: `variable_threshold`
# `kept` says who is still there, at least one unit. The new mask is a subset of it; a score that equals the threshold stays, and the strongest survivor
# always stays. Take the population's standard deviation, `std(correction=0)`, which divides by n. `deviations` is $k$; it can be negative, and then the
# threshold lies above the mean.
#
# <details><summary>Hint 1</summary><code>scores[kept]</code> are the survivors' scores.
# <details><summary>Hint 2</summary>For "the strongest survivor": <code>torch.where(kept, scores, -torch.inf).argmax()</code>.</details></details>


# %% answer="variable_threshold"
def variable_threshold(scores: Tensor, deviations: float, kept: Tensor) -> Tensor:
    """Return the new mask (n,): of the kept units those not below mean - deviations * std."""
    ### BEGIN SOLUTION
    alive = scores[kept]
    keep = kept & (scores >= alive.mean() - deviations * alive.std(correction=0))
    if not keep.any():
        keep[torch.where(kept, scores, -torch.inf).argmax()] = True
    return keep
    ### END SOLUTION


# %% check="variable_threshold"
check(variable_threshold)

# %%
variable_threshold = use(variable_threshold)
whole = torch.ones(len(means["conv3"]), dtype=torch.bool)
agree = torch.equal(
    variable_threshold(first, 0.5, whole), variable_threshold(second, 0.5, whole)
)
print("the same decision for both networks:", agree)

# %% [markdown]
# It does not care about the scale. What does it take, layer by layer, compared with a fixed threshold that takes the same number of units in all? We set both to 30 %
# of all units of this network (`stability.strength` finds the threshold, and the number of deviations, by halving intervals) and look. `cap=1.0` switches off a limit that section 8 explains.

# %%
strengths = {
    rule: stability.strength(rule, "mean", 0.3, model, bench) for rule in ("fixed", "variable")
}
rules = {
    "fixed": ActivationPruner("mean", threshold=strengths["fixed"], cap=1.0),
    "variable": ActivationPruner("mean", deviations=strengths["variable"], cap=1.0),
}
counts = {}
for rule, pruner in rules.items():
    masks = pruner.masks(model, bench)
    line = {"fixed": "below {:.2f}", "variable": "below mean - {:.2f} std"}[rule]
    counts[f"{rule}: {line.format(strengths[rule])}"] = {
        name: (int((~kept).sum()), len(kept)) for name, kept in masks.units.items()
    }
figures.unit_counts(counts, title="The same number of units in all, from different layers")

# %% [markdown]
# **Read it.** Both take most from the hidden layer. Of the convolutions the fixed threshold takes little where few units lie near
# zero, and the variable one about the same share of each. Neither knows how much a layer *can spare*. Play with both: which layers go first,
# and where does the accuracy break? (With a skewed layer mean - k std can lie below zero, and then nothing goes: move the deviations up and watch.)

# %%
widgets.ThresholdSlider(model, bench)

# %% [markdown]
# ## 7. Would it decide the same again?
#
# A decision that changes with the images it was calibrated on, or with the seed of the training, says more about chance than about units.
# The class project asks for exactly this: the stability of fixed against variable thresholds. We need a measure of agreement between two sets.
#
# ### Exercise 6: `jaccard`
# Units that are in both sets, divided by units that are in either. 1 means equal, 0 nothing in common (as an empty set and another one have); two empty sets are equal.
# True means in the set. Do not round.
#
# <details><summary>Hint</summary>For bool tensors <code>&amp;</code> is "in both", <code>|</code> is "in either". What if nobody is in either?</details>


# %% answer="jaccard"
def jaccard(one: Tensor, other: Tensor) -> float:
    """Return |one and other| / |one or other| of two bool tensors (n,); 1.0 if both are empty."""
    ### BEGIN SOLUTION
    either = int((one | other).sum())
    return int((one & other).sum()) / either if either else 1.0
    ### END SOLUTION


# %% check="jaccard"
check(jaccard)

# %% [markdown]
# ### Predict
# The same trained network, the same rule, calibrated on 64 training images and on 64 others: of the hidden layer's *living* neurons the quietest 30 % go.
# (On the dead all calibrations agree.) **How large is the Jaccard overlap** of the two sets? Lock in a number between 0 and 1.

# %% answer="overlap"
overlap = None  # your prediction, such as 0.5
### BEGIN SOLUTION
overlap = 0.7
### END SOLUTION

# %% check="overlap"
check(overlap, "overlap")

# %% tags=["folded"]
jaccard = use(jaccard)
again = models.build("cnn", bench, seed=0)  # the same initial weights ...
train.fit(again, bench, epochs=mode.epochs, seed=1)  # ... the images in another order
other = models.build("cnn", bench, seed=1)
train.fit(other, bench, epochs=mode.epochs, seed=1)


def means_of(net: nn.Module, layer: str, samples: int = 1024, seed: int = 0) -> Tensor:
    """Return the mean activation of each unit of a layer on some training images, (n,)."""
    (seen,) = recording.calibrate(net, bench, units.groups(net, bench.example), samples, seed)
    return (seen[layer].total / seen[layer].count).float().cpu()


def quietest(values: Tensor, living: Tensor) -> Tensor:
    """Return which units are the quietest 30 % of the living, bool (n,); of equals the first."""
    order = values.masked_fill(~living, torch.inf).argsort(stable=True)
    return torch.zeros_like(living).index_fill(0, order[: round(0.3 * int(living.sum()))], True)


def compared(name: str, one: Tensor, other: Tensor, living: Tensor) -> tuple[str, float, float]:
    """Return (name, overlap of the units that go, what chance would give)."""
    sets = [quietest(values, living) for values in (one, other)]
    size = int(sets[0].sum())
    return name, jaccard(*sets), stability.chance(size, size, int(living.sum()))


# %%
panels = {}
for layer, title in (
    ("conv2", "filters of conv2"),
    ("hidden", "living neurons of the hidden layer"),
):
    own, rows = means_of(model, layer), []
    for n in (4, 16, 64, 1024):
        one, two = means_of(model, layer, n, seed=0), means_of(model, layer, n, seed=1)
        rows.append(compared(f"{n} other images", one, two, own > 0))
    for name, net in (("another order of images", again), ("other initial weights", other)):
        theirs = means_of(net, layer)
        rows.append(compared(f"trained: {name}", own, theirs, (own > 0) & (theirs > 0)))
    panels[title] = rows
figures.overlap_bars(
    panels, guess=("living neurons of the hidden layer", "64 other images", overlap)
)

# %% [markdown]
# **Read it.** The upper four bars are about *one* network: on four images two calibrations still disagree about many units, on a thousand about few. The lower two compare two
# *trainings*. There the overlap falls, and with other initial weights it is about what chance gives. That is no fault of the rule: neuron 7 of one network has nothing to do
# with neuron 7 of the other. So "which units are unimportant" is a question about one network, never about an architecture.
#
# Is a fixed threshold less stable than a variable one? In [a larger study of ours](../results/stability/README.md), on CIFAR-10, neither is clearly ahead.
#
# Where do two calibrations disagree? Each point is a living neuron, at its mean on some images and on as many others. Move the number of images.

# %%
widgets.CalibrationSlider(model, bench, "hidden")

# %% [markdown]
# **Read it.** A square lies below the cut in one set and above it in the other. With more images the points draw near the line, and the squares grow few.
#
# ## 8. Round after round
#
# Now the whole method: calibrate, take what lies below the threshold, fine-tune, again. A **cap** holds: at most half of a layer's survivors go in one round, or a bad
# threshold would take everything at once. The fixed threshold begins at the line of section 3 and rises by as much each round, since the survivors get
# louder; it was not tuned. Three things belong beside every score: the L1 norm of lesson 02, here on filters and neurons; the *control*, units drawn at random; and the dense network, trained as long.

# %%
rounds = 4
fit = partial(train.fit, lr=1e-3, batch_size=64)
pruners = {
    "fixed threshold": ActivationPruner("mean", threshold=[0.1, 0.2, 0.3, 0.4]),
    "variable threshold": ActivationPruner("mean", deviations=0.5),
    "L1 norm": L1NormPruner(0.8, unit=("filter", "neuron")),
    "random units": RandomPruner(0.8, unit=("filter", "neuron")),
}
curves = {}
for name, pruner in pruners.items():
    net = copy.deepcopy(model)
    records = iterate(pruner, net, bench, rounds=rounds, epochs=mode.tune_epochs, fit=fit)
    curves[name] = [(0.0, dense_accuracy)] + [
        (r.sparsity, r.accuracy["tuned"]) for r in records
    ]
net = copy.deepcopy(model)
for number in range(rounds):
    fit(net, bench, epochs=mode.tune_epochs, seed=number)
longer = train.evaluate(net, bench)
n = len(bench.validation)
figures.accuracy_curves(curves, dense=dense_accuracy, longer=longer, n=n, zoom=True)

# %%
for name, curve in curves.items():
    told = ", ".join(f"{accuracy:.3f} at {sparsity:.2f}" for sparsity, accuracy in curve[1:])
    print(f"{name:20} {told}")

# %% [markdown]
# **Read it.** Compare at equal sparsity, not at equal rounds: thresholds choose for themselves how much goes. Up to where are they ahead of the L1 norm, and of chance? In our run
# they are ahead at first; beyond four fifths the L1 norm is ahead of both, by about three points, and they are level with chance. So knowing what a unit *does* was not better there than knowing its weights. Where a curve is not above the control, its score has shown nothing. The two straight lines are the dense network, as it was and
# trained as long as the others: what lies between them has gained from training, not from pruning. One network, one seed: one or two standard errors mean nothing here. (The schedules of L1 and of the lottery take almost nothing in
# the last round: that step is training only, so a line can go up.)
#
# The class project has a result for this method as well, on other data (25x25 colour
# images of 5 classes, so not comparable point for point); lesson 06 asks what such a result proves.
#
# ### Optional: while it trains, or afterwards?
#
# The class project behind this course removed neurons "with consistently low average activations *during training*". Our recorder was on while
# the network trained: it has one mean for each unit and each epoch. Here are all neurons of the hidden layer. Six of the living are named: the three that fell furthest in the ranking, and the three that rose furthest.

# %%
epochs = [(a["hidden"].total / a["hidden"].count).float().cpu() for a in recorder.recording]
# argsort twice: the rank of each neuron, 0 is the quietest
living = (epochs[-1] > 0).nonzero().flatten()
climbed = (epochs[-1].argsort().argsort() - epochs[0].argsort().argsort())[living].argsort()
chosen = living[torch.cat([climbed[:3], climbed[-3:]])].tolist()
figures.histories(epochs, chosen, threshold=0.1)

# %%
low = torch.stack([epoch < 0.1 for epoch in epochs])
consistently, afterwards = low.all(0), means["hidden"] < 0.1
print(f"below 0.1 in each epoch: {low.sum(1).tolist()} neurons")
print(f"in all of them: {int(consistently.sum())}", end="; ")
print(
    f"afterwards: {int(afterwards.sum())}, of which {int((afterwards & consistently).sum())} in both"
)

# %% [markdown]
# **Read it.** Most neurons stay where they are, but some are loud in one epoch and below the line in another. "Low in each of
# the last K epochs" (`ActivationPruner(..., history=K)`) is the careful version: a unit must be quiet every time. Calibrating afterwards costs one pass over
# some images and is what most papers do. It sees another network: while one trains, dropout is on, images are shifted and flipped, and the weights still move.
#
# ## 9. Find the bug
#
# Four pieces of code that run without an error and are wrong. In each, one line is to blame. Answer with its number.
#
# **A.** The mean activation over all images; the last batch is smaller.
# ```python
# 1  sums = [outputs_of(model, "relu3", x).mean((2, 3)).sum(0) for x, _ in batches]
# 2  sizes = [len(x) for x, _ in batches]
# 3  score = sum(s / n for s, n in zip(sums, sizes)) / len(sums)
# ```
# **B.** Calibration.
# ```python
# 1  model.train()
# 2  seen = []
# 3  handle = model.relu5.register_forward_hook(lambda m, i, o: seen.append(o))
# 4  with torch.inference_mode():
# 5      for x, _ in bench.batches("train", samples=1024):
# 6          model(x)
# 7  handle.remove()
# ```
# **C.** APoZ of the units of `conv3`.
# ```python
# 1  seen = []
# 2  handle = model.conv3.register_forward_hook(lambda m, i, o: seen.append(o))
# 3  model.eval()(x)
# 4  handle.remove()
# 5  silent = apoz(seen)
# ```
# **D.** Quiet units are found and will be pruned.
# ```python
# 1  threshold = 0.1
# 2  x = bench.normalise(bench.test.images[:1024])
# 3  means = mean_activation([outputs_of(model, "relu3", x)])
# 4  keep = fixed_threshold(means, threshold)
# ```

# %% answer="silent_bugs"
silent_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1}
### BEGIN SOLUTION
silent_bugs = {"A": 3, "B": 1, "C": 2, "D": 2}
### END SOLUTION

# %% check="silent_bugs"
check(silent_bugs, "silent_bugs")

# %% [markdown]
# ## 10. In your own words
#
# A colleague calibrates on 4 images, prunes 30 % of the filters of `conv2`, and reports: *"Every time I repeat it, other filters go. Activation pruning is
# nonsense."* What would you measure, and what would you change? (Four to six sentences.)

# %% [markdown] explain="nonsense" points=2
# *Rubric (2 points).* One point for separating the sources of variation: is it the calibration images (one network, other subsets: use more images), or the training
# (units of different networks do not correspond, so an overlap at chance is expected)? One point for measuring what matters: the Jaccard overlap beside chance, and the accuracy after
# fine-tuning on validation data: sets can differ and be equally good, because many units are interchangeable.
#
# *Sample answer, 2 points.* "First I would keep the network and only change the images: with 4 the means are noisy, with 1024 the sets should nearly agree. If they train anew each time, the
# filters have other numbers and no overlap is expected beyond chance. Then I would compare accuracy after fine-tuning, on validation images, with a random choice: if
# other sets do equally well, the method is not nonsense, the units are just interchangeable."
#
# *Sample answer, 1 point.* "4 images are too few, take 1024 training images, then the result is stable." (Right, but nothing is measured against chance, and retraining is not
# told apart from recalibrating.)

# %% [markdown]
# ## What to take away
#
# - Large weights do not make a busy unit; ask what it does, on *training* images, in eval mode, after the ReLU.
# - Keep sums, zeros and counts; divide once.
# - Mean activation and APoZ ask how much a unit speaks, not whether it says anything.
# - A fixed threshold has a meaning but depends on the scale; a variable one sets itself, layer by layer. Both need a cap, and a unit that always stays.
# - Put chance beside every overlap. Units of two trainings do not correspond.
#
# **Next**, lesson 04: all our rules so far ask us *how many*: a share, a threshold, a number of deviations. Could the weights themselves say how many they
# can spare? For that we must measure how sparse a vector is that has no zeros.
#
# ## Bonus
#
# - Replace the mean by the *standard deviation over images*: a unit that says the same to everything then scores zero. Does unit 1 of the toy go now? Does accuracy over sparsity
#   change? (`Pruner` takes any function of an `activation`; you will need the sum of squares, which `record` does not keep yet.)
# - Calibrate on images of one class only. Which units go, and what happens to the accuracy on the other classes?
# - `ActivationPruner(..., history=2)` with a recording of the training: how many fewer units go than with a single calibration?
