/** Servers that are late, silent, talk nonsense, or hang up: the caller is told in time, in clean words, and nothing is lost or doubled. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openOrc } from '../../src/index.ts';
import type { Spoiling } from '../support/cut-proxy.ts';
import { checkRepository, git, installHook } from '../support/git-fixtures.ts';
import { runOrc } from '../support/run-orc.ts';
import { describeServer } from '../support/servers/in-tests.ts';
import {
  addTask,
  beginThroughProxy,
  listenToPush,
  type Proxied,
  upstreamHead,
} from '../support/servers/through-proxy.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** Beyond the caller's limit: git's own end, once it was asked to, and a slow machine. In ms. */
const patience = 15_000;

/** One line without escape sequences. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
const cleanLine = /^[^\u0000-\u001f\u007f-\u009f]+$/;

/** Where the report begins in what `git daemon` says: after the refs and the flush packet that ends them. */
const reportStart = (said: Buffer): number => said.indexOf('0000', said.indexOf('\n')) + 4;

/** As somebody else finds it: these tasks, each once, one chain, versions without a gap. */
async function checkTasks({ place }: Proxied, titles: readonly string[]): Promise<void> {
  await using other = await openOrc({ cwd: place.clone(), env: place.env });
  const tasks = (await other.loadState()).workstreams.w?.tasks ?? [];
  expect(tasks.map(({ title }) => title).sort()).toEqual([...titles].sort());
  const versions = git(
    place.remote,
    'log',
    '--reverse',
    '--format=%(trailers:key=Orc-Version,valueonly,separator=)',
    'orc',
  );
  expect(versions.split('\n').map(Number)).toEqual(versions.split('\n').map((_, i) => i + 1));
  checkRepository(place.remote);
}

/** Adds a task while the server misbehaves; the answer has to come in time, and to be true. */
async function addInTrouble(
  proxied: Proxied,
  title: string,
  spoiling: Spoiling,
  timeoutMs: number,
): Promise<{ state: string; op: string; isIn: boolean }> {
  const before = upstreamHead(proxied);
  proxied.proxy.arm(spoiling);
  const began = performance.now();
  const told = await addTask(proxied, title, { timeoutMs });
  expect(performance.now() - began).toBeLessThan(timeoutMs + patience);
  const isIn = upstreamHead(proxied) !== before;
  expect(proxied.proxy.happened).toBe(true);
  if (told.state === 'published') expect(isIn).toBe(true);
  else expect(told.reason).toMatch(cleanLine);
  if (told.state === 'queued') expect(isIn).toBe(false);
  return { state: told.state, op: told.op, isIn };
}

/** Settles what was told, once by its id and else by a sync. */
async function settle(proxied: Proxied, title: string, op: string): Promise<void> {
  proxied.proxy.open();
  expect(await addTask(proxied, title, { op })).toMatchObject({ published: true, data: { title } });
  expect(await proxied.orc.sync()).toMatchObject({ waiting: 0, rejected: 0, reachable: true });
}

describeServer('git', 'a server', (server, place) => {
  test('that falls silent after it took the push', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const afterBytes = reportStart(await listenToPush(proxied));
    const once: Spoiling = { afterBytes, action: { do: 'hold' }, afterwards: 'open' };
    const { op, isIn } = await addInTrouble(proxied, 'silent once', once, 2_000);
    expect(isIn).toBe(true);
    await settle(proxied, 'silent once', op);
    const told = await addInTrouble(proxied, 'silent', { ...once, afterwards: 'same' }, 2_000);
    expect(told).toMatchObject({ state: 'unknown', isIn: true });
    await settle(proxied, 'silent', told.op);
    await checkTasks(proxied, ['undisturbed', 'silent once', 'silent']);
  });

  test('that never answers', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const never: Spoiling = { afterBytes: 0, action: { do: 'hold' }, afterwards: 'same' };
    const told = await addInTrouble(proxied, 'one', never, 700);
    expect(told).toMatchObject({ state: expect.stringMatching(/^(queued|unknown)$/), isIn: false });
    const began = performance.now();
    await expect(proxied.orc.sync({ timeoutMs: 500 })).resolves.toMatchObject({ reachable: false, published: 0 });
    const status = await runOrc(['t', 'add', 'w', 'two', '--timeout', '500ms'], { cwd: proxied.cwd, env: place().env });
    expect(status.exitCode).toBe(5);
    expect(status.stderr).toMatch(/^not published: [^\n]+\n$/);
    expect(performance.now() - began).toBeLessThan(1000 + 2 * patience);
    proxied.proxy.open();
    await proxied.orc.sync();
    await settle(proxied, 'one', told.op);
    await checkTasks(proxied, ['one', 'two']);
  });

  test('that answers later than the caller waits', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const late: Spoiling = { afterBytes: 0, action: { do: 'delay', ms: 3_000 }, afterwards: 'same' };
    const told = await addInTrouble(proxied, 'one', late, 1_000);
    expect(told).toMatchObject({ state: expect.stringMatching(/^(queued|unknown)$/), isIn: false });
    await settle(proxied, 'one', told.op);
    await checkTasks(proxied, ['one']);
  });

  test('that is slow, but not too slow', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const slow: Spoiling = { afterBytes: 0, action: { do: 'delay', ms: 300 }, afterwards: 'same' };
    expect(await addInTrouble(proxied, 'one', slow, 20_000)).toMatchObject({ state: 'published' });
    proxied.proxy.open();
    await checkTasks(proxied, ['one']);
  });

  test('that takes the push long after the caller was answered, twice', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const folder = makeTempDir();
    const [arrived, go] = [path.join(folder, 'arrived'), path.join(folder, 'go')];
    onTestFinished(() => writeFileSync(go, ''));
    installHook(
      proxied.place.remote,
      'pre-receive',
      `echo x >> '${arrived}'; n=0; while [ ! -e '${go}' ] && [ $n -lt 600 ]; do n=$((n+1)); sleep 0.05; done; exit 0`,
    );
    const before = upstreamHead(proxied);
    const told = await addTask(proxied, 'one', { timeoutMs: 2_000 });
    expect(told).toMatchObject({ state: 'unknown', published: false });
    expect(upstreamHead(proxied)).toBe(before);
    // The same commit is pushed again, while the first push still waits at the server; then both go on.
    const synced = proxied.orc.sync({ timeoutMs: 20_000 });
    await vi.waitFor(() => expect(readFileSync(arrived, 'utf8')).toBe('x\nx\n'), { timeout: 10_000 });
    writeFileSync(go, '');
    expect(await synced).toMatchObject({ waiting: 0, rejected: 0, reachable: true });
    await settle(proxied, 'one', told.op);
    await checkTasks(proxied, ['one']);
  });

  const nonsense: Readonly<Record<string, Buffer>> = {
    'a web page': Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n<html><title>\u001b]0;owned\u0007no</title></html>'),
    'random bytes': Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i >> 3)) % 256)),
    'a packet of impossible length': Buffer.from('fffffffffffffffffffffffffffffff'),
    'a packet that ends too early': Buffer.from('00ff0123'),
    'an error of its own': Buffer.from('0022ERR \u001b[2J\u001b[31mgo away\u001b[0m\u0007\n\r'),
    'ten megabytes': Buffer.alloc(10_000_000, 'x'),
  };

  test.each(Object.keys(nonsense))('that talks nonsense: %s', async (kind) => {
    const proxied = await beginThroughProxy(server(), place());
    const report = reportStart(await listenToPush(proxied));
    const action = { do: 'replace', by: nonsense[kind] as Buffer } as const;
    const titles = ['undisturbed'];
    // In place of the refs, and of the report; once, and without end.
    for (const afterBytes of [0, report]) {
      for (const afterwards of ['open', 'same'] as const) {
        const title = `${afterBytes} ${afterwards}`;
        titles.push(title);
        const told = await addInTrouble(proxied, title, { afterBytes, action, afterwards }, 10_000);
        if (afterwards === 'open') expect(told.state).toBe('published');
        else expect(told.state).not.toBe('published');
        await settle(proxied, title, told.op);
      }
    }
    proxied.proxy.arm({ afterBytes: 0, action, afterwards: 'same' });
    expect(await proxied.orc.sync()).toMatchObject({ reachable: false, reason: expect.stringMatching(cleanLine) });
    proxied.proxy.open();
    await checkTasks(proxied, titles);
  });

  test('that tells of no refs at all: what it seems to take is not believed, and its board counts as gone', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const empty = { afterBytes: 0, action: { do: 'replace', by: Buffer.from('0000') } } as const;
    const told = await addInTrouble(proxied, 'one', { ...empty, afterwards: 'open' }, 10_000);
    expect(told).toMatchObject({ state: 'published', isIn: true });
    const before = upstreamHead(proxied);
    proxied.proxy.arm({ ...empty, afterwards: 'same' });
    await expect(proxied.orc.sync()).rejects.toMatchObject({ code: 'history-rewritten' });
    await expect(addTask(proxied, 'two')).rejects.toMatchObject({ code: 'history-rewritten' });
    expect(upstreamHead(proxied)).toBe(before);
    proxied.proxy.open();
    expect(await proxied.orc.sync()).toMatchObject({ waiting: 0, rejected: 0, reachable: true });
    await addTask(proxied, 'three');
    const titles = (await proxied.orc.loadState()).workstreams.w?.tasks.map(({ title }) => title) ?? [];
    expect(titles.filter((title) => title !== 'two').sort()).toEqual(['one', 'three']);
    await checkTasks(proxied, titles);
  });

  test('that says no although it took the push', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const afterBytes = reportStart(await listenToPush(proxied));
    const packet = (text: string) => (text.length + 4).toString(16).padStart(4, '0') + text;
    const report = `${packet('unpack ok\n')}${packet('ng refs/heads/orc \u001b[31mnot today\n')}0000`;
    const action = { do: 'replace', by: Buffer.from(`${packet(`\u0001${report}`)}0000`) } as const;
    const told = await addInTrouble(proxied, 'one', { afterBytes, action, afterwards: 'open' }, 10_000);
    expect(told).toMatchObject({ state: 'published', isIn: true });
    await checkTasks(proxied, ['undisturbed', 'one']);
  });

  test('that talks at length before it answers', async () => {
    const proxied = await beginThroughProxy(server(), place());
    const afterBytes = reportStart(await listenToPush(proxied));
    const words = `\u0002${'\u001b]0;title\u0007blah \u001b[2J'.repeat(40)}\n`;
    const packet = `${(words.length + 4).toString(16).padStart(4, '0')}${words}`;
    const bytes = Buffer.from(packet.repeat(Math.ceil(10_000_000 / packet.length)));
    proxied.proxy.arm({ afterBytes, action: { do: 'insert', bytes }, afterwards: 'open' });
    const added = await runOrc(['t', 'add', 'w', 'one', '--json'], { cwd: proxied.cwd, env: proxied.place.env });
    expect([added.exitCode, added.stderr, added.json().published]).toEqual([0, '', true]);
    expect(proxied.proxy.happened).toBe(true);
    await checkTasks(proxied, ['undisturbed', 'one']);
  });

  test('that hangs up at once', async () => {
    const proxied = await beginThroughProxy(server(), place());
    await addTask(proxied, 'before');
    proxied.proxy.close();
    const before = upstreamHead(proxied);
    const told = await addTask(proxied, 'one', { timeoutMs: 5_000 });
    expect(told).toMatchObject({ published: false, reason: expect.stringMatching(cleanLine) });
    await expect(proxied.orc.getNextTask('w', 'agent-1')).rejects.toMatchObject({ code: 'not-published' });
    await expect(openOrc({ cwd: makeStranger(proxied), env: proxied.place.env })).rejects.toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(cleanLine),
    });
    expect(upstreamHead(proxied)).toBe(before);
    await settle(proxied, 'one', told.op);
    await checkTasks(proxied, ['before', 'one']);
  });
});

/** Another repository with the same remote, which has not joined the board. */
function makeStranger({ cwd }: Proxied): string {
  const folder = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', folder);
  git(folder, 'remote', 'add', 'origin', git(cwd, 'remote', 'get-url', 'origin'));
  expect(existsSync(path.join(folder, '.git/orc'))).toBe(false);
  return folder;
}
