import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { settingKeys } from '../../src/cli/completion/slots.ts';
import { cloneSettingKeys } from '../../src/core/setting-keys.ts';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** What zsh is offered behind these words, the last of which is the one at the cursor; without the first line. */
function askIn(folder: string, env: NodeJS.ProcessEnv = {}) {
  const orc = orcIn(folder, { env: { ...process.env, ...env } });
  return async (...words: readonly string[]): Promise<string[]> => {
    const ran = await orc('__complete', 'zsh', ...words);
    expect(ran).toMatchObject({ code: 0, err: '' });
    return ran.lines().slice(1);
  };
}

const valuesIn = (lines: readonly string[]): string[] => lines.map((line) => line.split('\t')[0] ?? '');

test('commands and options, with what they are', async () => {
  const ask = askIn(makeTempDir());
  expect(await ask('sta')).toEqual(['status\tShow the board at a glance']);
  expect(valuesIn(await ask('t', 're'))).toEqual(['release', 'renew', 'reopen']);
  expect(valuesIn(await ask('help', 'task', 'gra'))).toEqual(['graph']);
  expect(valuesIn(await ask('t', 'list', '--st'))).toEqual(['--status']);
  expect(valuesIn(await ask('--publish', 'each', 's'))).toEqual(['status', 'sync']);
  expect(await ask('--publish', '')).toEqual(['each', 'claims', 'sync']);
  expect(await ask('t', 'list', '--status', 'b')).toEqual(['blocked']);
  expect(await ask('t', 'list', '--status=b')).toEqual(['--status=blocked']);
  expect(await ask('history', '')).toEqual(['task', 'agent', 'lock', 'kb', 'ws', 'cycle']);
  expect(await ask('completion', '')).toEqual(['bash', 'zsh', 'fish']);
  for (const nothing of [
    ['nonsense', ''],
    ['t', 'nonsense', ''],
    ['t', 'add', 'build', ''],
    ['undo', ''],
  ])
    expect(await ask(...nothing)).toEqual([]);
});

test('every setting that there is', async () => {
  const { orc, folder } = await orcWithBoard();
  const { data } = (await orc('config', '--json')).json();
  const all = [...settingKeys, ...cloneSettingKeys];
  expect([...all].sort()).toEqual(data.map(({ key }: { key: string }) => key).sort());
  expect(await askIn(folder)('config', 'get', 'lo')).toEqual(['lock_ttl']);
  expect(await askIn(folder)('config', 'get', 'run')).toEqual(['runChecks']);
  expect(await askIn(folder)('config', 'set', 'run')).toEqual([]);
});

test('files and folders are the shell’s own', async () => {
  const orc = orcIn(makeTempDir());
  const way = async (...words: readonly string[]) => (await orc('__complete', 'zsh', ...words)).out;
  expect(await way('batch', '')).toBe('files\n');
  expect(await way('import', '')).toBe('dirs\n');
  expect(await way('-C', '')).toBe('dirs\n');
  expect(await way('t', 'add', 'build', 'Title', '--path', '')).toBe('files\n');
  expect(await way('work', 'build', '--', 'np')).toBe('files\n');
  expect((await orc('__complete', 'bash', '9', '', 'orc t list > fi')).out).toBe('files\n');
});

test('ids in the order that fits the command, with titles; those of the workstream that is named', {
  timeout: 60_000,
}, async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('ws', 'create', 'docs');
  const first = await addTask(orc, 'First');
  const later = await addTask(orc, 'Later', '--depends-on', first);
  const urgent = (await orc('t', 'add', 'docs', 'Urgent', '', '1', '--json')).json().data.id as string;
  const stuck = await addTask(orc, 'Stuck');
  const done = await addTask(orc, 'Done');
  await orc('t', 'complete', done, '--agent', 'agent-2');
  await orc('t', 'block', stuck);
  const ask = askIn(folder, { ORC_AGENT: 'agent-1' });
  expect(valuesIn(await ask('t', 'claim', '')).slice(0, 3)).toEqual([urgent, first, later]);
  expect(await ask('t', 'claim', 'build', '')).toEqual([`${first}\tFirst`, `${later}\tLater`]);
  await orc('t', 'claim', later, 'agent-1').then(({ code }) => expect(code).toBe(3));
  await orc('t', 'claim', first, 'agent-1');
  await orc('t', 'claim', urgent, 'agent-2');
  for (const command of ['complete', 'release', 'renew', 'fail'])
    expect(valuesIn(await ask('t', command, '')).slice(0, 2)).toEqual([first, urgent]);
  expect(valuesIn(await askIn(folder)('--agent', 'agent-2', 't', 'done', '')).slice(0, 2)).toEqual([urgent, first]);
  git(folder, 'config', 'orc.agent', 'agent-2');
  expect(valuesIn(await askIn(folder)('t', 'done', ''))[0]).toBe(urgent);
  expect(valuesIn(await ask('t', 'unblock', 'build', ''))).toEqual([stuck]);
  expect(valuesIn(await ask('t', 'reopen', ''))).toEqual([done, 'build', 'docs']);
  expect(valuesIn(await ask('t', 'show', ''))).toEqual([first, urgent, later, stuck, done]);
  expect(valuesIn(await ask('t', 'show', later.slice(0, 5)))).toEqual([later]);
  expect(valuesIn(await ask('t', 'add', 'build', 'x', '--depends-on', first, ''))).toContain(later);
  // An id, then what comes after it: an agent.
  await orc('a', 'register', 'agent-9', 'worker', '--capability', 'api');
  expect(await ask('t', 'claim', first, '')).toEqual(['agent-9\tworker, api']);
});

test('workstreams, agents, locks, topics, labels, mail, cycles', { timeout: 60_000 }, async () => {
  const { orc, folder } = await orcWithBoard();
  await addTask(orc, 'One', '--label', 'api');
  await orc('a', 'register', 'agent-1', 'worker', '--capability', 'sql');
  await orc('l', 'acquire', 'path:src/**', 'agent-1');
  await orc('kb', 'write', 'api/auth', 'text');
  const message = (await orc('msg', 'send', 'agent-1', 'Hello\nthere', '--json')).json().data;
  await orc('cycle', 'open');
  const ask = askIn(folder, { ORC_AGENT: 'agent-1' });
  expect(await ask('t', 'next', '')).toEqual(['build\t1 pending, 0 in progress']);
  expect(await ask('t', 'next', 'build', '')).toEqual(['agent-1\tworker, sql']);
  expect(await ask('t', 'next', '--any', '')).toEqual(['agent-1\tworker, sql']);
  expect(await ask('ws', 'show', 'b')).toEqual(['build\t1 pending, 0 in progress']);
  expect(await ask('ws', 'create', '')).toEqual([]);
  expect(await ask('l', 'release', '')).toEqual(['path:src/**\tagent-1']);
  expect(await ask('kb', 'read', 'api')).toEqual(['api/auth']);
  expect(await ask('t', 'list', '--label', '')).toEqual(['api\t1 ×']);
  expect(await ask('a', 'register', 'x', '--capability', 's')).toEqual(['sql\t1 ×']);
  expect(valuesIn(await ask('msg', 'send', ''))).toEqual(['all', 'agent-1', 'ws:build']);
  expect(await ask('msg', 'ack', '')).toEqual([`${message.id ?? message[0].id}\tsystem: Hello\\nthere`]);
  expect(valuesIn(await ask('cycle', 'show', ''))).toEqual(['1']);
  expect(valuesIn(await ask('history', 'kb', ''))).toEqual(['api/auth']);
  expect(valuesIn(await ask('init', '--remote', ''))).toEqual(['host', 'none']);
});

test('the board of another folder or branch, and none where there is none', async () => {
  const { orc, folder } = await orcWithBoard();
  await addTask(orc, 'One');
  const elsewhere = makeTempDir();
  expect(await askIn(elsewhere)('t', 'next', '')).toEqual([]);
  expect(valuesIn(await askIn(elsewhere)('-C', folder, 't', 'next', ''))).toEqual(['build']);
  expect(await askIn(folder)('--branch', 'other', 't', 'next', '')).toEqual([]);
  expect(await askIn(folder)('-C', '/nowhere', 't', 'next', '')).toEqual([]);
  expect(
    valuesIn(
      await askIn(elsewhere, { HOME: path.dirname(folder) })('-C', `~/${path.basename(folder)}`, 't', 'next', ''),
    ),
  ).toEqual(['build']);
});

test('a change is seen at once, and what was kept for speed may be lost or wrong', async () => {
  const { orc, folder } = await orcWithBoard();
  const first = await addTask(orc, 'First');
  const ask = askIn(folder);
  const kept = path.join(folder, '.git/orc/board.git/completion.json');
  expect(valuesIn(await ask('t', 'show', ''))).toEqual([first]);
  expect(statSync(kept).mode & 0o777).toBe(0o600);
  const second = await addTask(orc, 'Second');
  expect(valuesIn(await ask('t', 'show', ''))).toEqual([first, second]);
  for (const damage of ['', 'nonsense', '{"form":1}', '[]', readFileSync(kept, 'utf8').replace('First', 'Changed')]) {
    writeFileSync(kept, damage);
    expect(valuesIn(await ask('t', 'show', ''))).toEqual([first, second]);
  }
  // Packed, refs and all, as after a fetch.
  git(path.dirname(kept), 'gc', '--quiet', '--prune=now');
  rmSync(kept);
  expect(valuesIn(await ask('t', 'show', ''))).toEqual([first, second]);
});

test('the scripts', async () => {
  const orc = orcIn(makeTempDir());
  for (const shell of ['bash', 'zsh', 'fish']) {
    const { out, code } = await orc('completion', shell);
    expect(code).toBe(0);
    expect(out).toContain(`orc __complete ${shell} `);
    expect(out).not.toMatch(/\beval\b/);
    expect((await orc('completion', shell, '--json')).json().data).toEqual({ shell, script: out });
  }
  const refused = await orc('completion', 'tcsh', '--json');
  expect(refused.code).toBe(2);
  expect(refused.error().code).toBe('invalid-argument');
});
