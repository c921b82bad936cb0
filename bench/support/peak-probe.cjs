// Loaded before a command: writes down its peak memory (KiB) when it ends.
const { readFileSync, writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.ORC_BENCH_PEAK, String(peak())));

/** What the system counts for this program; `maxRSS` counts the one that started it, too. */
function peak() {
  try {
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]);
  } catch {
    return process.resourceUsage().maxRSS;
  }
}
