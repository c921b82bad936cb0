/** What a brief makes of texts that strangers wrote, of templates, and of a bound on its length. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { code, fenced, plainOrCode, shellWord } from '../../src/app/brief-quote.ts';
import { type BriefForm, briefMarkdown } from '../../src/app/cycle-brief.ts';
import { OrcError } from '../../src/errors.ts';
import { briefContents } from '../support/brief-contents.ts';

const plain = briefContents((place) => `a ${place}`);

const nasty = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...[
          '`',
          '``',
          '```',
          '`````',
          '~~~',
          '~~~~~',
          '```text',
          '</task>',
          '</details>',
          '<!--',
          '-->',
          '<script>',
          '&lt;',
        ],
        ...[
          '# EVIL',
          '### Instructions',
          '- EVIL',
          '1. EVIL',
          '> EVIL',
          '    EVIL',
          '\\`',
          '|',
          '[x](y)',
          '{{commands}}',
          '$&',
          "$'",
        ],
        ...[
          '\n',
          '\n\n',
          '\r',
          '\r\n',
          '\u2028',
          '\u2029',
          '\u0085',
          '\t',
          '\u0000',
          '\u001b[31m',
          '\u202e',
          '\u200b',
          '\ufeff',
        ],
        ...['\ud800', '\udc00', '\u{e0041}', '😀', 'é', ' ', 'EVIL', "'; rm -rf /; '", '$(EVIL)', '---'],
      ),
      fc.string({ maxLength: 12, unit: 'binary' }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));

const invisible = /[^\P{Cc}\n\t]|[\u2028\u2029\u202e\u200b\ufeff\u{e0041}]|\p{Surrogate}/u;

/** Lines outside of fences, as CommonMark has them; and that all fences are closed. */
function outside(markdown: string): string[] {
  const lines: string[] = [];
  let fence: { readonly mark: string; readonly length: number } | null = null;
  for (const line of markdown.split(/\r\n|[\n\r]/)) {
    const [, run = ''] = /^ {0,3}(`{3,}|~{3,})/.exec(line) ?? [];
    if (fence === null) {
      const isOpening =
        run !== '' && !(run.startsWith('`') && line.slice(line.indexOf(run) + run.length).includes('`'));
      if (isOpening) fence = { mark: run.charAt(0), length: run.length };
      else lines.push(line);
    } else if (run.startsWith(fence.mark) && run.length >= fence.length && line.trim() === run) {
      fence = null;
    }
  }
  expect(fence, 'a fence stays open').toBeNull();
  return lines;
}

/** A line without its code, whatever stands in it: what is left is orc's own. */
function withoutCode(line: string): string {
  return line.replace(/(?<!`)(`+)(?!`)(.*?[^`])\1(?!`)/g, '§');
}

/** The lines that orc writes, with what others wrote taken out of them. */
function skeleton(markdown: string): string[] {
  return outside(markdown)
    .filter((line) => line !== '')
    .map(withoutCode);
}

describe('texts of others', () => {
  test('change nothing outside of their delimiters, and nothing in them is invisible', () => {
    // With a character that means something in Markdown all of them need code, where they stand in a line.
    const bones = skeleton(briefMarkdown(briefContents((place) => `<${place}`)).markdown);
    fc.assert(
      fc.property(fc.array(nasty, { minLength: 1, maxLength: 9 }), (texts) => {
        let next = 0;
        const { markdown } = briefMarkdown(briefContents(() => `<${texts[next++ % texts.length]}`));
        expect(skeleton(markdown)).toEqual(bones);
        expect(invisible.exec(markdown)?.[0]).toBeUndefined();
      }),
      { numRuns: 120 },
    );
  });

  test('stand in fences and code that they cannot close', () => {
    expect(fenced({ text: 'a\n```\nb\n`````' })).toEqual(['``````text', 'a\n```\nb\n`````', '``````']);
    expect(code('a`b``c')).toBe('``` a`b``c ```');
    expect(code('a\nb\u001b')).toBe('`a b\\x1b`');
    expect(code('')).toBe('` `');
    expect(plainOrCode('Write it: now!')).toBe('Write it: now!');
    expect(plainOrCode('<b>')).toBe('`<b>`');
    expect(shellWord("it's")).toBe("'it'\\''s'");
    expect(shellWord('<agent>')).toBe('<agent>');
  });

  test('that are long are cut between characters, and what shows the rest is said', () => {
    expect(fenced({ text: `${'x'.repeat(9)}😀`, more: 'orc t show 1' }, 10)).toEqual([
      ...['```text', 'x'.repeat(9), '```', '(2 characters more: `orc t show 1`)'],
    ]);
    const long = briefContents((place) => (place === 'description' || place === 'result' ? place.repeat(1000) : 'x'));
    const { markdown } = briefMarkdown(long);
    expect(markdown.includes('description'.repeat(1000))).toBe(true);
    expect(markdown.includes('result'.repeat(667))).toBe(false);
    expect(markdown.includes('(2000 characters more: `orc t show 44444444`)')).toBe(true);
    const byTool = briefMarkdown(long, { reportWith: new Set(['task_show']) }).markdown;
    expect(byTool.includes('(2000 characters more: `task_show {"id":"44444444"}`)')).toBe(true);
  });
});

describe('a bound on the length', () => {
  const least = lengthOf({ maxChars: 1 });

  function lengthOf(form: BriefForm): number {
    try {
      briefMarkdown(plain, form);
      return 0;
    } catch (error) {
      expect(error).toBeInstanceOf(OrcError);
      expect(error).toMatchObject({ code: 'invalid-argument' });
      return Number((error as OrcError).details?.least);
    }
  }

  test('holds, whatever the texts, or is refused with the least that it takes', () => {
    fc.assert(
      fc.property(
        fc.array(nasty, { minLength: 1, maxLength: 6 }),
        fc.nat(12_000),
        fc.nat(400),
        (texts, bound, times) => {
          let next = 0;
          const contents = briefContents(() => (texts[next++ % texts.length] ?? '').repeat(1 + (times % 40)));
          const maxChars = bound + 1;
          try {
            const { markdown, dropped } = briefMarkdown(contents, { maxChars });
            expect(markdown.length).toBeLessThanOrEqual(maxChars);
            outside(markdown);
            expect(markdown).toContain('orc t complete');
            expect(markdown.includes('(Left out for want of room')).toBe(dropped.length > 0);
          } catch (error) {
            if (!(error instanceof OrcError)) throw error;
            expect(error.code).toBe('invalid-argument');
            const enough = Number(error.details?.least);
            expect(enough).toBeGreaterThan(maxChars);
            expect(briefMarkdown(contents, { maxChars: enough }).markdown.length).toBeLessThanOrEqual(enough);
          }
        },
      ),
      { numRuns: 80 },
    );
  });

  test('drops the least relevant first, and says what', () => {
    const whole = briefMarkdown(plain);
    expect(whole.dropped).toEqual([]);
    expect(briefMarkdown(plain, { maxChars: whole.markdown.length }).markdown).toBe(whole.markdown);
    const order = [
      'Recent Events',
      'Knowledge',
      'Parent and Siblings',
      'What Waits for It',
      'Notes on the Task',
      'Unread Mail',
    ];
    const gone: string[] = [];
    for (let maxChars = whole.markdown.length - 1; maxChars >= least; maxChars -= 23) {
      const { markdown, dropped } = briefMarkdown(plain, { maxChars });
      expect(markdown.length).toBeLessThanOrEqual(maxChars);
      for (const entry of dropped) {
        const title = entry.replace(/ \(.*/, '');
        if (!gone.includes(title)) gone.push(title);
      }
      expect(markdown).toContain('**Task ID**: 11111111');
      expect(markdown).toContain('orc t fail press 11111111');
    }
    expect(gone.slice(0, order.length)).toEqual(order);
    expect(gone.at(-1)).toBe('Why It Is Next');
    expect(briefMarkdown(plain, { maxChars: least }).markdown.length).toBeLessThanOrEqual(least);
  });

  test('cuts a long text rather than to drop it', () => {
    const long = briefContents((place) => (place === 'knowledge' ? 'k'.repeat(3000) : `a ${place}`));
    const full = briefMarkdown(long).markdown.length;
    const { markdown, dropped } = briefMarkdown(long, { maxChars: full - 2000 });
    expect(markdown).toMatch(/\nk{200,2999}\n```\n\(\d+ characters more: `orc kb read 'a topic'`\)/);
    expect(dropped).toContain('Knowledge (1 cut)');
  });

  test.each([0, -1, 1.5, Number.NaN])('that is %j is none', (maxChars) => {
    expect(() => briefMarkdown(plain, { maxChars })).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  });
});

describe('a template', () => {
  const made = (template: string) => briefMarkdown(plain, { template });

  test('says what stands where; parts that it lacks are left out, but for the task and the commands', () => {
    const { markdown, warnings } = made(
      '<!-- for you -->\nFor {{agent}}: {{ title }} ({{id}}, {{priority}})\n{{notes}}\nBye\n',
    );
    expect(warnings).toEqual([]);
    expect(markdown).toMatch(/^For a agent: a title \(11111111, 5\)\n\n### Notes on the Task\n/);
    expect(markdown).toMatch(/Bye\n\n\*\*Workstream\*\*: press\n[\s\S]*\n### Instructions\n/);
    expect(markdown).not.toContain('### Knowledge');
  });

  test('with unknown words, or a part within a line, is used, and the fault told', () => {
    const { markdown, warnings } = made('{{knowlege}} and {{notes}}\n\n{{task}}\n\n{{knowlege}}');
    expect(warnings).toEqual([
      'templates/brief.md has an unknown placeholder: {{knowlege}}',
      '{{notes}} of templates/brief.md must have a line of its own',
    ]);
    expect(markdown).toMatch(/^\{\{knowlege\}\} and \{\{notes\}\}\n/);
  });

  test.each([
    ['```\n{{notes}}\n```', 'a fence'],
    ['~~~ text\n```\n{{notes}}\n~~~', 'a fence'],
    ['- ```\n{{notes}}', 'a fence'],
    ['x\n<!--\n{{notes}}\n-->', '`<!--`'],
    ['<pre>\n{{notes}}\n</pre>', '`<pre`'],
    ['{{task}}\n```', 'a fence'],
    ['{{task}}\n<SCRIPT src=x>', '`<script`'],
  ])('such as %j is not used: texts of others could get out of it', (template, what) => {
    const { markdown, warnings } = made(template);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^templates\/brief.md is not used, for /);
    expect(warnings[0]).toContain(what);
    expect(markdown).toBe(briefMarkdown(plain).markdown);
  });

  test.each(['```\ncode\n```\n{{task}}', '<!-- a --> <!-- b -->\n{{task}}', '<pre>x</pre>\n{{task}}'])(
    'such as %j is used: all is closed',
    (template) => {
      expect(made(template).warnings).toEqual([]);
    },
  );

  test('with placeholders in the texts that it holds does not fill these', () => {
    const sly = briefContents(() => '{{commands}} $& {{title}}');
    const { markdown } = briefMarkdown(sly, { template: '{{title}}\n\n{{notes}}' });
    expect(markdown.split('### Instructions')).toHaveLength(2);
    expect(markdown).toContain('`{{commands}} $& {{title}}`\n');
  });
});
