/** Publishes one operation after the other for so many milliseconds, once it is told to begin. */
import { openOrc } from '../../dist/lib/index.js';

const orc = await openOrc();
await orc.status();
console.log('ready');
await new Promise((resolve) => process.stdin.once('data', resolve));
const end = performance.now() + Number(process.argv[2]);
const waits = [];
let failed = 0;
while (performance.now() < end) {
  const began = performance.now();
  try {
    await orc.addTask('bench', { title: `${process.pid} ${waits.length}` });
  } catch {
    failed++;
  }
  waits.push(performance.now() - began);
}
console.log(JSON.stringify({ waits, failed }));
await orc.close();
process.exit(0);
