"""Mail servers that do what real ones cannot be made to do: each is a description, a `Server`.

A reply is text; line breaks in it make it a reply of several lines, AND begins another reply that
nobody asked for. What stands last happens after it: DROP closes, RESET cuts, CUT closes before the
end of the line, SILENT never says anything again, FLOOD says it for ever. Each host keeps what it
was told (Host.connections), so that tests can judge the client's manners.
"""
import asyncio
import socket
import ssl
import struct
from dataclasses import dataclass, field, replace

DROP, RESET, SILENT = "\x01", "\x02", "\x03"
FLOOD, AND, CUT = "\x04", "\x05", "\x06"
OK = "250 2.1.5 recipient ok"
UNKNOWN = "550 5.1.1 user unknown"
READ_BYTES = 65536
HANGING_QUEUE = 4
PIECE_PAUSE_SECONDS = 0.001


@dataclass(frozen=True)
class Server:
    """How a host behaves. Text may hold {host}."""
    banner: str = "220 {host} ESMTP ready"
    banner_after_s: float = 0
    offers: tuple = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES")
    ehlo: str = ""                      # the whole reply, instead of one with the offers
    helo: str = "250 {host}"
    mail: str = "250 2.1.0 sender ok"
    rset: str = "250 2.0.0 ok"
    starttls: str = "220 2.0.0 go ahead"
    tls: str = ""                       # "works", "broken" (the handshake), "injected"
    needs_tls: str = ""                 # the reply to MAIL without TLS
    mailboxes: dict = field(default_factory=lambda: {"alice": OK})
    others: str = UNKNOWN               # the reply for mailboxes that are not listed
    takes_crowd: bool = True            # mailboxes whose name begins with "crowd" exist
    transaction_max: int = 0            # recipients of one transaction; more get too_many
    too_many: str = "452 4.5.3 too many recipients"
    leaves_after: int = 0               # RCPT commands on one connection; then leaving
    leaving: str = DROP
    delay_s: float = 0                  # before each reply
    piece_bytes: int = 0                # replies go out in pieces of so many bytes
    at_once: bool = False               # the replies to pipelined commands go out together
    first: tuple = ()                   # other behaviours for the first connections

    def at(self, number):
        """The behaviour on connection `number`, from 0."""
        return self.first[number] if number < len(self.first) else replace(self, first=())


# Not even a connection comes about, and nobody says why.
HANGS = Server(banner=SILENT)


@dataclass
class Connection:
    """What the client did on one connection."""
    commands: list = field(default_factory=list)
    ahead: int = 0                  # commands that came before the reply to the one before them
    said_goodbye: bool = False      # we did: the client owes no QUIT
    offered_pipelining: bool = False
    tls: bool = False
    over: bool = False


class Gone(Exception):
    """The connection has ended."""


class Dialogue:
    """One connection under way."""

    def __init__(self, host, number, reader, writer):
        self.host = host
        self.server = host.server.at(number)
        self.seen = Connection()
        host.connections.append(self.seen)
        self.reader, self.writer = reader, writer
        self.buffer = self.held = b""
        self.recipients = self.in_transaction = 0

    async def run(self):
        try:
            await asyncio.sleep(self.server.banner_after_s)
            await self.say(self.server.banner)
            while True:
                line = await self.command()
                self.seen.ahead += b"\n" in self.buffer
                self.seen.commands.append(line)
                await asyncio.sleep(self.server.delay_s)
                await self.obey(line)
        except (Gone, OSError, ssl.SSLError):
            pass
        finally:
            self.seen.over = True
            self.writer.close()

    async def command(self):
        while b"\n" not in self.buffer:
            data = await self.reader.read(READ_BYTES)
            if not data:
                raise Gone
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.decode(errors="replace").removesuffix("\r")

    async def obey(self, line):
        server, verb = self.server, line.split(" ")[0].upper()
        if verb == "EHLO":
            await self.say(server.ehlo or self.offer())
        elif verb == "HELO":
            await self.say(server.helo)
        elif verb == "STARTTLS":
            await self.start_tls()
        elif verb == "MAIL":
            self.in_transaction = 0
            refused = server.needs_tls and not self.seen.tls
            await self.say(server.needs_tls if refused else server.mail)
        elif verb == "RCPT":
            await self.recipient(line)
        elif verb == "RSET":
            await self.say(server.rset)
        elif verb == "QUIT":
            await self.say("221 2.0.0 bye" + DROP)
        else:
            await self.say("502 5.5.2 what?")

    def offer(self):
        words = [word for word in self.server.offers if word != "STARTTLS" or not self.seen.tls]
        self.seen.offered_pipelining = "PIPELINING" in words
        return "\n".join(["250 {host}", *(f"250 {word}" for word in words)])

    async def recipient(self, line):
        server = self.server
        self.recipients += 1
        self.in_transaction += 1
        if server.leaves_after and self.recipients > server.leaves_after:
            await self.say(server.leaving)
        if server.transaction_max and self.in_transaction > server.transaction_max:
            await self.say(server.too_many)
            return
        mailbox = line[line.find("<") + 1:].split("@")[0]
        known = server.mailboxes.get(mailbox)
        if known is None and server.takes_crowd and mailbox.startswith("crowd"):
            known = OK
        await self.say(known or server.others)

    async def start_tls(self):
        if not self.server.tls or not self.server.starttls.startswith("220"):
            await self.say(self.server.starttls)
            return
        if self.server.tls == "injected":
            self.writer.write(b"220 go ahead\r\n" + b"250 2.1.5 injected\r\n" * 3)
        else:
            await self.say(self.server.starttls)
        await self.writer.drain()
        if self.server.tls != "works":
            self.seen.said_goodbye = True
            await self.reader.read(READ_BYTES)      # the client's hello, when it comes
            self.writer.write(b"this is no TLS record\r\n")
            raise Gone
        await self.writer.start_tls(self.host.laboratory.tls)
        self.buffer = b""
        self.seen.tls = True

    async def say(self, text):
        """The reply, in pieces where it must be, and then what its last character asks for."""
        end = text[-1:] if text[-1:] in (DROP, RESET, SILENT, FLOOD, CUT) else ""
        lines = text.removesuffix(end).replace("{host}", self.host.name).split("\n")
        last = len(lines) - (0 if end == FLOOD else 1)
        wire = "".join(line[:3] + ("-" if i < last else line[3:4] or " ") + line[4:] + "\r\n"
                       for i, line in enumerate(lines) if line)
        wire = wire.replace(AND, "\r\n").encode(errors="surrogateescape")
        if end == CUT:
            wire = wire.removesuffix(b"\r\n")
        if self.server.at_once and not end:
            self.held += wire
            if b"\n" in self.buffer:
                return
            wire = self.held
        self.held = b""
        size = self.server.piece_bytes or len(wire) or 1
        for at in range(0, len(wire), size):
            self.writer.write(wire[at:at + size])
            await self.writer.drain()
            if self.server.piece_bytes:
                await asyncio.sleep(PIECE_PAUSE_SECONDS)
        self.seen.said_goodbye |= bool(end)
        while end == FLOOD:
            self.writer.write(wire)
            await self.writer.drain()
            await asyncio.sleep(PIECE_PAUSE_SECONDS)
        if end == SILENT:
            while await self.reader.read(READ_BYTES):
                pass
        if end == RESET:
            connection = self.writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if end:
            raise Gone


class Host:
    """One Server on one address."""

    def __init__(self, laboratory, name, address, server):
        self.laboratory = laboratory
        self.name, self.address, self.server = name, address, server
        self.connections = []
        self.dialogues = set()
        self.sockets = []

    async def listen(self, port):
        async def serve(reader, writer):
            task = asyncio.current_task()
            self.dialogues.add(task)
            try:
                await Dialogue(self, len(self.connections), reader, writer).run()
            finally:
                self.dialogues.discard(task)
        if self.server is HANGS:
            await self.hang(port)
        else:
            await asyncio.start_server(serve, self.address, port, backlog=1000)

    async def hang(self, port):
        """Fills the queue of connections that nobody accepts: more are not answered at all."""
        listener = socket.socket()
        listener.bind((self.address, port))
        listener.listen(0)
        self.sockets = [listener]
        for _ in range(HANGING_QUEUE):
            waiting = socket.socket()
            waiting.setblocking(False)
            waiting.connect_ex((self.address, port))
            self.sockets.append(waiting)

    def commands(self):
        return [line for connection in self.connections for line in connection.commands]
