# %% [markdown]
# # 00 · Start here
#
# In a few minutes you train a small network, throw away *nine of every ten* of its weights, and see whether it still tells a coat from a sneaker.
#
# > **How much of a network can go, who decides what goes, and how do we know that it was worth it?**
#
# ![Where this lesson goes: the accuracy of a network before, and a question mark in place of that with nine of ten weights gone](../notebooks/pictures/00_start_here.png)
#
# **Goal.** Prune your first network, and learn how this course works: cells, checks, predictions, sliders.
#
# **You need** a little Python; PyTorch is explained. **Difficulty** easy. {{minutes: 25}}
#
# **How to run it.** A *notebook* is text, and *cells* of code. Click here and press **Shift + Enter**, again and again: a cell runs, and the next one is chosen.
# (The next three are folded: they set things up.) `[*]` means still running. You cannot break anything: if something looks odd, choose *Kernel, Restart*.

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

import torch
from torch import Tensor, nn

from course_lib import data, measure, models, train
from course_lib.pruning import MagnitudePruner, RandomPruner
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. A check that catches you
#
# In every lesson you write small functions, and below each stands a **check**, which tries yours on fresh inputs. It says ○ *not attempted*, ✘ *not yet* (with what came out, what was expected, and the mistake, if it knows it), or ✔ *correct*: right on every input that it tried. To trust it, see it catch you:
#
# ### Exercise 1: `weights_left`
# A *weight* is a number by which a network multiplies a value; to *prune* is to set weights to zero, for good. Of `n` weights a share goes, exactly `round(share * n)` (by Python's `round`: `round(2.5)` is 2). How many are *left*?
#
# 1. Run the two cells below **as they are**. What does the check say?
# 2. Be **wrong** on purpose: replace the line with `pass` by `return share * n`, run both again, and read what it says.
# 3. Now **mend** it and run both once more.
#
# <details><summary>Hint 1</summary>(Hints open when you click them. Try without them first; they cost nothing.) The wrong line counts what goes.
# <details><summary>Hint 2</summary>Round what goes to a whole number, and take it from <code>n</code>.</details></details>


# %% answer="weights_left"
def weights_left(n: int, share: float) -> int:
    """Return how many of n weights are left when round(share * n) of them go."""
    ### BEGIN SOLUTION
    return n - round(share * n)
    ### END SOLUTION


# %% check="weights_left"
check(weights_left)

# %% [markdown]
# ### Exercise 2: `three_answers`
# Write down what the check said in each step, in its own words, and the number that was *expected* in the case that it showed you in step 2. Write it like this, with your
# answers in place of the dots:
#
# ```python
# three_answers = {"as it is": "...", "wrong": "...", "mended": "...", "expected": ...}
# ```
#
# <details><summary>Hint</summary>The three answers stand above exercise 1. The expected number is in the lines under "not yet": go back to step 2 if you have
# already mended it.</details>

# %% answer="three_answers"
three_answers = None
### BEGIN SOLUTION
three_answers = {
    "as it is": "not attempted",
    "wrong": "not yet",
    "mended": "correct",
    "expected": 1,
}
### END SOLUTION

# %% check="three_answers"
check(three_answers, "three_answers")

# %% [markdown]
# **And if I leave one out?** Then nothing happens. After an exercise the lesson calls `use`: if your function is correct, it goes on with *yours*; if not, with the
# library's, and it says so. (That earns no points.) So you can always run the whole page.

# %%
weights_left = use(weights_left)
left = weights_left(1_000_000, 0.9)
print(f"of 1,000,000 weights {left:,} are left")

# %% [markdown]
# The other house rules, once:
#
# - Three kinds of exercise. **Code**, as above. **Predict**: you lock in numbers *before* you see the result; the point is for saying something, not for being right, and the first answer
#   stays. **In your own words**: a few sentences that a person reads.
# - **Sliders** are live: drag one, and the network is pruned while you watch. Where no kernel (the program behind this page) runs, a still picture stands in.
# - **Modes** say how much is computed: `laptop`, minutes without a GPU; `full`, colour images (CIFAR-10), for a GPU; `ci`, seconds, for machines that test the course, and its numbers mean nothing.
#   Yours is `laptop`. To change it, unfold the second cell of code and edit `MODE`, or set `COURSE_MODE` before you start.
# - **Words** that you forget are in the [glossary](../notebooks/GLOSSARY.md), all lessons on the [map](../notebooks/README.md).
#
# ## 2. Ninety percent in ten lines
#
# Our network sees small pictures and names what is on them. The line below the set-up cells said which are loaded: images to learn from (*train*), others to see how well it went (*validation*), and a *test* part that we leave alone. One of each kind:

# %%
labels = bench.train.labels.tolist()
first = [labels.index(c) for c in range(bench.num_classes)]
figures.sample(bench.train.images[first], bench.classes)

# %% [markdown]
# Its *accuracy* is the share of validation images that it names rightly; guessing among ten kinds gives one in ten. First we train it.
# This is the slow cell of the lesson: a minute or two, with a bar that shows how far it is. (It also tells the accuracy *while training*, which is lower here, for training makes it harder: it shifts the images a little, and switches values off at random.)

# %% tags=["ahead"]
model = models.build("cnn", bench, seed=0)
train.fit(model, bench, epochs=mode.epochs, seed=0)
before = train.evaluate(model, bench)

chance = 1 / bench.num_classes
story = {"before": before, "90 % gone": None}
figures.bars(story, "validation accuracy", chance=chance)

# %% [markdown]
# How high is the second bar? Guess before you run on. Three steps: mark the nine tenths of the weights that are *smallest* in size; set them to zero; and let the rest train a little
# more, which is called *fine-tuning*.

# %%
pruned = copy.deepcopy(model)
# "global": all weights are ranked together, whatever layer they belong to
masks = MagnitudePruner(sparsity=0.9, scope="global").masks(pruned, bench)
masks.apply_(pruned)
after = train.evaluate(pruned, bench)

train.fit(pruned, bench, epochs=mode.tune_epochs, masks=masks)
tuned = train.evaluate(pruned, bench)
print(f"accuracy {before:.3f}; 90 % gone {after:.3f}; fine-tuned {tuned:.3f}")

# %%
story = {"before": before, "90 % gone": after, "fine-tuned": tuned}
figures.bars(story, "validation accuracy", chance=chance)

# %% [markdown]
# **Read it.** Nine of ten weights are gone, and the second bar is only a little lower than the first. A short fine-tuning wins back a part of that. (Is so small a step more than chance? Section 5. A fair comparison would
# train the first network on for as long; lesson 06 is about fairness.) So do weights not matter at all? Take the same number away *at random*:

# %%
by_lot = RandomPruner(sparsity=0.9).masks(model, bench).apply_(copy.deepcopy(model))
story["90 % gone\nat random"] = train.evaluate(by_lot, bench)
figures.bars(story, "validation accuracy", chance=chance)

# %% [markdown]
# **Read it.** Just as many weights went, and now it only guesses. *How much* goes is one question, *who decides* what goes another.
#
# Those are two of the three questions of this course. Here it is in one picture.

# %%
figures.question()

# %% [markdown]
# **Read it.** Every line is a weight; the solid ones stay. The three questions are parts of the one at the top, and each has its lessons. (Two are left: in lesson 07 the zeros turn into a smaller and faster program, and in 08 you build a pruner
# of your own.)
#
# ## 3. How much is there to lose?
#
# All numbers that a network learns are its **parameters**: the weights, and the *biases*, which are added instead of multiplied.
# In PyTorch they are *tensors* (arrays of numbers), and `model.parameters()` walks through all of them.
#
# ### Exercise 3: `count_parameters`
# How many numbers do all parameters of a model hold together, those included that are *frozen* (not being trained), and with a tensor that two layers share counted once? (In a model without parameters: 0.)
#
# <details><summary>Hint</summary>A tensor <code>p</code> knows how many numbers it holds: <code>p.numel()</code>. And <code>model.parameters()</code> already lists what counts: weights and biases of every kind of layer, frozen
# ones too, a shared tensor once, and no <i>buffers</i> (numbers that a layer keeps without learning them).</details>


# %% answer="count_parameters"
def count_parameters(model: nn.Module) -> int:
    """Return how many numbers all parameters of the model hold together."""
    ### BEGIN SOLUTION
    return sum(parameter.numel() for parameter in model.parameters())
    ### END SOLUTION


# %% check="count_parameters"
check(count_parameters)

# %% [markdown]
# Our network has four *convolutions*, which look for small patterns anywhere in the image, a *linear layer*, in which everything is connected with everything and which we have named `hidden`, and the *head*,
# a second linear layer, which names the class. Where are its parameters?

# %%
count_parameters = use(count_parameters)
total = count_parameters(model)
layers = ["conv1", "conv2", "conv3", "conv4", "hidden", "head"]
counts = {name: count_parameters(model.get_submodule(name)) for name in layers}
title = f"{total:,} parameters, {counts['hidden'] / total:.0%} of them in one layer"
figures.bars(counts, "parameters", title, form=",.0f")

# %% [markdown]
# **Read it.** One layer holds nearly everything. Whoever speaks of "90 % of the network" speaks mostly of that layer.
#
# ## 4. How much is gone?
#
# A pruner does not touch the network. It hands out **masks**: one for each weight tensor, of the same shape, with `True` where a weight is *kept* and `False` where it goes.
# Two small ones, seen whole:

# %%
toy = {
    "small layer": torch.tensor([[False, False], [False, True]]),
    "large layer": torch.tensor([[False] * 6, [True] * 6, [True] * 6, [True] * 6]),
}
figures.mask_cells(toy)

# %% [markdown]
# Three quarters of the one are gone, and a quarter of the other. The titles count layer by layer. So is half of the two together gone? Work it out before you read on.
#
# ### Exercise 4: `sparsity`
# The **sparsity** of a network is the share of **all** its parameters that is gone. Divide by `total`, the number of parameters of the *dense* network, from which nothing has been taken. What
# no mask names, such as the biases, is kept, and counts in `total`. Every sparsity that this course reports means this.
#
# <details><summary>Hint 1</summary><code>masks.values()</code> are the tensors; <code>~mask</code> turns True and False round, and <code>.sum()</code> counts the True ones.
# <details><summary>Hint 2</summary>Add up over all layers first, divide <i>once</i> at the end. For the toy it is 9 of 28.</details></details>


# %% answer="sparsity"
def sparsity(masks: dict[str, Tensor], total: int) -> float:
    """Return the share of all `total` parameters that the masks (True = kept) take away."""
    ### BEGIN SOLUTION
    return sum((~mask).sum().item() for mask in masks.values()) / total
    ### END SOLUTION


# %% check="sparsity"
check(sparsity)

# %% [markdown]
# Now the masks from section 2, with which the network lost "90 %". What did each layer lose?

# %%
sparsity = use(sparsity)
gone = {
    name: (int((~masks[f"{name}.weight"]).sum()), masks[f"{name}.weight"].numel())
    for name in layers
}
figures.layers_gone(gone, truth=sparsity(masks, total))

# %% [markdown]
# **Read it.** Nobody told the pruner to spare the first layer. It took the smallest weights, wherever they were, and most were in the hidden layer. The two lines are two averages of the *same* masks: the
# mean over the layers gives the few hundred weights of `conv1` as large a say as the hundreds of thousands of `hidden`. That is the classic mistake.
# (The true share is a hair below 90 %: asked for were 90 % of the *weights*, and the biases, which stay, count as well.)
#
# Make the mistake as large as you can: take everything from the convolutions and nothing from the two linear layers, then the reverse.

# %%
widgets.AverageSlider(model)

# %% [markdown]
# **Read it.** On the left every layer is equally long, which is what the mean sees; on the right they have their true size.
#
# ## 5. Who decides?
#
# In section 2 the smallest weights *of all* went, and the layers paid very different shares. Would it not be fairer if **every layer gave the same share**, its own smallest?
#
# ### Predict
# Every layer gives 50 %, or 90 %, or 99 %, and nothing is trained again. **What accuracy is left each time?** You know what the network had before, and that guessing gives
# one in ten. Lock in three numbers between 0 and 1.

# %% answer="accuracy_left"
accuracy_left = None  # your prediction, such as {50: 0.5, 90: 0.5, 99: 0.5}
### BEGIN SOLUTION
accuracy_left = {50: 0.75, 90: 0.6, 99: 0.2}
### END SOLUTION

# %% check="accuracy_left"
check(accuracy_left, "accuracy_left")

# %% [markdown]
# Three rules decide, each at six levels: the smallest of all, the same share of every layer, and chance.

# %%
# scope "global": all weights are ranked together; "layer": each layer ranks its own and gives the same share
rules = {
    "smallest of all": lambda share: MagnitudePruner(share, scope="global"),
    "same share of every layer": lambda share: MagnitudePruner(share, scope="layer"),
    "at random": lambda share: RandomPruner(share),
}
curves = {name: [(0.0, before)] for name in rules}
for name, rule in rules.items():
    for share in (0.3, 0.5, 0.7, 0.9, 0.95, 0.99):
        trial = rule(share).masks(model, bench)
        accuracy = train.evaluate(trial.apply_(copy.deepcopy(model)), bench)
        curves[name].append((trial.sparsity, accuracy))
figures.guessed(curves, accuracy_left, chance=chance, n=len(bench.validation))

# %% [markdown]
# **Read it.** One network, and at every level each rule takes the same number of weights. With equal shares it holds for a while, and at 90 % it only guesses. The smallest of all can go beyond that; then this curve
# falls as well. The random choice, which also takes equal shares (as it did in section 2), is lost soonest. So two things matter: how the layers share the loss, and which weights go within each. How close were your stars?
#
# How exact are these points? 2,000 images are a sample: a measured accuracy is typically off by about one in a hundred, its *standard error* (the title of the picture has it). On differences that small nothing should be built, and what the fine-tuning of section 2 won back is hardly larger.
#
# Why is the "fair" rule so much worse? Look at the layers: at 90 % with *smallest of all*, then with *same share per layer*. (Each strip is a layer, cut into small blocks of weights: the darker a block, the more of it survives. Behind the point are the three curves from above. The accuracy comes from 256
# images while you drag, and from all validation images when you let go.)

# %%
widgets.WeightSlider(model, bench, curves)

# %% [markdown]
# **Read it.** An equal share is not an equal loss: some layers have weights to spare, others hardly any. (Which ones? Lesson 01 asks you, and measures it.) The rule that looks
# at all weights together comes close to the answer by itself, here. It is no law: in lesson 02, where whole groups of weights go at once, ranking over all layers does worse. Rules have to be tried, and that is what this course does.
#
# ## 6. Was it worth it?
#
# Nine tenths gone, so the file must be a tenth of the size. Is it?

# %%
bytes_before, bytes_after = measure.file_bytes(model), measure.file_bytes(pruned)
files = {"before": bytes_before, "90 % gone,\nfine-tuned": bytes_after}
title = f"{bytes_before:,} bytes before, {bytes_after:,} after"
figures.bars(files, "bytes of the file", title, form=",.0f")

# %% [markdown]
# **Read it.** Not one byte less. A zero is a number like any other, and takes its four bytes in the file. So far nine tenths of the network are gone on paper only, and with that riddle lesson 01 begins.
#
# ## 7. In your own words
#
# A colleague writes: *"I took 90 % of the weights from each of the four convolutions of this network, and nothing from the two linear layers. On average over the six layers 60 % of it is gone, so it is 60 % smaller now."*
# What do you answer? (Three to five sentences. Double-click the line below, click into it, and write there.)

# %% [markdown] explain="sixty" points=2
# *Rubric (2 points).* One point for the average: the layers are of very different size, so their shares have to be weighted by it; of all parameters only about 7 % are gone, because the hidden layer holds more than nine tenths of them.
# One point for "smaller": the weights are set to zero, not removed; the file has as many bytes as before, so what has become smaller must be said, and measured.
#
# *Sample answer, 2 points.* "You took the mean over the layers, but the four convolutions together hold only some 7 % of the parameters, so of the whole network you removed less than a tenth. Weigh each layer by its size. And it is not smaller
# yet: zeros are stored like other numbers, so look at the file before you say so."
#
# *Sample answer, 1 point.* "It is not smaller, the zeros are still in the file." (Right, but the 60 % were believed.)

# %% [markdown]
# ## What to take away
#
# - Most weights of our trained network could go, if the right ones went; with a random choice it was lost.
# - A mask says what is kept. Sparsity is the share of *all* parameters that is gone: add up, divide once, and never average over layers.
# - Who decides matters as much as how much: the same share was harmless under one rule and ruin under another.
# - A check says *correct*, *not yet* or *not attempted*; a wrong answer costs nothing.
#
# **Next**, lesson 01: 90 % of the weights are gone. Is the file smaller? You have seen that it is not. Is it faster? And what would have to happen so that it is?
#
# ## Bonus
#
# - How far can you go? Prune `model` to 95 and 98 % with *smallest of all* and fine-tune for `mode.tune_epochs`. Where does it no longer come back?
# - The mask of `conv1` has 288 entries of hundreds of thousands. Set them all to `False` (`masks["conv1.weight"][:] = False`), apply the masks to a copy of `model`, and look at the accuracy.
# - The random choice was drawn once. Draw it again with `RandomPruner(0.3, seed=1)` and three other numbers in place of 1: how much does the accuracy differ from draw to draw?
