/** The same promises over every way to reach a remote: a path, ssh, http with a password, git's own protocol. */
import { appendFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { checkRepository, git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';
import { type GitServer, serverNames } from '../support/servers/git-server.ts';
import { beginBoard, describeServer, type Place } from '../support/servers/in-tests.ts';
import { hastyWorld } from '../support/servers/through-proxy.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface Claimed {
  readonly data: { readonly id: string; readonly claim: { readonly token: number } } | null;
  readonly published: boolean | null;
}

/** One chain of single parents, versions 1…n, a repository in perfect order. */
function checkChain(remote: string): number {
  const lines = git(remote, 'log', '--reverse', '--format=%P;%(trailers:key=Orc-Version,valueonly,separator=)', 'orc')
    .split('\n')
    .map((line) => line.split(';'));
  expect(lines[0]?.[0]).toBe('');
  expect(lines.slice(1).filter(([parents]) => !/^[0-9a-f]{40}$/.test(parents ?? ''))).toEqual([]);
  expect(lines.map(([, version]) => Number(version))).toEqual(lines.map((_, i) => i + 1));
  checkRepository(remote);
  return lines.length;
}

/** Through git, and over http also without it. */
const ways = [
  ...serverNames.map((name) => ({ name, adapter: 'native' })),
  { name: 'http', adapter: 'portable' },
] as const;

for (const { name, adapter } of ways) {
  const describeBoard = (server: () => GitServer, place: () => Place): void => {
    test('is begun in one clone and joined from another; only who holds a task completes it', async () => {
      const here = place();
      const cwd = here.clone();
      const { env } = here;
      expect((await runOrc(['init'], { cwd, env })).exitCode).toBe(0);
      await using first = await openOrc({ cwd, env });
      await first.createWorkstream('w');
      const task = await first.addTask('w', { title: 'One' });
      const elsewhere = here.clone();
      await using second = await openOrc({ cwd: elsewhere, env });
      expect(second.how).toBe('joined');
      const claimed = await second.getNextTask('w', 'agent-2');
      expect(claimed).toMatchObject({ id: task.id, assigned_to: 'agent-2' });
      const token = claimed?.claim?.token as number;

      await expect(first.getNextTask('w', 'agent-1')).resolves.toBe(null);
      await expect(first.claimTask('w', task.id, 'agent-1')).rejects.toMatchObject({ code: 'already-claimed' });
      const complete = (...more: string[]) =>
        runOrc(['t', 'complete', 'w', task.id, 'Done', '--agent', 'agent-2', '--json', ...more], { cwd, env });
      const withoutProof = await complete();
      expect([withoutProof.exitCode, withoutProof.errorCode()]).toEqual([3, 'not-holder']);
      const outdated = await complete('--token', String(token - 1));
      expect([outdated.exitCode, outdated.errorCode()]).toEqual([3, 'stale-token']);
      const done = await complete('--token', String(token));
      expect([done.exitCode, done.json().published]).toEqual([0, true]);
      expect((await second.sync()).reachable).toBe(true);
      expect((await second.task(task.id))?.status).toBe('done');
      expect(checkChain(here.remote)).toBe((await second.status()).version);
      expect(git(here.remote, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/orc');
    });

    test('a branch that is gone is told, and made anew by no change', async () => {
      const here = place();
      const { orc } = await beginBoard(here);
      git(here.remote, 'update-ref', '-d', 'refs/heads/orc');
      await expect(orc.addTask('w', { title: 'One' })).rejects.toMatchObject({ code: 'history-rewritten' });
      expect(git(here.remote, 'for-each-ref', '--format=%(refname)', 'refs/heads')).toBe('');
      expect((await orc.status()).sync.queued).toBe(0);
      await orc.close();
    });

    test('6 processes in 3 clones are after 4 tasks: 4 winners, one chain', { timeout: 120_000 }, async () => {
      const here = place();
      const { clone, orc } = await beginBoard(here);
      await orc.batch(
        Array.from({ length: 4 }, (_, i) => ({ kind: 'task.add', args: { workstream: 'w', title: `Task ${i}` } })),
      );
      await orc.close();
      const clones = [clone, here.clone(), here.clone()];
      const runs = await Promise.all(
        Array.from({ length: 6 }, (_, i) =>
          runOrc(['t', 'next', 'w', `agent-${i}`, '--json'], { cwd: clones[i % 3] as string, env: here.env }),
        ),
      );
      expect(runs.filter(({ exitCode }) => exitCode !== 0 && exitCode !== 4).map(({ stderr }) => stderr)).toEqual([]);
      const winners = runs.filter(({ exitCode }) => exitCode === 0).map((run) => run.json<Claimed>());
      expect(winners).toHaveLength(4);
      expect(winners.map(({ published }) => published)).toEqual([true, true, true, true]);
      expect(new Set(winners.map(({ data }) => data?.id)).size).toBe(4);
      expect(new Set(winners.map(({ data }) => data?.claim.token)).size).toBe(4);
      checkChain(here.remote);
      for (const each of clones) checkRepository(path.join(each, '.git/orc/board.git'));
    });

    test('works on while the server is away: queued and told so, and published when it is back', async () => {
      const here = place();
      const { clone: cwd, orc } = await beginBoard(here);
      await orc.addTask('w', { title: 'Before' });
      const { env } = here;
      await server().stop();
      try {
        // The session that has the board open, and a command that begins now.
        const queued = await orc.perform('task.add', { workstream: 'w', title: 'In between' });
        expect(queued).toMatchObject({ published: false, state: 'queued', reason: expect.stringMatching(/^[^\n]+$/) });
        await expect(orc.getNextTask('w', 'agent-1')).rejects.toMatchObject({ code: 'not-published' });
        const added = await runOrc(['t', 'add', 'w', 'By command'], { cwd, env });
        expect(added.exitCode).toBe(5);
        expect(added.stderr).toMatch(/^not published: [^\n]+ — queued; orc sync publishes it\n$/);
        const vain = await runOrc(['sync'], { cwd, env });
        expect([vain.exitCode, vain.stdout]).toEqual([
          5,
          expect.stringContaining('0 published, 0 rejected, 3 waiting'),
        ]);
      } finally {
        await server().start();
      }
      const synced = await runOrc(['sync'], { cwd, env });
      expect([synced.exitCode, synced.stdout]).toEqual([
        0,
        expect.stringContaining('3 published, 0 rejected, 0 waiting'),
      ]);
      await orc.addTask('w', { title: 'After' });
      await orc.close();
      await using other = await openOrc({ cwd: here.clone(), env });
      const tasks = (await other.loadState()).workstreams.w?.tasks ?? [];
      expect(tasks.map(({ title }) => title).sort()).toEqual(['After', 'Before', 'By command', 'In between']);
      checkChain(here.remote);
    });

    test('hears in clean words, on one line, why a hook at the server refuses', async () => {
      const here = place();
      const { clone: cwd, orc } = await beginBoard(here);
      installHook(
        here.remote,
        'pre-receive',
        String.raw`printf 'no \033[31mboards\033[0m today\007\033]52;c;YmFk\007\r\nask \342\200\256Bob\n' >&2; exit 1`,
      );
      const before = git(here.remote, 'rev-parse', 'orc');
      const added = await runOrc(['t', 'add', 'w', 'Task', '--json'], { cwd, env: here.env });
      expect([added.exitCode, added.errorCode()]).toEqual([1, 'upstream-refused']);
      const error = await orc.addTask('w', { title: 'Task' }).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({
        code: 'upstream-refused',
        message:
          'the upstream refused the push: [remote rejected] (pre-receive hook declined): no boards today; ask Bob',
      });
      expect(git(here.remote, 'rev-parse', 'orc')).toBe(before);
      expect((await orc.status()).sync.queued).toBe(0);
      await orc.close();
    });

    test('keeps what it was asked for while git has the branch locked there, as one that was killed leaves it', async () => {
      const here = place();
      const { clone: cwd, orc } = await beginBoard(here);
      await using _ = orc;
      const lock = path.join(here.remote, 'refs/heads/orc.lock');
      writeFileSync(lock, '');
      const added = await runOrc(['t', 'add', 'w', 'Waits', '--json'], { cwd, env: here.env });
      expect(added.exitCode).toBe(5);
      expect(added.json()).toMatchObject({
        published: false,
        state: 'queued',
        reason: expect.stringContaining("cannot lock ref 'refs/heads/orc': Unable to create '"),
      });
      expect(await orc.sync()).toMatchObject({
        waiting: 1,
        rejected: 0,
        hint: expect.stringContaining('remove the file'),
      });
      rmSync(lock);
      expect(await orc.sync()).toMatchObject({ published: 1, waiting: 0, rejected: 0 });
      expect(git(here.remote, 'log', '-1', '--format=%s', 'orc')).toMatch(/^task\.add w\//);
    });

    test('is found through `insteadOf` and `pushInsteadOf` of the clone, and pushed where it is fetched', async () => {
      const here = place();
      const { orc } = await beginBoard(here);
      await orc.close();
      const base = here.url.slice(0, -here.repository.length);
      const cases = [
        { setting: 'insteadOf', url: `team:${here.repository}` },
        { setting: 'pushInsteadOf', url: `git://127.0.0.1:1/${here.repository}` },
      ];
      for (const { setting, url } of cases) {
        const cwd = path.join(makeTempDir(), 'repo');
        git('/', 'init', '--quiet', cwd);
        git(cwd, 'remote', 'add', 'origin', url);
        git(cwd, 'config', `url.${base}.${setting}`, url.slice(0, -here.repository.length));
        await using through = await openOrc({ cwd, env: here.env });
        expect(through.how).toBe('joined');
        const task = await through.addTask('w', { title: setting });
        expect(git(here.remote, 'log', '-1', '--format=%s', 'orc')).toBe(`task.add w/${task.id} by system`);
      }
    });

    test('keeps its own ways, whatever the clone says about pushing and fetching', async () => {
      const here = place();
      const { clone, orc } = await beginBoard(here);
      appendFileSync(
        path.join(clone, '.git/config'),
        '[remote "origin"]\n\tmirror = true\n\tpush = refs/*:refs/*\n\tprune = true\n\ttagOpt = --tags\n[fetch]\n\tprune = true\n',
      );
      await orc.close();
      await using again = await openOrc({ cwd: clone, env: here.env });
      const task = await again.addTask('w', { title: 'One' });
      expect((await again.getNextTask('w', 'agent-1'))?.id).toBe(task.id);
      await again.sync();
      expect(git(here.remote, 'for-each-ref', '--format=%(refname)')).toBe('refs/heads/orc');
      checkChain(here.remote);
    });
  };
  const title = adapter === 'native' ? 'a board' : 'a board, without git';
  describeServer(name, title, describeBoard, { ORC_GIT: adapter });
}

test.each([
  ...['/nowhere/board.git', 'file:///nowhere/board.git'],
  // An empty label: no such host can exist, and nobody has to be asked.
  ...[
    'ssh://git@no..such/board.git',
    'git@no..such:board.git',
    'http://no..such/board.git',
    'git://no..such/board.git',
  ],
  ...['ssh://git@127.0.0.1:1/board.git', 'http://127.0.0.1:1/board.git', 'git://127.0.0.1:1/board.git'],
])('a remote that is not there, %s: told in one line; published when it is there', async (url) => {
  const remote = makeBareRemote();
  const cwd = makeClone(remote);
  await using orc = await openOrc({ cwd, create: true });
  await orc.createWorkstream('w');
  git(cwd, 'remote', 'set-url', 'origin', url);
  await using offline = await openOrc({ cwd, world: hastyWorld });
  const oneLine = expect.stringMatching(/^[^\n]+$/);
  const unreachable = { code: 'unreachable', message: oneLine };
  expect(await offline.perform('task.add', { workstream: 'w', title: 'T' })).toMatchObject({
    published: false,
    state: 'queued',
    reason: oneLine,
  });
  await expect(offline.getNextTask('w', 'agent-1')).rejects.toMatchObject({ code: 'not-published' });
  await expect(offline.head({ fresh: true })).rejects.toMatchObject(unreachable);
  expect(await offline.sync()).toMatchObject({ reachable: false, waiting: 2, reason: oneLine });
  const stranger = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', stranger);
  git(stranger, 'remote', 'add', 'origin', url);
  await expect(openOrc({ cwd: stranger })).rejects.toMatchObject(unreachable);
  await expect(openOrc({ cwd: stranger, create: true })).rejects.toMatchObject(unreachable);
  git(cwd, 'remote', 'set-url', 'origin', remote);
  await using online = await openOrc({ cwd });
  expect(await online.sync()).toMatchObject({ published: 2, waiting: 0, reachable: true });
  checkChain(remote);
});
