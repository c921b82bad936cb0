import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OrcError } from '../../src/errors.ts';
import { lastValue, readConfigFile, setConfigValues } from '../../src/git/config-file.ts';
import type { ConfigEntry } from '../../src/git/config-syntax.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'orc-config-'));
  file = path.join(folder, 'config');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function parse(text: string | Buffer): readonly ConfigEntry[] {
  writeFileSync(file, text);
  return readConfigFile(file);
}

/** What git itself reads from the file, or `null` when it refuses it. */
function readWithGit(target: string): ConfigEntry[] | null {
  try {
    const output = execFileSync('git', ['config', '--file', target, '--includes', '--list', '-z'], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { PATH: process.env.PATH, HOME: folder },
    });
    return output
      .toString('utf8')
      .split('\0')
      .slice(0, -1)
      .map((entry) => {
        const end = entry.indexOf('\n');
        return end === -1 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
      });
  } catch {
    return null;
  }
}

function codeOf(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    return error instanceof OrcError ? error.code : String(error);
  }
}

describe('reading', () => {
  it('folds the case of sections and names, and keeps that of subsections', () => {
    expect(parse('[Remote "Origin"]\n\tPushURL = x\n[CORE]\nbare=TRUE\n')).toEqual([
      ['remote.Origin.pushurl', 'x'],
      ['core.bare', 'TRUE'],
    ]);
  });

  const cases: readonly (readonly [string, string])[] = [
    ['bare keys mean true', '[a]\nb\nc=\nd = \n'],
    ['comments', '# one\n; two\n[a] ; three\nb = c # four\nd = "e # f" ; five\n#[x]\n'],
    ['escapes', '[a]\nb = "x\\ty\\nz\\bq\\\\r\\"s"\nc = x\\ty\n'],
    ['partly quoted values', '[a]\nb = one "two  three" four\nc = " lead"\nd = ""\ne = "" x\nf = x""y\n'],
    ['continuation lines', '[a]\nb = one \\\n  two\\\nthree\nc = "x\\\n  y"\nd = e \\\n\n'],
    ['a comment hides a continuation', '[a]\nb = c # d \\\ne = f\n'],
    ['inner and outer spaces', '[a]\n   b   =   c  d   \ne=f\n'],
    ['a key beside its header', '[a] b = c\n[a "x"] d\n'],
    ['the deprecated subsection', '[Branch.Main.X]\nb = c\n[a.]\nb=c\n'],
    ['quoted subsections', '[a "b\\"c\\\\d\\e ]#;"]\nf = g\n[a   "" ]\n'],
    ['an empty subsection', '[a ""]\nb = c\n'],
    ['DOS line ends', '[a]\r\nb = c\r\nd = "e"\r\nf = g \\\r\n h\r\ni\r\n'],
    ['a byte order mark', '\u{feff}[a]\nb = c\n'],
    ['no line end at the end', '[a]\nb = c'],
    ['keys before any section', 'a = b\n'],
    ['other alphabets', '[a "größe"]\nb = naïve 🦀\n'],
    ['an empty file', ''],
    // and what git refuses
    ['a comment after a bare key', '[a]\nb # c\n'],
    ['an open quote', '[a]\nb = "c\n'],
    ['an unknown escape', '[a]\nb = c\\d\n'],
    ['an open header', '[a\nb = c\n'],
    ['an open subsection', '[a "b\n]\nc = d\n'],
    ['a subsection without quotes', '[a b]\nc = d\n'],
    ['text behind a subsection', '[a "b"x]\nc = d\n'],
    ['names with underscores', '[a]\nb_c = d\n'],
    ['names that begin with a digit', '[a]\n1b = d\n'],
    ['an escape at the very end', '[a]\nb = c\\'],
    ['a header at the very end', '[a'],
  ];
  it.each(cases)('agrees with git about %s', (_, text) => {
    writeFileSync(file, text);
    const expected = readWithGit(file);
    if (expected === null) expect(codeOf(() => readConfigFile(file))).toBe('git-failed');
    else expect(readConfigFile(file)).toEqual(expected);
  });

  it('agrees with git about files made of random pieces', () => {
    const piece = fc.constantFrom(
      ...'[a]|[A.b]|[a "B"]|[a|]|"|\\|\\\n|\\t|\\"|#|;|=| = | |\n|\r\n'.split('|'),
      ...['b', 'key', 'Key2', '1', '-', 'ü', 'v w', '\n\tk = ', '\n[c]\nd = e\n', 'b = c\n', 'x'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        writeFileSync(file, `[s]\n${pieces.join('')}`);
        const expected = readWithGit(file);
        // Before 2.45 git turned tabs inside of values into spaces.
        const spaced = (entries: readonly ConfigEntry[]) =>
          entries.map(([key, value]) => [key, value.replace(/\t/g, ' ')]);
        if (expected === null) expect(codeOf(() => readConfigFile(file))).toBe('git-failed');
        else expect(spaced(readConfigFile(file))).toEqual(spaced(expected));
      }),
      { numRuns: 400 },
    );
  });

  it('names the file and the line of what it cannot read', () => {
    writeFileSync(file, '[a]\nb = c\n\nd = "e\n');
    expect(() => readConfigFile(file)).toThrow(
      expect.objectContaining({ code: 'git-failed', details: { file, line: 4 } }) as Error,
    );
  });

  it('takes a missing file for an empty one', () => {
    expect(readConfigFile(path.join(folder, 'none'))).toEqual([]);
    expect(readConfigFile(path.join(file, 'below-a-file'))).toEqual([]);
  });

  it('keeps white space inside of values as it is', () => {
    expect(parse('[a]\nb = c\rd\t \te \t\n')).toEqual([['a.b', 'c\rd\t \te']]);
  });

  it('refuses a NUL, where git would cut the value short', () => {
    expect(codeOf(() => parse('[a]\nb = c\0d\n'))).toBe('git-failed');
  });
});

describe('includes', () => {
  it('stand at the place of their include.path, relative to the file, absolute, or in the home folder', () => {
    writeFileSync(path.join(folder, 'one'), '[x]\na = 1\n');
    writeFileSync(path.join(folder, 'two'), '[x]\na = 2\n');
    writeFileSync(path.join(folder, 'three'), '[x]\na = 3\n');
    writeFileSync(
      file,
      `[x]\na = 0\n[include]\npath = one\npath = ${folder}/two\npath = ~/three\npath = none\n[x]\nb = c\n`,
    );
    expect(readConfigFile(file, { home: folder })).toEqual(readWithGit(file));
    expect(lastValue(readConfigFile(file, { home: folder }), 'x.a')).toBe('3');
    expect(lastValue(readConfigFile(file, { includes: false }), 'x.a')).toBe('0');
  });

  it('end in an error when a file includes itself', () => {
    writeFileSync(file, '[include]\npath = config\n');
    expect(readWithGit(file)).toBeNull();
    expect(codeOf(() => readConfigFile(file))).toBe('git-failed');
  });

  it('leave includeIf alone', () => {
    writeFileSync(path.join(folder, 'one'), '[x]\na = 1\n');
    expect(parse('[includeIf "gitdir:/"]\npath = one\n')).toEqual([['includeif.gitdir:/.path', 'one']]);
  });
});

describe('writing', () => {
  async function set(before: string, ...entries: ConfigEntry[]): Promise<string> {
    writeFileSync(file, before);
    await setConfigValues(file, entries);
    return readFileSync(file, 'utf8');
  }

  it('creates the file and its sections', async () => {
    await setConfigValues(file, [
      ['orc.branch', 'orc'],
      ['orc.remote', 'origin'],
      ['orc.Sub.x', 'y'],
    ]);
    expect(readFileSync(file, 'utf8')).toBe('[orc]\n\tbranch = orc\n\tremote = origin\n[orc "Sub"]\n\tx = y\n');
  });

  it('changes a value where it stands, and keeps comments, spelling and order', async () => {
    expect(await set('# top\n[Orc] # section\n  Branch=old ; why\n\tother = x\n', ['orc.branch', 'new'])).toBe(
      '# top\n[Orc] # section\n  Branch = new ; why\n\tother = x\n',
    );
  });

  it('changes the last of several, which is the one that counts', async () => {
    expect(await set('[a]\nb = 1\nb = 2\n', ['a.b', '3'])).toBe('[a]\nb = 1\nb = 3\n');
  });

  it('replaces bare keys, empty values and values of several lines as a whole', async () => {
    const text = await set(
      '[a]\nb\nc =\nd = one \\\n two\ne = x \\\n\nf = g',
      ['a.b', '1'],
      ['a.c', '2'],
      ['a.d', '3'],
      ['a.e', '4'],
    );
    expect(text).toBe('[a]\nb = 1\nc = 2\nd = 3\ne = 4\nf = g');
  });

  it('appends to the last section of that name, before the next section', async () => {
    expect(await set('[a]\nx = 1\n[b]\ny = 2\n[a]\nz = 3 # c\n\n[c]\n', ['a.new', 'v'])).toBe(
      '[a]\nx = 1\n[b]\ny = 2\n[a]\nz = 3 # c\n\tnew = v\n\n[c]\n',
    );
    expect(await set('[a]', ['a.b', 'c'])).toBe('[a]\n\tb = c\n');
    expect(await set('[a] x = 1\n[b]\n', ['a.b', 'c'])).toBe('[a] x = 1\n\tb = c\n[b]\n');
  });

  it('opens a section anew where two headers share a line', async () => {
    expect(await set('[a] [b] c = 1', ['a.x', 'y'])).toBe('[a] [b] c = 1\n[a]\n\tx = y\n');
  });

  it('leaves bytes that are no UTF-8 as they are', async () => {
    writeFileSync(file, Buffer.from([...Buffer.from('[a]\nb = '), 0xe4, 0xff, ...Buffer.from('\nc = d\n')]));
    await setConfigValues(file, [['a.c', 'ü']]);
    expect(readFileSync(file)).toEqual(
      Buffer.from([...Buffer.from('[a]\nb = '), 0xe4, 0xff, ...Buffer.from('\nc = "ü"\n')]),
    );
  });

  it('writes any value so that git reads the same', async () => {
    const value = fc.string({ unit: fc.constantFrom(...'ab "\\\n\t\b\r#;=ü[]🦀', '  '), maxLength: 12 });
    const key = fc.constantFrom('a.b', 'a.c', 'x.Sub "\\ .d', 'x.y.z.d');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(key, value), { minLength: 1, maxLength: 4 }), async (entries) => {
        writeFileSync(file, '[a] ; c\nb\n[x "y.z"]\n[q]\nr = "s"');
        await setConfigValues(file, entries);
        const read = readWithGit(file) ?? [];
        for (const [name, expected] of new Map(entries)) expect(lastValue(read, name)).toBe(expected);
        expect(lastValue(read, 'q.r')).toBe('s');
      }),
      { numRuns: 150 },
    );
  });

  it('keeps permissions, and writes through a symlink', async () => {
    const link = path.join(folder, 'link');
    writeFileSync(file, '', { mode: 0o600 });
    symlinkSync(file, link);
    await setConfigValues(link, [['a.b', 'c']]);
    expect(readFileSync(file, 'utf8')).toBe('[a]\n\tb = c\n');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it.each(['b', 'a.1b', 'a.b_c', 'a.x\ny.b', '', 'a b.c'])('refuses the key %j', async (key) => {
    await expect(setConfigValues(file, [[key, 'v']])).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  it('refuses a NUL, and changes nothing when one of several entries is impossible', async () => {
    writeFileSync(file, '[a]\nb = 1\n');
    const change = setConfigValues(file, [
      ['a.b', '2'],
      ['a.c', 'x\0y'],
    ]);
    await expect(change).rejects.toMatchObject({ code: 'invalid-argument' });
    expect(readFileSync(file, 'utf8')).toBe('[a]\nb = 1\n');
    expect(existsSync(`${file}.lock`)).toBe(false);
  });

  it('leaves a malformed file alone', async () => {
    writeFileSync(file, '[a\nb');
    await expect(setConfigValues(file, [['a.b', '2']])).rejects.toMatchObject({ code: 'git-failed' });
    expect(readFileSync(file, 'utf8')).toBe('[a\nb');
  });

  it('removes a leftover config.lock, and gives up on one that stays fresh', async () => {
    const lock = `${file}.lock`;
    writeFileSync(lock, 'half');
    utimesSync(lock, Date.now() / 1000 - 5, Date.now() / 1000 - 5);
    await setConfigValues(file, [['a.b', '1']]);
    expect(lastValue(readConfigFile(file), 'a.b')).toBe('1');

    let now = 0;
    const timing = {
      now: () => now,
      random: () => 0.5,
      sleep: async (ms: number) => {
        now += ms;
        writeFileSync(lock, 'busy');
      },
    };
    writeFileSync(lock, 'busy');
    await expect(setConfigValues(file, [['a.b', '2']], timing)).rejects.toMatchObject({ code: 'store-busy' });
    expect(lastValue(readConfigFile(file), 'a.b')).toBe('1');
    expect(now).toBeGreaterThanOrEqual(5_000);
  });

  it('loses no change of several that happen at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, index) => setConfigValues(file, [[`a.k${index}`, `${index}`]])));
    expect(readConfigFile(file)).toHaveLength(20);
  });

  it('tells a folder that is not there', async () => {
    await expect(setConfigValues(path.join(folder, 'no/config'), [['a.b', 'c']])).rejects.toMatchObject({ code: 'io' });
  });
});
