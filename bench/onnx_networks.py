"""The published sizes of some families with random weights, as ONNX files: onnx_networks.py FOLDER

WeSpeaker's ResNet34 (6.6 million weights) and ECAPA-TDNN of 512 channels (6.2 million), 3D-Speaker's CAM++ (7.2 million), as
PyTorch's exporter writes them. Needs torch and onnxruntime, as tests/network/make_onnx_golden.py, whose descriptions these are."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tests/network"))
import torch
from torch import nn

import make_onnx_golden as golden


class ResNet34(golden.ResNet):
    def __init__(self):
        super().__init__(channels=32, dim=256)
        blocks, channels = [], 32
        for i, count in enumerate((3, 4, 6, 3)):
            for b in range(count):
                first = i > 0 and b == 0
                blocks.append(golden.BasicBlock(channels // 2 if first else channels, channels, 2 if first else 1))
            channels *= 2
        self.blocks = nn.Sequential(*blocks)


def ecapa():
    network = golden.Ecapa(channels=512, pooled=1536, dim=192)
    for block, dilation in zip(network.blocks, (2, 3, 4)):
        block.res2 = golden.Res2Conv(512, dilation, scale=8)
        block.se = golden.SqueezeExcitation(512, 128)
    network.hidden, network.weights = nn.Conv1d(3 * 1536, 128, 1), nn.Conv1d(128, 1536, 1)
    return network


NETWORKS = {"resnet34": ResNet34, "ecapa512": ecapa,
            "campplus": lambda: golden.CampPlus(32, 128, (12, 24, 16), 128, 32, 192)}

for name, make in NETWORKS.items():
    torch.manual_seed(1)
    network = golden.randomize(golden.Transposed(make()), name)
    path = os.path.join(sys.argv[1], name + ".onnx")
    torch.onnx.export(network, golden.features(200).T.unsqueeze(0), path, input_names=["feats"],
                      output_names=["embs"], dynamic_axes={"feats": {0: "batch", 1: "frames"}, "embs": {0: "batch"}},
                      opset_version=17, dynamo=False)
    print(path, sum(p.numel() for p in network.parameters()), "weights")
