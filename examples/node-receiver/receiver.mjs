// A webhook receiver for verihook in plain node, without dependencies.
//
//   WEBHOOK_SECRET=whsec_… node receiver.mjs            listens on http://127.0.0.1:3000/
//   PORT=0 HOST=0.0.0.0 EVENTS_FILE=events.jsonl        other places; 0 takes a free port
//
// What it shows, in the order in which it matters:
//   1. The signature is checked over the raw bytes of the body, before anything parses them.
//   2. A body whose timestamp is more than 300 seconds off is refused: it may be a replay.
//   3. An event is written to disk before it is acknowledged, and known by its webhook_id
//      afterwards: deliveries are repeated until one is acknowledged, so each may come twice.
//   4. The work is done after the answer, so that a slow database does not make the sender retry.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const secret = process.env.WEBHOOK_SECRET;
if (!secret) {
  console.error('set WEBHOOK_SECRET to the secret that the registration of the webhook gave');
  process.exit(2);
}
const BODY_BYTES_MAX = 1024 * 1024;
const TOLERANCE_SECONDS = 300;
const eventsFile = process.env.EVENTS_FILE ?? 'events.jsonl';

// The events that were acknowledged: a file of JSON lines, and the set of their ids. A last line
// without its end was cut off by a crash, and never acknowledged.
const events = fs.openSync(eventsFile, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
const whole = fs.readFileSync(events);
let end = whole.lastIndexOf('\n') + 1;
const known = new Set(
  whole.subarray(0, end).toString().split('\n').filter(Boolean)
    .map((line) => JSON.parse(line).webhook_id),
);

// False when the event was here before. When it returns true the event is on disk.
function add(event) {
  if (known.has(event.webhook_id)) return false;
  const line = Buffer.from(`${JSON.stringify(event)}\n`);
  // At the place where the last whole line ends, whatever a write that failed has left there.
  if (fs.writeSync(events, line, 0, line.length, end) < line.length) throw new Error('disk full');
  fs.fsyncSync(events);
  end += line.length;
  known.add(event.webhook_id);
  return true;
}

function isSame(given, expected) {
  const a = Buffer.from(given);
  const b = Buffer.from(expected);
  // timingSafeEqual wants equal lengths; the length of a signature is no secret.
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

// The simple way: X-Webhook-Signature is the HMAC-SHA256 of the body in hexadecimal, its key the
// characters of the secret.
function verifySignature(body, signature) {
  return isSame(signature, crypto.createHmac('sha256', secret).update(body).digest('hex'));
}

// The other way, Standard Webhooks 1.0: id and time are signed along with the body. Several
// signatures stand there while a secret is being rotated; one of them has to be right.
function verifyStandardWebhook(headers, body) {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const mac = crypto.createHmac('sha256', key).update(content).digest('base64');
  return (headers['webhook-signature'] ?? '').split(' ').some((one) => isSame(one, `v1,${mac}`));
}

function isTimestampValid(timestamp) {
  const difference = Math.abs(Date.now() - new Date(timestamp).getTime());
  return difference <= TOLERANCE_SECONDS * 1000; // false where there is no timestamp
}

// Answers [status, object].
function receive(headers, body) {
  const signature = headers['x-webhook-signature'];
  if (!signature) return [401, { error: 'Missing signature' }];
  if (!verifySignature(body, signature)) return [401, { error: 'Invalid signature' }];
  if (headers['webhook-signature'] && !verifyStandardWebhook(headers, body)) {
    return [401, { error: 'Invalid signature' }];
  }
  let event;
  try {
    event = JSON.parse(body);
  } catch {
    event = null;
  }
  if (typeof event?.webhook_id !== 'string') return [400, { error: 'Invalid JSON' }];
  if (!isTimestampValid(event.timestamp)) return [400, { error: 'Invalid timestamp' }];
  try {
    if (!add(event)) return [200, { received: true, duplicate: true }];
  } catch (error) {
    console.error(error.message);
    return [503, { error: 'Temporarily unavailable; send it again' }];
  }
  setImmediate(() => handle(event));
  return [200, { received: true }];
}

// Here your work begins. It is called once for each event, after the sender has its answer.
function handle(event) {
  switch (event.event_type) {
    case 'bulk.completed':
      console.log(`job ${event.job_id}: ${event.summary.valid} of ${event.summary.total} valid`);
      console.log(`  results: ${event.download_url}`);
      break;
    case 'bulk.failed':
      console.log(`job ${event.job_id} failed: ${event.error_code}, ${event.error_message}`);
      break;
    case 'bulk.progress':
      console.log(`job ${event.job_id}: ${event.percent_complete} % done`);
      break;
    default:
      console.log(`event ${event.event_type}`);
  }
}

const server = http.createServer((request, response) => {
  const answer = (status, object) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(object));
  };
  if (request.method !== 'POST') return answer(405, { error: 'Method not allowed' });
  const parts = [];
  let size = 0;
  request.on('data', (part) => {
    size += part.length;
    if (size <= BODY_BYTES_MAX) parts.push(part);
  });
  request.on('end', () => {
    if (size > BODY_BYTES_MAX) return answer(413, { error: 'Payload too large' });
    return answer(...receive(request.headers, Buffer.concat(parts)));
  });
  return undefined;
});

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? '127.0.0.1', () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port}/`);
});
