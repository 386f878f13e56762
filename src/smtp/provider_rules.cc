#include "smtp/provider_rules.h"

#include <array>
#include <iterator>
#include <vector>

namespace verihook::smtp {
namespace {

struct Suffix {
  std::string_view domain;
  Provider provider;
};

constexpr Suffix kSuffixes[] = {
    {"google.com", Provider::kGoogle},
    {"googlemail.com", Provider::kGoogle},
    {"smtp.goog", Provider::kGoogle},
    {"protection.outlook.com", Provider::kMicrosoft},
    {"mail.protection.outlook.de", Provider::kMicrosoft},
    {"mail.protection.office365.us", Provider::kMicrosoft},
    {"mail.protection.partner.outlook.cn", Provider::kMicrosoft},
    {"mx.microsoft", Provider::kMicrosoft},
    {"hotmail.com", Provider::kMicrosoft},
    {"yahoodns.net", Provider::kYahoo},
    {"mail.icloud.com", Provider::kApple},
    {"mail.me.com", Provider::kApple},
    {"mimecast.com", Provider::kMimecast},
    {"mimecast.co.za", Provider::kMimecast},
    {"mimecast-offshore.com", Provider::kMimecast},
    {"pphosted.com", Provider::kProofpoint},
    {"ppe-hosted.com", Provider::kProofpoint},
    {"gpphosted.com", Provider::kProofpoint},
    {"ppops.net", Provider::kProofpoint},
    {"barracudanetworks.com", Provider::kBarracuda},
    {"cudaops.com", Provider::kBarracuda},
    {"iphmx.com", Provider::kCisco},
    {"messagelabs.com", Provider::kBroadcom},
    {"trendmicro.com", Provider::kTrendMicro},
    {"trendmicro.eu", Provider::kTrendMicro},
    {"hydra.sophos.com", Provider::kSophos},
    {"reflexion.net", Provider::kSophos},
    {"hornetsecurity.com", Provider::kHornet},
    {"antispameurope.com", Provider::kHornet},
    {"zoho.com", Provider::kZoho},
    {"zoho.eu", Provider::kZoho},
    {"zoho.in", Provider::kZoho},
    {"zohomail.com", Provider::kZoho},
    {"yandex.net", Provider::kYandex},
    {"yandex.ru", Provider::kYandex},
    {"mail.ru", Provider::kMailRu},
    {"qq.com", Provider::kTencent},
    {"163.com", Provider::kNetEase},
    {"126.com", Provider::kNetEase},
    {"netease.com", Provider::kNetEase},
    {"orange.fr", Provider::kOrange},
    {"wanadoo.fr", Provider::kOrange},
    {"laposte.net", Provider::kLaPoste},
    {"gmx.net", Provider::kUnitedInternet},
    {"web.de", Provider::kUnitedInternet},
    {"kundenserver.de", Provider::kUnitedInternet},
    {"ionos.com", Provider::kUnitedInternet},
    {"ionos.de", Provider::kUnitedInternet},
    {"comcast.net", Provider::kComcast},
    {"secureserver.net", Provider::kGoDaddy},
    {"emailsrvr.com", Provider::kRackspace},
    {"messagingengine.com", Provider::kFastmail},
    {"protonmail.ch", Provider::kProton},
    {"amazonaws.com", Provider::kAmazon},
    {"mx.cloudflare.net", Provider::kCloudflare},
    {"mail.ovh.net", Provider::kOvh},
};

constexpr auto kPermanent = Severity::kPermanent;
constexpr auto kTemporary = Severity::kTemporary;

constexpr ReplyRule kGoogleRules[] = {
    {.name = "google: over quota for good",
     .reply_class = ReplyClass::kMailboxDisabled,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "overquotaperm"},
    {.name = "google: receives too fast",
     .reply_class = ReplyClass::kRateLimitedMailbox,
     .stages = kAtRcpt,
     .text = "receiving mail at a rate|receiving mail too quickly"},
    {.name = "google: our mail looks unwanted",
     .reply_class = ReplyClass::kBlocked,
     .text = "unsolicited|unusual rate|low reputation|very low reputation"},
};

// Microsoft answers "no such recipient" in three ways of its own: 5.4.1 from the edge, 5.1.10 from
// the directory and 5.5.0 from Outlook.com.
constexpr ReplyRule kMicrosoftRules[] = {
    {.name = "microsoft: sending address banned",
     .reply_class = ReplyClass::kBlocked,
     .severity = kPermanent,
     .text =
         "banned sending ip|s3140|s3150|s3115|s3114|part of their network|traffic not accepted"},
    {.name = "microsoft: one recipient region at a time",
     .reply_class = ReplyClass::kTooManyRecipients,
     .stages = kAtRcpt,
     .text = "multiple regions|multiple destination"},
    {.name = "microsoft: domain of another tenant",
     .reply_class = ReplyClass::kRelayDenied,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "relay access denied|tenantattribution"},
    {.name = "microsoft: edge knows no such recipient",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .enhanced = "4.1",
     .text = "recipient address rejected&access denied"},
    {.name = "microsoft: directory knows no such recipient",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .enhanced = "1.10"},
    {.name = "microsoft: server busy",
     .reply_class = ReplyClass::kThrottled,
     .severity = kTemporary,
     .text = "server busy|as(|throttl"},
};

constexpr ReplyRule kYahooRules[] = {
    {.name = "yahoo: deferred for complaints or volume",
     .reply_class = ReplyClass::kThrottled,
     .severity = kTemporary,
     .text = "[ts0|[tss|temporarily deferred"},
    {.name = "yahoo: address on a block list",
     .reply_class = ReplyClass::kBlocked,
     .text = "[bl2|[ipts|[gl01"},
    {.name = "yahoo: no such account",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "doesn't have a|does not have a",
     .with = "account"},
    {.name = "yahoo: mailbox disabled",
     .reply_class = ReplyClass::kMailboxDisabled,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "mailbox is disabled|(554.30)"},
};

constexpr ReplyRule kAppleRules[] = {
    {.name = "apple: local policy",
     .reply_class = ReplyClass::kPolicy,
     .severity = kPermanent,
     .text = "[cs01]|[cs02]"},
    {.name = "apple: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .severity = kPermanent,
     .text = "[hm0|[ip0"},
};

constexpr ReplyRule kMimecastRules[] = {
    {.name = "mimecast: greylisting",
     .reply_class = ReplyClass::kGreylisted,
     .stages = kAtRcpt,
     .severity = kTemporary,
     .codes = "451",
     .text = "internal resource|resources are temporarily"},
    {.name = "mimecast: sender blocked by hand",
     .reply_class = ReplyClass::kSenderRejected,
     .severity = kPermanent,
     .text = "manually blocked"},
};

constexpr ReplyRule kProofpointRules[] = {
    {.name = "proofpoint: address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "ipcheck.proofpoint|support.proofpoint.com/dnsbl"},
};

constexpr ReplyRule kCiscoRules[] = {
    {.name = "cisco: recipient refused",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .enhanced = "1.0",
     .text = "address rejected"},
};

constexpr ReplyRule kTencentRules[] = {
    {.name = "tencent: too frequent",
     .reply_class = ReplyClass::kThrottled,
     .text = "frequency limited|ip frequency"},
    {.name = "tencent: suspected dictionary attack",
     .reply_class = ReplyClass::kThrottled,
     .text = "suspected bounce|suspected spam"},
};

constexpr ReplyRule kNetEaseRules[] = {
    {.name = "netease: too frequent",
     .reply_class = ReplyClass::kThrottled,
     .text = "rp:trc|rp:qrc|mi:ccl|mi:dmc|rp:frc"},
    {.name = "netease: address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "dt:spm|mi:sfq|rp:cel|mi:stc"},
};

constexpr ReplyRule kOrangeRules[] = {
    {.name = "orange: full",
     .reply_class = ReplyClass::kMailboxFull,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "pleine|ofr_417"},
    {.name = "orange: no such mailbox",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "ofr_416|ofr_418"},
    {.name = "orange: too many connections",
     .reply_class = ReplyClass::kThrottled,
     .text = "ofr_104|ofr_109|ofr_999|trop de connexions"},
    {.name = "orange: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "ofr_5|ofr_102|ofr_103|mail rejete"},
};

constexpr ReplyRule kLaPosteRules[] = {
    {.name = "laposte: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "lpn007|lpn103|lpn104|lpn107"},
    {.name = "laposte: too fast", .reply_class = ReplyClass::kThrottled, .text = "lpn105"},
};

constexpr ReplyRule kUnitedInternetRules[] = {
    {.name = "united internet: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "bad dns ptr|ip address is|dynamic ip|e-mail services of"},
};

constexpr ReplyRule kComcastRules[] = {
    {.name = "comcast: no such customer",
     .reply_class = ReplyClass::kMailboxNotFound,
     .stages = kAtRcpt,
     .severity = kPermanent,
     .text = "not our customer"},
    {.name = "comcast: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "bl000|rl0000&blocked"},
    {.name = "comcast: too fast", .reply_class = ReplyClass::kThrottled, .text = "rl000"},
};

constexpr ReplyRule kGoDaddyRules[] = {
    {.name = "godaddy: sending address refused",
     .reply_class = ReplyClass::kBlocked,
     .text = "ib101|ib102|ib103|ib104|ib105|ib106|ib108|ib501|ib502|ib703"},
    {.name = "godaddy: too fast",
     .reply_class = ReplyClass::kThrottled,
     .text = "ib007|ib401|ib504|ib506|ib601|ib602|ib603|ib604|ib605|ib607|ib705"},
};

struct ProviderEntry {
  Provider provider;
  std::string_view name;
  std::span<const ReplyRule> rules;
  bool gateway = false;
};

constexpr ProviderEntry kProviders[] = {
    {Provider::kOther, "other", {}},
    {Provider::kGoogle, "google", kGoogleRules},
    {Provider::kMicrosoft, "microsoft", kMicrosoftRules},
    {Provider::kYahoo, "yahoo", kYahooRules},
    {Provider::kApple, "icloud", kAppleRules},
    {Provider::kMimecast, "mimecast", kMimecastRules, true},
    {Provider::kProofpoint, "proofpoint", kProofpointRules, true},
    {Provider::kBarracuda, "barracuda", {}, true},
    {Provider::kCisco, "cisco", kCiscoRules, true},
    {Provider::kBroadcom, "broadcom", {}, true},
    {Provider::kTrendMicro, "trendmicro", {}, true},
    {Provider::kSophos, "sophos", {}, true},
    {Provider::kHornet, "hornetsecurity", {}, true},
    {Provider::kZoho, "zoho", {}},
    {Provider::kYandex, "yandex", {}},
    {Provider::kMailRu, "mailru", {}},
    {Provider::kTencent, "tencent", kTencentRules},
    {Provider::kNetEase, "netease", kNetEaseRules},
    {Provider::kOrange, "orange", kOrangeRules},
    {Provider::kLaPoste, "laposte", kLaPosteRules},
    {Provider::kUnitedInternet, "united_internet", kUnitedInternetRules},
    {Provider::kComcast, "comcast", kComcastRules},
    {Provider::kGoDaddy, "godaddy", kGoDaddyRules},
    {Provider::kRackspace, "rackspace", {}},
    {Provider::kFastmail, "fastmail", {}},
    {Provider::kProton, "proton", {}},
    {Provider::kAmazon, "amazon", {}},
    {Provider::kCloudflare, "cloudflare", {}},
    {Provider::kOvh, "ovh", {}},
};

std::vector<ReplyTable> tables_of_providers() {
  std::vector<ReplyTable> tables;
  for (const ProviderEntry& entry : kProviders) tables.emplace_back(entry.rules);
  return tables;
}

const ProviderEntry& entry_of(Provider provider) {
  for (const ProviderEntry& entry : kProviders) {
    if (entry.provider == provider) return entry;
  }
  return kProviders[0];
}

}  // namespace

Provider provider_of(std::string_view mx_host) {
  for (const Suffix& suffix : kSuffixes) {
    if (!mx_host.ends_with(suffix.domain)) continue;
    const std::size_t before = mx_host.size() - suffix.domain.size();
    if (before == 0 || mx_host[before - 1] == '.') return suffix.provider;
  }
  return Provider::kOther;
}

std::string_view to_string(Provider provider) { return entry_of(provider).name; }
bool is_security_gateway(Provider provider) { return entry_of(provider).gateway; }

const ReplyTable& rules_of(Provider provider) {
  static const std::vector<ReplyTable> tables = tables_of_providers();
  return tables[static_cast<std::size_t>(&entry_of(provider) - std::begin(kProviders))];
}

}  // namespace verihook::smtp
