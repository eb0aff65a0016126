# %% [markdown]
# # Bring your own network
#
# **Goal.** Your network, your photographs: find out what can be pruned in it and what cannot, choose a budget, prune, train, cut, and leave with a folder that runs without PyTorch.
#
# This is a template, not a lesson: there are no exercises and no points. As it stands it prunes a small example on the embedded images, so run it once from top to bottom before you change anything. Then copy it, and change the cell under
# *Your settings*.
#
# **You need** lessons 01 and 02; 07 explains the last steps. Three things of your own: a Python file with a function that builds the network, its weights as safetensors (`safetensors.torch.save_file(model.state_dict(), "weights.safetensors")`; without weights
# it is trained here), and a folder of photographs, of any sizes: `train/` and `test/`, in each one folder per class, or a .zip of that. Shipping needs an extra, `pip install -e '.[ship]'`.
#
# {{minutes}} That is for the example. For yours section 1 measures an epoch and says what the whole notebook will take, before anything long begins.

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
import tempfile
from functools import partial
from pathlib import Path

import torch

from course_lib import data, measure, own, ship, slim, train
from course_lib.pruning import Pruner, amounts, iterate
from course_lib.teaching import figures, modes

mode = modes.get(MODE)

# %% [markdown]
# ## Your settings

# %%
SOURCE, FUNCTION = "example_net.py", "build"  # your file, and the function in it
WEIGHTS = None  # such as "weights.safetensors"; None: trained here, for START epochs
DATA, SIZE = None, None  # such as "photographs", 64: scaled and cropped to 64 x 64; None: the embedded images
START, ROUNDS, EPOCHS, FINAL = mode.epochs, 3, mode.tune_epochs, 2 * mode.tune_epochs
LR, BATCH = 1e-3, 128  # of the training after pruning; images a step
BUDGET = 0.5  # the share of the multiply-accumulates (MACs) that may stay
LAYERS = None  # which groups may be pruned, such as ["conv1", "conv2"]; None: choose in section 3
OUT = None  # the folder to write, such as "my_network"; it must not exist yet. None: a temporary one

# %% [markdown]
# ## 1. Network and images
#
# `own.build` runs your function, as it is, and reads your weights; a pickle is never opened. Photographs are scaled until they cover SIZE x SIZE, and their middle is kept. A tenth of each class of `train/` is set aside as validation images, on which everything below is chosen; the test images are read once, at the end.

# %%
if DATA is None:
    bench = data.load(mode.data, device=mode.device, limit=mode.limit)
else:
    bench = data.load(DATA, device=mode.device, size=SIZE)
model = own.build(SOURCE, bench, FUNCTION, WEIGHTS)
print(bench)
epochs = ROUNDS * EPOCHS + FINAL + (0 if WEIGHTS else START)
epoch = own.minutes(model, bench, BATCH)
print(f"{epochs:g} epochs are ahead, {epoch:.2g} minutes each: about {epochs * epoch:.1f} minutes of training")
print(ship.missing() or "ONNX and onnxruntime are installed: the result can be shipped")

# %%
if not WEIGHTS:
    train.fit(model, bench, epochs=START, batch_size=BATCH)
dense = measure.report(model, bench)["model"]
print(f"before pruning: {dense['accuracy']:.3f} on {len(bench.validation):,} validation images")

# %% [markdown]
# ## 2. What can be pruned, and why not the rest
#
# Filters and neurons that a shortcut or a common reader couples can only go together. A row is one such group: the layer after which it is named, what goes along with each unit, and which layers read it and get narrower. Each claim was tried on your network with drawn weights: without some of the units it computes what the masked one
# does. (In a terminal: `course inspect FILE.py`.)

# %%
seen = own.look(model, bench)
print("\n".join(seen.heads))
seen.table

# %% [markdown]
# What stays whole, and why. Often a small change of the network frees it: a BatchNorm for a GroupNorm, `x.flatten(1)` for a `view` with a size written out.

# %%
print("\n".join(seen.ends) or "Nothing stays whole but the classifier's outputs.")

# %% [markdown]
# ## 3. Which groups can spare units?
#
# Each group alone loses a quarter, half, three quarters of its units, those of the smallest L1 norm, and nothing is trained. What breaks first should be spared; MACs say where there is something to gain.

# %%
curves = own.sensitivity(model, bench, seen.groups)
n = min(own.SAMPLES, len(bench.validation))
weakest = sorted(curves, key=lambda name: curves[name][-1][1])
what = "share of this group's units that is gone; all others stay"
first = {name: curves[name] for name in weakest[:8]}
figures.sensitivity_curves(first, dense["accuracy"], n=n, xlabel=what)

# %%
shown = seen.table.loc[weakest, ["how many", "MACs"]]
shown.assign(**{f"at {level:g}": [f"{dict(curves[name])[level]:.3f}" for name in weakest] for level in own.LEVELS})

# %% [markdown]
# ## 4. A budget
#
# The budget is a share of the MACs. As a first proposal the most sensitive tenth of the groups is left alone; set LAYERS to choose for yourself. Of every other group the same share goes, the smallest that meets the budget: a layer's MACs shrink with its own filters *and* with those it reads, so half of the MACs is far less than half of the filters.

# %%
layers = LAYERS or weakest[len(weakest) // 10 :]
share = own.share_within(model, bench, seen.groups, BUDGET, layers)
print(f"{share:.2f} of the units of {len(layers)} groups go, so that at most {BUDGET:g} of the MACs stay")

# %% [markdown]
# ## 5. Prune and fine-tune
#
# In rounds: much at first, less later, with training after each. Other scores are one word away (`"taylor"`, `"random"`, `"fpgm"`); try them before you believe that this one is best for your network.

# %%
pruner = Pruner("l1", unit=("filter", "neuron"), layers=layers, amount=amounts.target(share))
fit = partial(train.fit, lr=LR, batch_size=BATCH)
for record in iterate(pruner, model, bench, ROUNDS, EPOCHS, final_epochs=FINAL, fit=fit):
    steps = ", ".join(f"{name} {value:.3f}" for name, value in record.accuracy.items())
    print(f"round {record.round}: {record.unit_sparsity:.3f} of all units gone; {steps}")
if record.status == "collapsed":
    print("It guesses, and the rounds end here: train it longer before (START), or raise BUDGET.")

# %% [markdown]
# *pruned* is the accuracy right after the cut, *recalibrated* with new BatchNorm statistics, *tuned* after the training. If the last round still climbs, give FINAL more epochs; if *tuned* is far below the start, the budget is too small for this network, or LAYERS should spare more.
#
# ## 6. Slim
#
# Until here units were only masked. Now they are cut out of the tensors; `slim` refuses unless the small network computes what the masked one does.

# %%
small = slim.slim(model, record.masks, bench.example)
figures.size_panel({"before": dense, "slimmed": measure.report(small, bench)["model"]})

# %%
print(f"MACs: {measure.macs(small, bench.example) / dense['MACs']:.3f} of before, the budget was {BUDGET:g}")
print(f"test accuracy, read once: {train.evaluate(small, bench, 'test'):.3f} on {len(bench.test):,} images")

# %% [markdown]
# ## 7. Ship
#
# The folder runs elsewhere: ONNX in fp32 and with integers of eight bits, the card with what was measured, and a runner that needs onnxruntime and numpy only. ONNX holds the whole network, whoever wrote it. `model.safetensors` is for those who have PyTorch: it has weights and widths, but not your code, so loading it takes your file as well.

# %%
out = Path(OUT or Path(tempfile.mkdtemp()) / "my_network")
said = f"{Path(SOURCE).name}, {FUNCTION}(): {share:.2f} of the units of {len(layers)} groups pruned by L1 norm."
if ship.missing():
    print(ship.missing())
else:
    card = ship.ship(small, bench, out, said)
    print((out / "README.md").read_text())

# %% [markdown]
# Is it all there? The weights again, into a network that is built anew from your file: the same logits.

# %%
if out.exists():
    again = slim.load(out / "model.safetensors", own.build(SOURCE, bench, FUNCTION)).to(bench.device)
    with torch.inference_mode():
        images = bench.example.contiguous()
        print("the same logits:", torch.equal(again(images), small.eval()(images)))
    print("in the folder:", ", ".join(sorted(path.name for path in out.iterdir())))

# %% [markdown]
# On the machine that will run it: `python run.py IMAGES.npy`, and time it *there*: the milliseconds above are this machine's.
