/**
 *     npm run fleet -- --seed 1 --workers 8 --clones 4 --tasks 200 --killed 2 --stopped 1 --lease 6000 --minutes 10
 *
 * Prints what happened, and exits with 1 when something is wrong.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { defaultFleet, type FleetSettings, runFleet } from './fleet.ts';

const given: Record<string, number> = {};
const words = process.argv.slice(2);
for (let at = 0; at < words.length; at += 2) {
  const name = (words[at] ?? '').replace(/^--/, '');
  const value = Number(words[at + 1]);
  if (!(name in defaultFleet) || !Number.isFinite(value))
    throw new Error(`unknown, or no number: ${words[at]} ${words[at + 1]}`);
  given[name] = value;
}
const settings: FleetSettings = { ...defaultFleet, ...given };
console.log(JSON.stringify(settings));
const folder = mkdtempSync(path.join(tmpdir(), 'orc-fleet-'));
try {
  const command = path.resolve('dist/bin/orc.cjs');
  const report = await runFleet(settings, { folder, command, say: (line) => console.log(`  ${line}`) });
  const { complaints, violations, ...figures } = report;
  console.log(JSON.stringify(figures));
  for (const line of complaints) console.log(`complaint: ${line}`);
  for (const line of violations) console.log(`violation of ${line}`);
  console.log(`${violations.length} violations, ${complaints.length} complaints`);
  process.exitCode = complaints.length + violations.length > 0 ? 1 : 0;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
