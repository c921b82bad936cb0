/** `orc work` and checks as commands: words, options, exit codes, output; the processes are real, and short. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git } from '../support/git-fixtures.ts';

const dataOf = (out: string): Record<string, unknown>[] =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { data: Record<string, unknown> }).data);

describe('work', () => {
  test('has a command do a task; its output goes to standard error', async () => {
    const { orc } = await orcWithBoard();
    const id = await addTask(orc, 'First');
    const ran = await orc(
      'work',
      'build',
      '--agent',
      'a1',
      '--once',
      '--',
      'sh',
      '-c',
      'head -1; echo fine > "$ORC_RESULT_FILE"',
    );
    expect(ran.code).toBe(0);
    expect(ran.lines()[0]).toBe(`Claimed ${id} build: First`);
    expect(ran.lines()[1]).toMatch(new RegExp(`^Completed ${id} First \\(\\d+m?s\\)$`));
    expect(ran.lines()[2]).toBe('Done: 1 completed, 0 failed');
    expect(ran.err).toBe('## Agent Brief: First\n');
    expect((await orc('t', 'show', id, '--json')).json().data).toMatchObject({ status: 'done', result: 'fine' });
    const none = await orc('work', 'build', '--agent', 'a1', '--once', '--', 'true');
    expect([none.code, none.out]).toEqual([4, 'No pending tasks in this workstream.\n']);
  });

  test('as JSON each event is a line of its own', async () => {
    const { orc } = await orcWithBoard();
    for (const title of ['First', 'Second']) await addTask(orc, title);
    const script = 'echo said by $ORC_TASK; [ "$(sed -n 1p)" = "## Agent Brief: First" ]';
    const words = ['--any', '--agent', 'a1', '--drain', '--parallel', '2', '--tail', '1', '--json'];
    const ran = await orc('work', ...words, '--', 'sh', '-c', script);
    expect(ran.code).toBe(1);
    const events = dataOf(ran.out);
    expect(events.map(({ event }) => event).sort()).toEqual(
      ['claimed', 'claimed', 'claimed', 'claimed', 'completed', 'done', 'failed', 'failed', 'failed'].sort(),
    );
    expect(events.at(-1)).toMatchObject({ event: 'done', because: 'drained', claimed: 4, completed: 1, failed: 3 });
    const failed = events.find(({ event }) => event === 'failed');
    expect(failed).toMatchObject({
      title: 'Second',
      status: 'pending',
      reason: expect.stringMatching(/^exit code 1\n\n.*\nsaid by/),
    });
    expect(ran.err).toContain(`${failed?.task} | said by ${failed?.task}\n`);
  });

  test.each([
    [['work', 'build', '--', 'true'], 'usage'],
    [['work', '--agent', 'a1', 'build'], 'usage'],
    [['work', '--any', '--agent', 'a1', 'build', '--', 'true'], 'usage'],
    [['work', 'build', '--agent', 'a1', '--once', '--drain', '--', 'true'], 'usage'],
    [['work', 'build', '--agent', 'a1', '--publish', 'sync', '--', 'true'], 'usage'],
    [['work', 'build', '--agent', 'a1', '--parallel', '0', '--', 'true'], 'invalid-argument'],
    [['work', 'build', '--agent', 'a1', '--task-timeout', 'soon', '--', 'true'], 'invalid-argument'],
    [['work', 'build', '--agent', 'a1', '--', 'no-such-program-at-all'], 'invalid-argument'],
  ])('what cannot be understood is refused before anything is claimed: %j', async (words, code) => {
    const { orc } = await orcWithBoard();
    const id = await addTask(orc, 'First');
    const ran = await orc(...words, '--json');
    // What follows -- is the command's.
    const error = words.includes('--') ? ran.err : ran.error().code;
    expect([ran.code, ran.out]).toEqual([2, '']);
    if (!words.includes('--')) expect(error).toBe(code);
    expect((await orc('t', 'show', id, '--json')).json().data.status).toBe('pending');
  });

  test('of an unknown workstream', async () => {
    const { orc } = await orcWithBoard();
    const ran = await orc('work', 'nosuch', '--agent', 'a1', '--json', '--', 'true');
    expect([ran.code, ran.error().code]).toEqual([3, 'not-found']);
  });

  test('is stopped: what is under way is handed back, and exit code 130 says so', async () => {
    const stop = new AbortController();
    const { orc, folder } = await orcWithBoard();
    const id = await addTask(orc, 'First');
    const worker = orcIn(folder, {
      signal: stop.signal,
      stderr: (text) => {
        if (text.includes('begun')) stop.abort();
      },
    });
    const ran = await worker('work', 'build', '--agent', 'a1', '--', 'sh', '-c', 'echo begun; sleep 60 & wait');
    expect(ran.code).toBe(130);
    expect(ran.lines().at(-1)).toBe('Stopped: 0 completed, 0 failed, 1 handed back');
    expect((await orc('t', 'show', id, '--json')).json().data).toMatchObject({ status: 'pending', attempts: 0 });
  });
});

describe('checks', () => {
  async function withChecks(...words: readonly string[]) {
    const { orc, folder } = await orcWithBoard();
    git(folder, 'commit', '--quiet', '--allow-empty', '-m', 'first');
    return { orc, folder, id: await addTask(orc, 'First', ...words) };
  }

  test('are commands and criteria; an edit of one of them sets both anew', async () => {
    const { orc, id } = await withChecks('--check', 'true', 'npm test', '--criterion', 'it is fast');
    expect((await orc('t', 'show', id, '--json')).json().data.checks).toEqual([
      { command: 'true' },
      { command: 'npm test' },
      { criterion: 'it is fast' },
    ]);
    await orc('t', 'edit', id, '--criterion', 'it is small');
    expect((await orc('t', 'show', id, '--json')).json().data.checks).toEqual([{ criterion: 'it is small' }]);
  });

  test('commands of the board are not run unasked', async () => {
    const { orc, folder, id } = await withChecks('--check', 'touch ran');
    const ran = await orc('t', 'complete', id, 'Done', '--check', '--json');
    expect([ran.code, ran.error().code]).toEqual([1, 'checks-not-allowed']);
    expect(ran.error().hint).toContain('git config orc.runChecks true');
    expect(execFileSync('ls', [folder], { encoding: 'utf8' })).toBe('');
    git(folder, 'config', 'orc.runChecks', 'true');
    expect((await orc('t', 'complete', id, 'Done', '--check')).code).toBe(0);
    expect(execFileSync('ls', [folder], { encoding: 'utf8' })).toBe('ran\n');
  });

  test('run at the top of the work tree, and what came of them is kept', async () => {
    const { orc, folder, id } = await withChecks(
      '--check',
      'pwd; echo $ORC_CLAIM_TOKEN$ORC_AUTH_TOKEN',
      '--criterion',
      'it is fast',
    );
    const env = { ...process.env, ORC_AUTH_TOKEN: 'a-credential-of-mine', ORC_CLAIM_TOKEN: '5' };
    const mine = orcIn(folder, { env });
    const unconfirmed = await mine('t', 'complete', id, '--run-checks', '--json');
    expect([unconfirmed.code, unconfirmed.error().code]).toEqual([3, 'checks-failed']);
    expect(unconfirmed.error().hint).toContain('--confirm');
    const ran = await mine('t', 'complete', id, 'Done', '--run-checks', '--confirm', '--json');
    expect(ran.code).toBe(0);
    expect(ran.json().data.check_results).toMatchObject({
      by: 'system',
      forced: false,
      runs: [
        {
          exit_code: 0,
          duration_ms: expect.any(Number),
          commit: git(folder, 'rev-parse', 'HEAD').trim(),
          dirty: false,
          output_tail: execFileSync('pwd', { cwd: folder, encoding: 'utf8' }).trim(),
        },
        { criterion: 'it is fast', confirmed: true },
      ],
    });
    const shown = await orc('t', 'show', id);
    expect(shown.out).toContain('Checks passed: 2 of 2\n');
    expect(shown.out).toContain('confirmed (no machine looked): it is fast\n');
  });

  test('force without running them says that they were not run', async () => {
    const { orc, id } = await withChecks('--check', 'exit 1');
    const forced = await orc('t', 'complete', id, 'Done', '--force', 'checks', '--agent', 'boss');
    expect(forced.out).toContain('Checks: none was run; completed in spite of them by boss\n');
    expect((await orc('t', 'show', id)).out).toContain('\nChecks: none was run; completed in spite of them by boss\n');
  });

  test('one that fails or takes too long refuses the completion; force overrides it, and it is recorded', async () => {
    const { orc, folder, id } = await withChecks('--check', 'sleep 30 & wait', 'echo broken; exit 7');
    writeFileSync(path.join(folder, 'changed'), '');
    const words = ['t', 'complete', id, 'Done', '--run-checks', '--check-timeout', '200ms'];
    const ran = await orc(...words, '--json');
    expect([ran.code, ran.error().code]).toEqual([3, 'checks-failed']);
    expect(ran.error().message).toContain('`sleep 30 & wait` was ended before it was done, and 1 more');
    const forced = await orc(...words, '--force', 'checks', '--agent', 'boss');
    expect(forced.code).toBe(0);
    expect(forced.out).toContain('Checks passed: 0 of 2; completed in spite of them by boss\n');
    expect(forced.err).toContain('broken\n');
    const { check_results: results } = (await orc('t', 'show', id, '--json')).json().data;
    expect(results).toMatchObject({
      by: 'boss',
      forced: true,
      runs: [
        { exit_code: null, dirty: true },
        { exit_code: 7, output_tail: 'broken' },
      ],
    });
    const wrong = await orc('t', 'complete', id, '--force', 'everything', '--json');
    expect([wrong.code, wrong.error().code]).toEqual([2, 'invalid-argument']);
  });

  test('what is no time is told by the name of its option', async () => {
    const { orc, id } = await withChecks('--check', 'true');
    const wrong = await orc('t', 'complete', id, '--run-checks', '--check-timeout', '0', '--json');
    expect([wrong.code, wrong.error().code]).toEqual([2, 'invalid-argument']);
    expect(wrong.error().message).toBe('--check-timeout must be a length of time, not "0"');
  });

  test('may be overridden without being run', async () => {
    const { orc, id } = await withChecks('--check', 'false');
    expect((await orc('t', 'complete', id, '--force', 'checks', '--json')).json().data.check_results).toMatchObject({
      forced: true,
      runs: [],
    });
  });

  test('work runs them where it may: one that fails fails the task', async () => {
    const { orc, folder, id } = await withChecks('--check', 'echo ran >> log; test -e ok');
    const words = ['work', 'build', '--agent', 'a1', '--once'];
    const failed = await orc(...words, '--run-checks', '--', 'true');
    expect(failed.code).toBe(1);
    expect(failed.lines()[1]).toContain(
      'does not pass its checks: `echo ran >> log; test -e ok` gave exit code 1, pending again',
    );
    const done = await orc(...words, '--run-checks', '--', 'touch', 'ok');
    expect(done.code).toBe(0);
    expect((await orc('t', 'show', id, '--json')).json().data.check_results).toMatchObject({ by: 'a1', forced: false });
    expect(readFileSync(path.join(folder, 'log'), 'utf8')).toBe('ran\nran\n');
  });

  test('work does not run them unasked, and says so', async () => {
    const { orc, folder, id } = await withChecks('--check', 'touch ran');
    const ran = await orc('work', 'build', '--agent', 'a1', '--once', '--', 'true');
    expect(ran.code).toBe(0);
    expect(ran.err).toContain(`warning: task ${id}: its checks are not run here`);
    expect(execFileSync('ls', [folder], { encoding: 'utf8' })).toBe('');
    expect((await orc('t', 'show', id, '--json')).json().data).not.toHaveProperty('check_results');
  });
});
