/** A command as a job: what it is given, what of it is published, what is kept back. Processes are played. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { maxTailBytes, OutputTail } from '../../src/app/output-tail.ts';
import type { ProcessEnd, StartOptions, StartProcess } from '../../src/app/process-group.ts';
import { type CommandOptions, startCommand } from '../../src/app/worker-command.ts';
import type { JobEnd } from '../../src/app/worker-decisions.ts';
import type { ClaimedTask } from '../../src/app/worker-ports.ts';
import { boardWith, taskTitled } from '../support/board-builder.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const secret = `gh${'p_'}${'a1B2'.repeat(9)}`;
const task = taskTitled(boardWith({ tasks: ['First'] }), 'First');
const claimed: ClaimedTask = { task, token: 17, leaseMs: 60_000, version: 17 };

interface Played {
  readonly end: JobEnd;
  readonly started: StartOptions;
  readonly shown: string;
}

/** Runs a job whose process does this, writes that, and ends so. */
async function play(
  does: (given: StartOptions) => void,
  {
    end = { how: 'exit', code: 0 } as ProcessEnd,
    output = '',
    ...more
  }: Partial<CommandOptions> & { end?: ProcessEnd; output?: string } = {},
): Promise<Played> {
  let started: StartOptions | null = null;
  let shown = '';
  const startProcess: StartProcess = async (options) => {
    started = options;
    does(options);
    options.onOutput(Buffer.from(output));
    return { ended: Promise.resolve(end), signal: () => {} };
  };
  const job = await startCommand(
    {
      command: ['agent', '--fast', 'a b'],
      cwd: '/somewhere',
      env: { PATH: '/bin', MY_TOKEN: 'correct horse battery' },
      agent: 'agent-1',
      place: { ORC_SESSION: 'main' },
      tailLines: 0,
      allowSecret: false,
      withheldFolder: path.join(makeTempDir(), 'withheld'),
      startProcess,
      onOutput: (_claimed, chunk) => {
        shown += chunk.toString();
      },
      ...more,
    },
    claimed,
    '# The brief\n',
  );
  const ended = await job.ended;
  return { end: ended, started: started as unknown as StartOptions, shown };
}

const writes = (text: string | Buffer) => (given: StartOptions) =>
  writeFileSync(given.env.ORC_RESULT_FILE as string, text);

describe('what it is given', () => {
  test('the brief on standard input and as a file, the task in the environment, its arguments untouched', async () => {
    let brief = '';
    const { started } = await play((given) => {
      brief = readFileSync(given.env.ORC_BRIEF_FILE as string, 'utf8');
    });
    expect([started.file, started.args, started.cwd]).toEqual(['agent', ['--fast', 'a b'], '/somewhere']);
    expect([started.stdin, brief]).toEqual(['# The brief\n', '# The brief\n']);
    expect(started.env).toMatchObject({
      PATH: '/bin',
      ORC_AGENT: 'agent-1',
      ORC_TASK: task.id,
      ORC_WORKSTREAM: 'build',
      ORC_CLAIM_TOKEN: '17',
      ORC_SESSION: 'main',
    });
    // Nothing is left lying about.
    expect(existsSync(path.dirname(started.env.ORC_BRIEF_FILE as string))).toBe(false);
  });
});

describe('what is published', () => {
  test('the result that it wrote, and nothing of its output', async () => {
    const { end, shown } = await play(writes('all is well\n'), { output: 'lots of noise\n' });
    expect(end).toEqual({ how: 'done', result: 'all is well', checks: undefined, withheld: undefined });
    expect(shown).toBe('lots of noise\n');
  });

  test('no result where it wrote none, or what is no file', async () => {
    expect((await play(() => {})).end).toMatchObject({ how: 'done', result: null });
    expect((await play(writes(''))).end).toMatchObject({ result: null });
    const { mkdirSync } = await import('node:fs');
    expect((await play((given) => mkdirSync(given.env.ORC_RESULT_FILE as string))).end).toMatchObject({ result: null });
  });

  test.skipIf(process.platform === 'win32')(
    'a pipe in its place is no result, and nobody waits for its other end',
    async () => {
      const { end } = await play((given) => {
        execFileSync('mkfifo', [given.env.ORC_RESULT_FILE as string]);
      });
      expect(end).toMatchObject({ how: 'done', result: null });
    },
  );

  test('with a tail the last lines, cleaned; more than a limit never', async () => {
    const output = `first\n\u001b[31msecond\u001b[0m\nthird ${secret}\n`;
    expect((await play(writes('fine'), { output, tailLines: 2 })).end).toMatchObject({
      result: 'fine\n\nThe end of its output:\nsecond\nthird [redacted: a GitHub token]',
    });
    expect((await play(() => {}, { output, tailLines: 1 })).end).toMatchObject({
      result: 'third [redacted: a GitHub token]',
    });
    const failed = await play(() => {}, { output, tailLines: 1, end: { how: 'exit', code: 3 } });
    expect(failed.end).toEqual({
      how: 'failed',
      reason: 'exit code 3\n\nThe end of its output:\nthird [redacted: a GitHub token]',
    });
    const long = await play(() => {}, { output: 'x'.repeat(100_000), tailLines: 9 });
    expect(JSON.stringify(long.end).length).toBeLessThan(20_000);
  });

  test('a result that is too long is cut, whatever its bytes are, and says so', async () => {
    for (const text of ['x'.repeat(300_000), 'é'.repeat(140_000), Buffer.alloc(300_000, 0xff)]) {
      const { end } = await play(writes(text), { tailLines: 1, output: 'the end' });
      const { result } = end as { result: string };
      expect(Buffer.byteLength(result)).toBeLessThanOrEqual(256 * 1024);
      expect(result).toMatch(/… \(cut: it was longer than a result may be\)\n\nThe end of its output:\nthe end$/);
    }
  });

  test('what looks like a credential is not: it is kept here, for its owner alone, and the result says so', async () => {
    const { end } = await play(writes(`the key is ${secret}`));
    const { result, withheld } = end as { result: string; withheld: string };
    expect(result).toBe('(The result is not published: it holds what looks like a GitHub token.)');
    expect(readFileSync(withheld, 'utf8')).toBe(`the key is ${secret}`);
    expect((await import('node:fs')).statSync(withheld).mode & 0o077).toBe(0);
    expect((await play(writes(`the key is ${secret}`), { allowSecret: true })).end).toMatchObject({
      result: `the key is ${secret}`,
    });
  });

  test('nothing is lost where it cannot be kept: the task fails', async () => {
    const file = path.join(makeTempDir(), 'file');
    writeFileSync(file, '');
    const { end } = await play(writes(secret), { withheldFolder: path.join(file, 'x') });
    expect(end).toMatchObject({ how: 'failed', reason: expect.stringMatching(/^cannot keep the result/) });
  });
});

test.each([
  [{ how: 'exit', code: 1 } as const, { how: 'failed', reason: 'exit code 1' }],
  [{ how: 'signal', signal: 'SIGKILL' } as const, { how: 'killed', signal: 'SIGKILL' }],
])('how it ended: %j', async (end, job) => {
  expect((await play(writes('half a result'), { end })).end).toEqual(job);
});

test('the checks run after it has succeeded, and only then', async () => {
  const runs = [{ criterion: 'x', confirmed: true }];
  const check = async () => runs;
  expect((await play(() => {}, { check })).end).toMatchObject({ how: 'done', checks: runs });
  expect((await play(() => {}, { check, end: { how: 'exit', code: 1 } })).end).not.toHaveProperty('checks');
  const broken = async () => {
    throw new Error('no shell');
  };
  expect((await play(() => {}, { check: broken })).end).toEqual({ how: 'failed', reason: 'no shell' });
});

describe('the end of an output', () => {
  const tailOf = (text: string, options = {}, env: NodeJS.ProcessEnv = {}) => {
    const tail = new OutputTail();
    for (let at = 0; at < text.length; at += 1000) tail.add(Buffer.from(text.slice(at, at + 1000)));
    return tail.text(env, options);
  };

  test('is short, and begins with a whole line where it can', () => {
    const text = tailOf(Array.from({ length: 5000 }, (_, n) => `line ${n}`).join('\n'));
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual(maxTailBytes);
    expect(text).toMatch(/^…\nline \d+\n[\s\S]*line 4999$/);
    expect(Buffer.byteLength(tailOf('名'.repeat(5000)))).toBeLessThanOrEqual(maxTailBytes);
  });

  test('is the end, however much there was and in whichever pieces it came', () => {
    const lines = Array.from({ length: 30_000 }, (_, n) => `line ${n}`);
    expect(tailOf(lines.join('\n'), { lines: 2 })).toBe('line 29998\nline 29999');
    const tail = new OutputTail();
    // Two of the pieces in which a pipe is read.
    const bytes = Buffer.from(lines.join('\n')).subarray(-131_072);
    for (let at = 0; at < bytes.length; at += 65_536) tail.add(bytes.subarray(at, at + 65_536));
    expect(tail.text({}, { lines: 1 })).toBe('line 29999');
  });

  test('has no value of a variable that is called a secret', () => {
    const env = { DEPLOY_TOKEN: 'correct horse battery', HOME: '/home/somebody' };
    expect(tailOf('it is correct horse battery, in /home/somebody', {}, env)).toBe('it is ***, in /home/somebody');
  });

  test('is what carriage returns left visible, without escape sequences', () => {
    expect(tailOf('10%\r50%\r100%\n\u001b]0;title\u0007done\u0000\n')).toBe('10%\n50%\n100%\ndone');
  });
});
