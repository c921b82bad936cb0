import fs from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { runDemo } from '../../src/app/demo.ts';
import type { RunOrc } from '../../src/app/demo-stage.ts';
import { runCli } from '../../src/cli/run.ts';

/** Each command opens the board anew, as a process of its own does. */
const inProcess: RunOrc = async (words, { cwd, env }) => {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli(words, {
    cwd,
    env,
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    stdin: async () => '',
    isTty: false,
  });
  return { exitCode, stdout, stderr };
};

test('each task and the lock have one winner, the others are told who it is, and the folder is gone', async () => {
  const lines: string[] = [];
  const { folder, claims, lockHolders, told } = await runDemo({ out: (line) => lines.push(line), run: inProcess });
  expect(told).toEqual({ tasks: 4, lock: 1 });
  expect(claims.size).toBe(5);
  for (const agents of claims.values()) expect(agents).toHaveLength(1);
  expect(lockHolders).toHaveLength(1);
  expect(fs.existsSync(folder)).toBe(false);

  const output = lines.join('\n');
  expect(output.match(/Claimed next task: /g)).toHaveLength(4);
  expect(output.match(/is held by \w+ until /g)?.length).toBeGreaterThanOrEqual(3);
  expect(output.match(/Lock denied: printer \(held by/g)).toHaveLength(3);
  expect(output).toMatch(/error: task \w+ is held by \w+\n {2}hint: only its holder can do that/);
  expect(output).toContain('=== orc status ===');
  expect(output).toMatch(/[0-9a-f]{7} task\.next printing\/\w+ by altair/);
  expect(output).toMatch(/\n +\d+\taltair\n/);
  expect(output).toContain('# The board at version ');
}, 60_000);

test('the folder stays when it is asked for', async () => {
  const lines: string[] = [];
  const { folder } = await runDemo({ out: (line) => lines.push(line), keep: true, run: inProcess });
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  expect(lines.at(-1)).toBe(`The folder is kept: ${folder}`);
  expect(fs.readdirSync(folder).sort()).toEqual(expect.arrayContaining(['bridge', 'galley', 'station.git']));
}, 60_000);

test('it leaves no folder behind when something fails, and says what', async () => {
  let folder = '';
  const failing: RunOrc = async (_words, { cwd }) => {
    folder = cwd;
    throw new Error('the airlock is open');
  };
  await expect(runDemo({ out: () => undefined, run: failing })).rejects.toThrow('the airlock is open');
  expect(folder).not.toBe('');
  expect(fs.existsSync(folder)).toBe(false);
});
