// Are two recordings of one speaker? CMakeLists.txt builds it.
#include <vpr/base/error.h>
#include <vpr/model/embedding_extractor.h>
#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 3) return std::fputs("usage: compare A B\n", stderr), 2;
  const auto extractor = vpr::EmbeddingExtractor::Open(vpr::FindModel(""), {});
  vpr::Progress progress;
  const vpr::EmbeddedFiles files =
      vpr::EmbedFiles({argv[1], argv[2]}, extractor, progress, {}, [](const vpr::FailedFile& file) {
        throw vpr::Error(vpr::ErrorCode::kUnusable, file.reason);
      });
  auto voiceprint = [&](std::size_t i) {
    return extractor.scorer().MakeVoiceprint({files.embeddings.row(i), files.embeddings.cols},
                                             files.conditions[i]);
  };
  const vpr::Score score = extractor.scorer().Compare(voiceprint(0), voiceprint(1));
  const bool same = score.value >= extractor.info().decision.threshold;
  std::printf("%.9f %s\n", score.value, same ? "same speaker" : "different speakers");
} catch (const vpr::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
