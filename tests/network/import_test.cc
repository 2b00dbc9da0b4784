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

}  // namespace
}  // namespace vpr
