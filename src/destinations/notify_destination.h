// NotifyDestination: tells people of events: a message to a chat that takes Slack's webhooks, or a
// mail, given to a mail server that sends it on. notice.h has the words.
//
// Of a job's progress they are told when it has passed a further quarter since the last time, which
// the store knows: what was delivered to the same destination before. Whatever they need not be
// told of counts as delivered.
//
// Lives on the io thread.
#pragma once

#include "crypto/secret_box.h"
#include "delivery/destination_handler.h"
#include "destinations/notice.h"
#include "destinations/services/stream_links.h"
#include "http/client.h"
#include "store/database.h"

namespace verihook::destinations {

inline constexpr ServiceScheme kMailSchemes[] = {{"smtp", false, 587}, {"smtps", true, 465}};

// The members of `settings`, as they are called there; for mail alone.
namespace notify_setting {
inline constexpr std::string_view kFrom = "from";
inline constexpr std::string_view kTo = "to";
}  // namespace notify_setting
inline constexpr std::size_t kNotifiedMax = 20;  // addresses

// Whether the url is that of a mail server.
bool notifies_by_mail(const model::Destination& destination);

struct NotifyOptions {
  std::string user_agent = "verihook/1.0";
  Milliseconds connect_timeout_ms{5'000};
  Milliseconds total_timeout_ms{15'000};
};

class NotifyDestination final : public delivery::DestinationHandler {
 public:
  // All must outlive it. `mail` speaks MailProtocol.
  NotifyDestination(store::Database& database, http::Client& client, StreamLinks& mail,
                    const crypto::SecretBox& secrets, const Clock& clock,
                    NotifyOptions options = {});

  Task<delivery::AttemptResult> attempt(const model::Destination& destination,
                                        const model::Event& event, const model::Delivery& delivery,
                                        Deadline deadline) override;

 private:
  // Whether this progress is worth telling.
  Task<Result<bool>> passes_quarter(const model::Destination& destination,
                                    const model::Event& event,
                                    const boost::json::object& payload) const;
  Task<delivery::AttemptResult> post(const model::Destination& destination, std::string body,
                                     Deadline deadline) const;
  Task<delivery::AttemptResult> send_mail(const model::Destination& destination,
                                          const Notice& notice, const model::Event& event,
                                          Deadline deadline) const;

  store::Database& database_;
  http::Client& client_;
  StreamLinks& mail_;
  const crypto::SecretBox& secrets_;
  const Clock& clock_;
  const NotifyOptions options_;
};

}  // namespace verihook::destinations
