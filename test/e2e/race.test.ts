/** Many processes, several clones, one remote: the promise that no two of them ever hold the same task or lock. */
import { expect, test } from 'vitest';
import { checkRepository, git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';

interface Claimed {
  readonly data: {
    readonly id: string;
    readonly assigned_to: string;
    readonly claim: { readonly token: number };
  } | null;
  readonly published: boolean | null;
}

function trailer(remote: string, key: string): string[] {
  return git(remote, 'log', '--reverse', `--format=%(trailers:key=${key},valueonly,separator=)`, 'orc').split('\n');
}

test('16 processes in 4 clones ask for 10 tasks at once: 10 winners, 6 told that nothing is left', {
  timeout: 120_000,
}, async () => {
  const remote = makeBareRemote();
  const clones = Array.from({ length: 4 }, () => makeClone(remote));
  const first = clones[0] as string;
  await runOrc(['init'], { cwd: first });
  await runOrc(['ws', 'create', 'revenue'], { cwd: first });
  const lines = Array.from({ length: 10 }, (_, i) =>
    JSON.stringify({ kind: 'task.add', args: { workstream: 'revenue', title: `Task ${i}` } }),
  );
  expect((await runOrc(['batch', '-'], { cwd: first, stdin: lines.join('\n') })).exitCode).toBe(0);

  const runs = await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      runOrc(['t', 'next', 'revenue', `agent-${i}`, '--json'], { cwd: clones[i % 4] as string }),
    ),
  );
  const winners = runs.filter(({ exitCode }) => exitCode === 0).map((run) => run.json<Claimed>());
  const losers = runs.filter(({ exitCode }) => exitCode === 4);
  expect(
    runs
      .map(({ exitCode, stderr }) => (exitCode === 0 || exitCode === 4 ? '' : `${exitCode} ${stderr}`))
      .filter(Boolean),
  ).toEqual([]);
  expect(winners).toHaveLength(10);
  expect(losers).toHaveLength(6);
  expect(losers.map((run) => run.json<Claimed>().data)).toEqual(losers.map(() => null));
  expect(new Set(winners.map(({ data }) => data?.id)).size).toBe(10);
  expect(new Set(winners.map(({ data }) => data?.assigned_to)).size).toBe(10);
  expect(new Set(winners.map(({ data }) => data?.claim.token)).size).toBe(10);
  expect(winners.every(({ published }) => published === true)).toBe(true);

  // One linear chain, versions 1…n without a gap, and a repository in perfect order.
  const parents = git(remote, 'log', '--format=parents:%P', 'orc').split('\n');
  expect(parents.at(-1)).toBe('parents:');
  expect(parents.slice(0, -1).every((each) => /^parents:[0-9a-f]{40}$/.test(each))).toBe(true);
  const versions = trailer(remote, 'Orc-Version').map(Number);
  expect(versions).toEqual(versions.map((_, i) => i + 1));
  checkRepository(remote);
  for (const clone of clones) checkRepository(`${clone}/.git/orc/board.git`);
});

test('8 processes in 4 clones are after one lock: one holder, seven told by whom it is held', {
  timeout: 120_000,
}, async () => {
  const remote = makeBareRemote();
  const clones = Array.from({ length: 4 }, () => makeClone(remote));
  await runOrc(['init'], { cwd: clones[0] as string });
  const runs = await Promise.all(
    Array.from({ length: 8 }, (_, i) =>
      runOrc(['l', 'acquire', 'deploy', `agent-${i}`, '--json'], { cwd: clones[i % 4] as string }),
    ),
  );
  const holders = runs.flatMap((run, i) => (run.exitCode === 0 ? [`agent-${i}`] : []));
  expect(holders).toHaveLength(1);
  for (const run of runs.filter(({ exitCode }) => exitCode !== 0)) {
    expect(run.exitCode).toBe(3);
    expect(run.errorCode()).toBe('lock-held');
    expect(run.stderr).toContain(holders[0]);
  }
  const log = git(remote, 'show', 'orc:locks/deploy.json');
  expect((JSON.parse(log) as { holders: { agent: string }[] }).holders.map(({ agent }) => agent)).toEqual(holders);
});

test('two clones that begin a board at the same time end up on one', { timeout: 120_000 }, async () => {
  const remote = makeBareRemote();
  const clones = Array.from({ length: 4 }, () => makeClone(remote));
  const runs = await Promise.all(clones.map((cwd, i) => runOrc(['ws', 'create', `ws-${i}`, '--json'], { cwd })));
  expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0]);
  const roots = git(remote, 'rev-list', '--max-parents=0', 'orc').split('\n');
  expect(roots).toHaveLength(1);
  const listed = await runOrc(['ws', 'list', '--json', '--fresh'], { cwd: clones[0] as string });
  expect(
    listed
      .json<{ data: { name: string }[] }>()
      .data.map(({ name }) => name)
      .sort(),
  ).toEqual(['ws-0', 'ws-1', 'ws-2', 'ws-3']);
});
