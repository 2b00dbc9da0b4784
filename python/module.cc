// import vpr: the recognizer for Python.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/resources.h"
#include "vpr/base/version.h"
#include "vpr/evaluate/list_report.h"
#include "vpr/print/evaluation.h"
#include "vpr/print/outcomes.h"
#include "vpr/recognize/recognizer.h"

namespace py = pybind11;
using namespace pybind11::literals;

namespace vpr::python {
namespace {

using Samples = py::array_t<float, py::array::c_style | py::array::forcecast>;

const char* CodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kIncompatible:
      return "incompatible";
    case ErrorCode::kNeedsPassphrase:
      return "needs_passphrase";
    case ErrorCode::kNeedsKeyFile:
      return "needs_key_file";
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kUnusable:
      return "unusable";
    case ErrorCode::kInterrupted:
      return "interrupted";
    case ErrorCode::kDevice:
      return "device";
    case ErrorCode::kInternal:
      break;
  }
  return "internal";
}

// What a job that runs in a thread of its own last told, for the thread that waits for it.
class ToldProgress : public Progress {
 public:
  struct Told {
    std::string what;
    std::uint64_t done = 0, total = 0;
  };

  void Start(const std::string& what, const std::string&, std::uint64_t total,
             std::uint64_t already) override {
    std::lock_guard lock(mutex_);
    told_ = Told{what, already, total};
    news_ = true;
  }
  void Update(std::uint64_t done, const std::string&) override {
    std::lock_guard lock(mutex_);
    told_.done = done;
    news_ = true;
  }
  void Warn(const std::string& line) override {
    std::lock_guard lock(mutex_);
    warnings_.push_back(line);
  }

  std::optional<Told> News() {
    std::lock_guard lock(mutex_);
    if (!std::exchange(news_, false)) return std::nullopt;
    return told_;
  }
  std::vector<std::string> TakeWarnings() {
    std::lock_guard lock(mutex_);
    return std::exchange(warnings_, {});
  }

 private:
  std::mutex mutex_;
  Told told_;
  bool news_ = false;
  std::vector<std::string> warnings_;
};

// Runs `job(progress, stop)` in a thread of its own, without the interpreter's lock. The calling
// thread looks at signals meanwhile, which Python only does in its main thread, and calls
// `callback`; an exception of either asks the job to stop, and is raised when it has. Warnings
// become Python's.
template <typename Job>
auto RunJob(const py::object& callback, const Job& job) {
  using Result = decltype(job(std::declval<Progress&>(), std::declval<const StopRequested&>()));
  ToldProgress progress;
  std::atomic<bool> stopped = false;
  std::optional<Result> result;
  std::exception_ptr failure;
  std::optional<py::error_already_set> raised;
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;
  {
    py::gil_scoped_release release;
    std::thread worker([&] {
      try {
        result.emplace(job(progress, [&] { return stopped.load(); }));
      } catch (...) {
        failure = std::current_exception();
      }
      std::lock_guard lock(mutex);
      done = true;
      ended.notify_one();
    });
    auto look = [&] {
      py::gil_scoped_acquire acquire;
      if (raised) return;
      try {
        if (PyErr_CheckSignals() != 0) throw py::error_already_set();
        if (const auto news = progress.News(); news && !callback.is_none())
          callback(news->what, news->done, news->total);
      } catch (py::error_already_set& error) {
        raised.emplace(error);
        stopped = true;
      }
    };
    std::unique_lock lock(mutex);
    while (!ended.wait_for(lock, std::chrono::milliseconds(50), [&] { return done; })) {
      lock.unlock();
      look();
      lock.lock();
    }
    lock.unlock();
    worker.join();
    look();  // at what came last, which of a short job is all
  }
  if (raised) throw py::error_already_set(std::move(*raised));
  for (const std::string& line : progress.TakeWarnings())
    if (PyErr_WarnEx(PyExc_RuntimeWarning, line.c_str(), 1) != 0) throw py::error_already_set();
  if (failure) std::rethrow_exception(failure);
  return *std::move(result);
}

// A recording as Python gives it: a path, or sound.
using Sound = std::variant<std::string, std::vector<float>>;

Sound ToSound(const py::object& given, int sample_rate) {
  if (py::isinstance<py::array>(given)) {
    const Samples samples = Samples::ensure(given);
    if (!samples || samples.ndim() != 1)
      throw py::value_error("sound is an array of one dimension, mono");
    std::vector<float> copy(samples.data(), samples.data() + samples.size());
    return sample_rate == kSampleRate ? copy : Resample(copy, sample_rate, kSampleRate);
  }
  return py::module_::import("os").attr("fsdecode")(given).cast<std::string>();
}

Recording Read(const Sound& sound, const EmbeddingExtractor& extractor, bool keep_samples,
               const std::function<void()>& check = {}) {
  if (const auto* samples = std::get_if<std::vector<float>>(&sound))
    return EmbedRecording("samples", *samples, extractor, QualityLimits(), keep_samples);
  return EmbedFile(std::get<std::string>(sound), extractor, QualityLimits(), keep_samples,
                   std::max(1, extractor.options().threads), [&](double) {
                     if (check) check();
                   });
}

// Ends a file in its midst.
std::function<void()> Stopper(const StopRequested& stop) {
  return [&stop] {
    if (stop()) throw Error(ErrorCode::kInterrupted, "stopped");
  };
}

py::array_t<float> ToArray(const std::vector<float>& values) {
  return py::array_t<float>(static_cast<py::ssize_t>(values.size()), values.data());
}

py::object Parsed(const std::string& json) {
  return py::module_::import("json").attr("loads")(json);
}

// NaN as None.
std::optional<double> Known(double value) {
  return std::isnan(value) ? std::nullopt : std::optional(value);
}

Recognizer Open(const std::optional<std::string>& model, const std::optional<std::string>& store,
                bool create, const std::optional<std::string>& key_file,
                const std::optional<std::string>& passphrase, const std::string& device,
                int threads) {
  if (threads < 0) throw py::value_error("threads is 0 or more");
  py::gil_scoped_release release;
  std::unique_ptr<VoiceStore> opened;
  if (store) {
    StoreOptions options;
    options.where = FindStore(*store);
    options.key.key_file = key_file.value_or("");
    if (passphrase) options.key.passphrase = Secret(*passphrase);
    options.create = create;
    opened = VoiceStore::Open(options);
  }
  ExtractorOptions engine;
  engine.device = device;
  engine.threads = threads;
  const std::string path = FindModel(model.value_or(""));
  return Recognizer(EmbeddingExtractor::Open(path, engine), path, std::move(opened));
}

py::array_t<float> Embed(const Recognizer& recognizer, const py::object& recording,
                         int sample_rate) {
  const Sound sound = ToSound(recording, sample_rate);
  const EmbeddingExtractor& extractor = recognizer.extractor();
  return ToArray(RunJob(py::none(), [&](Progress&, const StopRequested&) {
    if (const auto* samples = std::get_if<std::vector<float>>(&sound))
      return extractor.Extract(extractor.SpeechFor(*samples, "samples"));
    Progress silent;
    return EmbedFiles(
               {std::get<std::string>(sound)}, extractor, silent, {},
               [](const FailedFile& failed) { throw Error(ErrorCode::kUnusable, failed.reason); })
        .embeddings.data;
  }));
}

py::array_t<float> EmbedMany(const Recognizer& recognizer, const std::vector<py::object>& files,
                             const py::object& callback) {
  std::vector<std::string> paths;
  for (const py::object& file : files)
    paths.push_back(py::module_::import("os").attr("fsdecode")(file).cast<std::string>());
  const Matrix embeddings = RunJob(callback, [&](Progress& progress, const StopRequested& stop) {
    return EmbedFiles(paths, recognizer.extractor(), progress, stop,
                      [&](const FailedFile& failed) { progress.Warn(failed.reason); })
        .embeddings;
  });
  py::array_t<float> array({embeddings.rows, embeddings.cols});
  std::copy(embeddings.data.begin(), embeddings.data.end(), array.mutable_data());
  return array;
}

Comparison Compare(const Recognizer& recognizer, const py::object& a, const py::object& b,
                   const std::optional<double>& threshold, const std::optional<double>& fmr,
                   int sample_rate) {
  const Sound first = ToSound(a, sample_rate), second = ToSound(b, sample_rate);
  const DecisionThreshold decision =
      recognizer.Choose(OperatingPoint::kCompare, {threshold, fmr}).decision;
  Comparison comparison = RunJob(py::none(), [&](Progress&, const StopRequested& stop) {
    if (std::holds_alternative<std::string>(first) && std::holds_alternative<std::string>(second))
      return recognizer.Compare(std::get<std::string>(first), std::get<std::string>(second),
                                decision);
    const auto check = Stopper(stop);
    return recognizer.Compare(Read(first, recognizer.extractor(), false, check),
                              Read(second, recognizer.extractor(), false, check), decision);
  });
  if (!comparison.score) throw Error(ErrorCode::kUnusable, comparison.failure);
  return comparison;
}

EnrollmentOutcome Enroll(Recognizer& recognizer, const std::string& name,
                         const std::vector<py::object>& recordings, bool force, bool keep_audio,
                         const std::optional<std::string>& note,
                         const std::optional<std::string>& consent,
                         const std::optional<std::string>& forget_after, int sample_rate,
                         const py::object& callback) {
  std::vector<Sound> sounds;
  for (const py::object& one : recordings) sounds.push_back(ToSound(one, sample_rate));
  return RunJob(callback, [&](Progress& progress, const StopRequested& stop) {
    CheckSpeakerName(name);
    const auto check = Stopper(stop);
    std::vector<Recording> read;
    progress.Start("embedding", "file", sounds.size());
    for (const Sound& sound : sounds) {
      read.push_back(Read(sound, recognizer.extractor(), keep_audio, check));
      progress.Update(read.size());
      check();
    }
    EnrollmentPolicy policy{force, keep_audio, note, consent};
    if (forget_after) policy.forget_at = ForgetAfter(*forget_after);
    return recognizer.Enroll(name, std::move(read), policy, progress);
  });
}

VerificationOutcome Verify(Recognizer& recognizer, const std::string& name,
                           const py::object& recording, const std::optional<double>& threshold,
                           const std::optional<double>& fmr, int sample_rate) {
  const Sound sound = ToSound(recording, sample_rate);
  return RunJob(py::none(), [&](Progress& progress, const StopRequested& stop) {
    const Claim claim = recognizer.MakeClaim(name, {threshold, fmr}, progress);
    const Recording read = Read(sound, recognizer.extractor(), false, Stopper(stop));
    if (!read.failure.empty()) throw Error(ErrorCode::kUnusable, read.failure);
    return recognizer.Verify(claim, read);
  });
}

IdentificationOutcome Identify(Recognizer& recognizer, const py::object& recording, std::size_t top,
                               double fpir, const std::optional<double>& threshold,
                               int sample_rate) {
  if (top == 0) throw py::value_error("top is 1 or more");
  const Sound sound = ToSound(recording, sample_rate);
  return RunJob(py::none(), [&](Progress& progress, const StopRequested& stop) {
    const Recording read = Read(sound, recognizer.extractor(), false, Stopper(stop));
    if (!read.failure.empty()) throw Error(ErrorCode::kUnusable, read.failure);
    return recognizer.Identify(read, {top, fpir, threshold}, progress);
  });
}

std::vector<ListReport> EvaluateLists(
    const Recognizer& recognizer, const std::variant<std::string, std::vector<std::string>>& given,
    const std::string& audio_root, const std::string& enroll, const std::vector<std::string>& by,
    const std::string& metadata, const std::optional<double>& threshold, bool intervals,
    const py::object& callback) {
  const auto* const one = std::get_if<std::string>(&given);
  const std::vector<std::string> lists =
      one != nullptr ? std::vector{*one} : std::get<std::vector<std::string>>(given);
  return RunJob(callback, [&](Progress& progress, const StopRequested& stop) {
    return EvaluateTrials({{lists, enroll, audio_root}, by, metadata, threshold, intervals, ""},
                          recognizer.extractor(), progress, stop);
  });
}

std::optional<double> RateOf(const ListReport& report, Rate rate) {
  return Known(report.whole.rates[rate]);
}

void DefineOutcomes(py::module_& m) {
  py::class_<Comparison>(m, "Comparison", "Two recordings held against each other.")
      .def_readonly("a", &Comparison::a)
      .def_readonly("b", &Comparison::b)
      .def_property_readonly("score", [](const Comparison& c) { return c.score->value; })
      .def_property_readonly("cosine", [](const Comparison& c) { return c.score->cosine; })
      .def_property_readonly("llr", [](const Comparison& c) { return Known(c.score->llr); })
      .def_property_readonly("threshold", [](const Comparison& c) { return c.decision.threshold; })
      .def_property_readonly("same", &Comparison::same)
      .def_readonly("warnings", &Comparison::warnings)
      .def("to_dict", [](const Comparison& c) { return Parsed(ToJson(c)); })
      .def("__bool__", &Comparison::same)
      .def("__repr__", [](const Comparison& c) { return "<vpr.Comparison\n" + ToText(c) + ">"; });
  py::class_<EnrollmentOutcome::LeftOut>(m, "LeftOut", "A recording that was not enrolled.")
      .def_readonly("file", &EnrollmentOutcome::LeftOut::file)
      .def_readonly("reason", &EnrollmentOutcome::LeftOut::reason);
  py::class_<EnrollmentOutcome>(m, "Enrollment", "What an attempt to enroll somebody did.")
      .def_readonly("name", &EnrollmentOutcome::name)
      .def_property_readonly("enrolled",
                             [](const EnrollmentOutcome& o) {
                               std::vector<std::string> files;
                               for (const auto& one : o.enrolled) files.push_back(one.file);
                               return files;
                             })
      .def_readonly("left_out", &EnrollmentOutcome::left_out)
      .def_readonly("utterances", &EnrollmentOutcome::utterances)
      .def_readonly("speech_seconds", &EnrollmentOutcome::speech_seconds)
      .def_property_readonly("resembles",
                             [](const EnrollmentOutcome& o) {
                               return o.resembles ? std::optional(o.resembles->name) : std::nullopt;
                             })
      .def_property_readonly("done", &EnrollmentOutcome::done)
      .def_property_readonly("warnings", [](const EnrollmentOutcome& o) { return Warnings(o); })
      .def("to_dict", [](const EnrollmentOutcome& o) { return Parsed(ToJson(o)); })
      .def("__bool__", &EnrollmentOutcome::done)
      .def("__repr__",
           [](const EnrollmentOutcome& o) { return "<vpr.Enrollment " + ToJson(o) + ">"; });
  py::class_<VerificationOutcome>(m, "Verification", "Whether it is who they say they are.")
      .def_readonly("name", &VerificationOutcome::name)
      .def_readonly("file", &VerificationOutcome::source)
      .def_property_readonly("score", [](const VerificationOutcome& o) { return o.score->value; })
      .def_property_readonly("cosine", [](const VerificationOutcome& o) { return o.score->cosine; })
      .def_property_readonly("llr",
                             [](const VerificationOutcome& o) { return Known(o.score->llr); })
      .def_property_readonly("threshold",
                             [](const VerificationOutcome& o) { return o.decision.threshold; })
      .def_readonly("speech_seconds", &VerificationOutcome::speech_seconds)
      .def_readonly("snr_db", &VerificationOutcome::snr_db)
      .def_readonly("warnings", &VerificationOutcome::warnings)
      .def_property_readonly("accepted", &VerificationOutcome::accepted)
      .def("to_dict", [](const VerificationOutcome& o) { return Parsed(ToJson(o)); })
      .def("__bool__", &VerificationOutcome::accepted)
      .def("__repr__",
           [](const VerificationOutcome& o) { return "<vpr.Verification\n" + ToText(o) + ">"; });
  py::class_<IdentificationOutcome::Candidate>(m, "Candidate", "Somebody who may be speaking.")
      .def_readonly("name", &IdentificationOutcome::Candidate::name)
      .def_readonly("score", &IdentificationOutcome::Candidate::score)
      .def_property_readonly("llr",
                             [](const IdentificationOutcome::Candidate& c) { return Known(c.llr); })
      .def("__repr__", [](const IdentificationOutcome::Candidate& c) {
        return "<vpr.Candidate " + c.name + " " + std::to_string(c.score) + ">";
      });
  py::class_<IdentificationOutcome>(m, "Identification", "Who speaks, if anybody enrolled does.")
      .def_readonly("file", &IdentificationOutcome::source)
      .def_property_readonly(
          "name",
          [](const IdentificationOutcome& o) {
            return o.known() ? std::optional(o.candidates[0].name) : std::nullopt;
          },
          "The speaker; None: nobody who is enrolled.")
      .def_readonly("candidates", &IdentificationOutcome::candidates)
      .def_readonly("threshold", &IdentificationOutcome::threshold)
      .def_property_readonly("margin",
                             [](const IdentificationOutcome& o) { return Known(o.margin); })
      .def_readonly("enrolled", &IdentificationOutcome::enrolled)
      .def_readonly("speech_seconds", &IdentificationOutcome::speech_seconds)
      .def_readonly("snr_db", &IdentificationOutcome::snr_db)
      .def_readonly("warnings", &IdentificationOutcome::warnings)
      .def("to_dict", [](const IdentificationOutcome& o) { return Parsed(ToJson(o)); })
      .def("__bool__", &IdentificationOutcome::known)
      .def("__repr__",
           [](const IdentificationOutcome& o) { return "<vpr.Identification " + ToText(o) + ">"; });
  py::class_<ListReport>(m, "Evaluation", "Error rates of a list of trials.")
      .def_readonly("list", &ListReport::list)
      .def_property_readonly(
          "trials", [](const ListReport& r) { return r.whole.targets + r.whole.nontargets; })
      .def_property_readonly("targets", [](const ListReport& r) { return r.whole.targets; })
      .def_property_readonly("eer", [](const ListReport& r) { return RateOf(r, kEer); })
      .def_property_readonly("threshold", [](const ListReport& r) { return r.whole.eer_threshold; })
      .def_property_readonly("fmr", [](const ListReport& r) { return RateOf(r, kFmr); })
      .def_property_readonly("fnmr", [](const ListReport& r) { return RateOf(r, kFnmr); })
      .def_property_readonly("cllr", [](const ListReport& r) { return RateOf(r, kCllr); })
      .def("to_dict", [](const ListReport& r) { return Parsed(ToJson(r)); })
      .def("__repr__",
           [](const ListReport& r) { return "<vpr.Evaluation\n" + ToTable({r}) + ">"; });
}

void DefineRecognizer(py::module_& m) {
  py::class_<Recognizer>(m, "Recognizer",
                         "A model and, if asked for, a store of enrolled people. May be used by\n"
                         "several threads at once.")
      .def(py::init(&Open), "model"_a = py::none(), "store"_a = py::none(), py::kw_only(),
           "create"_a = false, "key_file"_a = py::none(), "passphrase"_a = py::none(),
           "device"_a = "auto", "threads"_a = 0,
           "model: path; None: $VPR_MODEL, else the one that came with vpr. store: path, or\n"
           "address of a PostgreSQL database; \"\": $VPR_DB, else the user's own; None: none, and\n"
           "then nobody can be enrolled, verified or identified. create: made if it is not there.")
      .def_property_readonly("model", &Recognizer::model, "The model's path.")
      .def_property_readonly("embedding_size",
                             [](const Recognizer& r) { return r.extractor().info().embedding_dim; })
      .def("embed", &Embed, "recording"_a, py::kw_only(), "sample_rate"_a = kSampleRate,
           "The embedding of a recording: float32 [embedding_size], of length 1.")
      .def("embed_files", &EmbedMany, "files"_a, py::kw_only(), "progress"_a = py::none(),
           "Embeddings of many files: float32 [files, embedding_size]; rows of NaN, and a\n"
           "warning, where a file cannot be used.")
      .def("compare", &Compare, "a"_a, "b"_a, py::kw_only(), "threshold"_a = py::none(),
           "fmr"_a = py::none(), "sample_rate"_a = kSampleRate,
           "Are two recordings of one speaker? threshold: instead of the model's; fmr: the\n"
           "model's for this false match rate.")
      .def("enroll", &Enroll, "name"_a, "recordings"_a, py::kw_only(), "force"_a = false,
           "keep_audio"_a = false, "note"_a = py::none(), "consent"_a = py::none(),
           "forget_after"_a = py::none(), "sample_rate"_a = kSampleRate, "progress"_a = py::none(),
           "Learns somebody's voice, or adds to it. What cannot be used, is enrolled already or\n"
           "does not sound like the others is left out; force: only what cannot be used.\n"
           "consent: what the person agreed to; forget_after: \"90d\" (s, min, h, d, w, y) or\n"
           "\"never\"; both replace what was known of the person.")
      .def("verify", &Verify, "name"_a, "recording"_a, py::kw_only(), "threshold"_a = py::none(),
           "fmr"_a = py::none(), "sample_rate"_a = kSampleRate, "Is it who they say they are?")
      .def("identify", &Identify, "recording"_a, py::kw_only(), "top"_a = 3, "fpir"_a = 0.05,
           "threshold"_a = py::none(), "sample_rate"_a = kSampleRate,
           "Who speaks, if anybody enrolled does? fpir: of strangers, this share may be taken\n"
           "for somebody.")
      .def(
          "refresh",
          [](Recognizer& r) {
            py::gil_scoped_release release;
            Progress silent;
            return r.Refresh(silent);
          },
          "Takes in what other processes have changed in the store; False: nothing.")
      .def("evaluate", &EvaluateLists, "lists"_a, py::kw_only(), "audio_root"_a = ".",
           "enroll"_a = "", "by"_a = std::vector<std::string>(), "metadata"_a = "",
           "threshold"_a = py::none(), "intervals"_a = true, "progress"_a = py::none(),
           "Scores a list of trials (its path), or several, and measures each, as vpr eval does.");
}

}  // namespace
}  // namespace vpr::python

PYBIND11_MODULE(_vpr, m) {
  using namespace vpr;  // NOLINT
  m.doc() = "What import vpr is made of.";
  m.attr("__version__") = Version();
  static const py::object error = py::reinterpret_steal<py::object>(PyErr_NewExceptionWithDoc(
      "vpr.Error", "What went wrong, in one line; `code` says of which kind it is.",
      PyExc_RuntimeError, nullptr));
  m.attr("Error") = error;
  py::register_exception_translator([](std::exception_ptr thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const Error& cause) {
      const py::object instance = error(cause.what());
      instance.attr("code") = python::CodeName(cause.code());
      PyErr_SetObject(error.ptr(), instance.ptr());
    }
  });
  python::DefineOutcomes(m);
  python::DefineRecognizer(m);
  m.def(
      "evaluate_scores",
      [](const std::string& path, const std::optional<double>& threshold, bool llr,
         bool intervals) {
        py::gil_scoped_release release;
        return EvaluateScores(path, threshold, llr, intervals);
      },
      "path"_a, py::kw_only(), "threshold"_a = py::none(), "llr"_a = false, "intervals"_a = true,
      "Error rates of a list of scores that there are already.");
  m.def("set_resource_folder", &SetResourceFolder, "folder"_a,
        "The folder of an installation, in which engines and models are looked for.");
}
