#include "vpr/recognize/enrolled_people.h"

#include <algorithm>

#include "vpr/base/error.h"
#include "vpr/base/file_io.h"
#include "vpr/base/text.h"
#include "vpr/identify/gallery.h"
#include "vpr/identify/strangers.h"
#include "vpr/model/model_file.h"
#include "vpr/recognize/recognizer.h"
#include "vpr/store/json_lines.h"
#include "vpr/store/open_store.h"

namespace vpr {
namespace {

template <typename T>
std::optional<T> IfNot(const T& nothing, T&& value) {
  return value == nothing ? std::nullopt : std::optional<T>(std::move(value));
}

StrangerShift StrangersOf(VoiceStore& store, const std::string& wanted, Progress& progress) {
  Model model;
  try {
    model = LoadModel(FindModel(wanted));
  } catch (const Error& error) {
    if (!wanted.empty() || error.code() != ErrorCode::kNotFound) throw;
    return {};
  }
  if (model.scoring.conditional.empty()) return {};
  const Scorer scorer(std::move(model.scoring));
  return FindStrangerShift(LoadGallery(store, scorer, model.info, progress).gallery, scorer);
}

}  // namespace

RemovalOutcome RemovePeople(VoiceStore& store, const std::vector<std::string>& names,
                            const std::vector<std::int64_t>& utterances) {
  RemovalOutcome outcome;
  for (const std::string& name : names)
    if (std::find(outcome.names.begin(), outcome.names.end(), name) == outcome.names.end())
      outcome.names.push_back(name);
  for (const std::string& name : outcome.names) FindSpeaker(store, name);
  if (utterances.empty()) {
    store.RemoveAll(outcome.names);
  } else {
    if (outcome.names.size() != 1)
      throw Error(ErrorCode::kInvalidArgument, "--utterance needs exactly one name");
    store.RemoveUtterances(outcome.names[0], utterances);
  }
  outcome.utterances = utterances;
  outcome.overwritten = store.RemovedIsOverwritten();
  outcome.on_server = IsOnServer(store);
  return outcome;
}

std::size_t ExportPeople(VoiceStore& store, bool with_audio, const std::string& file) {
  AtomicFile written(file, 0600);
  std::size_t count = 0;
  store.ForEach(with_audio, [&](EnrolledSpeaker&& speaker) {
    written.Write(SpeakerToJson(speaker) + "\n");
    ++count;
  });
  written.Commit();
  return count;
}

std::vector<EnrolledSpeaker> ReadExportedPeople(const std::string& file) {
  const std::string text = ReadFile(file);
  std::vector<EnrolledSpeaker> people;
  std::size_t number = 0;
  for (std::string_view line : Lines(WithoutByteOrderMark(text))) {
    ++number;
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    try {
      people.push_back(SpeakerFromJson(line));
    } catch (const Error& error) {
      throw Error(
          error.code(),
          Format("cannot import '%s', line %zu: ", Printable(file).c_str(), number) + error.what());
    }
  }
  if (people.empty())
    throw Error(ErrorCode::kCorrupt,
                "cannot import '" + Printable(file) +
                    Format("': there is nobody in it (lines: %zu); expected what vpr speakers "
                           "export writes, a line for a speaker",
                           number));
  return people;
}

ImportOutcome ImportPeople(VoiceStore& store, std::vector<EnrolledSpeaker> people, bool merge,
                           Progress& progress, const StopRequested& stop) {
  std::vector<Enrollment> enrollments;
  for (EnrolledSpeaker& one : people)
    enrollments.push_back({std::move(one.name), std::move(one.utterances),
                           IfNot<std::string>("", std::move(one.note)), std::move(one.enrolled_at),
                           false, IfNot<std::string>("", std::move(one.consent)),
                           std::move(one.consented_at),
                           IfNot<std::int64_t>(0, std::move(one.forget_at))});
  progress.Start("importing", "speaker", enrollments.size());
  ImportOutcome outcome{enrollments.size(), {}};
  outcome.added = store.Import(enrollments, merge, [&](std::size_t done) {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped; nothing was imported");
    progress.Update(done);
  });
  progress.Finish();
  return outcome;
}

StoreCheck CheckStore(VoiceStore& store, const std::string& model, Progress& progress) {
  store.Check(CheckTemplateBlock);
  StoreCheck check{store.Describe(), store.NumSpeakers(), store.encrypted(), {}};
  check.strangers = StrangersOf(store, model, progress);
  return check;
}

}  // namespace vpr
