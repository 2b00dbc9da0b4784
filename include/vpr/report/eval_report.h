// What an evaluation found, as pictures and as a page to read and mail.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "vpr/evaluate/list_report.h"
#include "vpr/model/model_file.h"

namespace vpr {

// Into the folder `dir`, made if need be: det.png (all lists), scores-N.png (the N-th list's
// targets and nontargets) and, where there are LLRs, calibration-N.png (actual and least cost over
// the target prior). Throws kIo.
void WriteEvalPlots(const std::string& dir, const std::vector<ListReport>& reports);

// What a page says of the model in the file `path`.
std::vector<std::pair<std::string, std::string>> ModelFacts(const std::string& path,
                                                            const ModelInfo& info);

// One self-contained HTML page with tables, these pictures and what the figures mean. `facts` are
// shown first: {"model", "default.vpr"}. Throws kIo.
void WriteHtmlReport(const std::string& path, const std::vector<ListReport>& reports,
                     const std::vector<std::pair<std::string, std::string>>& facts);

}  // namespace vpr
