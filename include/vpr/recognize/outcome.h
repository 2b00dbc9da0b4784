// What came of a comparison, an enrollment, a verification, an identification. vpr/print words it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "vpr/identify/stranger_shift.h"
#include "vpr/score/calibration.h"
#include "vpr/score/scorer.h"

namespace vpr {

// Two recordings held against each other.
struct Comparison {
  std::string a, b;            // paths
  std::optional<Score> score;  // nothing: `failure` says why
  std::string failure;
  DecisionThreshold decision;               // what the score is held against
  std::optional<DecisionThreshold> verify;  // if verifying by its default would say otherwise
  std::vector<std::string> warnings;        // what makes it doubtful, with the recording's name
  std::string model;                        // path
  bool is_cosine = false;                   // Score::value is the cosine

  bool same() const { return score && score->value >= decision.threshold; }
};

// What an attempt to enroll somebody did.
struct EnrollmentOutcome {
  struct Utterance {
    std::string file;
    double speech_seconds = 0, snr_db = 0;
    std::vector<std::string> warnings;  // what makes it doubtful
    std::string unlike;  // why it would have been left out, had it not been forced; empty: not so
  };
  enum class Why {
    kUnusable,      // no, or not enough, speech; not readable
    kDuplicate,     // enrolled already
    kSomebodyElse,  // does not sound like the others
    kSeveralVoices  // more than one person speaks
  };
  struct LeftOut {
    std::string file, reason;
    Why why = Why::kUnusable;
  };
  // Another name whose voice this may be.
  struct Resemblance {
    std::string name;
    double score = 0, threshold = 0;
  };

  std::string name;
  std::vector<Utterance> enrolled;  // now
  std::vector<LeftOut> left_out;
  std::vector<Utterance> doubtful;  // of all that could be used, those with warnings
  double speech_seconds = 0;        // of what was enrolled now
  std::size_t utterances = 0;       // that the person has now, in all
  bool nothing_new = false;         // everything given is enrolled already
  std::optional<Resemblance> resembles;
  std::int64_t forget_at = 0;  // EnrolledSpeaker::forget_at, after this
  std::string store;           // VoiceStore::Describe
  std::string failure;         // why it was not tried at all, as a name that cannot be one

  // The person is enrolled, with all of it or a part, now or already.
  bool done() const { return !enrolled.empty() || nothing_new; }
};

// The words that were asked for, and heard.
struct SpokenWords {
  std::string words, heard;
  double score = 0, threshold = 0;
  bool right = false;
};

struct VerificationOutcome {
  std::string name;            // who is claimed to speak
  std::string source;          // the recording: path, "microphone"
  std::optional<Score> score;  // nothing: `failure` says why
  std::string failure;
  DecisionThreshold decision;  // raised by `strangers.shift`
  StrangerShift strangers;
  std::optional<DecisionThreshold> compare;  // if comparing by its default would say otherwise
  double speech_seconds = 0, snr_db = 0;
  std::vector<std::string> warnings;
  std::size_t enrolled_utterances = 0;  // that it was held against
  std::optional<SpokenWords> words;     // if words were asked for
  std::string model;                    // path

  bool right_voice() const { return score && score->value >= decision.threshold; }
  bool accepted() const { return right_voice() && (!words || words->right); }
};

struct IdentificationOutcome {
  struct Candidate {
    std::string name;
    double score = 0;
    double llr = 0;  // NaN without a calibration
  };
  // Of a phrase in live audio.
  struct Phrase {
    double at_seconds = 0;  // its end, in what was heard
    double computed_ms = 0;
  };

  std::string source;
  std::string failure;                // why there are no candidates; empty: there are
  bool no_speech = false;             // it could be heard, and nobody speaks
  std::vector<Candidate> candidates;  // by falling score; of many, the best
  double threshold = 0;               // known from this score on
  double margin = std::numeric_limits<double>::quiet_NaN();  // the best's before the second
  std::size_t enrolled = 0;                                  // who were searched
  std::optional<double> fpir;               // that the threshold stands for; nothing: it was given
  StrangerShift strangers;                  // raised the threshold
  std::optional<DecisionThreshold> verify;  // if verifying the unknown's best would accept
  double speech_seconds = 0, snr_db = 0;
  std::vector<std::string> warnings;
  std::optional<Phrase> phrase;

  // The first of the candidates is the speaker.
  bool known() const { return !candidates.empty() && candidates[0].score >= threshold; }
};

// What embedding a store's kept audio anew did.
struct ReEmbedOutcome {
  std::size_t re_embedded = 0;                 // utterances
  std::size_t current = 0;                     // were of this model's network already
  std::size_t without_audio = 0;               // had none kept
  std::size_t removed = 0;                     // were removed by others meanwhile
  std::vector<std::string> must_enroll_again;  // who have nothing left to be compared by
};

}  // namespace vpr
