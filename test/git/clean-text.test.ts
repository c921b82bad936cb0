import { describe, expect, test } from 'vitest';
import {
  cleanServerText,
  findConfigSecrets,
  findUrlSecrets,
  redactUrl,
  summarizeServerText,
} from '../../src/git/clean-text.ts';
import { checkRemoteUrl, isLocalUrl } from '../../src/git/url-safety.ts';

describe('what servers say', () => {
  test.each([
    ['\u001b[31mred\u001b[0m', 'red'],
    ['\u001b]52;c;ZXZpbA==\u0007copied', 'copied'],
    ['\u001b]8;;https://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u001b]0;never ends\nnext line', 'next line'],
    ['\u009b31mred \u0090q\u009c', 'red'],
    ['\u001bPdevice\u001b\\control\u001bc', 'control'],
    ['abc\u202edef\u2066\u200b\ufeff', 'abcdef'],
    ['hid\u{e0041}\u{e0042}den', 'hidden'],
    ['50%\r100%\r\ndone\u0000\u0007\u007f', '50%\n100%\ndone'],
    ['tab\tstays, naïve ünïcode 漢字 🦊 too', 'tab\tstays, naïve ünïcode 漢字 🦊 too'],
  ])('%j becomes %j', (text, clean) => {
    expect(cleanServerText(text)).toBe(clean);
  });

  test('loses credentials, whatever they are wrapped in', () => {
    const said = `fatal: 'https://bob:p%40ss@w@example.com/x?private_token=abc': no
Authorization: Basic Ym9iOmh1bnRlcjI=
ssh://git:pw12@host/x, your key tok-3n-value is invalid`;
    expect(
      cleanServerText(said, { secrets: ['tok-3n-value', 'p@ss', 'x'] }),
    ).toBe(`fatal: 'https://***@example.com/x': no
Authorization: Basic ***
ssh://git:***@host/x, your key *** is invalid`);
  });

  test('is cut to a length, and to one line that tells', () => {
    expect(cleanServerText('x'.repeat(50), { maxLength: 10 })).toBe('xxxxxxxxxx…');
    const said = "remote: no boards here\nremote: \nerror: failed to push some refs to 'x'\nhint: try again\n";
    expect(summarizeServerText(said, 'nothing')).toBe('no boards here');
    expect(summarizeServerText('hint: x\n', 'nothing')).toBe('nothing');
    expect(summarizeServerText('fatal: Could not read from remote repository.', 'nothing')).toBe(
      'Could not read from remote repository.',
    );
  });
});

test.each([
  ['https://user:token@host/path', 'https://***@host/path'],
  ['https://ghp_token@host/path?x=1#y', 'https://***@host/path'],
  ['https://host/path?private_token=1', 'https://host/path'],
  ['ssh://git@host/path', 'ssh://git@host/path'],
  ['ssh://git:secret@host/path', 'ssh://git:***@host/path'],
  ['git@host:path', 'git@host:path'],
  ['/srv/a@b.git', '/srv/a@b.git'],
])('%s is shown as %s', (url, shown) => {
  expect(redactUrl(url)).toBe(shown);
});

test('finds the secrets of a URL, as written and decoded', () => {
  expect(findUrlSecrets('https://user:p%40ssword@host/x').sort()).toEqual([
    'dXNlcjpwQHNzd29yZA==', // user:p@ssword
    'p%40ssword',
    'p@ssword',
    'user',
  ]);
  expect(findUrlSecrets('https://ghp_token:x-oauth-basic@host/x')).toContain('ghp_token');
  expect(findUrlSecrets('ssh://git@host/x')).toEqual([]);
  expect(findUrlSecrets('https://bob@host/x')).toEqual([]);
});

test('the credentials in settings: headers and proxies', () => {
  const secrets = findConfigSecrets([
    ['http.https://host/.extraheader', 'AUTHORIZATION: basic eDpnaHNfdG9rZW4='],
    ['http.extraheader', 'X-Token: t0ken-value'],
    ['http.proxy', 'http://proxy-user:pr0xy-word@proxy:3128'],
    ['remote.origin.proxy', 'socks5://proxy:1080'],
    ['http.sslverify', 'false'],
  ]);
  expect(secrets).toEqual(expect.arrayContaining(['eDpnaHNfdG9rZW4=', 't0ken-value', 'pr0xy-word']));
  expect(secrets).not.toContain('false');
  const said = 'no: you said eDpnaHNfdG9rZW4= to pr0xy-word';
  expect(cleanServerText(said, { secrets })).toBe('no: you said *** to ***');
});

test.each([
  'ext::sh -c touch% /tmp/x',
  'fd::7',
  'a-b::x',
  '_::x',
  '-oProxyCommand=x',
  '--upload-pack=x',
  'ssh://-oProxyCommand=x/y',
  'ssh://git@-oProxyCommand=x/y',
  'ssh://%2doProxyCommand=x/y',
  'ssh://[-oProxyCommand=x]/y',
  'git@-oProxyCommand=x:y',
  'git://-x/y',
  'https://host/\nx',
  '',
])('the URL %j is refused', (url) => {
  expect(() => checkRemoteUrl(url)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
});

test.each([
  ['https://user:pa-ss@host/x', false],
  ['ssh://git@host:22/-x', false],
  ['git@host:path/x.git', false],
  ['host:-path', false],
  ['[::1]:x', false],
  ['ssh://[::1]/x', false],
  ['/srv/git/x.git', true],
  ['../x', true],
  ['./a:b::c', true],
  ['file:///srv/x', true],
])('the URL %j passes, local: %j', (url, local) => {
  expect(() => checkRemoteUrl(url)).not.toThrow();
  expect(isLocalUrl(url)).toBe(local);
});

test('long runs of one character are cleaned in good time', () => {
  const began = performance.now();
  for (const run of ['x', ' ', '\t', 'a://', 'authorization: ', '\u001b[', '\u009d'])
    cleanServerText(`${run.repeat(100_000)}!`, { maxLength: 1_000_000 });
  expect(performance.now() - began).toBeLessThan(5_000);
});
