// The tests' own webhook receiver: it checks every delivery by several routes that share no code
// with the program, writes down what it saw, and answers. It needs nothing but node.
//
//   RECEIVER_SECRET   key of the signatures
//   RECEIVER_FILE     one JSON line per delivery is appended here, on disk before the answer
//   RECEIVER_PORT     0 for any; the first line on standard output is {"port":…}
//   RECEIVER_FAIL_FIRST, RECEIVER_FAIL_STATUS
//                     the first n deliveries of each event get this status (500)
//
// The path can ask for the same: /fail/N/STATUS/…, and /always/STATUS/… never succeeds. Anything
// else is answered {"received":true}, with "duplicate":true from the second success of a
// webhook_id on.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';

const secret = process.env.RECEIVER_SECRET;
const file = fs.openSync(process.env.RECEIVER_FILE, 'a');
const failFirst = Number(process.env.RECEIVER_FAIL_FIRST ?? 0);
const failStatus = Number(process.env.RECEIVER_FAIL_STATUS ?? 500);
const toleranceSeconds = 300;
const seen = new Map(); // "path id" -> deliveries so far
const accepted = new Set();

const sameText = (given, expected) => {
  const a = Buffer.from(String(given ?? ''));
  const b = Buffer.from(expected);
  return a.length === b.length && crypto.timingSafeEqual(a, b);
};

const hex = (content) => crypto.createHmac('sha256', secret).update(content).digest('hex');

// The check as a careless receiver does it: over its own rendering of the parsed body.
function verifyWebhookSignature(payload, signature) {
  const expectedSignature = hex(JSON.stringify(payload));
  return crypto.timingSafeEqual(Buffer.from(signature), Buffer.from(expectedSignature));
}

function articleCheck(payload, signature) {
  try {
    return verifyWebhookSignature(payload, signature);
  } catch {
    return false; // no signature, or one of another length
  }
}

// Standard Webhooks 1.0: any of the space-separated signatures may be ours.
function standardCheck(headers, body) {
  const key = secret.startsWith('whsec_')
    ? Buffer.from(secret.slice('whsec_'.length), 'base64')
    : Buffer.from(secret);
  const { 'webhook-id': id, 'webhook-timestamp': time, 'webhook-signature': list } = headers;
  if (Math.abs(Date.now() / 1000 - Number(time)) > toleranceSeconds) return false;
  const content = Buffer.concat([Buffer.from(`${id}.${time}.`), body]);
  const expected = `v1,${crypto.createHmac('sha256', key).update(content).digest('base64')}`;
  return String(list).split(' ').some((one) => sameText(one, expected));
}

function isTimestampValid(timestamp) {
  const difference = Math.abs(Date.now() - new Date(timestamp).getTime());
  return difference <= toleranceSeconds * 1000; // false for NaN
}

function checksOf(headers, body, payload) {
  const signature = headers['x-webhook-signature'];
  return {
    raw: sameText(signature, hex(body)),
    article: articleCheck(payload, signature),
    billionverify: sameText(headers['x-billionverify-signature'], hex(body)),
    standard: standardCheck(headers, body),
    timestamp: isTimestampValid(payload.timestamp),
    fixed_point: JSON.stringify(payload) === body.toString('utf8'),
  };
}

// The status that the path or the environment asks for at the n-th delivery of this event.
function statusOf(path, count) {
  const [, word, first, second] = path.split('/');
  if (word === 'always') return Number(first);
  if (word === 'fail') return count <= Number(first) ? Number(second) : 200;
  return count <= failFirst ? failStatus : 200;
}

function receive(request, body) {
  const entry = { path: request.url, headers: request.headers, received_at: Date.now() };
  entry.body = body.toString('utf8');
  try {
    entry.payload = JSON.parse(entry.body);
  } catch {
    return { ...entry, status: 400, answer: { error: 'Invalid JSON' } };
  }
  entry.webhook_id = entry.payload.webhook_id;
  const key = `${request.url} ${entry.webhook_id}`;
  entry.count = (seen.get(key) ?? 0) + 1;
  seen.set(key, entry.count);
  entry.checks = checksOf(request.headers, body, entry.payload);
  if (!entry.checks.raw) return { ...entry, status: 401, answer: { error: 'Invalid signature' } };
  entry.status = statusOf(request.url, entry.count);
  if (entry.status !== 200) return { ...entry, answer: { error: 'as you asked' } };
  entry.answer = accepted.has(key) ? { received: true, duplicate: true } : { received: true };
  accepted.add(key);
  return entry;
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    const entry = receive(request, Buffer.concat(parts));
    fs.writeSync(file, `${JSON.stringify(entry)}\n`);
    fs.fsyncSync(file);
    response.writeHead(entry.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(entry.answer));
  });
});
server.listen(Number(process.env.RECEIVER_PORT ?? 0), '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify({ port: server.address().port })}\n`);
});
