// What the JSON in our files is read with, so that no number becomes another one on the way.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "vpr/base/error.h"
#include "vpr/base/text.h"

namespace vpr {

// What the JSON library says is wrong, printable and without the library's own
// "[json.exception...]".
std::string JsonReason(const nlohmann::json::exception& error);

// Integers: the library itself cuts off what does not fit and drops fractions. 3.0 is 3. `name` is
// what the message calls it. Throws kIncompatible, or nlohmann::json::exception for what is no
// number.
template <std::integral T, class Json>
T WholeNumber(const Json& json, const std::string& name) {
  if (json.is_number_unsigned()) {
    const auto value = json.template get<std::uint64_t>();
    if (std::in_range<T>(value)) return static_cast<T>(value);
  } else if (json.is_number_integer()) {
    const auto value = json.template get<std::int64_t>();
    if (std::in_range<T>(value)) return static_cast<T>(value);
  } else {
    constexpr double kExact = 9007199254740992;  // 2^53: up to here a double is one integer
    const double value = json.is_boolean() ? NAN : json.template get<double>();
    if (std::trunc(value) == value && std::abs(value) <= kExact &&
        std::in_range<T>(static_cast<std::int64_t>(value)))
      return static_cast<T>(value);
  }
  throw Error(ErrorCode::kIncompatible, "its '" + name + "' is " + Printable(json.dump()) +
                                            "; expected a whole number from " +
                                            std::to_string(std::numeric_limits<T>::min()) + " to " +
                                            std::to_string(std::numeric_limits<T>::max()));
}

// The member `name` of an object.
template <std::integral T, class Json>
void ReadWhole(const Json& json, const char* name, T& value) {
  value = WholeNumber<T>(json.at(name), name);
}

// A member that is a list of numbers.
template <std::integral T, class Json>
void ReadWholeList(const Json& json, const char* name, std::vector<T>& list) {
  list.clear();
  for (const Json& value : json.at(name).template get_ref<const typename Json::array_t&>())
    list.push_back(WholeNumber<T>(value, name));
}

// A member that holds lists of numbers by name, as the options of an architecture.
template <class Map, class Json>
void ReadWholeLists(const Json& json, const char* name, Map& lists) {
  lists.clear();
  for (const auto& item : json.at(name).items()) {
    auto& list = lists[item.key()];
    for (const Json& value : item.value().template get_ref<const typename Json::array_t&>())
      list.push_back(WholeNumber<typename Map::mapped_type::value_type>(value, item.key()));
  }
}

}  // namespace vpr
