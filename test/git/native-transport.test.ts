import fs from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import { type NativeTransportOptions, nativeTransport } from '../../src/git/native/native-transport.ts';
import type { GitStore, ObjectFormat, Oid } from '../../src/git/store.ts';
import type { Transport } from '../../src/git/transport.ts';
import { describeTransport } from '../support/git-contract.ts';
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
import { writeChain, writeCommit } from '../support/git-objects.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';

interface Joined {
  readonly store: GitStore;
  readonly transport: Transport;
}

async function joinUpstream(
  url: string,
  options: Partial<NativeTransportOptions> & { format?: ObjectFormat } = {},
): Promise<Joined> {
  const { format = 'sha1', ...rest } = options;
  const store = await createNativeStore(join(makeTempDir(), 'board.git'), { objectFormat: format, env: isolatedEnv });
  return { store, transport: nativeTransport(store.path, { url, label: 'origin', ref, env: isolatedEnv, ...rest }) };
}

for (const format of ['sha1', 'sha256'] as const) {
  describeTransport(`file remote, ${format}`, async () => {
    const remote = makeBareRemote(format);
    return {
      join: () => joinUpstream(remote, { format }),
      readHead: async () => readRef(remote, ref),
      breakDown: async () => fs.renameSync(remote, `${remote}.gone`),
    };
  });
}

describe('pushing to a file remote', () => {
  test('leaves the remote in order, and moves the one branch only', async () => {
    const remote = makeBareRemote();
    addCommit(remote, 'refs/heads/main');
    const { store, transport } = await joinUpstream(remote);
    const chain = await writeChain(store, 3, 'chain');
    await store.updateRefs([{ ref: 'refs/heads/orc', from: null, to: chain[2] as Oid }]);
    git(store.path, 'tag', '-a', 'v1', '-m', 'v1', chain[1] as Oid);
    expect(await transport.push(chain[2] as Oid)).toMatchObject({ outcome: 'taken' });
    expect(git(remote, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual(['refs/heads/main', ref]);
    checkRepository(remote);
  });

  test('is deaf to the hooks, signing, tags and push options of the user', async () => {
    const home = makeTempDir();
    installHook(home, 'pre-push', `touch ${home}/ran; exit 1`);
    installHook(home, 'reference-transaction', `touch ${home}/ran; exit 1`);
    const config = join(home, 'config');
    fs.writeFileSync(
      config,
      `[core]\n\thooksPath = ${home}/hooks\n[push]\n\tfollowTags = true\n\tgpgSign = true\n\tpushOption = x\n\tdefault = matching\n` +
        '[fetch]\n\tprune = true\n\tfsckObjects = true\n[gc]\n\tauto = 1\n',
    );
    const remote = makeBareRemote();
    const env = { ...isolatedEnv, GIT_CONFIG_GLOBAL: config, GIT_DIR: '/nonexistent', GIT_INDEX_FILE: '/nonexistent' };
    const { store, transport } = await joinUpstream(remote, { env });
    const chain = await writeChain(store, 2, 'chain');
    git(store.path, 'tag', '-a', 'v1', '-m', 'v1', chain[0] as Oid);
    expect(await transport.push(chain[1] as Oid)).toMatchObject({ outcome: 'taken' });
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: chain[1] });
    expect(fs.existsSync(join(home, 'ran'))).toBe(false);
    expect(git(remote, 'for-each-ref', '--format=%(refname)')).toBe(ref);
    // Hooks that the remote itself chose stay its own business.
    git(remote, 'config', 'core.hooksPath', join(home, 'hooks'));
    expect((await transport.push(await writeCommit(store, 'more', [chain[1] as Oid]))).outcome).not.toBe('taken');
  });

  test('tells in clean words that a hook of the remote refused', async () => {
    for (const hook of ['pre-receive', 'update']) {
      const remote = makeBareRemote();
      installHook(
        remote,
        hook,
        `printf 'no \\033[31mboards\\033[0m\\007 at https://bob:hunter22@example.com/x \\342\\200\\256here\\n' >&2; exit 1`,
      );
      const { store, transport } = await joinUpstream(remote);
      const outcome = await transport.push(await writeCommit(store, 'one'));
      expect(outcome).toEqual({
        outcome: 'rejected',
        reason: expect.stringMatching(
          /^\[remote rejected\] \((?:pre-receive )?hook declined\): no boards at https:\/\/\*\*\*@example\.com\/x here/,
        ),
      });
      expect(readRef(remote, ref)).toBe(null);
    }
  });

  test('names the lock that somebody left at the remote', async () => {
    const remote = makeBareRemote();
    fs.writeFileSync(join(remote, `${ref}.lock`), '');
    const { store, transport } = await joinUpstream(remote);
    expect(await transport.push(await writeCommit(store, 'one'))).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining(`${ref}.lock`),
    });
  });

  test('is not taken in by a hook that prints git’s own words', async () => {
    const remote = makeBareRemote();
    installHook(remote, 'pre-receive', `echo "fatal: '/x' does not appear to be a git repository" >&2; kill -9 $PPID`);
    const { store, transport } = await joinUpstream(remote);
    expect((await transport.push(await writeCommit(store, 'one'))).outcome).toBe('unknown');
  });

  test('is unknown when the remote dies after it took the commit', async () => {
    const remote = makeBareRemote();
    installHook(remote, 'reference-transaction', 'test "$1" = committed && kill -9 $PPID; exit 0');
    const { store, transport } = await joinUpstream(remote);
    const oid = await writeCommit(store, 'one');
    expect((await transport.push(oid)).outcome).toBe('unknown');
    expect(readRef(remote, ref)).toBe(oid);
    fs.rmSync(join(remote, 'hooks'), { recursive: true });
    expect(await transport.push(oid)).toMatchObject({ outcome: 'taken' });
  });

  test('is unknown when the remote told of no refs and no abilities, and so gives no report', async () => {
    const server = createServer((socket) => socket.on('error', () => {}).end('0000')).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { store, transport } = await joinUpstream(`git://127.0.0.1:${port}/x`);
    expect((await transport.push(await writeCommit(store, 'one'))).outcome).toBe('unknown');
  });

  test('is unknown when no answer comes in time, and leaves no process behind', async () => {
    const remote = makeBareRemote();
    const marker = join(makeTempDir(), 'pid');
    installHook(remote, 'pre-receive', `echo $$ > ${marker}; exec sleep 60`);
    const { store, transport } = await joinUpstream(remote);
    // Long enough for the hook to have begun, also on a busy machine.
    const outcome = await transport.push(await writeCommit(store, 'one'), { timeoutMs: 5000 });
    expect(outcome).toEqual({ outcome: 'unknown', reason: 'no answer in time' });
    const pid = Number(fs.readFileSync(marker, 'utf8'));
    // Killed, but the kernel may take a moment.
    await vi.waitFor(() => expect(isRunning(pid)).toBe(false));
  });
});

describe('the host as upstream', () => {
  test('receives without its hooks and without garbage collection', async () => {
    const host = makeClone(makeBareRemote());
    addCommit(host, 'refs/heads/main');
    const gitDir = join(host, '.git');
    for (const hook of ['pre-receive', 'update', 'post-receive', 'reference-transaction'])
      installHook(gitDir, hook, `touch ${gitDir}/ran; exit 1`);
    const { store, transport } = await joinUpstream(gitDir, { quietHost: true, label: 'host' });
    const oid = await writeCommit(store, 'one');
    expect(await transport.push(oid)).toMatchObject({ outcome: 'taken' });
    expect(readRef(host, ref)).toBe(oid);
    expect(fs.existsSync(join(gitDir, 'ran'))).toBe(false);
  });

  test('rejects the branch while it is checked out, with git’s reason', async () => {
    const host = makeClone(makeBareRemote());
    const base = addCommit(host, ref);
    git(host, 'checkout', '--quiet', 'orc');
    const { store, transport } = await joinUpstream(join(host, '.git'), { quietHost: true });
    await transport.fetch();
    expect(await transport.push(await writeCommit(store, 'next', [base]))).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringContaining('branch is currently checked out'),
    });
  });
});

describe('fetching', () => {
  test('takes the branch itself, not one whose name ends alike, and no tags', async () => {
    const remote = makeBareRemote();
    addCommit(remote, `refs/x/${ref}`);
    const { store, transport } = await joinUpstream(remote);
    expect(await transport.readHead()).toEqual({ outcome: 'read', head: null });
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: null });
    const head = addCommit(remote, ref, 'real');
    git(remote, 'tag', 'v1', head);
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
    expect(git(store.path, 'for-each-ref')).toBe('');
    expect(fs.existsSync(join(store.path, 'FETCH_HEAD'))).toBe(false);
  });

  test('fetches so many commits only for a join, and everything new from then on', async () => {
    const remote = makeBareRemote();
    const author = await joinUpstream(remote);
    const chain = await writeChain(author.store, 6, 'chain');
    await author.transport.push(chain[3] as Oid);
    // A path is fetched like any other URL: the depth counts.
    const { store, transport } = await joinUpstream(`file://${remote}`);
    expect(await transport.fetch({ depth: 2 })).toEqual({ outcome: 'fetched', head: chain[3] });
    await store.updateRefs([{ ref, from: null, to: chain[3] as Oid }]);
    expect((await store.readObjects(chain)).size).toBe(2);
    await author.transport.push(chain[5] as Oid);
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: chain[5] });
    expect(await store.isAncestor(chain[3] as Oid, chain[5] as Oid)).toBe(true);
    expect(await store.isAncestor(chain[0] as Oid, chain[5] as Oid)).toBe(false);
    expect(await transport.push(await writeCommit(store, 'mine', [chain[5] as Oid]))).toMatchObject({
      outcome: 'taken',
    });
  });

  test('many at once into one store do not disturb each other', async () => {
    const remote = makeBareRemote();
    const head = addCommit(remote, ref);
    const { store, transport } = await joinUpstream(remote);
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => transport.fetch()));
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => ({ outcome: 'fetched', head })));
    expect(await store.listRefs('refs/')).toEqual(new Map());
  });

  test('tidies away the refs of fetches that were killed', async () => {
    const remote = makeBareRemote();
    const { store, transport } = await joinUpstream(remote);
    const oid = await writeCommit(store, 'one');
    await store.updateRefs(['old', 'young'].map((name) => ({ ref: `refs/orc/fetch/${name}`, from: null, to: oid })));
    const anHourAgo = new Date(Date.now() - 3_600_000);
    fs.utimesSync(join(store.path, 'refs/orc/fetch/old'), anHourAgo, anHourAgo);
    await transport.fetch();
    expect([...(await store.listRefs('refs/orc/')).keys()]).toEqual(['refs/orc/fetch/young']);
  });

  test('is unreachable for a remote that is no repository, and a port where nobody listens', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const urls = [makeTempDir(), `git://127.0.0.1:${port}/x`, `http://bob:hunter22@127.0.0.1:${port}/x`];
    for (const url of urls) {
      const { store, transport } = await joinUpstream(url);
      const outcomes = [await transport.fetch(), await transport.push(await writeCommit(store, 'one'))];
      for (const outcome of outcomes)
        expect(outcome, url).toMatchObject({ reason: expect.not.stringContaining('hunter22') });
      expect(outcomes[1]?.outcome, url).toBe('unreachable');
    }
  });

  test.each([true, false])(
    'does not work with a remote of another object format (with a board there: %s)',
    async (has) => {
      const otherHash = makeBareRemote('sha256');
      if (has) addCommit(otherHash, ref);
      const { store, transport } = await joinUpstream(otherHash);
      const told = { code: 'unsupported', message: expect.stringContaining('has SHA-256 objects') };
      if (has) await expect(transport.fetch()).rejects.toMatchObject(told);
      await expect(transport.push(await writeCommit(store, 'one'))).rejects.toMatchObject(told);
    },
  );

  test('is unreachable when a server keeps silent', async () => {
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    try {
      const { store, transport } = await joinUpstream(`git://127.0.0.1:${port}/x`);
      expect(await transport.readHead({ timeoutMs: 200 })).toEqual({
        outcome: 'unreachable',
        reason: 'no answer within 200 ms',
      });
      expect(await transport.fetch({ timeoutMs: 200 })).toMatchObject({ outcome: 'unreachable' });
      expect(await transport.push(await writeCommit(store, 'one'), { timeoutMs: 200 })).toMatchObject({
        outcome: 'unknown',
      });
    } finally {
      server.close();
    }
  });

  test('says `git-missing` when there is no git', async () => {
    const { transport } = await joinUpstream('/nowhere', { env: { PATH: makeTempDir() } });
    await expect(transport.fetch()).rejects.toMatchObject({ code: 'git-missing' });
  });
});

test('uses the very URL that it was given, and keeps it off the command line', async () => {
  const remote = makeBareRemote();
  const head = addCommit(remote, ref);
  const started: (readonly string[])[] = [];
  const rewrite = [`url.${makeTempDir()}.insteadOf`, remote] as const;
  const { transport } = await joinUpstream(remote, { config: [rewrite], onStart: (args) => started.push(args) });
  expect(await transport.readHead()).toEqual({ outcome: 'read', head });
  expect(started.flat().filter((arg) => arg.includes(remote))).toEqual([]);
});

test('costs one process for a push, one for a fetch, one for a look', async () => {
  const started: string[] = [];
  const { store, transport } = await joinUpstream(makeBareRemote(), { onStart: (args) => started.push(args[1] ?? '') });
  const root = await writeCommit(store, 'one');
  await transport.push(root);
  // A look more where the branch is new.
  expect(started.splice(0)).toEqual(['push', 'ls-remote']);
  await transport.push(await writeCommit(store, 'two', [root]));
  await transport.fetch();
  await transport.readHead();
  expect(started).toEqual(['push', 'fetch', 'ls-remote']);
});

function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
