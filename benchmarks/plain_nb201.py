"""The network of a NAS-Bench-201 cell and a training loop, as a tutorial would write them in plain torch."""

import torch
from torch import nn

EDGES = ((0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3))


def relu_conv_bn(c_in, c_out, kernel, stride=1):
    """Build the ReLU-convolution-batch norm operation of the benchmark."""
    convolution = nn.Conv2d(c_in, c_out, kernel, stride=stride, padding=kernel // 2, bias=False)
    return nn.Sequential(nn.ReLU(), convolution, nn.BatchNorm2d(c_out))


class Cell(nn.Module):
    """A cell of four nodes; unused nodes are computed too."""

    def __init__(self, digits, c):
        super().__init__()
        made = {
            1: nn.Identity,
            2: lambda: relu_conv_bn(c, c, 1),
            3: lambda: relu_conv_bn(c, c, 3),
            4: lambda: nn.AvgPool2d(3, stride=1, padding=1, count_include_pad=False),
        }
        self.ends = [edge for edge, digit in zip(EDGES, digits, strict=True) if digit]
        self.operations = nn.ModuleList(made[digit]() for digit in digits if digit)

    def forward(self, x):
        nodes = {0: x}
        for (source, target), operation in zip(self.ends, self.operations, strict=True):
            value = operation(nodes[source])
            nodes[target] = nodes[target] + value if target in nodes else value
        return nodes[3]


class Block(nn.Module):
    """Residual block that halves the resolution."""

    def __init__(self, c_in, c_out):
        super().__init__()
        self.main = nn.Sequential(relu_conv_bn(c_in, c_out, 3, 2), relu_conv_bn(c_out, c_out, 3))
        self.side = nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(c_in, c_out, 1, bias=False))

    def forward(self, x):
        return self.main(x) + self.side(x)


def network(digits, channels=16, n_cells=5, n_classes=10):
    """Build three stages of cells in which no node is empty."""
    layers = [nn.Conv2d(3, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
    for stage in range(3):
        width = channels * 2**stage
        layers += [Block(width // 2, width)] if stage else []
        layers += [Cell(digits, width) for _ in range(n_cells)]
    last = [nn.BatchNorm2d(4 * channels), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()]
    return nn.Sequential(*layers, *last, nn.Linear(4 * channels, n_classes))


def epoch(net, optimiser, loader, device):
    """Train one epoch with the stock loop and return the mean loss."""
    net.train()
    total = 0.0
    for images, labels in loader:
        optimiser.zero_grad()
        loss = nn.functional.cross_entropy(net(images.to(device)), labels.to(device))
        loss.backward()
        optimiser.step()
        total += loss.item() * len(labels)
    return total / len(loader.dataset)


def loader_of(images, labels, batch_size):
    """Return a loader of normalised images in memory, shuffled, without augmentation."""
    pixels = torch.from_numpy(images).float()
    pixels = (pixels - pixels.mean(dim=(0, 2, 3), keepdim=True)) / pixels.std(dim=(0, 2, 3), keepdim=True)
    data = torch.utils.data.TensorDataset(pixels, torch.from_numpy(labels))
    return torch.utils.data.DataLoader(data, batch_size=batch_size, shuffle=True)
