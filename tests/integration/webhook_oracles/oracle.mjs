// Other people's libraries as judges of signatures, in both directions.
//
//   node oracle.mjs judge FILE   receives what the program sends and appends to FILE, for each
//                                request, who took its signature for good. FILE.secrets holds
//                                {"/path": ["secret", …]}, and is read for each request, so that
//                                a rotation is seen. The first line of output is {"port":…}
//   node oracle.mjs send         signs each {"url","kind","secret","body"} of standard input as a
//                                provider would, sends it, and writes the statuses
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

async function judge(headers, body, secrets) {
  const standard = (Library, secret) =>
    accepted(() => new Library(secret).verify(body, headers));
  const hub = headers['x-hub-signature-256'] ?? 'none';
  return {
    standardwebhooks: secrets.map((secret) => standard(StandardWebhook, secret)),
    svix: secrets.map((secret) => standard(SvixWebhook, secret)),
    octokit: await Promise.all(secrets.map((secret) => githubVerify(secret, body, hub))),
    fixed_point: accepted(() => JSON.stringify(JSON.parse(body)) === body),
    // None of them takes anything for good.
    altered: standard(StandardWebhook, secrets[0]) &&
      !accepted(() => new SvixWebhook(secrets[0]).verify(`${body} `, headers)),
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

// The headers that the provider would send with this body.
const signers = {
  'standard-webhooks': (secret, body, id) => standardHeaders(StandardWebhook, secret, body, id),
  svix: (secret, body, id) => standardHeaders(SvixWebhook, secret, body, id),
  stripe: (secret, body) => ({
    'stripe-signature': stripe.webhooks.generateTestHeaderString({payload: body, secret}),
  }),
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
} else {
  await send();
}
