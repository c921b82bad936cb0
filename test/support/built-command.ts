/** The command as it ships, built for the test file that asks: for what only a process of its own can show. */
import { execFileSync, spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { projectRoot } from './bundle.ts';

/** To be called at the top of a test file. The folder lies in the project, where the command finds its package. */
export function buildCommandForTests(): { readonly file: string } {
  const outDir = path.join(projectRoot, `.build-test-${process.pid}`);
  beforeAll(() => {
    const options = {
      root: projectRoot,
      entry: path.join(projectRoot, 'src/bin/orc.ts'),
      outDir,
      version: '0.0.0-test',
    };
    const script = `import { bundleCommand } from './scripts/build/bundle-command.mjs'; await bundleCommand(${JSON.stringify(options)});`;
    execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: projectRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  });
  afterAll(() => rmSync(outDir, { recursive: true, force: true }));
  return { file: path.join(outDir, 'orc.cjs') };
}

export interface Started {
  readonly interrupt: () => void;
  readonly signal: (name: NodeJS.Signals) => void;
  /** Standard output so far. */
  readonly printed: () => string;
  readonly ended: Promise<{ readonly code: number | null; readonly out: string; readonly err: string }>;
}

/** Starts a program and keeps what it prints. */
export function start(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly input?: string },
): Started {
  const child = spawn(program, args, { cwd: options.cwd, stdio: ['pipe', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  child.stdin.end(options.input ?? '');
  const ended = new Promise<{ code: number | null; out: string; err: string }>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
  const signal = (name: NodeJS.Signals): void => void child.kill(name);
  return { interrupt: () => signal('SIGINT'), signal, printed: () => out, ended };
}
