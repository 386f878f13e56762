"""A mail server that never answers RCPT, so that conversations stay open. With a certificate it
offers STARTTLS. Prints "held" when so many wait.

  held_mail.py PORT COUNT [CERTIFICATE KEY]
"""
import asyncio
import ssl
import sys


class HeldMail:
    def __init__(self, count, context):
        self.count = count
        self.context = context
        self.held = 0

    async def serve(self, reader, writer):
        writer.write(b"220 held.test\r\n")
        encrypted = self.context is None
        while line := (await reader.readline()).upper():
            if line.startswith(b"EHLO"):
                offer = b"" if encrypted else b"250-STARTTLS\r\n"
                writer.write(b"250-held.test\r\n" + offer + b"250 PIPELINING\r\n")
            elif line.startswith(b"STARTTLS"):
                writer.write(b"220 Go ahead\r\n")
                await writer.drain()
                await writer.start_tls(self.context)
                encrypted = True
            elif line.startswith(b"RCPT"):
                self.held += 1
                if self.held == self.count:
                    print("held", flush=True)
            else:
                writer.write(b"221 Bye\r\n" if line.startswith(b"QUIT") else b"250 Ok\r\n")
        writer.close()


async def main():
    context = None
    if len(sys.argv) > 3:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(sys.argv[3], sys.argv[4])
    mail = HeldMail(int(sys.argv[2]), context)
    server = await asyncio.start_server(mail.serve, "0.0.0.0", int(sys.argv[1]), backlog=4096)
    await server.serve_forever()


asyncio.run(main())
