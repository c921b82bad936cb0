/** A brief as it ships: what it tells to run can be run as it stands, and only what needs the search loads it. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { git } from '../support/git-fixtures.ts';
import { orcCommand } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

function newBoard() {
  const cwd = makeTempDir();
  git(cwd, 'init', '--quiet');
  const loaded = path.join(cwd, 'loaded');
  const hook = path.join(cwd, 'hook.cjs');
  const list = "Object.keys(require.cache).filter((file) => file.includes('vendor'))";
  writeFileSync(
    hook,
    `process.on('exit', () => require('fs').writeFileSync(${JSON.stringify(loaded)}, ${list}.join('\\n')));`,
  );
  const orc = (...words: string[]): string => {
    const env = { ...process.env, NODE_OPTIONS: `--require ${hook}` };
    return execFileSync(process.execPath, [orcCommand, ...words], { cwd, env, encoding: 'utf8' });
  };
  const packages = (): string[] =>
    readFileSync(loaded, 'utf8')
      .split('\n')
      .filter((file) => file !== '')
      .map((file) => path.basename(file, '.cjs'));
  return { cwd, orc, packages };
}

test('the commands of a brief run as they stand, from the claim to the result', () => {
  const { cwd, orc } = newBoard();
  orc('ws', 'create', "ann's work");
  const added = orc('t', 'add', "ann's work", 'First', '--path', 'a b/**', '--json');
  const { id } = (JSON.parse(added) as { data: { id: string } }).data;
  const brief = orc('brief', id, '--agent', 'agent-1');
  const script = /```sh\n([^`]*)```/.exec(brief)?.[1] ?? '';
  const lines = script.split('\n').filter((line) => line !== '' && !/^# |orc t (?:fail|release) /.test(line));
  expect(lines).toHaveLength(8);
  orc('a', 'register', 'agent-2');
  const run = lines
    .map((line) => line.replace('<agent or all>', 'agent-2').replace(/<(?:topic|content|words|result|text)>/g, 'moon'))
    .join(' &&\n');
  const bin = makeTempDir();
  writeFileSync(path.join(bin, 'orc'), `#!/bin/sh\nexec "${process.execPath}" "${orcCommand}" "$@"\n`, { mode: 0o755 });
  const env = { ...process.env, PATH: `${bin}:${process.env.PATH}` };
  // What is searched for is written after the search: it finds nothing, which is no failure of the commands.
  const ready = run.replace(/orc kb search "moon"/, '(orc kb search "moon" || true)');
  const out = execFileSync('sh', ['-c', ready], { cwd, env, encoding: 'utf8' });
  expect(out).toContain('Wrote knowledge: moon\n');
  expect(out).toContain(' to agent-2\n');
  expect(JSON.parse(orc('t', 'show', id, '--json'))).toMatchObject({
    data: { status: 'done', assigned_to: 'agent-1', result: 'moon' },
  });
});

test('the search is loaded by what searches, and by nothing else', () => {
  const { orc, packages } = newBoard();
  orc('ws', 'create', 'build');
  orc('t', 'add', 'build', 'Write');
  orc('kb', 'write', 'notes', 'text', '--path', 'src/**');
  for (const words of [
    'status',
    't list',
    'kb list',
    'kb read notes',
    'kb history notes',
    'kb for src/',
    'kb list --tag x',
    'events',
  ]) {
    orc(...words.split(' '));
    expect({ words, packages: packages().filter((name) => name === 'minisearch') }).toEqual({ words, packages: [] });
  }
  for (const words of ['kb search text', 'brief build']) {
    orc(...words.split(' '));
    expect(packages()).toContain('minisearch');
  }
});
