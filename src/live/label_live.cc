#include "vpr/live/label_live.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <map>
#include <thread>
#include <utility>

#include "vpr/audio/audio_reader.h"
#include "vpr/base/error.h"
#include "vpr/base/text.h"
#include "vpr/face/align.h"
#include "vpr/face/face_source.h"
#include "vpr/video/video_source.h"

namespace vpr {
namespace {

constexpr int kLongestSide = 640;       // of frames that are kept
constexpr double kBlockSeconds = 0.04;  // of sound that is paired with a frame
constexpr int kPatience = 50;           // milliseconds from one look at `stop` to the next
constexpr double kLoadSeconds = 1;      // from one measurement to the next
constexpr double kLeastHeard = 0.6;     // seconds of sound that are worth an answer
constexpr float kSilence = 1.0f / 32768;
// How quickly a microphone's own clock follows ours: of each block's difference.
constexpr double kFollow = 0.01;

class ClipLabeller final : public LiveLabeller {
 public:
  ClipLabeller(const std::string& path, const ExtractorOptions& engine)
      : model_(LoadClipModel(path)), engine_(engine) {
    if (model_.info.clips.face && sees()) finder_.emplace(FaceOptions{});
    For(PictureQuality::kHigh);
  }

  const std::vector<std::string>& labels() const override { return model_.info.labels; }
  bool sees() const override { return model_.info.shape.image; }
  bool hears() const override { return model_.info.shape.sound; }

  std::optional<LiveAnswer> Label(const LiveWindow::Content& content,
                                  PictureQuality quality) override {
    const ClipClassifier& classifier = For(quality);
    ClipInput input;
    if (sees()) input.pictures = Pictures(content.frames, quality, classifier.info().clips.side);
    const bool heard = hears() &&
                       static_cast<double>(content.samples.size()) >= kLeastHeard * kSampleRate &&
                       std::any_of(content.samples.begin(), content.samples.end(),
                                   [](float x) { return std::abs(x) > kSilence; });
    if (heard) input.samples = content.samples;
    if (!input.seen() && !input.heard()) return std::nullopt;
    LiveAnswer answer;
    static_cast<ClipAnswer&>(answer) = classifier.Classify(input);
    answer.pictures = input.pictures.size();
    answer.heard_seconds = static_cast<double>(input.samples.size()) / kSampleRate;
    return answer;
  }

 private:
  // The network for smaller pictures: its weights do not depend on their size.
  const ClipClassifier& For(PictureQuality quality) {
    const int side = std::min(model_.info.shape.side, PixelsOf(quality));
    const auto found = classifiers_.find(side);
    if (found != classifiers_.end()) return found->second;
    ClipModel model = model_;
    model.info.shape.side = model.info.clips.side =
        quality == PictureQuality::kHigh ? model_.info.shape.side : side;
    return classifiers_.emplace(side, ClipClassifier(std::move(model), engine_)).first->second;
  }

  std::vector<Image> Pictures(const std::vector<LiveFrame>& frames, PictureQuality quality,
                              int side) const {
    const int share = quality == PictureQuality::kHigh     ? 1
                      : quality == PictureQuality::kMedium ? 2
                                                           : 4;
    const auto wanted = static_cast<std::size_t>(std::max(1, model_.info.clips.frames / share));
    std::vector<Image> pictures;
    for (const std::size_t i : SpreadOver(frames.size(), std::min(wanted, frames.size()))) {
      const Image& frame = *frames[i].picture;
      if (!finder_) {
        pictures.push_back(Resize(frame, side, side));
        continue;
      }
      const std::vector<FoundFace> faces = finder_->Find(frame);
      const auto largest = std::max_element(
          faces.begin(), faces.end(),
          [](const FoundFace& a, const FoundFace& b) { return a.box.height < b.box.height; });
      if (largest != faces.end())
        pictures.push_back(Warp(frame, BoxCrop(largest->box, side), side, side));
    }
    return pictures;
  }

  const ClipModel model_;
  const ExtractorOptions engine_;
  std::optional<FaceFinder> finder_;
  std::map<int, ClipClassifier> classifiers_;  // by the side of their pictures
};

bool IsDevice(const std::string& camera) {
  for (const char* const kind : {"v4l2:", "x11grab:", "lavfi:"})
    if (camera.starts_with(kind)) return true;
  return camera.starts_with("/dev/video");
}

VideoSource OpenCamera(const std::string& camera, const StopRequested& stop) {
  VideoOptions options;
  options.longest_side = kLongestSide;
  if (!IsDevice(camera)) return VideoSource(camera, options);
  return VideoSource::FromCamera(camera.starts_with("/") ? "v4l2:" + camera : camera, options,
                                 stop);
}

// A camera and a microphone, each on a thread of its own, and one that puts both together.
class LiveCapture {
 public:
  LiveCapture(const LiveLabelRequest& request, Progress& progress, const StopRequested& stop)
      : progress_(progress), window_(request.window) {
    const StopRequested ends = [this, stop] { return halt_ || (stop && stop()); };
    if (!request.camera.empty()) video_.emplace(OpenCamera(request.camera, ends));
    if (request.sound && request.microphone.wanted())
      sound_ = OpenLive(request.microphone);
    else if (request.sound && video_ && !IsDevice(request.camera))
      sound_ = PlayTrack(request.camera);
    microphone_ = request.microphone.mic;
    SynchronizerOptions options;
    options.frames = video_.has_value();
    options.sound = sound_ != nullptr;
    if (!options.frames && !options.sound)
      throw Error(ErrorCode::kInvalidArgument,
                  "there is neither a camera nor a microphone to look at or listen to");
    synchronizer_ = std::make_unique<Synchronizer>(options);
    if (video_) threads_.emplace_back([this] { Guard([this] { Look(); }, true); });
    if (sound_) threads_.emplace_back([this] { Guard([this] { Listen(); }, false); });
    threads_.emplace_back([this] { Collect(); });
  }
  ~LiveCapture() {
    halt_ = true;
    for (std::thread& thread : threads_) thread.join();
  }
  LiveCapture(const LiveCapture&) = delete;
  LiveCapture& operator=(const LiveCapture&) = delete;

  bool sees() const { return video_.has_value(); }
  bool hears() const { return sound_ != nullptr; }
  const Synchronizer& synchronizer() const { return *synchronizer_; }
  const LiveWindow& window() const { return window_; }
  bool ended() const { return collected_; }
  std::uint64_t frames() const { return frames_; }
  double now() const { return synchronizer_->Now(); }
  std::uint64_t lost() const { return sound_ == nullptr ? 0 : sound_->lost(); }
  // What ended a thread, if anything went wrong on it.
  void ThrowFailure() {
    std::lock_guard lock(mutex_);
    if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
  }

 private:
  std::unique_ptr<LiveAudio> PlayTrack(const std::string& file) {
    sound_begins_ = video_->info().sound_begins;
    try {
      return PlayAsMicrophone(file);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kCorrupt && error.code() != ErrorCode::kUnusable) throw;
      progress_.Warn(error.what());
      return nullptr;
    }
  }

  template <typename Work>
  void Guard(const Work& work, bool frames) {
    try {
      work();
    } catch (...) {
      std::lock_guard lock(mutex_);
      if (!failure_) failure_ = std::current_exception();
    }
    frames ? synchronizer_->EndFrames() : synchronizer_->EndSound();
  }

  void WaitUntil(double seconds) const {
    while (!halt_) {
      const double left = seconds - synchronizer_->Now();
      if (left <= 0) return;
      std::this_thread::sleep_for(std::chrono::duration<double>(std::min(left, 1e-3 * kPatience)));
    }
  }

  // Frames of files, and of what makes them as fast as they are taken, wait for their time; those
  // of a camera come when it is there.
  void Look() {
    VideoFrame frame;
    std::optional<double> begin;
    while (!halt_ && video_->Next(frame)) {
      if (!begin) begin = synchronizer_->Now() - frame.seconds;
      WaitUntil(*begin + frame.seconds);
      ++frames_;
      // A file that is decoded too slowly falls behind, as its sound does not: its frames then
      // have no block near them and are dropped.
      synchronizer_->Add(LiveFrame{*begin + frame.seconds,
                                   std::make_shared<const Image>(std::move(frame.picture))});
    }
  }

  void Listen() {
    const auto block = static_cast<std::size_t>(kBlockSeconds * kSampleRate);
    std::vector<float> samples;
    std::uint64_t given = 0;  // samples before these
    std::optional<double> begin;
    bool more = true;
    while (more && !halt_) {
      more = sound_->Read(samples, kPatience);
      if (!samples.empty()) {
        // When the first sample was heard, if the last one was heard just now.
        const double told =
            synchronizer_->Now() - static_cast<double>(given + samples.size()) / kSampleRate;
        if (!begin)
          begin = microphone_ ? told : told + sound_begins_;
        else if (microphone_)
          *begin += kFollow * (told - *begin);
      }
      std::size_t taken = 0;
      for (; samples.size() - taken >= block || (!more && taken < samples.size());) {
        const std::size_t count = std::min(block, samples.size() - taken);
        SoundBlock next{*begin + static_cast<double>(given) / kSampleRate, {}};
        next.samples.assign(samples.begin() + static_cast<std::ptrdiff_t>(taken),
                            samples.begin() + static_cast<std::ptrdiff_t>(taken + count));
        window_.Add(next);  // of the voice nothing is dropped
        synchronizer_->Add(std::move(next));
        taken += count, given += count;
      }
      samples.erase(samples.begin(), samples.begin() + static_cast<std::ptrdiff_t>(taken));
    }
  }

  void Collect() {
    while (!halt_ && !synchronizer_->ended())
      if (const auto pair = synchronizer_->Wait(kPatience); pair && pair->frame)
        window_.Add(*pair->frame);
    collected_ = true;
  }

  Progress& progress_;
  LiveWindow window_;
  std::optional<VideoSource> video_;
  std::unique_ptr<LiveAudio> sound_;
  bool microphone_ = false;
  double sound_begins_ = 0;  // of a file
  std::unique_ptr<Synchronizer> synchronizer_;
  std::atomic<bool> halt_ = false, collected_ = false;
  std::atomic<std::uint64_t> frames_ = 0;
  std::mutex mutex_;
  std::exception_ptr failure_;
  std::vector<std::thread> threads_;
};

}  // namespace

std::unique_ptr<LiveLabeller> MakeLiveLabeller(const std::string& model,
                                               const ExtractorOptions& engine) {
  return std::make_unique<ClipLabeller>(model, engine);
}

void LabelLive(LiveLabeller& labeller, const LiveLabelRequest& request, Progress& progress,
               const StopRequested& stop, const std::function<void(const LiveLabel&)>& use) {
  LiveCapture capture(request, progress, stop);
  if (!(labeller.sees() && capture.sees()) && !(labeller.hears() && capture.hears()))
    throw Error(ErrorCode::kInvalidArgument,
                std::string("the classifier takes ") + (labeller.sees() ? "pictures" : "sound") +
                    ", and there is only " +
                    (capture.sees() ? "a camera without sound" : "a microphone"));
  progress.Info((capture.sees() ? "looking at '" + Printable(request.camera) + "'" +
                                      (capture.hears() ? " and listening" : "")
                                : std::string("listening")) +
                "; Ctrl-C ends");
  ProcessorLoad load(request.processor_stat);
  QualityControl control;
  std::optional<double> busy = load.Measure();
  double measured = 0, next = request.every;
  const auto answer = [&] {
    LiveLabel label;
    const LiveWindow::Content content = capture.window().Get();
    label.seconds = content.until;
    label.quality = request.quality.value_or(control.quality());
    label.busy = busy;
    const double begin = capture.now();
    label.answer = labeller.Label(content, label.quality);
    label.milliseconds = 1000 * (capture.now() - begin);
    label.counts = capture.synchronizer().counts();
    label.frames = capture.frames();
    use(label);
  };
  double answered = 0;
  while (!(stop && stop())) {
    capture.ThrowFailure();
    const double now = capture.now();
    const bool ended = capture.ended() || (request.seconds > 0 && now >= request.seconds);
    if (now - measured >= kLoadSeconds) {
      measured = now;
      if (const std::optional<double> share = load.Measure()) busy = share, control.Update(*share);
    }
    if (now >= next || ended) {
      // At the end once more, if there is something new to say.
      if (!ended || now - answered > request.every / 2) answer();
      answered = now;
      // Answers that take longer than that follow one another.
      next = std::max(next + request.every, capture.now());
    }
    if (ended) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  capture.ThrowFailure();
  if (capture.lost() > 0)
    progress.Warn(Format("%llu samples were lost: the machine is too busy",
                         static_cast<unsigned long long>(capture.lost())));
}

}  // namespace vpr
