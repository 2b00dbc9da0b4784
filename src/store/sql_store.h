// A store in an SQL database.
#pragma once

#include <memory>

#include "store/sql.h"

namespace vpr {

std::unique_ptr<VoiceStore> MakeSqlStore(std::unique_ptr<SqlConnection> connection,
                                         const StoreOptions& options);

}  // namespace vpr
