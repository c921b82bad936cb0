/** Runs the built command as a process of its own, as its users do. */
import { spawn } from 'node:child_process';
import path from 'node:path';
import { projectRoot } from './bundle.ts';

export const orcCommand = path.join(projectRoot, 'dist/bin/orc.cjs');

export interface OrcRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The document that `--json` printed. */
  json<T = { data: unknown; published: boolean | null; version: number }>(): T;
  /** The code of the error that `--json` printed. */
  errorCode(): string | undefined;
}

export interface OrcRunOptions {
  readonly cwd: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly stdin?: string;
}

export function runOrc(args: readonly string[], options: OrcRunOptions): Promise<OrcRun> {
  const env = { ...process.env, ...options.env };
  const child = spawn(process.execPath, [orcCommand, ...args], {
    cwd: options.cwd,
    env,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.end(options.stdin ?? '');
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (exitCode) => {
      resolve({
        exitCode,
        stdout,
        stderr,
        json: <T>() => JSON.parse(stdout) as T,
        errorCode: () =>
          (JSON.parse(stderr.trim().split('\n').at(-1) ?? '{}') as { error?: { code?: string } }).error?.code,
      });
    });
  });
}
