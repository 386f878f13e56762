"""How a conversation runs or breaks: TLS, pipelining, lengths, silence, ends, other protocols."""
from scenario import Mx, Scenario, one
from scripted_smtp import AND, CUT, DROP, FLOOD, HANGS, OK, RESET, SILENT, Server

VALID, LOST = "valid accepted_email", "unknown connection_lost"
INVALID, PROTOCOL = "invalid rejected_email", "unknown protocol_error"
EAI = "invalid eai_not_supported"
TIMEOUT = "unknown timeout"
TLS_OFFERED = ("PIPELINING", "STARTTLS", "8BITMIME")
LONG_BANNER = "\n".join(["220-Welcome", "220-550 5.1.1 user unknown is what we say to strangers",
                         "220-this banner has several lines", "220 {host} ESMTP"])

WIRE = [
    *(Scenario(f"replies in pieces of {size} bytes", VALID,
               one(Server(banner=LONG_BANNER, piece_bytes=size, mailboxes={
                   "alice": "250-2.1.5 550 is not the code\n250 2.1.5 recipient ok"})))
      for size in (1, 2, 3, 5, 7, 11)),
    Scenario("a refusal in pieces of one byte", INVALID,
             one(Server(piece_bytes=1, mailboxes={
                 "alice": "550-5.1.1 250 is not the code\n550 5.1.1 user unknown"}))),
    Scenario("all pipelined replies at once", VALID, one(Server(at_once=True)), crowd=30),
    Scenario("no pipelining", VALID, one(Server(offers=())), crowd=10),
    Scenario("HELO only", VALID, one(Server(ehlo="502 5.5.1 not implemented", offers=()))),
    Scenario("EHLO 500 in two lines", VALID, one(Server(ehlo="500-what\n500 unrecognized"))),
    Scenario("EHLO and HELO refused", "unknown policy", one(Server(ehlo="550 no", helo="550 no"))),
    Scenario("EHLO without extensions", VALID, one(Server(ehlo="250 {host}"))),
    Scenario("tarpit", VALID, one(Server(delay_s=0.4))),
    Scenario("banner after 2 s in pieces", VALID,
             one(Server(banner=LONG_BANNER, banner_after_s=2, piece_bytes=4))),
    Scenario("RSET refused", VALID, one(Server(rset="502 5.5.1 not implemented")), crowd=60),
    Scenario("452 4.5.3 from the third recipient", VALID, one(Server(transaction_max=2)),
             crowd=12),
    Scenario("452 too many, no pipelining", VALID,
             one(Server(transaction_max=3, offers=(), too_many="452 too many recipients")),
             crowd=12),
    Scenario("550 too many recipients", VALID,
             one(Server(transaction_max=4, too_many="550 5.5.3 too many recipients")), crowd=12),
    Scenario("LIMITS RCPTMAX", VALID,
             one(Server(offers=("PIPELINING", "LIMITS RCPTMAX=2"), transaction_max=2,
                        too_many="550 5.1.1 you were told")), crowd=9),
]

TLS = [
    Scenario("STARTTLS offered", VALID, one(Server(offers=TLS_OFFERED, tls="works"), tls=True)),
    Scenario("STARTTLS handshake broken", VALID,
             one(Server(offers=TLS_OFFERED, tls="broken"))),
    Scenario("STARTTLS handshake broken and required", "unknown tls_required",
             one(Server(offers=TLS_OFFERED, tls="broken",
                        needs_tls="530 5.7.0 Must issue a STARTTLS command first"))),
    Scenario("STARTTLS refused", VALID,
             one(Server(offers=TLS_OFFERED, starttls="454 4.7.0 TLS not available"), tls=False)),
    Scenario("STARTTLS refused and required", "unknown tls_required",
             one(Server(offers=TLS_OFFERED, starttls="454 4.7.0 TLS not available",
                        needs_tls="530 5.7.0 Must issue a STARTTLS command first"))),
    Scenario("plain text behind STARTTLS", PROTOCOL,
             one(Server(offers=TLS_OFFERED, tls="injected"))),
]

INTERNATIONAL = [
    Scenario("SMTPUTF8 accepted", VALID, local="jürgen",
             mx=one(Server(offers=("SMTPUTF8", "8BITMIME"), mailboxes={"jürgen": OK}))),
    Scenario("SMTPUTF8 and pipelining, unknown", INVALID, local="用户",
             mx=one(Server(offers=("PIPELINING", "SMTPUTF8", "8BITMIME")))),
    Scenario("SMTPUTF8 not offered", EAI, local="jürgen",
             mx=one(Server(offers=("8BITMIME", "PIPELINING"), others=OK))),
    Scenario("SMTPUTF8 offered, 5.6.7 at RCPT", EAI, local="jürgen",
             mx=one(Server(offers=("SMTPUTF8",), others="553 5.6.7 address needs SMTPUTF8"))),
]

ENDS = [
    Scenario("closed without a banner", LOST, one(Server(banner=DROP)), stage="banner"),
    Scenario("reset without a banner", LOST, one(Server(banner=RESET))),
    Scenario("closed inside the banner", LOST, one(Server(banner="220-hello" + CUT))),
    Scenario("closed at EHLO", LOST, one(Server(ehlo=DROP, helo=DROP)), stage="ehlo"),
    Scenario("closed at MAIL", LOST, one(Server(mail=DROP)), stage="mail_from"),
    Scenario("reset at MAIL", LOST, one(Server(mail=RESET)), stage="mail_from"),
    Scenario("reset at RCPT", LOST, one(Server(mailboxes={"alice": RESET})), stage="rcpt_to"),
    Scenario("closed inside a refusal", LOST,
             one(Server(mailboxes={"alice": "550 5.1.1 user unkn" + CUT})), stage="rcpt_to"),
    Scenario("closed between the lines of a refusal", LOST,
             one(Server(mailboxes={"alice": "550-5.1.1 user unknown\n550 5.1" + CUT}))),
    Scenario("closed after the refusal", INVALID,
             one(Server(mailboxes={"alice": "550 5.1.1 user unknown" + DROP})), code=550),
    Scenario("closed after five recipients", VALID, one(Server(leaves_after=5)), crowd=20),
    Scenario("reset after five recipients", VALID, one(Server(leaves_after=5, leaving=RESET)),
             crowd=20),
    Scenario("421 after five recipients", VALID,
             one(Server(leaves_after=5, leaving="421 4.7.0 that was enough" + DROP)), crowd=20),
    Scenario("closed after one recipient, no pipelining", VALID,
             one(Server(leaves_after=1, offers=())), crowd=5),
    Scenario("421 at the first EHLO, then well", "unknown unavailable_smtp",
             one(Server(first=(Server(ehlo="421 4.3.2 restarting" + DROP),)))),
]

SILENCE = [
    Scenario("no banner ever", TIMEOUT, one(Server(banner=SILENT)), stage="banner"),
    Scenario("silent at EHLO", TIMEOUT, one(Server(ehlo=SILENT)), stage="ehlo"),
    Scenario("silent at MAIL", TIMEOUT, one(Server(mail=SILENT)), stage="mail_from"),
    Scenario("silent at RCPT", TIMEOUT, one(Server(mailboxes={"alice": SILENT})), stage="rcpt_to"),
    Scenario("silent inside a refusal", TIMEOUT,
             one(Server(mailboxes={"alice": "550-5.1.1 user unknown\n550-" + SILENT}))),
]

NOT_SMTP = [
    Scenario("banner without end", PROTOCOL, one(Server(banner="220-hello" + FLOOD))),
    Scenario("EHLO reply without end", PROTOCOL, one(Server(ehlo="250-SIZE" + FLOOD))),
    Scenario("refusal without end", PROTOCOL,
             one(Server(mailboxes={"alice": "550-5.1.1 user unknown" + FLOOD}))),
    Scenario("a line of 5000 bytes", PROTOCOL, one(Server(banner="220 " + "x" * 5000))),
    Scenario("a web server", PROTOCOL, one(Server(banner="HTTP/1.1 400 Bad Request" + DROP))),
    Scenario("an SSH server", PROTOCOL, one(Server(banner="SSH-2.0-OpenSSH_9.2"))),
    Scenario("lines of one reply with different codes", PROTOCOL,
             one(Server(mailboxes={"alice": "250-2.1.5 ok\n550 5.1.1 user unknown"}))),
    Scenario("a second banner", PROTOCOL, one(Server(banner="220 one" + AND + "220 two"))),
    Scenario("an answer to what was not asked", PROTOCOL,
             one(Server(offers=(), mail="250 sender ok" + AND + "550 5.1.1 user unknown"))),
    Scenario("control characters in a refusal", INVALID,
             one(Server(mailboxes={"alice": "550 5.1.1 user\x1b[31m unknown\x07"}))),
    Scenario("bytes that are no UTF-8 text", INVALID,
             one(Server(mailboxes={"alice": "550 5.1.1 user unknown \udce9\udcff"}))),
]

SEVERAL_HOSTS = [
    Scenario("three dead MX, the fourth lives", VALID,
             (*(Mx(None, preference=n) for n in (1, 2, 3)), Mx(Server(), preference=9))),
    Scenario("every MX is dead", "unknown no_connect",
             (Mx(None, preference=5), Mx(None, preference=10))),
    Scenario("first MX does not answer at all", VALID, (Mx(HANGS, preference=5), Mx(Server()))),
    Scenario("first MX greets with 554", VALID,
             (Mx(Server(banner="554 no service" + DROP), preference=5), Mx(Server()))),
    Scenario("first MX greets with 421", VALID,
             (Mx(Server(banner="421 4.3.2 busy" + DROP), preference=5), Mx(Server()))),
    Scenario("first MX closes without a banner", VALID,
             (Mx(Server(banner=DROP), preference=5), Mx(Server()))),
    Scenario("first MX is no mail server", VALID,
             (Mx(Server(banner="HTTP/1.1 400 no"), preference=5), Mx(Server()))),
    Scenario("first MX knows nobody", INVALID,
             (Mx(Server(mailboxes={}), preference=5), Mx(Server(), preference=10, dialled=False))),
    Scenario("first MX denies relaying, the second takes", VALID,
             (Mx(Server(mailboxes={}, others="550 5.7.1 relaying denied"), preference=5),
              Mx(Server()))),
    Scenario("first MX closes at RCPT, the second answers", VALID,
             (Mx(Server(mailboxes={"alice": DROP}), preference=5), Mx(Server()))),
    Scenario("first MX refuses our sender, the second does not", VALID,
             (Mx(Server(mail="550 5.1.8 bad sender"), preference=5), Mx(Server()))),
    Scenario("first MX refuses by policy, the second does not", VALID,
             (Mx(Server(mailboxes={"alice": "550 5.7.0 refused"}), preference=5),
              Mx(Server()))),
    Scenario("first MX never greets, the second lives", VALID,
             (Mx(Server(banner=SILENT), preference=5), Mx(Server()))),
    Scenario("every MX denies relaying", "invalid domain_not_hosted",
             (Mx(Server(mailboxes={}, others="550 relay not permitted"), preference=5),
              Mx(Server(mailboxes={}, others="554 5.7.1 Relay access denied")))),
    Scenario("equal preferences, one dead", VALID, (Mx(None), Mx(Server()))),
    Scenario("the secondary is not asked while the first lives", VALID,
             (Mx(Server(), preference=5), Mx(Server(), preference=50, dialled=False))),
]
