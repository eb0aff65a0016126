"""Small networks of the kinds that people post in forums and trackers, each with what is expected of it.

Where a tracker is named, the network has the shape of the one in that report; none is anybody's code.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """A network and what is expected of it.

    free: its groups, such as "c1+f2 f1" for two groups of which the first couples two layers. whole: layer -> words of the
    reason why its outputs stay whole. shape: of the images.
    """

    make: Callable[[], nn.Module]
    free: str
    whole: Mapping[str, str] = field(default_factory=dict)
    shape: tuple[int, int, int] = (3, 16, 16)


class Net(nn.Module):
    """A network of named layers whose forward pass is a function of it and the images."""

    def __init__(self, run: Callable[[Net, Tensor], Tensor], **layers: nn.Module | nn.Parameter) -> None:
        super().__init__()
        self.run = run
        for name, layer in layers.items():
            setattr(self, name, layer)

    def forward(self, x: Tensor) -> Tensor:
        """(n, *shape) -> (n, 10)."""
        return self.run(self, x)


def conv(inputs: int, outputs: int, size: int = 3, **more: int) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, **{"padding": size // 2, **more})


def pooled(x: Tensor) -> Tensor:
    return x.flatten(2).mean(2)


def between(*layers: nn.Module, channels: int = 16, run: Callable[[Tensor], Tensor] = lambda x: x) -> nn.Module:
    """c1 (16 filters), then `layers` and `run`, then c2 (8 filters), which reads `channels`."""

    def forward(m: Net, x: Tensor) -> Tensor:
        x = run(m.between(m.c1(x)))
        return m.h(pooled(F.relu(m.c2(F.relu(x)))))

    return Net(forward, c1=conv(3, 16), between=nn.Sequential(*layers), c2=conv(channels, 8), h=nn.Linear(8, 10))


def shuffled(x: Tensor) -> Tensor:
    n, c, h, w = x.shape
    return x.view(n, 2, c // 2, h, w).transpose(1, 2).reshape(n, c, h, w)


def tied() -> nn.Module:
    model = Net(
        lambda m, x: m.h(F.relu(m.f4(F.relu(m.f3(F.relu(m.f2(F.relu(m.f1(x.flatten(1)))))))))),
        f1=nn.Linear(768, 32), f2=nn.Linear(32, 32), f3=nn.Linear(32, 32), f4=nn.Linear(32, 12), h=nn.Linear(12, 10),
    )  # fmt: skip
    model.f3.weight = model.f2.weight
    return model


def scaled(run: Callable[[Tensor, Tensor], Tensor]) -> nn.Module:
    return Net(
        lambda m, x: m.h(pooled(F.relu(m.c2(run(F.relu(m.c1(x)), m.g))))),
        c1=conv(3, 16), g=nn.Parameter(torch.rand(16, 1, 1) + 0.5), c2=conv(16, 8), h=nn.Linear(8, 10),
    )  # fmt: skip


def attention(m: Net, x: Tensor) -> Tensor:
    x = m.p(x).flatten(2).transpose(1, 2)
    x = x + m.a(x, x, x, need_weights=False)[0]
    return m.h((x + m.f2(F.relu(m.f1(x)))).mean(1))


def tutorial(flatten: Callable[[Tensor], Tensor]) -> nn.Module:
    return Net(
        lambda m, x: m.fc3(F.relu(m.fc2(F.relu(m.fc1(flatten(m.pool(F.relu(m.conv2(m.pool(F.relu(m.conv1(x)))))))))))),
        conv1=conv(3, 6), pool=nn.MaxPool2d(2), conv2=conv(6, 16), fc1=nn.Linear(256, 30), fc2=nn.Linear(30, 20),
        fc3=nn.Linear(20, 10),
    )  # fmt: skip


def residual(m: Net, x: Tensor) -> Tensor:
    x = F.relu(m.b0(m.c0(x)))
    return m.h(pooled(F.relu(m.b2(m.c2(F.relu(m.b1(m.c1(x))))) + x)))


def padded(m: Net, x: Tensor) -> Tensor:
    x = F.relu(m.b0(m.c0(x)))
    shortcut = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 4, 4))
    return m.h(pooled(F.relu(m.b2(m.c2(F.relu(m.b1(m.c1(x))))) + shortcut)))


def cut_in_two(parts: Callable[[Tensor], tuple[Tensor, ...]], first: int) -> nn.Module:
    def forward(m: Net, x: Tensor) -> Tensor:
        a, b = parts(F.relu(m.b(m.c1(x))))
        return m.h(pooled(F.relu(m.ca(a) + m.cb(b))))

    return Net(forward, c1=conv(3, 16), b=nn.BatchNorm2d(16), ca=conv(first, 8), cb=conv(16 - first, 8), h=nn.Linear(8, 10))


def _cases() -> dict[str, Case]:
    d = 3 * 16 * 16
    flat, relu, cat = (lambda x: x.flatten(1)), F.relu, torch.cat
    return {
        # plain, but written by hand
        "tutorial": Case(lambda: tutorial(lambda x: x.view(x.size(0), -1)), "conv1 conv2 fc1 fc2"),
        "tutorial, fixed size": Case(  # the older PyTorch tutorial: view(-1, 400)
            lambda: tutorial(lambda x: x.reshape(-1, 256)), "conv1 fc1 fc2", {"conv2": "the outputs would change|fails"}
        ),
        "flatten a convolution": Case(  # Torch-Pruning#50
            lambda: Net(
                lambda m, x: m.h(relu(m.f(flat(relu(m.c(x)))))), c=conv(3, 4), f=nn.Linear(1024, 8), h=nn.Linear(8, 10)
            ),
            "c f",
        ),
        "flatten channels last": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.f(relu(m.c(x)).permute(0, 2, 3, 1).reshape(len(x), -1)))),
                c=conv(3, 8, 4, stride=4, padding=0), f=nn.Linear(128, 16), h=nn.Linear(16, 10),
            ),
            "c f",
        ),
        "one output": Case(  # Torch-Pruning#179
            lambda: Net(
                lambda m, x: m.h(relu(m.f(flat(relu(m.b(m.c2(relu(m.c1(x))))))))),
                c1=conv(3, 8), c2=conv(8, 1), b=nn.BatchNorm2d(1), f=nn.Linear(256, 12), h=nn.Linear(12, 10),
            ),
            "c1 c2 f",
        ),
        "grey": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c1(relu(m.c0(x)))))), c0=conv(1, 1), c1=conv(1, 8), h=nn.Linear(8, 10)
            ),
            "c0 c1", shape=(1, 16, 16),
        ),
        "convolutional head": Case(
            lambda: Net(lambda m, x: pooled(m.c2(relu(m.c(x)))), c=conv(3, 16), c2=conv(16, 10, 1)), "c"
        ),
        "a layer that is not used": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c2(relu(m.c(x)))))),
                c=conv(3, 16), old=nn.Linear(5, 5), c2=conv(16, 8), h=nn.Linear(8, 10),
            ),
            "c c2",
        ),
        "Conv1d": Case(  # Torch-Pruning#451
            lambda: Net(
                lambda m, x: m.h(relu(m.d(flat(relu(m.c2(relu(m.c1(x.flatten(2))))))))),
                c1=nn.Conv1d(3, 16, 3), c2=nn.Conv1d(16, 8, 3), d=nn.Linear(2016, 12), h=nn.Linear(12, 10),
            ),
            "c1 c2 d",
        ),
        "Conv3d": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.b(m.c2(relu(m.c1(x.unsqueeze(2)))))))),
                c1=nn.Conv3d(3, 8, (1, 3, 3)), c2=nn.Conv3d(8, 6, (1, 3, 3)), b=nn.BatchNorm3d(6), h=nn.Linear(6, 10),
            ),
            "c1 c2",
        ),
        # sums and concatenations
        "residual": Case(
            lambda: Net(
                residual, c0=conv(3, 8), b0=nn.BatchNorm2d(8), c1=conv(8, 12), b1=nn.BatchNorm2d(12), c2=conv(12, 8),
                b2=nn.BatchNorm2d(8), h=nn.Linear(8, 10),
            ),
            "c0+c2 c1",
        ),
        "padded shortcut": Case(  # Torch-Pruning#64: option A of the ResNets for CIFAR
            lambda: Net(
                padded, c0=conv(3, 8), b0=nn.BatchNorm2d(8), c1=conv(8, 16, stride=2), b1=nn.BatchNorm2d(16),
                c2=conv(16, 16), b2=nn.BatchNorm2d(16), h=nn.Linear(16, 10),
            ),
            "c1", {"c0": "cannot be told apart where layer h reads them", "c2": "forward pass fails"},
        ),
        "concatenated with itself": Case(  # Torch-Pruning#146
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c3((lambda y: cat([y, y], 1))(relu(m.c2(relu(m.c1(x)))))))) ),
                c1=conv(3, 8, 1), c2=conv(8, 8, 1), c3=conv(16, 8, 1), h=nn.Linear(8, 10),
            ),
            "c1 c2 c3",
        ),
        "wide and deep": Case(  # Torch-Pruning#481
            lambda: Net(
                lambda m, x: m.h(cat([m.w(flat(x)), relu(m.a2(relu(m.ab(m.a(flat(x))))))], 1)),
                a=nn.Linear(d, 32), ab=nn.BatchNorm1d(32), a2=nn.Linear(32, 16), w=nn.Linear(d, 12), h=nn.Linear(28, 10),
            ),
            "w a a2",
        ),
        "two pools": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.f(cat([pooled(relu(m.c1(x))), relu(m.c1(x)).amax((2, 3))], 1)))),
                c1=conv(3, 8), f=nn.Linear(16, 12), h=nn.Linear(12, 10),
            ),
            "c1 f",
        ),
        "norm over a concatenation": Case(  # fast.ai's AdaptiveConcatPool
            lambda: Net(
                lambda m, x: m.h(relu(m.f(m.n(cat([pooled(relu(m.c1(x))), relu(m.c1(x)).amax((2, 3))], 1))))),
                c1=conv(3, 8), n=nn.BatchNorm1d(16), f=nn.Linear(16, 12), h=nn.Linear(12, 10),
            ),
            "f", {"c1": "layer n has 16 channels"},
        ),
        "norm behind flatten": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.l(m.b(flat(relu(m.c(x))))))),
                c=conv(3, 8, stride=4), b=nn.BatchNorm1d(128), l=nn.Linear(128, 16), h=nn.Linear(16, 10),
            ),
            "l", {"c": "layer b has 128 channels"},
        ),
        "auxiliary head": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c2(relu(m.c1(x)))))) + m.aux(pooled(relu(m.c1(x)))),
                c1=conv(3, 8), c2=conv(8, 8), h=nn.Linear(8, 10), aux=nn.Linear(8, 10),
            ),
            "c1 c2",
        ),
        "two heads": Case(
            lambda: Net(
                lambda m, x: (m.h1(pooled(relu(m.c(x)))) + m.h2(pooled(relu(m.c(x))))) / 2,
                c=conv(3, 16), h1=nn.Linear(16, 10), h2=nn.Linear(16, 10),
            ),
            "c",
        ),
        # one layer in several places
        "one convolution twice": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c(relu(m.c(relu(m.c0(x)))))))),
                c0=conv(3, 8), c=conv(8, 8), h=nn.Linear(8, 10),
            ),
            "c0+c",
        ),
        "one norm twice": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.b(m.c(relu(m.b(m.c0(x)))))))),
                c0=conv(3, 8), c=conv(8, 8), b=nn.BatchNorm2d(8), h=nn.Linear(8, 10),
            ),
            "c0+c",
        ),
        "a trunk twice": Case(  # tfmot#270
            lambda: Net(
                lambda m, x: m.h(relu(m.f(cat([pooled(m.t(x)), pooled(m.t(x.flip(3)))], 1)))),
                t=nn.Sequential(conv(3, 8), nn.ReLU(), conv(8, 8), nn.ReLU()), f=nn.Linear(16, 12), h=nn.Linear(12, 10),
            ),
            "t.0 t.2 f",
        ),
        "one weight for two layers": Case(
            tied, "f4", {"f1": "layer f2, which reads it, is a Linear that shares its weight"}
        ),
        "a decoder with the encoder's weight": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.c(F.linear(relu(m.e(flat(x))), m.e.weight.t())))),
                e=nn.Linear(d, 32), c=nn.Linear(d, 16), h=nn.Linear(16, 10),
            ),
            "c", {"e": "cannot be told apart where layer c reads them"},
        ),
        # what changes places, or mixes
        "channel shuffle": Case(  # Torch-Pruning#14
            lambda: between(run=shuffled), "c2", {"c1": r"outputs would change with fewer units \(there is Transpose"}
        ),
        "roll": Case(
            lambda: between(run=lambda x: x.roll(3, 1)), "c2", {"c1": r"would change with fewer units \(there is Roll"}
        ),
        "index": Case(
            lambda: between(run=lambda x: x[:, [*range(15, -1, -1)]]), "c2", {"c1": "forward pass fails|outputs would"}
        ),
        "pixel shuffle": Case(  # Torch-Pruning#420
            lambda: between(nn.PixelShuffle(2), channels=4), "c2", {"c1": "told apart where layer c2.*PixelShuffle"}
        ),
        "GLU": Case(lambda: between(nn.GLU(1), channels=8), "c2", {"c1": "cannot be told apart.*Glu"}),  # Torch-Pruning#366
        "softmax over channels": Case(lambda: between(nn.Softmax(1)), "c2", {"c1": "cannot be told apart.*Softmax"}),
        "local response norm": Case(lambda: between(nn.LocalResponseNorm(5)), "c2", {"c1": "cannot be told apart"}),
        "chunk": Case(  # nni#5416
            lambda: cut_in_two(lambda x: x.chunk(2, 1), 8), "ca+cb", {"c1": "do not all reach layer c"}
        ),
        "split": Case(
            lambda: cut_in_two(lambda x: x.split([4, 12], 1), 4), "ca+cb", {"c1": "do not all reach layer c"}
        ),
        "slice": Case(
            lambda: between(channels=8, run=lambda x: x[:, :8]), "c2", {"c1": "do not all reach layer c2.*Slice"}
        ),
        # gates and parameters
        "squeeze and excite": Case(  # nni#4720
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c2(
                    relu(m.c1(x)) * torch.sigmoid(m.f2(relu(m.f1(pooled(relu(m.c1(x)))))))[:, :, None, None]
                )))),
                c1=conv(3, 16), f1=nn.Linear(16, 4), f2=nn.Linear(4, 16), c2=conv(16, 8), h=nn.Linear(8, 10),
            ),
            "c1+f2 f1 c2",
        ),
        "a gate of one channel": Case(  # Torch-Pruning#510
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c2(torch.sigmoid(m.g(x)) * relu(m.c1(x)))))),
                c1=conv(3, 16), g=conv(3, 1), c2=conv(16, 8), h=nn.Linear(8, 10),
            ),
            "c1 c2", {"g": "cannot be told apart"},
        ),
        "a scale for each channel": Case(  # Torch-Pruning#167
            lambda: scaled(lambda x, g: x * g), "c2", {"c1": "forward pass fails with fewer units"}
        ),
        "an offset for each channel": Case(
            lambda: scaled(lambda x, g: x + g), "c2", {"c1": "forward pass fails with fewer units"}
        ),
        "PReLU": Case(lambda: between(nn.PReLU()), "c1 c2"),  # distiller#409
        "PReLU for each channel": Case(lambda: between(nn.PReLU(16)), "c2", {"c1": "layer between.0, .* is a PReLU"}),
        # norms
        "batch statistics": Case(lambda: between(nn.BatchNorm2d(16, track_running_stats=False)), "c1 c2"),  # T-P#466
        "BatchNorm without gamma": Case(lambda: between(nn.BatchNorm2d(16, affine=False)), "c1 c2"),
        "BatchNorm of the input": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.c(m.b(x))))), b=nn.BatchNorm2d(3), c=conv(3, 8), h=nn.Linear(8, 10)
            ),
            "c",
        ),
        "GroupNorm": Case(lambda: between(nn.GroupNorm(4, 16)), "c2", {"c1": "layer between.0, .* is a GroupNorm"}),
        "InstanceNorm": Case(lambda: between(nn.InstanceNorm2d(16, affine=True)), "c1 c2"),
        "LayerNorm": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.f2(relu(m.n(m.f1(flat(x))))))),
                f1=nn.Linear(d, 32), n=nn.LayerNorm(32), f2=nn.Linear(32, 16), h=nn.Linear(16, 10),
            ),
            "f2", {"f1": "layer n, .* is a LayerNorm"},
        ),
        # other layers
        "depthwise separable": Case(
            lambda: Net(
                lambda m, x: m.h(pooled(relu(m.p(relu(m.n(m.d(relu(m.c(x))))))))),
                c=conv(3, 16), d=conv(16, 16, groups=16), n=nn.BatchNorm2d(16), p=conv(16, 8, 1), h=nn.Linear(8, 10),
            ),
            "c p",
        ),
        "grouped convolution": Case(
            lambda: between(conv(16, 16, groups=4)), "c2", {"c1": "layer between.0, .* is a grouped convolution"}
        ),
        "transposed convolution": Case(  # Torch-Pruning#125
            lambda: between(nn.ConvTranspose2d(16, 16, 2, 2)), "c2", {"c1": "is a ConvTranspose2d"}
        ),
        "dense layers on pixels": Case(
            lambda: Net(
                lambda m, x: m.h((lambda y: y + m.f2(F.gelu(m.f1(y))))(m.c(x).permute(0, 2, 3, 1)).mean((1, 2))),
                c=conv(3, 16, 4, stride=4, padding=0), f1=nn.Linear(16, 32), f2=nn.Linear(32, 16), h=nn.Linear(16, 10),
            ),
            "c+f2 f1",
        ),
        "attention": Case(
            lambda: Net(
                attention, p=conv(3, 16, 4, stride=4, padding=0), a=nn.MultiheadAttention(16, 4, batch_first=True),
                f1=nn.Linear(16, 32), f2=nn.Linear(32, 16), h=nn.Linear(16, 10),
            ),
            "f1", {"p": "layer a, .* is a MultiheadAttention"},
        ),
        "LSTM": Case(
            lambda: Net(
                lambda m, x: m.h(relu(m.f(m.l(relu(m.c(x)).flatten(2).transpose(1, 2))[0][:, -1]))),
                c=conv(3, 16, 4, stride=4, padding=0), l=nn.LSTM(16, 12, batch_first=True), f=nn.Linear(12, 8),
                h=nn.Linear(8, 10),
            ),
            "f", {"c": "layer l, .* is a LSTM"},
        ),
        "sigmoid": Case(lambda: between(nn.Sigmoid()), "c1 c2"),
    }  # fmt: skip


CASES = _cases()
