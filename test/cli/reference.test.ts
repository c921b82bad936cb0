import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { CommandSpec, Noun } from '../../src/cli/command.ts';
import { nouns } from '../../src/cli/nouns.ts';
import { projectRoot } from '../support/bundle.ts';
import { orcIn } from '../support/command-line.ts';
import { makeTempDir } from '../support/temp-dir.ts';
import { allCommands, renderReference } from './reference.ts';

const file = path.join(projectRoot, 'docs/cli.md');

test('docs/cli.md says what the program says', async () => {
  const rendered = await renderReference();
  if (process.env.UPDATE_DOCS) writeFileSync(file, rendered);
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(rendered);
});

test('every command has help with its words, its options and examples that begin with its name', async () => {
  const orc = orcIn(makeTempDir());
  for (const { path: command, noun, spec } of await allCommands()) {
    const words = command.split(' ').slice(1);
    const help = await orc(...words, '--help');
    expect(help).toMatchObject({ code: 0, err: '' });
    expect(help.out).toContain('Usage: orc ');
    for (const word of spec.words.split(' ')) expect(help.out).toContain(word);
    expect(help.out.replace(/\s+/g, ' ')).toContain(spec.summary);
    expect(help.out).toContain('\nExamples:\n');
    for (const { flags } of spec.options ?? []) expect(help.out).toContain(flags);
    expect(spec.examples.length).toBeGreaterThan(0);
    for (const example of spec.examples) expect(help.out).toContain(`  ${example}\n`);
    expect(spec.examples.some((example) => mentions(example, noun, spec))).toBe(true);
    expect((await orc('help', ...words)).out).toBe(help.out);
  }
});

test('help of the program and of each noun', async () => {
  const orc = orcIn(makeTempDir());
  const help = await orc('--help');
  expect(help.code).toBe(0);
  for (const { name, aliases } of nouns) expect(help.out).toContain([name, ...aliases.slice(0, 1)].join('|'));
  expect(help.out).toContain('Exit codes: 0 done');
  expect((await orc()).out).toBe(help.out);
  expect((await orc('help')).out).toBe(help.out);
  const tasks = await orc('t', '--help');
  expect(tasks.code).toBe(0);
  expect(tasks.out).toContain('complete|done');
  expect(tasks.out).toContain('Examples:');
});

test('names and aliases are unique', async () => {
  const words = nouns.flatMap(({ name, aliases }) => [name, ...aliases]);
  expect(new Set(words).size).toBe(words.length);
  for (const noun of nouns) {
    const loaded = await noun.load();
    const inner = Array.isArray(loaded) ? loaded.flatMap(({ name, aliases = [] }) => [name, ...aliases]) : [];
    expect(new Set(inner).size).toBe(inner.length);
  }
});

/** Whether an example is of this command, by any of its names. */
function mentions(example: string, noun: Noun, spec: CommandSpec): boolean {
  const inner = spec.name === noun.name ? [''] : [spec.name, ...(spec.aliases ?? [])];
  const first = [noun.name, ...noun.aliases].flatMap((name) => inner.map((each) => `orc ${name} ${each}`.trim()));
  return (
    first.some((words) => example.includes(words)) || (spec.isDefault === true && example.includes(`orc ${noun.name}`))
  );
}
