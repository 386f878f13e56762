// A webhook receiver as it is commonly written in Node: Express, a signature over the body as it is
// written again, ids remembered in Redis for a day, a bull queue with three attempts. It answers
// when Redis has queued the event. Its worker is not running, so that all of the load is receiving.
//   node receive.mjs PORT REDIS_PORT SECRET       says "listening" when it does
import crypto from 'node:crypto';
import Queue from 'bull';
import express from 'express';
import Redis from 'ioredis';

const [port, redisPort] = process.argv.slice(2, 4).map(Number);
const secret = process.argv[4];
const TOLERANCE_MS = 300_000;
const ID_SECONDS = 86_400;
const RETRIES = {attempts: 3, backoff: {type: 'exponential', delay: 1000}};

const redis = new Redis(redisPort, '127.0.0.1');
const queue = new Queue('webhooks', {redis: {host: '127.0.0.1', port: redisPort}});

function isSigned(payload, signature) {
  const right = crypto.createHmac('sha256', secret).update(JSON.stringify(payload)).digest('hex');
  const [a, b] = [Buffer.from(signature), Buffer.from(right)];
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

function isRecent(timestamp) {
  return Math.abs(Date.now() - new Date(timestamp).getTime()) <= TOLERANCE_MS;
}

async function isDuplicate(id) {
  return await redis.set(`webhook:processed:${id}`, '1', 'EX', ID_SECONDS, 'NX') === null;
}

const app = express();
app.use(express.json());
app.post('/', async (request, response) => {
  const signature = request.headers['x-webhook-signature'];
  if (!signature) return response.status(401).json({error: 'Missing signature'});
  if (!isSigned(request.body, signature)) {
    return response.status(401).json({error: 'Invalid signature'});
  }
  if (!isRecent(request.body.timestamp)) {
    return response.status(400).json({error: 'Invalid timestamp'});
  }
  if (await isDuplicate(request.body.webhook_id)) {
    return response.status(200).json({received: true, duplicate: true});
  }
  await queue.add('process', request.body, RETRIES);
  return response.status(200).json({received: true});
});
app.listen(port, '127.0.0.1', () => console.log('listening'));
