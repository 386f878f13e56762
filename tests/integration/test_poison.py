"""A row that kills the program each time it is looked at is found, named and left out."""
import socket

import dns.message
import dns.rcode
from processes import free_port, wait_until
from program import FINAL, Program

POISON = "poison.test"
ROWS = 60
CRASHES_MAX = 14    # three before anything is suspected, seven to be sure, some to spare


class DeadlyNameServer:
    """Says NXDOMAIN about every name, and kills the program that asks about one of them. Serves
    while somebody calls serve()."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", free_port()))
        self.socket.setblocking(False)
        self.address = "127.0.0.1:{}".format(self.socket.getsockname()[1])
        self.kills = 0

    def serve(self, program):
        while True:
            try:
                wire, peer = self.socket.recvfrom(4096)
            except BlockingIOError:
                return
            query = dns.message.from_wire(wire)
            if query.question[0].name.to_text(omit_final_dot=True).lower() == POISON:
                self.kills += 1
                program.kill()
                return
            reply = dns.message.make_response(query)
            reply.set_rcode(dns.rcode.NXDOMAIN)
            self.socket.sendto(reply.to_wire(), peer)

    def forget(self):
        """What a killed program asked is nobody's question any more."""
        while True:
            try:
                self.socket.recvfrom(4096)
            except BlockingIOError:
                return


def test_a_row_that_kills_the_program_is_left_out_and_the_rest_goes_on(tmp_path):
    server = DeadlyNameServer()
    program = Program(tmp_path / "program", settings={"dns": {"servers": [server.address]}})
    emails = [f"user{i}@domain{i}.test" for i in range(ROWS)]
    emails[ROWS // 2] = f"user@{POISON}"

    def crashed_or_done():
        server.serve(program)
        return not program.process.running or program.job(job_id)["status"] in FINAL
    try:
        job_id = program.start().submit(emails)
        while True:
            wait_until(crashed_or_done, 60, "a crash or the end of the job")
            if program.process.running:
                break
            assert server.kills <= CRASHES_MAX
            server.forget()
            program.start()
        results = program.download(job_id)
        assert [result["email"] for result in results] == emails
        reasons = {result["email"]: result["reason"] for result in results}
        assert reasons.pop(f"user@{POISON}") == "unexpected_error"
        assert set(reasons.values()) == {"invalid_domain"}
        assert server.kills > 3, "it was suspected too soon"
    finally:
        server.socket.close()
        program.close()
