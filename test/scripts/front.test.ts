/** The front of the command: it starts the engine from compiled code where it can, and from source where it cannot. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { projectRoot } from '../support/bundle.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let folder: string;
let cache: string;

beforeEach(() => {
  folder = makeTempDir();
  cache = makeTempDir();
  copyFileSync(path.join(projectRoot, 'scripts/build/front.cjs'), path.join(folder, 'orc.cjs'));
  writeFileSync(
    path.join(folder, 'engine.cjs'),
    "const path = require('node:path'); console.log(path.basename(__filename), path.basename(__dirname) === path.basename(path.dirname(__filename)), process.argv[2], typeof require('./part.cjs'));",
  );
  writeFileSync(path.join(folder, 'part.cjs'), 'module.exports = () => {};');
});

function run(env: NodeJS.ProcessEnv = {}, words: readonly string[] = ['word']): string {
  const options = { env: { PATH: process.env.PATH, XDG_CACHE_HOME: cache, ...env }, encoding: 'utf8' } as const;
  return execFileSync(process.execPath, [path.join(folder, 'orc.cjs'), ...words], options);
}

const files = (): string[] =>
  readdirSync(cache, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.bin'));

test('the engine runs as a module of its own, the first time and from the cache', () => {
  const expected = 'engine.cjs true word function\n';
  expect(run()).toBe(expected);
  expect(files()).toHaveLength(1);
  expect(run()).toBe(expected);
  expect(files()).toHaveLength(1);
});

test('a damaged cache is no harm', () => {
  run();
  for (const name of files()) writeFileSync(path.join(cache, name), 'nonsense');
  expect(run()).toContain('engine.cjs');
});

test('a changed engine is not run from the old cache', () => {
  run();
  writeFileSync(path.join(folder, 'engine.cjs'), "console.log('changed');");
  expect(run()).toBe('changed\n');
});

test('commands that do different things have compiled code of their own, whatever their other words', () => {
  for (const words of [
    ['t', 'next', 'a'],
    ['t', 'next', 'b', '--json'],
    ['t', 'add'],
    ['events', 'a'],
    ['events', 'b'],
  ])
    run({}, words);
  expect(files()).toHaveLength(3);
});

test('a command that there is not leaves nothing', () => {
  writeFileSync(path.join(folder, 'engine.cjs'), 'process.exitCode = 2;');
  expect(() => run()).toThrow(/Command failed/);
  expect(files()).toEqual([]);
});

test('compiled code lies in a folder that was named, whatever the home', () => {
  const named = path.join(makeTempDir(), 'below', 'code');
  expect(run({ ORC_CODE_CACHE: named, HOME: '/nonexistent' })).toContain('engine.cjs');
  expect(files()).toEqual([]);
  expect(readdirSync(named)).toHaveLength(1);
  expect(run({ ORC_CODE_CACHE: named })).toContain('engine.cjs');
  expect(run({ ORC_CODE_CACHE: 'relative' })).toContain('engine.cjs');
  expect(readdirSync(named)).toHaveLength(1);
});

test('no cache is written where it is not wanted or not possible', () => {
  expect(run({ ORC_CODE_CACHE: '0' })).toContain('engine.cjs');
  expect(files()).toEqual([]);
  expect(run({ XDG_CACHE_HOME: '/proc/nowhere' })).toContain('engine.cjs');
  expect(run({ XDG_CACHE_HOME: 'relative', HOME: '' })).toContain('engine.cjs');
});
