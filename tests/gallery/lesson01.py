"""Lesson 01: answers as students write them.

WRONG: exercise -> label -> (answer, the misconception by whose name the verdict must call it; "" where a sentence about
the failing case is all that can be said). RIGHT: exercise -> label -> answer.
"""

from __future__ import annotations

import copy
import gzip
import math
import statistics

import numpy as np
import torch
from torch import nn

# ---- apply_masks


def masks_product(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).mul_(mask)


def masks_product_of_data(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter.data = parameter.data * masks[name]


def masks_fills_the_kept(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(mask, 0.0)


def masks_out_of_place(model, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name in masks:
                parameter = parameter.masked_fill(~masks[name], 0)


def masks_of_a_copy(model, masks):
    model = copy.deepcopy(model)
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name)[~mask] = 0
    return model


def masks_for_every_parameter(model, masks):
    for name, parameter in model.named_parameters():
        parameter.data[~masks[name]] = 0


def masks_weights_only(model, masks):
    for name, module in model.named_children():
        if f"{name}.weight" in masks:
            module.weight.data[~masks[f"{name}.weight"]] = 0


def masks_recording_gradients(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter[~masks[name]] = 0


def masks_unnamed_to_zero(model, masks):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.copy_(torch.where(masks[name], parameter, 0.0) if name in masks else torch.zeros_like(parameter))


def masks_dropout(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter / mask.float().mean(), 0.0))


def masks_one_layer_for_all(model, masks):
    with torch.no_grad():
        for name, mask in list(masks.items())[:1]:
            model.get_parameter(name)[~mask] = 0


def masks_changed_in_place(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            model.get_parameter(name).masked_fill_(mask.logical_not_(), 0)


def right_masks_indexing(model, masks):
    for name, parameter in model.named_parameters():
        if name in masks:
            parameter.data[~masks[name]] = 0.0


def right_masks_where(model, masks):
    with torch.no_grad():
        for name, mask in masks.items():
            parameter = model.get_parameter(name)
            parameter.copy_(torch.where(mask, parameter, torch.zeros_like(parameter)))
    return model


def right_masks_state_dict(model, masks):
    state = model.state_dict()
    for name in masks:
        state[name].masked_fill_(masks[name] == 0, 0)


# ---- conv_macs


def macs_flops(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h = (size[0] + 2 * padding - kernel) // stride + 1
    w = (size[1] + 2 * padding - kernel) // stride + 1
    return 2 * h * w * out_channels * in_channels // groups * kernel * kernel


def macs_parameters(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    return in_channels // groups * out_channels * kernel**2


def macs_of_the_input(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    return math.prod(size) * in_channels // groups * out_channels * kernel**2


def macs_one_sided(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel**2


def macs_without_padding(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n - kernel) // stride + 1 for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_without_stride(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [n + 2 * padding - kernel + 1 for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_without_the_one(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride for n in size]
    return h * w * out_channels * (in_channels // groups) * kernel**2


def macs_true_division(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) / stride + 1 for n in size]
    return h * w * out_channels * in_channels / groups * kernel**2


def macs_rounded(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [math.ceil((n + 2 * padding - kernel) / stride) + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel**2


def macs_without_groups(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return nn.Conv2d(in_channels, out_channels, kernel).weight.numel() * h * w


def macs_groups_twice(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * (out_channels // groups) * (in_channels // groups) * kernel**2


def macs_kernel_row(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * in_channels // groups * kernel


def macs_one_channel(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    return h * w * out_channels * kernel * kernel


def macs_with_bias(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    conv = nn.Conv2d(in_channels, out_channels, kernel, groups=groups)
    return h * w * sum(p.numel() for p in conv.parameters())


def macs_square(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    side = (size[0] + 2 * padding - kernel) // stride + 1
    return side**2 * out_channels * (in_channels // groups) * kernel**2


def macs_no_return(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    h, w = [(n + 2 * padding - kernel) // stride + 1 for n in size]
    macs = h * w * out_channels * in_channels // groups * kernel**2  # noqa: F841


def right_macs_counted(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, groups=groups)
    places = conv(torch.zeros(1, in_channels, *size)).shape[2:].numel()
    return places * conv.weight.numel()


def right_macs_float(in_channels, out_channels, kernel, size, stride=1, padding=0, groups=1):
    places = 1
    for side in size:
        places *= len(range(0, side + 2 * padding - kernel + 1, stride))
    return places * out_channels * in_channels * kernel**2 / groups


# ---- bytes_on_disk


def bytes_in_bits(weight):
    bits = 8 * weight.element_size()
    return {
        "dense": bits * weight.numel(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": weight.numel() + bits * int((weight != 0).sum()),
    }


def bytes_of_float32(weight):
    return {
        "dense": 4 * weight.numel(),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": math.ceil(weight.numel() / 8) + 4 * int((weight != 0).sum()),
    }


def bytes_without_bitmap(weight):
    stored = weight[weight != 0].numel() * weight.element_size()
    return right_bytes(weight) | {"bitmap": stored}


def bytes_bool_mask(weight):
    mask = weight != 0
    return right_bytes(weight) | {"bitmap": mask.numel() * mask.element_size() + int(mask.sum()) * weight.element_size()}


def bytes_rounded_down(weight):
    return right_bytes(weight) | {"bitmap": weight.numel() // 8 + int((weight != 0).sum()) * weight.element_size()}


def bytes_unrounded(weight):
    return right_bytes(weight) | {"bitmap": weight.numel() / 8 + int((weight != 0).sum()) * weight.element_size()}


def bytes_dense_of_values(weight):
    return right_bytes(weight) | {"dense": int((weight != 0).sum()) * weight.element_size()}


def bytes_zeros_counted(weight):
    zeros = int((weight == 0).sum())
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + zeros * weight.element_size()}


def bytes_with_indices(weight):
    return right_bytes(weight) | {"bitmap": int((weight != 0).sum()) * (weight.element_size() + 4)}


def bytes_gzip_of_text(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(str(weight.tolist()).encode()))}


def bytes_gzip_of_values(weight):
    return right_bytes(weight) | {"gzip": len(gzip.compress(weight[weight != 0].numpy().tobytes()))}


def bytes_gzip_itself(weight):
    return right_bytes(weight) | {"gzip": gzip.compress(weight.numpy().tobytes())}


def bytes_only_the_sum(weight):
    return sum(right_bytes(weight).values())


def bytes_in_kilobytes(weight):
    return {name: size / 1024 for name, size in right_bytes(weight).items()}


def bytes_positive_values(weight):
    return right_bytes(weight) | {"bitmap": math.ceil(weight.numel() / 8) + int((weight > 0).sum()) * weight.element_size()}


def right_bytes(weight):
    values = weight[weight != 0]
    return {
        "dense": weight.nbytes,
        "gzip": len(gzip.compress(weight.numpy().tobytes(), compresslevel=9)),
        "bitmap": (weight.numel() + 7) // 8 + values.numel() * values.element_size(),
    }


def right_bytes_numpy(weight):
    array = np.ascontiguousarray(weight.numpy())
    return {
        "bitmap": len(np.packbits(array != 0)) + array[array != 0].nbytes,
        "dense": len(array.tobytes()),
        "gzip": len(gzip.compress(array.tobytes(), compresslevel=6)),
    }


def right_bytes_tensors(weight):
    return {
        "dense": torch.tensor(weight.numel() * weight.element_size()),
        "gzip": len(gzip.compress(weight.numpy().tobytes())),
        "bitmap": math.ceil(weight.numel() / 8) + torch.count_nonzero(weight) * weight.element_size(),
    }


# ---- latency


def spans(run, clock, runs):
    times = []
    for _ in range(runs):
        start = clock()
        run()
        times.append(clock() - start)
    return times


def latency_mean(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return np.mean(spans(run, clock, runs))


def latency_of_the_loop(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    start = clock()
    for _ in range(runs):
        run()
    end = clock()
    return (end - start) / runs


def latency_cold(run, clock, warmup=5, runs=30):
    return statistics.median(spans(run, clock, runs))


def latency_warmup_timed(run, clock, warmup=5, runs=30):
    return float(np.median(spans(run, clock, warmup + runs)))


def latency_warmup_of_runs(run, clock, warmup=5, runs=30):
    return statistics.median(spans(run, clock, runs)[warmup:])


def latency_torch_median(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return torch.tensor(spans(run, clock, runs), dtype=torch.float64).median().item()


def latency_upper_middle(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return sorted(spans(run, clock, runs))[runs // 2]


def latency_unsorted(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return spans(run, clock, runs)[runs // 2]


def latency_once(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    for _ in range(runs):
        start = clock()
        run()
        end = clock()
    return end - start


def latency_fastest(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return min(spans(run, clock, runs))


def latency_one_start(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    start = clock()
    times = []
    for _ in range(runs):
        run()
        times.append(clock() - start)
    return statistics.median(times)


def latency_after_the_run(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(runs):
        run()
        start = clock()
        times.append(clock() - start)
    return statistics.median(times)


def latency_in_milliseconds(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return 1e3 * statistics.median(spans(run, clock, runs))


def latency_one_run_too_many(run, clock, warmup=5, runs=30):
    for _ in range(warmup + 1):
        run()
    return statistics.median(spans(run, clock, runs))


def right_latency_list(run, clock, warmup=5, runs=30):
    [run() for _ in range(warmup)]
    times = sorted(spans(run, clock, runs))
    return (times[(runs - 1) // 2] + times[runs // 2]) / 2


def right_latency_differences(run, clock, warmup=5, runs=30):
    readings = []
    for call in range(warmup + runs):
        if call == warmup:
            readings.append(clock())
        run()
        if call >= warmup:
            readings.append(clock())
    return np.median(np.diff(readings))


def right_latency_quantile(run, clock, warmup=5, runs=30):
    for _ in range(warmup):
        run()
    return torch.tensor(spans(run, clock, runs), dtype=torch.float64).quantile(0.5)


# ---- sensitivity


def zero_smallest(weight, count):
    order = weight.detach().abs().flatten().argsort()
    mask = torch.ones(weight.numel(), dtype=torch.bool)
    mask[order[:count]] = False
    with torch.no_grad():
        weight.masked_fill_(~mask.view(weight.shape), 0)


def scan_never_restored(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    found = []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    return found


def scan_alias(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense = model.state_dict()  # points to the live weights
    found = []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
        model.load_state_dict(dense)
    return found


def scan_restored_in_the_end(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense, found = weight.detach().clone(), []
    for sparsity in sparsities:
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    weight.data.copy_(dense)
    return found


def scan_of_the_rest(model, layer, sparsities, evaluate):
    weight = model.get_submodule(layer).weight
    dense, found = weight.detach().clone(), []
    for sparsity in sparsities:
        left = int(torch.count_nonzero(weight))
        zero_smallest(weight, weight.numel() - left + round(sparsity * left))
        found.append(evaluate(model))
    weight.data.copy_(dense)
    return found


def scan_everything(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for module in pruned:
            zero_smallest(module.weight, round(sparsity * module.weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_by_prefix(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for name, parameter in pruned.named_parameters():
            if name.startswith(layer) and name.endswith("weight"):
                zero_smallest(parameter, round(sparsity * parameter.numel()))
        found.append(evaluate(pruned))
    return found


def scan_bias_too(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        for parameter in pruned.get_submodule(layer).parameters():
            zero_smallest(parameter, round(sparsity * parameter.numel()))
        found.append(evaluate(pruned))
    return found


def scan_largest(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        order = weight.detach().abs().flatten().argsort(descending=True)
        weight.data.view(-1)[order[: round(sparsity * weight.numel())]] = 0
        found.append(evaluate(pruned))
    return found


def scan_signed(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        order = weight.detach().flatten().argsort()
        weight.data.view(-1)[order[: round(sparsity * weight.numel())]] = 0
        found.append(evaluate(pruned))
    return found


def scan_truncated(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, int(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_quantile(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight.data
        weight[weight.abs() < weight.abs().flatten().quantile(sparsity)] = 0
        found.append(evaluate(pruned))
    return found


def scan_threshold(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight.data
        count = round(sparsity * weight.numel())
        if count:
            weight[weight.abs() <= weight.abs().flatten().kthvalue(count).values] = 0
        found.append(evaluate(pruned))
    return found


def scan_density(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, weight.numel() - round(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def scan_dense_evaluated(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(model))
    return found


def scan_losses(model, layer, sparsities, evaluate):
    before = evaluate(model)
    return [before - after for after in right_scan_copies(model, layer, sparsities, evaluate)]


def scan_first_only(model, layer, sparsities, evaluate):
    for sparsity in sparsities:
        return right_scan_copies(model, layer, [sparsity], evaluate)
    return []


def right_scan_copies(model, layer, sparsities, evaluate):
    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        weight = pruned.get_submodule(layer).weight
        zero_smallest(weight, round(sparsity * weight.numel()))
        found.append(evaluate(pruned))
    return found


def right_scan_state_dict(model, layer, sparsities, evaluate):
    dense, found = copy.deepcopy(model.state_dict()), {}
    for sparsity in sparsities:
        weight = model.get_parameter(f"{layer}.weight")
        zero_smallest(weight, round(sparsity * weight.numel()))
        found[sparsity] = evaluate(model)
        model.load_state_dict(dense)
    return list(found.values())


def right_scan_torch_prune(model, layer, sparsities, evaluate):
    from torch.nn.utils import prune

    found = []
    for sparsity in sparsities:
        pruned = copy.deepcopy(model)
        module = pruned.get_submodule(layer)
        prune.l1_unstructured(module, "weight", amount=round(sparsity * module.weight.numel()))
        prune.remove(module, "weight")
        found.append(evaluate(pruned))
    return torch.tensor(found, dtype=torch.float64)


WRONG = {
    "apply_masks": {
        "a product": (masks_product, "multiplied by the mask"),
        "a product, through .data": (masks_product_of_data, "multiplied by the mask"),
        "fills where the mask is True": (masks_fills_the_kept, "inverted mask"),
        "masked_fill without the underscore": (masks_out_of_place, "changes nothing"),
        "works on a copy and returns it": (masks_of_a_copy, "changes nothing"),
        "asks every parameter for a mask": (masks_for_every_parameter, "a parameter that is not named"),
        "sets unnamed parameters to zero": (masks_unnamed_to_zero, "a parameter that is not named"),
        "forgets biases": (masks_weights_only, "weights only"),
        "no no_grad": (masks_recording_gradients, "autograd in the way"),
        "scales the survivors up, as dropout does": (masks_dropout, ""),
        "only the first mask": (masks_one_layer_for_all, ""),
        "inverts the caller's masks": (masks_changed_in_place, ""),
    },
    "conv_macs": {
        "FLOPs": (macs_flops, "FLOPs for MACs"),
        "parameters": (macs_parameters, "parameters for MACs"),
        "positions of the input": (macs_of_the_input, "positions of the input"),
        "padding on one side": (macs_one_sided, "padding on one side"),
        "no padding": (macs_without_padding, "padding ignored"),
        "no stride": (macs_without_stride, "stride ignored"),
        "+ 1 forgotten": (macs_without_the_one, "one position missing"),
        "/ for //": (macs_true_division, "fractions of a position"),
        "rounded up": (macs_rounded, "rounded up"),
        "no groups": (macs_without_groups, "groups ignored"),
        "groups twice": (macs_groups_twice, "groups counted twice"),
        "kernel once": (macs_kernel_row, "kernel not squared"),
        "one channel": (macs_one_channel, "input channels forgotten"),
        "with the bias": (macs_with_bias, "bias counted"),
        "square images": (macs_square, "square images only"),
        "no return": (macs_no_return, "hard-coded result"),
    },
    "bytes_on_disk": {
        "bits": (bytes_in_bits, "bits for bytes"),
        "float32 taken for granted": (bytes_of_float32, "four bytes always"),
        "values without a bitmap": (bytes_without_bitmap, "bitmap forgotten"),
        "the bool tensor for a bitmap": (bytes_bool_mask, "a byte for each bit"),
        "bitmap rounded down": (bytes_rounded_down, "bitmap rounded down"),
        "bitmap not rounded": (bytes_unrounded, "fractions of a byte"),
        "dense without zeros": (bytes_dense_of_values, "zeros cost nothing"),
        "zeros stored": (bytes_zeros_counted, "counts the zeros"),
        "32-bit indices": (bytes_with_indices, "an index for a bit"),
        "gzip of the printed numbers": (bytes_gzip_of_text, "gzip of a text"),
        "gzip of the values alone": (bytes_gzip_of_values, "zeros left out before gzip"),
        "the compressed bytes, not their number": (bytes_gzip_itself, ""),
        "the sum of all": (bytes_only_the_sum, ""),
        "kilobytes": (bytes_in_kilobytes, ""),
        "positive values only": (bytes_positive_values, ""),
    },
    "latency": {
        "mean": (latency_mean, "mean for median"),
        "one clock around the loop": (latency_of_the_loop, "mean for median"),
        "no warm-up": (latency_cold, "no warm-up"),
        "warm-up timed": (latency_warmup_timed, "warm-up counted"),
        "warm-up taken from the runs": (latency_warmup_of_runs, "warm-up taken from the runs"),
        "torch.median": (latency_torch_median, "lower of the two in the middle"),
        "sorted()[n // 2]": (latency_upper_middle, "lower of the two in the middle"),
        "the middle of the unsorted list": (latency_unsorted, "not sorted"),
        "the last run": (latency_once, "a single run"),
        "the fastest": (latency_fastest, "fastest run"),
        "one start for all": (latency_one_start, "clock not set back"),
        "the clock read after the run": (latency_after_the_run, "times nothing"),
        "milliseconds": (latency_in_milliseconds, "milliseconds"),
        "one call too many": (latency_one_run_too_many, ""),
    },
    "sensitivity": {
        "never restored": (scan_never_restored, "not restored"),
        "state_dict without a copy": (scan_alias, "not restored"),
        "restored in the end only": (scan_restored_in_the_end, "restored at the end only"),
        "shares of what remains": (scan_of_the_rest, "share of what remains"),
        "all layers": (scan_everything, "all layers pruned"),
        "every name that begins so": (scan_by_prefix, "other layers too"),
        "the bias as well": (scan_bias_too, "bias pruned"),
        "largest first": (scan_largest, "largest pruned"),
        "no abs": (scan_signed, "no absolute value"),
        "int for round": (scan_truncated, "int for round"),
        "a quantile": (scan_quantile, ""),
        "kthvalue and <=": (scan_threshold, "ties"),
        "density": (scan_density, "density for sparsity"),
        "the dense model evaluated": (scan_dense_evaluated, "evaluated too early"),
        "losses": (scan_losses, "losses for values"),
        "returns in the loop": (scan_first_only, ""),
    },
}
RIGHT = {
    "apply_masks": {
        "indexing through .data": right_masks_indexing,
        "torch.where, and returns the model": right_masks_where,
        "through the state dict": right_masks_state_dict,
    },
    "conv_macs": {"asks a real convolution": right_macs_counted, "counts positions with range": right_macs_float},
    "bytes_on_disk": {
        "nbytes": right_bytes,
        "NumPy's packbits, another level of gzip": right_bytes_numpy,
        "tensors for numbers": right_bytes_tensors,
    },
    "latency": {
        "sorted by hand": right_latency_list,
        "differences of readings": right_latency_differences,
        "torch.quantile": right_latency_quantile,
    },
    "sensitivity": {
        "a copy for each sparsity": right_scan_copies,
        "restored from a copied state dict": right_scan_state_dict,
        "torch.nn.utils.prune": right_scan_torch_prune,
    },
}
