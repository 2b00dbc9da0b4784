"""Makes data/FAMILY.onnx, small networks of the published families with random weights as PyTorch's exporter writes
them, and data/FAMILY.npy, the embeddings that onnxruntime makes with them of features(T) for T of LENGTHS:
make_onnx_golden.py DATA_FOLDER [FAMILY...], with PyTorch 2.15, onnx 1.23 and onnxruntime 1.32. Written after the
papers (arXiv 1910.12592, 2005.07143, 2303.00332, 2305.12838, 2110.04410) and the interfaces of the published files."""
import sys

import numpy
import onnx
import onnxruntime
import torch
from torch import nn
from torch.nn import functional as F

from make_campplus_golden import CampPlus, features

LENGTHS = (120, 333)


class Transposed(nn.Module):
    """Takes [batch, frames, bands]."""

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, feats):
        return self.network(feats.permute(0, 2, 1))


class BasicBlock(nn.Module):
    def __init__(self, channels, out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, out, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(out)
        self.conv2 = nn.Conv2d(out, out, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        return F.relu(self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))) + self.shortcut(x))


class ResNet(nn.Module):
    """WeSpeaker's: temporal statistics of every band, a mean vector subtracted at the end."""

    def __init__(self, channels=4, dim=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        blocks = []
        for i, (count, stride) in enumerate(((2, 1), (2, 2), (2, 2), (1, 2))):
            for b in range(count):
                blocks.append(BasicBlock(channels if b or i == 0 else channels // 2, channels, 1 if b else stride))
            channels *= 2
        self.blocks = nn.Sequential(*blocks)
        self.embedding = nn.Linear(channels // 2 * 10 * 2, dim)
        self.register_buffer("mean_vec", torch.randn(dim) * 0.1)

    def forward(self, x):
        x = self.blocks(F.relu(self.bn1(self.conv1(x.unsqueeze(1)))))
        mean = x.mean(dim=-1).flatten(start_dim=1)
        deviation = torch.sqrt(torch.var(x, dim=-1) + 1e-7).flatten(start_dim=1)
        return self.embedding(torch.cat((mean, deviation), 1)) - self.mean_vec


class Res2Conv(nn.Module):
    def __init__(self, channels, dilation, scale=4):
        super().__init__()
        self.width = channels // scale
        self.convs = nn.ModuleList(nn.Conv1d(self.width, self.width, 3, padding=dilation, dilation=dilation)
                                   for _ in range(scale - 1))
        self.bns = nn.ModuleList(nn.BatchNorm1d(self.width) for _ in range(scale - 1))

    def forward(self, x):
        out, parts = [], torch.split(x, self.width, 1)
        part = parts[0]
        for i, (conv, bn) in enumerate(zip(self.convs, self.bns)):
            if i > 0:
                part = part + parts[i]
            part = bn(F.relu(conv(part)))
            out.append(part)
        out.append(parts[-1])
        return torch.cat(out, dim=1)


class SqueezeExcitation(nn.Module):
    def __init__(self, channels, inner):
        super().__init__()
        self.linear1 = nn.Linear(channels, inner)
        self.linear2 = nn.Linear(inner, channels)

    def forward(self, x):
        gate = torch.sigmoid(self.linear2(F.relu(self.linear1(x.mean(dim=2)))))
        return x * gate.unsqueeze(2)


class EcapaBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.first, self.bn1 = nn.Conv1d(channels, channels, 1), nn.BatchNorm1d(channels)
        self.res2 = Res2Conv(channels, dilation)
        self.last, self.bn2 = nn.Conv1d(channels, channels, 1), nn.BatchNorm1d(channels)
        self.se = SqueezeExcitation(channels, channels // 2)

    def forward(self, x):
        y = self.res2(self.bn1(F.relu(self.first(x))))
        return x + self.se(self.bn2(F.relu(self.last(y))))


class Ecapa(nn.Module):
    """WeSpeaker's ECAPA-TDNN with global context."""

    def __init__(self, channels=16, pooled=48, dim=16):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv1d(80, channels, 5, padding=2), nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList(EcapaBlock(channels, d) for d in (2, 3, 4))
        self.conv = nn.Conv1d(3 * channels, pooled, 1)
        self.hidden = nn.Conv1d(3 * pooled, 8, 1)
        self.weights = nn.Conv1d(8, pooled, 1)
        self.bn = nn.BatchNorm1d(2 * pooled)
        self.linear = nn.Linear(2 * pooled, dim)

    def forward(self, x):
        x = self.bn1(F.relu(self.conv1(x)))
        outs = []
        for block in self.blocks:
            x = block(x)
            outs.append(x)
        x = F.relu(self.conv(torch.cat(outs, dim=1)))
        mean = torch.mean(x, dim=-1, keepdim=True).expand_as(x)
        deviation = torch.sqrt(torch.var(x, dim=-1, keepdim=True) + 1e-7).expand_as(x)
        alpha = torch.tanh(self.hidden(torch.cat((x, mean, deviation), dim=1)))
        alpha = torch.softmax(self.weights(alpha), dim=2)
        mean = torch.sum(alpha * x, dim=2)
        var = torch.sum(alpha * x**2, dim=2) - mean**2
        return self.linear(self.bn(torch.cat([mean, torch.sqrt(var.clamp(min=1e-7))], dim=1)))


def length_mask(length, frames):
    return (torch.arange(frames, device=length.device, dtype=length.dtype)[None, :] < length[:, None]).unsqueeze(1)


class ReflectConv(nn.Module):
    """SpeechBrain's convolution: reflects at both ends to keep the length."""

    def __init__(self, channels, out, kernel, dilation=1):
        super().__init__()
        self.pad = dilation * (kernel - 1) // 2
        self.conv = nn.Conv1d(channels, out, kernel, dilation=dilation)

    def forward(self, x):
        return self.conv(F.pad(x, (self.pad, self.pad), mode="reflect")) if self.pad else self.conv(x)


class SpeechBrainBlock(nn.Module):
    def __init__(self, channels, dilation):
        super().__init__()
        self.first, self.bn1 = ReflectConv(channels, channels, 1), nn.BatchNorm1d(channels)
        self.width = channels // 4
        self.convs = nn.ModuleList(ReflectConv(self.width, self.width, 3, dilation) for _ in range(3))
        self.bns = nn.ModuleList(nn.BatchNorm1d(self.width) for _ in range(3))
        self.last, self.bn2 = ReflectConv(channels, channels, 1), nn.BatchNorm1d(channels)
        self.se1, self.se2 = nn.Conv1d(channels, 8, 1), nn.Conv1d(8, channels, 1)

    def forward(self, x, length):
        y = self.bn1(F.relu(self.first(x)))
        out = []
        for i, part in enumerate(torch.chunk(y, 4, dim=1)):
            if i == 0:
                last = part
            elif i == 1:
                last = self.bns[0](F.relu(self.convs[0](part)))
            else:
                last = self.bns[i - 1](F.relu(self.convs[i - 1](part + last)))
            out.append(last)
        y = self.bn2(F.relu(self.last(torch.cat(out, dim=1))))
        mask = length_mask(length, y.shape[-1])
        s = (y * mask).sum(dim=2, keepdim=True) / mask.sum(dim=2, keepdim=True)
        return torch.sigmoid(self.se2(F.relu(self.se1(s)))) * y + x


class SpeechBrain(nn.Module):
    """SpeechBrain's ECAPA-TDNN: reflected ends, masks of the length in all means."""

    def __init__(self, channels=16, pooled=48, dim=16):
        super().__init__()
        self.conv1, self.bn1 = ReflectConv(80, channels, 5), nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList(SpeechBrainBlock(channels, d) for d in (2, 3, 4))
        self.mfa, self.mfa_bn = ReflectConv(3 * channels, pooled, 1), nn.BatchNorm1d(pooled)
        self.tdnn, self.tdnn_bn = ReflectConv(3 * pooled, 8, 1), nn.BatchNorm1d(8)
        self.attention = nn.Conv1d(8, pooled, 1)
        self.bn = nn.BatchNorm1d(2 * pooled)
        self.fc = nn.Conv1d(2 * pooled, dim, 1)

    @staticmethod
    def statistics(x, weights, eps=1e-12):
        mean = (weights * x).sum(2)
        return mean, torch.sqrt((weights * (x - mean.unsqueeze(2)).pow(2)).sum(2).clamp(eps))

    def forward(self, feats):
        x = feats.transpose(1, 2)
        frames = x.shape[-1]
        length = torch.ones(x.shape[0], device=x.device) * frames
        x = self.bn1(F.relu(self.conv1(x)))
        outs = []
        for block in self.blocks:
            x = block(x, length)
            outs.append(x)
        x = self.mfa_bn(F.relu(self.mfa(torch.cat(outs, dim=1))))
        mask = length_mask(length, x.shape[-1])
        total = mask.sum(dim=2, keepdim=True).float()
        mean, deviation = self.statistics(x, mask / total)
        mean = mean.unsqueeze(2).repeat(1, 1, x.shape[-1])
        deviation = deviation.unsqueeze(2).repeat(1, 1, x.shape[-1])
        attention = self.attention(torch.tanh(self.tdnn_bn(F.relu(self.tdnn(torch.cat([x, mean, deviation], dim=1))))))
        attention = F.softmax(attention.masked_fill(mask == 0, float("-inf")), dim=2)
        mean, deviation = self.statistics(x, attention)
        return self.fc(self.bn(torch.cat((mean, deviation), dim=1).unsqueeze(2))).transpose(1, 2).squeeze(1)


class FusedAttention(nn.Module):
    """ERes2Net's attentional feature fusion."""

    def __init__(self, channels):
        super().__init__()
        inner = max(channels // 4, 2)
        self.attention = nn.Sequential(nn.Conv2d(2 * channels, inner, 1), nn.BatchNorm2d(inner), nn.SiLU(),
                                       nn.Conv2d(inner, channels, 1), nn.BatchNorm2d(channels))

    def forward(self, x, y):
        gate = 1.0 + torch.tanh(self.attention(torch.cat((x, y), dim=1)))
        return x * gate + y * (2.0 - gate)


class ERes2Block(nn.Module):
    def __init__(self, channels, out, stride, fused):
        super().__init__()
        self.width = out // 2
        self.conv1 = nn.Conv2d(channels, 2 * self.width, 1, stride, bias=False)
        self.bn1 = nn.BatchNorm2d(2 * self.width)
        self.convs = nn.ModuleList(nn.Conv2d(self.width, self.width, 3, 1, 1, bias=False) for _ in range(2))
        self.bns = nn.ModuleList(nn.BatchNorm2d(self.width) for _ in range(2))
        self.fuse = FusedAttention(self.width) if fused else None
        self.conv3 = nn.Conv2d(2 * self.width, out, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out)
        self.shortcut = nn.Sequential()
        if stride != 1 or channels != out:
            self.shortcut = nn.Sequential(nn.Conv2d(channels, out, 1, stride, bias=False), nn.BatchNorm2d(out))
        self.relu = nn.Hardtanh(0, 20)

    def forward(self, x):
        parts = torch.split(self.relu(self.bn1(self.conv1(x))), self.width, 1)
        for i in range(2):
            if i == 0:
                part = parts[0]
            else:
                part = self.fuse(part, parts[1]) if self.fuse else part + parts[1]
            part = self.relu(self.bns[i](self.convs[i](part)))
            out = part if i == 0 else torch.cat((out, part), 1)
        return self.relu(self.bn3(self.conv3(out)) + self.shortcut(x))


class ERes2Net(nn.Module):
    """3D-Speaker's ERes2Net: clipped ReLU, fusion within blocks and of stages."""

    def __init__(self, channels=4, dim=16):
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = ERes2Block(channels, 2 * channels, 1, False)
        self.layer2 = ERes2Block(2 * channels, 4 * channels, 2, False)
        self.layer3 = ERes2Block(4 * channels, 8 * channels, 2, True)
        self.down1 = nn.Conv2d(2 * channels, 4 * channels, 3, 2, 1, bias=False)
        self.down2 = nn.Conv2d(4 * channels, 8 * channels, 3, 2, 1, bias=False)
        self.fuse12, self.fuse123 = FusedAttention(4 * channels), FusedAttention(8 * channels)
        self.seg_1 = nn.Linear(8 * channels * 20 * 2, dim)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x.permute(0, 2, 1).unsqueeze(1))))
        out1 = self.layer1(x)
        out2 = self.layer2(out1)
        out3 = self.layer3(out2)
        x = self.fuse123(out3, self.down2(self.fuse12(out2, self.down1(out1))))
        mean = x.mean(dim=-1).flatten(start_dim=1)
        deviation = torch.sqrt(torch.var(x, dim=-1) + 1e-8).flatten(start_dim=1)
        return self.seg_1(torch.cat((mean, deviation), 1))


class MaskedConv(nn.Module):
    """NeMo's: what lies behind the length is set to zero before every convolution."""

    def __init__(self, channels, out, kernel, groups=1):
        super().__init__()
        self.conv = nn.Conv1d(channels, out, kernel, padding=kernel // 2, groups=groups, bias=False)

    def forward(self, x, length):
        mask = torch.arange(x.size(2), device=x.device).unsqueeze(0) < length.unsqueeze(1)
        return self.conv(x.masked_fill(~mask.unsqueeze(1), 0))


class TitaNetBlock(nn.Module):
    def __init__(self, channels, out, kernel, repeat, residual):
        super().__init__()
        layers = []
        for i in range(repeat):
            layers.append(nn.ModuleList([MaskedConv(channels if i == 0 else out, channels if i == 0 else out, kernel,
                                                    channels if i == 0 else out),
                                         MaskedConv(channels if i == 0 else out, out, 1), nn.BatchNorm1d(out)]))
        self.layers = nn.ModuleList(layers)
        self.se = nn.Sequential(nn.Linear(out, out // 4, bias=False), nn.ReLU(), nn.Linear(out // 4, out, bias=False))
        self.residual = nn.ModuleList([MaskedConv(channels, out, 1), nn.BatchNorm1d(out)]) if residual else None

    def forward(self, x, length):
        y = x
        for i, (depth, point, bn) in enumerate(self.layers):
            y = bn(point(depth(y, length), length))
            if i + 1 < len(self.layers):
                y = F.relu(y)
        mask = (torch.arange(y.size(2), device=y.device).unsqueeze(0) < length.unsqueeze(1)).unsqueeze(1).to(y.dtype)
        mean = (y * mask).sum(dim=-1, keepdim=True) / mask.sum(dim=-1, keepdim=True)
        y = y * torch.sigmoid(self.se(mean.transpose(1, 2)).transpose(1, 2))
        if self.residual is not None:
            y = y + self.residual[1](self.residual[0](x, length))
        return F.relu(y)


class TitaNet(nn.Module):
    """NeMo's TitaNet: two outputs, logits and embeddings, of features and their length."""

    def __init__(self, channels=16, pooled=24, dim=16, classes=5):
        super().__init__()
        self.blocks = nn.ModuleList([TitaNetBlock(80, channels, 3, 1, False), TitaNetBlock(channels, channels, 7, 3, True),
                                     TitaNetBlock(channels, channels, 11, 3, True), TitaNetBlock(channels, pooled, 1, 1, False)])
        self.tdnn = nn.ModuleList([nn.Conv1d(3 * pooled, 8, 1), nn.BatchNorm1d(8)])
        self.attention = nn.Conv1d(8, pooled, 1)
        self.emb = nn.Sequential(nn.BatchNorm1d(2 * pooled), nn.Conv1d(2 * pooled, dim, 1))
        self.final = nn.Linear(dim, classes)

    @staticmethod
    def statistics(x, m, eps=1e-10):
        mean = torch.sum(m * x, dim=2)
        return mean, torch.sqrt((m * (x - mean.unsqueeze(2)).pow(2)).sum(2).clamp(eps))

    def forward(self, audio_signal, length):
        x = audio_signal
        for block in self.blocks:
            x = block(x, length)
        frames = x.size(2)
        mask = length_mask((length.float() / length.max() * frames).long(), frames)
        total = mask.sum(dim=2, keepdim=True).float()
        mean, deviation = self.statistics(x, mask / total)
        context = torch.cat([x, mean.unsqueeze(2).repeat(1, 1, frames), deviation.unsqueeze(2).repeat(1, 1, frames)], dim=1)
        attention = self.attention(torch.tanh(self.tdnn[1](F.relu(self.tdnn[0](context)))))
        attention = F.softmax(attention.masked_fill(mask == 0, float("-inf")), dim=2)
        mean, deviation = self.statistics(x, attention)
        embs = self.emb(torch.cat((mean, deviation), dim=1).unsqueeze(2)).squeeze(-1)
        return self.final(F.normalize(embs, dim=-1)), embs


class Ge2e(nn.Module):
    """Resemblyzer's: the last state of the last of three LSTMs."""

    def __init__(self, hidden=12, dim=16):
        super().__init__()
        self.lstm = nn.LSTM(80, hidden, 3, batch_first=True)
        self.linear = nn.Linear(hidden, dim)

    def forward(self, feats):
        x = F.relu(self.linear(self.lstm(feats)[1][0][-1]))
        return x / torch.norm(x, dim=1, keepdim=True)


class BothWays(nn.Module):
    """LSTMs in both directions, and what is usually taken of them."""

    def __init__(self, hidden=6, dim=16):
        super().__init__()
        self.first = nn.LSTM(80, hidden, 2, batch_first=True, bidirectional=True)
        self.second = nn.LSTM(2 * hidden, hidden, bias=False, bidirectional=True)
        self.linear = nn.Linear(10 * hidden, dim)

    def forward(self, feats):
        x, (state, _) = self.first(feats)
        y, (last, _) = self.second(x.transpose(0, 1))
        return self.linear(torch.cat((x[:, -1], y[0], y.mean(0), state[-2], state[-1], last[0], last[1]), dim=1))


FAMILIES = {
    "resnet": (lambda: Transposed(ResNet()), "feats", "embs", {}),
    "ecapa": (lambda: Transposed(Ecapa()), "feats", "embs", {"framework": "wespeaker"}),
    "speechbrain": (SpeechBrain, "feats", "embs", {}),
    "campplus": (lambda: Transposed(CampPlus(8, 16, (2, 1, 2), 8, 8, 12)), "x", "embedding",
                 {"framework": "3d-speaker", "normalize_samples": "1", "feature_normalize_type": "global-mean"}),
    "eres2net": (ERes2Net, "feature", "embedding", {"framework": "3d-speaker"}),
    "titanet": (TitaNet, "audio_signal", "embs", {"framework": "nemo", "feature_normalize_type": "per_feature"}),
    "ge2e": (Ge2e, "feats", "embs", {}),
    "bothways": (BothWays, "feats", "embs", {}),
}


def inputs_of(family, values):
    """values: [batch, 80, frames]"""
    if family == "titanet":
        return values, torch.full((values.shape[0],), values.shape[2], dtype=torch.int64)
    return (values.transpose(1, 2),)


def randomize(network, family):
    """Batch normalisations that have seen something like features()."""
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.momentum = None
            nn.init.uniform_(module.weight, 0.5, 1.5) if module.affine else None
            nn.init.normal_(module.bias, 0, 0.2) if module.affine else None
    values = torch.rand(32, 80, 230) * 2 - 1
    with torch.no_grad():
        network.train()(*inputs_of(family, values))
    return network.eval()


if __name__ == "__main__":
    folder, wanted = sys.argv[1], sys.argv[2:] or list(FAMILIES)
    for family in wanted:
        make, name, output, metadata = FAMILIES[family]
        torch.manual_seed(1)
        network = randomize(make(), family)
        path = "%s/%s.onnx" % (folder, family)
        names = [name, "length"] if family == "titanet" else [name]
        frames = 2 if family == "titanet" else 1
        axes = {name: {0: "batch", frames: "frames"}, output: {0: "batch"}}
        if family == "titanet":
            axes["length"] = {0: "batch"}
        outputs = ["logits", output] if family == "titanet" else [output]
        torch.onnx.export(network, inputs_of(family, features(200).unsqueeze(0)), path, input_names=names,
                          output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)
        model = onnx.load(path)
        for key, value in metadata.items():
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, path)
        session = onnxruntime.InferenceSession(path)
        rows = []
        for length in LENGTHS:
            tensors = inputs_of(family, features(length).unsqueeze(0))
            feed = {i.name: t.numpy() for i, t in zip(session.get_inputs(), tensors)}
            rows.append(session.run([output], feed)[0][0])
            with torch.no_grad():
                own = network(*tensors)
            own = own[1] if isinstance(own, tuple) else own
            print(family, length, "PyTorch against onnxruntime:", float(numpy.abs(own[0].numpy() - rows[-1]).max()))
        numpy.save("%s/%s_onnx.npy" % (folder, family), numpy.stack(rows).astype("<f4"))
