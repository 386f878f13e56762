// How long an event takes from this program's door to its endpoint: posts so many a second to a
// source whose destination is this very process, and waits for each to come back.
//   node event_latency.mjs PORT        listens there; for each line of standard input
//                                      {"url", "rate", "count"} prints {"p50","p95","p99"} in
//                                      milliseconds, "after" the acknowledgement and of the
//                                      "whole" way from the request's first byte
import http from 'node:http';
import readline from 'node:readline';

const agent = new http.Agent({keepAlive: true, maxSockets: 64});
const sent = new Map();      // id: {asked, acknowledged, arrived}
let lastArrived = null;

http.createServer((request, response) => {
  const arrived = performance.now();
  const pieces = [];
  request.on('data', (piece) => pieces.push(piece));
  request.on('end', () => {
    response.end();
    const event = sent.get(JSON.parse(Buffer.concat(pieces)).webhook_id);
    if (event) event.arrived ??= arrived;
    lastArrived?.();
  });
}).listen(Number(process.argv[2]), '127.0.0.1', () => console.log('listening'));

function post(url, id) {
  const body = JSON.stringify({event_type: 'bench.event', webhook_id: id, n: sent.size});
  const event = {asked: performance.now()};
  sent.set(id, event);
  const request = http.request(url, {method: 'POST', agent, headers: {
    'content-type': 'application/json', 'content-length': Buffer.byteLength(body),
  }}, (response) => {
    event.acknowledged = performance.now();
    if (response.statusCode !== 200) throw new Error(`the door answered ${response.statusCode}`);
    response.resume();
  });
  request.end(body);
}

function percentiles(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share) => Number(sorted[Math.floor(sorted.length * share)].toFixed(2));
  return {p50: at(0.5), p95: at(0.95), p99: at(0.99)};
}

async function measure({url, rate, count}) {
  sent.clear();
  const run = Date.now().toString(36);
  const begin = performance.now();
  for (let i = 0; i < count; ++i) {
    const due = begin + i * 1000 / rate;
    while (performance.now() < due) await new Promise((resolve) => setTimeout(resolve, 1));
    post(url, `evt_${run}${i}`);
  }
  const all = () => [...sent.values()].every((event) => event.arrived && event.acknowledged);
  while (!all()) {
    await new Promise((resolve) => {
      lastArrived = resolve;
      setTimeout(resolve, 50);
    });
  }
  // What arrives before the sender has heard that it was taken was there at once.
  const after = [...sent.values()].map((e) => Math.max(0, e.arrived - e.acknowledged));
  const whole = [...sent.values()].map((e) => e.arrived - e.asked);
  return {after: percentiles(after), whole: percentiles(whole)};
}

for await (const line of readline.createInterface({input: process.stdin})) {
  console.log(JSON.stringify(await measure(JSON.parse(line))));
}
process.exit(0);
