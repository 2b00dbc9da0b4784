#include "vpr/model/known_score.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <numbers>

#include "base/json_reading.h"
#include "model/score_format.h"
#include "model/tensor_file.h"
#include "vpr/base/error.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/score/cosine.h"

namespace vpr {
namespace {

constexpr double kLeastCosine = 0.9999;

// Like a voice: a falling buzz whose overtones open and close, over a little noise, so that every
// band of any front end has something to say. Integers draw the noise: it is the same everywhere.
std::vector<float> Probe() {
  constexpr int kRate = 16000, kOvertones = 24;
  std::vector<float> sound(2 * kRate);
  std::uint32_t state = 1;
  double phase = 0;
  for (std::size_t i = 0; i < sound.size(); ++i) {
    const double seconds = static_cast<double>(i) / kRate;
    phase += 2 * std::numbers::pi * (180 - 40 * seconds) / kRate;
    double value = 0;
    for (int k = 1; k <= kOvertones; ++k)
      value += std::sin(k * phase) * (1.1 + std::sin(0.7 * k + 9 * seconds)) / k;
    state = state * 1664525u + 1013904223u;
    value += 0.05 * (static_cast<double>(state >> 8) / (1 << 23) - 1);
    sound[i] = static_cast<float>(0.1 * value);
  }
  return sound;
}

}  // namespace

std::vector<float> NetworkAnswer(const Model& model) {
  ExtractorOptions options;
  options.threads = 1;
  const EmbeddingExtractor extractor = EmbeddingExtractor::Open(model, options);
  return extractor.Extract(Probe());
}

bool SameAnswer(std::span<const float> a, std::span<const float> b) {
  return !a.empty() && a.size() == b.size() && CosineScore(a, b) >= kLeastCosine;
}

std::string FindKnownScore(const std::string& network_fingerprint, std::span<const float> answer) {
  std::vector<std::string> paths;
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(ResourcePath("share/vpr/models/known"), error)) {
    if (entry.path().extension() == ".score") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  for (const std::string& path : paths) {
    const nlohmann::ordered_json header = ReadTensorFile(path, kScoreFormat).header;
    try {
      if (header.at("network_fingerprint").get<std::string>() == network_fingerprint ||
          SameAnswer(answer, header.value("answer", std::vector<float>())))
        return path;
    } catch (const nlohmann::json::exception& why) {
      throw CannotUse(path, kScoreFormat, ErrorCode::kCorrupt,
                      std::string("its description is not as expected: ") + JsonReason(why));
    }
  }
  return {};
}

}  // namespace vpr
