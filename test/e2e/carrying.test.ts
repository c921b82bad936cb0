/** What is deposited in the inbox of real remotes: of guarded ones, and of such as take nothing there. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openNativeStore } from '../../src/git/native/native-store.ts';
import { inboxPrefix } from '../../src/git/transport.ts';
import { openOrc } from '../../src/index.ts';
import { makeDeposit } from '../../src/sync/deposit.ts';
import type { QueueRecord } from '../../src/sync/queue.ts';
import {
  addCommit,
  checkRepository,
  git,
  installHook,
  isolatedEnv,
  makeBareRemote,
  makeClone,
} from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';

const ref = 'refs/heads/orc';
const env = { ...isolatedEnv, HOME: process.env.HOME };

function inboxOf(remote: string): string[] {
  return git(remote, 'for-each-ref', '--format=%(refname)', 'refs/orc/')
    .split('\n')
    .filter((name) => name !== '');
}

/** Ada begins a board; bob knows it as it was before her last change, so that his next push loses a race. */
async function makeRacers(remote: string) {
  const ada = await openOrc({ cwd: makeClone(remote), create: true, agent: 'ada', env });
  await ada.createWorkstream('w');
  const bob = await openOrc({ cwd: makeClone(remote), agent: 'bob', env });
  await bob.loadState();
  await ada.addTask('w', { title: 'First' });
  await ada.close();
  return bob;
}

/** Lays an operation of eve's into the inbox, as she would, and goes away. */
async function leaveDeposit(remote: string): Promise<string> {
  const store = await openNativeStore(remote, { env });
  const { board } = JSON.parse(git(remote, 'show', `${ref}:state.json`)) as { board: string };
  const operation = { id: 'e'.repeat(32), kind: 'task.add', agent: 'eve', args: { workstream: 'w', title: 'Carried' } };
  const records = [{ operation, base: 0 } as unknown as QueueRecord];
  const eve = { name: 'Eve', email: 'eve@example.com' };
  const made = makeDeposit(store, { board, at: Date.now(), units: [{ records }] }, eve);
  if (made === null) throw new Error('it would be too long');
  await store.writeObjects(made.objects);
  await store.close();
  const name = `${inboxPrefix(ref)}${'d'.repeat(32)}`;
  git(remote, 'update-ref', name, made.oid);
  return name;
}

test.each(['update', 'pre-receive'] as const)(
  'a remote that is guarded by the %s hook takes deposits, and lets in what is carried',
  { timeout: 60_000 },
  async (hook) => {
    const remote = makeBareRemote();
    await runOrc(['hooks', 'install', '--server', remote, '--hook', hook], { cwd: '/', env });
    const bob = await makeRacers(remote);
    const deposit = await leaveDeposit(remote);
    // A lie does not come in with honest removals, nor do these without it.
    const lie = addCommit(makeLiar(remote), 'refs/heads/lie');
    const removal = ['--force-with-lease', `+${lie}:${ref}`, `:${deposit}`];
    const refused = spawnSync('git', ['push', '--atomic', remote, ...removal], { cwd: liarOf(remote), env });
    expect(refused.status).toBe(1);
    expect(inboxOf(remote)).toEqual([deposit]);
    await bob.addTask('w', { title: 'Second' });
    await bob.sync();
    await bob.close();
    expect(inboxOf(remote)).toEqual([]);
    const agents = git(remote, 'log', '-3', '--format=%an', ref).split('\n').sort();
    expect(agents).toEqual(['ada', 'bob', 'eve']);
    checkRepository(remote);
  },
);

/** A bare copy, to push from. */
function makeLiar(remote: string): string {
  git('/', 'clone', '--quiet', '--bare', remote, liarOf(remote));
  return liarOf(remote);
}

function liarOf(remote: string): string {
  return `${remote}-liar.git`;
}

test.each<[refusal: string, setUp: (remote: string) => void, left: number, isTold: boolean]>([
  [
    'pushes that are done whole or not at all',
    (remote) => git(remote, 'config', 'receive.advertiseAtomic', 'false'),
    0,
    true,
  ],
  ['refs below refs/orc', (remote) => git(remote, 'config', 'receive.hideRefs', 'refs/orc'), 0, false],
  [
    'other refs than branches',
    (remote) => installHook(remote, 'update', '#!/bin/sh\ncase $1 in refs/heads/*) ;; *) exit 1 ;; esac\n'),
    0,
    false,
  ],
  // Only whoever has left something there hears of that.
  [
    'removals',
    (remote) => installHook(remote, 'update', '#!/bin/sh\ncase $3 in *[1-9a-f]*) ;; *) exit 1 ;; esac\n'),
    1,
    false,
  ],
])('where the remote takes no %s, the lost race is run again', { timeout: 30_000 }, async (_, setUp, left, isTold) => {
  const remote = makeBareRemote();
  setUp(remote);
  const bob = await makeRacers(remote);
  await bob.addTask('w', { title: 'Second' });
  const { inbox } = (await bob.status()).sync;
  await bob.close();
  expect(git(remote, 'log', '-2', '--format=%an', ref)).toBe('bob\nada');
  expect(inboxOf(remote)).toHaveLength(left);
  // What the server says of itself is remembered at once; a no, after three times.
  expect(inbox !== null).toBe(isTold);
});
