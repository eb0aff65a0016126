# %% [markdown]
# # 07 · Slim and ship
#
# **Goal.** Turn zeros into smaller tensors, a smaller file and a faster program, take the network to a place without PyTorch, and measure what each step was worth.
#
# ![Where this lesson starts: a network, its half-masked copy in a file as large, and the 256 KB that a microcontroller may have](../notebooks/pictures/07_slim_and_ship.png)
#
# *A network, its half-masked copy, and the dashed line of 256 KB, which a microcontroller may have. How do you get to its left?*
#
# **You need** lessons 01 (MACs, bytes, latency), 02 (filters, closed masks) and 03 (units that say nothing). **Difficulty** medium. {{minutes: 90}}
#
# **Words of this lesson.** *Masked*: zeros in tensors of the old shape; *slimmed*: cut out. *Width*: how many filters or neurons a layer has. *Logits*: the outputs of the network, one number per class. *ONNX*: a file format for networks
# that other programs than PyTorch can run; *onnxruntime* is one of these. *int8*: whole numbers of eight bits in place of float32. *Runtime*: a program that runs a network.
#
# Five small functions (three of them optional), three predictions, four bugs. Two sittings: sections 1 to 5 cut and measure, 6 to 9 repair and ship. An exercise that you leave empty stops nothing.

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
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn.utils import prune

from course_lib import data, measure, models, ship, slim, train
from course_lib.errors import CourseError
from course_lib.pruning import MagnitudePruner, Masks, Pruner, amounts, units
from course_lib.teaching import check, figures, modes, use, widgets
from course_lib.teaching.figures.shipping import ShareState, Way

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. Open the box
#
# Six lessons have made zeros. They were multiplied as carefully as any other number, and kept in a file as large as before. Lesson 02 handed its masks to `slim` and got a smaller network back; today you open that box.
#
# Here is the reference net, and masks that take half of the filters and neurons of each layer, by L1 norm. A microcontroller may have 256 KB for the file: where do the two stand?


# %% tags=["ahead"]
def units_gone(share: float) -> Masks:
    """Return masks in which each layer has lost that share of its filters or neurons."""
    pruner = Pruner("l1", ("filter", "neuron"), amount=amounts.target(share))
    return pruner.masks(model, bench)


model = models.build("cnn", bench, seed=0)
train.fit(model, bench, epochs=min(2, mode.epochs), seed=0)
masks = units_gone(0.5)
masked = masks.apply_(copy.deepcopy(model)).eval()
print(f"sparsity of the masked network: {masks.sparsity:.3f}")
images = len(bench.split("validation"))
nets = {"dense, as trained": model, "masked, half of the units": masked}
figures.file_bars(
    {
        f"{how}\naccuracy {train.evaluate(net, bench):.3f}": (
            measure.file_bytes(net) / 1024,
            1 - measure.nonzeros(net) / measure.parameters(net),
        )
        for how, net in nets.items()
    },
    limit=256,
)

# %% [markdown]
# **Read it.** Most of the numbers are zeros, and not a byte is gone. (The accuracy is not repaired yet.) To get to the left, what was zeroed has to be cut out.
#
# Two layers seen whole, one cell for each *kernel*. The first has four filters and reads three channels; the next has five filters and reads four channels, one from each filter of the first. Filter 1 is gone.

# %%
keep = torch.tensor([True, False, True, True])
figures.mask_cells(
    {
        "first, 4 filters x 3 inputs": keep[:, None].expand(4, 3),
        "next, 5 filters x 4 inputs": keep.expand(5, 4),
    }
)

# %% [markdown]
# **Read it.** Filter 1 is a *row* of its own layer and a *column* of the next. Both can be left out, and nothing that is computed changes.
#
# ### Exercise 1: `slice_conv_pair`
# In lesson 02 you cut two weights; here you cut two layers, in place, with bias and BatchNorm. Of `conv`, a BatchNorm after it (`norm`, or None if there is none) and the convolution that reads them (`following`) only what belongs to the kept filters is left. `keep` is True for those. `conv` may have no bias.
# (The layers' `out_channels`, `in_channels` and `num_features` are only printed; set them or not.)
#
# <details><summary>Hint 1</summary><code>conv.weight = nn.Parameter(conv.weight[keep])</code> gives a layer another parameter; <code>weight[:, keep]</code> chooses along axis 1.
# <details><summary>Hint 2</summary>BatchNorm has four tensors with an entry per channel: two parameters, and two buffers, which are set without nn.Parameter.</details></details>


# %% answer="slice_conv_pair"
def slice_conv_pair(
    conv: nn.Conv2d, norm: nn.BatchNorm2d | None, following: nn.Conv2d, keep: Tensor
) -> None:
    """Cut out, in place, the filters where keep (n,) is False, and what reads them."""
    ### BEGIN SOLUTION
    conv.weight = nn.Parameter(conv.weight[keep])
    if conv.bias is not None:
        conv.bias = nn.Parameter(conv.bias[keep])
    if norm is not None:
        norm.weight = nn.Parameter(norm.weight[keep])
        norm.bias = nn.Parameter(norm.bias[keep])
        norm.running_mean = norm.running_mean[keep]
        norm.running_var = norm.running_var[keep]
    following.weight = nn.Parameter(following.weight[:, keep])
    ### END SOLUTION


# %% check="slice_conv_pair"
check(slice_conv_pair)

# %%
slice_conv_pair = use(slice_conv_pair)
pair, wrong = copy.deepcopy(masked), copy.deepcopy(masked)
first = masks.units["conv1"]
slice_conv_pair(pair.conv1, None, pair.conv2, first)
slice_conv_pair(wrong.conv1, None, wrong.conv2, first.roll(1))  # the neighbours, by mistake
for name in ("conv1", "conv2", "conv3"):
    before, after = (net.get_submodule(name).weight.shape for net in (model, pair))
    print(f"{name}: {tuple(before)} -> {tuple(after)}")

# %% [markdown]
# Two networks of the same shapes: one has lost the right filters, the other their neighbours. Both run without an error, so the shapes prove nothing.
#
# ## 2. The same logits?
#
# ### Exercise 2: `same_logits`
# True if no logit of `other` differs from that of `model`, on the images `x`, by more than `tolerance` times the standard deviation of *all* of `model`'s logits (`std()`). Both networks are in eval mode. Outputs of different shapes are not the same, and neither is NaN.
#
# <details><summary>Hint 1</summary><code>model.eval()</code> returns the model; <code>with torch.no_grad():</code> saves time.
# <details><summary>Hint 2</summary>NaN compares as False with everything: ask whether the difference <i>is</i> small, not whether it is large.</details></details>


# %% answer="same_logits"
def same_logits(model: nn.Module, other: nn.Module, x: Tensor, tolerance: float = 1e-4) -> bool:
    """Return whether two networks compute the same, up to rounding."""
    ### BEGIN SOLUTION
    with torch.no_grad():
        ours, theirs = model.eval()(x), other.eval()(x)
    if ours.shape != theirs.shape:
        return False
    return bool((ours - theirs).abs().max() <= tolerance * ours.std())
    ### END SOLUTION


# %% check="same_logits"
check(same_logits)

# %%
same_logits = use(same_logits)
x = bench.normalise(bench.validation.images[:256])
small = slim.slim(model, masks, bench.example).eval()
nets = {"one pair cut": pair, "the neighbours cut": wrong, "all layers, by slim": small}
for name, net in nets.items():
    same = same_logits(masked, net, x)
    print(f"{name:20} same as masked: {same!s:5}  {measure.parameters(net):,} parameters")

# %% [markdown]
# **Read it.** This proof belongs to every cut. `slim` does what you did for all layers (after flatten a channel is a block of columns), makes the comparison itself, and refuses a network that would compute something else.
#
# ## 3. How much goes with a share?
#
# ### Predict
# In lesson 02, half of the filters left a quarter of the arithmetic. **At which share p of *every* layer's units is half of all MACs gone?** Lock in a number between 0 and 1.

# %% answer="halved"
halved = None  # your prediction, such as 0.5
### BEGIN SOLUTION
halved = 0.5
### END SOLUTION

# %% check="halved"
check(halved, "halved")

# %% [markdown]
# Four cuts; nothing is trained, for neither MACs nor bytes nor time ask what the weights are.

# %%
cuts = {p: slim.slim(model, units_gone(p), bench.example) for p in (0.25, 0.5, 0.75, 0.9)}


def left(measured: Callable[[nn.Module], float]) -> list[tuple[float, float]]:
    """Return (share cut, what is left of a measure as a share of the dense network's)."""
    whole = measured(model)
    return [(0.0, 1.0), *((p, measured(net) / whole) for p, net in cuts.items())]


shares = {"MACs": left(lambda net: measure.macs(net, bench.example))}
figures.share_board(ShareState(0.5, shares, halved))

# %% [markdown]
# **Read it.** Outputs *and* inputs go: $(1-p)^2$ is left, the blue square, so the first cuts pay most. Only the first layer, which keeps its inputs, and the head, which keeps its outputs, fall in proportion to p.
#
# ### Predict
# At p = 1/2 a quarter of the MACs is left. **How long does one single image take then**, as a share of the dense network's time? (And will 64 images at once come nearer to the quarter, or stay further away?)

# %% answer="time_share"
time_share = None  # your prediction, such as 0.5
### BEGIN SOLUTION
time_share = 0.4
### END SOLUTION

# %% check="time_share"
check(time_share, "time_share")

# %%
shares["bytes of the file"] = left(measure.file_bytes)
for batch, label in ((1, "time, 1 image"), (64, "time, 64 images")):
    shares[label] = left(lambda net, n=batch: measure.latency(net, bench.example, n).median_ms)
    print(f"{label}: {dict(shares[label])[0.5]:.2f} of the dense time is left at p = 0.5")
print(f"your guess for one image: {time_share}")

# %% [markdown]
# The slider has all four measures (medians of 30 runs; on a busy machine they jump):

# %%
widgets.ShareSlider(shares)

# %% [markdown]
# **Read it.** With 64 images the time follows the MACs, at a distance; with one image it falls less. Where has it gone?
#
# ## 4. MACs are not milliseconds
#
# Take the networks apart: each layer is timed alone, on what the layers before it put out.
#
# ### Predict
# Divide what is left of a layer's time by what is left of its MACs: 1 would be a time that follows. **In which layer is that ratio largest, with one image?** Choose among `"conv1"`, `"conv2"`, `"conv3"`, `"conv4"`, `"hidden"` and `"head"`.

# %% answer="lags_most"
lags_most = None  # a name, such as "conv3"
### BEGIN SOLUTION
lags_most = "head"
### END SOLUTION

# %% check="lags_most"
check(lags_most, "lags_most")

# %% tags=["folded"]
layers = ["conv1", "conv2", "conv3", "conv4", "hidden", "head"]


def layer_times(batch: int) -> dict[str, list[float]]:
    """Return layer -> its ms in the dense and in the slimmed network, which take turns."""
    inputs, times = [bench.normalise(bench.train.images[:batch])] * 2, {}
    pairs = zip(model.eval().named_children(), small.eval().children(), strict=True)
    with torch.inference_mode():
        for (name, dense_layer), small_layer in pairs:
            both = list(zip((dense_layer, small_layer), inputs, strict=True))
            turns = [
                [
                    measure.timed(lambda f=f, x=x: f(x), batch, 10, 3, bench.device)
                    for f, x in both
                ]
                for _ in range(3)
            ]
            times[name] = [min(t.median_ms for t in own) for own in zip(*turns, strict=True)]
            inputs = [f(x) for f, x in both]
    return times


times = {"1 image": layer_times(1), "64 images": layer_times(64)}
for label, of in times.items():
    whole = sum(after for _, after in of.values())
    rest = whole - sum(of[name][1] for name in layers)
    print(
        f"{label}: {rest / whole:.2f} of the slimmed network's time is in ReLU, pooling and the like;"
        f" its head takes {1000 * of['head'][1]:.0f} microseconds"
    )

# %%
macs = [measure.layer_macs(net, bench.example) for net in (model, small)]
lags = {
    label: {
        name: of[name][1] / of[name][0] / (macs[1][name] / macs[0][name]) for name in layers
    }
    for label, of in times.items()
}
largest = max(layers, key=lambda name: lags["1 image"][name])
print(f"1 image: largest in {largest}, {lags['1 image'][largest]:.1f}; your guess: {lags_most}")
figures.time_ratios(lags, lags_most, "half of the filters and neurons cut out")

# %% [markdown]
# **Read it.** The ring is the answer, as printed; the star is your guess. Where a bar goes beyond 1, MACs promised what time did not keep, for three reasons. *Calling* a layer costs some microseconds, however small it is: with one image that is much of a small layer's time. *Moving* numbers costs time as well: ReLU and pooling have no MACs, and they are not free. And *small products* leave most of the processor idle: `conv2` has only half of its channels left, so its products are small ones now, while `conv1` before it never had large ones.
# More images at once share the first among them, and give the products more to do. (A bar below 1? What is left may fit into a faster memory, or the machine was busy. With one image the head is so quick that its bar is mostly noise. Is the ring's bar hardly longer than another? Run both cells again.) So name the batch size and the machine, and measure.
#
# ## 5. What you will meet elsewhere
#
# Most tutorials prune with `torch.nn.utils.prune`. It masks, too, but *inside* the model. Somebody sends you such a network: half of the filters and neurons of each layer, by L1 norm.

# %%
theirs = copy.deepcopy(model)
pruned = [theirs.get_submodule(name) for name in layers[:-1]]
for layer in pruned:
    prune.ln_structured(layer, "weight", amount=0.5, n=1, dim=0)
print("what conv1 is made of:", [key for key in theirs.state_dict() if "conv1" in key])
print(
    f"bytes of the file: {measure.file_bytes(model):,} dense, {measure.file_bytes(theirs):,} now"
)
try:
    copy.deepcopy(theirs)
except RuntimeError as error:
    print("copy.deepcopy:", str(error).partition(" at the moment")[0])

# %% [markdown]
# **Read it.** The parameter is called `weight_orig` now, and a *hook* computes `weight` from it and from a buffer `weight_mask` before each pass. So the file has grown, a plain network cannot load it, and copying fails.
#
# The manual says how to end this: `prune.remove`.

# %%
for layer in pruned:
    prune.remove(layer, "weight")
print(f"after prune.remove: {measure.nonzeros(theirs):,} weights are not 0", end="; ")
trained = copy.deepcopy(theirs)
train.fit(trained, bench, epochs=0.05, lr=1e-3)
print(f"after two or three steps of training: {measure.nonzeros(trained):,}")

# %% [markdown]
# **Read it.** It removes the mask and not the weights: the zeros are written into `weight`, and from then on *nothing holds them*. And nothing has become smaller. (Why are more weights left here than in the network that `slim` cut? The columns that read the gone filters are still there.) For these reasons the library of this course keeps masks outside the model.
#
# One more trap: `ln_structured` takes the weights of a filter and leaves its *bias*, so it may still speak. An optional section at the end listens to it.
#
# > **A good place to stop for today.** You can cut layers, prove the cut, and say what it is worth in MACs and in milliseconds. Open: the lost accuracy, and the way out of this notebook. To go on later, click here and choose *Run > Run All Above Selected Cell*.
#
# ## 6. Repair, with and without a teacher
#
# The slimmed network has lost accuracy, like any pruned one. To train it now costs a fraction of what it cost with masks. It can learn more than the labels: *distillation* (Hinton et al. 2015) lets it imitate the outputs of the dense network, its *teacher*, which also say what a shirt *nearly* looks like.

# %%
longer, repaired = 4 * mode.tune_epochs, {}  # epochs for every network from here on
for name, teacher in (("labels only", None), ("with a teacher", model)):
    net = copy.deepcopy(small)
    train.fit(net, bench, epochs=longer, teacher=teacher)
    repaired[name] = net
    print(f"{name:15} {train.evaluate(net, bench):.3f}")
better = max(repaired, key=lambda name: train.evaluate(repaired[name], bench))
print(f"shipped: {better}")

# %% [markdown]
# **Read it.** The better one on validation images is shipped. One seed is no verdict on teachers; [a study of ours](../results/open/README.md) (single weights, CIFAR-10, three seeds) found that a teacher helps where training is short (`{{results/open: magnitude_short.round6.test_accuracy | .3f}}` against `{{results/open: short_no_distillation.round6.test_accuracy | .3f}}`), and that after a longer one its lead is gone.
#
# ## 7. Out of the door
#
# ### A file that others can load
# A state dict of a slimmed network fits no network that a stranger can build. `slim.save` writes what it was cut from, and the tensors, whose shapes say the rest; no pickle, which could run any code when loaded. The stranger is a *fresh process*, which knows nothing of this notebook.

# %% tags=["folded"]
box = tempfile.TemporaryDirectory()
folder = Path(box.name)
file, some = folder / "net.safetensors", x.cpu().contiguous()
save_file({"x": some}, folder / "x.safetensors")
script = """
import torch
from safetensors.torch import load_file, save_file
from course_lib import slim
with torch.inference_mode():
    logits = slim.load("net.safetensors")(load_file("x.safetensors")["x"])
save_file({"logits": logits}, "logits.safetensors")
"""


def stranger() -> Tensor:
    """Return the logits that a fresh process computes from the file."""
    subprocess.run([sys.executable, "-c", script], check=True, cwd=folder)
    return load_file(folder / "logits.safetensors")["logits"]


# %%
net = copy.deepcopy(repaired[better]).cpu().eval()
slim.save(net, file, {"name": "cnn", "shape": list(bench.shape), "classes": bench.num_classes})
with torch.inference_mode():
    same = torch.equal(stranger(), net(some))
print(f"{file.stat().st_size:,} bytes; a stranger's logits are the same to the bit: {same}")
content = bytearray(file.read_bytes())
content[-1] ^= 1  # one bit is changed on the way
file.write_bytes(content)
try:
    slim.load(file)
except CourseError as error:
    print("changed by one bit:", str(error).partition("; ")[2])

# %% [markdown]
# ### Another runtime, and eight bits
# A phone has no PyTorch. `ship.ship` writes the network as ONNX, the same with int8 weights and activations (their ranges are taken from training images), a card with what was measured, and a runner of twenty lines that needs onnxruntime and numpy only. It compares the logits of each file with ours before it counts as written.
#
# We ship three networks, and put a fourth beside them: nine of ten *single* weights masked, in a file that spends one bit on each zero. All train for as many epochs as the repair above, the dense one too.

# %%
teacher = model if better == "with a teacher" else None
dense, smaller, scattered = (copy.deepcopy(net) for net in (model, cuts[0.75], model))
train.fit(dense, bench, epochs=longer)
train.fit(smaller, bench, epochs=longer, teacher=teacher)
zeros = MagnitudePruner(0.9, scope="global").masks(scattered, bench)
train.fit(scattered, bench, epochs=longer, masks=zeros)
networks = {"dense": dense, "50 % cut": repaired[better], "75 % cut": smaller}

# %% tags=["folded"]
extra = ("onnx", "onnxscript", "onnxruntime")
missing = [name for name in extra if importlib.util.find_spec(name) is None]
if missing:
    print(f"{', '.join(missing)} missing: `pip install -e '.[ship]'`. On with torch alone.")


def as_torch(how: str, net: nn.Module, size: int) -> Way:
    """Return what PyTorch needs for a network, kept in a file of so many bytes."""
    ms = {b: measure.latency(net, bench.example, b).median_ms for b in (1, 64)}
    return Way(how, size, train.evaluate(net, bench), ms, images)


def ways_of(name: str, net: nn.Module) -> list[Way]:
    """Return how the network can be shipped, with what was measured of each way."""
    if missing:
        return [as_torch(f"{name}, torch", net, measure.file_bytes(net))]
    ways = []
    for run in ship.ship(net, bench, folder / name, made="lesson 07")["runs"]:
        ms = {batch: run[f"batch {batch}"][0] for batch in (1, 64)}
        ways.append(Way(f"{name}, {run['how']}", run["bytes"], run["accuracy"], ms, images))
    return ways


ways = [way for name, net in networks.items() for way in ways_of(name, net)]
ship.save_sparse(scattered, folder / "sparse")
size = (folder / "sparse").stat().st_size
ways.append(as_torch("90 % masked, sparse file", scattered, size))
box.cleanup()

# %%
columns = {"KB": 0, "accuracy": 3, "ms, 1 image": 3, "ms, 64 images": 2}  # decimals
rows = [(way.bytes / 1024, way.accuracy, way.ms[1], way.ms[64]) for way in ways]
pd.DataFrame(rows, index=[way.how for way in ways], columns=list(columns)).round(columns)

# %% [markdown]
# What fits into 256 KB? Move the limit, and change how many images come at once.

# %%
widgets.ShipSlider(ways)

# %% [markdown]
# **Read it.** Which points to the left of the dashed line are highest? What differs by less than a bar is as good as equal.
#
# - Cutting and rounding multiply: half of the units leave a quarter of the numbers, and each of these shrinks to a quarter of its bytes (the graph itself adds some). So a wider network in int8 takes about the room of a narrower one in float32.
# - What does int8 cost? Compare it in the table with fp32 of the same network, in accuracy and in time. On small layers it can be the *slower* one: inputs and outputs are rounded and turned back at every layer, and that is a larger part of a smaller product. Read accuracy and time of the very file that is shipped.
# - The sparse file is small on its way only: once unpacked, it is the dense network, in memory and in time.
#
# The file is not all: while it runs, a layer's inputs and outputs must be held somewhere. How many numbers is that at most?

# %%
for name, net in networks.items():
    x_in, most = bench.example[:1], 0
    with torch.inference_mode():
        for layer in net.eval():
            x_out = layer(x_in)
            most, x_in = max(most, x_in.numel() + x_out.numel()), x_out
    print(
        f"{name:8} {most:7,} numbers at once: {most / 1024:.0f} KB in int8, four times that in float32"
    )

# %% [markdown]
# ## 8. Find the bug
#
# Four pieces of code that run without an error and are wrong. In each, one line is to blame. Answer with its number.
#
# **A.** Two layers are cut; both have the same number of filters.
# ```python
# 1  conv.weight = nn.Parameter(conv.weight[keep])
# 2  following.weight = nn.Parameter(following.weight[keep])
# 3  conv.bias = nn.Parameter(conv.bias[keep])
# ```
# **B.** How much faster is the slimmed network?
# ```python
# 1  before = measure.latency(model, bench.example, batch_size=64).median_ms
# 2  after = measure.latency(small, bench.example, batch_size=1).median_ms
# 3  print(f"{before / after:.1f} times as fast")
# ```
# **C.** Nine of ten weights of a layer stay zero while it is trained.
# ```python
# 1  prune.l1_unstructured(net.hidden, "weight", amount=0.9)
# 2  prune.remove(net.hidden, "weight")
# 3  train.fit(net, bench, epochs=1)
# 4  print(measure.nonzeros(net))
# ```
# **D.** What does int8 cost on images that nobody has seen? (`ranges` and `rounded` do what they say.)
# ```python
# 1  file = ship.to_onnx(small, bench.example, "net.onnx")
# 2  found = ranges(file, bench.test.images)
# 3  eight = rounded(file, found)
# 4  print(accuracy(eight, bench.test))
# ```

# %% answer="shipping_bugs"
shipping_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1}
### BEGIN SOLUTION
shipping_bugs = {"A": 2, "B": 2, "C": 2, "D": 2}
### END SOLUTION

# %% check="shipping_bugs"
check(shipping_bugs, "shipping_bugs")

# %% [markdown]
# ## 9. Which one would you ship?
#
# Go back to the table of section 7. Which of its rows would you ship to a phone (one image at a time, a battery), to a microcontroller (256 KB for the file), and to a data centre (64 images at a time)? What would you still measure, and where? (Six to eight sentences.)

# %% [markdown] explain="devices" points=3
# *Rubric (3 points).* One point for choosing by what binds on each device: time or energy of a single image (phone), bytes of the file, and of what is held while it runs (microcontroller), images a second in large batches (data centre); with bytes and milliseconds from the table. One point for knowing what does not help there: a sparse file is unpacked, masked weights are multiplied, a ratio of MACs
# is not one of times. One point for what is missing: latency on *that* device, accuracy of the int8 file on held-out images, more than one seed, a narrower network trained from scratch.
#
# *Sample answer, 3 points.* "To the microcontroller: a file below 256 KB, so the half-cut network in int8 or the three-quarters-cut one; I take the one with the higher validation accuracy and check that its activations fit into the memory too. The sparse file does not help there, since it is unpacked. To the phone: the half-cut network in onnxruntime, because one image takes much less time than in the dense one, though
# not a quarter of it. In the data centre 64 images at a time come closer to the MACs, so cutting pays most; int8 only if it is faster there. Our times are from a laptop: I would measure on each device, with its batch size, and read the accuracy of the very file that is shipped."
#
# *Sample answer, 1 point.* "The smallest one everywhere, as it has the fewest MACs and the accuracy is nearly as good." (Nothing binds everywhere alike; what is nearly as good, in which time, on which device?)

# %% [markdown]
# ## What to take away
#
# - Cut the row here and the column there, then compare logits; shapes prove nothing.
# - Between two layers that lose a share p, $(1-p)^2$ of the arithmetic is left. Time follows it in large batches, and less so with one image.
# - `prune.remove` removes the mask, not the weights.
# - Ship a file that a fresh process loads to the same logits; measure where it runs.
#
# Does it hold on harder images? In [a study of ours](../results/ship/README.md) (CIFAR-10, three seeds) the reference net with half of its filters cut out has a test accuracy of `{{results/ship: l1_filter.round4.test_accuracy | .3f}}`, the whole one, trained as long, `{{results/ship: dense_trained_on.round4.test_accuracy | .3f}}`; a quarter of the arithmetic is left.
#
# **Next**, lesson 08: a pruner of your own. What follows here is optional.

# %% [markdown]
# ## Optional: filters that still speak
#
# Section 5 left filters whose weights are gone and whose *bias* is not. What do those of `conv3` say, after their ReLU?


# %%
def channel_means(net: nn.Module) -> Tensor:
    """Return the mean output of each channel after relu3."""
    upto = net[: [name for name, _ in net.named_children()].index("relu3") + 1]
    with torch.inference_mode():
        return upto.eval()(x).mean((0, 2, 3)).cpu()


silent = ~theirs.conv3.weight.flatten(1).any(1).cpu()
figures.constant_units(theirs.conv3.bias.cpu()[silent], channel_means(theirs)[silent])

# %% [markdown]
# **Read it.** Where the bias is above zero a pruned filter is not silent: it says that number, at all places of all images. Cut it, and the next layer misses a constant. But a constant can be said by a bias.
#
# ### Exercise 3 (optional): `fold_constant_unit`
# A layer has `weight` (m, n), if it is linear, or (m, n, h, w), and `bias` (m,). Its input number `unit` is always `constant`. Return weight and bias of the layer that does *not* read this input and puts out the same. (The convolution has no padding.)
#
# <details><summary>Hint 1</summary>How much does output j get from this input? A kernel reads the constant at each of its places.
# <details><summary>Hint 2</summary><code>weight[:, unit].reshape(len(weight), -1)</code> has two axes for both kinds of layer.</details></details>


# %% answer="fold_constant_unit"
def fold_constant_unit(
    weight: Tensor, bias: Tensor, unit: int, constant: float
) -> tuple[Tensor, Tensor]:
    """Return (weight, bias) without the input `unit`, which is always `constant`."""
    ### BEGIN SOLUTION
    said = constant * weight[:, unit].reshape(len(weight), -1).sum(1)
    stays = torch.arange(weight.shape[1], device=weight.device) != unit
    return weight[:, stays], bias + said
    ### END SOLUTION


# %% check="fold_constant_unit"
check(fold_constant_unit)

# %% [markdown]
# First by hand: `conv2`, which reads `conv1`. Then all layers, by `slim.fold`. Which layers pad what they read with a border of zeros is printed, too.

# %%
fold_constant_unit = use(fold_constant_unit)
print("border of zeros:", {name: theirs.get_submodule(name).padding[0] for name in layers[:4]})
kept = theirs.conv1.weight.flatten(1).any(1)
cut_only = copy.deepcopy(theirs)
slice_conv_pair(cut_only.conv1, None, cut_only.conv2, kept)
weight, bias = theirs.conv2.weight.detach(), theirs.conv2.bias.detach()
# from the last to the first: the others keep their places
for unit in reversed((~kept).nonzero().flatten().tolist()):
    constant = theirs.conv1.bias[unit].relu().item()
    weight, bias = fold_constant_unit(weight, bias, unit, constant)
by_hand = copy.deepcopy(cut_only)
by_hand.conv2.weight, by_hand.conv2.bias = nn.Parameter(weight), nn.Parameter(bias)
for how, net in (("cut", cut_only), ("folded and cut", by_hand)):
    print(f"{how}: same logits {same_logits(theirs, net, x)}")

# %%
# all layers: slim.fold looks for units that are constant, and takes only what is exact
folded, found = slim.fold(theirs, Masks.dense(theirs), bench)
slimmed = slim.slim(folded, found, bench.example) if found.units else folded
print(
    "gone:",
    {name: f"{int((~stay).sum())} of {len(stay)}" for name, stay in found.units.items()},
)
accuracies = (f"{train.evaluate(net, bench):.3f}" for net in (theirs, slimmed))
same = same_logits(theirs, slimmed, x)
print(f"on unseen images: same logits {same}, accuracy {' -> '.join(accuracies)}")

# %% [markdown]
# **Read it.** A unit that always says the same is a bias of the next layer, with two exceptions.
#
# - *Padding*: in `conv3`, which pads what it reads of `conv2`, the border says 0 and not the constant, so no bias can stand in for it. Of `conv2` only those units go whose constant is 0. (Such *dead* units go for free everywhere.)
# - *Unseen images*: it has looked at some training images. Where your last line says False, a unit that slept through all of them woke on another image. So compare on images that were not used, and look what it cost.
#
# ## Optional: odd widths
# Processors compute in blocks of 8, 16 or more numbers. What does a convolution of another width cost?

# %%
widths, ms = list(range(24, 41)), []
for width in widths:
    conv = nn.Conv2d(width, width, 3).to(bench.device, memory_format=torch.channels_last)
    maps = torch.zeros(16, width, 26, 26, device=bench.device)
    maps = maps.contiguous(memory_format=torch.channels_last)
    with torch.inference_mode():
        ms.append(measure.timed(lambda f=conv, x=maps: f(x), 16, 20, 5, bench.device).median_ms)
figures.lines(
    {
        "measured": (widths, ms),
        "in proportion to MACs": (widths, [ms[8] * (w / 32) ** 2 for w in widths]),
    },
    xlabel="filters and input channels of a 3x3 convolution",
    ylabel="ms, 16 images (axis cut)",
    title="Is 31 faster than 32?",
)

# %% [markdown]
# **Read it.** Look for stairs: just below a multiple of 8 or 16 the network has less to compute, and may take as long or longer than *at* the multiple. (Where your machine shows a smooth curve, it does not mind.) If it has stairs, units can come back for nothing.
#
# ### Exercise 4 (optional): `round_widths`
# Let so many of the gone units come back that the layer keeps a multiple of `multiple`: those with the highest scores (of equal ones any). Who was kept stays. If all units together are fewer than the next multiple, all are kept.
#
# <details><summary>Hint 1</summary>In Python <code>-13 % 8</code> is 3: what is missing from 13 to 16.
# <details><summary>Hint 2</summary><code>scores.masked_fill(keep, -torch.inf)</code> puts those last that are there anyway.</details></details>


# %% answer="round_widths"
def round_widths(scores: Tensor, keep: Tensor, multiple: int) -> Tensor:
    """Return a bool tensor (n,), True = kept, with a multiple of `multiple` kept, or all."""
    ### BEGIN SOLUTION
    more = min(-int(keep.sum()) % multiple, int((~keep).sum()))
    best = scores.masked_fill(keep, -torch.inf).argsort(descending=True)
    wider = keep.clone()
    wider[best[:more]] = True
    return wider
    ### END SOLUTION


# %% check="round_widths"
check(round_widths)

# %%
round_widths = use(round_widths)
odd = units_gone(0.45)
norms = {
    name: model.get_parameter(f"{name}.weight").abs().flatten(1).sum(1) for name in odd.units
}
wider = {
    name: round_widths(norms[name].detach().cpu(), kept.cpu(), 8)
    for name, kept in odd.units.items()
}
even = units.close(model, units.groups(model, bench.example), wider)
for label, some in (("as pruned", odd), ("multiples of 8", even)):
    net = slim.slim(model, some, bench.example)
    speed = measure.latency(net, bench.example, 64)
    told = ", ".join(str(int(kept.sum())) for kept in some.units.values())
    print(
        f"{label:15} widths {told}: {measure.macs(net, bench.example):,} MACs, "
        f"{speed.median_ms:.1f} ms for 64 images (IQR {speed.iqr_ms:.1f})"
    )

# %% [markdown]
# **Read it.** More MACs, and the time? A difference smaller than the IQR is none. `slim.slim(model, masks, example, round_to=8)` does the same in one word, except that it takes the first of the gone units, as zeros: it changes no output.
#
# ## Optional: two of four
#
# Between single weights and whole filters lies a pattern that some hardware knows: *2:4*. Of each four neighbours in a row of the weight, two are zero. NVIDIA's graphics processors since 2020 can skip these zeros (Mishra et al., *Accelerating Sparse Deep Neural Networks*, 2021), in short number formats, with kernels made for it. All other machines, and other patterns, multiply them. We have not measured it, so we claim no speed.
#
# ### Exercise 5 (optional): `two_of_four`
# The mask of a linear layer's weight (m, n), where n is a multiple of 4: of columns 0 to 3 of a row, of 4 to 7, and so on, the two of the largest magnitude are kept, exactly two; of equal ones any.
#
# <details><summary>Hint</summary><code>weight.abs().reshape(-1, 4)</code> has a row for each four; then choose indices, not a threshold.</details>


# %% answer="two_of_four"
def two_of_four(weight: Tensor) -> Tensor:
    """Return a bool tensor (m, n), True = kept: two of each four neighbours in a row."""
    ### BEGIN SOLUTION
    fours = weight.abs().reshape(-1, 4)
    kept = torch.zeros_like(fours, dtype=torch.bool)
    return kept.scatter(1, fours.argsort(1)[:, 2:], True).view(weight.shape)
    ### END SOLUTION


# %% check="two_of_four"
check(two_of_four)

# %% [markdown]
# In lesson 02's four questions, 2:4 is a *scope*: ranked against whom? Against three neighbours. For the library it is enough to give the kept ones a higher score and let half of the layer go.

# %%
two_of_four = use(two_of_four)


def in_fours(weight: Tensor) -> Tensor:
    """Return the score of each weight; a pruner hands them over as one column, row after row."""
    return two_of_four(weight.view(1, -1)).flatten().float()


half, only = amounts.target(0.5), ["hidden"]
patterns = {
    "any half of the weights": Pruner("magnitude", "weight", amount=half, layers=only),
    "2:4": Pruner(in_fours, "weight", amount=half, layers=only),
    "half of the neurons": Pruner("l1", "neuron", amount=half, layers=only),
}
shown = {}
for name, pruner in patterns.items():
    some = pruner.masks(model, bench)
    shown[name] = some["hidden.weight"][:8, :8].cpu()
    accuracy = train.evaluate(some.apply_(copy.deepcopy(model)), bench)
    print(f"{name:24} accuracy {accuracy:.3f}, nothing trained")
figures.mask_cells(shown)

# %% [markdown]
# **Read it.** The tighter the pattern, the less freedom is left to choose; but half of a large layer is easily spared, so compare the accuracies before you call it a price. What differs is who can use the zeros: nobody, one kind of hardware, everybody.
#
# ## Bonus
#
# - `ship.to_program(net, bench.example, "net.pt2")` writes what `torch.export` makes of the network. How large is it, and how fast?
# - Give the half-cut network's widths to `nn.Conv2d` and `nn.Linear` by hand and train that from scratch, as long as everything above took. Is it worse?
# - `slim.slim(resnet, masks, bench.example)` on lesson 02's small ResNet: do its times follow its MACs as well?
