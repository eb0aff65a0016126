"""What a student stops ends in one line and in good order, and progress leaves one line of text."""

from __future__ import annotations

import os
import signal
import sys
import threading
import types
from pathlib import Path

import pytest
import torch
import tqdm.std

from course_lib import models, notebook, progress, sweep, train
from course_lib.pruning import MagnitudePruner, iterate
from course_lib.teaching import checks


@pytest.fixture(autouse=True)
def interrupts():
    """A shell that starts a job in the background has it ignore interrupts; Python then leaves them alone."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture
def running(monkeypatch):
    """As if this were a notebook's cell 3; `execution_count` can be set."""
    import ipykernel  # noqa: F401 - a notebook has it loaded
    from IPython.core.events import EventManager, available_events

    shell = types.SimpleNamespace(execution_count=3, kernel=True, events=EventManager(None, available_events))
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.setattr(notebook, "_stopped", None)
    monkeypatch.setattr(notebook, "_untold", False)
    monkeypatch.setattr(progress, "_SHOWN", {})
    return shell


@pytest.fixture
def shown(monkeypatch):
    """The lines of the displays, as a saved notebook has them, in the order of their first appearance."""
    lines = {}

    class Handle:
        def display(self, bundle, raw):
            assert raw and set(bundle) == {"text/plain"}
            lines[self] = bundle["text/plain"]

        update = display

    monkeypatch.setattr("IPython.display.DisplayHandle", Handle)
    return lines


def interrupted_at(monkeypatch, numbers):
    """Interrupt this process at the optimizer steps of these numbers, as a front end does; return the list of steps made."""
    made, step = [], train.train_step

    def counted(*args, **kwargs):
        made.append(1)
        sums = step(*args, **kwargs)
        if len(made) in numbers:
            os.kill(os.getpid(), signal.SIGINT)
        return sums

    monkeypatch.setattr(train, "train_step", counted)
    return made


def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def equal(one, other):
    return all(torch.equal(one[name], other[name]) for name in one)


def test_a_stopped_training_leaves_the_model_as_the_last_finished_epoch_did(bench, running, monkeypatch, capsys):
    whole = models.build("mlp", bench)
    train.fit(whole, bench, epochs=3, batch_size=50, lr=1e-3)
    epochs = []
    recorder_of_epochs = train.snapshot
    monkeypatch.setattr(train, "snapshot", lambda model: epochs.append(recorder_of_epochs(model)) or epochs[-1])
    interrupted_at(monkeypatch, [6])  # of four steps an epoch
    model = models.build("mlp", bench)
    history = train.fit(model, bench, epochs=3, batch_size=50, lr=1e-3)
    assert history["interrupted"] and [epoch["epoch"] for epoch in history["epochs"]] == [1.0]
    assert history["images"] == len(bench.train)
    assert equal(state(model), epochs[1])
    said = capsys.readouterr().out
    assert said.startswith("Stopped after 1 epoch of 3, ") and said.endswith("last finished epoch left it.\n")


def test_what_is_trained_after_a_stop_in_the_same_cell_does_nothing_and_the_next_cell_trains(bench, running, monkeypatch):
    made = interrupted_at(monkeypatch, [2])
    model = models.build("mlp", bench)
    for _ in range(3):
        history = train.fit(model, bench, epochs=1, batch_size=50)
    assert len(made) == 2 and history["interrupted"] and history["epochs"] == []
    running.execution_count = 4
    assert not train.fit(model, bench, epochs=1, batch_size=50)["interrupted"]
    assert len(made) == 2 + 4


def test_a_cell_that_was_stopped_ends_with_a_word_on_its_numbers_and_jupyter_runs_none_that_waits(
    bench, running, monkeypatch, capsys
):
    def ends():
        result = types.SimpleNamespace(success=True, error_in_exec=None)
        running.events.trigger("post_run_cell", result)
        return result.error_in_exec, capsys.readouterr().out

    interrupted_at(monkeypatch, [2])
    train.fit(models.build("mlp", bench), bench, epochs=1, batch_size=50)
    error, said = ends()
    assert isinstance(error, KeyboardInterrupt) and said.endswith(f"{notebook.UNDONE}\n")
    assert "Stopped after 0 epochs of 1, " in said and "The model is as it was before." in said
    running.execution_count += 1
    train.fit(models.build("mlp", bench), bench, epochs=1, batch_size=50)
    assert ends()[0] is None


def test_a_second_interrupt_strikes_at_once(running):
    with pytest.raises(KeyboardInterrupt), notebook.stoppable() as stop:
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.asked
        os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_outside_of_notebooks_and_in_other_threads_an_interrupt_is_raised_as_ever(bench, monkeypatch, running):
    heard = []

    def ask():
        with notebook.stoppable() as stop:
            heard.append(stop.heard)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: None)
    ask()
    assert heard == [False, False]
    interrupted_at(monkeypatch, [2])
    with pytest.raises(KeyboardInterrupt):
        train.fit(models.build("mlp", bench), bench, epochs=1, batch_size=50)


def test_a_stopped_loop_yields_the_round_in_hand_with_its_masks_applied_and_ends(bench, running, monkeypatch):
    model = models.build("mlp", bench)
    interrupted_at(monkeypatch, [3])  # one step an epoch, two epochs a round
    records = list(iterate(MagnitudePruner(0.9), model, bench, rounds=4, epochs=2))
    assert [(record.round, record.status, record.last) for record in records] == [
        (1, "ok", False),
        (2, "interrupted", True),
    ]
    last = records[-1]
    assert last.epochs == 2  # those of round 1
    for name, mask in last.masks.items():
        assert not model.get_parameter(name)[~mask].any()
    assert last.accuracy["tuned"] == train.evaluate(model, bench)
    assert list(iterate(MagnitudePruner(0.9), model, bench, rounds=2, epochs=1, after=last)) == []


def test_a_loop_that_is_stopped_while_it_measures_ends_in_good_order_too(bench, running, monkeypatch):
    evaluate, calls = train.evaluate, []

    def interrupting(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:  # the first is of the dense model, before the loop
            os.kill(os.getpid(), signal.SIGINT)
        return evaluate(*args, **kwargs)

    monkeypatch.setattr(train, "evaluate", interrupting)
    (record,) = iterate(MagnitudePruner(0.5), models.build("mlp", bench), bench, rounds=3, epochs=1)
    assert (record.status, record.epochs) == ("interrupted", 0)


def test_a_stopped_recorder_keeps_nothing_of_its_unfinished_epoch(bench, running, monkeypatch):
    from course_lib.pruning import ActivationPruner

    model = models.build("mlp", bench)
    recorder = ActivationPruner(threshold=0.1).recorder(model, bench)
    interrupted_at(monkeypatch, [2])
    train.fit(model, bench, epochs=1, batch_size=50, recorder=recorder)
    assert recorder.recording == []
    running.execution_count = 4
    train.fit(model, bench, epochs=1, batch_size=50, recorder=recorder)
    (epoch,) = recorder.recording
    assert {activity.count for activity in epoch.values()} == {len(bench.train)}


GRID = {"name": "stopped", "data": "fashion-mini", "limit": 60, "model": "mlp", "seeds": [0]}


def test_a_stopped_sweep_says_what_is_finished_and_keeps_no_half_round(running, monkeypatch, tmp_path, capsys):
    methods = [{"name": "M", "pruner": "magnitude", "sparsity": 0.5}]
    what = GRID | {"method": methods, "rounds": 2, "epochs": 1, "dense": {"epochs": 1}, "device": "cpu"}
    interrupted_at(monkeypatch, [2])
    found = sweep.run(what, store=tmp_path, jobs=1, quiet=True)
    assert (
        capsys.readouterr().out
        == "Stopped: 0 curves of 1 finished; finished rounds are kept, and the same call goes on from there.\n"
    )
    assert not list(tmp_path.rglob("round-*.json"))
    assert len(found) == 1  # the dense start
    running.execution_count = 4
    assert len(sweep.run(what, store=tmp_path, jobs=1, quiet=True)) == 3


@pytest.fixture
def bars(monkeypatch):
    """Bars are shown in this test, although `conftest` turns them off."""
    monkeypatch.setattr(progress.Progress, "__init__", _with(progress.Progress.__init__, disable=False))


def _with(function, **more):
    return lambda self, *args, **kwargs: function(self, *args, **(more | kwargs))


def test_progress_leaves_one_line_of_text_a_cell_and_no_widget(bench, running, shown, bars):
    model = models.build("mlp", bench)
    train.fit(model, bench, epochs=2, batch_size=50)
    (line,) = shown.values()
    assert line.startswith("2 epochs, 0 s, 0.") and line.endswith(" of the training images right")
    for _ in range(3):
        train.fit(model, bench, epochs=0.5, batch_size=50)
    (line,) = shown.values()
    assert line.startswith("4 trainings, 3.5 epochs, ")
    running.execution_count = 4
    train.fit(model, bench, epochs=1)
    assert len(shown) == 2 and list(shown.values())[1].startswith("1 epoch, ")
    train.fit(model, bench, epochs=0)
    assert len(shown) == 2


def test_no_progress_bar_anywhere_is_a_widget():
    import ast
    from pathlib import Path

    import course_lib

    for path in Path(course_lib.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("tqdm"):
                assert node.module == "tqdm", path
    assert tqdm.std.tqdm is tqdm.tqdm


def endless(weight):
    """An answer that goes on whatever is raised."""
    while True:
        try:
            weight = weight + 1
        except:  # noqa: E722
            weight = 0


def test_an_answer_without_end_is_told_so_in_one_line(monkeypatch):
    monkeypatch.setattr(checks, "SECONDS", 0.2)
    endless.__name__ = "filter_l1"
    before = signal.getsignal(signal.SIGALRM)
    verdict = checks.check(endless)
    assert (verdict.state, verdict.points) == ("not yet", 0)
    assert str(verdict) == (
        "not yet (0 of 2 points): It did not end within 0.2 seconds: is there a loop in it that never ends?"
    )
    assert signal.getsignal(signal.SIGALRM) is before and signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)
    assert torch.is_grad_enabled() and torch.get_default_dtype() is torch.float32
    assert checks.use(endless) is not endless


def test_an_alarm_that_was_set_before_a_time_limit_still_comes(monkeypatch):
    with notebook.time_limit(5), notebook.time_limit(10):
        pass
    with pytest.raises(notebook.OutOfTime), notebook.time_limit(0.3):
        with notebook.time_limit(10):
            threading.Event().wait(0.1)
        threading.Event().wait(5)


def test_a_check_that_the_student_stops_is_a_verdict_in_a_notebook_and_an_interrupt_elsewhere(running, monkeypatch):
    def filter_l1(weight):
        os.kill(os.getpid(), signal.SIGINT)
        return weight.abs().sum((1, 2, 3))

    verdict = checks.check(filter_l1)
    assert verdict.state == "not yet" and verdict.reason.startswith("You stopped it before it had answered")
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: None)
    with pytest.raises(KeyboardInterrupt):
        checks.check(filter_l1)


@pytest.mark.skipif(sys.platform != "linux", reason="only glibc is asked to give memory back")
def test_each_cell_after_a_training_gives_back_what_is_free(running, bench):
    def resident():
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    for _ in range(2):
        train.fit(models.build("mlp", bench), bench, epochs=0.1)
    assert len(running.events.callbacks["post_run_cell"]) == 1
    freed = [torch.ones(16_000) for _ in range(2_000)]  # 64 KB each: too small to have pages of their own
    on_top = torch.ones(1_000)
    before = resident()
    del freed
    running.events.trigger("post_run_cell", None)
    assert before - resident() > 100e6
    del on_top
