import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Board } from '../../src/core/board.ts';
import { defaultSettings } from '../../src/core/records.ts';
import { settingKeys } from '../../src/core/setting-keys.ts';
import { readPlainSettings } from '../../src/layout/plain-settings.ts';
import {
  faultInSettings,
  parseSettings,
  refreshSettings,
  setSetting,
  settingNames,
} from '../../src/layout/settings.ts';
import { parseYaml } from '../../src/layout/yaml.ts';

const template = readFileSync(new URL('../../.orc-template/orc.yaml', import.meta.url), 'utf8');

describe('orc.yaml', () => {
  it('of the template sets every setting to its default, and needs no YAML parser', async () => {
    expect(await parseSettings(template)).toEqual({ settings: defaultSettings, faults: [] });
    expect(readPlainSettings(template)).not.toBeNull();
    for (const key of [...settingKeys, 'format', 'authors']) expect(template).toMatch(new RegExp(`^${key}: `, 'm'));
    expect(Object.keys(settingNames)).toEqual([...settingKeys]);
  });

  it.each(['', '\n', '# nothing\n', '---\n', '{}'])('that says nothing (%j) means the defaults', async (text) => {
    expect(await parseSettings(text)).toEqual({ settings: defaultSettings, faults: [] });
  });

  it('sets what it says', async () => {
    const text =
      'publish: sync\nlease: 2h\nlock_ttl: 90s\nclock_skew: 0\nmax_attempts: 5\nboard_md: false\nmanual_edits: refuse\nedit_locks: take\nauthors:\n  agent-1: a@example.org\n';
    expect(await parseSettings(text)).toEqual({
      settings: {
        format: 1,
        publish: 'sync',
        lease_ms: 7_200_000,
        lock_ttl_ms: 90_000,
        clock_skew_ms: 0,
        max_attempts: 5,
        board_md: false,
        manual_edits: 'refuse',
        edit_locks: 'take',
        authors: { 'agent-1': 'a@example.org' },
      },
      faults: [],
    });
  });

  it('keeps the default for a value that is not allowed, and says what is', async () => {
    const text = 'publish: soon\nlease: 60\nmax_attempts: 0\nboard_md: "no"\ncolour: red\nauthors: [x]\nlock_ttl: 1y\n';
    const parsed = await parseSettings(text);
    expect(parsed).toMatchObject({ settings: defaultSettings });
    expect('faults' in parsed && parsed.faults).toEqual([
      'publish must be each, claims or sync',
      'lease must be a length of time with its unit, such as 30m or 2h',
      'max_attempts must be a whole number from 1 to 1000',
      'board_md must be true or false',
      'has an unknown setting: colour',
      'authors must be a mapping of agents to addresses',
      'lock_ttl must be a length of time with its unit, such as 60s or 10m',
    ]);
  });

  it('names the place of the first fault in the YAML, and draws nothing of it', async () => {
    const parsed = await parseSettings(`# mine\nlease: ${'{}'.repeat(100)}\n`);
    expect(parsed).toEqual({
      fault: 'is no YAML that orc reads: Unexpected flow-map-start at node end at line 2, column 10',
    });
  });

  it('leaves out authors that are none', async () => {
    const parsed = await parseSettings('authors:\n  a: "x> <y@z"\n  ../b: b@c\n  d: d@e.f\n  __proto__: p@q\n');
    expect(parsed).toMatchObject({ settings: { authors: { d: 'd@e.f' } } });
    expect('faults' in parsed && parsed.faults).toHaveLength(3);
  });

  const unreadable: readonly (readonly [string, string])[] = [
    ['no mapping', '- a\n- b\n'],
    ['plain text', 'hello\n'],
    ['a syntax error', 'publish: [each\n'],
    ['conflict markers', '<<<<<<< HEAD\npublish: each\n=======\npublish: sync\n>>>>>>> x\n'],
    ['a key twice', 'publish: each\npublish: sync\n'],
    ['an alias', 'a: &x 1\nb: *x\n'],
    ['a billion laughs', `a: &a [x]\nb: &b [${'*a,'.repeat(9)}]\nc: [${'*b,'.repeat(9)}]\n`],
    ['a tag', 'publish: !!js/function "() => 1"\n'],
    ['a directive', '%YAML 1.1\n---\npublish: each\n'],
    ['two documents', 'publish: each\n---\npublish: sync\n'],
    ['deep nesting in brackets', `authors: ${'['.repeat(50_000)}`],
    ['deep nesting in dashes', `authors:\n  ${'- '.repeat(30_000)}x\n`],
    ['a megabyte', `# ${'x'.repeat(1024 * 1024)}\n`],
    ['a merge key with an alias', 'x: &a {publish: sync}\n<<: *a\n'],
  ];
  it.each(unreadable)('that is %s is unreadable', async (_what, text) => {
    const started = performance.now();
    expect(await parseSettings(text)).toEqual({ fault: expect.any(String) });
    expect(await faultInSettings(text)).toEqual(expect.any(String));
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('may be nested 16 deep and no deeper', async () => {
    for (const [depth, isFine] of [
      [16, true],
      [17, false],
    ] as const) {
      const flow = `x: ${'['.repeat(depth)}${']'.repeat(depth)}\n`;
      const dashes = `x:\n  ${'- '.repeat(depth)}y\n`;
      for (const text of [flow, dashes]) {
        expect(await parseYaml(text)).toEqual(
          isFine ? expect.objectContaining({ value: expect.anything() }) : { fault: 'it is nested deeper than 16' },
        );
      }
    }
  });

  it('is read the same without and with the YAML parser', async () => {
    const word = fc.constantFrom(
      'each',
      'true',
      'false',
      'null',
      'yes',
      'no',
      'on',
      'y',
      'True',
      'NULL',
      '0',
      '007',
      '10',
      '1_000',
      '0x1f',
      '0o17',
      '1e3',
      '30m',
      '5s',
      '12345678901234567890',
      '{}',
      '[]',
      '~',
      '-',
      '--',
      '-1',
      '.5',
      "'a'",
      '"a"',
      'a b',
      'a:b',
      'a: b',
      'a#b',
      'a #b',
      '#',
      '',
      'a-b',
      'a_b',
      '3d',
      '1d2h',
      'é',
      'Infinity',
      'inf',
      'a,b',
      '!x',
      '&x',
      '*x',
      '%x',
      '@x',
      '`x',
      '|',
      '>',
      '?',
    );
    const key = fc.constantFrom(
      'publish',
      'lease',
      'authors',
      'x',
      'null',
      'true',
      'y',
      '_',
      '__proto__',
      'a1',
      '',
      '- a',
      '? a',
      '"q"',
    );
    const space = fc.constantFrom('', ' ', '  ', '\t');
    const line = fc.oneof(
      {
        weight: 6,
        arbitrary: fc
          .tuple(key, space, word, fc.constantFrom('', ' # c', '#c', ' ', '\r', '\t'))
          .map(([k, s, w, c]) => `${k}:${s}${w}${c}`),
      },
      fc.constantFrom('', '# comment', '  # comment', '---', '...', '  indented: 1', '\t', ' ', '#', '-', '\ufeff'),
    );
    let plain = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(line, { maxLength: 5 }), async (lines) => {
        const text = lines.join('\n');
        const quick = readPlainSettings(text);
        if (quick === null) return;
        plain += 1;
        const parsed = await parseYaml(text);
        expect(parsed).toHaveProperty('value');
        if ('value' in parsed) expect(quick).toEqual(parsed.value ?? {});
      }),
      { numRuns: 3000 },
    );
    expect(plain).toBeGreaterThan(300);
  });
});

describe('setting a value', () => {
  it('keeps comments and everything else', async () => {
    const changed = await setSetting(template, 'lease', '2h');
    expect(changed).toBe(template.replace('lease: 30m', 'lease: 2h'));
    expect(await parseSettings(changed)).toMatchObject({ settings: { lease_ms: 7_200_000 }, faults: [] });
    expect(await setSetting(changed, 'lease', '30m')).toBe(template);
  });

  it.each([
    ['publish', 'claims', { publish: 'claims' }],
    ['lock_ttl', '1.5h', { lock_ttl_ms: 5_400_000 }],
    ['clock_skew', '0', { clock_skew_ms: 0 }],
    ['max_attempts', '7', { max_attempts: 7 }],
    ['board_md', 'false', { board_md: false }],
    ['manual_edits', 'knowledge', { manual_edits: 'knowledge' }],
    ['edit_locks', 'off', { edit_locks: 'off' }],
    ['lease', '60000ms', { lease_ms: 60_000 }],
  ])('%s to %s works on the template, on empty text and on comments alone', async (key, value, expected) => {
    for (const text of [template, '', '# mine\n', '{}\n', '---\nx: 1\n']) {
      const changed = await setSetting(text, key, value);
      expect(await parseSettings(changed)).toMatchObject({ settings: expected });
      for (const comment of text.match(/^#.*$/gm) ?? []) expect(changed).toContain(comment);
    }
  });

  it.each([
    ['publish', 'soon', /each, claims or sync/],
    ['publish', 'each\nboard_md: false', /each, claims or sync/],
    ['lease', '-5', /length of time/],
    ['lease', '0', /length of time/],
    ['lease', '60', /length of time with its unit/],
    ['lease', '1y', /length of time/],
    ['lease', 'NaN', /length of time/],
    ['max_attempts', '1.5', /whole number/],
    ['board_md', 'yes', /true or false/],
    ['colour', 'red', /no setting "colour"/],
    ['format', '2', /no setting "format"/],
    ['__proto__', 'x', /no setting/],
    ['constructor', 'x', /no setting/],
  ])('%s to %j is refused', async (key, value, message) => {
    await expect(setSetting(template, key, value)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  it('is refused on a text that is no YAML', async () => {
    await expect(setSetting('a: [', 'lease', '1h')).rejects.toMatchObject({ code: 'board-unreadable' });
    await expect(setSetting('- a', 'lease', '1h')).rejects.toMatchObject({ code: 'board-unreadable' });
  });
});

describe('refreshing settings', () => {
  it('makes them follow the text; an unreadable text is refused and changes nothing', async () => {
    const board = Board.empty();
    board.settingsText = 'board_md: false\n';
    await refreshSettings(board);
    expect(board.settings.board_md).toBe(false);
    board.settingsText = 'a: [';
    await expect(refreshSettings(board)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(board.settings.board_md).toBe(false);
  });
});
