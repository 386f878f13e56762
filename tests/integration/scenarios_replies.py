"""What a mail server says, and what that means: every kind of reply, at every stage."""
from scenario import Mx, Scenario, at_banner, at_mail, at_rcpt, one
from scripted_smtp import DROP, OK, Server

INVALID, DISABLED = "invalid rejected_email", "invalid mailbox_disabled"
FULL, BLOCKED, POLICY = "risky mailbox_full", "unknown blocked", "unknown policy"
GREY, THROTTLED = "unknown greylisted", "unknown throttled"
VALID, SENDER = "valid accepted_email", "unknown sender_rejected"

BEFORE_RCPT = [
    at_banner("banner 550 names a block list", "550 5.7.1 listed at bl.spamcop.net" + DROP,
              BLOCKED),
    at_banner("banner demands reverse DNS", "554 5.7.25 no PTR record for your address" + DROP,
              "unknown needs_reverse_dns"),
    at_banner("banner 450", "450 4.3.2 system not accepting messages" + DROP,
              "unknown unavailable_smtp"),
    at_banner("banner 554 without a reason", "554 no SMTP service here" + DROP,
              "unknown unavailable_smtp"),
    at_banner("banner 521, the host takes no mail", "521 mx.x.test does not accept mail" + DROP,
              "invalid domain_not_hosted"),
    Scenario("banner 521 at one MX, the other is dead", "unknown unavailable_smtp",
             (Mx(Server(banner="521 mx.x.test does not accept mail" + DROP)),
              Mx(None, preference=20))),
    Scenario("EHLO refused for our reputation", BLOCKED,
             one(Server(ehlo="554 5.7.1 poor reputation of your address",
                        helo="554 5.7.1 poor reputation of your address"))),
    Scenario("EHLO 421", THROTTLED, one(Server(ehlo="421 4.7.0 too many connections" + DROP))),
    at_mail("MAIL refused by a block list", "550 5.7.1 blocked, see zen.spamhaus.org", BLOCKED),
    at_mail("MAIL refused for reverse DNS", "550 5.7.25 reverse DNS entry missing",
            "unknown needs_reverse_dns"),
    at_mail("MAIL 450, rate limited", "450 4.7.1 rate limited, try again later", THROTTLED),
    at_mail("MAIL 421", "421 4.7.0 try again later, closing connection" + DROP, THROTTLED),
    at_mail("MAIL 452, no room", "452 4.3.1 insufficient system storage",
            "unknown unavailable_smtp"),
    at_mail("MAIL 550 5.1.8", "550 5.1.8 domain of sender address does not exist", SENDER),
    at_mail("MAIL 550 sender rejected", "550 sender rejected", SENDER),
    at_mail("MAIL 550 5.1.1 is about the sender", "550 5.1.1 user unknown", SENDER),
    at_mail("MAIL 503", "503 5.5.1 bad sequence of commands", "unknown protocol_error"),
    at_mail("MAIL demands a log-in", "530 5.7.0 Authentication required", POLICY),
    at_mail("MAIL demands TLS that is not offered",
            "530 5.7.0 Must issue a STARTTLS command first", "unknown tls_required"),
]

AT_RCPT = [
    at_rcpt("RCPT 251", "251 2.1.5 user not local; will forward", VALID, code=None, stage=None),
    at_rcpt("RCPT 252", "252 2.5.2 cannot verify the user, but will take the message",
            "unknown cannot_verify"),
    at_rcpt("RCPT 550 without a code", "550 No such user here", INVALID),
    at_rcpt("RCPT 550 5.1.0 unknown user", "550 5.1.0 unknown user", INVALID),
    at_rcpt("RCPT 550 5.1.3", "501 5.1.3 bad recipient address syntax", INVALID),
    at_rcpt("RCPT 551 moved", "551 5.1.6 recipient has moved; try elsewhere", INVALID),
    at_rcpt("RCPT 550 5.7.17", "550 5.7.17 mailbox owner has changed", INVALID),
    at_rcpt("RCPT 550 5.1.4", "550 5.1.4 ambiguous recipient", INVALID),
    at_rcpt("RCPT 553", "553 sorry, no mailbox here by that name", INVALID),
    at_rcpt("RCPT 556 5.1.10", "556 5.1.10 recipient domain has a null MX",
            "invalid domain_not_hosted"),
    at_rcpt("RCPT 550 unknown user in French", "550 5.1.1 Utilisateur inconnu", INVALID),
    at_rcpt("RCPT 450 user unknown", "450 4.1.1 user unknown in local table",
            "unknown unavailable_smtp"),
    at_rcpt("RCPT 451 local problem", "451 4.3.0 local problem, try again later",
            "unknown unavailable_smtp"),
    at_rcpt("RCPT 421", "421 4.7.0 closing connection" + DROP, THROTTLED),
    at_rcpt("RCPT 550 5.1.1 with a block list", "550 5.1.1 rejected, see www.spamhaus.org/query/ip",
            BLOCKED),
    at_rcpt("RCPT 550 5.2.1 with a block list",
            "550 5.2.1 mailbox unavailable: your IP is on the Barracuda blocklist", BLOCKED),
    at_rcpt("RCPT 550 5.7.23", "550 5.7.23 SPF check failed", POLICY),
    at_rcpt("RCPT 550 5.7.26", "550 5.7.26 unauthenticated mail, DMARC policy", POLICY),
    at_rcpt("RCPT 550 5.7.0", "550 5.7.0 message refused", POLICY),
    at_rcpt("RCPT 550 words of nobody", "550 the administrator has opinions", POLICY),
    at_rcpt("RCPT 550 5.3.0", "550 5.3.0 mail system trouble", "unknown unavailable_smtp"),
    at_rcpt("RCPT 550 5.2.2", "550 5.2.2 user is over quota", FULL),
    at_rcpt("RCPT 552 without words", "552 requested action aborted", FULL),
    at_rcpt("RCPT 422 in words", "452 mailbox is full", FULL),
    at_rcpt("RCPT 525", "525 5.7.13 user account disabled", DISABLED),
    at_rcpt("RCPT 550 suspended", "550 account suspended", DISABLED),
    at_rcpt("RCPT 450 inactive is not invalid", "450 4.2.1 account inactive",
            "risky rate_limited_mailbox"),
    at_rcpt("RCPT 450 receives too fast",
            "450 4.2.1 The user you are trying to contact is receiving mail at a rate that "
            "prevents additional messages from being delivered", "risky rate_limited_mailbox"),
    at_rcpt("RCPT 450 5.1.1 contradicts itself", "450 5.1.1 user unknown",
            "unknown unavailable_smtp"),
    at_rcpt("RCPT 550 4.7.1 contradicts itself", "550 4.7.1 come back later", GREY),
    at_rcpt("greylisted, 451 try again in",
            "451 try again in 300 seconds", GREY),
    at_rcpt("greylisted, 450 4.7.1", "450 4.7.1 deferred by policy", GREY),
    at_rcpt("greylisted by postgrey's words",
            "450 4.2.0 Greylisted, see http://postgrey.schweikert.ch/help/x.test.html", GREY),
    at_rcpt("RCPT 451 too many messages", "451 4.7.0 too many messages from your IP", THROTTLED),
    at_rcpt("RCPT 500", "500 5.5.1 command unrecognized", "unknown protocol_error"),
    at_rcpt("RCPT 503", "503 5.5.1 MAIL first", "unknown protocol_error"),
    at_rcpt("RCPT 555", "555 5.5.4 unsupported parameters", "unknown protocol_error"),
    at_rcpt("RCPT sender refused late", "550 5.1.8 sender address rejected: domain not found",
            SENDER),
    at_rcpt("RCPT 554 the client is refused", "554 5.7.1 <unknown[127.0.0.1]>: Client host "
            "rejected: Access denied", BLOCKED),
    at_rcpt("RCPT 550 quoted address holds words",
            "550 5.7.1 <user.unknown.spamhaus@quota.x.test> refused", POLICY),
]

PROVIDERS = [
    at_rcpt("Yandex 550 5.7.1 No such user", "550 5.7.1 No such user!", INVALID,
            host="mx-lab.yandex.ru"),
    at_rcpt("Orange 552 5.1.1 full", "552 5.1.1 Boite du destinataire pleine. Recipient overquota.",
            FULL, host="smtp-lab.orange.fr"),
    at_rcpt("Google OverQuotaPerm", "552-5.2.2 The recipient's inbox is out of storage space.\n"
            "552 5.2.2 https://support.google.com/mail/?p=OverQuotaPerm", DISABLED,
            host="aspmx-lab.l.google.com"),
    at_rcpt("Google over quota for now", "452-4.2.2 The recipient's inbox is out of storage\n"
            "452 4.2.2 https://support.google.com/mail/?p=OverQuotaTemp", FULL,
            host="alt1-lab.aspmx.l.google.com"),
    at_rcpt("Google unknown", "550-5.1.1 The email account that you tried to reach does not\n"
            "550-5.1.1 exist.\n"
            "550-5.1.1 Please try double-checking the recipient's email address for typos or\n"
            "550 5.1.1 https://support.google.com/mail/?p=NoSuchUser", INVALID,
            host="alt2-lab.aspmx.l.google.com"),
    at_rcpt("Microsoft 5.1.10", "550 5.1.10 RESOLVER.ADR.RecipientNotFound", INVALID,
            host="lab2-test.mail.protection.outlook.com"),
    at_rcpt("Outlook.com 5.5.0", "550 5.5.0 Requested action not taken: mailbox unavailable",
            INVALID, host="lab3.olc.protection.outlook.com"),
    at_rcpt("5.4.1 of somebody else", "550 5.4.1 Recipient address rejected: Access denied",
            "unknown unavailable_smtp"),
    at_rcpt("iCloud unknown", "550 5.1.1 <alice@x.test>: user lookup success but no user record "
            "found in DB", INVALID, host="mx01-lab.mail.icloud.com"),
    Scenario("Yahoo deferred", THROTTLED,
             one(Server(banner="421 4.7.0 [TSS04] Messages from 127.0.0.1 temporarily deferred due "
                        "to user complaints" + DROP), host="mta-lab.am0.yahoodns.net")),
    Scenario("Mimecast greylisting", GREY,
             one(Server(mailboxes={"alice": "451 Internal resources are temporarily unavailable"}),
                 host="eu-smtp-lab.mimecast.com")),
    at_rcpt("Comcast unknown", "550 5.1.1 Not our Customer", INVALID, host="mx-lab.comcast.net"),
]

CATCH_ALL = [
    Scenario("catch-all probe refused", VALID, one(Server()), catch_all=False),
    Scenario("catch-all probe accepted by 251", "risky catch_all",
             one(Server(others="251 will forward"))),
    Scenario("catch-all probe greylisted", VALID,
             one(Server(others="451 4.7.1 greylisted, try again in 5 minutes")), catch_all=None),
    Scenario("catch-all probe blocked", VALID,
             one(Server(others="550 5.7.1 blocked using zen.spamhaus.org")), catch_all=None),
    Scenario("catch-all probe cut off", VALID, one(Server(others=DROP)), catch_all=None),
    Scenario("catch-all probe 252", VALID, one(Server(others="252 cannot verify")),
             catch_all=None),
    Scenario("catch-all probe not run for an unknown mailbox", INVALID,
             one(Server(mailboxes={"alice": "550 5.1.1 unknown"}, others=OK)), catch_all=None),
    Scenario("Microsoft refuses a second region", VALID,
             one(Server(others="451 4.4.4 Mail received as unauthenticated, incoming to a "
                        "recipient domain configured in a hosted tenant with multiple regions"),
                 host="lab4-test.mail.protection.outlook.com"), catch_all=None),
]
