/**
 * Runs a script of ours that kills itself (SIGKILL) at its n-th file-system call or process start: every moment of a
 * mutation can be tried, and a number reproduces it.
 */
import { spawn } from 'node:child_process';
import { bundleScript } from './bundle.ts';
import { type CallKind, promiseCalls, syncCalls } from './io-calls.ts';

/** Before and after what only looks, reads, syncs or closes, everything stands as it does at the call beside it. */
const idle: readonly CallKind[] = ['look', 'read', 'sync', 'close'];
const momentsOf = (calls: Readonly<Record<string, CallKind>>): string[] =>
  Object.keys(calls).filter((name) => !idle.includes(calls[name] as CallKind));

/** Loaded first: counts calls, and dies at the one that `KILL_AT` names. With `KILL_AFTER=1` the call is carried out before. */
const preamble = `
import childProcess from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
let count = 0;
const at = Number(process.env.KILL_AT ?? 0);
const isAfter = process.env.KILL_AFTER === '1';
const die = () => process.kill(process.pid, 'SIGKILL');
function wrap(owner, name) {
  const original = owner[name];
  owner[name] = function (...args) {
    if (globalThis.__armed !== true || ++count !== at) return original.apply(this, args);
    if (!isAfter) { die(); for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000); }
    let result;
    try { result = original.apply(this, args); } catch (error) { die(); throw error; }
    if (typeof result?.then === 'function') return result.finally(die);
    die();
    return result;
  };
}
for (const name of ${JSON.stringify(momentsOf(promiseCalls))}) wrap(fs.promises, name);
for (const name of ${JSON.stringify(momentsOf(syncCalls))}) wrap(fs, name);
wrap(childProcess, 'spawn');
syncBuiltinESMExports();
globalThis.__arm = () => { globalThis.__armed = true; };
globalThis.__count = () => count;
`;

export interface KillableRun {
  /** What it printed, line by line. */
  readonly lines: readonly string[];
  readonly killed: boolean;
  readonly stderr: string;
  /** How many calls were counted, where it lived to say so. */
  readonly calls: number | null;
}

export class KillableScript {
  readonly #file: string;

  /** The body may use `arm()` to say from where on calls are counted, and `say(line)` to print durably at once. */
  constructor(name: string, imports: string, body: string) {
    this.#file = bundleScript(
      name,
      `${imports}\nimport { writeSync } from 'node:fs';\nconst say = (line: string) => writeSync(1, line + '\\n');\nconst arm = () => (globalThis as unknown as { __arm(): void }).__arm();\n${body}\nsay('calls ' + (globalThis as unknown as { __count(): number }).__count());\n`,
    );
  }

  run(
    at: number,
    options: { readonly cwd: string; readonly after?: boolean; readonly env?: NodeJS.ProcessEnv },
  ): Promise<KillableRun> {
    const env = { ...process.env, ...options.env, KILL_AT: String(at), KILL_AFTER: options.after === true ? '1' : '0' };
    const preambleUrl = `data:text/javascript,${encodeURIComponent(preamble)}`;
    const child = spawn(process.execPath, ['--import', preambleUrl, this.#file], {
      cwd: options.cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let out = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (_code, signal) => {
        const lines = out.split('\n').filter((line) => line !== '');
        const calls = /^calls (\d+)$/.exec(lines.at(-1) ?? '')?.[1];
        resolve({ lines, killed: signal === 'SIGKILL', stderr, calls: calls === undefined ? null : Number(calls) });
      });
    });
  }
}
