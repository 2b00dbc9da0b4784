// Labels, again and again, for what a camera sees and a microphone hears.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/clips/clip_classifier.h"
#include "vpr/live/listen.h"
#include "vpr/live/resource_monitor.h"
#include "vpr/live/synchronizer.h"

namespace vpr {

struct LiveAnswer : ClipAnswer {
  std::size_t pictures = 0;  // that were looked at and had what is looked for
  double heard_seconds = 0;
};

// What answers for the last seconds. For one thread.
class LiveLabeller {
 public:
  virtual ~LiveLabeller() = default;
  virtual const std::vector<std::string>& labels() const = 0;
  virtual bool sees() const = 0;   // it takes pictures
  virtual bool hears() const = 0;  // it takes sound
  // Nothing where neither side has anything to go by. Of pictures it may take fewer and smaller
  // ones as the quality says, of the sound always all.
  virtual std::optional<LiveAnswer> Label(const LiveWindow::Content& content,
                                          PictureQuality quality) = 0;
};

// By a classifier of clips: its pictures at quality high, half as many at medium and a quarter at
// low, of no more pixels a side than PixelsOf says; the largest face of each. Throws what
// LoadClipModel and FaceFinder throw.
std::unique_ptr<LiveLabeller> MakeLiveLabeller(const std::string& model,
                                               const ExtractorOptions& engine);

struct LiveLabelRequest {
  // A camera of VideoSource::FromCamera ("v4l2:/dev/video0", "x11grab::0", "lavfi:GRAPH"), a
  // device's path ("/dev/video0"), or a file, played as fast as it was recorded; empty: none.
  std::string camera;
  bool sound = true;  // of `microphone` if one is wanted, else of the camera's file
  MicrophoneRequest microphone;
  double seconds = 0;  // end after so many; 0: at the end of a file, or when stopped
  double window = 3;   // seconds that an answer is about
  double every = 1;    // seconds from answer to answer
  std::optional<PictureQuality> quality;  // none: as the machine has time for
  std::string processor_stat = "/proc/stat";
};

struct LiveLabel {
  double seconds = 0;  // since the beginning: up to where the window goes
  std::optional<LiveAnswer> answer;
  PictureQuality quality = PictureQuality::kHigh;
  std::optional<double> busy;   // of all processors, 0 to 1
  double milliseconds = 0;      // that the answer took
  Synchronizer::Counts counts;  // since the beginning
  std::uint64_t frames = 0;     // seen since the beginning
};

// Listens and looks until stopped, or to the end of a file. `use` gets an answer every so often, on
// the calling thread. Throws kInvalidArgument where there is nothing to see or hear, or nothing
// that the labeller takes; what VideoSource, OpenLive and PlayAsMicrophone throw; kDevice when a
// device stops delivering.
void LabelLive(LiveLabeller& labeller, const LiveLabelRequest& request, Progress& progress,
               const StopRequested& stop, const std::function<void(const LiveLabel&)>& use);

}  // namespace vpr
