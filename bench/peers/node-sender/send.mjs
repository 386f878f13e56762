// Deliveries per second of a webhook sender as it is commonly written in Node: a queue of bullmq in
// Redis with retries, fetch over kept connections, each body signed anew for its attempt. The
// clock starts when the queue has been filled and the worker is let go.
//   node send.mjs URL REDIS_PORT COUNT IN_FLIGHT BODY_BYTES   prints the rate
import crypto from 'node:crypto';
import {Queue, Worker} from 'bullmq';

const [url, port, count, inFlight, bodyBytes] =
    [process.argv[2], ...process.argv.slice(3).map(Number)];
const connection = {host: '127.0.0.1', port, maxRetriesPerRequest: null};
const SECRET = Buffer.from('C2FVsBQIhrscChlQIMV+b5sSYspob7oD', 'base64');
const RETRIES = {attempts: 8, backoff: {type: 'exponential', delay: 5000}, removeOnComplete: true};
const FILL = 1000;

function hmac(text) {
  return crypto.createHmac('sha256', SECRET).update(text);
}

async function deliver({data}) {
  const body = JSON.stringify({...data, timestamp: new Date().toISOString()});
  const seconds = String(Math.floor(Date.now() / 1000));
  const signed = hmac(`${data.webhook_id}.${seconds}.${body}`).digest('base64');
  const response = await fetch(url, {
    method: 'POST',
    body,
    redirect: 'manual',
    signal: AbortSignal.timeout(15000),
    headers: {
      'content-type': 'application/json',
      'webhook-id': data.webhook_id,
      'webhook-timestamp': seconds,
      'webhook-signature': `v1,${signed}`,
      'x-webhook-signature': hmac(body).digest('hex'),
    },
  });
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`the endpoint answered ${response.status}`);
}

const queue = new Queue('webhooks', {connection});
const filler = 'x'.repeat(Math.max(0, bodyBytes - 100));
for (let first = 0; first < count; first += FILL) {
  await queue.addBulk(Array.from({length: Math.min(FILL, count - first)}, (_, i) => ({
    name: 'deliver',
    data: {event_type: 'webhook.test', webhook_id: `evt_${first + i}`, filler},
    opts: RETRIES,
  })));
}
let done = 0;
const worker = new Worker('webhooks', deliver, {connection, concurrency: inFlight, autorun: false});
const ended = new Promise((resolve, reject) => {
  worker.on('completed', () => ++done === count && resolve());
  worker.on('failed', (_, error) => reject(error));
});
const begin = performance.now();
worker.run();
await ended;
console.log((count / (performance.now() - begin) * 1000).toFixed(0));
await worker.close();
await queue.close();
