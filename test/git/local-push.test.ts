/** Pushes into a folder for which the objects are at hand: by `git receive-pack` alone. */
import fs from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import { type NativeTransportOptions, nativeTransport } from '../../src/git/native/native-transport.ts';
import type { GitStore, ObjectFormat, Oid } from '../../src/git/store.ts';
import type { PushOptions, PushOutcome, Transport } from '../../src/git/transport.ts';
import {
  addCommit,
  checkRepository,
  git,
  installHook,
  isolatedEnv,
  makeBareRemote,
  makeClone,
  readRef,
} from '../support/git-fixtures.ts';
import { makeCommit } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';

interface Joined {
  readonly store: GitStore;
  readonly transport: Transport;
  readonly started: string[];
}

async function joinUpstream(
  url: string,
  options: Partial<NativeTransportOptions> = {},
  objectFormat: ObjectFormat = 'sha1',
  known?: GitStore,
): Promise<Joined> {
  const path = join(makeTempDir(), 'board.git');
  const store = known ?? (await createNativeStore(path, { objectFormat, env: isolatedEnv }));
  const started: string[] = [];
  const onStart = (args: readonly string[]): void => {
    started.push(args.find((arg) => /^(?:push|fetch|ls-remote|receive-pack)$/.test(arg)) ?? args.join(' '));
  };
  const transport = nativeTransport(store.path, { url, label: 'origin', ref, env: isolatedEnv, onStart, ...options });
  return { store, transport, started };
}

/** A commit on top of `base`, pushed with all that it adds. */
async function pushOn(
  { store, transport }: Joined,
  base: Oid | null,
  text: string,
  options: PushOptions = {},
): Promise<{ readonly oid: Oid; readonly outcome: PushOutcome }> {
  const objects = makeCommit(store, text, base === null ? [] : [base]);
  await store.writeObjects(objects);
  const outcome = await transport.push(objects[0].oid, { ...options, added: { base, objects, store: stored } });
  return { oid: objects[0].oid, outcome };
}

const stored = () => Promise.resolve();

test('starts one process, and the remote is in order', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const joined = await joinUpstream(remote, { syncedUpstream: true });
  const { oid, outcome } = await pushOn(joined, base, 'next');
  expect(outcome).toMatchObject({ outcome: 'taken' });
  expect(joined.started).toEqual(['receive-pack']);
  expect(readRef(remote, ref)).toBe(oid);
  checkRepository(remote);
});

test('many objects go as the one pack that was stored', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const { store, transport, started } = await joinUpstream(`file://${remote}`);
  const objects = [];
  let parent = base;
  for (let i = 0; i < 60; i++) {
    const made = makeCommit(store, `${'line\n'.repeat(400)}${i}`, [parent]);
    objects.push(...made);
    parent = made[0].oid;
  }
  await store.writeObjects(objects);
  expect(await transport.push(parent, { added: { base, objects, store: stored } })).toMatchObject({ outcome: 'taken' });
  expect(started).toEqual(['receive-pack']);
  checkRepository(remote);
  const packs = (folder: string): string[] => fs.readdirSync(join(folder, 'objects/pack')).sort();
  expect(packs(remote).filter((name) => /\.(?:pack|idx)$/.test(name))).toEqual(packs(store.path));
});

test('a branch that is not there, or is there already, is `git push`’s to deal with; one that has moved is nobody’s', async () => {
  const remote = makeBareRemote();
  const joined = await joinUpstream(remote);
  const first = await pushOn(joined, null, 'first');
  expect(first.outcome).toMatchObject({ outcome: 'taken' });
  expect(joined.started.splice(0)).toEqual(['push', 'ls-remote']);
  const theirs = await pushOn(await joinUpstream(remote), first.oid, 'theirs');
  expect((await pushOn(joined, first.oid, 'ours')).outcome.outcome).toBe('rejected');
  expect(joined.started).toEqual(['receive-pack']);
  expect(readRef(remote, ref)).toBe(theirs.oid);
  // What got no answer is pushed again.
  const again = await joinUpstream(remote);
  await again.transport.fetch();
  const objects = makeCommit(again.store, 'theirs', [first.oid]);
  const added = { base: first.oid, objects, store: stored };
  expect(await again.transport.push(theirs.oid, { added })).toMatchObject({ outcome: 'taken' });
});

test('shallow clones on either side, and SHA-256, are `git push`’s to deal with', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const here = await joinUpstream(remote);
  await here.transport.fetch();
  fs.writeFileSync(join(here.store.path, 'shallow'), `${base}\n`);
  expect((await pushOn(here, base, 'next')).outcome).toMatchObject({ outcome: 'taken' });
  expect(here.started).toEqual(['fetch', 'push']);

  const shallow = join(makeTempDir(), 'shallow.git');
  addCommit(remote, ref);
  git('/', 'clone', '--quiet', '--bare', '--depth=1', `file://${remote}`, shallow, '--branch=orc');
  const whole = await joinUpstream(remote);
  await whole.transport.fetch();
  const there = await joinUpstream(shallow, {}, 'sha1', whole.store);
  expect((await pushOn(there, readRef(shallow, ref), 'next')).outcome).toMatchObject({ outcome: 'taken' });
  expect(there.started).toEqual(['receive-pack', 'push']);

  const other = makeBareRemote('sha256');
  const root = addCommit(other, ref);
  const sha256 = await joinUpstream(other, {}, 'sha256');
  await sha256.transport.fetch();
  expect((await pushOn(sha256, root, 'next')).outcome).toMatchObject({ outcome: 'taken' });
  expect(sha256.started).toEqual(['fetch', 'push']);
});

test('hooks of the remote run and are heard; those of the host do not run', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  installHook(remote, 'update', `printf 'no \\033[31mboards\\033[0m\\n' >&2; exit 1`);
  const refused = await pushOn(await joinUpstream(remote), base, 'next');
  expect(refused.outcome).toEqual({
    outcome: 'rejected',
    reason: expect.stringMatching(/^\[remote rejected\] \(hook declined\): no boards/),
  });
  expect(readRef(remote, ref)).toBe(base);
  fs.rmSync(join(remote, 'hooks/update'));
  installHook(remote, 'post-receive', `cat > ${remote}/heard; echo hello`);
  const { oid, outcome } = await pushOn(await joinUpstream(remote), base, 'next');
  expect(outcome).toMatchObject({ outcome: 'taken' });
  expect(fs.readFileSync(join(remote, 'heard'), 'utf8')).toBe(`${base} ${oid} ${ref}\n`);

  const gitDir = join(makeClone(makeBareRemote()), '.git');
  const head = addCommit(gitDir, ref);
  for (const hook of ['pre-receive', 'update', 'post-receive'])
    installHook(gitDir, hook, `touch ${gitDir}/ran; exit 1`);
  expect((await pushOn(await joinUpstream(gitDir, { quietHost: true }), head, 'next')).outcome).toMatchObject({
    outcome: 'taken',
  });
  expect(fs.existsSync(join(gitDir, 'ran'))).toBe(false);
});

test('the hooks and settings of the user’s own configuration do not count at the remote', async () => {
  const home = makeTempDir();
  installHook(home, 'update', `touch ${home}/ran; exit 1`);
  const config = join(home, 'config');
  fs.writeFileSync(config, `[core]\n\thooksPath = ${home}/hooks\n`);
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const env = {
    ...isolatedEnv,
    GIT_CONFIG_GLOBAL: config,
    GIT_DIR: '/nonexistent',
    GIT_OBJECT_DIRECTORY: '/nonexistent',
  };
  expect((await pushOn(await joinUpstream(remote, { env }), base, 'next')).outcome).toMatchObject({ outcome: 'taken' });
  expect(fs.existsSync(join(home, 'ran'))).toBe(false);
});

test('is unreachable where nothing is, unknown when the remote dies, and rejected over a lock', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const joined = await joinUpstream(remote);
  fs.renameSync(remote, `${remote}.gone`);
  expect((await pushOn(joined, base, 'a')).outcome).toEqual({
    outcome: 'unreachable',
    reason: expect.stringContaining('does not appear to be a git repository'),
  });
  fs.renameSync(`${remote}.gone`, remote);
  fs.writeFileSync(join(remote, `${ref}.lock`), '');
  expect((await pushOn(joined, base, 'b')).outcome).toEqual({
    outcome: 'rejected',
    reason: expect.stringContaining(`${ref}.lock`),
  });
  fs.rmSync(join(remote, `${ref}.lock`));
  installHook(remote, 'reference-transaction', 'test "$1" = committed && kill -9 $PPID; exit 0');
  const last = await pushOn(joined, base, 'c');
  expect(last.outcome.outcome).toBe('unknown');
  expect(readRef(remote, ref)).toBe(last.oid);
});

test('is unknown when no answer comes in time, and leaves no process behind', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const marker = join(makeTempDir(), 'pid');
  installHook(remote, 'pre-receive', `echo $$ > ${marker}; exec sleep 60`);
  const joined = await joinUpstream(remote);
  const pushed = pushOn(joined, base, 'next', { timeoutMs: 5000 });
  expect((await pushed).outcome).toEqual({ outcome: 'unknown', reason: 'no answer in time' });
  const pid = fs.readFileSync(marker, 'utf8').trim();
  await vi.waitFor(() =>
    expect(fs.existsSync(`/proc/${pid}/cmdline`) && fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8') !== '').toBe(false),
  );
});

test('is unreachable when the time is over before the remote has spoken, and `git-missing` without git', async () => {
  const remote = makeBareRemote();
  const base = addCommit(remote, ref);
  const path = makeTempDir();
  fs.writeFileSync(join(path, 'git'), '#!/bin/sh\nexec /bin/sleep 60\n', { mode: 0o755 });
  const slow = await joinUpstream(remote, { env: { ...isolatedEnv, PATH: path } });
  expect((await pushOn(slow, base, 'a', { timeoutMs: 200 })).outcome).toEqual({
    outcome: 'unreachable',
    reason: 'no answer within 200 ms',
  });
  const none = await joinUpstream(remote, { env: { ...isolatedEnv, PATH: makeTempDir() } });
  await expect(pushOn(none, base, 'a')).rejects.toMatchObject({ code: 'git-missing' });
});
