/** Runs command lines in this process, as `orc` would, and keeps what they print. */
import { realWorld, type World } from '../../src/app/connect.ts';
import type { Io } from '../../src/cli/io.ts';
import { runCli } from '../../src/cli/run.ts';
import { git } from './git-fixtures.ts';
import { makeTempDir } from './temp-dir.ts';

export interface JsonDocument {
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of all shapes
  readonly data: any;
  readonly published: boolean | null;
  readonly version: number | null;
  readonly state?: string;
  readonly op?: string;
  readonly reason?: string;
}

export interface JsonError {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

export class Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;

  constructor(code: number, out: string, err: string) {
    this.code = code;
    this.out = out;
    this.err = err;
  }

  /** Standard output as lines. */
  lines(): string[] {
    return this.out.split('\n').slice(0, -1);
  }

  /** The one document of `--json`. */
  json(): JsonDocument {
    return JSON.parse(this.out) as JsonDocument;
  }

  /** The error of `--json`. */
  error(): JsonError {
    return (JSON.parse(this.err) as { error: JsonError }).error;
  }
}

export type OrcRunner = (...words: readonly string[]) => Promise<Ran>;

/** What differs from a process without a terminal and without settings; `input` is its standard input. */
export type RunnerOptions = Partial<Io> & { readonly input?: string };

export function orcIn(cwd: string, options: RunnerOptions = {}): OrcRunner {
  const { input, ...io } = options;
  return async (...words) => {
    let out = '';
    let err = '';
    const code = await runCli(words, {
      cwd,
      env: { ...process.env },
      stdout: (text) => {
        out += text;
      },
      stderr: (text) => {
        err += text;
      },
      stdin: async () => input ?? '',
      isTty: false,
      ...io,
    });
    return new Ran(code, out, err);
  };
}

/** A board in a repository without a remote, with one workstream, `build`. */
export async function orcWithBoard(
  options: RunnerOptions = {},
): Promise<{ readonly orc: OrcRunner; readonly folder: string }> {
  const folder = makeTempDir();
  git(folder, 'init', '--quiet');
  const orc = orcIn(folder, options);
  const { code, err } = await orc('ws', 'create', 'build', 'Build things', '2');
  if (code !== 0) throw new Error(err);
  return { orc, folder };
}

/** Adds a task to `build` and gives its id. */
export async function addTask(orc: OrcRunner, title: string, ...words: readonly string[]): Promise<string> {
  const ran = await orc('t', 'add', 'build', title, ...words, '--json');
  if (ran.code !== 0) throw new Error(ran.err);
  return ran.json().data.id as string;
}

/** A world in which waiting takes no time: whoever sleeps finds the clock moved on. */
export function worldWithoutWaiting(
  start = Date.parse('2026-01-31T12:00:00.000Z'),
): World & { readonly pass: (ms: number) => void } {
  let passed = 0;
  return {
    ...realWorld,
    clock: {
      now: () => start + passed,
      monotonic: () => passed,
      sleep: async (ms) => {
        passed += ms;
        // Real work of others, such as git, goes on in the meantime.
        await new Promise((resolve) => setImmediate(resolve));
      },
    },
    pass: (ms) => {
      passed += ms;
    },
  };
}
