# %% [markdown]
# # 02 · L1-norm filter pruning
#
# **Goal.** Take whole filters out of a convolutional network, so that arithmetic really disappears, and find out how far that
# goes. The method: Li et al., *Pruning Filters for Efficient ConvNets* (ICLR 2017, arXiv 1608.08710).
#
# ![Where this lesson goes: three filters of three rows and three columns, with their numbers. Which one would you take away?](../notebooks/pictures/02_l1_filter_pruning.png)
#
# *Which of these three filters would you take away?*
#
# **You need** lesson 01 (parameters, MACs, latency) and a little PyTorch. **Difficulty** medium. {{minutes: 80}}
#
# You write six small functions, lock in two predictions and find three bugs. Two sittings: sections 1 to 4 take filters out, 5 to 10 ask how many can go.
#
# **Words of this lesson.** A *filter* is what makes one output channel of a convolution, a *neuron* one output of a linear layer; both are *units*.
# *Masked*: set to zero in tensors of the same shape; *slimmed*: cut out, so that the tensors are
# smaller. The *head* is the last layer, one output a class; it is never pruned.

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
import itertools
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib import data, models, slim, train
from course_lib.pruning import L1NormPruner, MagnitudePruner, Masks, Pruner, amounts, units
from course_lib.teaching import check, figures, modes, sizes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Ninety percent gone, and nothing is faster
#
# Lesson 01 ended with a budget that was kept on paper only. The zeros have to come in blocks that can be cut out. Our network is a small VGG:
# convolution, BatchNorm, ReLU, again and again. (*BatchNorm* brings each channel to a common mean and spread; section 3 has the formula.)

# %%
model = models.build("vgg", bench, seed=0)
train.fit(model, bench, epochs=mode.epochs, seed=0)
dense_accuracy = train.evaluate(model, bench)
print(f"dense model: {dense_accuracy:.3f} on {len(bench.validation)} validation images")

# %% [markdown]
# ### Predict
# Half of the filters of every convolution will be cut out, and none of the neurons of the layer `hidden`. With a filter goes all that belongs to it, and every weight that reads its channel.
# **What share of all parameters goes?** Here are the layers; lock in a number between 0 and 1 before you run on.

# %% tags=["nbval-check-output"]
layers = ["conv1", "conv2", "conv3", "conv4", "conv5", "conv6"]
for name in [*layers, "hidden", "head"]:
    layer = model.get_submodule(name)
    print(f"{name:6} {tuple(layer.weight.shape)!s:18} {layer.weight.numel():8,} weights")

# %% answer="half_gone"
half_gone = None  # your prediction, such as 0.5
### BEGIN SOLUTION
half_gone = 0.5
### END SOLUTION

# %% check="half_gone"
check(half_gone, "half_gone")

# %% [markdown]
# Three versions of it, side by side. The pruned ones have not been trained again, so look at the sizes only.

# %%
scattered = copy.deepcopy(model)
MagnitudePruner(sparsity=0.9, scope="layer").masks(model, bench).apply_(scattered)
half = L1NormPruner(sparsity=0.5, scope="layer").masks(model, bench)
slimmed = slim.slim(model, half, bench.example)

three = {
    "dense": model,
    "90 % of weights masked": scattered,
    "50 % of filters cut out": slimmed,
}
figures.size_panel(sizes.compared(three, bench), guess=half_gone)

# %% [markdown]
# **Read it.** Scattered zeros help only a compressor: the tensors keep their shape, so the MACs and the time stay. Cut-out
# filters leave *smaller tensors* behind, and everything shrinks at once. The price: a filter goes whole or not at all. So which ones? (The star is what your prediction leaves; section 4 counts what is left, layer by layer.)
#
# ## 2. A toy seen whole
#
# Three filters, one input channel, small whole numbers. A filter is one row of the weight tensor: `weight[j]` makes output
# channel `j`.

# %% tags=["ahead"]
toy = torch.tensor(
    [
        [[1.0, -1.0, 1.0], [-1.0, 1.0, -1.0], [1.0, -1.0, 1.0]],
        [[0.0, 0.0, 0.0], [2.0, 2.0, 2.0], [0.0, 0.0, 0.0]],
        [[-2.0, 0.0, 2.0], [-2.0, 0.0, 2.0], [-2.0, 0.0, 2.0]],
    ]
).unsqueeze(1)  # (3 filters, 1 input channel, 3, 3)
figures.kernels(toy)

# %% [markdown]
# The first looks for a checkerboard, the second for a horizontal bar, the third for a vertical edge. Li et al. rank filters by
# the **L1 norm**, the sum of the absolute values of all their weights: $s_j = \sum |W_j|$. A filter of small weights makes
# small feature maps, so, they argue, little is lost with it. No data are needed.
#
# ### Exercise 1: `filter_l1`
# One number for each filter. Work it out for the toy by hand first: which of the three is the weakest?
#
# <details><summary>Hint 1</summary>The weight has four axes: (filter, input channel, row, column). Three of them disappear.
# <details><summary>Hint 2</summary>Absolute values first, then the sum: the third toy filter must not come out as zero.
# </details></details>


# %% answer="filter_l1"
def filter_l1(weight: Tensor) -> Tensor:
    """Return the L1 norm of each filter: (n, c, h, w) -> (n,)."""
    ### BEGIN SOLUTION
    return weight.abs().sum(dim=(1, 2, 3))
    ### END SOLUTION


# %% check="filter_l1"
check(filter_l1)

# %%
filter_l1 = use(filter_l1)
figures.kernels(toy, scores=filter_l1(toy), keep=torch.tensor([True, False, True]))

# %% [markdown]
# The bar goes. What the norm does *not* see: whether anything in the images excites the filter (lesson 03).
#
# ### Exercise 2: `filters_to_keep`
# Scores and a share in, a mask out: **True means kept**. Exactly `round(sparsity * n)` filters go (by Python's `round`, which takes a
# half to the even neighbour), those of the lowest scores; if scores are equal, any of them, but not one more. Scores can have any sign.
# At least one filter always stays, the one of the highest score: a layer without filters cuts the network in two.
#
# <details><summary>Hint 1</summary>A threshold (<code>scores > t</code>) fails when several scores equal t. Choose
# <i>indices</i>.
# <details><summary>Hint 2</summary><code>argsort</code> puts the indices in the order of the scores; the first ones go.
# <details><summary>Hint 3</summary>How many may go at most, if one of n must stay?</details></details></details>


# %% answer="filters_to_keep"
def filters_to_keep(scores: Tensor, sparsity: float) -> Tensor:
    """Return a bool tensor (n,), True = kept: all but the round(sparsity * n) lowest scores."""
    ### BEGIN SOLUTION
    gone = min(round(sparsity * len(scores)), len(scores) - 1)
    keep = torch.ones(len(scores), dtype=torch.bool)
    keep[scores.argsort()[:gone]] = False
    return keep
    ### END SOLUTION


# %% check="filters_to_keep"
check(filters_to_keep)

# %% [markdown]
# Now on a real layer: the third convolution of the trained network, with half of its filters to go.

# %%
filters_to_keep = use(filters_to_keep)
scores = filter_l1(model.conv3.weight.detach())
keep = filters_to_keep(scores.cpu(), 0.5)
figures.score_bars(scores, keep)

# %% [markdown]
# **Read it.** There is no gap at which one would cut by itself. How many go is a decision, not a discovery.
#
# Why rank *within* a layer and not all filters in one list? Here is such a list, by the sum of $|W_j|$, and by the sum divided by the number of weights.

# %%
tensors = {name: model.get_submodule(name).weight.detach() for name in layers}
figures.global_rankings(
    {name: filter_l1(w) for name, w in tensors.items()},
    {name: w[0].numel() for name, w in tensors.items()},
)

# %% [markdown]
# **Read it.** By the sum the first layers go: a filter of `conv1` has one small kernel (three if images have colours), one of `conv6` more than a hundred. Dividing turns that round instead of removing it: the weights of a wide layer are small, so that the *last* layers go.
# *Against whom* a filter is ranked is a question of its own, the **scope**: its own *layer*, as here, or all filters, *global* (`L1NormPruner` then divides). An optional section at the end measures what that costs.
#
# ### Four questions
# Every pruning method answers:
#
# | axis | question | in this lesson |
# | --- | --- | --- |
# | score | what is unimportant? | L1 norm |
# | unit | what is removed? | filter |
# | scope | ranked against whom? | layer |
# | amount | how many this round? | a share that we set |
#
# ## 3. Pruned, yet it speaks
#
# So set the rows of the weak filters to zero, and they are gone? After the convolution comes a BatchNorm. It turns each channel's value $z$ into
#
# $$\gamma\,\frac{z - \mu}{\sigma} + \beta.$$
#
# $\mu$ and $\sigma$ are the channel's *running* mean and standard deviation, remembered from training; $\gamma$ and $\beta$ are parameters. A zero comes out as $\beta - \gamma\mu/\sigma$.
# We zero half of the filters of `conv3` and listen to what its ReLU puts out.

# %%
x = bench.normalise(bench.validation.images[:256])


def channel_means(net: nn.Module) -> Tensor:
    """Return the mean output of each channel after relu3, (64,)."""
    upto = net[: [name for name, _ in net.named_children()].index("relu3") + 1]
    with torch.inference_mode():
        return upto.eval()(x).mean((0, 2, 3)).cpu()


rows_only = copy.deepcopy(model)
with torch.no_grad():
    rows_only.conv3.weight[~keep] = 0
spoken = {"dense": channel_means(model), "rows set to zero": channel_means(rows_only)}
figures.channel_dots(spoken, gone=~keep, ylabel="mean activation after relu3")

# %% [markdown]
# **A failure.** The rows are zero, and many of the channels still speak: they put out a *constant*, that of the formula, where it is above zero. The next layer hears a hum where there was a
# signal. And once the channel is cut out, the hum is gone: the slimmed network would not compute what the masked one did.
#
# ### Exercise 3: `silence`
# A filter is all that belongs to it: its row, its bias if there is one, and its entries of BatchNorm's $\gamma$ (`norm.weight`) and $\beta$
# (`norm.bias`). Set them to zero, in place, where `keep` is False. BatchNorm's running statistics of a filter that goes do not matter; those of
# the others, and all else, stay as they are.
#
# <details><summary>Hint 1</summary>PyTorch refuses to change parameters in place while it records gradients:
# <code>with torch.no_grad():</code>.
# <details><summary>Hint 2</summary>A convolution before a BatchNorm often has <code>bias=False</code>; then <code>conv.bias</code> is
# None.</details></details>


# %% answer="silence"
def silence(conv: nn.Conv2d, norm: nn.BatchNorm2d, keep: Tensor) -> None:
    """Set to zero, in place, all parameters of the filters where keep (n,) is False."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        for parameter in (conv.weight, conv.bias, norm.weight, norm.bias):
            if parameter is not None:
                parameter[~keep] = 0
    ### END SOLUTION


# %% check="silence"
check(silence)

# %%
silence = use(silence)
silent = copy.deepcopy(model)
silence(silent.conv3, silent.norm3, keep)
spoken["row, bias, gamma, beta"] = channel_means(silent)
figures.channel_dots(spoken, gone=~keep, ylabel="mean activation after relu3")

# %% [markdown]
# Now they are silent, and exactly so: ReLU of zero is zero. A unit is gone only when its row, bias, $\gamma$ and $\beta$ are all zero; what the next layer does with it does not matter.
#
# ## 4. What the next layer no longer needs
#
# A silent channel is a zero that the next layer multiplies by weights. Those weights can go as well. Two small layers, one cell for each 3x3 kernel: a row is a filter, a column is what reads one channel.

# %%
first = torch.tensor([True, False, False, True])
second = torch.tensor([False, True, True, False])
figures.mask_cells(
    {
        "first layer: filters 1, 2 go": first[:, None].expand(4, 3),
        "next layer: what read them": first.expand(4, 4),
        "next layer: its own half, too": first & second[:, None],
    }
)

# %% [markdown]
# **Read it.** A row here is a *column* there: filter `j` takes the slice `weight[:, j]` of the next layer with it. When the next layer loses half of its own filters as well, half of its rows times half of its columns stay: a *quarter*.
#
# At the end of the network the maps are flattened, and a linear layer reads them as one long row.
#
# ### Exercise 4: `columns_of_channel`
# Which columns of the hidden layer read channel `channel`, when each map is `height` x `width`? Channels are counted from 0, and
# flatten lays the whole map of channel 0 first, then that of channel 1, and so on.
#
# <details><summary>Hint</summary>How many numbers lie before the first one of this channel?</details>


# %% answer="columns_of_channel"
def columns_of_channel(channel: int, height: int, width: int) -> range:
    """Return the input columns, after flatten, that belong to one channel."""
    ### BEGIN SOLUTION
    size = height * width
    return range(channel * size, (channel + 1) * size)
    ### END SOLUTION


# %% check="columns_of_channel"
check(columns_of_channel)

# %%
columns_of_channel = use(columns_of_channel)
gone = [*columns_of_channel(1, 2, 3), *columns_of_channel(4, 2, 3)]
figures.flatten_map(channels=6, height=2, width=3, columns=gone)

# %% [markdown]
# At the beginning you guessed what share of the parameters goes with half of the filters. Here is the count, layer by layer.

# %% tags=["nbval-check-output"]
masks = L1NormPruner(sparsity=0.5, scope="layer").masks(model, bench)
filters = [~masks.units[name] for name in layers]
print(f"filters gone:             {torch.cat(filters).float().mean():.3f}")
print(f"filters and neurons gone: {masks.unit_sparsity:.3f} (the hidden layer's keep all)")
print(f"parameters gone:          {masks.sparsity:.3f} (your guess: {half_gone})")
for name in [*layers, "hidden", "head"]:
    shape, mask = tuple(model.get_submodule(name).weight.shape), masks.get(f"{name}.weight")
    kept = 1.0 if mask is None else mask.float().mean().item()
    print(f"{name:6} {shape!s:18} weights kept: {kept:.3f}")

# %% [markdown]
# Three shares of one and the same prune. `L1NormPruner(sparsity=0.5, scope="layer")` *asks* for a share of each layer's filters; `masks.sparsity` *reports* the share
# of all parameters, and on that number methods are compared. These masks are *closed*: wherever a filter is gone, all that reads it is gone too.
#
# ### Exercise 5: `cut_pair`
# Cut for real, for two neighbours. Return both weights smaller: of `weight` (n, c, h, w) the rows, of `following` (m, n, h, w) the slices that read them, where `keep` (n,) is True. The given tensors stay
# as they are. At least one filter is kept.
#
# <details><summary>Hint 1</summary>Which axis of <code>weight</code> are its filters? Along which axis does <code>following</code> read them?
# <details><summary>Hint 2</summary>A bool tensor in square brackets takes out the places where it is True, also on a later axis: <code>table[:, wanted]</code>.</details></details>


# %% answer="cut_pair"
def cut_pair(weight: Tensor, following: Tensor, keep: Tensor) -> tuple[Tensor, Tensor]:
    """Return what is left of both weights when the filters where keep (n,) is False are cut out."""
    ### BEGIN SOLUTION
    return weight[keep], following[:, keep]
    ### END SOLUTION


# %% check="cut_pair"
check(cut_pair)

# %% [markdown]
# First on `conv3` and `conv4`. Then `slim` does it for a whole network, with biases and BatchNorm (you do that in place in lesson 07). Does the slimmed network compute what the masked one does?

# %%
cut_pair = use(cut_pair)
whole = model.conv3.weight.detach().cpu(), model.conv4.weight.detach().cpu()
for name, before, after in zip(("conv3", "conv4"), whole, cut_pair(*whole, keep), strict=True):
    print(f"{name} {tuple(before.shape)} -> {tuple(after.shape)}")

masked = masks.apply_(copy.deepcopy(model)).eval()
slimmed = slim.slim(model, masks, bench.example).eval()
with torch.inference_mode():
    difference = (masked(x) - slimmed(x)).abs().max().item() / masked(x).std().item()
print(f"masked against slimmed, at most {difference:.1e} of the outputs' spread apart")

# %% [markdown]
# Same function, up to rounding, and smaller tensors. We prune with masks, because they can still change, and slim when the work is done.
#
# > **A good place to stop for today.** You can choose filters by their norm, silence them wholly, and cut them and what reads them out. Open: how many can go, and what repairs the rest? To go on later, click here and choose *Run > Run All Above Selected Cell*.
#
# ## 5. Prune, recalibrate, fine-tune
#
# Gradual pruning takes a little, lets the network recover, takes more. One prune and the training after it are a **round of pruning**. Zhu & Gupta (2017) take much
# while there is much to take: on the way from the initial sparsity $s_i$ to the final one $s_f$, after round $t$ of $n$
#
# $$s_t = s_f + (s_i - s_f)\,(1 - t/n)^3$$


# %%
def cubic_schedule(step: int, steps: int, final: float, initial: float = 0.0) -> float:
    """Return the sparsity after `step` of `steps`, rising from `initial` to `final`."""
    return final + (initial - final) * (1 - step / steps) ** 3


print("to 0.8 in four rounds:", [round(cubic_schedule(t, 4, 0.8), 3) for t in (1, 2, 3, 4)])

# %% [markdown]
# ### Exercise 6: `prune_and_fine_tune`
# The loop that carries the whole course: few lines, and their order matters. `prune(sparsity, masks)` returns new masks that are a subset of the given ones;
# `fine_tune(masks)` trains the network while the masks hold. Go through the schedule as it stands, one prune and one training for each entry, and return the last
# masks; if there is no entry, those that were given.
#
# <details><summary>Hint 1</summary>The masks that one round returns are what the next one starts from.
# <details><summary>Hint 2</summary>Train with the new masks, or what you have just pruned grows back.</details></details>


# %% answer="prune_and_fine_tune"
def prune_and_fine_tune(
    schedule: list[float], prune: Callable, fine_tune: Callable, masks: Masks
) -> Masks:
    """Prune to each sparsity in turn and fine-tune after each; return the last masks."""
    ### BEGIN SOLUTION
    for sparsity in schedule:
        masks = prune(sparsity, masks)
        fine_tune(masks)
    return masks
    ### END SOLUTION


# %% check="prune_and_fine_tune"
check(prune_and_fine_tune)

# %% [markdown]
# Let it run. After each prune we measure three times: as it is, with BatchNorm's statistics measured anew on
# training images (no weight changes), and after fine-tuning.

# %% tags=["folded"]
prune_and_fine_tune = use(prune_and_fine_tune)
net, triptych = copy.deepcopy(model), []
schedule = [cubic_schedule(t, 4, 0.8) for t in (1, 2, 3, 4)]


def prune(sparsity: float, masks: Masks) -> Masks:
    masks = L1NormPruner(sparsity, scope="layer").masks(net, bench, masks)
    pruned = train.evaluate(masks.apply_(net), bench)
    train.recalibrate_batchnorm(net, bench)
    triptych.append((masks.sparsity, pruned, train.evaluate(net, bench)))
    return masks


def fine_tune(masks: Masks) -> None:
    train.fit(net, bench, epochs=mode.tune_epochs, masks=masks, lr=1e-3)
    triptych[-1] += (train.evaluate(net, bench),)


final_masks = prune_and_fine_tune(schedule, prune, fine_tune, Masks.dense(net))
figures.triptych(triptych, schedule, dense_accuracy)

# %% [markdown]
# **Read it.** Right after a bite the network looks dead (the last bite is tiny). Much of that is repaired *without training a single weight*: with filters missing,
# sums change their mean and spread, and BatchNorm was still using those of the network before. Fine-tuning adds more; what is still missing to the dotted line stays lost.
#
# Was it worth going in four steps? The rival takes 80 % at once, then trains for as long as all four rounds.

# %%
at_once = copy.deepcopy(model)
masks = L1NormPruner(sparsity=0.8, scope="layer").masks(at_once, bench)
masks.apply_(at_once)
train.recalibrate_batchnorm(at_once, bench)
train.fit(at_once, bench, epochs=4 * mode.tune_epochs, masks=masks, lr=1e-3)
print(f"in four rounds: {triptych[-1][-1]:.3f} at sparsity {final_masks.sparsity:.3f}")
print(f"at once:        {train.evaluate(at_once, bench):.3f} at sparsity {masks.sparsity:.3f}")

# %% [markdown]
# One network, and one *seed*, the number that fixes what is random in a run: treat a difference of a point or two as none. What gradual pruning surely
# gives you is a point at each of its rounds, so that you can stop where the price is too high.
#
# ## 6. Momentum revives the dead
#
# Why does `fine_tune` get the masks? A silenced filter gets no gradient: its $\gamma$ and $\beta$ are zero, its ReLU is closed, and whoever reads it reads zeros. So once dead it stays dead. Or does it?
# An *optimizer*, such as SGD or Adam, changes the weights after each batch; with *momentum* it goes on with a part of its earlier steps. We prune in the middle of a training and watch the sum of all pruned weights.

# %% tags=["folded"]
masks = L1NormPruner(sparsity=0.5, scope="layer").masks(model, bench)
batches = (list(itertools.islice(bench.batches("train", 32, shuffle=True), 30)) * 3)[:30]


def dead_weights(momentum: float, hold: bool) -> list[float]:
    """Return the summed size of the pruned weights over 20 steps; `hold`: masks at each."""
    net = copy.deepcopy(model).train()
    optimizer = torch.optim.SGD(net.parameters(), lr=0.01, momentum=momentum)
    for x, y in batches[:10]:  # the training before the prune
        train.train_step(net, x, y, optimizer)
    masks.apply_(net)
    sizes = [0.0]
    for x, y in batches[10:]:
        train.train_step(net, x, y, optimizer, masks if hold else None)
        sizes.append(
            sum(
                net.get_parameter(name)[~mask].abs().sum().item()
                for name, mask in masks.items()
            )
        )
    return sizes


ways = {
    "SGD without momentum": dead_weights(0.0, hold=False),
    "SGD with momentum": dead_weights(0.9, hold=False),
    "with momentum, masks every step": dead_weights(0.9, hold=True),
}
figures.lines(
    {how: (list(range(len(sizes))), sizes) for how, sizes in ways.items()},
    xlabel="optimizer step after the prune",
    ylabel="sum of |pruned weights|",
    title="The dead get no gradient and rise all the same: momentum remembers",
)

# %% [markdown]
# **Read it.** Without momentum nothing moves. With it (and with Adam, which remembers in the same way) the optimizer goes on pushing in the direction
# of *before* the prune. Only masks that are applied after every step hold; `train.fit(masks=...)` does that.
#
# ## 7. Smallest, random, largest
#
# Is a small norm a good reason to go? To know, choose as many filters at random, and by the opposite
# rule, the same score with a minus sign (the score function is given a matrix with one row per filter). The random choice is drawn three
# times: the line is its mean, the band reaches from the lowest to the highest.

# %% tags=["folded"]
levels = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]


def accuracy_without(share: float, score: object, seed: int = 0) -> tuple[float, float]:
    """Return (sparsity, validation accuracy): BatchNorm recalibrated, nothing trained."""
    # the four questions: by which score, of what, ranked among whom, how many
    four = {"score": score, "unit": "filter", "scope": "layer", "amount": amounts.target(share)}
    masks = Pruner(**four, seed=seed).masks(model, bench)
    small = slim.slim(model, masks, bench.example)
    train.recalibrate_batchnorm(small, bench, samples=1024)
    return masks.sparsity, train.evaluate(small, bench)


def drawn(share: float) -> tuple[float, float, float, float]:
    """Return (sparsity, mean, lowest, highest accuracy) over the seeds."""
    draws = [accuracy_without(share, "random", seed) for seed in mode.seeds]
    accuracies = [accuracy for _, accuracy in draws]
    return draws[0][0], sum(accuracies) / len(draws), min(accuracies), max(accuracies)


duel = {
    "smallest L1 first": [accuracy_without(level, "l1") for level in levels],
    "random": [drawn(level) for level in levels],
    "largest L1 first": [
        accuracy_without(level, lambda weight: -weight.abs().sum(1)) for level in levels
    ],
}
figures.accuracy_curves(
    duel,
    dense=dense_accuracy,
    n=len(bench.validation),
    title="Is a small norm a good reason to go? (band: random draws)",
)

# %% [markdown]
# **Read it.** At the right end they part in the paper's order: smallest, random, largest. On the left even the *largest* norms can go first at no higher price. So on this network, with nothing trained again: no evidence that a small norm is a good reason to go while few filters go, some where most go. And the band is wide: one random draw is no control. Take several.
#
# ## 8. Where is the cliff?
#
# The class project from which this course comes (the *reference project*) reports a share beyond which L1 filter pruning "falls sharply". A share of *what*, and with which repair? We prune the dense
# network once, to each level, and measure without repair, after recalibration, and after fine-tuning.
#
# ### Predict
# At which share of **filters gone** does the accuracy *without any repair* first lie ten points or more below the dense model? Lock in a number.

# %% answer="cliff"
cliff = None  # your prediction: a share of filters between 0 and 1
### BEGIN SOLUTION
cliff = 0.2
### END SOLUTION

# %% check="cliff"
check(cliff, "cliff")

# %%
levels = [0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8]
claim = {"no repair": [], "BatchNorm recalibrated": [], "fine-tuned": []}
for level in levels:
    masks = L1NormPruner(level, scope="layer").masks(model, bench)
    small = slim.slim(model, masks, bench.example)
    claim["no repair"].append((level, train.evaluate(small, bench)))
    train.recalibrate_batchnorm(small, bench)
    claim["BatchNorm recalibrated"].append((level, train.evaluate(small, bench)))
    train.fit(small, bench, epochs=mode.tune_epochs, lr=1e-3)
    claim["fine-tuned"].append((level, train.evaluate(small, bench)))
for name, curve in claim.items():
    fallen = [level for level, accuracy in curve if accuracy < dense_accuracy - 0.10]
    where = f"at {fallen[0]:.2f} of the filters" if fallen else "never: at no level tried"
    print(f"{name:24} first ten points below the dense model {where}")
figures.accuracy_curves(
    claim,
    dense=dense_accuracy,
    guess=cliff,
    reference=0.3,
    n=len(bench.validation),
    xlabel="share of the convolutions' filters gone",
    title="Where is the cliff? Ask what repaired the network",
)

# %% [markdown]
# **Read it.** One network, one ranking, three curves: measuring BatchNorm anew moves the cliff, and a short fine-tuning moves it further (the printed lines say where to). At the claimed 30 % our network
# has little left without repair, and has lost little with fine-tuning. So "falls sharply beyond 30 %"
# says as much about the training that followed as about the L1 norm. (The reference project's network has no BatchNorm and its data are not
# public: we test the sentence, not their run.)
#
# And in between? The slider prunes the live network: accuracy on 256 fixed images
# while it moves, on all validation images once it rests. Switch the ranking from *per layer* to *global*: which layers empty first?


# %%
widgets.SparsitySlider(model, bench)

# %% [markdown]
# In *global* one cut goes through all strips, and the last layers empty first, as section 2 announced.
#
# ## 9. Find the bug
#
# Three pieces of code that run without an error and are wrong. Which line is to blame?
#
# **A.** Half of the filters are to go.
# ```python
# 1  scores = conv.weight.abs().sum((1, 2, 3))
# 2  keep = scores > scores.sort().values[round(0.5 * len(scores))]
# 3  silence(conv, norm, keep)
# ```
# **B.** The best sparsity is chosen.
# ```python
# 1  accuracy = {}
# 2  for sparsity in (0.3, 0.5, 0.7):
# 3      small = slim.slim(model, L1NormPruner(sparsity, scope="layer").masks(model, bench), bench.example)
# 4      train.recalibrate_batchnorm(small, bench)
# 5      accuracy[sparsity] = train.evaluate(small, bench, split="test")
# 6  best = max(accuracy, key=accuracy.get)
# ```
# **C.** Filters are silenced; the convolution has no bias.
# ```python
# 1  keep = filters_to_keep(filter_l1(conv.weight), 0.5)
# 2  with torch.no_grad():
# 3      for parameter in (conv.weight, norm.weight):
# 4          parameter[~keep] = 0
# ```

# %% answer="bugs"
bugs = None  # such as {"A": 1, "B": 1, "C": 1}
### BEGIN SOLUTION
bugs = {"A": 2, "B": 5, "C": 3}
### END SOLUTION

# %% check="bugs"
check(bugs, "bugs")

# %% [markdown]
# ## 10. In your own words
#
# A colleague writes: *"L1 pruning is useless, our accuracy collapsed at 40 %."* What do you ask, and what would you measure before you believe
# the sentence? (Four to six sentences.)

# %% [markdown] explain="collapse" points=2
# *Rubric (2 points).* One point for asking what the 40 % are (of filters, parameters or MACs; per layer or global) and which repair came after the prune
# (BatchNorm recalibrated? fine-tuned, how long, with the masks held?). One point for a measurement that separates criterion from repair:
# the same budget with a random ranking, before and after recalibration and fine-tuning, chosen on validation data, more than one seed.
#
# *Sample answer, 2 points.* "40 % of what: filters in each layer, or parameters? I would measure the accuracy right after pruning, after recalibrating
# BatchNorm and after some epochs of fine-tuning. Then I would prune the same number of filters at random: if random is as good, the
# criterion is not to blame or to praise. All on validation data and with three seeds."
#
# *Sample answer, 1 point.* "They should fine-tune after pruning, and recalibrate the BatchNorm layers, then the accuracy comes back." (Right, but
# nothing is asked about the 40 %, and there is no control.)

# %% [markdown]
# ## What to take away
#
# - Whole filters are the unit at which arithmetic really disappears; scattered zeros only compress.
# - A unit is gone only when its own entries are all zero: row, bias, $\gamma$, $\beta$. What reads it can then be cut as well, and masked equals slimmed.
# - The share of filters is not the share of parameters: between two convolutions a quarter stays of a half.
# - Choose indices, not thresholds; keep at least one; re-apply masks after every step.
# - Recalibrate before you judge, and compare with several random draws before you praise.
#
# **Next**, lesson 03: the L1 norm looks at weights only. A filter of large weights that nothing ever excites is kept. What follows here is optional.
#
# ## Optional: what a global ranking costs
#
# One list of all filters against a list for each layer, with nearly as many parameters gone and both recalibrated.

# %%
globally = L1NormPruner(0.3, scope="global").masks(model, bench)
# within each layer: the share at which most nearly the same number of parameters goes
choices = [
    L1NormPruner(share / 100, scope="layer").masks(model, bench) for share in range(30, 80, 2)
]
evenly = min(choices, key=lambda masks: abs(masks.sparsity - globally.sparsity))
for scope, masks in (("layer", evenly), ("global", globally)):
    small = slim.slim(model, masks, bench.example)
    train.recalibrate_batchnorm(small, bench)
    left = ", ".join(f"{name} {int(masks.units[name].sum())}" for name in layers)
    print(f"{scope:6} {train.evaluate(small, bench):.3f} at sparsity {masks.sparsity:.3f}")
    print(f"       filters left: {left}")

# %% [markdown]
# **Read it.** Look at `conv6` in the last line: all that the network sees has to pass through what is left there. A ranking over all layers needs scores that mean the same in each of them, and neither the sum nor the mean does.
#
# ## Optional: who is bitten first?
#
# The schedule of section 5 with sliders: with more rounds each bite gets smaller, and the exponent (3: *cubic*) decides who is bitten first.

# %%
widgets.ScheduleSlider()

# %% [markdown]
# ## Optional: the ResNet puzzle
#
# In a chain every filter can go by itself. A shortcut *adds* the output of one layer to that of another: channel 7 of the one meets channel 7 of the
# other. Take it from one of them, and it is still there. Which layers are tied together in a small ResNet?

# %%
resnet = models.build("resnet", bench, seed=0)
coupled = L1NormPruner(sparsity=0.5, scope="layer").masks(resnet, bench)
small = slim.slim(resnet, coupled, bench.example)
print(f"half of the filters, {coupled.sparsity:.3f} of the parameters gone, and it still runs:")
print(f"outputs of shape {tuple(small.eval()(bench.example).shape)}")
figures.coupling(units.groups(resnet, bench.example))

# %% [markdown]
# **Read it.** The first convolution of each block is free: nobody else writes into its channels. The second one writes into the stream that the
# shortcut carries, and there whole chains of layers share one decision: `L1NormPruner` sums the norms over each of them.
#
# ## Bonus
#
# - Prune only `conv6`, then only `conv1`, to 80 %: `Pruner("l1", "filter", scope="layer", amount=amounts.target(0.8), layers=["conv6"])`. Which one can spare more?
#   This is the *sensitivity* of lesson 01, for filters.
# - Train the pruned shape from scratch. How far behind is it?
