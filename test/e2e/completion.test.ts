/** `orc completion` in the shells themselves: what TAB puts on the line, and that nothing of a board is ever run. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { git } from '../support/git-fixtures.ts';
import { orcCommand } from '../support/run-orc.ts';
import { requireTools } from '../support/servers/tools.ts';
import { completeInBash, completeInFish, makeShellHome, typeInBash, typeInZsh } from '../support/shell-drive.ts';
import { makeTempDir } from '../support/temp-dir.ts';

let folder: string;
let plain: string;
let odd: string;
/** Made by whatever runs what stands in a title or on a line. */
let marker: string;
let where: { readonly cwd: string; readonly env: NodeJS.ProcessEnv; readonly home: string };

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'orc-test-shells-'));
  const [cwd, home] = ['board', 'home'].map((name) => path.join(folder, name)) as [string, string];
  for (const each of [cwd, home]) mkdirSync(each);
  marker = path.join(folder, 'run');
  git(cwd, 'init', '--quiet');
  await using orc = await openOrc({ cwd, create: true });
  await orc.createWorkstream('build');
  plain = (await orc.addTask('build', { title: 'Ship: version 1' })).id;
  const title = `Say "it's" $(touch ${marker}) \`touch ${marker}\` \u001b[31m; touch ${marker}`;
  odd = (await orc.addTask('build', { title })).id;
  await orc.claimTask('build', plain, 'agent-1');
  await orc.acquireLock('path:src/**', 'agent-1', 60_000);
  await orc.writeKnowledge('api/auth', 'text');
  where = { cwd, ...makeShellHome(home, { ORC_AGENT: 'agent-1' }) };
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

afterEach(() => expect(existsSync(marker)).toBe(false));

test('bash: ids in the order that fits, quoted resources, files where files belong', () => {
  const expected: Readonly<Record<string, readonly string[]>> = {
    'orc t complete ': [plain, odd, 'build'],
    'A=1 orc t claim build ': [odd, plain],
    'git orc t claim build ': [odd, plain],
    'orc l release ': ['path:src/\\*\\*'],
    'orc l release path:': ['src/\\*\\*'],
    'orc l release "pa': ['path:src/**'],
    'orc batch ': [],
    [`orc t note ${odd} $(touch ${marker}) \`touch ${marker}\` `]: [],
    [`orc -C "$(touch ${marker})" t claim `]: [],
  };
  const found = completeInBash(Object.keys(expected), where);
  expect(found).toEqual(Object.values(expected));
  expect(completeInBash(['orc t complete '], where, '63')[0]?.[0]).toBe(`${plain}  (Ship: version 1)`);
});

test.skipIf(!requireTools(['script']))('bash on a terminal: TAB puts the rest of the id on the line', () => {
  const printed = typeInBash(`orc t show ${plain.slice(0, 6)}`, where);
  expect(printed).toContain('Ship: version 1');
});

test.skipIf(!requireTools(['zsh']))('zsh: TAB puts the rest of an id, and a quoted resource, on the line', () => {
  expect(typeInZsh(`orc t show ${plain.slice(0, 6)}`, where)).toBe(`orc t show ${plain}`);
  expect(typeInZsh('orc l release p', where)).toBe('orc l release path:src/\\*\\*');
});

test.skipIf(!requireTools(['fish']))('fish: ids with their titles, and what follows an option', () => {
  const found = completeInFish('orc t complete ', where);
  expect(found[0]).toBe(`${plain}\tShip: version 1`);
  expect(found[1]).toMatch(new RegExp(`^${odd}\tSay "it's" `));
  expect(completeInFish('orc t list --status p', where)).toEqual(['pending']);
  expect(completeInFish('orc t list --status=p', where)).toEqual(['--status=pending']);
  expect(completeInFish('orc kb read "api', where)).toEqual(['api/auth']);
  expect(completeInFish(`orc t show "$(touch ${marker})" `, where)).toEqual([]);
});

test('no process is started: it goes without any program on the PATH', () => {
  const words = [orcCommand, '__complete', 'zsh', 't', 'complete', ''];
  const run = spawnSync(process.execPath, words, {
    ...where,
    env: { ...where.env, PATH: '/nonexistent' },
    encoding: 'utf8',
  });
  expect(run).toMatchObject({ status: 0, stderr: '' });
  expect(run.stdout.split('\n')[1]).toBe(`${plain}\tShip: version 1`);
});

test('without a board: nothing is printed or made, and commands are completed all the same', () => {
  const empty = makeTempDir();
  expect(completeInBash(['orc t claim ', 'orc t cla'], { ...where, cwd: empty })).toEqual([[], ['claim']]);
  git(empty, 'init', '--quiet');
  expect(completeInBash(['orc t claim '], { ...where, cwd: empty })).toEqual([[]]);
  expect(readdirSync(empty)).toEqual(['.git']);
  expect(existsSync(path.join(empty, '.git/orc'))).toBe(false);
  // A damaged store: silence.
  mkdirSync(path.join(empty, '.git/orc/board.git/refs/heads'), { recursive: true });
  writeFileSync(path.join(empty, '.git/orc/board.git/HEAD'), 'nonsense');
  writeFileSync(path.join(empty, '.git/orc/board.git/refs/heads/orc'), 'nonsense');
  const run = spawnSync('orc', ['__complete', 'zsh', 't', 'claim', ''], {
    cwd: empty,
    env: where.env,
    encoding: 'utf8',
  });
  expect(run).toMatchObject({ status: 0, stdout: 'words\n', stderr: '' });
});
