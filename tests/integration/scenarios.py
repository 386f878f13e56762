"""The table of the laboratory: SCENARIOS, in the groups in which docs/comparison.md shows them."""
import scenarios_conversation as conversation
import scenarios_dns as names
import scenarios_replies as replies
from scenarios_reference import REFERENCE

GROUPS = {
    "Measured side by side": REFERENCE,
    "Replies before RCPT": replies.BEFORE_RCPT,
    "Replies to RCPT": replies.AT_RCPT,
    "Habits of providers": replies.PROVIDERS,
    "Catch-all": replies.CATCH_ALL,
    "The wire": conversation.WIRE,
    "TLS": conversation.TLS,
    "International mailboxes": conversation.INTERNATIONAL,
    "Ends of the connection": conversation.ENDS,
    "Silence": conversation.SILENCE,
    "What is not SMTP": conversation.NOT_SMTP,
    "Several mail hosts": conversation.SEVERAL_HOSTS,
    "Records": names.RECORDS,
    "Name servers that fail": names.FAILING,
    "Real mail servers": names.REAL,
}
SCENARIOS = [scenario for group in GROUPS.values() for scenario in group]
