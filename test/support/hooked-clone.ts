/** A clone with hooks of all sorts, programs that record when they are started, and a look at every byte of it. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { git } from './git-fixtures.ts';
import { orcCommand } from './run-orc.ts';
import { makeTempDir } from './temp-dir.ts';

export interface Committed {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

export class HookedClone {
  readonly top: string;
  /** Where the recording programs lie. */
  readonly #bin: string;
  readonly #log: string;

  constructor() {
    const folder = makeTempDir();
    this.top = path.join(folder, 'work tree');
    this.#bin = path.join(folder, 'bin');
    this.#log = path.join(folder, 'started');
    git('/', 'init', '--quiet', '--initial-branch=main', this.top);
    git(this.top, 'config', 'user.name', 'Test');
    git(this.top, 'config', 'user.email', 'test@example.com');
    git(this.top, 'commit', '--quiet', '--allow-empty', '-m', 'first');
    mkdirSync(this.#bin);
    this.program('orc', `exec "${process.execPath}" "${orcCommand}" "$@"`);
  }

  /** A program on the PATH of commits that notes each of its starts. */
  program(name: string, script: string): void {
    writeFileSync(path.join(this.#bin, name), `#!/bin/sh\necho "${name} $*" >>"${this.#log}"\n${script}\n`);
    chmodSync(path.join(this.#bin, name), 0o755);
  }

  /** What has been started since the last time. */
  started(): string[] {
    const lines = existsSync(this.#log) ? readFileSync(this.#log, 'utf8').split('\n').slice(0, -1) : [];
    writeFileSync(this.#log, '');
    return lines;
  }

  write(name: string, text: string, mode = 0o644): void {
    const file = path.join(this.top, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
    chmodSync(file, mode);
  }

  read(name: string): string {
    return readFileSync(path.join(this.top, name), 'utf8');
  }

  /** Changes a file and commits it. */
  commit(name: string, { cwd = this.top, env = {} as NodeJS.ProcessEnv, args = [] as string[] } = {}): Committed {
    writeFileSync(path.join(cwd, name), `${Math.random()}\n`);
    git(cwd, 'add', name);
    return this.run('git', ['commit', '--quiet', '-m', `Change ${name}`, ...args], { cwd, env });
  }

  run(program: string, args: readonly string[], { cwd = this.top, env = {} as NodeJS.ProcessEnv } = {}): Committed {
    const ran = spawnSync(program, args, {
      cwd,
      env: { ...process.env, PATH: `${this.#bin}${path.delimiter}${process.env.PATH}`, ...env },
      encoding: 'utf8',
    });
    return { status: ran.status, out: ran.stdout, err: ran.stderr };
  }

  /** Every file below the clone with its kind, permissions and content; without git's own changing state. */
  snapshot(): Map<string, string> {
    const found = new Map<string, string>();
    const visit = (folder: string): void => {
      for (const name of readdirSync(folder)) {
        const file = path.join(folder, name);
        const relative = path.relative(this.top, file);
        if (
          /^\.git\/(?:objects|logs|index|COMMIT_EDITMSG|refs|worktrees\/[^/]+\/(?:index|logs|HEAD|COMMIT))/.test(
            relative,
          )
        )
          continue;
        const facts = lstatSync(file);
        const mode = (facts.mode & 0o7777).toString(8);
        if (facts.isDirectory()) {
          found.set(`${relative}/`, mode);
          visit(file);
        } else {
          found.set(
            relative,
            facts.isSymbolicLink() ? `-> ${readlinkSync(file)}` : `${mode} ${readFileSync(file, 'latin1')}`,
          );
        }
      }
    };
    visit(this.top);
    return found;
  }
}
