// Answers compressed on their way (RFC 9110 section 12.5.3, RFC 1952), for clients that say that
// they take gzip. Pure, but for the source that is wrapped.
#pragma once

#include <boost/asio/thread_pool.hpp>

#include "http/message.h"

namespace verihook::http {

// Whether the client takes gzip, by its Accept-Encoding. Without that field it gets none.
bool accepts_gzip(const Headers& headers);

// The same bytes compressed, piece by piece on `cpu_pool` (null: on the spot), which must outlive
// what is returned. What the source fails with is what this fails with.
BodySource gzipped(BodySource source, asio::thread_pool* cpu_pool);

}  // namespace verihook::http
