import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { encodeCommit, encodeTree } from '../../src/git/objects.ts';
import type { GitStore, NewObject, Oid } from '../../src/git/store.ts';
import { fakeGitServer } from '../support/fake-git-server.ts';
import { describeTransport } from '../support/git-contract.ts';
import { addCommit, checkRepository, git, installHook, makeBareRemote, readRef } from '../support/git-fixtures.ts';
import { makeBlob, makeObject, writeChain, writeCommit } from '../support/git-objects.ts';
import { joinOver, portableTo } from '../support/portable-joins.ts';
import { startForwardProxy } from '../support/servers/forward-proxy.ts';
import { getTool, requireTools } from '../support/servers/tools.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const ref = 'refs/heads/orc';
const who = 'user:hunter22';

for (const isOld of [false, true]) {
  describeTransport(`http remote, protocol ${isOld ? 0 : 2}`, async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote, { credentials: who, isOld });
    return {
      join: () => joinOver(server.url(who)),
      readHead: async () => readRef(remote, ref),
      breakDown: async () => fs.renameSync(remote, `${remote}.gone`),
    };
  });
}

describe('pushing', () => {
  test('leaves the remote in order, and moves the one branch only', async () => {
    const remote = makeBareRemote();
    addCommit(remote, 'refs/heads/main');
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    const chain = await writeChain(store, 3, 'chain');
    expect(await transport.push(chain[2] as Oid)).toMatchObject({ outcome: 'taken' });
    expect(git(remote, 'for-each-ref', '--format=%(refname)').split('\n')).toEqual(['refs/heads/main', ref]);
    expect(git(remote, 'rev-list', '--count', ref)).toBe('3');
    checkRepository(remote);
  });

  test('takes merges, folders, submodules and files that grow', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    const who = { name: 'Test', email: 'test@example.com', at: 1_700_000_000_000 };
    let [log, parent] = ['', null as Oid | null];
    const write = async (index: number, parents: readonly Oid[]): Promise<Oid> => {
      log += `{"line":${index},"text":"${'x'.repeat(50)}"}\n`;
      const file = makeBlob(store, log);
      const inner = makeObject(store, 'tree', encodeTree([{ mode: '100644', name: 'log.jsonl', oid: file.oid }]));
      const root = encodeTree([
        { mode: '40000', name: 'events', oid: inner.oid },
        { mode: '100755', name: `run-${index}`, oid: file.oid },
        { mode: '160000', name: 'module', oid: '1'.repeat(40) as Oid },
      ]);
      const tree = makeObject(store, 'tree', root);
      const commit = encodeCommit({ tree: tree.oid, parents, author: who, committer: who, message: `${index}\n` });
      const made = makeObject(store, 'commit', commit);
      await store.writeObjects([file, inner, tree, made]);
      return made.oid;
    };
    for (let index = 0; index < 30; index++) parent = await write(index, parent === null ? [] : [parent]);
    expect(await transport.push(parent as Oid)).toMatchObject({ outcome: 'taken' });
    const side = await write(100, [parent as Oid]);
    const main = await write(101, [parent as Oid]);
    expect(await transport.push(main)).toMatchObject({ outcome: 'taken' });
    const merge = await write(102, [side, main]);
    expect(await transport.push(merge)).toMatchObject({ outcome: 'taken' });
    expect(git(remote, 'show', `${ref}:events/log.jsonl`)).toBe(log.trim());
    git(remote, 'fsck', '--no-dangling');
    git(remote, 'gc', '--quiet');
    git(remote, 'fsck', '--no-dangling');
  });

  test('sends nothing when the upstream is there already, and nothing that is no fast-forward', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    const [base, next] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
    await transport.push(next);
    const rival = await writeCommit(store, 'rival', [base]);
    server.forget();
    expect(await transport.push(next)).toMatchObject({ outcome: 'taken' });
    expect(await transport.push(base)).toMatchObject({ outcome: 'rejected' });
    expect(await transport.push(rival)).toMatchObject({ outcome: 'rejected' });
    addCommit(remote, ref, 'unheard of');
    expect(await transport.push(rival)).toMatchObject({ outcome: 'rejected' });
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET', 'GET', 'GET']);
  });

  test('loses to whoever moves the branch between the question and the push', async () => {
    const remote = makeBareRemote();
    let rival: Oid | null = null;
    const server = await fakeGitServer(remote, {
      onRequest: ({ method }) => {
        if (method === 'POST') rival = addCommit(remote, ref, 'rival');
        return false;
      },
    });
    const { store, transport } = await joinOver(server.url());
    const outcome = await transport.push(await writeCommit(store, 'mine'));
    expect(outcome).toMatchObject({ outcome: 'rejected', reason: expect.stringMatching(/^\[remote rejected\] \(/) });
    expect(readRef(remote, ref)).toBe(rival);
  });

  test('tells in clean words that a hook of the remote refused', async () => {
    for (const hook of ['pre-receive', 'update']) {
      const remote = makeBareRemote();
      installHook(
        remote,
        hook,
        `printf 'no \\033[31mboards\\033[0m\\007 for hunter22 at https://bob:secret99@example.com/x \\342\\200\\256here\\n' >&2; exit 1`,
      );
      const server = await fakeGitServer(remote, { credentials: who });
      const { store, transport } = await joinOver(server.url(who));
      expect(await transport.push(await writeCommit(store, 'one'))).toEqual({
        outcome: 'rejected',
        reason: expect.stringMatching(
          /^\[remote rejected\] \((?:pre-receive )?hook declined\): no boards for \*\*\* at https:\/\/\*\*\*@example\.com\/x here/,
        ),
      });
      expect(readRef(remote, ref)).toBe(null);
    }
  });

  test('works from a shallow store', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const author = await joinOver(server.url());
    const chain = await writeChain(author.store, 5, 'chain');
    await author.transport.push(chain[4] as Oid);
    const { store, transport } = await joinOver(server.url());
    expect(await transport.fetch({ depth: 1 })).toEqual({ outcome: 'fetched', head: chain[4] });
    const mine = await writeCommit(store, 'mine', [chain[4] as Oid]);
    expect(await transport.push(mine)).toMatchObject({ outcome: 'taken' });
    checkRepository(remote);
    // What it does not have it cannot bring anywhere else.
    const elsewhere = await fakeGitServer(makeBareRemote());
    expect(await portableTo(store, elsewhere.url()).push(mine)).toMatchObject({
      outcome: 'rejected',
      reason: expect.stringMatching(/^\[remote rejected\]|^not sent: /),
    });
  });
});

describe('fetching', () => {
  for (const isOld of [false, true]) {
    const protocol = `protocol ${isOld ? 0 : 2}`;

    test(`${protocol}: takes the branch itself, not one whose name begins alike, and no tags`, async () => {
      const remote = makeBareRemote();
      addCommit(remote, `${ref}-other`);
      addCommit(remote, `refs/x/${ref}`);
      const server = await fakeGitServer(remote, { isOld });
      const { store, transport } = await joinOver(server.url());
      expect(await transport.readHead()).toEqual({ outcome: 'read', head: null });
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: null });
      const head = addCommit(remote, ref, 'real');
      git(remote, 'tag', '-a', 'v1', '-m', 'v1', head);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
      expect(git(store.path, 'for-each-ref')).toBe('');
      expect(git(store.path, 'count-objects')).toMatch(/^2 objects/);
    });

    test(`${protocol}: fetches so many commits only for a join, and everything new from then on`, async () => {
      const remote = makeBareRemote();
      const server = await fakeGitServer(remote, { isOld });
      const author = await joinOver(server.url());
      const chain = await writeChain(author.store, 8, 'chain');
      await author.transport.push(chain[3] as Oid);
      const { store, transport } = await joinOver(server.url());
      expect(await transport.fetch({ depth: 2 })).toEqual({ outcome: 'fetched', head: chain[3] });
      await store.updateRefs([{ ref, from: null, to: chain[3] as Oid }]);
      const shallow = fs.readFileSync(join(store.path, 'shallow'), 'utf8');
      expect(shallow).toBe(`${chain[2]}\n`);
      expect((await store.readObjects(chain)).size).toBe(2);
      await author.transport.push(chain[7] as Oid);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: chain[7] });
      await store.updateRefs([{ ref, from: chain[3] as Oid, to: chain[7] as Oid }]);
      expect((await store.readObjects(chain)).size).toBe(6);
      expect(fs.readFileSync(join(store.path, 'shallow'), 'utf8')).toBe(shallow);
      expect(await store.isAncestor(chain[3] as Oid, chain[7] as Oid)).toBe(true);
      expect(await store.isAncestor(chain[0] as Oid, chain[7] as Oid)).toBe(false);
      checkRepository(store.path);
    });

    test(`${protocol}: a shallow store gets what it lacks when somebody merges from before its edge`, async () => {
      const remote = makeBareRemote();
      const server = await fakeGitServer(remote, { isOld });
      const author = await joinOver(server.url());
      const chain = await writeChain(author.store, 6, 'chain');
      await author.transport.push(chain[5] as Oid);
      const { store, transport } = await joinOver(server.url());
      await transport.fetch({ depth: 2 });
      await store.updateRefs([{ ref, from: null, to: chain[5] as Oid }]);
      const side = await writeCommit(author.store, 'side', [chain[1] as Oid]);
      const merge = await writeCommit(author.store, 'merge', [chain[5] as Oid, side]);
      await author.transport.push(merge);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: merge });
      await store.updateRefs([{ ref, from: chain[5] as Oid, to: merge }]);
      checkRepository(store.path);
    });

    test(`${protocol}: takes what an upstream has that is a shallow clone itself, and goes on from there`, async () => {
      const full = makeBareRemote();
      for (let index = 0; index < 5; index++) addCommit(full, ref, `${index}`);
      for (let index = 0; index < 5; index++) addCommit(full, 'refs/heads/main', `code ${index}`);
      const remote = join(makeTempDir(), 'shallow.git');
      git('/', 'clone', '--quiet', '--bare', '--depth=2', '--no-single-branch', `file://${full}`, remote);
      const server = await fakeGitServer(remote, { isOld });
      const { store, transport } = await joinOver(server.url());
      const head = readRef(remote, ref) as Oid;
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
      await store.updateRefs([{ ref: 'refs/remotes/upstream/orc', from: null, to: head }]);
      const edges = fs.readFileSync(join(store.path, 'shallow'), 'utf8');
      expect(edges).toBe(`${git(remote, 'rev-parse', `${ref}~1`)}\n`);
      checkRepository(store.path);
      const next = addCommit(remote, ref, 'next');
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: next });
      expect(await transport.fetch({ unshallow: true })).toEqual({ outcome: 'fetched', head: next });
      expect(fs.readFileSync(join(store.path, 'shallow'), 'utf8')).toBe(edges);
      expect(await transport.push(await writeCommit(store, 'mine', [next]))).toMatchObject({ outcome: 'taken' });
    });

    test(`${protocol}: a store that has all of history keeps it when its upstream becomes a shallow clone`, async () => {
      const full = makeBareRemote();
      for (let index = 0; index < 5; index++) addCommit(full, ref, `${index}`);
      const { store, transport } = await joinOver((await fakeGitServer(full, { isOld })).url());
      const head = readRef(full, ref) as Oid;
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
      await store.updateRefs([{ ref: 'refs/remotes/upstream/orc', from: null, to: head }]);
      const remote = join(makeTempDir(), 'shallow.git');
      git('/', 'clone', '--quiet', '--bare', '--depth=2', '--no-single-branch', `file://${full}`, remote);
      const next = addCommit(remote, ref, 'next');
      const moved = portableTo(store, (await fakeGitServer(remote, { isOld })).url());
      expect(await moved.fetch()).toEqual({ outcome: 'fetched', head: next });
      expect(git(store.path, 'rev-list', '--count', next)).toBe('6');
    });

    test(`${protocol}: keeps a large pack as it is, and git finds it in order`, async () => {
      const remote = makeBareRemote();
      const server = await fakeGitServer(remote, { isOld });
      const author = await joinOver(server.url());
      const chain = await writeChain(author.store, 300, 'chain');
      await author.transport.push(chain[299] as Oid);
      git(remote, 'gc', '--quiet'); // deltas, by offset
      const { store, transport } = await joinOver(server.url());
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: chain[299] });
      await store.updateRefs([{ ref, from: null, to: chain[299] as Oid }]);
      checkRepository(store.path);
      const packs = fs.readdirSync(join(store.path, 'objects/pack'));
      expect(packs.map((name) => name.replace(/.*\./, '')).sort()).toEqual(['idx', 'pack']);
      git(store.path, 'verify-pack', join(store.path, 'objects/pack', packs.find((name) => /idx$/.test(name)) ?? ''));
      expect((await store.readObjects(chain)).size).toBe(300);
      const next = await writeCommit(author.store, 'next', [chain[299] as Oid]);
      await author.transport.push(next);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: next });
      expect(git(store.path, 'count-objects')).toMatch(/^3 objects/);
      // What comes later rests on what is here; in the store each pack is complete all the same.
      await store.updateRefs([{ ref, from: chain[299] as Oid, to: next }]);
      const more = await writeLog(author.store, 200, next);
      await author.transport.push(more[99] as Oid);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: more[99] });
      await store.updateRefs([{ ref, from: next, to: more[99] as Oid }]);
      git(remote, 'repack', '-adfq');
      await author.transport.push(more[199] as Oid);
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: more[199] });
      await store.updateRefs([{ ref, from: more[99] as Oid, to: more[199] as Oid }]);
      for (const pack of fs.readdirSync(join(store.path, 'objects/pack')).filter((name) => /idx$/.test(name)))
        git(store.path, 'verify-pack', join(store.path, 'objects/pack', pack));
      checkRepository(store.path);
    });
  }

  test('downloads nothing that the store has: its own push whose answer was lost, a branch that went back', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    const [base, mine] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
    await transport.push(base);
    await store.updateRefs([{ ref: 'refs/remotes/upstream/orc', from: null, to: base }]);
    await transport.push(mine);
    await transport.readHead();
    server.forget();
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: mine });
    await store.updateRefs([{ ref: 'refs/remotes/upstream/orc', from: base, to: mine }]);
    git(remote, 'update-ref', ref, base);
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: base });
    // One question each.
    expect(server.seen).toHaveLength(2);
  });

  test('does not take a commit that lies there without its files for the whole', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const author = await joinOver(server.url());
    const [base, next] = (await writeChain(author.store, 2, 'chain')) as [Oid, Oid];
    await author.transport.push(next);
    const { store, transport } = await joinOver(server.url());
    const commits = await author.store.readObjects([base, next]);
    await store.writeObjects([...commits].map(([oid, object]) => ({ oid, ...object })));
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: next });
    await store.updateRefs([{ ref, from: null, to: next }]);
    checkRepository(store.path);
  });

  test('many at once into one store do not disturb each other', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const author = await joinOver(server.url());
    const chain = await writeChain(author.store, 60, 'chain');
    await author.transport.push(chain[59] as Oid);
    const { store, transport } = await joinOver(server.url());
    const outcomes = await Promise.all(Array.from({ length: 6 }, () => transport.fetch()));
    expect(outcomes).toEqual(Array.from({ length: 6 }, () => ({ outcome: 'fetched', head: chain[59] })));
    await store.updateRefs([{ ref, from: null, to: chain[59] as Oid }]);
    checkRepository(store.path);
  });

  test('does not work with a SHA-256 upstream', async () => {
    const remote = makeBareRemote('sha256');
    addCommit(remote, ref);
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    const told = { code: 'unsupported', message: expect.stringContaining('has SHA-256 objects') };
    await expect(transport.fetch()).rejects.toMatchObject(told);
    await expect(transport.push(await writeCommit(store, 'one'))).rejects.toMatchObject(told);
  });
});

describe('on the way', () => {
  test('asks once how to speak to a server, then a request for each look, and two for a push', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    await transport.readHead();
    await transport.readHead();
    await transport.push(await writeCommit(store, 'one'));
    expect(server.seen.map(({ method, path }) => `${method} ${path.replace(/^\/remote\.git/, '')}`)).toEqual([
      'GET /info/refs?service=git-upload-pack',
      'POST /git-upload-pack',
      'POST /git-upload-pack',
      'GET /info/refs?service=git-receive-pack',
      'POST /git-receive-pack',
    ]);
  });

  test('asks a proxy for what lies behind it', async () => {
    const remote = makeBareRemote();
    const head = addCommit(remote, ref);
    const server = await fakeGitServer(remote, { credentials: who });
    const proxy = await startForwardProxy(server.port);
    try {
      const { transport } = await joinOver(`http://${who}@unknown.invalid/remote.git`, { proxy: proxy.url });
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
      expect(proxy.asked[0]).toBe('http://unknown.invalid/remote.git/info/refs?service=git-upload-pack');
    } finally {
      await proxy.stop();
    }
    const { store, transport } = await joinOver('http://unknown.invalid/remote.git', { proxy: proxy.url });
    expect(await transport.push(await writeCommit(store, 'one'))).toMatchObject({ outcome: 'unreachable' });
    const socks = await joinOver(server.url(), { proxy: 'socks5://127.0.0.1:1' });
    expect(await socks.transport.readHead()).toMatchObject({ reason: expect.stringContaining('needs git') });
  });

  test.skipIf(!requireTools(['openssl']))(
    'trusts the certificates that it is told to, also through a proxy, and no others',
    async () => {
      const tls = makeCertificate();
      const remote = makeBareRemote();
      const head = addCommit(remote, ref);
      const server = await fakeGitServer(remote, { tls });
      const caFile = join(makeTempDir(), 'ca.pem');
      fs.writeFileSync(caFile, tls.cert);
      const proxy = await startForwardProxy(server.port);
      try {
        const fetched = { outcome: 'fetched', head };
        for (const proxied of [null, proxy.url]) {
          const doubtful = await joinOver(server.url(), { proxy: proxied });
          const outcome = await doubtful.transport.push(await writeCommit(doubtful.store, 'one'));
          expect(outcome).toMatchObject({ outcome: 'unreachable', reason: expect.stringContaining('self-signed') });
          const careless = await joinOver(server.url(), { proxy: proxied, verifiesTls: false });
          expect(await careless.transport.fetch()).toEqual(fetched);
          const told = await joinOver(server.url(), { proxy: proxied, caFile });
          expect(await told.transport.fetch()).toEqual(fetched);
          const mine = await writeCommit(told.store, 'mine', [readRef(remote, ref) as Oid]);
          expect(await told.transport.push(mine)).toMatchObject({ outcome: 'taken' });
          git(remote, 'update-ref', ref, head);
        }
        expect(new Set(proxy.asked)).toEqual(new Set([`127.0.0.1:${server.port}`]));
        const misled = await joinOver(server.url(), { caFile: '/nonexistent' });
        expect(await misled.transport.readHead()).toMatchObject({ outcome: 'unreachable' });
      } finally {
        await proxy.stop();
      }
    },
  );

  test('tells how far the clock of the server is from ours', async () => {
    const remote = makeBareRemote();
    const server = await fakeGitServer(remote, {
      onAnswer: (_, answer) => {
        answer.headers.date = new Date(Date.now() + 3_600_000).toUTCString();
      },
    });
    const { transport } = await joinOver(server.url());
    expect(await transport.clockDifference?.()).toBe(null);
    const difference = await transport.clockDifference?.({ ask: true });
    expect(Math.abs((difference?.ms ?? 0) - 3_600_000)).toBeLessThan(2000);
  });
});

/** Commits with one file that grows by a line each: every one of them a small delta on the one before. */
async function writeLog(store: GitStore, length: number, parent: Oid): Promise<Oid[]> {
  const who = { name: 'Test', email: 'test@example.com', at: 1_700_000_000_000 };
  const written: NewObject[] = [];
  const oids: Oid[] = [];
  let log = '';
  for (let index = 0; index < length; index++) {
    log += `${index}: ${'a line of the log that is there to be long '.repeat(3)}\n`;
    const file = makeBlob(store, log);
    const tree = makeObject(store, 'tree', encodeTree([{ mode: '100644', name: 'log', oid: file.oid }]));
    const commit = { tree: tree.oid, parents: [oids.at(-1) ?? parent], author: who, committer: who };
    const made = makeObject(store, 'commit', encodeCommit({ ...commit, message: `${index}\n` }));
    written.push(file, tree, made);
    oids.push(made.oid);
  }
  await store.writeObjects(written);
  return oids;
}

/** A certificate for 127.0.0.1 that nobody vouches for. */
function makeCertificate(): { key: Buffer; cert: Buffer } {
  const folder = makeTempDir();
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'];
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync(getTool('openssl'), ['req', '-x509', ...kind, '-keyout', key, '-out', cert, ...subject], {
    stdio: 'ignore',
  });
  return { key: fs.readFileSync(key), cert: fs.readFileSync(cert) };
}
