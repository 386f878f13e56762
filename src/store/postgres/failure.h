// What a failure of PostgreSQL comes to: one table from SQLSTATE to the kind of error, which says
// whether it can pass by itself, and to what a person can do about it. Texts of the server are
// repeated only where they cannot hold an address out of the table. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace verihook::store::postgres {

// Five characters; empty when the server never answered.
Error failure_of(std::string_view sqlstate, std::string_view server_message);

// The SQLSTATE in the message of a connection that was not made, as libpq words it when told to be
// verbose; empty when there is none, which means that no server answered.
std::string_view sqlstate_in(std::string_view verbose_message);

}  // namespace verihook::store::postgres
