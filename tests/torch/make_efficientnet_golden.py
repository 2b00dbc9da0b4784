"""Prints the table of efficientnet_test.cc: of torchvision's EfficientNet-B0 with the weights and the picture of
values() below, for every stage and the means over the picture, the mean, the root of the mean square and four
values. python3 make_efficientnet_golden.py, with PyTorch 2.15 and torchvision 0.29."""
import math

import numpy
import torch
import torchvision

MASK = 2**32 - 1


def values(name, count):
    state = 2166136261
    for byte in name.encode():
        state = ((state ^ byte) * 16777619) & MASK
    found = numpy.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) & MASK
        found[i] = state / 2**31 - 1
    return found


network = torchvision.models.efficientnet_b0(weights=None).eval()
norms = {name for name, module in network.named_modules() if isinstance(module, torch.nn.BatchNorm2d)}
state = network.state_dict()
for key, tensor in state.items():
    name, kind = key.rsplit(".", 1)
    if not name.startswith("features") or kind == "num_batches_tracked":
        continue
    drawn = values(key, tensor.numel())
    if name not in norms:
        drawn *= math.sqrt(6 / tensor[0].numel()) if kind == "weight" else 0.1
    else:
        drawn = {"weight": 1, "bias": 0, "running_mean": 0, "running_var": 1}[kind] + 0.3 * drawn
    tensor.copy_(torch.tensor(drawn).reshape(tensor.shape).float())
network.load_state_dict(state)
picture = torch.tensor(values("picture", 3 * 48 * 64)).reshape(1, 3, 48, 64).float()
with torch.no_grad():
    rows, x = [], picture
    for stage in network.features:
        x = stage(x)
        rows.append(x)
    rows.append(network.avgpool(x))
for row in rows:
    flat = row.flatten().double().numpy()
    last = len(flat) - 1
    table = [flat.mean(), math.sqrt((flat**2).mean())] + [flat[k * last // 3] for k in range(4)]
    print("    {" + ", ".join(f"{value:.7g}" for value in table) + "},")
