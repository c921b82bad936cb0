/** What the native transport hears of a server's clock, and that git tells it nothing else. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import { nativeTransport } from '../../src/git/native/native-transport.ts';
import { runGit } from '../../src/git/native/run-git.ts';
import type { Transport } from '../../src/git/transport.ts';
import { isolatedEnv, makeBareRemote } from '../support/git-fixtures.ts';
import { writeCommit } from '../support/git-objects.ts';
import { type HttpRemote, serveOverHttp } from '../support/http-remote.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const hour = 3_600_000;
const credentials = 'user:s3cret-t0ken';

async function storeWith(url: string, env: NodeJS.ProcessEnv = isolatedEnv) {
  const storePath = path.join(makeTempDir(), 'board.git');
  const store = await createNativeStore(storePath, { objectFormat: 'sha1', env: isolatedEnv });
  const transport = nativeTransport(storePath, { url, label: 'origin', ref: 'refs/heads/orc', env });
  onTestFinished(() => store.close());
  return {
    store,
    transport,
    differenceOf: (ask: boolean) => (transport as Required<Transport>).clockDifference({ ask }),
  };
}

async function serve(ahead: () => number | null): Promise<HttpRemote> {
  return serveOverHttp(makeBareRemote(), credentials, { clockAhead: ahead });
}

test.each([0, hour, -hour])('hears of it with every call, when the server is %i ms ahead', async (ahead) => {
  const server = await serve(() => ahead);
  const { store, transport, differenceOf } = await storeWith(server.url(credentials));
  expect(await differenceOf(false)).toBe(null);
  const oid = await writeCommit(store, 'one');
  expect(await transport.push(oid)).toMatchObject({ outcome: 'taken' });
  const requests = server.requests.length;
  const difference = await differenceOf(true);
  expect(server.requests).toHaveLength(requests);
  expect(Math.abs((difference?.ms ?? Number.NaN) - ahead)).toBeLessThanOrEqual((difference?.errorMs ?? 0) + 1);
  expect(difference?.errorMs).toBeLessThan(30_000);
});

test('asks a server that it has not heard, and only when it is told to', async () => {
  const server = await serve(() => hour);
  const { differenceOf } = await storeWith(server.url(credentials));
  expect(await differenceOf(false)).toBe(null);
  expect(server.requests).toHaveLength(0);
  expect((await differenceOf(true))?.ms).toBeGreaterThan(hour - 5000);
  expect(server.requests.length).toBeGreaterThan(0);
});

test('says nothing of folders, of servers that tell no time, and of those that are gone', async () => {
  const folder = await storeWith(makeBareRemote());
  await folder.transport.readHead();
  expect(await folder.differenceOf(true)).toBe(null);
  const server = await serve(() => null);
  const silent = await storeWith(server.url(credentials));
  expect(await silent.transport.readHead()).toEqual({ outcome: 'read', head: null });
  expect(await silent.differenceOf(true)).toBe(null);
  server.stop();
  expect(await silent.differenceOf(true)).toBe(null);
});

test('does not take the date of a proxy for the server’s', async () => {
  const proxy = createServer();
  proxy.on('connect', (_request, socket) => {
    socket.end(`HTTP/1.1 403 Forbidden\r\nDate: ${new Date(0).toUTCString()}\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void proxy.close());
  const { port } = proxy.address() as AddressInfo;
  const env = { ...isolatedEnv, https_proxy: `http://127.0.0.1:${port}` };
  const { transport, differenceOf } = await storeWith('https://git.invalid/board.git', env);
  expect((await transport.readHead()).outcome).toBe('unreachable');
  expect(await differenceOf(false)).toBe(null);
});

test('git blanks out credentials in what it tells, and tells headers alone', async () => {
  const server = await serve(() => 0);
  const lines: string[] = [];
  const result = await runGit({
    args: ['ls-remote', '--', server.url(credentials)],
    cwd: makeTempDir(),
    env: { ...isolatedEnv, GIT_TRACE_REDACT: '0', GIT_TRACE_CURL: '2' },
    onHttpTrace: (line) => lines.push(line),
  });
  expect(result).toMatchObject({ exitCode: 0, stderr: '' });
  expect(lines.some((line) => /<= Recv header: date:/i.test(line))).toBe(true);
  const secret = Buffer.from(credentials).toString('base64');
  expect(lines.filter((line) => line.includes(secret) || line.includes('s3cret') || / data: /.test(line))).toEqual([]);
});
