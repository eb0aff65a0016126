# %% [markdown]
# # 01 · Measuring a network
#
# **Goal.** Say what pruning has really made smaller, and by how much: in parameters, in arithmetic, in bytes and in time. Then find out which layers can spare their weights, and spend a budget
# where it hurts least.
#
# ![Where this lesson goes: six layers that have lost nine tenths each, a budget that is still exceeded, and hardly any accuracy left. How would you spend the budget?](../notebooks/pictures/01_measuring.png)
#
# *Six layers have lost nine tenths each, and the budget is still exceeded. How would you spend it?*
#
# **You need** lesson 00 (masks and sparsity) and a little PyTorch. **Difficulty** easy to medium. {{minutes: 80}} Two sittings: sections 1 to 5 measure, 6 to 8 spend a budget.
#
# You write five small functions, lock in two predictions and find four bugs. Run every cell, also those
# you leave empty: where an answer is missing, the lesson goes on with the library's version and says so.
#
# **Words of this lesson**, and of the whole course:
#
# - A model is *dense* as long as nothing of it is pruned. A *linear layer* connects everything with everything; our network's first one is called `hidden`, the last one `head`.
# - *Sparsity*: the share of ALL the dense model's parameters that is gone, between 0 and 1. *Density* is 1 - sparsity. *Kept parameters* is the same as a number, and stands beside it.
# - *MACs*: multiply-accumulates, the multiplications (each with its addition) that one image costs.
# - *Tensor bytes*: what the numbers take in memory. *Latency*: the time from an image to its answer.
# - *Masked*: set to zero in tensors of the same shape. *Slimmed*: cut out, so that the tensors are smaller. This lesson masks; lesson 02 cuts.

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
import gzip
import statistics
import time
import warnings
from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib import data, measure, models, train
from course_lib.pruning import MagnitudePruner
from course_lib.teaching import budget, check, figures, modes, sizes, use, widgets
from course_lib.teaching.board import selection_of

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Ninety percent gone, and nothing is smaller
#
# Lesson 00 ended with a riddle: nine of ten weights gone, and not one byte less. Here is its network again, trained more briefly: four convolutions, a linear layer of 512 neurons, a head.

# %%
model = models.build("cnn", bench, seed=0)
train.fit(model, bench, epochs=min(2, mode.epochs), seed=0)
dense_accuracy = train.evaluate(model, bench)
print(f"dense model: {dense_accuracy:.3f} on {len(bench.validation)} validation images")

# %% [markdown]
# We take the smallest 90 % of its weights, all layers ranked together, and let the rest train for a moment. Then we measure everything that can be measured, and draw it as a share of the dense network.
# One row is the file after *gzip*, a general compressor that finds repetitions, zeros among them.
#
# ### Predict
# Nine tenths of the weights of a float32 layer are zero. **How large is it after gzip**, as a share of the layer stored whole? Lock in a number between 0 and 1.

# %% answer="gzip_share"
gzip_share = None  # your prediction, such as 0.5
### BEGIN SOLUTION
gzip_share = 0.2
### END SOLUTION

# %% check="gzip_share"
check(gzip_share, "gzip_share")

# %%
masks = MagnitudePruner(0.9, scope="global").masks(model, bench)
masked = masks.apply_(copy.deepcopy(model))
train.fit(masked, bench, epochs=mode.tune_epochs, masks=masks, lr=1e-3)
ours = "90 % of weights masked"
reports = sizes.compared({"dense": model, ours: masked}, bench, {ours: masks})
figures.size_panel(reports)

# %%
for name, column in reports.items():
    print(
        f"{name:24} accuracy {column['accuracy']:.3f}, kept parameters {column['kept parameters']:,}"
    )
print(f"sparsity {masks.sparsity:.4f}: the pruner was asked for 90 % of the weights,")
print("and biases are parameters too, of which none has gone")

# %% [markdown]
# **Read it.** Two rows have fallen: the non-zeros, and what a compressor makes of the file. Everything else stands where it stood: the tensors have the same shape, and every zero is
# multiplied as carefully as any other number. (On the last row a difference smaller than the black bar is chance: section 5. The gzip row is a share of the dense file *after* gzip; your guess is answered in section 4.) So "90 % smaller" is true of one row, nearly true of another and false of the rest. In this lesson you build the rows yourself.
#
# ## 2. What a mask does
#
# A toy seen whole: six weights, and a mask that keeps three of them. On the right the same mask, after an unlucky training step has made one weight NaN ("not a number").

# %%
weight = torch.tensor([[1.0, -2.0, 0.2], [0.5, 4.0, 3.0]])
mask = torch.tensor([[True, False, False], [True, False, True]])
unlucky = weight.clone()
unlucky[0, 2] = torch.nan
figures.number_cells(
    {
        "weight": weight,
        "mask (1 = kept)": mask.float(),
        "masked": weight.masked_fill(~mask, 0),
        "unlucky * mask": unlucky * mask,
        "unlucky, filled": unlucky.masked_fill(~mask, 0),
    }
)

# %% [markdown]
# **Read it.** What is masked is zero, and the shape stays. `weight * mask` would give the same numbers, until one is NaN: NaN times zero is NaN, and it spreads to all that is computed from it. So masks are *filled in*, not multiplied.
#
# ### Exercise 1: `apply_masks`
# `masks` has a bool tensor for *some* parameters of the model, by their names; True means kept. Set the rest to zero, exactly, in the model itself. What is kept stays as it is, even a NaN, and a parameter that is not named is kept whole.
#
# <details><summary>Hint 1</summary><code>model.get_parameter(name)</code>, or a loop over <code>model.named_parameters()</code>.
# <details><summary>Hint 2</summary>PyTorch's functions that change a tensor in place end in an underscore, and it refuses them on parameters unless you say
# <code>with torch.no_grad():</code>.</details></details>


# %% answer="apply_masks"
def apply_masks(model: nn.Module, masks: dict[str, Tensor]) -> None:
    """Set to zero, in place, every parameter entry whose mask is False."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(~mask, 0)
    ### END SOLUTION


# %% check="apply_masks"
check(apply_masks)

# %% [markdown]
# On a copy of the real network: half of the entries of `head.weight`, drawn at random. What share of the *network* is that?

# %%
apply_masks = use(apply_masks)
drawn = torch.rand(model.head.weight.shape, generator=torch.Generator().manual_seed(0)) < 0.5
halved = copy.deepcopy(model)
apply_masks(halved, {"head.weight": drawn.to(bench.device)})
total, left = measure.parameters(halved), measure.nonzeros(halved)
print(f"of the head's weights:  {1 - drawn.float().mean():.3f} gone")
print(f"of all {total:,} parameters: {1 - left / total:.4f} gone: this is the sparsity")

# %% [markdown]
# ## 3. Where the arithmetic is
#
# A convolution lays its filter on every place of the image where it fits. Here the image has 7 rows and 10 columns, with one ring of zeros around it (padding 1), and the filter moves two steps at a time (stride 2).

# %% tags=["nbval-check-output"]
figures.conv_places((7, 10), kernel=3, stride=2, padding=1)

# %% [markdown]
# **Read it.** One dot is one output, and the dashed kernel is one step on. The hatched column is never reached: where a stride does not fit, the remainder is left out. At every dot each filter costs one MAC for each of its weights.
#
# ### Exercise 2: `conv_macs`
# The MACs of one image. `size` is (height, width) of the input. The kernel always fits into the padded image. Biases do not count.
#
# <details><summary>Hint 1</summary>Places along one side: how far can the filter move, in steps of <code>stride</code>? One more than that: it also stands at the start.
# <details><summary>Hint 2</summary>Three factors: places, filters, weights of one filter.</details></details>


# %% answer="conv_macs"
def conv_macs(
    in_channels: int,
    out_channels: int,
    kernel: int,
    size: tuple[int, int],
    stride: int = 1,
    padding: int = 0,
) -> int:
    """Return the multiply-accumulates of a convolution with square kernels, for one image."""
    ### BEGIN SOLUTION
    height, width = ((side + 2 * padding - kernel) // stride + 1 for side in size)
    return height * width * out_channels * in_channels * kernel**2
    ### END SOLUTION


# %% check="conv_macs"
check(conv_macs)

# %% [markdown]
# Now count a whole network by hand. `shapes` gives what goes into each layer; a linear layer has one place, so that its MACs are its weights. PyTorch can count as well: `measure.macs` asks `torch.utils.flop_counter`,
# which counts a multiplication and an addition as *two* operations (FLOPs), and halves. Do both agree?

# %% tags=["nbval-check-output"]
conv_macs = use(conv_macs)
shapes, x = {}, bench.example[:1]
for name, layer in model.eval().named_children():
    shapes[name], x = x.shape, layer(x)
mine = {}
for name in ("conv1", "conv2", "conv3", "conv4"):
    conv = model.get_submodule(name)
    channels, size = (conv.in_channels, conv.out_channels), tuple(shapes[name][2:])
    mine[name] = conv_macs(*channels, conv.kernel_size[0], size, padding=conv.padding[0])
mine |= {name: model.get_submodule(name).weight.numel() for name in ("hidden", "head")}
print(f"by hand: {sum(mine.values()):,}  by PyTorch: {measure.macs(model, bench.example):,}")
print(f"with 90 % masked, by PyTorch: {measure.macs(masked, bench.example):,}")

# %% [markdown]
# Masks do not change it: the count depends on shapes alone. Where do the MACs sit, and where the parameters?

# %%
layers = list(mine)
parameters = {name: measure.parameters(model.get_submodule(name)) for name in layers}
figures.layer_shares(
    {"parameters": parameters, "MACs": mine},
    "Parameters and arithmetic live in different layers",
)

# %% [markdown]
# **Read it.** The hidden layer holds almost all of the parameters and does little of the work; the convolutions hold few and do nearly all of it, because a filter's weights are used at hundreds of places. So a method that removes
# parameters can leave the arithmetic untouched, and the other way round.
#
# ## 4. How many bytes?
#
# A zero in a file takes as many bytes as any other number: four, in float32. To gain from zeros one has to store *where* they are, and that costs something as well. Three ways:
#
# - **stored whole**: every weight, zeros included;
# - **gzip**: the same bytes, given to a general compressor that finds the repetition by itself;
# - **a bitmap and the values**: one bit for each weight (is it there?), then only the values that are not zero.
#
# ### Exercise 3: `bytes_on_disk`
# All three sizes, for a weight of any shape and any type of number. A byte holds eight bits, so that nine bits need two. Only an exact 0 is left out of the values.
#
# <details><summary>Hint 1</summary><code>weight.element_size()</code> is the number of bytes of one value.
# <details><summary>Hint 2</summary><code>gzip.compress(...)</code> takes bytes and returns bytes; <code>weight.numpy().tobytes()</code> are those of the tensor.
# <details><summary>Hint 3</summary><code>-(-n // 8)</code> rounds up.</details></details></details>


# %% answer="bytes_on_disk"
def bytes_on_disk(weight: Tensor) -> dict[str, int]:
    """Return the sizes in bytes under the keys "whole", "gzip" and "bitmap"."""
    ### BEGIN SOLUTION
    values = int(torch.count_nonzero(weight))
    return {
        "whole": weight.numel() * weight.element_size(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": -(-weight.numel() // 8) + values * weight.element_size(),
    }
    ### END SOLUTION


# %% check="bytes_on_disk"
check(bytes_on_disk)

# %% [markdown]
# We thin out the hidden layer, by magnitude, to nine densities, and compress each. The lines are formulas; the star is your guess. A third format is drawn beside them: a 32-bit index for each value.

# %%
bytes_on_disk = use(bytes_on_disk)
hidden_layer = model.hidden.weight.detach().cpu()
order = hidden_layer.abs().flatten().argsort()
measured = []
for density in (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 1.0):
    thin = hidden_layer.flatten().clone()
    thin[order[: round((1 - density) * len(thin))]] = 0
    found = bytes_on_disk(thin)
    measured.append((density, found["gzip"] / found["whole"]))
figures.formats_board(
    figures.measuring.FormatState(0.1, measured=tuple(measured), guess=gzip_share)
)

# %% [markdown]
# **Read it.** The bitmap pays as soon as one weight in 32 is gone, since it costs one bit where a value costs 32. Indices pay below one half, and beat the bitmap only at the far left. And gzip? Its points lie close to the bitmap's line: it finds the zeros, and little else. (It saves something even at the far right, where nothing is zero: the weights are of like size, so the bits of their exponents are not random.)
#
# These formats need someone who unpacks them. In memory the tensor is as large as before, unless the program can compute with the packed form.
#
# ## 5. How long does it take?
#
# Time is the hardest to measure. The first calls load code and allocate memory; later another program wants the processor for a moment, and one call takes several times as long. Here are 60 calls of each network, with one image, *in turns*, so that both meet the same machine.


# %%
def stopwatch(net: nn.Module, x: Tensor) -> float:
    """Return the milliseconds of one forward pass of a network in eval mode."""
    start = time.perf_counter()
    with torch.inference_mode():
        net(x)
    return 1000 * (time.perf_counter() - start)


image = bench.example[:1]
nets = {"dense": copy.deepcopy(model).eval(), "90 % masked": copy.deepcopy(masked).eval()}
times = {name: [] for name in nets}
for _ in range(60):
    for name, net in nets.items():
        times[name].append(stopwatch(net, image))
figures.timings(times, warmup=10)

# %% [markdown]
# **Read it.** Left every call; right, how many of the counted ones took how long; the thin lines are the medians. Both networks make the same heap, and the stragglers above it hit either.
# (If slow calls are the rule, another program is at work: run the cell again. If all points step up or down together, the processor has changed its speed: it meets both, which is why they take turns.)
#
# Now be careless on purpose. With no warm-up and *one* run (where the slider stands), which network is "faster"? Then count more runs, and compare
# the median with the mean (in the line above the picture): they part where there are stragglers.

# %%
widgets.TimingSlider(times)

# %% [markdown]
# ### Exercise 4: `latency`
# Call `run()` `warmup` times without timing it, then `runs` times with the `clock`, and return the **median** of the single times, in the clock's seconds and not rounded. `clock()` returns the time now; in the check it is a fake clock, so that your function is judged and not the machine.
#
# <details><summary>Hint 1</summary>Read the clock before and after <i>each</i> run.
# <details><summary>Hint 2</summary><code>statistics.median</code> takes the mean of the two in the middle if the number is even; <code>torch.median</code> does not.</details></details>


# %% answer="latency"
def latency(
    run: Callable[[], object], clock: Callable[[], float], warmup: int = 5, runs: int = 30
) -> float:
    """Return the median seconds of `runs` calls after `warmup` calls that do not count."""
    ### BEGIN SOLUTION
    for _ in range(warmup):
        run()
    seconds = []
    for _ in range(runs):
        start = clock()
        run()
        seconds.append(clock() - start)
    return statistics.median(seconds)
    ### END SOLUTION


# %% check="latency"
check(latency)

# %% [markdown]
# With it, one image at a time and 64 at a time, again in turns: nine medians for each network, and nine ratios. (On a GPU, which returns before it has finished, `measure.latency` synchronises first.)

# %%
latency = use(latency)


def in_turns(calls: dict[str, Callable[[], object]], turns: int = 9) -> dict[str, list[float]]:
    """Return label -> the median milliseconds of a call, one for each turn."""
    found = {name: [] for name in calls}
    for _ in range(turns):
        for name, call in calls.items():
            found[name].append(1000 * latency(call, time.perf_counter, warmup=1, runs=3))
    return found


for batch_size in (1, 64):
    x = bench.normalise(bench.train.images[:batch_size])
    with torch.inference_mode():
        found = in_turns({name: lambda net=net, x=x: net(x) for name, net in nets.items()})
    told = ", ".join(f"{name} {statistics.median(ms):.2f} ms" for name, ms in found.items())
    ratios = sorted(b / a for a, b in zip(*found.values(), strict=True))
    print(
        f"{batch_size:2} images: {told}; ratio {ratios[4]:.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )

# %% [markdown]
# **Read it.** Expect middle ratios near 1: the processor does not look whether a number is zero before it multiplies. The brackets hold the smallest and the largest of nine ratios: so far chance alone can carry you. (Far from 1? Look at the heaps
# above: was the machine busy?) Some programs do skip zeros; an optional section below times one. They pay when few weights are left, and here there is none for convolutions. So scattered zeros rarely make a program faster, and lesson 02 removes whole filters.
#
# > **A good place to stop for today.** You can say what is smaller, and what not. Open: which weights go? To go on later, click here and choose *Run > Run All Above Selected Cell*.
#
# ## 6. Which layer breaks first?
#
# So far every layer was pruned alike, or all weights ranked together. Which layers can spare their weights? Ask each of them alone: prune *one* layer, leave the others dense, measure, restore. This is called a *sensitivity scan*.
#
# ### Predict
# The smallest 90 % of *one* layer's weights go, nothing is trained again. **Which layer loses the most accuracy?** Look at the sizes, and lock in a name.

# %% tags=["nbval-check-output"]
for name in layers:
    print(
        f"{name:6} {model.get_submodule(name).weight.numel():8,} weights, {mine[name]:10,} MACs"
    )

# %% answer="breaks_first"
breaks_first = None  # a name, such as "conv3"
### BEGIN SOLUTION
breaks_first = "conv2"
### END SOLUTION

# %% check="breaks_first"
check(breaks_first, "breaks_first")

# %% [markdown]
# ### Exercise 5: `sensitivity`
# Prune one layer to each sparsity in turn, and return what `evaluate(model)` says each time:
#
# - *what goes*: of the n weights of the **unpruned** layer the `round(sparsity * n)` smallest, by magnitude;
# - *what stays*: all other weights of the layer, its bias, and all other layers;
# - *in the end*: the model is what it was.
#
# <details><summary>Hint 1</summary><code>round</code> is Python's; of equal weights any may go. Keep <code>weight.detach().clone()</code>. Without the clone you keep a second name for the same numbers.
# <details><summary>Hint 2</summary>A flat bool tensor, True at <code>order[:gone]</code> where <code>order = dense.abs().flatten().argsort()</code>; then <code>.view(dense.shape)</code> and <code>masked_fill</code>.
# <details><summary>Hint 3</summary><code>weight.copy_(...)</code> under <code>torch.no_grad()</code> writes into the parameter.</details></details></details>


# %% answer="sensitivity"
def sensitivity(
    model: nn.Module,
    layer: str,
    sparsities: list[float],
    evaluate: Callable[[nn.Module], float],
) -> list[float]:
    """Return what `evaluate` says with one layer pruned to each sparsity, all others dense."""
    ### BEGIN SOLUTION
    weight = model.get_parameter(f"{layer}.weight")
    dense = weight.detach().clone()
    order, found = dense.abs().flatten().argsort(), []
    with torch.no_grad():
        for sparsity in sparsities:
            gone = torch.zeros_like(order, dtype=torch.bool)
            gone[order[: round(sparsity * len(order))]] = True
            weight.copy_(dense.masked_fill(gone.view(dense.shape), 0))
            found.append(evaluate(model))
        weight.copy_(dense)
    return found
    ### END SOLUTION


# %% check="sensitivity"
check(sensitivity)

# %% [markdown]
# Forty-two networks have to be evaluated, so we take 256 validation images, always the same ones.

# %% tags=["folded"]
some = bench.validation.rows(selection_of(bench))
x, labels = bench.normalise(some.images), some.labels


def accuracy_on_some(net: nn.Module) -> float:
    """Return the accuracy on the fixed validation images."""
    with torch.inference_mode():
        return (net.eval()(x).argmax(1) == labels).float().mean().item()


start = accuracy_on_some(model)

# %%
sensitivity = use(sensitivity)
levels, curves = list(budget.LEVELS), {}
for name in layers:
    found = sensitivity(model, name, levels, accuracy_on_some)
    curves[name] = [(0.0, start), *zip(levels, found, strict=True)]
figures.sensitivity_curves(curves, start, guess=breaks_first, n=len(labels))

# %%
at_ninety = {name: dict(rows)[0.9] for name, rows in curves.items()}
for name, accuracy in sorted(at_ninety.items(), key=lambda pair: pair[1]):
    print(f"{name:6} at 0.9: {accuracy:.3f}, lost {start - accuracy:+.3f}")
print(f"restored: {accuracy_on_some(model) == start}")

# %% [markdown]
# **Read it.** (The axis gives more room to the right, where the curves part.) While the first half of a layer goes, little happens. Then the smallest layers break first: what a convolution of a few hundred weights no longer sees, no later layer can know.
# The largest holds out best. Other networks have other weak spots; that is why one scans.
#
# ## 7. A budget
#
# Now you are the designer. **Stay within a tenth of the parameters, and make the network as good as you can. Then do the same with a third of the MACs.**
#
# - Each slider prunes one layer. The budget says how much of the parameters may be kept, or of the MACs of kept weights: what a machine that skips zeros would do.
# - The board *predicts* the accuracy: it reads from the curves what each layer has lost alone, and adds up. Beside it stands what the 256 images really say.
# - All layers start at 90 %, and the board says OVER: the biases stay, so that 90 % of the *weights* is a little less than 90 % of the *parameters*.

# %% tags=["ahead"]
widgets.LayerBudgetSlider(model, bench, curves)

# %% [markdown]
# ## 8. Spend it where it hurts least
#
# The board can be played by a program: take the next piece of weights wherever it costs the least predicted accuracy for what it saves, until the budget is met. `budget.spread` does that, here for each of the two budgets.

# %%
board = budget.BudgetBoard.of(model, bench, curves)
numbers = {name: model.get_submodule(name).weight.numel() for name in layers}
enough = 0.9 * measure.parameters(model) / sum(numbers.values())  # the biases stay
mixtures = {
    "parameters": budget.spread(curves, numbers, enough),
    "MACs": budget.spread(curves, mine, 2 / 3),
}
for scarce, mixture in mixtures.items():
    state = board.at(mixture, scarce)
    print(f"budget of {scarce}: {state.spent:.3f} kept, at sparsity {state.sparsity:.3f}")
    print("   gone: " + ", ".join(f"{name} {share:.2f}" for name, share in mixture.items()))

# %% [markdown]
# The same curves, and two networks that differ most in one layer: where MACs are scarce, `hidden` may keep more, for it does few of them. There is no "best pruning" until somebody says what is scarce.
#
# Is the scan worth its price? Its rivals are *the same share of every layer* and *the smallest of all*, at the same sparsity. All are measured on all validation images (the 256 that chose the mixture are among them), just pruned and after the same short training.

# %% tags=["folded"]
scanned = board.masks(mixtures["parameters"])
share = sum(numbers[name] * gone for name, gone in mixtures["parameters"].items())
share /= sum(numbers.values())
kept_by = {
    "same share of each layer": MagnitudePruner(share, scope="layer").masks(model, bench),
    "by the scan": scanned,
    "smallest of all": MagnitudePruner(share, scope="global").masks(model, bench),
}
rows, tuned = {}, {"dense": model}
for name, kept in kept_by.items():
    net = tuned[name] = kept.apply_(copy.deepcopy(model))
    before = train.evaluate(net, bench)
    train.fit(net, bench, epochs=mode.tune_epochs, masks=kept, lr=1e-3)
    rows[f"{name}\n(sparsity {kept.sparsity:.3f})"] = (before, train.evaluate(net, bench))
figures.before_after(
    rows, dense_accuracy, len(bench.validation), ("just pruned", "after a short training")
)

# %% [markdown]
# **Read it.** Before any training the same share for all is ruined, and the scan saves most of the network without a single gradient. A short training repairs part of the damage (the circles) and does not close the gap.
# The third row: ranking all weights together does about as well, for free, *here*, where large layers have small weights. A scan pays when training is expensive, and when the budget is not of parameters: no ranking of weights knows about MACs.
#
# And is it really smaller now?

# %%
figures.size_panel(sizes.compared(tuned, bench, kept_by))

# %% [markdown]
# **Read it.** The budget was kept on paper. To be paid out in bytes and milliseconds, the zeros have to come in blocks that can be *cut out*.
#
# ## 9. Find the bug
#
# Four pieces of code that run without an error and are wrong. In each, one line is to blame. Answer with its number.
#
# **A.** The MACs of one image.
# ```python
# 1  with FlopCounterMode(display=False) as counter:
# 2      model(image)
# 3  macs = counter.get_total_flops()
# 4  print(f"{macs:,} MACs")
# ```
# **B.** Is the masked network faster? Both are in eval mode; `timed` returns the median of 30 runs.
# ```python
# 1  with torch.inference_mode():
# 2      for _ in range(5):
# 3          dense(x)
# 4      dense_ms = timed(dense, x)
# 5  masked_ms = timed(masked, x)
# 6  print(f"{dense_ms / masked_ms:.2f} times as fast")
# ```
# **C.** The sparsity after the network has been pruned a second time.
# ```python
# 1  before = measure.nonzeros(model)  # it was pruned once
# 2  prune_half_of_what_is_left(model)
# 3  after = measure.nonzeros(model)
# 4  sparsity = 1 - after / before
# ```
# **D.** The size of a file.
# ```python
# 1  file = open("model.bin", "wb")
# 2  file.write(payload)
# 3  size = os.path.getsize("model.bin")
# 4  file.close()
# ```

# %% answer="measuring_bugs"
measuring_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1}
### BEGIN SOLUTION
measuring_bugs = {"A": 3, "B": 5, "C": 4, "D": 3}
### END SOLUTION

# %% check="measuring_bugs"
check(measuring_bugs, "measuring_bugs")

# %% [markdown]
# ## 10. In your own words
#
# A vendor writes: *"We pruned 90 % of your network. It is now ten times smaller and ten times faster, at the same accuracy."* What do you ask, and what do you measure before you sign? (Four to six sentences.)

# %% [markdown] explain="vendor" points=2
# *Rubric (2 points).* One point for taking the sentence apart: 90 % of what (all parameters, some layers, MACs), smaller where (file, compressed file, memory), and that masked weights change neither tensor bytes nor MACs nor, with dense kernels, the time. One point for a measurement that would convince: both networks on the
# machine that will run them, after a warm-up, median of many runs with the spread, at the batch size that is used; file and memory; the accuracy on held-out images with their number.
#
# *Sample answer, 2 points.* "90 % of what: of all parameters, or of the weights of some layers? If they are only set to zero, the tensors have the same shape, so the memory and the MACs are those of before, and only a compressed file is smaller. I would time both networks on our own machine, with our batch size, after a warm-up, and
# compare the medians of many runs. I would look at the file and the memory, and measure the accuracy of both on the same images that were used for nothing else."
#
# *Sample answer, 1 point.* "Zeros do not make it faster, so the claim is wrong." (Mostly right, but it may have been slimmed or run by sparse kernels: nothing is asked, and nothing measured.)

# %% [markdown]
# ## What to take away
#
# - Sparsity is a share of *all* parameters; show the kept parameters beside it.
# - Kept parameters, MACs, tensor bytes, file bytes, latency: five questions, five answers. Masks change the first, and what a compressor makes of the file; nothing else.
# - Parameters and MACs live in different layers. Say which of them is scarce before you prune.
# - FLOPs are about two for each MAC; times are medians after a warm-up; zeros are skipped only by software made for it.
# - Layers are not equally sensitive. Scan them one by one, add up with care, and measure in the end.
#
# **Next**, lesson 02: to make arithmetic really disappear, take whole filters, and cut them out. What follows here is optional.
#
# ### Optional: fewer bits
#
# Today's networks are stored with fewer bits. What does that do to the bitmap, and what to the indices? Move *bits a value* from 32 to 4, and then *bits an index* to 8.

# %%
widgets.FormatSlider()

# %% [markdown]
# **Read it.** The cheaper a value, the more expensive it is to say where it belongs: with 4-bit values and 8-bit indices a list of indices needs two thirds of the weights gone before it gains anything. With scattered zeros, pruning and quantizing do not simply multiply.
#
# ### Optional: could someone skip the zeros?
# PyTorch has a sparse format (CSR: values and column indices) that multiplies only what is there. We thin out the hidden layer and time both ways, in turns, on 64 images.

# %% tags=["folded"]
warnings.filterwarnings("ignore", message=".*[Ss]parse.*")  # "in beta state", says PyTorch
inputs = torch.randn(hidden_layer.shape[1], 64, generator=torch.Generator().manual_seed(0))
densities = [0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5]
speed = {"multiply everything": [], "sparse format": []}
for density in densities:
    thin = hidden_layer.flatten().clone()
    thin[order[: round((1 - density) * len(thin))]] = 0
    thin = thin.view(hidden_layer.shape)
    forms = dict(zip(speed, (thin, thin.to_sparse_csr()), strict=True))
    found = in_turns({name: lambda form=form: form @ inputs for name, form in forms.items()})
    for name, ms in found.items():
        speed[name].append(statistics.median(ms))
faster = [f"{d:g}" for d, a, b in zip(densities, *speed.values(), strict=True) if b < a]
figures.lines(
    {name: (densities, ms) for name, ms in speed.items()},
    xlabel="density of the layer",
    ylabel="ms for 64 images (log scale)",
    title="the sparse format is faster at density " + (", ".join(faster) or "none of these"),
    log=True,
    log_y=True,
)

# %% [markdown]
# **Read it.** Multiplying everything takes the same time at every density. The sparse format pays for each value that is left, and more for each: it has to look up where the value belongs. Left of where the lines cross, skipping saves time; right of it the zeros cost time. Where that is depends on the machine and on the batch.
#
# ### Optional: can losses be added?
# The board adds up what each layer has lost alone. Let chance play with it, and compare 30 mixtures.

# %%
draw = torch.Generator().manual_seed(0)
pairs = []
for _ in range(30):
    shares = (0.98 * torch.rand(len(layers), generator=draw)).tolist()
    mixture = dict(zip(layers, shares, strict=True))
    pairs.append((board.predicted(mixture), board.accuracy(mixture)))
figures.predicted_measured(
    pairs, len(labels), "Losses of single layers, added up, against the truth"
)

# %% [markdown]
# **Read it.** While little is lost the sum is a good guess. Where several layers have lost much it can be far off: a layer that coped with clean inputs gets damaged ones now. So use it to *choose* a mixture, and measure before you believe it.
#
# ## Bonus
#
# - Give `budget.spread` a budget of *file bytes* as a bitmap: what are the sizes then? Does the mixture change?
# - Time `nets["dense"].train()` against `.eval()`, and with and without `torch.inference_mode()`. Which mistake costs most on your machine?
# - Scan with the *largest* weights gone first. Which layers still hold out at 10 %?
