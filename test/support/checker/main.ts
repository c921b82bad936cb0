/**
 * `node scripts/run-ts.mjs test/support/checker/main.ts REPOSITORY [options]`: judges the board of a repository. Exit code 1:
 * a rule is broken; 2: there is nothing to judge. Without logs only what the branch itself shows is judged.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkBoard } from './check.ts';
import { readLogs } from './log.ts';
import { readRepository } from './repository.ts';
import type { FinalFacts, Rule } from './types.ts';

const usage = `usage: REPOSITORY [--branch NAME] [--log FILE]... [--finals FILE]... [--unlogged ID]... [--unlogged-all]
  [--manual-edits] [--version-gaps] [--shares-clock | --either-clock] [--clocks-compared]
  [--time-origin MS] [--clock-error MS] [--max N]
A log has one call a line, as JSON; a file of finals has one client's a line (see types.ts).`;

const names: Readonly<Record<Rule, string>> = {
  1: 'one chain, versions without gaps',
  2: 'ok once, refused never, nothing lost',
  3: 'nothing that nobody asked for',
  4: 'answered before asked, stands before',
  5: 'the model gives every tree',
  6: 'tokens rise, one holder',
  7: 'refusals were true',
};

function main(): number {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      branch: { type: 'string', default: 'orc' },
      log: { type: 'string', multiple: true, default: [] },
      finals: { type: 'string', multiple: true, default: [] },
      unlogged: { type: 'string', multiple: true, default: [] },
      'unlogged-all': { type: 'boolean', default: false },
      'manual-edits': { type: 'boolean', default: false },
      'version-gaps': { type: 'boolean', default: false },
      'shares-clock': { type: 'boolean', default: false },
      'either-clock': { type: 'boolean', default: false },
      'clocks-compared': { type: 'boolean', default: false },
      'time-origin': { type: 'string' },
      'clock-error': { type: 'string' },
      max: { type: 'string', default: '40' },
    },
  });
  const [repository, ...rest] = positionals;
  if (repository === undefined || rest.length > 0) {
    console.error(usage);
    return 2;
  }
  const chain = readRepository(repository, values.branch);
  const logs = readLogs(values.log);
  const finals = values.finals.flatMap((path) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => JSON.parse(line) as FinalFacts),
  );
  const start = performance.now();
  const { violations, judged } = checkBoard({
    chain,
    logs,
    finals,
    options: {
      allowManualEdits: values['manual-edits'],
      allowVersionGaps: values['version-gaps'],
      unlogged: values['unlogged-all'] ? () => true : new Set(values.unlogged),
      sharesClock: values['either-clock'] ? 'either' : values['shares-clock'],
      clocksCompared: values['clocks-compared'],
      maxViolations: Number(values.max),
      ...(values['time-origin'] === undefined ? {} : { timeOrigin: Number(values['time-origin']) }),
      ...(values['clock-error'] === undefined ? {} : { clockError: Number(values['clock-error']) }),
    },
  });
  for (const { rule, message, commit, op } of violations) {
    const where = [commit?.slice(0, 12), op].filter((each) => each !== undefined).join(' ');
    console.log(`rule ${rule} ${where}: ${message}`);
  }
  for (const rule of [1, 2, 3, 4, 5, 6, 7] as const) {
    const broken = violations.filter((each) => each.rule === rule).length;
    console.log(`${rule} ${names[rule]}: ${judged[rule]} judged, ${broken} violations`);
  }
  const seconds = (performance.now() - start) / 1000;
  const verdict = violations.length === 0 ? 'no rule is broken' : 'RULES ARE BROKEN';
  console.log(`${chain.commits.length} commits, ${logs.length} calls, ${seconds.toFixed(1)} s: ${verdict}`);
  return violations.length === 0 ? 0 : 1;
}

try {
  process.exitCode = main();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 2;
}
