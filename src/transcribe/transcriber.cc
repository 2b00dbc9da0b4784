#include "vpr/transcribe/transcriber.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <random>

#include "base/json_reading.h"
#include "base/open_module.h"
#include "model/feature_json.h"
#include "model/tensor_file.h"
#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/resources.h"
#include "vpr/base/text.h"
#include "vpr/features/mel.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/network_engine.h"
#include "vpr/transcribe/ctc.h"

namespace vpr {
namespace {

using Json = nlohmann::ordered_json;

constexpr TensorFileFormat kFormat = {"\x89VPW\r\n\x1a\n", 1, 0, "transcriber"};
constexpr double kFewestSeconds = 0.1;
constexpr std::size_t kCheckBeam = 8;

Json InfoToJson(const TranscriberInfo& info) {
  const TdnnShape& network = info.network;
  return {{"tokens", ToString(info.tokens)},
          {"words", info.words},
          {"features", FeatureOptionsToJson(info.features)},
          {"network",
           {{"channels", network.channels},
            {"kernel", network.kernel},
            {"dilations", network.dilations}}},
          {"prompt",
           {{"threshold", info.prompt.threshold},
            {"false_accepts", info.prompt.false_accepts},
            {"false_rejects", info.prompt.false_rejects},
            {"recordings", info.prompt.recordings}}},
          {"training",
           {{"source", info.source},
            {"utterances", info.utterances},
            {"speakers", info.speakers},
            {"seed", info.seed},
            {"epochs", info.epochs},
            {"best_epoch", info.best_epoch},
            {"dev_wer", info.dev_wer},
            {"dev_words", info.dev_words},
            {"program", info.program}}}};
}

TranscriberInfo InfoFromJson(const Json& json) {
  TranscriberInfo info;
  info.tokens = ParseTokenKind(json.at("tokens").get<std::string>());
  json.at("words").get_to(info.words);
  info.features = FeatureOptionsFromJson(json.at("features"));
  const Json& network = json.at("network");
  ReadWhole(network, "channels", info.network.channels);
  ReadWhole(network, "kernel", info.network.kernel);
  ReadWholeList(network, "dilations", info.network.dilations);
  info.network.inputs = info.features.n_mels;
  info.network.outputs = TokenTable::Make(info.tokens, info.words).size();
  const Json& prompt = json.at("prompt");
  prompt.at("threshold").get_to(info.prompt.threshold);
  prompt.at("false_accepts").get_to(info.prompt.false_accepts);
  prompt.at("false_rejects").get_to(info.prompt.false_rejects);
  ReadWhole(prompt, "recordings", info.prompt.recordings);
  const Json& training = json.at("training");
  training.at("source").get_to(info.source);
  ReadWhole(training, "utterances", info.utterances);
  ReadWhole(training, "speakers", info.speakers);
  ReadWhole(training, "seed", info.seed);
  ReadWhole(training, "epochs", info.epochs);
  ReadWhole(training, "best_epoch", info.best_epoch);
  training.at("dev_wer").get_to(info.dev_wer);
  ReadWhole(training, "dev_words", info.dev_words);
  training.at("program").get_to(info.program);
  info.features.Validate();
  if (info.features.sample_rate != kSampleRate)
    throw Error(ErrorCode::kIncompatible, "its features are not of 16 kHz audio");
  if (!std::isfinite(info.prompt.threshold))
    throw Error(ErrorCode::kIncompatible, "its threshold is no number");
  return info;
}

}  // namespace

void SaveTranscriber(const std::string& path, TranscriberInfo& info,
                     const std::vector<Tensor>& tensors) {
  info.fingerprint = WriteTensorFile(path, kFormat, InfoToJson(info), tensors);
}

std::vector<Tensor> LoadTranscriberTensors(const std::string& path) {
  return ReadTensorFile(path, kFormat).tensors;
}

struct Transcriber::Impl {
  TranscriberInfo info;
  TokenTable tokens;
  MelComputer mel;
  std::unique_ptr<Network> network;
  std::vector<int> symbols;  // tokens that a text can have
};

Transcriber::Transcriber(TranscriberInfo info, std::vector<Tensor> tensors) {
  TokenTable table = TokenTable::Make(info.tokens, info.words);
  info.network.inputs = info.features.n_mels;
  info.network.outputs = table.size();
  Graph graph = BuildTdnn(info.network, std::move(tensors));
  const auto make =
      reinterpret_cast<Network* (*)(Graph&)>(OpenModule("vpr_onednn", kOneDnnGraphEntry));
  std::unique_ptr<Network> network(make(graph));
  MelComputer mel(info.features);
  std::vector<int> symbols;
  for (int token = TokenTable::kBlank + 1; token < table.end(); ++token) symbols.push_back(token);
  impl_ = std::make_unique<Impl>(Impl{std::move(info), std::move(table), std::move(mel),
                                      std::move(network), std::move(symbols)});
}

Transcriber::~Transcriber() = default;
Transcriber::Transcriber(Transcriber&&) noexcept = default;

Transcriber Transcriber::Load(const std::string& path) {
  TensorFile file = ReadTensorFile(path, kFormat);
  try {
    TranscriberInfo info = InfoFromJson(file.header);
    info.fingerprint = file.fingerprint;
    return {std::move(info), std::move(file.tensors)};
  } catch (const nlohmann::json::exception& error) {
    throw CannotUse(path, kFormat, ErrorCode::kCorrupt,
                    std::string("its description is not as expected: ") + JsonReason(error));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kNotFound) throw;  // the engine
    throw CannotUse(path, kFormat, ErrorCode::kIncompatible, error.what());
  }
}

const TranscriberInfo& Transcriber::info() const { return impl_->info; }
const TokenTable& Transcriber::tokens() const { return impl_->tokens; }

Matrix Transcriber::LogProbs(std::span<const float> samples) const {
  const double seconds = static_cast<double>(samples.size()) / kSampleRate;
  if (seconds > kMaxUtteranceSeconds || seconds < kFewestSeconds)
    throw Error(ErrorCode::kUnusable,
                Format("%.1f s are too %s to be transcribed; expected %.1f to %.0f s", seconds,
                       seconds < 1 ? "short" : "long", kFewestSeconds, kMaxUtteranceSeconds));
  return LogProbsOfFeatures(impl_->mel.Compute(samples));
}

Matrix Transcriber::LogProbsOfFeatures(const Matrix& features) const {
  const std::vector<float> outputs = impl_->network->Forward(features);
  const auto tokens = static_cast<std::size_t>(impl_->tokens.size());
  Matrix log_probs(TdnnFrames(features.cols), tokens);
  VPR_CHECK(outputs.size() == log_probs.data.size());
  for (std::size_t t = 0; t < log_probs.rows; ++t) {
    const float* row = outputs.data() + t * tokens;
    const double highest = *std::max_element(row, row + tokens);
    double sum = 0;
    for (std::size_t k = 0; k < tokens; ++k) sum += std::exp(static_cast<double>(row[k]) - highest);
    for (std::size_t k = 0; k < tokens; ++k)
      log_probs(t, k) = static_cast<float>(static_cast<double>(row[k]) - highest - std::log(sum));
  }
  return log_probs;
}

std::string Transcriber::Transcribe(const Matrix& log_probs, std::size_t beam) const {
  const std::vector<CtcHypothesis> found = CtcPrefixSearch(log_probs, beam, impl_->symbols);
  return found.empty() ? "" : impl_->tokens.Decode(found[0].labels);
}

Transcriber::WordCheck Transcriber::CheckWords(const Matrix& log_probs,
                                               std::span<const int> words) const {
  VPR_CHECK(!words.empty());
  const double wanted = CtcLogProbability(log_probs, words);
  const std::vector<CtcHypothesis> found = CtcPrefixSearch(log_probs, kCheckBeam, impl_->symbols);
  WordCheck check;
  check.threshold = impl_->info.prompt.threshold;
  double best = wanted;
  if (!found.empty()) {
    check.heard = impl_->tokens.Decode(found[0].labels);
    // The search leaves paths out; the string's own probability has all of them.
    best = std::max(best, CtcLogProbability(log_probs, found[0].labels));
  }
  // Too short for so many words: no logarithm, but as wrong as can be.
  constexpr double kLowest = -1e6;
  check.score = std::isfinite(wanted)
                    ? std::max(kLowest, (wanted - best) / static_cast<double>(words.size()))
                    : kLowest;
  check.right = check.score >= check.threshold;
  return check;
}

std::vector<int> DrawPrompt(const TokenTable& tokens, std::size_t count) {
  std::random_device device;
  std::uniform_int_distribution<int> draw(TokenTable::kBlank + 1, tokens.end() - 1);
  std::vector<int> prompt;
  for (std::size_t i = 0; i < count; ++i) prompt.push_back(draw(device));
  return prompt;
}

std::string FindTranscriber(const std::string& given) {
  if (!given.empty()) return given;
  const char* named = std::getenv("VPR_TRANSCRIBER");
  if (named != nullptr && *named != '\0') return named;
  const std::string place = ResourcePath("share/vpr/models/digits.vpw");
  if (IsRegularFile(place)) return place;
  throw Error(ErrorCode::kNotFound,
              "no transcriber found: looked for " + Printable(place) +
                  "; name one that vpr transcribe train has made, with an option or in "
                  "$VPR_TRANSCRIBER");
}

}  // namespace vpr
