/** What the demo stands on: a folder to throw away, two clones in it, commands that run as processes of their own. */
import { type ChildProcess, execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import type { machines } from './demo-board.ts';
import { packageRoot } from './package-info.ts';

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/** Runs the orc command with these words. */
export type RunOrc = (words: readonly string[], place: Place) => Promise<CommandResult>;

export type Machine = (typeof machines)[number]['name'];

/** Output lines of one command at most. */
const maxShown = 16;

export class Stage {
  readonly folder: string;
  readonly env: NodeJS.ProcessEnv;
  readonly #out: (line: string) => void;
  readonly #run: RunOrc;

  constructor(folder: string, options: { out: (line: string) => void; env: NodeJS.ProcessEnv; run: RunOrc }) {
    this.folder = folder;
    this.env = demoEnvironment(options.env, folder);
    this.#out = options.out;
    this.#run = options.run;
  }

  title(text: string): void {
    this.#out('');
    this.#out(`— ${text} —`);
  }

  say(text: string): void {
    this.#out(`  ${text}`);
  }

  /** The clone of a machine. */
  cloneOf(machine: Machine): string {
    return path.join(this.folder, machine);
  }

  async runQuietly(machine: Machine, ...words: string[]): Promise<CommandResult> {
    return this.#run(words, { cwd: this.cloneOf(machine), env: this.env });
  }

  show(machine: Machine, words: readonly string[], { stdout, stderr }: Omit<CommandResult, 'exitCode'>): void {
    this.#out(`${machine}$ ${words.map(shellWord).join(' ')}`);
    const lines = `${stdout}${stderr}`.trimEnd();
    if (lines !== '') for (const line of lines.split('\n')) this.#out(line === '' ? '' : `  ${line}`);
  }

  async orc(machine: Machine, ...words: string[]): Promise<void> {
    this.show(machine, ['orc', ...words], await this.runQuietly(machine, ...words));
  }

  /** Plain git, in the folder or in a clone. */
  async git(cwd: string, ...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await runProcess('git', args, { cwd, env: this.env });
    if (exitCode !== 0) throw new OrcError('git-failed', stderr.trim() || `git ${args[0]} failed`);
    return stdout;
  }

  async showGit(machine: Machine, ...args: string[]): Promise<void> {
    const lines = (await this.git(this.cloneOf(machine), ...args)).trimEnd().split('\n');
    const stdout = [...lines.slice(0, maxShown), ...(lines.length > maxShown ? ['…'] : [])].join('\n');
    this.show(machine, ['git', ...args], { stdout, stderr: '' });
  }
}

/** Nothing of the user's own: no identity, no configuration, no board, no CI. */
function demoEnvironment(env: NodeJS.ProcessEnv, folder: string): NodeJS.ProcessEnv {
  const foreign = /^(?:ORC_|GIT_|XDG_|CI$|NODE_EXTRA_CA_CERTS$|FORCE_COLOR$)/;
  return {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !foreign.test(name))),
    HOME: folder,
    GIT_CONFIG_GLOBAL: path.join(folder, 'gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_COMMITTER_NAME: 'Perigee Station',
    GIT_COMMITTER_EMAIL: 'station@perigee.example',
    LC_ALL: 'C.UTF-8',
    NO_COLOR: '1',
  };
}

/** @throws OrcError `unsupported` when the command is not built */
export async function runCommand(words: readonly string[], place: Place): Promise<CommandResult> {
  const command = path.join(packageRoot(), 'dist', 'bin', 'orc.cjs');
  if (!existsSync(command)) {
    throw new OrcError('unsupported', `the demo runs the orc command, and ${command} is not there`, {
      hint: '`npm run build` makes it',
    });
  }
  return runProcess(process.execPath, [command, ...words], place);
}

/** Those that run now. */
const running = new Set<ChildProcess>();

/** For a demo that is given up: what goes on in its folder would keep it from being thrown away. */
export function killCommands(): void {
  for (const child of running) child.kill('SIGKILL');
}

function runProcess(file: string, args: readonly string[], place: Place): Promise<CommandResult> {
  const options = { ...place, encoding: 'utf8', maxBuffer: 16 * 1024 * 1024, timeout: 60_000 } as const;
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      running.delete(child);
      const code = error === null ? 0 : error.code;
      if (typeof code === 'number') resolve({ exitCode: code, stdout, stderr });
      else if (code === 'ENOENT' && file === 'git') reject(new OrcError('git-missing', 'git is not installed'));
      else reject(error);
    });
    running.add(child);
  });
}

function shellWord(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `"${word.replace(/["\\$`]/g, '\\$&')}"`;
}
