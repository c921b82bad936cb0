/**
 * README's commands, run as they stand there: each `$ command` of its console blocks, in order, and the lines that follow
 * against what was printed. Ids and times differ from run to run: an id of README stands for the one in its place.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, test } from 'vitest';
import { projectRoot } from '../support/bundle.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { orcCommand } from '../support/run-orc.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface Step {
  readonly command: string;
  readonly printed: string;
}

const readme = readFileSync(path.join(projectRoot, 'README.md'), 'utf8');
const idPattern = /\b[0-9a-f]{7,40}\b/g;

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, block]) => block ?? '');
}

function steps(): Step[] {
  return blocks('console').flatMap((block) =>
    block.split(/^\$ /m).flatMap((part): Step[] => {
      const [command = '', ...lines] = part.split('\n');
      return command === '' ? [] : [{ command, printed: lines.join('\n').trimEnd() }];
    }),
  );
}

function withoutTimes(text: string): string {
  return text
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, '<time>')
    .replace(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, '<time>')
    .replace(/ \| seen \S+ ago/g, '')
    .replace(/\[\d\d:\d\d:\d\d\]/g, '[<time>]');
}

/** `orc` and `git`, and what orc says on either stream in the order in which it says it. */
function makeShell(cwd: string): (command: string) => string {
  const bin = makeTempDir();
  writeFileSync(path.join(bin, 'orc'), `#!/bin/sh\nexec '${process.execPath}' '${orcCommand}' "$@"\n`);
  chmodSync(path.join(bin, 'orc'), 0o755);
  const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` };
  return (command) => {
    const { stdout, status } = spawnSync('sh', ['-c', `exec 2>&1\n${command}`], { cwd, env, encoding: 'utf8' });
    expect(status, `${command}\n${stdout}`).toBe(0);
    return stdout.trimEnd();
  };
}

function follow(cwd: string, adapt: (text: string) => string): void {
  const shell = makeShell(cwd);
  const actualByWritten = new Map<string, string>();
  const translate = (text: string): string => text.replace(idPattern, (id) => actualByWritten.get(id) ?? id);
  for (const { command, printed } of steps()) {
    const written = withoutTimes(adapt(printed));
    const actual = withoutTimes(shell(translate(adapt(command))));
    const actualIds = actual.match(idPattern) ?? [];
    (written.match(idPattern) ?? []).forEach((id, index) => {
      const found = actualIds[index];
      if (found !== undefined && !actualByWritten.has(id)) actualByWritten.set(id, found);
    });
    expect(actual, command).toBe(translate(written));
  }
}

test('the commands of README print what it says, in a repository without a remote', () => {
  const repository = makeTempDir();
  git(repository, 'init', '--quiet');
  expect(steps().length).toBeGreaterThan(12);
  follow(repository, (text) => text);
  expect(git(repository, 'status', '--porcelain')).toBe('');
});

test('and in a clone with one, where the branch is origin/orc', () => {
  const remote = makeBareRemote();
  follow(makeClone(remote), (text) =>
    text
      .replace(/^(git .*?)\borc\b/, '$1origin/orc')
      .replace('branch orc of this repository', 'branch orc of origin')
      .replace('Upstream: this repository', 'Upstream: origin'),
  );
  expect(git(remote, 'log', '--format=%s', '-1', 'orc')).toBe('knowledge.write api-design by system');
});

test('its program prints what it says', () => {
  const [program = ''] = blocks('js');
  const folder = path.join(makeTempDir(), 'repository');
  mkdirSync(folder);
  git(folder, 'init', '--quiet');
  const library = pathToFileURL(path.join(projectRoot, 'dist/lib/index.js')).href;
  const script = path.join(folder, 'script.mjs');
  writeFileSync(script, program.replace("'git-orc'", JSON.stringify(library)));
  const printed = execFileSync(process.execPath, [script], { cwd: folder, encoding: 'utf8' });
  expect(blocks('text')).toContain(printed);
});
