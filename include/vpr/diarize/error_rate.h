// How far a diarization is from the truth: DER, JER, the number of speakers, and the names.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "vpr/base/progress.h"
#include "vpr/diarize/annotation.h"
#include "vpr/eval/bootstrap.h"

namespace vpr {

// What of a recording is scored.
struct ErrorProtocol {
  // Seconds left out on each side of every begin and end of a reference turn: md-eval's and
  // dscore's convention ("-c 0.25"). pyannote.metrics means the whole width: its collar=0.5 is 0.25
  // here.
  double collar = 0;
  bool skip_overlap = false;  // where two or more speak in the reference
};

// Seconds of speaker time: where two speak at once, each counts. Turns of one speaker that overlap
// are one.
struct DiarizationErrors {
  double speech = 0;       // of the reference, scored
  double miss = 0;         // more speak than the hypothesis says
  double false_alarm = 0;  // fewer
  double confusion = 0;    // somebody else, under the mapping that makes this least
  double errors() const { return miss + false_alarm + confusion; }
  double rate() const;  // DER: errors() / speech; NaN without speech
  DiarizationErrors& operator+=(const DiarizationErrors& other);
};

// Jaccard error of the reference's speakers: 1 - both / either, of the speaker and of the one of
// the hypothesis that it is mapped to, 1 where it is mapped to none, the mapping being the one with
// the least sum (Ryant et al., "The Second DIHARD Diarization Challenge", Interspeech 2019).
struct JaccardErrors {
  double sum = 0;
  std::size_t speakers = 0;
  double rate() const;  // JER: the mean; NaN without speakers
  JaccardErrors& operator+=(const JaccardErrors& other);
};

// Names, compared as they are written (no mapping). Of a moment at which several speak, right names
// are taken away first; names left over are counted against strangers who speak first, then against
// enrolled people without their name, then as said where none speaks.
struct NameErrors {
  double enrolled = 0;       // seconds of speech of people with an enrolled name
  double right = 0;          // of these with their name
  double wrong = 0;          // with another enrolled person's
  double missed = 0;         // with none: unknown, or not found as speech
  double strangers = 0;      // seconds of speech of all others
  double named = 0;          // of these with an enrolled person's name
  double named_nothing = 0;  // names given where nobody is left who speaks
  // (wrong + missed + named + named_nothing) / (enrolled + strangers); NaN without speech.
  double rate() const;
  NameErrors& operator+=(const NameErrors& other);
};

struct RecordingErrors {
  std::string recording;
  DiarizationErrors full, fair, forgiving;
  JaccardErrors jaccard;                                        // scored as `full`
  std::size_t reference_speakers = 0, hypothesis_speakers = 0;  // who speak in what is scored
  std::optional<NameErrors> names;  // scored as `full`; if it is known who is enrolled
};

struct DiarizationScoring {
  double collar = 0.25;  // of fair and forgiving
  std::optional<std::set<std::string>> enrolled;
};

// `parts` is what counts, as UnionOf gives it; without it from the first begin to the last end of
// both annotations. Throws kInvalidArgument for over 2,000 speakers.
DiarizationErrors ScoreDiarization(const std::vector<Turn>& reference,
                                   const std::vector<Turn>& hypothesis,
                                   const std::optional<std::vector<TimeSpan>>& parts,
                                   const ErrorProtocol& protocol);
RecordingErrors ScoreRecording(const Annotation& reference, const std::vector<Turn>& hypothesis,
                               const std::optional<std::vector<TimeSpan>>& parts,
                               const DiarizationScoring& scoring);

// All recordings together: sums of seconds, so a long one counts for more. 95 % percentile
// intervals from 1,000 draws with replacement of the recordings; both ends NaN with fewer than two.
struct PooledErrors {
  struct Rate {
    double value = 0;
    ConfidenceInterval interval = {0, 0};
  };
  RecordingErrors sum;  // its numbers of speakers are sums too
  Rate full, fair, forgiving, jer;
  Rate count_error;  // mean of |hypothesis' speakers - reference's|
  Rate count_right;  // share of recordings with the right number
  std::optional<Rate> names, right_names, wrong_names, missed_names, strangers_named;
};
PooledErrors PoolErrors(const std::vector<RecordingErrors>& recordings, std::uint64_t seed = 1);

// Diarizations in files, to be held against the truth in others.
struct FilesToScore {
  std::string reference, hypothesis;  // RTTM: a file, or a folder of them
  std::string uem;                    // what is scored; empty: all
  std::string enrolled;               // a name a line; empty: names are not scored
  double collar = DiarizationScoring().collar;
};
struct ScoredFiles {
  std::vector<RecordingErrors> recordings;
  PooledErrors pooled;
  double collar = 0;
};
// What is missing in the hypothesis or in the UEM is warned of. Throws what ReadRttm and ReadUem
// throw; kInvalidArgument for recordings without a reference, and if none is left to be scored.
ScoredFiles ScoreFiles(const FilesToScore& files, Progress& progress);

}  // namespace vpr
