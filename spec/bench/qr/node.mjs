// The codes through node's qrcode. node.mjs WORK TEXT SECONDS; WORK: as in ours.lua; what it prints: see raw.c.

import { createRequire } from 'node:module';

const [work, text, duration] = process.argv.slice(2);
const qrcode = createRequire(process.env.ESIM_BENCH_MODULES + '/')('qrcode');
const options = { errorCorrectionLevel: 'Q', margin: 4, scale: 8 };

async function make() {
  if (work === 'symbol') qrcode.create(text, options);
  else if (work === 'png') await qrcode.toBuffer(text, { ...options, rendererOpts: { deflateLevel: 1 } });
  else await qrcode.toString(text, { ...options, type: work === 'svg' ? 'svg' : 'utf8' });
}

async function makeFor(seconds) {
  const until = performance.now() + seconds * 1000;
  let count = 0;
  do {
    await make();
    count++;
  } while (performance.now() < until);
  return count;
}

await makeFor(0.2);
const at = performance.now(), before = process.cpuUsage();
const made = await makeFor(Number(duration));
const used = process.cpuUsage(before);
console.log(made, (performance.now() - at) / 1000, (used.user + used.system) / 1e6);
