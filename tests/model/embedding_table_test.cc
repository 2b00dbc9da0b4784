#include "vpr/model/embedding_table.h"

#include <gtest/gtest.h>

namespace vpr {
namespace {

TEST(FindEmbeddingFormat, TheNameCountsMoreThanTheEnding) {
  EXPECT_EQ(FindEmbeddingFormat("", "a.npy"), EmbeddingFormat::kNpy);
  EXPECT_EQ(FindEmbeddingFormat("", "a.ark"), EmbeddingFormat::kKaldi);
  EXPECT_EQ(FindEmbeddingFormat("", "a.jsonl"), EmbeddingFormat::kJsonl);
  EXPECT_EQ(FindEmbeddingFormat("kaldi", "a.npy"), EmbeddingFormat::kKaldi);
  EXPECT_EQ(FindEmbeddingFormat("jsonl", "-"), EmbeddingFormat::kJsonl);
  EXPECT_FALSE(FindEmbeddingFormat("", "-"));
  EXPECT_FALSE(FindEmbeddingFormat("ark", "a.ark"));
}

}  // namespace
}  // namespace vpr
