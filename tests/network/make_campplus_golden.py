"""Makes data/campplus.pt, the weights of a small CAM++ with random numbers under the names of 3D-Speaker's,
and data/campplus.npy, what it makes of the features() below: make_campplus_golden.py DATA_FOLDER, with
PyTorch 2.15. Written after arXiv 2303.00332 and the names in the published file; the sizes are arguments."""
import sys
from collections import OrderedDict

import numpy
import torch
from torch import nn
from torch.nn import functional as F


def features(frames):
    values, state = [], 1
    for _ in range(80 * frames):
        state = (state * 1103515245 + 12345) % 2**31
        values.append((state >> 16) / 16384 - 1)
    return torch.tensor(values).reshape(80, frames)


def activated(channels, affine=True):
    layers = OrderedDict(batchnorm=nn.BatchNorm1d(channels, affine=affine))
    if affine:
        layers["relu"] = nn.ReLU()
    return nn.Sequential(layers)


class Residual(nn.Module):
    def __init__(self, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, (stride, 1), 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, channels, 1, (stride, 1), bias=False),
                                          nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))
        return F.relu(y + self.shortcut(x))


class Head(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.Sequential(Residual(channels, 2), Residual(channels, 1))
        self.layer2 = nn.Sequential(Residual(channels, 2), Residual(channels, 1))
        self.conv2 = nn.Conv2d(channels, channels, 3, (2, 1), 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        x = self.layer2(self.layer1(F.relu(self.bn1(self.conv1(x.unsqueeze(1))))))
        return F.relu(self.bn2(self.conv2(x))).flatten(1, 2)


class Masked(nn.Module):
    def __init__(self, inner, growth, dilation):
        super().__init__()
        self.linear_local = nn.Conv1d(inner, growth, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(inner, inner // 2, 1)
        self.linear2 = nn.Conv1d(inner // 2, growth, 1)

    def forward(self, x):
        segments = F.avg_pool1d(x, 100, 100, ceil_mode=True)
        segments = segments.unsqueeze(-1).expand(-1, -1, -1, 100).flatten(2)[..., :x.shape[-1]]
        context = x.mean(-1, keepdim=True) + segments
        return self.linear_local(x) * torch.sigmoid(self.linear2(F.relu(self.linear1(context))))


class Dense(nn.Module):
    def __init__(self, channels, inner, growth, dilation):
        super().__init__()
        self.nonlinear1 = activated(channels)
        self.linear1 = nn.Conv1d(channels, inner, 1, bias=False)
        self.nonlinear2 = activated(inner)
        self.cam_layer = Masked(inner, growth, dilation)

    def forward(self, x):
        return torch.cat([x, self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))], 1)


class Statistics(nn.Module):
    def forward(self, x):
        return torch.cat([x.mean(-1), x.std(-1, unbiased=True)], -1)


class Layer(nn.Module):
    def __init__(self, linear, nonlinear, nonlinear_first=False):
        super().__init__()
        self.linear, self.nonlinear, self.nonlinear_first = linear, nonlinear, nonlinear_first

    def forward(self, x):
        if self.nonlinear_first:
            return self.linear(self.nonlinear(x))
        return self.nonlinear(self.linear(x))


class Embedding(Layer):
    def forward(self, x):
        return self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))


class CampPlus(nn.Module):
    def __init__(self, front, channels, layers, inner, growth, dim):
        super().__init__()
        self.head = Head(front)
        parts = OrderedDict(tdnn=Layer(nn.Conv1d(10 * front, channels, 5, 2, 2, bias=False), activated(channels)))
        for b, (count, dilation) in enumerate(zip(layers, (1, 2, 2)), 1):
            block = OrderedDict()
            for i in range(1, count + 1):
                block["tdnnd%d" % i] = Dense(channels, inner, growth, dilation)
                channels += growth
            parts["block%d" % b] = nn.Sequential(block)
            parts["transit%d" % b] = Layer(nn.Conv1d(channels, channels // 2, 1, bias=False), activated(channels),
                                           nonlinear_first=True)
            channels //= 2
        parts["out_nonlinear"] = activated(channels)
        parts["stats"] = Statistics()
        parts["dense"] = Embedding(nn.Conv1d(2 * channels, dim, 1, bias=False), activated(dim, affine=False))
        self.xvector = nn.Sequential(parts)

    def forward(self, x):
        return self.xvector(self.head(x))


def randomize(network, seed):
    """Batch normalisations that have seen something, so that the embedding depends on the input."""
    torch.manual_seed(seed)
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = None  # the mean over all batches
            if module.affine:
                nn.init.uniform_(module.weight, 0.5, 1.5)
                nn.init.normal_(module.bias, 0, 0.2)
    # Some like features of speech, some like features(): even between -1 and 1.
    levels = torch.rand(32, 1, 1) * 3
    inputs = levels * torch.randn(32, 80, 230) + torch.randn(32, 80, 1)
    inputs[::2] = torch.rand(16, 80, 230) * 2 - 1
    with torch.no_grad():
        network.train()(inputs)
    return network.eval()


if __name__ == "__main__":
    torch.manual_seed(1)
    network = randomize(CampPlus(8, 16, (2, 1, 2), 8, 8, 12), 2)
    torch.save(network.state_dict(), sys.argv[1] + "/campplus.pt")
    with torch.no_grad():
        rows = network(features(230).unsqueeze(0))
    numpy.save(sys.argv[1] + "/campplus.npy", rows.numpy().astype("<f4"))
