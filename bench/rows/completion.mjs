/** One TAB behind `orc t claim`, 200 open tasks, against `node -e 0`. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrc } from '../../dist/lib/index.js';
import { compare } from '../support/report.mjs';
import { benchEnv, makeRemoteAndClone } from '../support/repositories.mjs';

const command = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist/bin/orc.cjs');

export async function benchCompletion({ rounds }) {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  await orc.batch(
    Array.from({ length: 200 }, (_, i) => ({ kind: 'task.add', args: { workstream: 'bench', title: `Task ${i}` } })),
  );
  await orc.close();
  const run = (...args) => execFileSync(process.execPath, args, { cwd: clone, env: benchEnv });
  const pairs = [];
  for (let round = -3; round < rounds; round++) {
    let began = performance.now();
    run(command, '__complete', 'zsh', 't', 'claim', '');
    const ours = performance.now() - began;
    began = performance.now();
    run('-e', '0');
    if (round >= 0) pairs.push([ours, performance.now() - began]);
  }
  return compare('one TAB behind `orc t claim`, 200 open tasks, against node -e 0', pairs, 1.6);
}
