/** The same operation on a board with 100 000 closed and 1 000 open tasks and on one with next to nothing: time, memory, bytes. */
import { execFileSync } from 'node:child_process';
import { openOrc } from '../../dist/lib/index.js';
import { makeJoinedBoard } from '../support/boards.mjs';
import { inTurn, peakOf, runOrc } from '../support/commands.mjs';
import { compare, figure, median } from '../support/report.mjs';
import { benchEnv, git } from '../support/repositories.mjs';

async function makeBoards(scale, tasks) {
  const size = { open: Math.ceil(1_000 * scale), closed: Math.ceil(100_000 * scale) };
  const large = await makeJoinedBoard({ ...size, commits: Math.ceil(10_000 * scale) });
  const empty = await makeJoinedBoard({});
  // Both get tasks of one kind: what is taken is the same.
  for (const { clone } of [large, empty]) {
    const orc = await openOrc({ cwd: clone, env: benchEnv });
    await orc.batch(
      Array.from({ length: tasks }, (_, i) => ({
        kind: 'task.add',
        args: { workstream: 'bench', title: `Urgent ${i}`, priority: 1 },
      })),
    );
    await orc.close();
  }
  const label = `${size.closed} closed and ${size.open} open tasks, against an empty board`;
  return { large: large.clone, empty: empty.clone, remotes: [large.remote, empty.remote], label };
}

export async function benchGrowthApi({ rounds, scale }) {
  const { large, empty, label } = await makeBoards(scale, rounds + 5);
  const [ours, theirs] = await Promise.all([large, empty].map((cwd) => openOrc({ cwd, env: benchEnv })));
  const next = (orc) => ({ run: () => orc.perform('task.next', { workstream: 'bench' }, { agent: 'agent-1' }) });
  const pairs = await inTurn({ rounds, warm: 4 }, next(ours), next(theirs));
  await Promise.all([ours.close(), theirs.close()]);
  return compare(`one task.next through the Node API, ${label}`, pairs, 1.3);
}

export async function benchGrowthProcess({ rounds, scale }) {
  const { large, empty, label } = await makeBoards(scale, rounds + 5);
  const next = (cwd) => ({ run: () => runOrc(cwd, 't', 'next', 'bench', 'agent-1') });
  return compare(`\`orc t next\` as a process, ${label}`, await inTurn({ rounds }, next(large), next(empty)), 1.3);
}

/** What the new commits take in a pack that may lean on what is there: exact, whatever the machine. */
export async function benchBytes({ scale }) {
  const operations = 20;
  const { large, empty, remotes, label } = await makeBoards(scale, operations);
  const before = remotes.map((remote) => git(remote, 'rev-parse', 'orc'));
  for (const cwd of [large, empty]) {
    const orc = await openOrc({ cwd, env: benchEnv });
    for (let n = 0; n < operations; n++)
      await orc.perform('task.next', { workstream: 'bench' }, { agent: `agent-${n % 4}` });
    await orc.close();
  }
  const [ours, against] = remotes.map((cwd, at) => {
    const args = ['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '-q', '--threads=1'];
    return execFileSync('git', args, { cwd, env: benchEnv, input: `orc\n^${before[at]}\n` }).length / operations;
  });
  return figure(`bytes that one task.next adds to the packed branch, ${label}`, {
    ...{ ours, against, unit: 'bytes', goal: 1.5, most: 2048 },
  });
}

/** Peak memory of whole commands. */
export async function benchMemory({ rounds, scale }) {
  const times = Math.min(rounds, 5);
  const { large, empty, label } = await makeBoards(scale, 8 * times + 8);
  const rows = [];
  const measure = (row, wordsOf, goal) => {
    const peaks = [large, empty].map((cwd) =>
      median(Array.from({ length: times }, () => peakOf(cwd, ...wordsOf(cwd)))),
    );
    const [ours, against] = peaks;
    rows.push(figure(`peak memory of \`orc ${row}\`, ${label}`, { ours, against, unit: 'MiB', goal }));
  };
  const idOf = (cwd, status) => {
    const { data } = JSON.parse(runOrc(cwd, 't', 'list', 'bench', '--status', status, '--json'));
    return (data.find(({ title }) => title.startsWith('Urgent')) ?? data[0]).id;
  };
  measure('t next', () => ['t', 'next', 'bench', 'agent-1'], 1.5);
  measure('t claim', (cwd) => ['t', 'claim', idOf(cwd, 'pending'), 'agent-1'], 1.5);
  measure('t complete', (cwd) => ['t', 'complete', idOf(cwd, 'in_progress'), 'done', '--agent', 'agent-1'], 1.5);
  measure('t add', () => ['t', 'add', 'bench', 'one more'], null);
  measure('lock acquire', () => ['lock', 'acquire', 'deploy', 'agent-1'], null);
  measure('status', () => ['status'], null);
  measure('t list', () => ['t', 'list', 'bench'], null);
  measure('events', () => ['events'], null);
  measure('t list --status done', () => ['t', 'list', 'bench', '--status', 'done'], null);
  return rows;
}
