/** Whatever is wrong with a hook's input, its board or its disk: the agent goes on. Exit code 2 would stop it. */
import fs from 'node:fs';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { hookEvents } from '../../src/app/agent-hooks/event.ts';
import { within } from '../../src/app/agent-hooks/within.ts';
import { readBounded } from '../../src/cli/bounded-input.ts';
import { agentEvent } from '../support/agent-events.ts';
import { orcIn, orcWithBoard } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';
import { commitByHand } from '../support/hand-edits.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const startEvent = (cwd: string) => agentEvent('session-start-startup', cwd);

test('input that is no event is told in one line, and changes nothing', async () => {
  const { orc, folder } = await orcWithBoard();
  const before = (await orc('status', '--json')).json().version;
  const texts = ['{', 'null', '[]', '"x"', '1', '\ufffd\0', '{"a":', `${startEvent(folder)}x`, 'x'.repeat(100_000)];
  for (const event of hookEvents) {
    for (const input of texts) {
      const ran = await orcIn(folder, { input })('hook', event);
      expect(ran).toMatchObject({ code: 1, out: '' });
      expect(ran.err).toBe(`orc hook ${event}: standard input is no JSON object: nothing was done\n`);
    }
    for (const input of ['', '\n'])
      expect(await orcIn(folder, { input })('hook', event)).toMatchObject({ code: 0, out: '', err: '' });
    const endless = await orcIn(folder, { boundedStdin: async () => null })('hook', event);
    expect(endless).toMatchObject({ code: 1, out: '' });
    expect(endless.err).toContain('did not end, or is too long');
  }
  expect((await orc('status', '--json')).json().version).toBe(before);
});

test('an event with nothing in it, or with fields of other types, is answered as far as it goes', async () => {
  const { folder } = await orcWithBoard();
  const wrong = { session_id: {}, cwd: 7, source: [], reason: 1, tool_name: 'Edit', tool_input: { file_path: null } };
  for (const event of hookEvents) {
    for (const input of ['{}', JSON.stringify(wrong), JSON.stringify({ cwd: '/nowhere/at/all', session_id: '' })]) {
      const ran = await orcIn(folder, { input })('hook', event);
      expect(ran).toMatchObject({ code: 0, err: '' });
      if (event === 'session-start') expect(ran.out).toContain('Choose a name and keep it');
      else expect(ran.out).toBe('');
    }
  }
});

test('words that make no sense end with 1', async () => {
  const orc = orcIn(makeTempDir());
  const lines = [
    ['hook'],
    ['hook', 'post-tool-use'],
    ['hook', 'stop', 'more'],
    ['hook', 'stop', '--bogus'],
    ['--timeout', 'x', 'hook', 'stop'],
    ['--agent', '', 'hook', 'stop'],
    ['-C', '/nowhere/at/all', 'hook', 'stop'],
    ['hook', 'stop', '--json', '--publish', 'never'],
    ['--bogus', 'hook', 'stop'],
    ['--board', 'hook', 'stop'],
    ['--json', '--at', 'hook', 'pre-tool-use', '--quiet'],
    ['--', 'hook', 'bogus'],
  ];
  for (const words of lines) expect({ words, ...(await orc(...words)) }).toMatchObject({ code: 1, out: '' });
  // Only hooks: elsewhere a mistake stays one.
  expect((await orc('sync', 'hook', '--bogus')).code).toBe(2);
  expect((await orc('--agent', 'hook', 'sync', '--bogus')).code).toBe(2);
});

test('where there is no repository, no board, or something else on its branch, nothing is said and nothing made', async () => {
  const bare = makeTempDir();
  const empty = makeTempDir();
  git(empty, 'init', '--quiet');
  const foreign = makeTempDir();
  git(foreign, 'init', '--quiet');
  git(foreign, 'commit', '--quiet', '--allow-empty', '-m', 'x');
  git(foreign, 'branch', 'orc');
  for (const folder of [bare, empty, foreign]) {
    for (const event of hookEvents) {
      const ran = await orcIn(folder, { input: startEvent(folder) })('hook', event);
      expect({ folder, ...ran }).toMatchObject({ code: 0, out: '', err: '' });
    }
  }
  expect(fs.existsSync(path.join(empty, '.git/orc'))).toBe(false);
  expect(fs.readdirSync(bare)).toEqual([]);
});

test('a store that is damaged is told and stops nobody', async () => {
  const { orc, folder } = await orcWithBoard();
  const store = path.join(folder, '.git/orc/board.git');
  await orc('config', 'set', 'edit_locks', 'take', '--shared');
  const damage: (() => void)[] = [
    () => fs.writeFileSync(path.join(store, 'agent-hooks'), 'in the way'),
    () => {
      fs.rmSync(path.join(store, 'holds'), { recursive: true, force: true });
      fs.writeFileSync(path.join(store, 'holds'), 'in the way');
    },
    () => fs.writeFileSync(path.join(store, 'refs/heads/orc'), 'nonsense\n'),
    () => fs.writeFileSync(path.join(store, 'config'), '[core\n'),
    () => fs.writeFileSync(path.join(folder, '.git/config'), '[orc\nagent'),
  ];
  for (const [index, break_] of damage.entries()) {
    break_();
    for (const event of hookEvents) {
      const recorded = event === 'pre-tool-use' ? 'pre-tool-use-edit' : 'session-start-startup';
      const ran = await orcIn(folder, { input: agentEvent(recorded, folder) })('hook', event);
      expect([0, 1], `${index} ${event} ${ran.err}`).toContain(ran.code);
      if (ran.code === 1) expect(ran.err).not.toBe('');
      expect(ran.err).not.toContain('orc has a bug');
      if (ran.out !== '') expect(JSON.parse(ran.out)).toHaveProperty('hookSpecificOutput');
      if (event === 'stop') expect(ran.out).toBe('');
    }
  }
});

test('an agent whose name no board takes is told, and goes on', async () => {
  const { folder } = await orcWithBoard();
  for (const agent of ['../x', 'a\nb', '-x', 'x'.repeat(300)]) {
    const env = { ...process.env, ORC_AGENT: agent };
    const ran = await orcIn(folder, { input: startEvent(folder), env })('hook', 'session-start');
    expect(ran.code).toBe(1);
    expect(ran.err.split('\n')).toHaveLength(2);
    expect(JSON.parse(ran.out)).toHaveProperty('hookSpecificOutput');
    const edit = agentEvent('pre-tool-use-edit', folder);
    expect(await orcIn(folder, { input: edit, env })('hook', 'pre-tool-use')).toMatchObject({ code: 0, out: '' });
  }
});

test('standard input is read to its end, to its bound, or for so long', async () => {
  const bounds = { maxBytes: 10, timeoutMs: 60_000 };
  const read = (write: (stream: PassThrough) => void, more = {}): Promise<string | null> => {
    const stream = new PassThrough();
    const reading = readBounded(stream, { ...bounds, ...more });
    write(stream);
    return reading;
  };
  expect(await read((stream) => stream.end('{"a":1}'))).toBe('{"a":1}');
  expect(await read((stream) => stream.end(''))).toBe('');
  expect(await read((stream) => stream.end(Buffer.from([0x7b, 0xff, 0x7d])))).toBe('{\ufffd}');
  expect(await read((stream) => stream.write('x'.repeat(11)))).toBe(null);
  expect(await read((stream) => stream.destroy(new Error('gone')))).toBe(null);
  // Whoever leaves the pipe open may have said everything.
  expect(await read((stream) => stream.write('{}'), { timeoutMs: 1 })).toBe('{}');
});

test('who hangs is not waited for', async () => {
  const never = new Promise<string>(() => {});
  const asked: number[] = [];
  const atOnce = async (ms: number): Promise<void> => void asked.push(ms);
  expect(await within(3000, never, atOnce)).toBe(null);
  expect(asked).toEqual([3000]);
  const signals: AbortSignal[] = [];
  const forever = (_: number, signal: AbortSignal): Promise<void> => {
    signals.push(signal);
    return new Promise(() => {});
  };
  expect(await within(1, Promise.resolve('done'), forever)).toBe('done');
  await expect(within(1, Promise.reject(new Error('no')), forever)).rejects.toThrow('no');
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});

test('a board of a newer format, or without settings that can be read, is shown and not written to', async () => {
  for (const content of ['format: 99\n', '[: no settings\n']) {
    const { folder } = await orcWithBoard();
    commitByHand(folder, [{ path: 'orc.yaml', content }]);
    for (const event of hookEvents) {
      const recorded = event === 'pre-tool-use' ? 'pre-tool-use-edit' : 'session-start-startup';
      const ran = await orcIn(folder, { input: agentEvent(recorded, folder) })('hook', event);
      expect([0, 1], ran.err).toContain(ran.code);
      expect(ran.err).not.toContain('orc has a bug');
      if (event === 'session-start') expect(ran.out).toContain('Nothing can be written to the board');
      else expect(ran.out).toBe('');
    }
  }
});
