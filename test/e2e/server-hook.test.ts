/** The hook of a remote, as it is installed, against clients that lie; honest ones go on as ever. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import {
  addCommit,
  checkRepository,
  git,
  isolatedEnv,
  makeBareRemote,
  makeClone,
  readRef,
} from '../support/git-fixtures.ts';
import { commitByHand, fileOf, pathsOf } from '../support/hand-edits.ts';
import { runOrc } from '../support/run-orc.ts';
import { isFull } from '../support/sample.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';
const env = { ...isolatedEnv, HOME: process.env.HOME };
const orc = (cwd: string, ...args: string[]) => runOrc(args, { cwd, env });

async function makeGuardedRemote(hook: 'update' | 'pre-receive' = 'update'): Promise<string> {
  const remote = makeBareRemote();
  const { exitCode } = await orc('/', 'hooks', 'install', '--server', remote, '--hook', hook);
  expect(exitCode).toBe(0);
  return remote;
}

/** A remote with three mutations of ada's, and a copy with one honest commit more, for a liar to work on. */
async function makeLiar(hook: 'update' | 'pre-receive'): Promise<{ remote: string; liar: string }> {
  const remote = await makeGuardedRemote(hook);
  const ada = await openOrc({ cwd: makeClone(remote), create: true, agent: 'ada', env });
  await ada.createWorkstream('w');
  const { id } = await ada.addTask('w', { title: 'First' });
  await ada.claimTask('w', id, 'ada');
  await ada.close();
  const liar = path.join(makeTempDir(), 'liar.git');
  git('/', 'clone', '--quiet', '--bare', remote, liar);
  const bob = await openOrc({ cwd: makeClone(liar), agent: 'bob', env });
  await bob.addTask('w', { title: 'Second' });
  await bob.close();
  return { remote, liar };
}

test.each(['update', 'pre-receive'] as const)(
  'clients that lie meet the %s hook',
  { timeout: 60_000 },
  async (hook) => {
    const { remote, liar } = await makeLiar(hook);
    const message = (commit: string): string => git(liar, 'log', '-1', '--format=%B', commit);
    const commit = (text: string, tree: string, parent: string): string =>
      git(liar, 'commit-tree', git(liar, 'rev-parse', `${tree}^{tree}`), '-p', parent, '-m', text);
    const edited = (file: string, content: string): string => {
      git(liar, 'update-ref', 'refs/heads/edited', 'orc');
      return commit(message('orc'), commitByHand(liar, [{ path: file, content }], 'edited'), 'orc~1');
    };
    const first = pathsOf(liar).find((file) => file.startsWith('tasks/') && fileOf(liar, file).includes('First')) ?? '';
    const secondClaim = message('orc~1')
      .replace('Orc-Version: 4', 'Orc-Version: 5')
      .replaceAll('ada', 'eve')
      .replace(/"id":"[0-9a-f]{32}"/, `"id":"${'f'.repeat(32)}"`);
    const all: [code: string, pushed: string][] = [
      ['history-rewritten', `+${addCommit(liar, 'refs/heads/other')}`],
      ['history-rewritten', '+orc~2'],
      ['history-rewritten', ''],
      ['wrong-version', commit(message('orc').replace('Orc-Version: 5', 'Orc-Version: 6'), 'orc', 'orc~1')],
      ['wrong-result', edited('BOARD.md', 'All is done.\n')],
      ['foreign-file', edited(first, fileOf(liar, first).replaceAll('ada', 'eve'))],
      ['foreign-file', edited('bin/tool', 'x\n')],
      ['already-claimed', commit(secondClaim, 'orc~1', 'orc~1')],
    ];
    const before = readRef(remote, ref);
    for (const [code, pushed] of hook === 'update' ? all : all.slice(3, 6)) {
      const options = { cwd: liar, env, encoding: 'utf8' } as const;
      const { status, stderr } = spawnSync('git', ['push', remote, `${pushed}:${ref}`], options);
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining(`orc: refused (${code}): `) });
      expect(stderr.split('\n').filter((line) => line.includes('orc: '))).toHaveLength(1);
      expect(readRef(remote, ref)).toBe(before);
    }
    // What is honest passes, and other branches are nobody's business.
    const topic = addCommit(liar, 'refs/heads/topic');
    git(liar, 'push', '--quiet', remote, `orc:${ref}`, `${topic}:refs/heads/topic`);
    expect(readRef(remote, ref)).toBe(readRef(liar, ref));
  },
);

describe('honest clients', () => {
  test('one operation that the server refuses is set apart, with its words; the others land', {
    timeout: 60_000,
  }, async () => {
    const remote = await makeGuardedRemote();
    const clone = makeClone(remote);
    const ada = await openOrc({ cwd: clone, create: true, agent: 'ada', env });
    await ada.createWorkstream('w');
    await ada.close();
    const later = await openOrc({ cwd: clone, agent: 'ada', publish: 'sync', env });
    await later.addTask('w', { title: 'Before' });
    // Says that it sets one thing, and sets another.
    await later.perform('config.set', { key: 'lease', value: '1h', text: 'manual_edits: refuse\n' });
    await later.addTask('w', { title: 'After' });
    await later.close();
    await orc(clone, 'sync');
    const titles = (await orc(clone, 't', 'list', '--fresh', '--json')).json<{ data: { title: string }[] }>().data;
    expect(titles.map(({ title }) => title)).toEqual(['Before', 'After']);
    const { data } = (await orc(clone, 'rejected', '--json')).json<{ data: Record<string, unknown>[] }>();
    expect(data).toEqual([
      expect.objectContaining({
        kind: 'config.set',
        code: 'upstream-refused',
        message: expect.stringContaining('orc: refused (wrong-result)'),
      }),
    ]);
  });

  test('many commits, from two clients that race', { timeout: isFull ? 120_000 : 30_000 }, async () => {
    const remote = await makeGuardedRemote();
    const count = isFull ? 1000 : 96;
    const open = (agent: string) => openOrc({ cwd: makeClone(remote), create: true, agent, env });
    const [ada, bob] = [await open('ada'), await open('bob')];
    await ada.createWorkstream('w');
    const asked = Array.from({ length: count }, (_, n) =>
      n < count - 16 ? ada.addTask('w', { title: `T${n}` }) : bob.logEvent('bob', 'seen', { number: n }),
    );
    await Promise.all(asked);
    await Promise.all([ada.close(), bob.close()]);
    expect(git(remote, 'rev-list', '--count', 'orc')).toBe(String(count + 2));
    checkRepository(remote);
    // What is kept for the next push goes with the hook.
    expect(fs.readdirSync(path.join(remote, 'orc-hook'))).toContain(encodeURIComponent(ref));
    expect((await orc('/', 'hooks', 'uninstall', '--server', remote)).exitCode).toBe(0);
    expect(fs.existsSync(path.join(remote, 'orc-hook'))).toBe(false);
  });
});

test('a server without a home folder keeps its compiled code beside the board', { timeout: 60_000 }, async () => {
  const remote = await makeGuardedRemote();
  const clone = makeClone(remote);
  const homeless = { ...env, HOME: '/nowhere', XDG_CACHE_HOME: '', ORC_CODE_CACHE: '' };
  for (const name of ['init', 'sync'])
    expect((await runOrc([name], { cwd: clone, env: homeless })).exitCode, name).toBe(0);
  expect(fs.readdirSync(path.join(remote, 'orc-hook/orc/code'))).toEqual([expect.stringMatching(/^engine-/)]);
});

test('a server without its node refuses, and says why, unless it is told to let in', { timeout: 60_000 }, async () => {
  const remote = await makeGuardedRemote();
  const clone = makeClone(remote);
  expect((await orc(clone, 'init')).exitCode).toBe(0);
  const file = path.join(remote, 'hooks/update');
  fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^node='.*'$/m, "node='/nowhere/node'"));
  const refused = await orc(clone, 'ws', 'create', 'w');
  expect(refused).toMatchObject({ exitCode: 1, stderr: expect.stringContaining('could not run (exit code 127)') });
  git(remote, 'config', 'orc.hookFailure', 'accept');
  expect((await orc(clone, 'ws', 'create', 'w')).exitCode).toBe(0);
});
