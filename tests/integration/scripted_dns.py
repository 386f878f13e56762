"""A name server that fails in the ways of real resolvers, and asks another one about the rest.

`behaviours` is {domain: way}; every name at or below the domain is answered in that way. Ways:
servfail, refused, formerr, silent, garbage, other_question, truncated (the answer is complete over
TCP only), lost_once (the first query for each question goes unanswered), broken_addresses
(SERVFAIL for anything but MX), loop (a name in the answer points at itself).
"""
import asyncio
import socket
import struct

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype

RCODES = {"servfail": dns.rcode.SERVFAIL, "refused": dns.rcode.REFUSED,
          "formerr": dns.rcode.FORMERR, "broken_addresses": dns.rcode.SERVFAIL}
ASK_SECONDS = 3
MESSAGE_BYTES_MAX = 65_537


class ScriptedDns:
    """On 127.0.0.1, UDP and TCP; lives in the event loop that calls listen()."""

    def __init__(self, port, upstream_port, behaviours):
        self.port = port
        self.upstream_port = upstream_port
        self.behaviours = behaviours
        self.seen = set()
        self.queries = []       # (name, type, "udp" or "tcp")
        self.tasks = set()

    async def listen(self):
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: Udp(self), ("127.0.0.1", self.port))
        await asyncio.start_server(self.serve_tcp, "127.0.0.1", self.port)

    def way_of(self, name, kind):
        labels = name.split(".")
        for i in range(len(labels)):
            way = self.behaviours.get(".".join(labels[i:]))
            if way is not None:
                return None if way == "broken_addresses" and kind == "MX" else way
        return None

    async def answer(self, wire, transport):
        """The reply's bytes; None for none."""
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        kind = dns.rdatatype.to_text(question.rdtype)
        self.queries.append((name, kind, transport))
        way = self.way_of(name, kind)
        if way in RCODES:
            reply = dns.message.make_response(query)
            reply.set_rcode(RCODES[way])
            return reply.to_wire()
        if way == "silent" or (way == "lost_once" and (name, kind) not in self.seen):
            self.seen.add((name, kind))
            return None
        if way == "garbage":
            return wire[:2] + bytes(range(7, 60))
        if way == "loop":
            asked = wire[12:wire.index(0, 12) + 5]
            itself = struct.pack(">H", 0xc000 + 12 + len(asked))
            head = struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0)
            return wire[:2] + head + asked + itself + wire[wire.index(0, 12) + 1:][:4] + bytes(6)
        if way == "truncated" and transport == "udp":
            reply = dns.message.make_response(query)
            reply.flags |= dns.flags.TC
            return reply.to_wire()
        if way == "other_question":
            other = dns.message.make_query("other.test", question.rdtype)
            other.id = query.id
            return dns.message.make_response(other).to_wire()
        return await self.forward(wire, transport)

    async def forward(self, wire, transport):
        loop = asyncio.get_running_loop()
        kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
        prefix = struct.pack(">H", len(wire)) if transport == "tcp" else b""
        with socket.socket(socket.AF_INET, kind) as connection:
            connection.setblocking(False)
            try:
                async with asyncio.timeout(ASK_SECONDS):
                    await loop.sock_connect(connection, ("127.0.0.1", self.upstream_port))
                    await loop.sock_sendall(connection, prefix + wire)
                    reply = await loop.sock_recv(connection, MESSAGE_BYTES_MAX)
                    return reply[len(prefix):]
            except (OSError, TimeoutError):
                return None

    async def serve_tcp(self, reader, writer):
        try:
            while True:
                size, = struct.unpack(">H", await reader.readexactly(2))
                reply = await self.answer(await reader.readexactly(size), "tcp")
                if reply is None:
                    return
                writer.write(struct.pack(">H", len(reply)) + reply)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class Udp(asyncio.DatagramProtocol):
    def __init__(self, server):
        self.server = server
        self.transport = None

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, addr):
        async def reply():
            answer = await self.server.answer(data, "udp")
            if answer is not None:
                self.transport.sendto(answer, addr)
        task = asyncio.get_running_loop().create_task(reply())
        self.server.tasks.add(task)
        task.add_done_callback(self.server.tasks.discard)
