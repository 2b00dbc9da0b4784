// The C interface.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include "vpr.h"
#include "vpr/audio/speech_quality.h"
#include "vpr/base/error.h"
#include "vpr/base/resources.h"
#include "vpr/base/version.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/store/voice_store.h"

struct vpr_recognizer {
  vpr::Recognizer recognizer;

  const vpr::EmbeddingExtractor& extractor() const { return recognizer.extractor(); }
};

namespace {

using vpr::Error;
using vpr::ErrorCode;

thread_local vpr_code last_code = VPR_OK;
thread_local std::string last_message;

vpr_code CodeOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return VPR_NOT_FOUND;
    case ErrorCode::kIo:
      return VPR_IO;
    case ErrorCode::kCorrupt:
      return VPR_CORRUPT;
    case ErrorCode::kIncompatible:
      return VPR_INCOMPATIBLE;
    case ErrorCode::kNeedsPassphrase:
    case ErrorCode::kNeedsKeyFile:
      return VPR_NEEDS_KEY;
    case ErrorCode::kInvalidArgument:
      return VPR_INVALID_ARGUMENT;
    case ErrorCode::kUnusable:
      return VPR_UNUSABLE;
    case ErrorCode::kInterrupted:
      return VPR_INTERRUPTED;
    case ErrorCode::kDevice:
      return VPR_DEVICE;
    case ErrorCode::kInternal:
      break;
  }
  return VPR_INTERNAL;
}

vpr_code Fail(vpr_code code, const char* message) noexcept {
  last_code = code;
  try {
    last_message = message;
  } catch (...) {
    last_message.clear();
  }
  return code;
}

// Runs `body`; what it throws becomes a code and a message.
template <typename Body>
vpr_code Guarded(const Body& body) noexcept {
  try {
    body();
    last_code = VPR_OK;
    last_message.clear();
    return VPR_OK;
  } catch (const Error& error) {
    return Fail(CodeOf(error.code()), error.what());
  } catch (const std::bad_alloc&) {
    return Fail(VPR_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception& error) {
    return Fail(VPR_INTERNAL, error.what());
  } catch (...) {
    return Fail(VPR_INTERNAL, "an exception of an unknown kind");
  }
}

void Need(const void* pointer, const char* what) {
  if (pointer == nullptr) throw Error(ErrorCode::kInvalidArgument, std::string(what) + " is NULL");
}

std::string OrEmpty(const char* text) { return text == nullptr ? "" : text; }

vpr::EmbeddedFiles Embed(const vpr::EmbeddingExtractor& extractor,
                         const std::vector<std::string>& paths) {
  vpr::Progress silent;
  return vpr::EmbedFiles(paths, extractor, silent, {}, [](const vpr::FailedFile& failed) {
    throw Error(ErrorCode::kUnusable, failed.reason);
  });
}

// What it holds up to `size`, the rest 0. An older caller's struct is shorter.
vpr_options OptionsOf(const vpr_options* options) {
  vpr_options given = {};
  if (options == nullptr) return given;
  constexpr std::size_t kOldest = offsetof(vpr_options, store);
  if (options->size != sizeof(given) && options->size != kOldest)
    throw Error(ErrorCode::kInvalidArgument, "vpr_options.size is " +
                                                 std::to_string(options->size) + ", expected " +
                                                 std::to_string(sizeof(given)));
  std::memcpy(&given, options, options->size);
  return given;
}

std::unique_ptr<vpr::VoiceStore> OpenStore(const vpr_options& options) {
  if (options.store == nullptr) return nullptr;
  vpr::StoreOptions store;
  store.where = vpr::FindStore(options.store);
  store.key.key_file = OrEmpty(options.key_file);
  if (options.passphrase != nullptr) store.key.passphrase = vpr::Secret(options.passphrase);
  store.create = options.create_store != 0;
  return vpr::VoiceStore::Open(store);
}

std::vector<vpr::Recording> Read(const vpr_recognizer& recognizer,
                                 const std::vector<std::string>& paths) {
  std::vector<vpr::Recording> recordings;
  vpr::Progress silent;
  vpr::EmbedRecordings(
      paths, recognizer.extractor(), vpr::QualityLimits(), false, silent, {},
      [&](vpr::Recording&& recording) { recordings.push_back(std::move(recording)); });
  return recordings;
}

vpr::Recording ReadUsable(const vpr_recognizer& recognizer, const char* path) {
  vpr::Recording recording = std::move(Read(recognizer, {path})[0]);
  if (!recording.failure.empty()) throw Error(ErrorCode::kUnusable, recording.failure);
  return recording;
}

void CopyName(const std::string& name, char (&to)[VPR_NAME_SIZE]) {
  const std::size_t size = std::min(name.size(), sizeof(to) - 1);
  std::memcpy(to, name.data(), size);
  to[size] = '\0';
}

}  // namespace

extern "C" {

const char* vpr_version(void) { return vpr::Version(); }

const char* vpr_error_message(void) { return last_message.c_str(); }

vpr_code vpr_error_code(void) { return last_code; }

void vpr_set_resource_folder(const char* folder) {
  Guarded([&] { vpr::SetResourceFolder(OrEmpty(folder)); });
}

vpr_recognizer* vpr_open(const char* model, const vpr_options* options) {
  vpr_recognizer* opened = nullptr;
  Guarded([&] {
    const vpr_options given = OptionsOf(options);
    if (given.threads < 0)
      throw Error(ErrorCode::kInvalidArgument, "vpr_options.threads is below 0");
    vpr::ExtractorOptions engine;
    if (given.device != nullptr) engine.device = given.device;
    engine.threads = given.threads;
    std::unique_ptr<vpr::VoiceStore> store = OpenStore(given);
    const std::string path = vpr::FindModel(OrEmpty(model));
    opened = new vpr_recognizer{
        vpr::Recognizer(vpr::EmbeddingExtractor::Open(path, engine), path, std::move(store))};
  });
  return opened;
}

void vpr_close(vpr_recognizer* recognizer) { delete recognizer; }

size_t vpr_embedding_size(const vpr_recognizer* recognizer) {
  return recognizer == nullptr
             ? 0
             : static_cast<std::size_t>(recognizer->extractor().info().embedding_dim);
}

vpr_code vpr_embed(const vpr_recognizer* recognizer, const char* path, float* embedding) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(path, "path");
    Need(embedding, "embedding");
    const vpr::EmbeddedFiles files = Embed(recognizer->extractor(), {path});
    std::copy(files.embeddings.data.begin(), files.embeddings.data.end(), embedding);
  });
}

vpr_code vpr_embed_samples(const vpr_recognizer* recognizer, const float* samples,
                           size_t num_samples, float* embedding) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(samples, "samples");
    Need(embedding, "embedding");
    const vpr::EmbeddingExtractor& extractor = recognizer->extractor();
    const std::vector<float> values =
        extractor.Extract(extractor.SpeechFor({samples, samples + num_samples}, "samples"));
    std::copy(values.begin(), values.end(), embedding);
  });
}

vpr_code vpr_compare(const vpr_recognizer* recognizer, const char* a, const char* b,
                     vpr_comparison* answer) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(a, "a");
    Need(b, "b");
    Need(answer, "answer");
    const vpr::DecisionThreshold& decision = recognizer->extractor().info().decision;
    if (decision.basis.empty())
      throw Error(ErrorCode::kIncompatible, "the model has no threshold to decide by");
    const vpr::Comparison found = recognizer->recognizer.Compare(a, b, decision);
    if (!found.score) throw Error(ErrorCode::kUnusable, found.failure);
    *answer = {found.score->value, found.score->cosine, found.score->llr, decision.threshold,
               found.same() ? 1 : 0};
  });
}

vpr_code vpr_enroll(vpr_recognizer* recognizer, const char* name, const char* const* paths,
                    size_t num_paths, vpr_enrollment* answer) {
  return Guarded([&] {
    if (answer != nullptr) *answer = {};
    Need(recognizer, "recognizer");
    Need(name, "name");
    Need(paths, "paths");
    vpr::CheckSpeakerName(name);
    std::vector<std::string> files;
    for (std::size_t i = 0; i < num_paths; ++i) {
      Need(paths[i], "one of the paths");
      files.emplace_back(paths[i]);
    }
    vpr::Progress silent;
    const vpr::EnrollmentOutcome outcome =
        recognizer->recognizer.Enroll(name, Read(*recognizer, files), {}, silent);
    if (answer != nullptr) {
      answer->enrolled = outcome.enrolled.size();
      answer->left_out = outcome.left_out.size();
      answer->utterances = outcome.utterances;
      if (outcome.resembles) CopyName(outcome.resembles->name, answer->resembles);
    }
    if (!outcome.done())
      throw Error(ErrorCode::kUnusable,
                  "'" + outcome.name + "' was not enrolled: " +
                      (outcome.left_out.empty() ? "no recordings" : outcome.left_out[0].reason));
  });
}

vpr_code vpr_verify(vpr_recognizer* recognizer, const char* name, const char* path,
                    vpr_verification* answer) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(name, "name");
    Need(path, "path");
    Need(answer, "answer");
    vpr::Progress silent;
    const vpr::Claim claim = recognizer->recognizer.MakeClaim(name, {}, silent);
    const vpr::VerificationOutcome outcome =
        recognizer->recognizer.Verify(claim, ReadUsable(*recognizer, path));
    const vpr::Score& score = outcome.score.value();
    *answer = {score.value,
               score.cosine,
               score.llr,
               outcome.decision.threshold,
               outcome.speech_seconds,
               outcome.accepted() ? 1 : 0};
  });
}

vpr_code vpr_identify(vpr_recognizer* recognizer, const char* path, vpr_candidate* candidates,
                      size_t max_candidates, vpr_identification* answer) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(path, "path");
    Need(candidates, "candidates");
    Need(answer, "answer");
    if (max_candidates == 0)
      throw Error(ErrorCode::kInvalidArgument, "max_candidates is 0, expected 1 or more");
    vpr::Progress silent;
    vpr::IdentificationRequest request;
    request.top = max_candidates;
    const vpr::IdentificationOutcome outcome =
        recognizer->recognizer.Identify(ReadUsable(*recognizer, path), request, silent);
    for (std::size_t i = 0; i < outcome.candidates.size(); ++i) {
      CopyName(outcome.candidates[i].name, candidates[i].name);
      candidates[i].score = outcome.candidates[i].score;
      candidates[i].llr = outcome.candidates[i].llr;
    }
    *answer = {outcome.known() ? 1 : 0, outcome.threshold, outcome.margin, outcome.enrolled,
               outcome.candidates.size()};
  });
}

vpr_code vpr_refresh(vpr_recognizer* recognizer, int* changed) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    vpr::Progress silent;
    const bool any = recognizer->recognizer.Refresh(silent);
    if (changed != nullptr) *changed = any ? 1 : 0;
  });
}

}  // extern "C"
