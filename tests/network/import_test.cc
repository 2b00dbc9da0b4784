#include "vpr/network/import.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

#include "base/testing.h"
#include "model/zip_archive.h"
#include "onednn/onednn_network.h"
#include "vpr/base/file_io.h"
#include "vpr/base/npy.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/network/graph.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;

// As in make_campplus_golden.py.
Matrix Features(std::size_t frames) {
  Matrix features(80, frames);
  std::int64_t state = 1;
  for (float& value : features.data) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    value = static_cast<float>(state >> 16) / 16384 - 1;
  }
  return features;
}

// The archive with its pickle changed from `from` to `to`, of the same length.
std::string Changed(const std::string& archive, const std::string& from, const std::string& to) {
  ZipWriter changed;
  for (const ZipEntry& entry : ReadZip(archive)) {
    std::string content = ZipContent(entry, entry.size);
    for (std::size_t at = content.find(from); at != std::string::npos; at = content.find(from, at))
      content.replace(at, from.size(), to);
    changed.Add(entry.name, content);
  }
  return changed.Finish();
}

class ImportCampPlus : public ::testing::Test {
 protected:
  const std::string file_ = ReadFile(VPR_TEST_DATA "/campplus.pt");

  std::string RefusalOf(const std::string& content) const {
    return MessageOf(ErrorCode::kIncompatible, [&] {
      ImportNetwork(content, "net.pt", {"campplus", "", "", ""});
    });
  }
};

// tests/network/make_campplus_golden.py, PyTorch 2.15.
TEST_F(ImportCampPlus, EmbedsAsPyTorch) {
  const Matrix golden = ReadNpy(VPR_TEST_DATA "/campplus.npy");
  const Model model = ImportNetwork(file_, "net.pt", {"campplus", "", "", ""});
  const std::vector<float> found = MakeOneDnnNetwork(BuildGraph(model))->Forward(Features(230));
  ASSERT_EQ(found.size(), golden.cols);
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_NEAR(found[i], golden(0, i), 1e-4) << i;
}

TEST_F(ImportCampPlus, KeepsWhereItComesFrom) {
  TestFolder folder;
  Model model = ImportNetwork(file_, "net.pt", {"campplus", "", "Apache-2.0", "Its makers"});
  SaveModel(folder / "net.vpr", model);
  const Model loaded = LoadModel(folder / "net.vpr");
  EXPECT_EQ(loaded.info.format_version, kImportedFormatVersion);
  EXPECT_EQ(loaded.info.front_end, "3dspeaker");
  EXPECT_EQ(loaded.info.licence, "Apache-2.0");
  EXPECT_EQ(loaded.info.credit, "Its makers");
  EXPECT_EQ(loaded.info.source, "net.pt, XXH3 " + Fingerprint(file_));
  EXPECT_EQ(loaded.info.features.trim_top_db, 0);
  EXPECT_EQ(loaded.info.embedding_dim, 12);
  EXPECT_TRUE(loaded.info.decision.basis.empty());
  // Another front end makes other embeddings; what is said of the weights does not.
  Model other = ImportNetwork(file_, "net.pt", {"campplus", "wespeaker", "", ""});
  SaveModel(folder / "other.vpr", other);
  EXPECT_NE(other.info.network_fingerprint, loaded.info.network_fingerprint);
  Model same = ImportNetwork(file_, "copy.pt", {"campplus", "", "", ""});
  SaveModel(folder / "same.vpr", same);
  EXPECT_EQ(same.info.network_fingerprint, loaded.info.network_fingerprint);
}

TEST_F(ImportCampPlus, MissingAndSurplusTensorsAreNamed) {
  const std::string refusal =
      RefusalOf(Changed(file_, "xvector.dense.linear.weight", "xvector.dense.linear.wright"));
  EXPECT_THAT(refusal, HasSubstr("'net.pt'"));
  EXPECT_THAT(refusal, HasSubstr("1 tensor is missing ('xvector.dense.linear.weight')"));
  EXPECT_THAT(refusal, HasSubstr("('xvector.dense.linear.wright')"));
}

TEST_F(ImportCampPlus, FrontEndMustFit) {
  EXPECT_THAT(MessageOf(ErrorCode::kIncompatible,
                        [&] {
                          ImportNetwork(file_, "net.pt", {"campplus", "fbank40", "", ""});
                        }),
              HasSubstr("takes 80 bands, front end 'fbank40' makes 40"));
  EXPECT_THAT(MessageOf(ErrorCode::kInvalidArgument,
                        [&] {
                          ImportNetwork(file_, "net.pt", {"camplus", "", "", ""});
                        }),
              HasSubstr("campplus"));
}

// As in make_ge2e_golden.py.
std::vector<float> Signal(std::size_t samples) {
  std::vector<float> values;
  std::int64_t state = 1;
  for (std::size_t i = 0; i < samples; ++i) {
    state = (state * 1103515245 + 12345) % (std::int64_t{1} << 31);
    const auto n = static_cast<std::int64_t>(i);
    const std::int64_t value = n * (40 + n / 400) % 16000 - 8000 + (state >> 16) % 2000 - 1000;
    values.push_back(static_cast<float>(value) / 32768 / (samples < 50000 ? 1 : 64));
  }
  return values;
}

class ImportGe2e : public ::testing::TestWithParam<const char*> {
 protected:
  const std::string file_ = ReadFile(VPR_TEST_DATA "/" + std::string(GetParam()));
};

// tests/network/make_ge2e_golden.py, PyTorch 2.15, resemblyzer 0.1.4.
TEST_P(ImportGe2e, EmbedsAsResemblyzer) {
  const Matrix golden = ReadNpy(VPR_TEST_DATA "/ge2e.npy");
  const Model model = ImportNetwork(file_, "net.pt", {"ge2e", "", "", ""});
  EXPECT_EQ(model.info.architecture, "ge2e");
  EXPECT_EQ(model.info.front_end, "resemblyzer");
  EXPECT_EQ(model.info.architecture_options.at("layers"), std::vector<int>{3});
  const EmbeddingExtractor extractor(model.info, MakeOneDnnNetwork(BuildGraph(model)));
  const std::size_t samples[] = {6400, 30000, 60000};
  for (std::size_t row = 0; row < golden.rows; ++row) {
    const std::vector<float> found = extractor.Extract(Signal(samples[row]));
    ASSERT_EQ(found.size(), golden.cols);
    for (std::size_t i = 0; i < found.size(); ++i)
      EXPECT_NEAR(found[i], golden(row, i), 1e-4) << samples[row] << " samples, value " << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Files, ImportGe2e, ::testing::Values("ge2e.pt", "ge2e_old.pt"),
                         [](const auto& file) {
                           return std::string(file.param) == "ge2e.pt" ? "zip" : "old";
                         });

TEST(ImportGe2eRefusals, NameTheTensors) {
  auto refusal = [](const std::string& content) {
    return MessageOf(ErrorCode::kIncompatible, [&] {
      ImportNetwork(content, "net.pt", {"ge2e", "", "", ""});
    });
  };
  const std::string file = ReadFile(VPR_TEST_DATA "/ge2e.pt");
  EXPECT_THAT(refusal(Changed(file, "lstm.bias_hh_l1", "lstm.bias_hh_x1")),
              HasSubstr("1 tensor is missing ('lstm.bias_hh_l1'), 1 is there that it has not "
                        "('lstm.bias_hh_x1')"));
  EXPECT_THAT(refusal(Changed(file, "lstm.weight_ih_l2", "lstm.weight_ih_l4")),
              HasSubstr("'lstm.weight_ih_l4'"));
  EXPECT_THAT(refusal(ReadFile(VPR_TEST_DATA "/campplus.pt")), HasSubstr("of a GE2E encoder"));
}

}  // namespace
}  // namespace vpr
