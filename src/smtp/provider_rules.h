// Mail providers by the name of their MX hosts, and the exceptions that their replies need: where
// one provider uses a code against its meaning, a row here comes before the general table. Pure.
#pragma once

#include <string_view>

#include "smtp/reply_table.h"

namespace verihook::smtp {

enum class Provider {
  kOther,           // nobody in particular
  kGoogle,          // Gmail and Workspace
  kMicrosoft,       // Outlook.com and Microsoft 365
  kYahoo,           // Yahoo and AOL
  kApple,           // iCloud
  kMimecast,        // Mimecast's gateway
  kProofpoint,      // Proofpoint's gateways
  kBarracuda,       // Barracuda's gateway
  kCisco,           // Cisco Secure Email
  kBroadcom,        // Symantec.cloud
  kTrendMicro,      // Trend Micro's gateway
  kSophos,          // Sophos's gateway
  kHornet,          // Hornetsecurity's gateway
  kZoho,            // Zoho Mail
  kYandex,          // Yandex
  kMailRu,          // Mail.ru
  kTencent,         // QQ and Exmail
  kNetEase,         // 163, 126
  kOrange,          // Orange and Wanadoo
  kLaPoste,         // laposte.net
  kUnitedInternet,  // GMX, WEB.DE, IONOS
  kComcast,         // Comcast
  kGoDaddy,         // GoDaddy's own mail
  kRackspace,       // Rackspace
  kFastmail,        // Fastmail
  kProton,          // Proton Mail
  kAmazon,          // Amazon WorkMail and SES
  kCloudflare,      // Cloudflare Email Routing
  kOvh,             // OVHcloud
};

// By suffix of the host name, which is in lower case without the final dot.
Provider provider_of(std::string_view mx_host);
// Lower-case name for results and metrics; "other" for kOther.
std::string_view to_string(Provider provider);
// A gateway answers for mailboxes that it does not hold, often by accepting everything.
bool is_security_gateway(Provider provider);

// Its own habits, to be asked before the table of all.
const ReplyTable& rules_of(Provider provider);

}  // namespace verihook::smtp
