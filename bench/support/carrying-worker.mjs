/** Publishes so many operations, one after the other, once it is told to begin. */
import { openOrc } from '../../dist/lib/index.js';

const orc = await openOrc({ timeoutMs: 300_000 });
await orc.status();
console.log('ready');
await new Promise((resolve) => process.stdin.once('data', resolve));
const waits = [];
let failed = 0;
for (let count = 0; count < Number(process.argv[2]); count++) {
  const began = performance.now();
  try {
    await orc.addTask('bench', { title: `${process.pid} ${count}` });
  } catch {
    failed++;
  }
  waits.push(performance.now() - began);
}
console.log(JSON.stringify({ waits, failed }));
await orc.close();
process.exit(0);
