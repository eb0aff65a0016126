"""What the layers of a network are to its units: who makes them, who passes them on, who mixes them."""

from __future__ import annotations

from collections import Counter

from torch import nn

ACTIVATIONS = (
    nn.ReLU, nn.ReLU6, nn.RReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
    nn.Hardswish, nn.Hardsigmoid, nn.Hardtanh, nn.Tanh, nn.Sigmoid, nn.LogSigmoid, nn.Softsign, nn.Tanhshrink, nn.Hardshrink,
    nn.Softshrink, nn.Threshold,
)  # fmt: skip
BATCH_NORMS = (nn.modules.batchnorm._BatchNorm,)
NORMS = (*BATCH_NORMS, nn.modules.instancenorm._InstanceNorm)
CONVS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
LAYERS = (*CONVS, nn.Linear)  # their outputs are units


def is_depthwise(module: nn.Module) -> bool:
    """Return whether the module is a convolution that reads each channel with one filter of its own."""
    return isinstance(module, CONVS) and module.groups == module.in_channels == module.out_channels > 1


def obstacles(model: nn.Module) -> dict[nn.Module, str]:
    """Return the modules through which single units cannot be followed, each with the clause that says what it is."""
    found: dict[nn.Module, str] = {}
    shared = Counter(id(p) for module in model.modules() for p in module._parameters.values() if p is not None)
    for module in model.modules():
        own = [parameter for parameter in module._parameters.values() if parameter is not None]
        kind = type(module).__name__
        if any(shared[id(parameter)] > 1 for parameter in own):
            found[module] = f"a {kind} that shares its weight with another layer"
        elif isinstance(module, CONVS) and module.groups > 1 and not is_depthwise(module):
            found[module] = "a grouped convolution"
        elif isinstance(module, (nn.MultiheadAttention, nn.RNNBase)):
            found[module] = f"a {kind}"
        elif isinstance(module, (*LAYERS, *NORMS)) or any(True for _ in module.children()):
            continue
        elif sum(parameter.numel() for parameter in own) > 1:
            found[module] = f"a {kind}"
    return found
