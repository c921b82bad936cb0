/** `orc t next` as a process, published, against `node -e 0` and a bare commit and push. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrc } from '../../dist/lib/index.js';
import { compare } from '../support/report.mjs';
import { benchEnv, makeBarePublisher, makeRemoteAndClone } from '../support/repositories.mjs';

const command = path.join(path.dirname(fileURLToPath(import.meta.url)), '../../dist/bin/orc.cjs');

export async function benchNextProcess({ rounds }) {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  await orc.batch(
    Array.from({ length: rounds + 3 }, (_, i) => ({
      kind: 'task.add',
      args: { workstream: 'bench', title: `Task ${i}` },
    })),
  );
  await orc.close();
  const publishBare = makeBarePublisher();
  const run = (...args) => execFileSync(process.execPath, args, { cwd: clone, env: benchEnv });
  const pairs = [];
  for (let round = -3; round < rounds; round++) {
    let began = performance.now();
    run(command, 't', 'next', 'bench', 'agent-1');
    const ours = performance.now() - began;
    began = performance.now();
    run('-e', '0');
    publishBare();
    if (round >= 0) pairs.push([ours, performance.now() - began]);
  }
  return compare('`orc t next` as a process, published, against node -e 0 + commit-tree + push', pairs, 1.5);
}
