// Inquiry: the questions to the mail servers of one domain on behalf of one list, and what their
// answers mean together. An answer becomes a verdict as soon as nothing that is still to be asked
// can change it, so that a list at a slow server has its results as they come. It is driven by the
// answers and waits in no coroutine, because thousands are open at once. Lives on one io thread.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/semaphore.h"
#include "async/task_group.h"
#include "model/job.h"
#include "verification/asker.h"
#include "verification/assessment.h"
#include "verification/catch_all.h"
#include "verification/exchange_pool.h"
#include "verification/trace.h"

namespace verihook::verification {

struct DomainRow {
  std::size_t index = 0;             // in the list
  Assessment* assessment = nullptr;  // outlives the inquiry
};

// The rows of one domain in one list.
struct DomainRows {
  std::string domain;
  std::vector<DomainRow> rows;
  MonotonicTime began{};
};

class Inquiry : public std::enable_shared_from_this<Inquiry> {
 public:
  // What the inquiries of one list share; it outlives them.
  struct List {
    ExchangePool& exchanges;
    CatchAllMemory& catch_all;
    const model::JobOptions& options;
    const Asker& asker;
    Trace* trace;  // null: nobody wants to read how it came about
    std::size_t mx_hosts_tried_max;
    TaskGroup& traced_questions;
    // The answer is the evidence for what will be delivered of this row.
    std::function<void(DomainRow& row, const MailboxAnswer& answer)> note_evidence;
    std::function<void(const DomainRows& domain, DomainRow& row, model::Reason reason)> deliver;
    // Every row is delivered.
    std::function<void(const std::shared_ptr<Inquiry>& inquiry)> on_end;
  };

  // The permit is given back with the inquiry.
  Inquiry(const List& list, DomainRows domain, std::vector<dns::MxRecord> hosts,
          Semaphore::Permit place)
      : list_(list),
        domain_(std::move(domain)),
        hosts_(std::move(hosts)),
        place_(std::move(place)),
        undelivered_(domain_.rows.size()) {}
  Inquiry(const Inquiry&) = delete;
  Inquiry& operator=(const Inquiry&) = delete;

  // To be called once; rows may be delivered before it returns. Whoever drops the inquiry earlier
  // hears nothing more, and the servers are asked nothing more for it.
  void begin();

 private:
  using ExchangeRef = std::shared_ptr<Exchange>;
  struct Answered {
    std::size_t row = 0;
    MailboxAnswer answer;
    ExchangeRef by;
  };
  // What is known of a set of hosts that accepted somebody, and who waits to know it.
  struct Acceptance {
    std::optional<CatchAll> catch_all;
    std::vector<std::size_t> waiting;
    CatchAllMemory::Ticket question;
  };
  // What the other hosts say where the first may be alone with its answer.
  struct SecondOpinions {
    std::string first_host;
    std::size_t hosts_seen = 0;
    std::map<std::size_t, Answered> former;  // by row: of those who are being asked again
  };

  void ask(std::vector<std::size_t> rows, ExchangeRef exchange);
  Task<void> ask_alone(ExchangeRef exchange);
  void take(std::size_t index, MailboxAnswer&& answer);
  void take_first(Answered&& answered);
  void take_second(Answered&& answered);
  // Everybody who was asked has answered.
  void go_on();
  bool ask_next_host();
  std::size_t hosts_tried() const { return std::min(hosts_.size(), list_.mx_hosts_tried_max); }
  void conclude(const Answered& answered, bool nobody_hosts_it);
  void accept(std::size_t row, const ExchangeRef& by);
  void take_catch_all(const ExchangeRef& by, CatchAll answer);
  void deliver_accepted(std::size_t row, CatchAll catch_all);
  void deliver(std::size_t row, model::Reason reason);

  const List& list_;
  DomainRows domain_;
  const std::vector<dns::MxRecord> hosts_;
  const Semaphore::Permit place_;
  std::size_t undelivered_;
  std::vector<std::size_t> asked_rows_;
  ExchangeRef asked_;
  Exchange::Ticket ticket_;
  std::size_t unanswered_ = 0;
  bool asking_ = false;   // answers that come now are taken up when everybody has been asked about
  bool all_deny_ = true;  // that the domain is theirs, of those doubted
  std::vector<Answered> doubted_;
  std::unique_ptr<SecondOpinions> second_;
  std::map<ExchangeRef, Acceptance> accepted_by_;
};

}  // namespace verihook::verification
