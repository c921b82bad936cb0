// Loaded before a command: writes down its peak memory (KiB) when it ends.
const { writeFileSync } = require('node:fs');

process.on('exit', () => writeFileSync(process.env.ORC_BENCH_PEAK, String(process.resourceUsage().maxRSS)));
