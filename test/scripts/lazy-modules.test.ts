import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');

/** Uses each kind of import that the sources may use: default, named, namespace, dynamic, of packages and builtins. */
const entry = `
  import matter from 'gray-matter';
  import { parse } from 'yaml';
  import * as yaml from 'yaml';
  import { createHash } from 'node:crypto';
  import zlib from 'node:zlib';
  import { Duplex } from 'node:stream';
  import * as z from 'zod/mini';
  import { Shared } from './shared.ts';

  declare const __ORC_VERSION__: string;
  const loaded = () => Object.keys(require.cache).map((file) => file.split('/').pop()).filter((file) => file !== 'orc.cjs');
  const uses: Record<string, () => unknown> = {
    nothing: () => 'nothing',
    named: () => parse('a: 1'),
    namespace: () => yaml.stringify({ a: 1 }),
    default: () => matter('---\\na: 1\\n---\\n', { engines: { yaml: { parse, stringify: yaml.stringify } } }).data,
    dynamic: async () => (await import('yaml')).parse('b: 2'),
    constructed: () => new yaml.Document({ a: 1 }).toString(),
    builtins: () => [createHash('sha1').update('').digest('hex'), zlib.deflateSync('').length, new (class extends Duplex {})() instanceof Duplex],
    inlined: () => { z.config(z.locales.en()); return z.safeParse(z.string(), 1).error?.issues[0]?.message; },
    shared: async () => (await import('./dynamic.ts')).make() instanceof Shared,
    place: () => [import.meta.url, import.meta.dirname, __ORC_VERSION__],
  };
  void Promise.resolve(uses[process.argv[2] ?? '']?.()).then((value) => console.log(JSON.stringify({ value, loaded: loaded() })));
`;

describe('the bundled command', () => {
  let folder: string;
  const run = (use: string) =>
    JSON.parse(execFileSync(path.join(folder, 'dist/bin/orc.cjs'), [use], { encoding: 'utf8' }));

  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'orc-bundle-'));
    mkdirSync(path.join(folder, 'src'));
    symlinkSync(path.join(root, 'node_modules'), path.join(folder, 'node_modules'));
    writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(path.join(folder, 'src/orc.ts'), entry);
    writeFileSync(path.join(folder, 'src/shared.ts'), 'export class Shared {}');
    writeFileSync(
      path.join(folder, 'src/dynamic.ts'),
      "import { Shared } from './shared.ts'; export const make = () => new Shared();",
    );
    const options = {
      root: folder,
      entry: path.join(folder, 'src/orc.ts'),
      outDir: path.join(folder, 'dist/bin'),
      version: '1.2.3',
    };
    const script = `import { bundleCommand } from ${JSON.stringify(path.join(root, 'scripts/build/bundle-command.mjs'))};
      await bundleCommand(${JSON.stringify(options)});`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('loads no package that a command does not use', () => {
    expect(run('nothing')).toEqual({ value: 'nothing', loaded: [] });
  });

  it.each([
    ['named', { a: 1 }],
    ['namespace', 'a: 1\n'],
    ['dynamic', { b: 2 }],
    ['constructed', 'a: 1\n'],
  ])('loads a package at its first use: %s import', (use, value) => {
    expect(run(use)).toEqual({ value, loaded: ['yaml.cjs'] });
  });

  it('loads a package whose default export is a function', () => {
    const { value, loaded } = run('default');
    expect(value).toEqual({ a: 1 });
    expect(loaded.sort()).toEqual(['gray-matter.cjs', 'yaml.cjs']);
  });

  it('loads builtins at their first use, base classes included', () => {
    expect(run('builtins')).toEqual({ value: ['da39a3ee5e6b4b0d3255bfef95601890afd80709', 8, true], loaded: [] });
  });

  it('has the schemas and their messages in the bundle itself', () => {
    expect(run('inlined')).toEqual({ value: 'Invalid input: expected string, received number', loaded: [] });
    expect(statSync(path.join(folder, 'dist/bin/engine.cjs')).size).toBeLessThan(150_000);
  });

  it('has each class once, also where a module is imported dynamically', () => {
    expect(run('shared').value).toBe(true);
  });

  it('knows where it lies and which version it is', () => {
    const [url, dirname, version] = run('place').value;
    expect(new URL('../../package.json', url).pathname).toBe(path.join(folder, 'package.json'));
    expect(dirname).toBe(path.join(folder, 'dist/bin'));
    expect(version).toBe('1.2.3');
  });
});
