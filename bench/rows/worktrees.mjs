/** 16 processes in linked work trees of one clone, against a single one: published operations a second on a file remote. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { openOrc } from '../../dist/lib/index.js';
import { compareRates } from '../support/report.mjs';
import { benchEnv, git, makeRemoteAndClone } from '../support/repositories.mjs';

const worker = fileURLToPath(new URL('../support/worker.mjs', import.meta.url));
const processes = 16;
const runMs = 6_000;

export async function benchWorktrees() {
  const { clone } = makeRemoteAndClone();
  git(clone, 'commit', '--quiet', '--allow-empty', '--message', 'begin');
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  const folders = Array.from({ length: processes }, (_, at) => {
    const folder = path.join(path.dirname(clone), `tree-${at}`);
    git(clone, 'worktree', 'add', '--quiet', '-b', `tree-${at}`, folder);
    return folder;
  });
  const alone = await runWorkers(folders.slice(0, 1));
  const together = await runWorkers(folders);
  await orc.close();
  if (together.failed + alone.failed > 0) throw new Error(`${together.failed + alone.failed} operations failed`);
  return compareRates('16 processes in linked work trees, against a single one', {
    ours: [together.rate],
    theirs: [alone.rate],
    waits: together.waits,
    goal: 1,
    goalRate: 30,
  });
}

/** All begin at once, when all have their board open. */
async function runWorkers(folders) {
  const children = folders.map((cwd) =>
    spawn(process.execPath, [worker, String(runMs)], { cwd, env: benchEnv, stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const outputs = children.map((child) => {
    let text = '';
    const isReady = new Promise((resolve) => child.stdout.once('data', resolve));
    child.stdout.on('data', (chunk) => {
      text += chunk;
    });
    const isDone = new Promise((resolve) => child.on('close', () => resolve(JSON.parse(text.split('\n')[1]))));
    return { isReady, isDone };
  });
  await Promise.all(outputs.map(({ isReady }) => isReady));
  const began = performance.now();
  for (const child of children) child.stdin.write('go\n');
  const results = await Promise.all(outputs.map(({ isDone }) => isDone));
  const waits = results.flatMap((result) => result.waits);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  return { waits, failed, rate: (waits.length * 1000) / (performance.now() - began) };
}
