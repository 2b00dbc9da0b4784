// What a TorchScript archive from elsewhere may not do, with archives that LibTorch itself wrote.
#include "torch/torchscript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/script.h>

#include "base/testing.h"
#include "vpr/base/file_io.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

std::string Saved(const TestFolder& folder, const std::string& source) {
  torch::jit::Module module("Network");
  module.register_buffer("weight", torch::ones({3}));
  module.define(source);
  const std::string path = folder / "network.pt";
  module.save(path);
  return path;
}

std::string Refusal(const std::string& source) {
  const TestFolder folder;
  const std::string path = Saved(folder, source);
  return MessageOf(ErrorCode::kIncompatible, [&] { LoadTorchScript(path, torch::kCPU); });
}

TEST(LoadTorchScript, RunsWhatOnlyComputes) {
  const TestFolder folder;
  const std::string path = Saved(folder, R"(
def forward(self, x):
    y = torch.relu(torch.conv1d(x.transpose(1, 2), torch.ones([3, 2, 1])))
    assert x.size(1) <= 1000, "too long to load or save"
    return torch.cat([y.mean([2]), self.weight.unsqueeze(0)], 1).squeeze(0)
)");
  Matrix features(2, 5);
  std::fill(features.data.begin(), features.data.end(), 0.5f);
  EXPECT_THAT(LoadTorchScript(path, torch::kCPU)->Forward(features),
              testing::ElementsAre(1, 1, 1, 1, 1, 1));
}

TEST(LoadTorchScript, FilesAreNeitherWrittenNorRead) {
  const TestFolder folder;
  const std::string victim = folder / "victim";
  EXPECT_THAT(
      Refusal("def forward(self, x):\n    torch.save(x, \"" + victim + "\")\n    return x\n"),
      HasSubstr("'save'"));
  EXPECT_THAT(
      Refusal("def forward(self, x):\n    return torch.from_file(\"" + victim + "\", True, 100)\n"),
      HasSubstr("'from_file'"));
  EXPECT_THAT(Refusal("def forward(self, x):\n    print(x)\n    return x\n"), HasSubstr("rint'"));
  EXPECT_THAT(Refusal("def forward(self, x):\n    return torch.as_strided(x, [99], [1], 9)\n"),
              HasSubstr("'as_strided'"));
  EXPECT_THAT(Refusal("def helper(self, x):\n    torch.save(x, \"" + victim +
                      "\")\n    return x\ndef forward(self, x):\n    return self.helper(x)\n"),
              HasSubstr("'save'"));
  EXPECT_FALSE(IsRegularFile(victim));
}

TEST(LoadTorchScript, NothingRunsWhileItIsLoaded) {
  EXPECT_THAT(Refusal(R"(
def __getstate__(self):
    return 1
def __setstate__(self, state: int):
    self.weight = torch.ones([3])
def forward(self, x):
    return x
)"),
              HasSubstr("state__'"));
}

}  // namespace
}  // namespace vpr
