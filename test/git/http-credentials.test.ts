import { describe, expect, test } from 'vitest';
import { readHostConfig } from '../../src/git/host-config.ts';
import { extraHeaders, type HttpEntry, httpSetting } from '../../src/git/http-config.ts';
import { type HttpAccessOptions, httpAccess, nativeHttpConfig } from '../../src/git/http-credentials.ts';
import { findProxy } from '../../src/git/http-proxy.ts';
import { createNativeStore } from '../../src/git/native/native-store.ts';
import { nativeTransport } from '../../src/git/native/native-transport.ts';
import { fakeGitServer } from '../support/fake-git-server.ts';
import { addCommit, git, isolatedEnv, makeBareRemote } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const basic = (credentials: string) => `Basic ${Buffer.from(credentials).toString('base64')}`;
const entriesOf = (...pairs: [string, string][]): HttpEntry[] => pairs.map(([key, value]) => ({ key, value }));

function ask(url: string, options: Partial<HttpAccessOptions> = {}) {
  const {
    url: sent,
    headers,
    source,
    secrets,
  } = httpAccess({
    url,
    env: {},
    entries: [],
    isOwnUpstream: true,
    ...options,
  });
  const found = headers.filter(({ name }) => name === 'Authorization').map(({ value }) => value);
  expect(found.length).toBeLessThanOrEqual(1);
  return { sent, headers, source, secrets, authorization: found[0] ?? null };
}

const github = 'https://github.com/acme/board.git';
const checkout: [string, string] = [
  'http.https://github.com/.extraheader',
  `AUTHORIZATION: ${basic('x:ghs_checkout')}`,
];

describe('who we are to a server', () => {
  test('nobody, without anything said', () => {
    expect(ask(github)).toMatchObject({ sent: github, headers: [], source: null, authorization: null });
  });

  test('the first of: ORC_AUTH_TOKEN, the URL, the configured header, the forge’s token, a bare user', () => {
    const url = 'https://bob:s%40cret@github.com/acme/board.git';
    const env = { ORC_AUTH_TOKEN: 'own-token', GITHUB_TOKEN: 'ghs_env' };
    const entries = entriesOf(checkout);
    expect(ask(url, { env, entries })).toMatchObject({
      sent: github,
      source: 'ORC_AUTH_TOKEN',
      authorization: basic('x-access-token:own-token'),
    });
    expect(ask(url, { env: { ...env, ORC_AUTH_TOKEN: '' }, entries }).authorization).toBe(basic('bob:s@cret'));
    expect(ask(github, { env: { GITHUB_TOKEN: 'ghs_env' }, entries }).authorization).toBe(basic('x:ghs_checkout'));
    expect(ask(github, { env }).source).toBe('ORC_AUTH_TOKEN');
    expect(ask(github, { env: { GITHUB_TOKEN: 'ghs_env' } })).toMatchObject({
      source: 'GITHUB_TOKEN',
      authorization: basic('x-access-token:ghs_env'),
    });
    expect(ask('https://ghp_bare@github.com/a.git', { env: { GITHUB_TOKEN: 'ghs_env' } }).source).toBe('GITHUB_TOKEN');
    expect(ask('https://ghp_bare@github.com/a.git').authorization).toBe(basic('ghp_bare:'));
  });

  test('ORC_AUTH_TOKEN comes with ORC_AUTH_USER, and goes nowhere but to the own upstream', () => {
    const env = { ORC_AUTH_TOKEN: 'own-token\n', ORC_AUTH_USER: 'oauth2' };
    expect(ask(github, { env }).authorization).toBe(basic('oauth2:own-token'));
    expect(ask(github, { env, isOwnUpstream: false }).authorization).toBe(null);
  });

  test('ORC_AUTH_TOKEN does not travel unencrypted, other tokens of the environment neither', () => {
    const env = { ORC_AUTH_TOKEN: 'own-token' };
    const url = 'http://git.example.com/x.git';
    expect(() => ask(url, { env })).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
    expect(() => ask(url, { env })).toThrow(expect.not.stringContaining('own-token'));
    expect(() => nativeHttpConfig({ url, env, entries: [], isOwnUpstream: true })).toThrow('unencrypted');
    for (const here of ['127.0.0.1:8080', 'localhost', '[::1]:3000'])
      expect(ask(`http://${here}/x.git`, { env }).source).toBe('ORC_AUTH_TOKEN');
    expect(ask('http://127.0.0.1.example.com/x.git', { env: {} }).source).toBe(null);
    expect(ask('http://github.com/x.git', { env: { GITHUB_TOKEN: 'ghs_env' } }).source).toBe(null);
    // What the user wrote beside the URL itself is the user's own decision.
    expect(ask('http://bob:secret@git.example.com/x.git').authorization).toBe(basic('bob:secret'));
  });

  test('a forge’s token goes to that forge alone', () => {
    const sourceOf = (url: string, env: Record<string, string>) => ask(url, { env }).source;
    const token = { GITHUB_TOKEN: 'ghs_env' };
    expect(sourceOf('https://github.com/x', token)).toBe('GITHUB_TOKEN');
    for (const url of [
      'https://github.com.evil.example/x',
      'https://evil.example/github.com',
      'https://github.com:8443/x',
    ])
      expect(sourceOf(url, token)).toBe(null);
    const enterprise = { ...token, GITHUB_SERVER_URL: 'https://ghe.example.com' };
    expect(sourceOf('https://ghe.example.com/x', enterprise)).toBe('GITHUB_TOKEN');
    expect(sourceOf('https://github.com/x', enterprise)).toBe(null);

    expect(sourceOf('https://gitlab.com/x', { GITLAB_TOKEN: 'glpat' })).toBe('GITLAB_TOKEN');
    expect(ask('https://gitlab.com/x', { env: { GITLAB_TOKEN: 'glpat' } }).authorization).toBe(basic('oauth2:glpat'));
    const job = { CI_JOB_TOKEN: 'job', CI_SERVER_HOST: 'gitlab.example.com' };
    expect(ask('https://gitlab.example.com/x', { env: job }).authorization).toBe(basic('gitlab-ci-token:job'));
    expect(sourceOf('https://gitlab.com/x', job)).toBe(null);
    expect(sourceOf('https://gitlab.com/x', { CI_JOB_TOKEN: 'job' })).toBe(null);
    const withPort = { ...job, GITLAB_TOKEN: 'glpat', CI_SERVER_URL: 'https://gitlab.example.com:8443' };
    expect(sourceOf('https://gitlab.example.com:8443/x', withPort)).toBe('GITLAB_TOKEN');
    expect(sourceOf('https://gitlab.example.com/x', withPort)).toBe(null);
  });

  test('headers that are no credentials go along with whatever is sent', () => {
    const entries = entriesOf(checkout, ['http.extraheader', 'X-Too-Late: 1'], [checkout[0], 'X-Trace: abc']);
    const { headers, authorization } = ask(github, { entries, env: { ORC_AUTH_TOKEN: 'own-token' } });
    expect(headers.map(({ name }) => name)).toEqual(['X-Trace', 'Authorization']);
    expect(authorization).toBe(basic('x-access-token:own-token'));
  });

  test('a header that stands there twice is sent once', () => {
    expect(ask(github, { entries: entriesOf(checkout, checkout) }).headers).toHaveLength(1);
  });

  test('what must not be shown is named: passwords, tokens, and headers as they are sent', () => {
    const url = 'https://bob:hunter22@github.com/x';
    expect(ask(url, { env: { ORC_AUTH_TOKEN: 'own-token' } }).secrets).toEqual(
      expect.arrayContaining(['own-token', basic('x-access-token:own-token').slice(6), 'hunter22']),
    );
    expect(ask(github, { entries: entriesOf(checkout) }).secrets).toEqual(
      expect.arrayContaining(['ghs_checkout', basic('x:ghs_checkout').slice(6)]),
    );
    expect(() => httpAccess({ url: 'https://bob:hunter22@[', env: {}, entries: [], isOwnUpstream: true })).toThrow(
      expect.not.stringContaining('hunter22'),
    );
  });
});

/** Each case is asked of git itself too. */
describe('settings for a URL', () => {
  const cases: { url: string; keys: string[]; expected: string }[] = [
    { url: 'https://h.io/a/b.git', keys: ['http.proxy'], expected: 'http.proxy' },
    {
      url: 'https://h.io/a/b.git',
      keys: ['http.https://h.io/.proxy', 'http.proxy'],
      expected: 'http.https://h.io/.proxy',
    },
    {
      url: 'https://h.io/a/b.git',
      keys: ['http.https://h.io/a.proxy', 'http.https://h.io.proxy'],
      expected: 'http.https://h.io/a.proxy',
    },
    {
      url: 'https://h.io/ab/c',
      keys: ['http.https://h.io/a.proxy', 'http.https://h.io.proxy'],
      expected: 'http.https://h.io.proxy',
    },
    { url: 'https://h.io:443/a', keys: ['http.https://h.io/a.proxy'], expected: 'http.https://h.io/a.proxy' },
    { url: 'https://h.io:444/a', keys: ['http.https://h.io/a.proxy', 'http.proxy'], expected: 'http.proxy' },
    { url: 'http://h.io/a', keys: ['http.https://h.io/a.proxy', 'http.proxy'], expected: 'http.proxy' },
    {
      url: 'https://x.h.io/a',
      keys: ['http.https://*.h.io.proxy', 'http.https://h.io.proxy'],
      expected: 'http.https://*.h.io.proxy',
    },
    {
      url: 'https://long.h.io/a',
      keys: ['http.https://long.h.io.proxy', 'http.https://*.h.io.proxy'],
      expected: 'http.https://long.h.io.proxy',
    },
    {
      url: 'https://bob@h.io/a',
      keys: ['http.https://bob@h.io.proxy', 'http.https://h.io.proxy'],
      expected: 'http.https://bob@h.io.proxy',
    },
    {
      url: 'https://eve@h.io/a',
      keys: ['http.https://bob@h.io.proxy', 'http.https://h.io.proxy'],
      expected: 'http.https://h.io.proxy',
    },
    { url: 'https://h.io/a', keys: ['http.https://bob@h.io.proxy', 'http.proxy'], expected: 'http.proxy' },
    {
      url: 'https://bob@h.io/a/b',
      keys: ['http.https://h.io/a.proxy', 'http.https://bob@h.io.proxy'],
      expected: 'http.https://h.io/a.proxy',
    },
  ];
  for (const { url, keys, expected } of cases) {
    test(`${url}: ${keys.join(', ')}`, () => {
      const args = keys.flatMap((key) => ['-c', `${key}=${key}`]);
      expect(git('/', ...args, 'config', '--get-urlmatch', 'http.proxy', url)).toBe(expected);
      expect(httpSetting(entriesOf(...keys.map((key): [string, string] => [key, key])), url, 'proxy')).toBe(expected);
    });
  }

  test('a list of headers adds up, is emptied by an empty one, and leaves out what is none', () => {
    const names = (...pairs: [string, string][]) =>
      extraHeaders(entriesOf(...pairs), 'https://h.io/a').map(({ name }) => name);
    const here = 'http.https://h.io/.extraheader';
    expect(names(['http.extraheader', 'A: 1'], [here, 'B: 1'], [here, 'C: 1'])).toEqual(['A', 'B', 'C']);
    expect(names(['http.extraheader', 'A: 1'], [here, ''], [here, 'C: 1'])).toEqual(['C']);
    expect(names([here, 'B: 1'], ['http.extraheader', 'A: 1'])).toEqual(['B']);
    expect(names([here, 'no colon'], [here, 'X: a\r\nY: b'], [here, 'Bad Name: 1'])).toEqual([]);
  });
});

describe('git is told', () => {
  const tell = (url: string, env: Record<string, string>, entries: HttpEntry[] = []) =>
    nativeHttpConfig({ url, env, entries, isOwnUpstream: true });

  test('ORC_AUTH_TOKEN, in place of any other Authorization', () => {
    const key = 'http.https://github.com/acme/board.git.extraheader';
    const entries = entriesOf(checkout, [checkout[0], 'X-Trace: abc']);
    expect(tell(github, { ORC_AUTH_TOKEN: 'own-token' }, entries)).toEqual([
      [key, ''],
      [key, 'X-Trace: abc'],
      [key, `Authorization: ${basic('x-access-token:own-token')}`],
    ]);
    expect(tell('https://bob:pw@github.com/x', { ORC_AUTH_TOKEN: 'own-token' })[0]?.[0]).toBe(
      'http.https://bob@github.com/x.extraheader',
    );
    expect(tell('git@github.com:acme/board.git', { ORC_AUTH_TOKEN: 'own-token' })).toEqual([]);
  });

  test('a forge’s token only where git has nothing of its own to try', () => {
    const env = { GITHUB_TOKEN: 'ghs_env' };
    expect(tell(github, env)).toHaveLength(2);
    expect(tell(github, env, entriesOf(checkout))).toEqual([]);
    expect(tell('https://bob:pw@github.com/x', env)).toEqual([]);
    expect(tell(github, env, entriesOf(['credential.helper', 'store']))).toEqual([]);
    expect(tell(github, env, entriesOf(['credential.https://github.com.helper', '!gh auth']))).toEqual([]);
    expect(tell(github, env, entriesOf(['core.askpass', 'x']))).toEqual([]);
    expect(tell(github, { ...env, GIT_ASKPASS: 'x' })).toEqual([]);
    expect(tell('https://example.com/x', env)).toEqual([]);
  });

  test('in a way that it understands, and that no process list shows', async () => {
    const remote = makeBareRemote();
    const head = addCommit(remote, 'refs/heads/orc');
    const server = await fakeGitServer(remote, { credentials: 'x-access-token:own-token' });
    const env = {
      ...isolatedEnv,
      ORC_AUTH_TOKEN: 'own-token',
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'http.extraHeader',
      GIT_CONFIG_VALUE_0: `Authorization: ${basic('somebody:else')}`,
    };
    const config = await readHostConfig(null, env);
    const started: (readonly string[])[] = [];
    const store = await createNativeStore(`${makeTempDir()}/board.git`, { objectFormat: 'sha1', env });
    for (const url of [server.url(), server.url('bob'), server.url('bob:wrong')]) {
      const access = nativeHttpConfig({ url, env, entries: config.entries, isOwnUpstream: true });
      const transport = nativeTransport(store.path, {
        url,
        label: 'origin',
        ref: 'refs/heads/orc',
        env,
        config: [...config.forTransport(null), ...access],
        onStart: (args) => started.push(args),
      });
      server.forget();
      expect(await transport.fetch()).toEqual({ outcome: 'fetched', head });
      expect(server.seen.every(({ headers }) => headers.authorization === basic('x-access-token:own-token'))).toBe(
        true,
      );
    }
    expect(started.flat().join(' ')).not.toMatch(new RegExp(`own-token|${basic('x-access-token:own-token').slice(6)}`));
  });
});

describe('the proxy', () => {
  const find = (
    url: string,
    env: Record<string, string> = {},
    pairs: [string, string][] = [],
    remoteName: string | null = null,
  ) => findProxy({ url, env, entries: entriesOf(...pairs), remoteName });

  test('is the remote’s own, the configured one, or that of the environment', () => {
    const env = { https_proxy: 'http://env:1', http_proxy: 'plain:2', ALL_PROXY: 'http://all:3' };
    expect(find('https://h.io/x', env)).toBe('http://env:1');
    expect(find('http://h.io/x', env)).toBe('http://plain:2');
    expect(find('http://h.io/x', { ALL_PROXY: 'http://all:3', HTTP_PROXY: 'http://cgi:4' })).toBe('http://all:3');
    expect(find('https://h.io/x', env, [['http.proxy', 'http://conf:5']])).toBe('http://conf:5');
    expect(find('https://h.io/x', env, [['http.proxy', '']])).toBe(null);
    const own: [string, string][] = [
      ['http.proxy', 'http://conf:5'],
      ['remote.up.proxy', 'http://own:6'],
    ];
    expect(find('https://h.io/x', env, own, 'up')).toBe('http://own:6');
    expect(find('https://h.io/x', env, own, 'down')).toBe('http://conf:5');
    expect(find('https://h.io/x')).toBe(null);
  });

  test('is not asked for what no_proxy names', () => {
    const env = (no_proxy: string) => ({ https_proxy: 'http://env:1', no_proxy });
    for (const list of ['*', 'h.io', '.io', 'x.com, h.io', 'h.io:443', 'H.IO'])
      expect(find('https://h.io/x', env(list))).toBe(null);
    for (const list of ['', 'ah.io', 'i.o', 'h.io:444', 'h.io.com'])
      expect(find('https://h.io/x', env(list))).toBe('http://env:1');
    expect(find('https://[::1]:8/x', env('::1'))).toBe(null);
  });
});
