// What mail servers write in their replies, by meaning: the text columns of the classification
// table, in our own words after RFC 3463, RFC 5321 and replies seen in public. Lower case; "a|b&c"
// means a, or b and c. A reply's words stand between single spaces, so " ip " is the word and not a
// part of one.
#pragma once

#include <string_view>

namespace verihook::smtp {

// ----

inline constexpr std::string_view kReverseDns =
    "reverse dns|reverse-dns|rdns|ptr record|ptr lookup|no ptr|missing ptr|invalid ptr|bad dns ptr|"
    "dns ptr|reverse lookup|reverse hostname|reverse host name|reverse mapping|reverse address|"
    "reverse resolution|cannot find your hostname|cannot find your "
    "reverse|fcrdns|forward-confirmed|"
    "forward confirmed|no reverse|your ip&does not resolve|client&cannot be resolved";

inline constexpr std::string_view kTlsDemand =
    "issue a starttls|starttls first|starttls command first|starttls is required|use starttls|"
    "tls required|tls is required|requires tls|require tls|tls encryption|encryption required|"
    "encryption is required|secure connection required|session encryption";

inline constexpr std::string_view kAuthDemand =
    "authentication required|authentication is required|must authenticate|authenticate first|"
    "auth required|authentication needed|need to authenticate|requires authentication";

inline constexpr std::string_view kBlockList =
    "spamhaus|spamcop|barracudacentral|barracuda reputation|sorbs.|uceprotect|abusix|cloudmark|"
    "senderscore|sender score|invaluement|dnsbl|rbl |rbl:|realtime blackhole|real-time blackhole|"
    "blocklist|block list|block-list|blocked list|blacklist|black list|black-list|denylist|"
    "deny list|blocked using|blocked by&list|ip is blocked|ip blocked|ip has been blocked|"
    "ip address&blocked|ip address&listed| ip &listed in| ip &is listed|your ip&refused|"
    "your host&blocked|client host&blocked|poor reputation|bad reputation|low reputation|"
    "ip reputation|reputation of your|mta's poor|banned sending|junkmail|open proxy|"
    "dynamic ip|dynamic address|residential ip|known spam source|listed as spam";

inline constexpr std::string_view kBlockedWords =
    "blocked|banned|denied|reputation|not allowed to connect|not permitted to connect|"
    "your access to this|rejected for policy|connection refused|not accepted from your|"
    "refused to talk|we don't accept|spam|your ip|blackhole|abuse";

inline constexpr std::string_view kThrottle =
    "too many connections|too many concurrent|too many simultaneous|too many sessions|"
    "too many messages|too many mails|too many emails|too many invalid|too many unknown|"
    "too many errors|too many bad|too many failed|too much mail|too many commands|rate limit|"
    "rate-limit|ratelimit|rate limited|rate exceeded|throttl|slow down|server busy|server is busy|"
    "server too busy|connection limit|connection rate|frequency|unusual rate|unusually high|"
    "exceeded&per hour|exceeded&per minute|exceeded&connections|temporarily deferred|"
    "sending too fast|too fast|quota&sending|volume of";

inline constexpr std::string_view kGreyWord =
    "greylist|graylist|grey list|gray list|grey-list|gray-list|greylst|postgrey|sqlgrey|"
    "gross-grey|new triplet|unknown triplet";

inline constexpr std::string_view kComeBack =
    "try again in|retry in|try again after|retry after|come back|early retry|too early|"
    "please wait|wait&minutes|wait&seconds|first time|not yet authorized|"
    "delayed for|in a few minutes|later than";

inline constexpr std::string_view kTryLater =
    "try again|try later|try your|retry|temporarily rejected";

inline constexpr std::string_view kOwnTrouble =
    "local problem|local error|lookup failure|lookup failed|lookup error|system problem|"
    "internal error|configuration error|disk|not available|service unavailable|shutting down|"
    "temporary failure|temporary server|cannot connect|unverified address|unable to verify|"
    "could not verify|callout|timed out|timeout|database|ldap";

inline constexpr std::string_view kTooMany =
    "too many recipients|too many rcpt|multiple regions|multiple destination domains|"
    "one recipient at a time|only one recipient|recipients per|number of recipients|"
    "recipient limit|recipients limit|too many destinations|max rcpt";

inline constexpr std::string_view kReceivesTooFast =
    "receiving mail at a rate|receiving mail too quickly|receiving email too|receiving too many|"
    "receiving messages too|recipient&too quickly|user&receiving&rate|mailbox&receiving&rate";

inline constexpr std::string_view kFull =
    "over quota|overquota|quota exceeded|quota is exceeded|exceeded&quota|exceeds&quota|"
    "quota&full|out of quota|mailbox full|mailbox is full|mailbox&full|inbox is full|inbox full|"
    "mail box full|mail box is full|account is full|out of storage|not enough storage|"
    "storage&exceeded|insufficient storage&user|mailbox size limit|mailbox&exceeded|"
    "over its&limit|over the&storage|no space&mailbox|boite&pleine|buzon lleno|postfach ist voll|"
    "postfach voll|casella piena|mailbox has exceeded|user&over the maximum";

inline constexpr std::string_view kClosed =
    "disabled|suspended|inactive|not active|deactivated|discontinued|closed|no longer active|"
    "terminated|locked|expired|blocked|frozen|on hold|de-activated|abandoned|dormant";
inline constexpr std::string_view kMailboxNoun =
    "mailbox|account|user is|user has|address is|recipient is|recipient has|address has|"
    "address no|user no|subscription|email address&is";

inline constexpr std::string_view kSender =
    "sender address|sender verify|sender rejected|sender denied|sender domain|sender's domain|"
    "sender not|sender is|sender must|sender refused|sender blocked|domain of sender|"
    "invalid sender|unknown sender|envelope sender|envelope from|return path|return-path|"
    "mail from|from address|from domain|verify the sender|verify sender|valid sender|"
    "sender callout|callback setup|sender's address|bad sender|originator|null sender|<>";

inline constexpr std::string_view kSenderAuth = "spf|dmarc|dkim|sender policy framework";

inline constexpr std::string_view kHelo =
    "helo command|helo name|helo host|helo/ehlo|ehlo/helo|invalid helo|helo argument|bad helo|"
    "invalid ehlo|forged helo|helo rejected|ehlo rejected|fully-qualified|fully qualified";

inline constexpr std::string_view kRelay =
    "relay access denied|relaying denied|relay denied|unable to relay|cannot relay|can't relay|"
    "relay not permitted|relaying not|relaying is not|permitted to relay|allowed to relay|"
    "do not relay|don't relay|no relay|not relay|rcpthosts|relay prohibited|relaying prohibited|"
    "relay not allowed|not a relay|not an open relay|relay operation|not a gateway|"
    "authorized to relay|relay for|relay through|rejected&relay|unrouteable mail domain|"
    "no such domain|domain does not exist|domain doesn't exist|domain not found|unknown domain|"
    "domain unknown|not a local domain|domain not local|domain isn't hosted|"
    "domain is not hosted|not hosted here|not our domain|domain not allowed|"
    "is not in my list of allowed|not one of our domains|domain is not served|"
    "not responsible for|mail for this domain";

inline constexpr std::string_view kNotFound =
    "user unknown|unknown user|user is unknown|user not found|user not known|no such user|"
    "nosuchuser|user does not exist|does not exist|doesn't exist|do not exist|not exist|"
    "no such recipient|no such mailbox|no such address|no such account|no such person|"
    "no such local|no such email|no such id|recipient unknown|unknown recipient|"
    "recipient not found|recipientnotfound|recipient not known|recipient invalid|"
    "recipient is invalid|address unknown|unknown address|address not found|unknown mailbox|"
    "mailbox unknown|unknown local|mailbox not found|mailbox unavailable|mailbox is unavailable|"
    "mailbox not available|no mailbox|invalid mailbox|invalid recipient|invalid address|"
    "invalid user|account not found|account unknown|unknown account|could not be found|"
    "cannot be found|can't be found|couldn't be found|was not found|not a valid mailbox|"
    "not a valid user|not a valid recipient|not a valid address|not a known|not known here|"
    "not known at|unrouteable address|unroutable address|undeliverable address|"
    "have an account|a&account&not have|no account|not a registered|unregistered|"
    "mailbox name not allowed|mailbox name is invalid|no longer available|no longer exists|"
    "no longer valid|no longer in use|no longer with|no longer works|has moved|not listed in|"
    "user account is unavailable|not our customer|no mail-box|nobody by that name|"
    "nobody here|no one here|utilisateur inconnu|inconnu|existe pas|usuario desconocido|"
    "no existe|unbekannt|unbekannter|utente sconosciuto|onbekend|address invalid|"
    "bad destination mailbox|not delivered to this user|email address you entered";

}  // namespace verihook::smtp
