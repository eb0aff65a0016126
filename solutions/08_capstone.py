# %% [markdown]
# # 08 · Capstone: your own pruner
#
# **Goal.** Write a pruner of your own, run it under a budget of epochs, and hand in one file that others can rank: on the same start, with the same budget, counted by the same code.
#
# ![Where this lesson goes: the dense start, a worked example, and lines of equal score; where will your entry stand?](../notebooks/pictures/08_capstone.png)
#
# *The dense start and a worked example. Where will your entry stand?*
#
# **You need** lessons 02 (masks, fine-tuning), 05 (who decides how many go) and 06 (score, floor, budget).
# **Difficulty** open. {{minutes: 75}}
#
# **Words of this lesson.** *Budget*: the epochs that everybody may train after the common start. *Entry*: the one file that you *hand in*. *Board* or *leaderboard*: the entries in the order of their scores, counted by one program.
# *Worked example*: an entry made before your eyes; this one loses. *`least`*: the least number of weights that each layer keeps. *Winner's curse*: what was chosen among many looks better on the images that chose it than it is (lesson 06).
#
# You write five functions, lock in two predictions and find four bugs. One of the functions is yours alone, and you may come back to it as often as you like. An exercise that you leave empty stops nothing.

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
from pathlib import Path

import pandas as pd
import torch
from torch import Tensor

from course_lib import capstone, data, measure, models, pareto, slim, train
from course_lib.pruning import ActivationPruner, L1NormPruner, MagnitudePruner, Masks, SAPPruner
from course_lib.teaching import check, figures, modes, use, widgets

mode = modes.get(MODE)
bench = data.load(mode.data, device=mode.device, limit=mode.limit)
if mode.name == "ci":
    print(f"ci mode: everything runs, on {mode.limit} images; the numbers below mean nothing.")
bench

# %% [markdown]
# ## 1. The rules
#
# Seven lessons showed what others do. Now it is your turn. A pruner answers four questions, and each is a place where yours can be better:
#
# | axis | question | some answers you know |
# | --- | --- | --- |
# | score | what is unimportant? | magnitude, L1 norm, mean activation |
# | unit | what is removed? | weight, filter, neuron |
# | scope | ranked against whom? | neuron, layer, all layers |
# | amount | how many this round? | a target on a schedule, a threshold, SAP |
#
# All start from *the same* trained network, and may train for *the same* number of epochs after that, in as many rounds as they like. What counts is the class project's
# score, (accuracy + sparsity) / 2, on validation images, and nothing below an accuracy of `0.60` is ranked. There is a second board for arithmetic: MACs, as a share of the dense network's.
#
# Here is the start. Its epochs are not part of your budget. (On a laptop it is a small network without convolutions, so that a run takes seconds and you can try twenty.)

# %%
full, small = mode.name == "full", mode.name == "ci"
name, budget = "cnn" if full else "mlp", {"ci": 2, "laptop": 5, "full": 12}[mode.name]
recipe = {} if full else {"batch_size": 64, "lr": 1e-3}
dense = models.build(name, bench, seed=0)
train.fit(dense, bench, epochs=mode.epochs, **recipe)
trials, tried = {}, {}  # note -> a row of your list, note -> the run; section 5 fills them
images = len(bench.split("validation"))
start = train.evaluate(dense, bench)
print(f"{name}: accuracy {start:.3f} on {images:,} validation images, one standard error")
print(f"{measure.standard_error(start, images):.3f}; the budget is {budget} epochs")

# %% [markdown]
# **Read it.** Remember the standard error: two entries whose *scores* differ by less than half of it are a *tie* on this board.
#
# ## 2. A worked example that loses
#
# A colleague was here before you. The choices sound sensible, one by one: *score* magnitude, *unit* the weight, *scope* the layer, each layer loses the same share, and *amount* 90 % at once, "because more would be reckless". And
# the epochs? "A better network can stand more pruning": so the dense network is trained for all of the budget but one epoch. Then it is pruned, and one epoch is left for repairs.

# %% tags=["ahead"]
example = copy.deepcopy(dense)
train.fit(example, bench, epochs=budget - 1, seed=1, **recipe)
before = train.evaluate(example, bench)
worked = capstone.compete(MagnitudePruner(0.9), example, bench, [1], **recipe)
last = worked.rows[-1]
print(
    f"before the cut {before:.3f}, handed in {last['accuracy']:.3f}: {last['sparsity']:.3f} gone"
)
entries = {"dense start": (0.0, start)}
entries["worked example"] = (last["sparsity"], last["accuracy"])
figures.leaderboard(entries, images)

# %% [markdown]
# **Read it.** Along a dashed line the score is the same: one point of accuracy pays for one point of sparsity.
#
# Which layers paid? Take the masks of the example one at a time, and repair nothing.

# %%
cut = worked.masks[-1]
alone = {"nothing\ncut": before}
for layer, mask in cut.items():
    net = Masks({layer: mask}, cut.total).apply_(copy.deepcopy(example))
    alone[f"only\n{layer.removesuffix('.weight')}"] = train.evaluate(net, bench)
alone["all\nof them"] = train.evaluate(cut.apply_(copy.deepcopy(example)), bench)
title, chance = "nine tenths of one layer cut, nothing repaired", 1 / bench.num_classes
figures.bars(alone, "validation accuracy", title, chance=chance)

# %% [markdown]
# **Read it.** The same *share* of each layer is not the same *harm*. The head has the fewest weights to begin with, and ten classes hang on what is left of it. Three choices of this entry are suspect. Which?
#
# <details><summary>The three</summary>It stops at 90 %, because so much at once is all that it dares; it spends its epochs before the cut; and it treats layers alike that are not.</details>
#
# Suspects are not culprits. So change *one* thing at a time, with the same budget:

# %%
same, bold = MagnitudePruner(0.9), MagnitudePruner(0.93)
together = MagnitudePruner(0.9, scope="global")
changed = {
    "worked example": worked,
    "all epochs after the cut": capstone.compete(same, dense, bench, [budget], **recipe),
    "layers ranked together": capstone.compete(together, example, bench, [1], **recipe),
    "93 % at once": capstone.compete(bold, example, bench, [1], **recipe),
}
ends = {what: (r.rows[-1]["sparsity"], r.rows[-1]["accuracy"]) for what, r in changed.items()}
figures.leaderboard(ends, images)

# %% [markdown]
# **Read it.** *All epochs after the cut* is first: the same cut, the same budget, and more than a bar above the example. That is the largest part of why the example loses. What its early epochs bought was cut away, and one was left for repair. *Layers ranked together* is a tie with the example, or little more. And *93 % at once* lost: with one epoch of repair, caution was right. Is it the same here?
#
# ## 3. What the board counts
#
# You hand in *one* file, the tensors of your pruned network. It can be masked (the shapes of the dense network, zeros where weights are gone) or slimmed (smaller shapes). The board does not ask what you say
# of it. It counts.
#
# ### Exercise 1: `counted_sparsity`
# `tensors` is what lies in the file, name by name; `total` is the number of all the *dense* network's parameters. Return the share of them that is gone: not in the file any more, or exactly zero.
# Two kinds of tensor are no parameters and must not be counted: masks, whose names begin with `kept/` or `unit/`, and BatchNorm's statistics, whose names end in `running_mean`, `running_var` or
# `num_batches_tracked`. Masks are *not* applied: they are a claim. Weights and biases are counted alike.
#
# <details><summary>Hint 1</summary>Count what is there, not what is missing: a slimmed file does not hold the zeros that it lost.
# <details><summary>Hint 2</summary><code>name.startswith(("kept/", "unit/"))</code> takes several beginnings at once, and so does <code>endswith</code>.</details></details>


# %% answer="counted_sparsity"
def counted_sparsity(tensors: dict[str, Tensor], total: int) -> float:
    """Return the share of the dense network's `total` parameters that is gone."""
    ### BEGIN SOLUTION
    claims = ("kept/", "unit/")
    statistics = ("running_mean", "running_var", "num_batches_tracked")
    there = 0
    for name, tensor in tensors.items():
        if not name.startswith(claims) and not name.endswith(statistics):
            there += int((tensor != 0).sum())
    return 1 - there / total
    ### END SOLUTION


# %% check="counted_sparsity"
check(counted_sparsity)

# %% [markdown]
# Now count two files: the worked example as it is, and one that is dense and has masks beside its weights that say "99 % gone".

# %%
counted_sparsity = use(counted_sparsity)
total = measure.parameters(dense)
honest = worked.models[-1].state_dict()
boasting = dict(dense.state_dict())
for parameter, weight in dense.named_parameters():
    boasting[f"kept/{parameter}"] = torch.rand(weight.shape) < 0.01
files = {"worked example": (worked.masks[-1].sparsity, counted_sparsity(honest, total))}
files["the dense network,\nand masks beside it"] = (0.99, counted_sparsity(boasting, total))
figures.claims(files)

# %% [markdown]
# **Read it.** The second file claims much and holds everything. On the leaderboard it stands with the sparsity that it has. That is no accusation: a forgotten `masks.apply_(model)` does the same
# to honest people.
#
# ## 4. A budget
#
# ### Exercise 2: `split_budget`
# Whole epochs, one number for each round. They sum to *exactly* `epochs` and are as equal as possible. What cannot be shared evenly goes to the *last* rounds, one epoch each: there the network has the
# least to spare.
#
# <details><summary>Hint</summary><code>divmod(7, 3)</code> is <code>(2, 1)</code>: two epochs each, and one is left over.</details>


# %% answer="split_budget"
def split_budget(epochs: int, rounds: int) -> list[int]:
    """Return the epochs of each round, whole numbers that sum to `epochs`."""
    ### BEGIN SOLUTION
    each, more = divmod(epochs, rounds)
    return [each] * (rounds - more) + [each + 1] * more
    ### END SOLUTION


# %% check="split_budget"
check(split_budget)

# %% [markdown]
# Three ways to spend the budget. Sparsity follows the cubic schedule of lesson 02: much at first, little in the end.

# %%
split_budget = use(split_budget)
ways = {}
for rounds in (1, 2, budget):
    gone = [0.97 * (1 - (1 - number / rounds) ** 3) for number in range(1, rounds + 1)]
    parts = split_budget(budget, rounds)
    ways[f"{rounds} round{'s' if rounds > 1 else ''}"] = list(zip(parts, gone, strict=True))
figures.spending(ways)

# %% [markdown]
# **Read it.** All three end at the same sparsity and have trained for the same time. With one round the network has to recover from everything at once; with many it recovers from a little, but the last and hardest cut gets only a
# part of the epochs. Which is better is a question to your network, not to a theory.
#
# ## 5. Your own pruner
#
# A pruner of single weights has two parts. One is the same for all: take the lowest scores, and break no rule. The other is yours: the scores.
#
# ### Exercise 3a: `take_lowest`
# It gets a score for each weight (higher = more important), what is still kept (True = kept), how many weights are to be gone *in all*, those of earlier rounds included, and how many each layer keeps at least. It
# returns what is kept now:
#
# 1. one bool tensor for each layer, of its shape; the arguments stay as they are;
# 2. what was gone stays gone, whatever its score;
# 3. no layer keeps fewer than `least` weights: its best ones are safe (a layer that had fewer before keeps those);
# 4. of all other weights, all layers ranked *together*, the lowest scores go, until exactly `gone` are gone; of equal ones any.
#
# (It can always be done: `gone` is never too large for rule 3.)
#
# <details><summary>Hint 1</summary>Give what is gone already the lowest score of all, minus infinity: then it goes first and is counted.
# <details><summary>Hint 2</summary>Before you rank all layers together, give the <code>least</code> best of each layer the score infinity; <code>topk(k).indices</code> finds them.
# <details><summary>Hint 3</summary><code>torch.cat</code> makes one long vector of all layers; <code>argsort()[:gone]</code> are the places that go; <code>split</code> cuts the result into layers
# again.</details></details></details>


# %% answer="take_lowest"
def take_lowest(
    scores: dict[str, Tensor], kept: dict[str, Tensor], gone: int, least: int
) -> dict[str, Tensor]:
    """Return layer -> what is kept (bool, of the layer's shape): the lowest scores are gone."""
    ### BEGIN SOLUTION
    ranked = []
    for layer, score in scores.items():
        score = score.masked_fill(~kept[layer], -torch.inf).flatten()
        best = score.topk(min(least, int(kept[layer].sum()))).indices
        score[best] = torch.inf
        ranked.append(score)
    stays = torch.ones(sum(map(len, ranked)), dtype=torch.bool)
    stays[torch.cat(ranked).argsort(stable=True)[:gone]] = False
    parts = stays.split([len(score) for score in ranked])
    kept_now = zip(scores.items(), parts, strict=True)
    return {layer: part.view(score.shape) for (layer, score), part in kept_now}
    ### END SOLUTION


# %% check="take_lowest"
check(take_lowest)

# %% [markdown]
# ### Exercise 3b: `my_scores`
# Now the part that is yours: one finite number for each weight of each layer (a layer's weights are outputs x inputs), from the weights alone. Three ideas to start from:
#
# - *magnitude*, `weight.abs()`: the layers compete as they are;
# - *each layer on its own scale*: magnitude divided by its mean in the layer;
# - *strong neurons stay*: magnitude times the norm of the weight's row.
#
# The check asks only whether these are scores. If you draw lots, draw with a seed: the run below asks twice, and refuses two different answers.
#
# <details><summary>Hint</summary>In later rounds a row may be all zeros: add a little, such as 1e-12, to what you divide by. And <code>weight.norm(dim=1, keepdim=True)</code> has one number for each row.</details>


# %% answer="my_scores"
def my_scores(weights: dict[str, Tensor]) -> dict[str, Tensor]:
    """Return layer -> a score for each weight, of the layer's shape: higher = more important."""
    ### BEGIN SOLUTION
    return {layer: weight.abs() for layer, weight in weights.items()}
    ### END SOLUTION


# %% check="my_scores"
check(my_scores)

# %% [markdown]
# A legal pruner need not be a good one: even a lottery passes. Whether it is good, your network says: one run, from the common start, with the whole budget. `capstone.compete` prunes, trains, and repeats; it
# refuses masks that are not legal. `trial` below does one such run and puts it on your list.

# %%
take_lowest, my_scores = use(take_lowest), use(my_scores)


def my_masks(weights: dict, kept: dict, gone: int, least: int) -> dict:
    """Return legal masks by your own scores: this is your pruner."""
    return take_lowest(my_scores(weights), kept, gone, least)


def trial(note: str, rounds: int, sparsity: float, least: int, pruner=my_masks) -> capstone.Run:
    """Run a pruner once, and put on your list what was tried and what came of it."""
    epochs = split_budget(budget, rounds)
    tried[note] = capstone.compete(pruner, dense, bench, epochs, sparsity, least, **recipe)
    row = {"rounds": rounds, "asked": sparsity, "least": least}
    row |= {name: tried[note].rows[-1][name] for name in ("sparsity", "accuracy")}
    ranked = row["accuracy"] >= pareto.FLOOR
    row["score"] = pareto.score(row["accuracy"], row["sparsity"]) if ranked else 0.0
    trials[note] = row
    return tried[note]


first = trial("magnitude", rounds=budget, sparsity=0.97, least=300)  # yours to change
pd.DataFrame(first.rows).round(3)


# %%
def left(masks) -> dict:
    """Return layer -> (its weights left, all its weights)."""
    sizes = {n: p.numel() for n, p in dense.named_parameters() if p.ndim > 1}
    kept = {n: int(masks[n].sum()) if n in masks else size for n, size in sizes.items()}
    return {n.removesuffix(".weight"): (kept[n], size) for n, size in sizes.items()}


figures.survivors({"worked example": left(worked.masks[-1]), "mine": left(first.masks[-1])})

# %% [markdown]
# **Read it.** Has yours fewer weights? And where? Compare the *shares*. Where all layers are ranked together by magnitude, the first one, with its many small weights, pays the most, and the head is spared.
#
# ### The list of your trials
# What is it worth to spend the epochs in several rounds? One change, one more trial, with a note of its own. The best trial is called `mine` from now on.

# %%
trial("magnitude, all at once", rounds=1, sparsity=0.97, least=300)
best = max(trials, key=lambda note: trials[note]["score"])
mine = tried[best]
print(f"mine: {best}")
pd.DataFrame.from_dict(trials, orient="index").round(3)

# %% [markdown]
# **Read it.** Compare rows that differ in *one* column: what moved the score? Is it more than a tie (section 1)? And the best of many rows looks better than it is: these images have chosen it.
#
# ## 6. Against the course's own
#
# Four methods of this course run under the same rules: L1 norms and mean activation of whole neurons, SAP, and magnitude in each layer.
#
# ### Predict
# By how many hundredths of score is the *best of the four* ahead of the worked example? Lock in a number from 0 to 40.

# %% answer="behind"
behind = None  # your prediction in hundredths of score, such as 5
### BEGIN SOLUTION
behind = 3
### END SOLUTION

# %% check="behind"
check(behind, "behind")

# %% [markdown]
# ### Predict
# Six entries: the worked example, the four methods, and yours. On which place will yours be?

# %% answer="my_place"
my_place = None  # your prediction, from 1 to 6
### BEGIN SOLUTION
my_place = 1
### END SOLUTION

# %% check="my_place"
check(my_place, "my_place")

# %% [markdown]
# Now the runs.

# %%
units, fewest = ("filter", "neuron") if full else "neuron", {"min_per_layer": 150}
pruners = {
    "L1 units": L1NormPruner(0.9, unit=units),
    "activation": ActivationPruner(sparsity=0.9, samples=512),
    "SAP": SAPPruner(p=1, q=2, gamma=10.0, beta=0.6, **fewest),
    "magnitude": MagnitudePruner(0.97, **fewest),
}
runs = {"worked example": worked, "mine": mine}
for method, pruner in pruners.items():
    parts = split_budget(budget, budget)
    runs[method] = capstone.compete(pruner, dense, bench, parts, **recipe)
drawn = {
    method: [(row["sparsity"], row["accuracy"]) for row in run.rows]
    for method, run in runs.items()
}
words = {
    "ylabel": "validation accuracy",
    "title": f"{budget} epochs each, a dot after each round",
}
figures.arena(drawn, start, **words, stretched=True, pointed="worked example")

# %% [markdown]
# **Read it.** Each dot is a network that could be handed in. Where do the curves fall, and which of them go on where others stop? In our run mean activation falls first, and SAP goes furthest. How far each goes is our choice, and nobody tuned it: so this ranks files, not methods.
#
# ## 7. Which round to hand in
#
# A run leaves a network after every round, and the last one is not always the best. SAP sets its own pace and can go too far; a careful schedule can stop too early.
#
# ### Exercise 4: `choose`
# Each row has `"epochs"` (spent so far), `"sparsity"` and `"accuracy"`, on *validation* images. Return the position in `rows` of the best score among the rows that have spent no more than `budget` and whose accuracy is at
# least `floor`. Of equal scores the first counts. If no row qualifies, return None.
#
# <details><summary>Hint</summary>First the positions that qualify, in a list; then <code>max(positions, key=...)</code>, which takes the first of equals, and <code>default=None</code> for an empty list.</details>


# %% answer="choose"
def choose(rows: list[dict], budget: float, floor: float = 0.6) -> int | None:
    """Return the position in rows of the row to hand in, or None."""
    ### BEGIN SOLUTION
    able = [k for k, r in enumerate(rows) if r["epochs"] <= budget and r["accuracy"] >= floor]
    return max(able, key=lambda k: rows[k]["accuracy"] + rows[k]["sparsity"], default=None)
    ### END SOLUTION


# %% check="choose"
check(choose)

# %%
choose = use(choose)


def to_hand_in(run: capstone.Run) -> int:
    """Return the place of the round to hand in: the chosen one, or the last if none qualifies."""
    best = choose(run.rows, budget)
    return len(run.rows) - 1 if best is None else best


chosen = {method: to_hand_in(run) for method, run in runs.items()}
for method, run in runs.items():
    print(f"{method:15} round {chosen[method] + 1} of {len(run.rows)}")

# %% [markdown]
# **Read it.** Whose best round is not its last? There the budget was spent on a network that was thrown away. For the board the choice is free, since it reads validation images; the final reading of the test images is not. It happens *once* for each student,
# after the last hand-in. What you chose among many on validation images looks a little better there than it is (lesson 06, the winner's curse).
#
# Every round of every run goes into a table for the sliders. These are the chosen rounds:

# %% tags=["folded"]
points = [{"method": "dense", "sparsity": 0.0, "val_accuracy": start, "macs": 1.0}]
for method, run in runs.items():
    for row, masks, net in zip(run.rows, run.masks, run.models, strict=True):
        lean = slim.slim(net, masks, bench.example) if masks.units else net
        point = {"method": method, "sparsity": row["sparsity"], "val_accuracy": row["accuracy"]}
        share = measure.macs(lean, bench.example) / measure.macs(dense, bench.example)
        points.append(point | {"macs": share, "chosen": row is run.rows[chosen[method]]})
table = pd.DataFrame(points)
handed = table[table["chosen"].eq(True)].drop(columns="chosen").set_index("method")
table["macs"] *= measure.macs(dense, bench.example)
table["kept_parameters"] = (total * (1 - table["sparsity"])).round()
handed.assign(score=pareto.score(handed["val_accuracy"], handed["sparsity"])).round(3)

# %% [markdown]
# Move the weight of accuracy away from one half, the rule of our score: does another method win?

# %%
widgets.PreferenceSlider(table, near=True)

# %% [markdown]
# The second board counts MACs. Masked weights are multiplied like any others, so an entry of single weights stands there with the dense network's arithmetic. Set a budget of MACs: who is left?

# %%
widgets.BudgetSlider(table, size="macs", near=True)

# %% [markdown]
# **Read it.** Entries of whole units are the only ones that move. If the second board is where you want to stand, change the *unit*: give `trial` a `pruner=L1NormPruner(0.9, unit="neuron")`, a relative of it, or your own `Pruner(score=..., unit=..., scope=..., amount=...)`. Then slim what it leaves.
#
# ## 8. Your row on the board
#
# One file each, written by `capstone.hand_in` and counted by `capstone.check`, the board's own code.

# %% tags=["folded"]
folder, board = Path(tempfile.mkdtemp()), {}


def enter(who: str, run: capstone.Run) -> None:
    """Hand in the best round of a run, and put on the board what is counted of the file."""
    place, file = to_hand_in(run), folder / "entry.safetensors"
    capstone.hand_in(run.models[place], run.masks[place], file)
    board[who] = capstone.check(file, bench, model=name).measures
    file.unlink()


def standings() -> figures.Picture:
    """Print the board, best first, and draw it."""
    for place, who in enumerate(sorted(board, key=lambda who: -board[who].score), 1):
        m = board[who]
        print(f"{place}. {who:15} score {m.score:.4f}  ({m.accuracy:.3f}, {m.sparsity:.3f})")
    stands = {who: (m.sparsity, m.accuracy) for who, m in board.items()}
    return figures.leaderboard(stands, images, own="mine")


# %%
for method, run in runs.items():
    enter(method, run)
lead = 100 * (max(board[who].score for who in pruners) - board["worked example"].score)
print(f"the best of the four leads the worked example by {lead:.1f} hundredths (you: {behind})")
tie = measure.standard_error(board["mine"].accuracy, images) / 2
ahead = [board[who].score - board["mine"].score for who in runs]
print(f"your place: {1 + sum(gap > 0 for gap in ahead)} (you: {my_place})", end=", ")
print(f"and {sum(gap > tie for gap in ahead)} are ahead by more than a tie ({tie:.4f})")
standings()

# %% [markdown]
# **Read it.** The bars are one standard error of accuracy. Are you ahead by more than a tie? If you are behind, look at *where*: below others at the same sparsity means that your scores or your
# epochs can be better; left of them at the same accuracy means that you stopped too early.
#
# And the suspect *layers alike*? *magnitude* takes the same share of each layer, as the worked example does, with a guard: `fewest` leaves the small layer that broke first some weights more. Where it is a tie with yours, ranking the layers together has bought nothing more, once there are epochs for repair: harm *before* repair is not harm after it. Was the guard needed? A trial without it would say.
#
# ### Try again
# Change *one* thing, give the trial a note that says what, and run the next cell, as often as you like. Here it is the sparsity; it can be `least`, or `my_scores` (change it in section 5 and run its cell): another of the three ideas; or a score that knows which inputs are
# always black in `bench.train.images` (a weight that reads such a pixel does nothing: let it go first).

# %%
again = trial("magnitude, 98 %", rounds=budget, sparsity=0.98, least=300)
enter("again", again)
standings()

# %% [markdown]
# **Read it.** Did the one change move the score by more than a tie? One change at a time is slower and teaches more; `trials` keeps them all for section 11. Is this one better? Then `mine = again`, and `enter("mine", mine)`.
#
# ## 9. Before you hand in
#
# If your masks have units, cut them out first; if they are of single weights, give them along, and they are applied. This lesson leaves nothing behind: for a file that stays, write `Path()` in place of `folder`.

# %%
entry, place = folder / "my_entry.safetensors", to_hand_in(mine)
net, masks = mine.models[place], mine.masks[place]
if masks.units:
    net, masks = slim.slim(net, masks, bench.example), None
capstone.hand_in(net, masks, entry)
print(f"{entry.name}: {entry.stat().st_size:,} bytes")
capstone.check(entry, bench, model=name)

# %% [markdown]
# **Read it.** This line is what the leaderboard will find: `course leaderboard FOLDER` (`course` is the course's command line tool) runs the same code in a sandbox on everybody's file. The file has the size of the dense network's, if it is masked (lesson 01). And files that were damaged on their way, or could harm?

# %% tags=["folded"]
whole, spoiled = entry.read_bytes(), folder / "spoiled.safetensors"
for what, content in {"cut short": whole[:-9], "empty": b"", "a pickle": b"\x80\x02}."}.items():
    spoiled.write_bytes(content)
    print(f"{what}: {capstone.check(spoiled, bench, model=name)}")
nan = copy.deepcopy(net)
next(nan.parameters()).data[0] = float("nan")
capstone.hand_in(nan, None, spoiled)
print(f"NaN: {capstone.check(spoiled, bench, model=name)}")
spoiled.unlink()

# %% [markdown]
# **Read it.** None of them crashes anything, and nobody else's row changes. Notice what is *not* checked: how many epochs you trained. No file can show that. The budget is kept by your word, and by whoever runs your notebook again.
#
# ## 10. Find the bug
#
# Four entries that run without an error and are less than they seem. In each, one line is to blame. Answer with its number.
#
# **A.** The best round.
# ```python
# 1  run = capstone.compete(my_masks, dense, bench, [1, 1, 1])
# 2  best = max(range(3), key=lambda k: train.evaluate(run.models[k], bench, split="test"))
# 3  capstone.hand_in(run.models[best], run.masks[best], "me.safetensors")
# ```
# **B.** A last polish.
# ```python
# 1  masks = MagnitudePruner(0.95).masks(model, bench)
# 2  train.fit(masks.apply_(model), bench, epochs=2)
# 3  capstone.hand_in(model, None, "me.safetensors")
# ```
# **C.** Within the budget.
# ```python
# 1  budget = 6
# 2  rounds = 3
# 3  run = capstone.compete(my_masks, dense, bench, [budget] * rounds)
# ```
# **D.** For the board of MACs.
# ```python
# 1  masks = L1NormPruner(0.8, unit="neuron").masks(model, bench)
# 2  train.fit(model, bench, epochs=2, masks=masks)
# 3  capstone.hand_in(model, masks, "me.safetensors")
# ```

# %% answer="entry_bugs"
entry_bugs = None  # such as {"A": 1, "B": 1, "C": 1, "D": 1}
### BEGIN SOLUTION
entry_bugs = {"A": 2, "B": 2, "C": 3, "D": 3}
### END SOLUTION

# %% check="entry_bugs"
check(entry_bugs, "entry_bugs")

# %% [markdown]
# ## 11. In your own words
#
# Describe your pruner by the four axes and by how it spends its epochs. Which single change in your list of trials moved the score most, and how do you know that it was no luck? (Five to seven sentences.)

# %% [markdown] explain="my_pruner" points=3
# *Rubric (3 points).* One point for the four axes, each with its answer, and the budget. One point for one change with its effect in numbers, everything else kept equal. One point for doubt that fits: the standard error of the
# accuracy or a second seed, and that the rounds were chosen on the same validation images.
#
# *Sample answer, 3 points.* "My score is magnitude, the unit is the weight, the scope is all layers together with 300 weights protected in each, and the amount is 97 % on a cubic schedule in five rounds of one epoch. With one round of five
# epochs everything else stayed the same, and my accuracy fell by six points. One standard error is one point, so this is more than luck on these images; a second seed of the training would say whether it is more than luck of the training. My
# lead over the fourth round of magnitude is none: we are equal within the error. All of this was chosen on validation images, so I expect a little less on test."
#
# *Sample answer, 1 point.* "I prune the smallest weights of all layers in five rounds, and my score is better than the example's." (The axes are there in part; no single change, no doubt.)

# %% [markdown]
# ## What to take away
#
# - A pruner is four answers and a way to spend epochs. Each can be changed alone, and so each can be judged alone.
# - Epochs after a cut repair; what epochs before it bought is cut away (section 2).
# - What is counted is what is in the file: not masks, not metadata, not what anybody says.
# - Legal is not good: only a run tells.
# - Choose by validation images, read test images once. Scores closer than half the standard error of accuracy are ties.
# - Sparsity and arithmetic are two boards, and a different unit wins each.
#
# ## Bonus
#
# - Write `my_masks` as a rule on whole neurons: all weights of a row go together. What does it cost on the first board, and what does slimming win on the second?
# - Give the worked example *two* of the changes of section 2 at once. Which pair brings it closest to the front?
# - Run your entry with three seeds (`seed=` of `capstone.compete`). Is your lead larger than the spread?
