/** Servers, and connections to them, that do not do what they should. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { GitStore, Oid } from '../../src/git/store.ts';
import { encodePacket } from '../../src/git/wire/pkt-line.ts';
import { type Spoiling, startCutProxy } from '../support/cut-proxy.ts';
import { type FakeGitServerOptions, fakeGitServer } from '../support/fake-git-server.ts';
import { addCommit, checkRepository, git, makeBareRemote, readRef } from '../support/git-fixtures.ts';
import { writeChain, writeCommit } from '../support/git-objects.ts';
import { joinOver, portableTo } from '../support/portable-joins.ts';

const ref = 'refs/heads/orc';
const oneLine = expect.stringMatching(/^[^\n]{1,600}$/);

const packet = (text: string): string => encodePacket(text).toString('latin1');

const isPost = (request: IncomingMessage): boolean => request.method === 'POST';

function answerWith(status: number, type: string, body: string | Buffer) {
  return (response: ServerResponse): void => {
    response.writeHead(status, { 'content-type': type }).end(body);
  };
}

/** An advertisement of the service that is asked for, after its first line. */
function advertise(body: (intro: string) => string) {
  return (response: ServerResponse): void => {
    const service = new URL(response.req.url ?? '', 'http://host').searchParams.get('service') ?? '';
    const intro = packet(`# service=${service}\n`);
    answerWith(200, `application/x-${service}-advertisement`, body(intro))(response);
  };
}

/** Answers of a server that is asked for its refs: nothing of a push was sent. */
const badGreetings: Record<string, (response: ServerResponse) => void> = {
  '403 with words': answerWith(403, 'text/plain', 'remote: no \u001b[31mentry\u001b[0m\n'),
  '404 with a page': answerWith(404, 'text/html', `<html>${'x'.repeat(100_000)}`),
  '500': answerWith(500, 'text/plain', ''),
  'a page that never ends': (response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
    };
    response.on('drain', more);
    more();
  },
  'ten megabytes of a page': answerWith(200, 'text/html', Buffer.alloc(10_000_000, '<p>')),
  'the right type, and nothing': advertise(() => ''),
  'the right type, and nonsense': advertise(() => '{"json":true}'),
  'the right type, cut off within a ref': advertise((intro) => `${intro}0000003d${'1'.repeat(40)} refs/`),
  // What is missing must not be taken for a branch that is not there.
  'the right type, cut off between two refs': advertise(
    (intro) => `${intro}0000${packet(`${'1'.repeat(40)} refs/heads/main\0report-status side-band-64k\n`)}`,
  ),
  'the right type, cut off before the refs': advertise((intro) => intro),
  'refs that are none': advertise((intro) => `${intro}0000${packet('hello you\n')}0000`),
  'an error in git’s form': advertise((intro) => `${intro}0000${packet('ERR go away you\n')}0000`),
  'a redirect to itself': (response) => response.writeHead(302, { location: response.req.url ?? '' }).end(),
  'a redirect to a file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  'a redirect to nowhere': (response) => response.writeHead(302).end(),
  'a redirect elsewhere': (response) => response.writeHead(302, { location: '/login?next=here' }).end(),
  'the end of the connection': (response) => response.destroy(),
};

for (const [name, greet] of Object.entries(badGreetings)) {
  test(`greeted with ${name}, a push is unreachable`, async () => {
    const server = await fakeGitServer(makeBareRemote(), {
      onRequest: (_, response) => {
        greet(response);
        return true;
      },
    });
    const { store, transport } = await joinOver(server.url());
    for (const call of [transport.push(await writeCommit(store, 'one')), transport.readHead(), transport.fetch()]) {
      const outcome = await call;
      expect(outcome).toEqual({ outcome: 'unreachable', reason: oneLine });
      expect(JSON.stringify(outcome)).not.toMatch(/\\u001b|xxxx/);
    }
    expect(server.seen.filter(({ method }) => method === 'POST')).toEqual([]);
  });
}

const reportType = 'application/x-git-receive-pack-result';
const inBand = (band: number, text: string): string => packet(String.fromCharCode(band) + text);
const whole = `${packet('unpack ok\n')}${packet('ok refs/heads/orc\n')}0000`;

/** A report in bands that end as they should; `null` is the end of the report. */
function report(...lines: readonly (string | null)[]): (response: ServerResponse) => void {
  const inner = lines.map((line) => (line === null ? '0000' : packet(line))).join('');
  return answerWith(200, reportType, `${inBand(1, inner)}0000`);
}

/** What a push was answered after it was sent. */
const badReports: Record<string, { send: (response: ServerResponse) => void; outcome: string }> = {
  '502': { send: answerWith(502, 'text/html', '<h1>Bad Gateway</h1>'), outcome: 'unknown' },
  '504': { send: answerWith(504, 'text/plain', 'timeout'), outcome: 'unknown' },
  '429': { send: answerWith(429, 'text/plain', 'slow down'), outcome: 'unknown' },
  'a redirect': { send: (response) => response.writeHead(307, { location: '/' }).end(), outcome: 'unknown' },
  'a page': { send: answerWith(200, 'text/html', '<h1>Welcome</h1>'), outcome: 'unknown' },
  nothing: { send: answerWith(200, reportType, ''), outcome: 'unknown' },
  nonsense: { send: answerWith(200, reportType, 'hello'), outcome: 'unknown' },
  'a report on another branch': { send: report('unpack ok\n', 'ok refs/heads/main\n', null), outcome: 'unknown' },
  'a report without its end': { send: report('unpack ok\n', 'ok refs/heads/orc\n'), outcome: 'unknown' },
  'a report in bands without their end': {
    send: answerWith(200, reportType, inBand(1, whole)),
    outcome: 'unknown',
  },
  'a failure after the report': {
    send: answerWith(200, reportType, `${inBand(1, whole)}${inBand(3, 'oops')}0000`),
    outcome: 'unknown',
  },
  'an ok for what was not unpacked': {
    send: report('unpack index-pack failed\n', 'ok refs/heads/orc\n', null),
    outcome: 'unknown',
  },
  'a no': { send: report('unpack ok\n', 'ng refs/heads/orc because\n', null), outcome: 'rejected' },
  'the end of the connection': { send: (response) => response.destroy(), outcome: 'unknown' },
  '403': { send: answerWith(403, 'text/plain', 'read-only token\u001b[1m'), outcome: 'rejected' },
  '413': { send: answerWith(413, 'text/html', '<h1>Too large</h1>'), outcome: 'rejected' },
};

for (const [name, { send, outcome }] of Object.entries(badReports)) {
  test(`answered with ${name}, a push is ${outcome}`, async () => {
    const server = await fakeGitServer(makeBareRemote(), {
      onRequest: (request, response) => {
        if (!isPost(request)) return false;
        request.resume().on('end', () => send(response));
        return true;
      },
    });
    const { store, transport } = await joinOver(server.url());
    expect(await transport.push(await writeCommit(store, 'one'))).toEqual({ outcome, reason: oneLine });
  });
}

describe('time', () => {
  test('is up: unreachable before a push was sent, unknown afterwards, and the connection ends', async () => {
    for (const method of ['GET', 'POST']) {
      let closed = 0;
      const server = await fakeGitServer(makeBareRemote(), {
        onRequest: (request, response) => {
          if (request.method !== method) return false;
          response.on('close', () => closed++);
          return true;
        },
      });
      const { store, transport } = await joinOver(server.url());
      const oid = await writeCommit(store, 'one');
      const [before, after] = [
        { outcome: 'unreachable', reason: 'no answer within 250 ms' },
        { outcome: 'unknown', reason: 'no answer in time' },
      ];
      expect(await transport.push(oid, { timeoutMs: 250 })).toEqual(method === 'GET' ? before : after);
      expect(await transport.readHead({ timeoutMs: 250 })).toEqual(before);
      expect(await transport.fetch({ timeoutMs: 250 })).toEqual(before);
      await expect.poll(() => closed).toBe(3);
    }
  });

  test('counts for an answer that comes in drops', async () => {
    const server = await fakeGitServer(makeBareRemote(), {
      onRequest: (request, response) => {
        if (isPost(request)) return false;
        response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
        const timer = setInterval(() => response.write('0'), 20);
        response.on('close', () => clearInterval(timer));
        return true;
      },
    });
    const { transport } = await joinOver(server.url());
    expect(await transport.fetch({ timeoutMs: 300 })).toEqual({
      outcome: 'unreachable',
      reason: 'no answer within 300 ms',
    });
  });

  test('passes before a connection comes about', async () => {
    // Accepts, and says nothing: the handshake never ends.
    const server = createServer(() => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const { port } = server.address() as { port: number };
    const { store, transport } = await joinOver(`https://127.0.0.1:${port}/x.git`);
    expect(await transport.push(await writeCommit(store, 'one'), { timeoutMs: 200 })).toEqual({
      outcome: 'unreachable',
      reason: 'no answer within 200 ms',
    });
  });
});

test('a server that is gone when the push is to be sent has got nothing of it', async () => {
  const remote = makeBareRemote();
  const server = await fakeGitServer(remote, {
    // No connection is left that the push could go over.
    onAnswer: (_request, answer) => {
      answer.headers.connection = 'close';
    },
  });
  const { store, transport } = await joinOver(server.url(), { onSend: () => void server.stop() });
  const chain = await writeChain(store, 400, 'chain');
  const outcome = await transport.push(chain[399] as Oid);
  expect(outcome).toEqual({ outcome: 'unreachable', reason: expect.stringContaining('connection refused') });
});

test('what a server says in the place of a report is told', async () => {
  const server = await fakeGitServer(makeBareRemote(), {
    onRequest: (request, response) => {
      if (!isPost(request)) return false;
      const send = answerWith(200, reportType, packet('ERR this repository is \u001b[1mread-only today\n'));
      request.resume().on('end', () => send(response));
      return true;
    },
  });
  const { store, transport } = await joinOver(server.url());
  expect(await transport.push(await writeCommit(store, 'one'))).toEqual({
    outcome: 'unknown',
    reason: 'this repository is read-only today',
  });
});

test('answers that come compressed, though that was not wished for, are read', async () => {
  const remote = makeBareRemote();
  const server = await fakeGitServer(remote, {
    onAnswer: (request, answer) => {
      expect(request.headers['accept-encoding']).toBe('identity');
      answer.body = gzipSync(answer.body);
      answer.headers['content-encoding'] = 'gzip';
    },
  });
  const { store, transport } = await joinOver(server.url());
  const [base, next] = (await writeChain(store, 2, 'chain')) as [Oid, Oid];
  expect(await transport.push(base)).toMatchObject({ outcome: 'taken' });
  expect(await transport.push(next)).toMatchObject({ outcome: 'taken' });
  const reader = await joinOver(server.url());
  expect(await reader.transport.fetch()).toEqual({ outcome: 'fetched', head: next });
});

test('a compressed answer that is damaged, or that no memory would hold, is none', async () => {
  for (const body of [gzipSync('x').subarray(0, 12), gzipSync(Buffer.alloc(70_000_000)), Buffer.from('x')]) {
    const server = await fakeGitServer(makeBareRemote(), {
      onRequest: (request, response) => {
        const service = new URL(request.url ?? '', 'http://host').searchParams.get('service');
        const type = `application/x-${service}-advertisement`;
        response.writeHead(200, { 'content-type': type, 'content-encoding': 'gzip' }).end(body);
        return true;
      },
    });
    const { transport } = await joinOver(server.url());
    expect(await transport.fetch()).toEqual({ outcome: 'unreachable', reason: 'the answer was cut off' });
  }
});

describe('a fetch keeps nothing of an answer', () => {
  /** Spoils the pack within an answer, band and lengths being right. */
  const spoilers: Record<string, (pack: Buffer) => Buffer> = {
    'that is cut off': (pack) => pack.subarray(0, pack.length - 30),
    'in which a bit is wrong': (pack) => {
      const copy = Buffer.from(pack);
      copy[40] = (copy[40] ?? 0) ^ 1;
      return copy;
    },
    'whose checksum is another one': (pack) => {
      const copy = Buffer.from(pack);
      copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
      return copy;
    },
    'in which a bit is wrong and the checksum is not': (pack) => {
      const copy = Buffer.from(pack.subarray(0, -20));
      copy[copy.length - 8] = (copy[copy.length - 8] ?? 0) ^ 1;
      return sealed(copy);
    },
    'that is empty': () => sealed(Buffer.from('5041434b0000000200000000', 'hex')),
    'that holds less than it says': (pack) => {
      const copy = Buffer.from(pack.subarray(0, -20));
      copy.writeUInt32BE(copy.readUInt32BE(8) + 1, 8);
      return sealed(copy);
    },
    'that is none': () => Buffer.from('hello, world; this is not a pack at all, sorry'),
    'that names an object of two gigabytes': () =>
      sealed(Buffer.from('5041434b0000000200000001bf8080808001789c0300000000', 'hex')),
  };
  const sealed = (bytes: Buffer): Buffer => Buffer.concat([bytes, createHash('sha1').update(bytes).digest()]);

  for (const [name, spoil] of Object.entries(spoilers)) {
    test(name, async () => {
      const remote = makeBareRemote();
      const server = await fakeGitServer(remote, { onAnswer: (_, answer) => respoil(answer, spoil) });
      for (const count of [3, 150]) {
        git(remote, 'update-ref', '-d', ref);
        for (let index = 0; index < (count === 3 ? 3 : 0); index++) addCommit(remote, ref, `${index}`);
        if (count > 3) {
          const author = await joinOver(server.url());
          const chain = await writeChain(author.store, count, 'chain');
          await author.transport.push(chain.at(-1) as Oid);
        }
        const { store, transport } = await joinOver(server.url());
        const outcome = await transport.fetch();
        expect(outcome).toEqual({ outcome: 'unreachable', reason: oneLine });
        expect(git(store.path, 'count-objects', '-v')).toMatch(/^count: 0\nsize: 0\nin-pack: 0\npacks: 0/);
      }
    });
  }

  test('in which an object is missing', async () => {
    const remote = makeBareRemote();
    const rich = await joinOver((await fakeGitServer(remote)).url());
    const [base, next] = (await writeChain(rich.store, 2, 'chain')) as [Oid, Oid];
    await rich.transport.push(next);
    const server = await fakeGitServer(remote);
    const { store, transport } = await joinOver(server.url());
    // A ref that leads nowhere: the server takes us to know what we do not.
    const misled: GitStore = {
      path: store.path,
      objectFormat: store.objectFormat,
      hashObject: (type, bytes) => store.hashObject(type, bytes),
      readObjects: (oids) => store.readObjects(oids),
      writeObjects: (objects) => store.writeObjects(objects),
      readRef: (name) => store.readRef(name),
      listRefs: async () => new Map([['refs/remotes/upstream/orc', base]]),
      updateRefs: (updates) => store.updateRefs(updates),
      isAncestor: (ancestor, descendant) => store.isAncestor(ancestor, descendant),
      close: () => store.close(),
    };
    expect(await portableTo(misled, server.url()).fetch()).toEqual({
      outcome: 'unreachable',
      reason: expect.stringContaining('is missing'),
    });
    expect(git(store.path, 'count-objects', '-v')).toMatch(/^count: 0\nsize: 0\nin-pack: 0/);
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: next });
  });

  function respoil(answer: { body: Buffer; headers: Record<string, string> }, spoil: (pack: Buffer) => Buffer): void {
    const at = answer.body.indexOf('packfile\n');
    if (at < 0) return;
    const parts: Buffer[] = [];
    for (let index = at + 9; index < answer.body.length; ) {
      const length = Number.parseInt(answer.body.toString('latin1', index, index + 4), 16);
      if (length === 0) break;
      if (answer.body[index + 4] === 1) parts.push(answer.body.subarray(index + 5, index + length));
      index += length;
    }
    const pack = spoil(Buffer.concat(parts));
    const pieces: Buffer[] = [answer.body.subarray(0, at + 9)];
    for (let index = 0; index < pack.length; index += 60_000) {
      const piece = pack.subarray(index, index + 60_000);
      pieces.push(Buffer.from(`${(piece.length + 5).toString(16).padStart(4, '0')}\u0001`, 'latin1'), piece);
    }
    answer.body = Buffer.concat([...pieces, Buffer.from('0000')]);
    delete answer.headers['content-length'];
  }
});

function cutAfter(afterBytes: number): Spoiling {
  return { afterBytes, action: { do: 'cut' }, afterwards: 'open' };
}

test('whatever byte of the answers is the last, a push never says taken or no when it is not so', async () => {
  const remote = makeBareRemote();
  const server = await fakeGitServer(remote);
  const proxy = await startCutProxy(server.port);
  onTestFinished(() => proxy.stop());
  const url = server.url().replace(String(server.port), String(proxy.port));
  const { store, transport } = await joinOver(url);
  let head: Oid | null = null;
  const push = async (name: string): Promise<{ oid: Oid; outcome: string }> => {
    const oid = await writeCommit(store, name, head === null ? [] : [head]);
    return { oid, outcome: (await transport.push(oid)).outcome };
  };
  proxy.open();
  head = (await push('first')).oid;
  proxy.arm(cutAfter(1_000_000));
  head = (await push('measured')).oid;
  const total = proxy.delivered;
  expect(total).toBeGreaterThan(300);
  const counts = new Map<string, number>();
  for (let bytes = 0; bytes < total; bytes += 11) {
    proxy.arm(cutAfter(bytes));
    const { oid, outcome } = await push(`cut at ${bytes}`);
    const landed = readRef(remote, ref) === oid;
    expect({ bytes, landed, outcome }).toEqual({
      bytes,
      landed,
      outcome: landed
        ? expect.stringMatching(/^(?:taken|unknown)$/)
        : expect.stringMatching(/^(?:unreachable|unknown)$/),
    });
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    if (landed) head = oid;
  }
  // All of it has been seen; the last cut leaves the report one byte short.
  expect(counts.get('unreachable')).toBeGreaterThan(3);
  expect(counts.get('unknown')).toBeGreaterThan(3);
  proxy.open();
  expect((await push('afterwards')).outcome).toBe('taken');
  checkRepository(remote);
}, 120_000);

describe('redirects', () => {
  const redirecting = async (to: () => string, options: FakeGitServerOptions = {}) =>
    fakeGitServer(makeBareRemote(), {
      ...options,
      onRequest: ({ url = '' }, response) => {
        const suffix = url.slice(url.indexOf('/info/refs'));
        response.writeHead(301, { location: to() + suffix }).end();
        return true;
      },
    });

  test('of the first question are followed, and what follows goes there too', async () => {
    const remote = makeBareRemote();
    const target = await fakeGitServer(remote);
    const server = await redirecting(() => target.url());
    const { store, transport } = await joinOver(server.url('user:hunter22'));
    const oid = await writeCommit(store, 'one');
    expect(await transport.push(oid)).toMatchObject({ outcome: 'taken' });
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head: oid });
    expect(server.seen.map(({ method }) => method)).toEqual(['GET', 'GET']);
    // Another port is another server.
    expect(server.seen.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
    expect(target.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  test('to a server that wants credentials end there', async () => {
    const target = await fakeGitServer(makeBareRemote(), { credentials: 'user:hunter22' });
    const server = await redirecting(() => target.url('user:hunter22'));
    const { transport } = await joinOver(server.url('user:hunter22'));
    expect(await transport.readHead()).toMatchObject({
      outcome: 'unreachable',
      reason: expect.stringContaining('401'),
    });
    expect(target.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
  });

  test('on one server keep the credentials', async () => {
    const remote = makeBareRemote();
    const head = addCommit(remote, ref);
    const server = await fakeGitServer(remote, {
      credentials: 'user:hunter22',
      onRequest: ({ url = '' }, response) => {
        if (!url.startsWith('/old/')) return false;
        response.writeHead(302, { location: url.slice('/old'.length) }).end();
        return true;
      },
    });
    const { transport } = await joinOver(server.url('user:hunter22').replace('/remote.git', '/old/remote.git'));
    expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
  });
});
