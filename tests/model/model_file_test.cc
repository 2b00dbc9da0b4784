#include "vpr/model/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "support/failure_of.h"
#include "support/temp_path.h"
#include "vpr/audio/speech_detector.h"
#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/rng.h"
#include "vpr/base/text.h"
#include "vpr/model/known_score.h"

namespace vpr {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Path(const std::string& name) { return test::TempPath("model_file_" + name); }

Model Example() {
  Model model;
  model.info.architecture = "resnet";
  model.info.architecture_options = {{"channels", {16, 32}}, {"blocks", {2, 2}}};
  model.info.embedding_dim = 3;
  model.info.features.n_fft = 1024;
  model.info.features.win_length = 400;
  model.info.features.kind = FeatureKind::kLogMel;
  model.info.features.mean_norm = true;
  model.info.decision = {0.25, 0.05, 0.06, "test"};
  model.info.fmr_thresholds = {{0.01, 0.5, 0.0099, 0.2, true}, {0.001, 0.625, 0, 0.3, false}};
  model.info.calibration = {12, -3, 0.5, -0.25};
  model.scoring.plda.mean = {0.5f, 0.25f, 0};
  model.scoring.plda.transform = Matrix(3, 3);
  model.scoring.plda.transform.data = {1, 0, 0, 0, 2, 0, 0, 0, 3};
  model.scoring.plda.between = {4, 1, 0};
  model.scoring.cohort = Matrix(2, 3);
  model.scoring.cohort.data = {1, 0, 0, 0, 0.6f, 0.8f};
  model.scoring.top_n = 2;
  model.info.training.dataset = "录音/训练";
  model.info.training.speakers = 17;
  model.info.training.dev_eer = 0.055;
  model.tensors = {{"a.weight", {2, 3}, {1, 2, 3, 4, 5, 6}}, {"b", {}, {0.1f}}, {"none", {0}, {}}};
  return model;
}

// The message of the error that loading `content` gives, and its code.
std::pair<ErrorCode, std::string> LoadError(const std::string& content) {
  const std::string path = Path("bad.vpr");
  WriteFileAtomically(path, content);
  try {
    LoadModel(path);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(path));
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos);
    return {error.code(), error.what()};
  }
  ADD_FAILURE() << "loaded";
  return {};
}

// `content` with one change and a checksum that is right again, so that the check behind it fires.
std::string Changed(std::string content, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  std::size_t at = content.find(from);
  EXPECT_NE(at, std::string::npos);
  content.replace(at, from.size(), to);
  content.resize(content.size() - 32);
  return content + Fingerprint(content);
}

TEST(ModelFile, RoundTrip) {
  Model model = Example();
  SaveModel(Path("a.vpr"), model);
  Model read = LoadModel(Path("a.vpr"));
  EXPECT_EQ(read.info.architecture, "resnet");
  EXPECT_EQ(read.info.architecture_options, model.info.architecture_options);
  EXPECT_EQ(read.info.features, model.info.features);
  EXPECT_EQ(read.info.embedding_dim, 3);
  EXPECT_EQ(read.info.decision.threshold, 0.25);
  EXPECT_EQ(read.info.decision.basis, "test");
  ASSERT_EQ(read.info.fmr_thresholds.size(), 2u);
  EXPECT_EQ(read.info.fmr_thresholds[0].wanted_fmr, 0.01);
  EXPECT_EQ(read.info.fmr_thresholds[0].threshold, 0.5);
  EXPECT_EQ(read.info.fmr_thresholds[0].fmr, 0.0099);
  EXPECT_EQ(read.info.fmr_thresholds[0].fnmr, 0.2);
  EXPECT_TRUE(read.info.fmr_thresholds[0].supported);
  EXPECT_FALSE(read.info.fmr_thresholds[1].supported);
  EXPECT_EQ(read.info.calibration.scale, 12);
  EXPECT_EQ(read.info.calibration.offset, -3);
  EXPECT_EQ(read.info.calibration.duration_scale, 0.5);
  EXPECT_EQ(read.info.calibration.duration_offset, -0.25);
  EXPECT_EQ(read.scoring.plda.mean, model.scoring.plda.mean);
  EXPECT_EQ(read.scoring.plda.transform.rows, 3u);
  EXPECT_EQ(read.scoring.plda.transform.data, model.scoring.plda.transform.data);
  EXPECT_EQ(read.scoring.plda.between, model.scoring.plda.between);
  EXPECT_EQ(read.scoring.cohort.rows, 2u);
  EXPECT_EQ(read.scoring.cohort.data, model.scoring.cohort.data);
  EXPECT_EQ(read.scoring.top_n, 2u);
  EXPECT_EQ(read.info.training.dataset, "录音/训练");
  EXPECT_EQ(read.info.training.speakers, 17u);
  EXPECT_EQ(read.info.training.dev_eer, 0.055);
  EXPECT_EQ(read.info.fingerprint, model.info.fingerprint);
  EXPECT_EQ(read.info.fingerprint.size(), 32u);
  ASSERT_EQ(read.tensors.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read.tensors[i].name, model.tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, model.tensors[i].shape);
    EXPECT_EQ(read.tensors[i].data, model.tensors[i].data);
  }
}

// Example() with a conditional score instead of PLDA.
Model ConditionalExample() {
  Model model = Example();
  model.scoring.plda = {};
  model.scoring.channel_cohort = Matrix(2, 3);
  model.scoring.channel_cohort.data = {0, 1, 0, 0, 0, 1};
  ConditionalScore& score = model.scoring.conditional;
  score.centre = {0.25f, -0.5f, 0};
  score.scale = {10, 1, -2, 0.5, -0.25, 0.125, -3};
  score.offset = {-4, 0.5, 1, -0.5, 2, -1, -6};
  score.most_llr = 11.5;
  score.stranger_mean = -7;
  score.stranger_deviation = 0.75;
  return model;
}

TEST(ModelFile, AConditionalScoreComesBackAndHasAFormatOfItsOwn) {
  for (WeightType type : {WeightType::kFloat32, WeightType::kFloat16}) {
    Model model = ConditionalExample();
    QuantizeWeights(model, type);
    SaveModel(Path("conditional.vpr"), model);
    const Model read = LoadModel(Path("conditional.vpr"));
    EXPECT_EQ(read.info.format_version, 5);
    EXPECT_THAT(InfoAsJson(read.info), HasSubstr("\"format_version\":5"));
    EXPECT_EQ(read.info.weights, type);
    const ConditionalScore &a = model.scoring.conditional, &b = read.scoring.conditional;
    EXPECT_EQ(b.centre, a.centre);
    EXPECT_EQ(b.scale, a.scale);
    EXPECT_EQ(b.offset, a.offset);
    EXPECT_EQ(b.most_llr, 11.5);
    EXPECT_EQ(b.stranger_mean, -7);
    EXPECT_EQ(b.stranger_deviation, 0.75);
    EXPECT_EQ(read.scoring.channel_cohort.data, model.scoring.channel_cohort.data);
    EXPECT_EQ(read.info.scoring_fingerprint, model.info.scoring_fingerprint);
    EXPECT_EQ(read.tensors.size(), 3u);
  }
  // Templates of a store are made again if anything of it changes.
  Model model = ConditionalExample();
  SaveModel(Path("conditional.vpr"), model);
  const std::string before = model.info.scoring_fingerprint;
  model.scoring.conditional.offset[6] += 0.5;
  SaveModel(Path("conditional.vpr"), model);
  EXPECT_NE(model.info.scoring_fingerprint, before);
}

TEST(ModelFile, ModelsWithoutAConditionalScoreKeepTheirFormat) {
  Model model = Example();
  SaveModel(Path("plain.vpr"), model);
  EXPECT_EQ(ReadFile(Path("plain.vpr"))[8], 3);
  EXPECT_EQ(LoadModel(Path("plain.vpr")).info.format_version, 3);
  QuantizeWeights(model, WeightType::kFloat16);
  SaveModel(Path("plain.vpr"), model);
  EXPECT_EQ(ReadFile(Path("plain.vpr"))[8], 4);
}

TEST(ModelFile, RefusesConditionalScoresThatCannotBe) {
  auto saved = [](const Model& model) {
    Model copy = model;
    SaveModel(Path("conditional.vpr"), copy);
    return LoadError(ReadFile(Path("conditional.vpr")));
  };
  Model wrong = ConditionalExample();
  wrong.scoring.conditional.centre = {1, 2};
  EXPECT_THAT(saved(wrong).second, HasSubstr("centre of its score has 2 values"));
  wrong = ConditionalExample();
  wrong.scoring.conditional.centre[1] = std::nanf("");
  EXPECT_THAT(saved(wrong).second, HasSubstr("no numbers"));
  wrong = ConditionalExample();
  wrong.scoring.channel_cohort = Matrix(1, 3);
  EXPECT_THAT(saved(wrong).second, HasSubstr("channel cohort is 1 x 3"));
  wrong = ConditionalExample();
  wrong.scoring.plda = Example().scoring.plda;
  EXPECT_THAT(saved(wrong).second, HasSubstr("PLDA and a conditional score"));
  wrong = ConditionalExample();
  SaveModel(Path("conditional.vpr"), wrong);
  const std::string good = ReadFile(Path("conditional.vpr"));
  EXPECT_THAT(LoadError(Changed(good, "\"channel\": -3.0", "\"channel\": null")).second,
              HasSubstr("description is not as expected"));
  EXPECT_THAT(LoadError(Changed(good, "scoring.centre", "scoring.centrx")).second,
              HasSubstr("weights without a centre"));
  // What the JSON library quotes of the file is text when it is said.
  const std::string said = LoadError(Changed(good, "\"channel\"", "\"chan\xFF\nl\"")).second;
  EXPECT_THAT(said, HasSubstr("description is not as expected"));
  EXPECT_TRUE(IsUtf8(said)) << said;
  EXPECT_THAT(said, Not(HasSubstr("\n")));
}

TEST(KnownScore, IsAttachedToItsNetworkAlone) {
  Model calibrated = ConditionalExample();
  SaveModel(Path("calibrated.vpr"), calibrated);
  const std::vector<float> answer = {0.6f, 0.8f};
  SaveKnownScore(Path("known.score"), calibrated, answer);
  Model bare = Example();
  bare.scoring = {};
  SetThresholds({}, bare.info);
  SetFingerprints(bare);
  Model other = bare;
  AttachKnownScore(Path("known.score"), {}, bare);
  EXPECT_EQ(bare.info.decision.threshold, calibrated.info.decision.threshold);
  EXPECT_EQ(bare.info.decision.basis, "test");
  EXPECT_EQ(bare.info.fmr_thresholds.size(), 2u);
  EXPECT_EQ(bare.info.calibration.scale, calibrated.info.calibration.scale);
  EXPECT_EQ(bare.scoring.top_n, calibrated.scoring.top_n);
  EXPECT_EQ(bare.scoring.conditional.centre, calibrated.scoring.conditional.centre);
  EXPECT_EQ(bare.scoring.conditional.scale, calibrated.scoring.conditional.scale);
  ASSERT_EQ(bare.scoring.cohort.data.size(), calibrated.scoring.cohort.data.size());
  for (std::size_t i = 0; i < bare.scoring.cohort.data.size(); ++i)
    EXPECT_NEAR(bare.scoring.cohort.data[i], calibrated.scoring.cohort.data[i], 5e-4);
  SaveModel(Path("attached.vpr"), bare);
  EXPECT_EQ(LoadModel(Path("attached.vpr")).info.scoring_fingerprint,
            bare.info.scoring_fingerprint);

  other.tensors[0].data[0] += 1;
  SetFingerprints(other);
  EXPECT_THAT(test::FailureOf([&] { AttachKnownScore(Path("known.score"), {}, other); }),
              HasSubstr("for another network"));
  const std::vector<float> unlike = {0.61f, 0.79f}, longer = {0.6f, 0.8f, 0.0f};
  for (const auto& no : {unlike, longer}) {
    EXPECT_THAT(test::FailureOf([&] { AttachKnownScore(Path("known.score"), no, other); }),
                HasSubstr("for another network"));
  }
  EXPECT_TRUE(other.info.decision.basis.empty());
  EXPECT_THAT(test::FailureOf([&] { SaveKnownScore(Path("none.score"), other, answer); }),
              HasSubstr("no thresholds"));
  // The same network from another file: other bytes, the same answer.
  const std::vector<float> rounded = {0.60001f, 0.79999f};
  Model again = other;
  AttachKnownScore(Path("known.score"), rounded, again);
  EXPECT_EQ(again.info.decision.threshold, calibrated.info.decision.threshold);
  EXPECT_THAT(test::FailureOf([&] { AttachKnownScore(Path("calibrated.vpr"), {}, bare); }),
              HasSubstr("not a vpr score file, it is a model"));
  EXPECT_THAT(test::FailureOf([&] { LoadModel(Path("known.score")); }),
              HasSubstr("not a vpr model file, it is a score"));
  // Both kinds have the same eight first bytes.
  const std::string detector = std::string(VPR_SAMPLES) + "/../models/speech.vpr";
  EXPECT_THAT(test::FailureOf([&] { AttachKnownScore(detector, {}, bare); }),
              HasSubstr("not a vpr score file, it is a speech detector"));
  EXPECT_THAT(test::FailureOf([&] { LoadSpeechNetwork(Path("known.score")); }),
              HasSubstr("not a vpr speech detector file, it is a score"));
  const std::string whole = ReadFile(Path("known.score"));
  for (std::size_t at = 0; at < whole.size(); at += 7) {
    std::string damaged = whole;
    damaged[at] ^= 1;
    WriteFileAtomically(Path("damaged.score"), damaged);
    EXPECT_THROW(AttachKnownScore(Path("damaged.score"), {}, bare), Error) << at;
  }
}

TEST(ModelFile, Int8KeepsTheRoundedWeightsExactly) {
  Model model = Example();
  Rng rng(1);
  Tensor weights{"c.weight", {5, 4, 3, 3}, {}};
  for (int i = 0; i < 5 * 36; ++i)
    weights.data.push_back(static_cast<float>(i < 36 ? 0.0 : std::exp(i / 20.0) * rng.Normal()));
  model.tensors.push_back(weights);
  QuantizeWeights(model, WeightType::kInt8);
  for (std::size_t output = 0; output < 5; ++output) {
    const auto begin = weights.data.begin() + static_cast<std::ptrdiff_t>(36 * output);
    float greatest = 0;
    for (auto weight = begin; weight != begin + 36; ++weight)
      greatest = std::max(greatest, std::abs(*weight));
    for (std::size_t i = 36 * output; i < 36 * (output + 1); ++i)
      EXPECT_LE(std::abs(model.tensors.back().data[i] - weights.data[i]), 0.5001f * greatest / 127);
  }
  Model again = model;
  QuantizeWeights(again, WeightType::kInt8);
  SaveModel(Path("int8.vpr"), model);
  const Model read = LoadModel(Path("int8.vpr"));
  EXPECT_EQ(read.info.weights, WeightType::kInt8);
  EXPECT_EQ(read.info.fingerprint, model.info.fingerprint);
  EXPECT_EQ(read.info.network_fingerprint, model.info.network_fingerprint);
  EXPECT_EQ(read.scoring.cohort.data, model.scoring.cohort.data);
  ASSERT_EQ(read.tensors.size(), model.tensors.size());
  for (std::size_t i = 0; i < read.tensors.size(); ++i) {
    EXPECT_EQ(read.tensors[i].data, model.tensors[i].data) << i;
    EXPECT_EQ(again.tensors[i].data, model.tensors[i].data) << i;
  }
  EXPECT_EQ(read.tensors[1].data, Example().tensors[1].data);  // not weights

  model.tensors[0].data[2] = NAN;
  EXPECT_THROW(QuantizeWeights(model, WeightType::kInt8), Error);
}

TEST(ModelFile, Float16KeepsTheRoundedWeightsExactly) {
  Model model = Example();
  // Exact, rounded to even, the greatest, and one below the smallest.
  model.tensors.push_back({"c.weight", {2, 2}, {1.5f, 1.00048828125f, -65504.0f, 1e-9f}});
  Model too_great = model;
  too_great.tensors.back().data[0] = 1e5f;
  EXPECT_THROW(QuantizeWeights(too_great, WeightType::kFloat16), Error);
  QuantizeWeights(model, WeightType::kFloat16);
  EXPECT_EQ(model.tensors.back().data, (std::vector<float>{1.5f, 1.0f, -65504.0f, 0.0f}));
  SaveModel(Path("half.vpr"), model);
  const Model read = LoadModel(Path("half.vpr"));
  EXPECT_EQ(read.info.weights, WeightType::kFloat16);
  EXPECT_EQ(read.info.network_fingerprint, model.info.network_fingerprint);
  EXPECT_EQ(read.scoring.cohort.data, model.scoring.cohort.data);
  ASSERT_EQ(read.tensors.size(), model.tensors.size());
  for (std::size_t i = 0; i < read.tensors.size(); ++i)
    EXPECT_EQ(read.tensors[i].data, model.tensors[i].data) << i;
}

class Damaged : public ::testing::TestWithParam<WeightType> {};
INSTANTIATE_TEST_SUITE_P(Types, Damaged,
                         ::testing::Values(WeightType::kFloat32, WeightType::kFloat16,
                                           WeightType::kInt8));

TEST_P(Damaged, EveryTruncationAndFlippedByteIsRefused) {
  Model model = Example();
  if (GetParam() != WeightType::kFloat32) QuantizeWeights(model, GetParam());
  SaveModel(Path("b.vpr"), model);
  const std::string content = ReadFile(Path("b.vpr"));
  for (std::size_t size = 0; size < content.size(); size += 7) LoadError(content.substr(0, size));
  for (std::size_t at = 0; at < content.size(); at += 11) {
    std::string damaged = content;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    LoadError(damaged);
  }
  LoadError(content + "x");
}

// The same where the description grows: by 64 bytes, so that the tensors stay aligned.
std::string Grown(std::string content, const std::string& from, std::string to) {
  to.append(64 + from.size() - to.size(), ' ');
  const std::size_t at = content.find(from);
  EXPECT_NE(at, std::string::npos);
  content.replace(at, from.size(), to);
  unsigned size =
      static_cast<unsigned char>(content[16]) + 256u * static_cast<unsigned char>(content[17]) + 64;
  content[16] = static_cast<char>(size % 256);
  content[17] = static_cast<char>(size / 256);
  content.resize(content.size() - 32);
  return content + Fingerprint(content);
}

TEST(ModelFile, RefusalsSayWhy) {
  Model model = Example();
  SaveModel(Path("c.vpr"), model);
  const std::string content = ReadFile(Path("c.vpr"));
  EXPECT_THAT(LoadError("").second, HasSubstr("empty"));
  EXPECT_THAT(LoadError("RIFF....WAVEfmt and so on and on").second,
              HasSubstr("not a vpr model file"));
  std::string other = content;
  other[8] = 9;
  auto [code, message] = LoadError(other);
  EXPECT_EQ(code, ErrorCode::kIncompatible);
  EXPECT_THAT(message, HasSubstr("format version 9"));
  EXPECT_THAT(message, HasSubstr("this program reads versions 3 to 7"));
  EXPECT_THAT(LoadError(content.substr(0, content.size() - 1)).second, HasSubstr("checksum"));
  EXPECT_THAT(LoadError(Changed(content, "\"log_floor\"", "\"log_fluor\"")).second,
              HasSubstr("log_fluor"));
  EXPECT_THAT(LoadError(Changed(content, "\"win_length\": 400", "\"win_length\": 0  ")).second,
              HasSubstr("win_length"));
  EXPECT_THAT(LoadError(Changed(content, "\"logmel\"", "\"logmol\"")).second, HasSubstr("logmol"));
  EXPECT_THAT(LoadError(Changed(content, "\"embedding_dim\": 3", "\"embedding_dim\": 0")).second,
              HasSubstr("embedding size"));
}

TEST(ModelFile, TensorsMustFitTheFile) {
  Model model = Example();
  model.tensors[0].shape = {2, 4};  // says more values than there are
  SaveModel(Path("d.vpr"), model);
  EXPECT_THAT(LoadError(ReadFile(Path("d.vpr"))).second, HasSubstr("does not fit"));
  model.tensors[0].shape = {std::int64_t{1} << 62, std::int64_t{1} << 62};
  SaveModel(Path("d.vpr"), model);
  EXPECT_THAT(LoadError(ReadFile(Path("d.vpr"))).second, HasSubstr("a.weight"));
  model.tensors[0].shape = {2, 2};
  SaveModel(Path("d.vpr"), model);
  EXPECT_THAT(LoadError(ReadFile(Path("d.vpr"))).second, HasSubstr("left over"));
}

TEST(ModelFile, SettingsThatWouldNeedAnyMemoryAreRefused) {
  const auto refused = [](void (*change)(Model&)) {
    Model model = Example();
    change(model);
    SaveModel(Path("e.vpr"), model);
    const auto [code, message] = LoadError(ReadFile(Path("e.vpr")));
    EXPECT_EQ(code, ErrorCode::kIncompatible);
    return message;
  };
  EXPECT_THAT(refused([](Model& model) { model.info.embedding_dim = 2147483647; }),
              HasSubstr("its embedding size is 2147483647"));
  EXPECT_THAT(refused([](Model& model) {
                model.info.parts = {NetworkPart{.architecture = "cnn",
                                                .architecture_options = {},
                                                .embedding_dim = 2147483647,
                                                .features = {}}};
              }),
              HasSubstr("embedding size"));
  EXPECT_THAT(refused([](Model& model) { model.info.crop_seconds = 1e3; }),
              HasSubstr("crop length in seconds is 1000"));
  EXPECT_THAT(refused([](Model& model) { model.info.crop_seconds = -1; }), HasSubstr("crop"));
  EXPECT_THAT(refused([](Model& model) { model.info.features.hop_length = 1; }),
              HasSubstr("frames a second"));
  EXPECT_THAT(refused([](Model& model) {
                model.info.features.n_fft = 65536;
                model.info.features.hop_length = 10;
              }),
              HasSubstr("65536"));
  EXPECT_THAT(refused([](Model& model) { model.info.features.sample_rate = 1000000; }),
              HasSubstr("sample rate is 1000000"));
  EXPECT_THAT(
      refused([](Model& model) { model.info.architecture_options["channels"] = {1 << 30}; }),
      HasSubstr("'channels'"));
}

TEST(ModelFile, DecisionsOutOfAnyRangeAreRefused) {
  const auto refused = [](void (*change)(ModelInfo&)) {
    Model model = Example();
    change(model.info);
    SaveModel(Path("e.vpr"), model);
    const auto [code, message] = LoadError(ReadFile(Path("e.vpr")));
    EXPECT_EQ(code, ErrorCode::kIncompatible);
    return message;
  };
  EXPECT_THAT(refused([](ModelInfo& info) { info.decision.threshold = 1e308; }),
              HasSubstr("its 'threshold' is 1e+308"));
  EXPECT_THAT(refused([](ModelInfo& info) { info.decision.fmr = 2; }), HasSubstr("'fmr'"));
  EXPECT_THAT(refused([](ModelInfo& info) {
                info.fmr_thresholds = {{0.01, -1e9, 0, 0, true}};
              }),
              HasSubstr("'threshold'"));
  // The more alike, the less probable.
  EXPECT_THAT(refused([](ModelInfo& info) { info.calibration.scale = -1; }), HasSubstr("'scale'"));
  EXPECT_THAT(refused([](ModelInfo& info) { info.calibration.offset = 1e300; }),
              HasSubstr("'offset'"));
}

// The JSON library alone makes 384 of 2^32 + 384, and 2 of 2.5.
TEST(ModelFile, WholeNumbersAreNotCutOff) {
  Model model = Example();
  SaveModel(Path("w.vpr"), model);
  const std::string whole = ReadFile(Path("w.vpr"));
  const auto refusal = [&](const std::string& number) {
    return LoadError(Grown(whole, "\"embedding_dim\": 3", "\"embedding_dim\": " + number));
  };
  for (const char* number :
       {"2147483648", "4294967680", "9223372036854775808", "-2147483649", "1e300", "2.5", "true"}) {
    const auto [code, message] = refusal(number);
    EXPECT_EQ(code, ErrorCode::kIncompatible) << number;
    EXPECT_THAT(message, HasSubstr("its 'embedding_dim' is ")) << number;
    EXPECT_THAT(message, HasSubstr("expected a whole number from -2147483648 to 2147483647"));
  }
  for (const char* number : {"\"8\"", "null", "[8]", "nan", "1e999"}) {
    const auto [code, message] = refusal(number);
    EXPECT_EQ(code, ErrorCode::kCorrupt) << number;
    EXPECT_THAT(message, Not(HasSubstr("json.exception"))) << number;
  }
}

// Each is a number, and the scores they make say nothing.
TEST(ModelFile, ScoresOutOfAnyRangeAreRefused) {
  for (float value : {1e38f, -1e38f, 2e6f}) {
    for (int where = 0; where < 4; ++where) {
      Model model = Example();
      (where == 0   ? model.scoring.plda.mean[1]
       : where == 1 ? model.scoring.plda.transform.data[0]
       : where == 2 ? model.scoring.plda.between[1]
                    : model.scoring.cohort.data[2]) = value;
      SaveModel(Path("g.vpr"), model);
      const auto [code, message] = LoadError(ReadFile(Path("g.vpr")));
      EXPECT_EQ(code, ErrorCode::kIncompatible);
      EXPECT_THAT(message, HasSubstr("bad.vpr"));
      EXPECT_THAT(message, HasSubstr(std::vector<std::string>{
                                         "'scoring.plda.mean'", "'scoring.plda.transform'",
                                         "'scoring.plda.between'", "'scoring.cohort'"}[where] +
                                     " has a value of "));
    }
  }
}

TEST(ModelFile, WhatIsNoNumberIsRefused) {
  for (float value : {NAN, INFINITY, -INFINITY}) {
    for (int where = 0; where < 4; ++where) {
      Model model = Example();
      (where == 0   ? model.tensors[0].data[5]
       : where == 1 ? model.scoring.plda.mean[1]
       : where == 2 ? model.scoring.plda.transform.data[0]
                    : model.scoring.cohort.data[2]) = value;
      SaveModel(Path("f.vpr"), model);
      const auto [code, message] = LoadError(ReadFile(Path("f.vpr")));
      EXPECT_EQ(code, ErrorCode::kCorrupt);
      EXPECT_THAT(message, HasSubstr("no numbers"));
    }
  }
}

TEST(ModelFile, TextIsPrintableWhateverTheFileHolds) {
  Model model = Example();
  model.info.decision.basis = "\x1b[2J";
  model.info.training.dataset = "\x7f\xff好";
  SaveModel(Path("g.vpr"), model);
  const Model read = LoadModel(Path("g.vpr"));
  EXPECT_EQ(read.info.decision.basis, "\\x1b[2J");
  EXPECT_THAT(read.info.training.dataset, HasSubstr("好"));
  EXPECT_EQ(read.info.training.dataset.find('\x7f'), std::string::npos);
  model.info.architecture_options["\x1b[2J"] = {1};
  SaveModel(Path("g.vpr"), model);
  EXPECT_THAT(LoadError(ReadFile(Path("g.vpr"))).second, HasSubstr("control characters"));
}

TEST(ModelFile, NestingAndNamesAreBounded) {
  Model model = Example();
  model.tensors[1].name = "a.weight";
  SaveModel(Path("h.vpr"), model);
  EXPECT_THAT(LoadError(ReadFile(Path("h.vpr"))).second, HasSubstr("twice"));
  // A description of brackets alone.
  std::string content = ReadFile(Path("h.vpr")).substr(0, 16);
  const std::size_t deep = 1 << 20;
  for (int i = 0; i < 8; ++i) content += static_cast<char>((2 * deep) >> (8 * i) & 0xFF);
  content += std::string(deep, '[') + std::string(deep, ']');
  EXPECT_THAT(LoadError(content + Fingerprint(content)).second, HasSubstr("too deep"));
}

TEST(FindModel, GivenThenEnvironment) {
  EXPECT_EQ(FindModel("mine.vpr"), "mine.vpr");
  const std::string there = Path("from_environment.vpr");
  WriteFileAtomically(there, "x");
  ASSERT_EQ(::setenv("VPR_MODEL", there.c_str(), 1), 0);
  try {
    FindModel("");
    ADD_FAILURE() << "no error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("from_environment.vpr', which is not a vpr model file"));
  }
  Model model = Example();
  SaveModel(there, model);
  ASSERT_EQ(::setenv("VPR_MODEL", there.c_str(), 1), 0);
  EXPECT_EQ(FindModel("mine.vpr"), "mine.vpr");
  EXPECT_EQ(FindModel(""), there);
  ASSERT_EQ(::setenv("VPR_MODEL", "nowhere.vpr", 1), 0);
  try {
    FindModel("");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kNotFound);
    EXPECT_THAT(error.what(), HasSubstr("$VPR_MODEL names 'nowhere.vpr'"));
  }
  ::unsetenv("VPR_MODEL");
}

}  // namespace
}  // namespace vpr
