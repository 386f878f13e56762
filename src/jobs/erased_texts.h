// Erased texts: what becomes of a stored row of others' words when an address in it is erased. A
// row that the address names is removed, or emptied when others count it; elsewhere the address
// alone is taken out. Pure; any thread.
#pragma once

#include "address/spellings.h"
#include "store/erasures.h"

namespace verihook::jobs {

bool holds_address(const store::TextRow& row, const address::Spellings& spellings);

store::TextChange erase_in_text_row(const store::TextTable& table, store::TextRow& row,
                                    const address::Spellings& spellings);

}  // namespace verihook::jobs
