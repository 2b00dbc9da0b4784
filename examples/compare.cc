// Are two recordings of one speaker? CMakeLists.txt builds it.
#include <vpr/base/error.h>
#include <vpr/recognize/recognizer.h>
#include <cstdio>

int main(int argc, char** argv) try {
  if (argc != 3) return std::fputs("usage: compare A B\n", stderr), 2;
  const std::string model = vpr::FindModel("");
  const vpr::Recognizer recognizer(vpr::EmbeddingExtractor::Open(model, {}), model);
  const vpr::Comparison answer = recognizer.Compare(
      argv[1], argv[2], recognizer.Choose(vpr::OperatingPoint::kCompare, {}).decision);
  if (!answer.score) throw vpr::Error(vpr::ErrorCode::kUnusable, answer.failure);
  std::printf("%.9f %s\n", answer.score->value,
              answer.same() ? "same speaker" : "different speakers");
} catch (const vpr::Error& error) {
  return std::fprintf(stderr, "%s\n", error.what()), 1;
}
