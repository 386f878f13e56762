// Addresses per second of deep-email-validator, so many at once, asking the same name server and
// the same mail server as verihook: its resolver is pointed at them, and port 25 is another.
//   node measure.js DNS_PORT SMTP_PORT COUNT IN_FLIGHT
const dns = require("dns");
const net = require("net");

const [dnsPort, smtpPort, count, inFlight] = process.argv.slice(2).map(Number);
dns.setServers([`127.0.0.1:${dnsPort}`]);
const createConnection = net.createConnection;
net.createConnection = () => createConnection(smtpPort, "127.0.0.1");
const { validate } = require("deep-email-validator");

async function main() {
  let next = 0;
  let valid = 0;
  async function work() {
    while (next < count) {
      const i = next++;
      const answer = await validate({ email: `u${i}@b${i % 50}.test`, validateTypo: false });
      if (answer.valid) ++valid;
    }
  }
  const begin = process.hrtime.bigint();
  await Promise.all(Array.from({ length: inFlight }, work));
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  console.log(`${(count / seconds).toFixed(0)} ${valid}`);
}

main();
