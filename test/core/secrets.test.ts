import { describe, expect, it } from 'vitest';
import { findSecret, redactSecrets } from '../../src/core/secrets.ts';

const letters = (count: number): string => 'aB3dE5gH7jK9mN1pQ2sT4vW6yZ8'.repeat(10).slice(0, count);

/** Put together here, so that no scanner takes this file for a leak. */
const secrets: readonly (readonly [string, string])[] = [
  ['a private key', `-----BEGIN ${'PRIVATE'} KEY-----`],
  ['a private key', `-----BEGIN RSA ${'PRIVATE'} KEY-----\nMIIE`],
  ['a private key', `-----BEGIN PGP ${'PRIVATE'} KEY BLOCK-----`],
  ['a private key', `-----BEGIN OPENSSH ${'PRIVATE'} KEY-----`],
  ['a GitHub token', `gh${'p_'}${letters(36)}`],
  ['a GitHub token', `github${'_pat_'}${letters(60)}`],
  ['a GitLab token', `gl${'pat-'}${letters(20)}`],
  ['an AWS access key', `AK${'IA'}ABCDEFGHIJKLMNOP`],
  ['a Slack token', `xo${'xb-'}123456789012-abc`],
  ['a Google API key', `AI${'za'}${letters(35)}`],
  ['an npm token', `npm${'_'}${letters(36)}`],
  ['a PyPI token', `pypi-${'AgEIcHlwaS5vcmc'}${letters(60)}`],
  ['a Stripe key', `sk${'_live_'}${letters(24)}`],
  ['an Anthropic key', `sk-${'ant-'}${letters(30)}`],
  ['an OpenAI key', `sk-${'proj-'}${letters(48)}`],
  ['a Hugging Face token', `hf${'_'}${letters(34)}`],
  ['a credential in a URL', `postgres://admin:${'hunter2x'}@db.example.com/x`],
  ['a credential in a URL', `redis://:${'hunter2x'}@cache`],
  ['a JSON web token', `ey${'J'}${letters(20)}.eyJ${letters(20)}.${letters(20)}`],
];

describe('what looks like a credential', () => {
  it.each(secrets)('is found: %s', (what, secret) => {
    expect(findSecret(secret)).toBe(what);
    expect(findSecret(`before\n"${secret}" after`)).toBe(what);
  });

  it('is found at any depth, in keys as well', () => {
    const [what, secret] = secrets[4] as readonly [string, string];
    expect(findSecret({ a: [{ b: ['x', secret] }] })).toBe(what);
    expect(findSecret({ [secret]: 1 })).toBe(what);
  });

  it('is not told itself', () => {
    for (const [, secret] of secrets) expect(findSecret(secret)).not.toContain(secret.slice(-8));
  });
});

describe('ordinary text', () => {
  it.each([
    '',
    'see https://example.com:8080/a@b',
    'git@github.com:user/repo.git',
    'https://example.com/path?x=1',
    'sk-learn and the task-list',
    'ghp_short',
    '-----BEGIN CERTIFICATE-----',
    '-----BEGIN PUBLIC KEY-----',
    '299833bc299833bc299833bc299833bc299833bc',
    'eyJhbGciOiJIUzI1NiJ9 alone',
  ])('%j passes', (text) => {
    expect(findSecret(text)).toBeNull();
  });

  it.each([null, undefined, 0, true, [], {}])('%j passes', (value) => {
    expect(findSecret(value)).toBeNull();
  });
});

describe('searching a MiB', () => {
  const size = 1024 * 1024;
  const runs: readonly string[] = [
    'a',
    'a-',
    'a.',
    'a+a.a-',
    'a://',
    'a://b:',
    'a://b:ccc',
    'eyJaaaaaaaaaa-',
    'eyJaaaaaaaaaa.',
    'eyJaaaaaaaaaa.eyJaaaaaaaaaa',
    '-----BEGIN ',
    '-----BEGIN A ',
    'A ',
    'ghp_',
    'github_pat_',
    'glpat-',
    'AKIA',
    'xoxb-',
    'AIza',
    'AIza-',
    'npm_',
    'pypi-AgEIcHlwaS5vcmc',
    'sk_live_',
    'sk-ant-',
    'sk-',
    'hf_',
    ':',
    '@',
    '/',
    ' ',
  ];

  it.each(runs)('of %j repeated takes time in proportion', (run) => {
    const time = (length: number): number => {
      const text = run.repeat(Math.ceil(length / run.length)).slice(0, length);
      const start = performance.now();
      findSecret(text);
      return performance.now() - start;
    };
    // A pattern that is quadratic takes minutes here; one in proportion takes some 10 ms, on a busy machine too.
    expect(time(size)).toBeLessThan(1000);
  });
});

describe('taken out of a text', () => {
  it.each(secrets)('%s', (what, secret) => {
    const clean = redactSecrets(`before ${secret}`);
    expect(clean).toMatch(/^before /);
    expect(clean).toContain(what === 'a private key' ? '[redacted: a private key]' : `[redacted: ${what}]`);
    expect(findSecret(clean)).toBeNull();
  });

  it('a key goes with all its lines, also where its beginning or its end was cut off', () => {
    const [begin, end] = [`-----BEGIN RSA ${'PRIVATE'} KEY-----`, `-----END RSA ${'PRIVATE'} KEY-----`];
    expect(redactSecrets(`a\n${begin}\nMIIE\nxyz\n${end}\nb`)).toBe('a\n[redacted: a private key]\nb');
    expect(redactSecrets(`a\n${begin}\nMIIE\nxyz`)).toBe('a\n[redacted: a private key]');
    expect(redactSecrets(`MIIE\nxyz\n${end}\nb`)).toBe('[redacted: a private key]\nb');
  });

  it('what is none stays as it is', () => {
    const text = 'tests passed: 12\nsee https://example.com/a?b=c\n';
    expect(redactSecrets(text)).toBe(text);
  });

  it('many beginnings of keys take no quadratic time', () => {
    const began = performance.now();
    redactSecrets(`-----BEGIN ${'PRIVATE'} KEY-----`.repeat(30_000));
    redactSecrets(`-----END ${'PRIVATE'} KEY-----`.repeat(30_000));
    expect(performance.now() - began).toBeLessThan(1_000);
  });
});
