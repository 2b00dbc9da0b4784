// Stores in PostgreSQL: the interface of a module that is opened at run time
// (lib/vpr/vpr_postgres.so), which defines these functions.
#pragma once

#include <memory>
#include <string>

#include "store/sql.h"

namespace vpr {

std::unique_ptr<SqlConnection> OpenPostgres(const StoreOptions& options);
// An address without the password.
std::string DescribePostgres(const std::string& where);

struct PostgresDriver {
  static constexpr const char *kModule = "vpr_postgres", *kEntry = "vpr_postgres",
                              *kPackages = "libpq-dev",
                              *kWithout = "cannot reach PostgreSQL, since libpq is missing";
  decltype(&OpenPostgres) open;
  decltype(&DescribePostgres) describe;
};

}  // namespace vpr
