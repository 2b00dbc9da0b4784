#include "classify/provenance_json.h"

#include "base/json_reading.h"

namespace vpr {

using Json = nlohmann::ordered_json;

Json ProvenanceToJson(const ClassifierProvenance& training) {
  return {{"source", training.source},
          {"counts", training.counts},
          {"group_by", training.group_by},
          {"groups", training.groups},
          {"seed", training.seed},
          {"cv_mean", training.cv_mean},
          {"cv_std", training.cv_std},
          {"test_accuracy", training.test_accuracy},
          {"test_baseline", training.test_baseline},
          {"test_recordings", training.test_recordings},
          {"program", training.program},
          {"fingerprints", training.fingerprints}};
}

ClassifierProvenance ProvenanceFromJson(const Json& json) {
  ClassifierProvenance training;
  json.at("source").get_to(training.source);
  ReadWholeList(json, "counts", training.counts);
  json.at("group_by").get_to(training.group_by);
  ReadWhole(json, "groups", training.groups);
  ReadWhole(json, "seed", training.seed);
  json.at("cv_mean").get_to(training.cv_mean);
  json.at("cv_std").get_to(training.cv_std);
  json.at("test_accuracy").get_to(training.test_accuracy);
  json.at("test_baseline").get_to(training.test_baseline);
  ReadWhole(json, "test_recordings", training.test_recordings);
  json.at("program").get_to(training.program);
  json.at("fingerprints").get_to(training.fingerprints);
  return training;
}

}  // namespace vpr
