// The exchanges through node's fetch, or through undici.
// node.mjs fetch|undici URL WORK AT_ONCE SECONDS [CA_FILE [1.1|2]]; WORK and what it prints: see raw.c.
// fetch trusts what NODE_EXTRA_CA_CERTS names.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const [which, base, work, many, duration, caFile, version] = process.argv.slice(2);
const atOnce = Number(many), WARM = 300, PAUSE = 1;
const input = JSON.stringify({ input: {
  operationType: 'NEW_ESIM', countryCode: 'PT', customer: { email: 'traveller@example.com' },
  device: { id: '1', type: 'ios' }, subscriptions: [{ product_id: 'cm9k' }] } });

let pool;
if (which === 'undici') {
  const undici = createRequire(process.env.ESIM_BENCH_MODULES + '/')('undici');
  const two = version === '2';
  pool = new undici.Pool(base, {
    connections: two ? 1 : atOnce, pipelining: two ? atOnce : 1, allowH2: two, headersTimeout: 30000,
    connect: caFile ? { ca: readFileSync(caFile) } : {} });
}

async function byFetch(method, path, headers, body) {
  const answer = await fetch(base + path, { method, headers, body });
  return { status: answer.status, text: await answer.text() };
}

async function byUndici(method, path, headers, body) {
  const answer = await pool.request({ method, path, headers, body });
  return { status: answer.statusCode, text: await answer.body.text() };
}

const send = pool ? byUndici : byFetch;
let serial = 0, count = 0, first, last;
const times = [], began = performance.now(), finish = began + WARM + Number(duration) * 1000;

function note(at, now) {
  if (last) return false;
  if (first) {
    count++;
    if (atOnce === 1) times.push(now - at);
  } else if (now - began >= WARM) {
    first = { at: now, cpu: process.cpuUsage() };
  }
  if (now < finish) return true;
  last = { at: now, cpu: process.cpuUsage() };
  return false;
}

const correlation = () => '00000000-0000-4000-8000-' + (serial++).toString(16).padStart(12, '0');

async function exchange(method, path, id, body) {
  const { status, text } = await send(method, path, {
    'Accept': 'application/json', 'Cache-Control': 'no-cache', 'Content-Type': 'application/json',
    'X-Correlation-ID': id, 'Authorization': 'Bearer token' }, body);
  if (status !== 200 || text.length !== 400) throw new Error('not the answer: ' + status);
  return JSON.parse(text);
}

const sleep = () => new Promise(resolve => setTimeout(resolve, PAUSE));

async function get() {
  const id = correlation();
  for (let at = performance.now(), now, more = true; more; at = now) {
    if ((await exchange('GET', '/v1/order/id', id)).status !== 'FULFILLING') throw new Error('status');
    now = performance.now();
    more = note(at, now);
  }
}

async function order() {
  for (let more = true; more;) {
    const id = correlation();
    let at = performance.now(), look = await exchange('POST', '/v1/order', id, input);
    const orderId = look.id;
    more = note(at, performance.now());
    while (look.status !== 'COMPLETED') {
      await sleep();
      at = performance.now();
      look = await exchange('GET', '/v1/order/' + orderId, id);
      more = note(at, performance.now());
    }
  }
}

await Promise.all(Array.from({ length: atOnce }, work === 'order' ? order : get));
times.sort((a, b) => a - b);
const user = (last.cpu.user - first.cpu.user + last.cpu.system - first.cpu.system) / 1e6;
console.log(count, (last.at - first.at) / 1000, user, (times[times.length >> 1] ?? 0) * 1000);
process.exit(0);
