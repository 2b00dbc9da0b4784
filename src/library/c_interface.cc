// The C interface.
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "vpr.h"
#include "vpr/base/error.h"
#include "vpr/base/resources.h"
#include "vpr/base/version.h"
#include "vpr/model/embedding_extractor.h"
#include "vpr/model/model_file.h"

struct vpr_recognizer {
  vpr::EmbeddingExtractor extractor;
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

std::vector<vpr::Voiceprint> Voiceprints(const vpr::EmbeddingExtractor& extractor,
                                         const std::vector<std::string>& paths) {
  const vpr::EmbeddedFiles files = Embed(extractor, paths);
  std::vector<vpr::Voiceprint> voiceprints;
  for (std::size_t i = 0; i < paths.size(); ++i)
    voiceprints.push_back(extractor.scorer().MakeVoiceprint(
        {files.embeddings.row(i), files.embeddings.cols}, files.conditions[i]));
  return voiceprints;
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
    vpr_options given = {};
    if (options != nullptr) {
      if (options->size != sizeof(given))
        throw Error(ErrorCode::kInvalidArgument, "vpr_options.size is " +
                                                     std::to_string(options->size) + ", expected " +
                                                     std::to_string(sizeof(given)));
      given = *options;
    }
    if (given.threads < 0)
      throw Error(ErrorCode::kInvalidArgument, "vpr_options.threads is below 0");
    vpr::ExtractorOptions engine;
    if (given.device != nullptr) engine.device = given.device;
    engine.threads = given.threads;
    opened =
        new vpr_recognizer{vpr::EmbeddingExtractor::Open(vpr::FindModel(OrEmpty(model)), engine)};
  });
  return opened;
}

void vpr_close(vpr_recognizer* recognizer) { delete recognizer; }

size_t vpr_embedding_size(const vpr_recognizer* recognizer) {
  return recognizer == nullptr
             ? 0
             : static_cast<std::size_t>(recognizer->extractor.info().embedding_dim);
}

vpr_code vpr_embed(const vpr_recognizer* recognizer, const char* path, float* embedding) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(path, "path");
    Need(embedding, "embedding");
    const vpr::EmbeddedFiles files = Embed(recognizer->extractor, {path});
    std::copy(files.embeddings.data.begin(), files.embeddings.data.end(), embedding);
  });
}

vpr_code vpr_embed_samples(const vpr_recognizer* recognizer, const float* samples,
                           size_t num_samples, float* embedding) {
  return Guarded([&] {
    Need(recognizer, "recognizer");
    Need(samples, "samples");
    Need(embedding, "embedding");
    const vpr::EmbeddingExtractor& extractor = recognizer->extractor;
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
    const vpr::DecisionThreshold& decision = recognizer->extractor.info().decision;
    if (decision.basis.empty())
      throw Error(ErrorCode::kIncompatible, "the model has no threshold to decide by");
    const std::vector<vpr::Voiceprint> voices = Voiceprints(recognizer->extractor, {a, b});
    const vpr::Score score = recognizer->extractor.scorer().Compare(voices[0], voices[1]);
    *answer = {score.value, score.cosine, score.llr, decision.threshold,
               score.value >= decision.threshold ? 1 : 0};
  });
}

}  // extern "C"
