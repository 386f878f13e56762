// Other people's libraries as judges of signatures, in both directions.
//
//   node oracle.mjs judge FILE   receives what the program sends and appends to FILE, for each
//                                request, who took its signature for good. FILE.secrets holds
//                                {"/path": ["secret", …]}, and is read for each request, so that
//                                a rotation is seen. The first line of output is {"port":…}
//                                The secrets of a path may be keys of a JSON Web Key Set as well:
//                                v1a signatures, checked by node's own crypto
//   node oracle.mjs keys COUNT   writes that many key pairs: {"private":"whsk_…","public":"whpk_…"}
//   node oracle.mjs send         signs each {"url","kind","secret","body"} of standard input as a
//                                provider would, sends it, and writes the statuses
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import {sign as githubSign, verify as githubVerify} from '@octokit/webhooks-methods';
import {Webhook as StandardWebhook} from 'standardwebhooks';
import Stripe from 'stripe';
import {Webhook as SvixWebhook} from 'svix';

const stripe = new Stripe('sk_test_unused');

function accepted(check) {
  try {
    return check() !== false;
  } catch {
    return false;
  }
}

// None of the libraries knows v1a.
function asymmetric(key, headers, body) {
  const content = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
  const publicKey = crypto.createPublicKey({key, format: 'jwk'});
  return headers['webhook-signature'].split(' ').some((entry) => entry.startsWith('v1a,') &&
    crypto.verify(null, Buffer.from(content), publicKey, Buffer.from(entry.slice(4), 'base64')));
}

async function judge(headers, body, known) {
  const secrets = known.filter((secret) => typeof secret === 'string');
  const keys = known.filter((secret) => typeof secret === 'object');
  const standard = (Library, secret, text = body) =>
    accepted(() => new Library(secret).verify(text, headers));
  const hub = headers['x-hub-signature-256'] ?? 'none';
  return {
    standardwebhooks: secrets.map((secret) => standard(StandardWebhook, secret)),
    svix: secrets.map((secret) => standard(SvixWebhook, secret)),
    octokit: await Promise.all(secrets.map((secret) => githubVerify(secret, body, hub))),
    asymmetric: keys.map((key) => accepted(() => asymmetric(key, headers, body))),
    fixed_point: accepted(() => JSON.stringify(JSON.parse(body)) === body),
    // None of them takes anything for good.
    altered: secrets.every((secret) => !standard(SvixWebhook, secret, `${body} `)) &&
      keys.every((key) => !asymmetric(key, headers, `${body} `)),
  };
}

function serve(file) {
  const server = http.createServer((request, response) => {
    const pieces = [];
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', async () => {
      const secrets = JSON.parse(fs.readFileSync(`${file}.secrets`, 'utf8'))[request.url];
      const body = Buffer.concat(pieces).toString('utf8');
      const verdict = await judge(request.headers, body, secrets);
      const {job_id: id} = JSON.parse(body);
      fs.appendFileSync(file, `${JSON.stringify({path: request.url, id, ...verdict})}\n`);
      response.end('{"received":true}');
    });
  });
  server.listen(0, '127.0.0.1', () => console.log(JSON.stringify(server.address())));
}

// What stands before the seed in a private key's DER form (RFC 8410, 7).
const ED25519_PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');

function writeKeys(count) {
  for (let i = 0; i < count; ++i) {
    const {privateKey} = crypto.generateKeyPairSync('ed25519');
    const {d, x} = privateKey.export({format: 'jwk'});
    const bytes = [d, x].map((text) => Buffer.from(text, 'base64url'));
    console.log(JSON.stringify({
      private: `whsk_${Buffer.concat(bytes).toString('base64')}`,
      public: `whpk_${bytes[1].toString('base64')}`,
    }));
  }
}

// The headers that the provider would send with this body.
const signers = {
  'standard-webhooks': (secret, body, id) => standardHeaders(StandardWebhook, secret, body, id),
  svix: (secret, body, id) => standardHeaders(SvixWebhook, secret, body, id),
  stripe: (secret, body) => ({
    'stripe-signature': stripe.webhooks.generateTestHeaderString({payload: body, secret}),
  }),
  asymmetric: (secret, body, id) => {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const seed = Buffer.from(secret.slice('whsk_'.length), 'base64').subarray(0, 32);
    const key = crypto.createPrivateKey({
      key: Buffer.concat([ED25519_PKCS8, seed]), format: 'der', type: 'pkcs8',
    });
    const signature = crypto.sign(null, Buffer.from(`${id}.${timestamp}.${body}`), key);
    return {
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,bm90IG9mIHRoaXM= v1a,${signature.toString('base64')}`,
    };
  },
  github: async (secret, body) => ({'x-hub-signature-256': await githubSign(secret, body)}),
};

function standardHeaders(Library, secret, body, id) {
  const now = new Date();
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now / 1000)),
    'webhook-signature': new Library(secret).sign(id, now, body),
  };
}

async function send() {
  const lines = fs.readFileSync(0, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
  for (const [number, {url, kind, secret, body}] of lines.entries()) {
    const signed = await signers[kind](secret, body, `msg_${kind}_${number}`);
    const headers = {'content-type': 'application/json', ...signed};
    const answer = await fetch(url, {method: 'POST', headers, body});
    console.log(JSON.stringify({kind, status: answer.status, answer: await answer.text()}));
  }
}

if (process.argv[2] === 'judge') {
  serve(process.argv[3]);
} else if (process.argv[2] === 'keys') {
  writeKeys(Number(process.argv[3]));
} else {
  await send();
}
