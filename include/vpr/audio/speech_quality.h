// Whether a recording is fit to know a voice by.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "vpr/audio/audio_reader.h"

namespace vpr {

struct SpeechQuality {
  double seconds = 0;         // of the recording
  double speech_seconds = 0;  // of it with voice (DetectVoice)
  double level_dbfs = 0;      // RMS of the speech; 0 dBFS is a full-scale sine's peak squared
  double snr_db = 0;          // power of the speech above that of the pauses, or of the quietest
                              // moments where there is no pause; limited to -20 .. 60
  double clipped = 0;         // share of the samples in runs of 3 or more at the loudest value
  double bandwidth_hz = 0;    // highest frequency of the speech within 50 dB of its loudest band
};

// Measures 16 kHz samples that come block by block. 8 bytes are kept of every 10 ms, 29 MB of 10
// hours, since the noise is that of the quietest moments of all.
class SpeechMeter {
 public:
  explicit SpeechMeter(float peak);  // the largest magnitude in all the samples that will come
  ~SpeechMeter();

  void Accept(std::span<const float> samples);
  // No more samples. All is zero but `seconds` where there is no speech.
  SpeechQuality Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The same of all samples at once.
SpeechQuality MeasureSpeech(std::span<const float> samples);

// What is asked of a recording. The limits were chosen from the tables of docs/accuracy.md.
struct QualityLimits {
  double min_speech_seconds = 1.0;  // less is refused
  double min_snr_db = 0;            // less is refused: it is steady noise
  double few_speech_seconds = 2.0;  // what follows makes an answer doubtful
  double low_snr_db = 10;
  double high_clipped = 0.01;
  double low_level_dbfs = -55;
  double narrow_hz = 3000;
};

struct QualityVerdict {
  std::string refused;                // why it cannot be used; empty: it can
  std::vector<std::string> warnings;  // what makes an answer doubtful
};

QualityVerdict Judge(const SpeechQuality& quality, const QualityLimits& limits = {});

}  // namespace vpr
