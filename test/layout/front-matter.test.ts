import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { joinFrontMatter, splitFrontMatter } from '../../src/layout/front-matter.ts';
import { decodeRecord } from '../../src/layout/read-board.ts';
import { anyBody } from '../support/board-files.ts';

const encoder = new TextEncoder();

/** Planted in every hostile input; whoever runs code sets it. */
const planted = globalThis as { orcMarker?: unknown };
const plant = 'globalThis.orcMarker = 1';

afterEach(() => {
  expect(planted.orcMarker, 'front matter was executed').toBeUndefined();
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
});

function read(text: string) {
  return decodeRecord('knowledge/notes.md', encoder.encode(text));
}

async function record(text: string) {
  const decoded = await read(text);
  if (!('record' in decoded)) throw new Error(decoded.reason);
  return decoded.record;
}

describe('a body', () => {
  it('comes back byte for byte, whatever it holds', async () => {
    await fc.assert(
      fc.asyncProperty(anyBody, async (body) => {
        const text = await joinFrontMatter({ fields: { title: null, version: 1 }, body });
        expect(text).toBe(`---\ntitle: null\nversion: 1\n---\n${body}`);
        expect(await splitFrontMatter(text)).toEqual({ fields: { title: null, version: 1 }, body });
      }),
      { numRuns: 500 },
    );
  });

  it.each(['', '\n', '\n\n\ntext', 'text', '---\n', '---\na: b\n---\n', 'a\r\nb\r\n', '\ufeff# T', '---js\nx', '\0'])(
    'such as %j',
    async (body) => {
      const text = await joinFrontMatter({ fields: { version: 1 }, body });
      expect(await splitFrontMatter(text)).toEqual({ fields: { version: 1 }, body });
    },
  );
});

describe('a file written by hand', () => {
  it('without front matter is knowledge with defaults', async () => {
    expect(await record('# Payments\n\nUSDC.\n')).toEqual({
      topic: 'notes',
      title: null,
      tags: [],
      paths: [],
      updated_by: 'system',
      updated_at: '1970-01-01T00:00:00.000Z',
      version: 0,
      content: '# Payments\n\nUSDC.\n',
    });
  });

  it.each([
    ['nothing', ''],
    ['a longer rule at the top', '----\ntext\n'],
    ['a rule at the top that nothing closes', '---\ntext\n'],
    ['a rule with a space', '--- \ntext\n---\n'],
    ['one line of dashes', '---'],
    ['a BOM', '\ufeff# T\n'],
    ['front matter that does not stand at the top', '\n---\ntitle: x\n---\n'],
  ])('with %s is all body', async (_what, text) => {
    expect(await record(text)).toMatchObject({ content: text, title: null });
  });

  it('may have CRLF and a BOM', async () => {
    expect(await record('\ufeff---\r\ntitle: A\r\ntags: [x]\r\n---\r\nbody\r\n')).toMatchObject({
      title: 'A',
      tags: ['x'],
      content: 'body\r\n',
    });
  });

  it('may have empty front matter, fields of its own, numbers as text, comments and blank lines', async () => {
    expect(await record('---\n---\nx')).toMatchObject({ content: 'x', title: null });
    expect(
      await record('---\n# mine\n\ntitle: 2026\nlayout: page\ndate: 2026-01-01\ntags: [1, true]\n---\nx'),
    ).toMatchObject({
      title: '2026',
      tags: ['1', 'true'],
      content: 'x',
    });
  });

  it('keeps times as text', async () => {
    expect(await record('---\nupdated_at: 2026-02-06T07:46:31.721Z\n---\n')).toMatchObject({
      updated_at: '2026-02-06T07:46:31.721Z',
    });
    expect(await read('---\nupdated_at: yesterday\n---\n')).toHaveProperty(
      'reason',
      expect.stringMatching(/updated_at must be a time/),
    );
  });
});

describe('a title or a path', () => {
  it.each(['...', '---', 'a\u2028---', 'a\u2029--- b', '- ...', '%x', '&x', '*', '!x', '\u001f', '\u0085...'])(
    'that is %j comes back as it was written',
    async (text) => {
      const fields = { title: text, paths: [text], version: 1 };
      expect(await splitFrontMatter(await joinFrontMatter({ fields, body: 'b' }))).toEqual({ fields, body: 'b' });
    },
  );
});

describe('hostile front matter', () => {
  const executable = [
    `---js\n${plant}\n---\nbody`,
    `---javascript\n{ title: (${plant}) }\n---\nbody`,
    `--- js\n${plant}\n---\nbody`,
    `---\tjs\n${plant}\n---\nbody`,
    `---JS\n${plant}\n---\nbody`,
    `---js\r\n${plant}\r\n---\r\nbody`,
    `\ufeff---js\n${plant}\n---\nbody`,
    `---coffee\n${plant}\n---\n`,
    `---cson\n${plant}\n---\n`,
    `---json\n{"title": "x"}\n---\n`,
    `---toml\ntitle = "x"\n---\n`,
    `---yaml\ntitle: x\n---\n`,
    `---__proto__\n${plant}\n---\n`,
    `---constructor\n${plant}\n---\n`,
    `---toString\n${plant}\n---\n`,
  ];
  it.each(executable)('in another language is refused: %j', async (text) => {
    expect(await read(text)).toEqual({ path: 'knowledge/notes.md', reason: expect.stringMatching(/another language/) });
  });

  const tricks: readonly (readonly [string, string])[] = [
    ['a function tag', `---\ntitle: !!js/function "function(){${plant}}"\n---\n`],
    ['an undefined tag', `---\ntitle: !!js/undefined ""\n---\n`],
    ['a local tag', `---\ntitle: !x y\n---\n`],
    ['an alias', '---\na: &a x\ntitle: *a\n---\n'],
    ['a billion laughs', `---\na: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a]\nc: [*b,*b,*b]\n---\n`],
    ['a directive', '---\n%YAML 1.1\ntitle: x\n---\n'],
    ['deep nesting', `---\ntitle: ${'['.repeat(20_000)}\n---\n`],
    ['deep nesting in dashes', `---\n${'- '.repeat(20_000)}x\n---\n`],
    ['more than 128 KiB', `---\ntitle: ${'x'.repeat(140_000)}\n---\n`],
    ['a list', '---\n- a\n---\n'],
    ['a scalar', '---\ntext\n---\n'],
    ['a syntax error', '---\ntitle: "x\n---\n'],
    ['a key twice', '---\ntitle: a\ntitle: b\n---\n'],
    ['an end that gray-matter would take for one', `---\ntitle: a\n---js\n${plant}\n---\nbody`],
    ['a document end', '---\ntitle: a\n...\n---\n'],
    ['a title of two lines', '---\ntitle: "a\\nb"\n---\n'],
    ['a title that is a mapping', '---\ntitle: {a: b}\n---\n'],
    ['tags that are text', '---\ntags: a, b\n---\n'],
    ['a tag that is no name', '---\ntags: ["../x"]\n---\n'],
    ['an author that is no name', '---\nupdated_by: "a\\e[31m"\n---\n'],
    ['a version below 0', '---\nversion: -1\n---\n'],
  ];
  it.each(tricks)('with %s is set aside', async (_what, text) => {
    const started = performance.now();
    expect(await read(text)).toEqual({ path: 'knowledge/notes.md', reason: expect.stringMatching(/front matter/) });
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('cannot reach a prototype', async () => {
    await read('---\n__proto__: {polluted: 1}\nconstructor: {prototype: {polluted: 1}}\n---\n');
    await read('---\n"__proto__":\n  polluted: 1\n---\n');
  });

  it('of blank lines and comments costs no time', async () => {
    const started = performance.now();
    await read(`---\n${'\n'.repeat(60_000)}title: x\n---\n`);
    await read(`---\n${' \n'.repeat(30_000)}---\n`);
    await read(`---\n${' '.repeat(60_000)}\n---\n`);
    await read(`---\n${'#\n'.repeat(30_000)}---\n`);
    await read(`${'---\n'.repeat(200_000)}`);
    await read(`---\n${'a\n'.repeat(1_000_000)}`);
    expect(performance.now() - started).toBeLessThan(3000);
  });

  it('in a body is written and read as text', async () => {
    const body = `---js\n${plant}\n---\n`;
    const text = await joinFrontMatter({ fields: { title: `x\u2028${plant}`, version: 1 }, body });
    expect(await splitFrontMatter(text)).toEqual({ fields: { title: `x\u2028${plant}`, version: 1 }, body });
  });

  it('never crashes the reader', async () => {
    const part = fc.constantFrom(
      '---',
      '---js',
      '\n',
      '\r\n',
      'title: ',
      '"',
      "'",
      '[',
      '{',
      '}',
      ']',
      '|',
      '>',
      '- ',
      '&a ',
      '*a',
      '!x ',
      '#',
      '\t',
      ' ',
      ': ',
      plant,
      '%',
      '@',
      '`',
      '\ufeff',
      '\0',
      '?',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 30 }), async (parts) => {
        for (const text of [parts.join(''), `---\n${parts.join('')}\n---\nbody`]) {
          const decoded = await read(text);
          expect('record' in decoded || decoded.reason !== '').toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('too large or not UTF-8 is a fault of the file', async () => {
    expect(await decodeRecord('knowledge/x.md', new Uint8Array(50 * 1024 * 1024))).toHaveProperty(
      'reason',
      expect.stringMatching(/too large/),
    );
    expect(await decodeRecord('knowledge/x.md', new Uint8Array([0xff]))).toHaveProperty(
      'reason',
      expect.stringMatching(/UTF-8/),
    );
  });
});
