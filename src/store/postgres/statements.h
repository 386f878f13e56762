// The statements about a contacts table whose names are the customer's. Names are quoted, types are
// those that the database says its columns have (so that a comparison is the column's own and finds
// its index), every value is a parameter. Pure.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

#include "store/contacts_table.h"

namespace verihook::store::postgres {

// Of a column, as PostgreSQL writes it. A domain is named by what it is made of.
struct ColumnTypes {
  std::string email = "text";
  std::string email_verified = "boolean";
  std::string verification_date = "timestamp with time zone";
  std::string verification_job_id = "text";
  std::string email_invalid_reason = "text";
};

// The table as a name in a statement.
std::string table_name(const PostgresContactsSpec& spec);
// The five columns that are needed, in the order of the struct.
std::array<std::string, 5> column_names(const PostgresContactsSpec& spec);

// $1: table_name. $2: an array of column names. A row of (whether there is the table, name, type)
// for each column there is; at least one row.
std::string_view describe_statement();

// Limits for the rest of the transaction: $1 of a statement, $2 of waiting for a lock, in ms. What
// this version of PostgreSQL does not know is passed over.
std::string_view limits_statement();

// $1: addresses, $2: whether valid, $3: reasons (arrays), $4: job, $5: time. Rows that say the same
// already are left alone. A valid row clears the reason.
std::string apply_statement(const PostgresContactsSpec& spec, const ColumnTypes& types);

// $1: addresses, $2: job.
std::string mark_statement(const PostgresContactsSpec& spec, const ColumnTypes& types);

// A cursor named `contacts` over what is selected; `params` are its parameters.
std::string cursor_statement(const PostgresContactsSpec& spec, const ColumnTypes& types,
                             const ContactSelection& selection, std::vector<std::string>& params);
inline constexpr std::string_view kFetchStatement = "FETCH FORWARD 5000 FROM contacts";

}  // namespace verihook::store::postgres
