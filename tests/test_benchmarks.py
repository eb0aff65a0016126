"""The benchmarks' results and their page belong together, and peers do the same work."""

from __future__ import annotations

import json
from functools import partial

import pytest
import torch

from benchmarks import measuring, pruning, shipping
from benchmarks.__main__ import NAMES
from course_lib.pruning import MagnitudePruner


def test_the_page_of_benchmarks_is_made_of_their_results():
    known = json.loads(measuring.RESULTS.read_text(encoding="utf-8"))
    assert measuring.README.read_text(encoding="utf-8") == measuring.page(known)
    assert set(known) <= set(NAMES) and all(entry["rows"] and entry["machine"]["processor"] for entry in known.values())


def test_a_benchmarks_table_takes_the_place_of_the_one_before(tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "RESULTS", tmp_path / "benchmarks.json")
    monkeypatch.setattr(measuring, "README", tmp_path / "README.md")
    for number in ("1", "2"):
        measuring.write("some", measuring.Table("something", ("what", "ms"), [["it", number]], ("Why.",)))
    measuring.write("other", measuring.Table("else", ("what",), [["that"]]))
    page = (tmp_path / "README.md").read_text()
    assert "| it | 2 |" in page and "| it | 1 |" not in page and page.count("\n## ") == 2


def test_the_benchmark_of_a_prune_refuses_peers_that_take_others(bench):
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.Linear(32, 4))
    for scope in ("neuron", "layer"):
        half = partial(pruning.by_sort, scope=scope)
        pruning.agree(model, {"ours": pruning.ours(MagnitudePruner(0.5, scope=scope), bench), "sort": half})
    with pytest.raises(SystemExit, match="torch took others"):
        pruning.agree(model, {"ours": half, "torch": partial(pruning.by_torch_globally, share=0.25)})


def test_the_benchmark_of_shipping_has_a_row_for_each_way_and_explains_what_parts(bench, monkeypatch):
    pytest.importorskip("onnxruntime")
    monkeypatch.setattr(shipping, "APART", 1.0)  # whatever parts at all
    rows, notes = shipping.measured("cnn", bench, {1: 1, 64: 1})
    assert [row[:3] for row in rows] == [["cnn", size, way] for size in ("1", "64") for way in ("torch", "onnxruntime")]
    assert all(float(row[4]) > 0 and row[6] == "0.27" for row in rows)
    assert len(notes) == 2 and all("multiplies nothing" in note and "conv2" in note for note in notes)
    assert shipping.part(0.5, 0.25) == shipping.part(0.25, 0.5) == 2
