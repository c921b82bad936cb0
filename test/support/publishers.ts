/** Processes of their own that publish when they are told to, and a remote that holds the first push until it is told to go on. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { bundleScript } from './bundle.ts';
import { git, installHook, makeBareRemote, makeClone } from './git-fixtures.ts';
import { makeTempDir } from './temp-dir.ts';

/** What a call came to, as its process printed it. */
export interface PublisherAnswer {
  readonly op: string | null;
  readonly state: string | null;
  readonly published: boolean | null;
  readonly data: unknown;
  /** The code of the error, if it was one. */
  readonly code: string | null;
}

const source = `
import { createInterface } from 'node:readline';
import { openOrc, OrcError } from './src/index.ts';
const [cwd, agent] = process.argv.slice(2);
const orc = await openOrc({ cwd, agent, timeoutMs: 60_000 });
await orc.status();
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const { kind, args, op } = JSON.parse(line);
  try {
    const { state, published, data, op: id } = await orc.perform(kind, args, { agent, op });
    console.log(JSON.stringify({ op: id, state, published, data, code: null }));
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    console.log(JSON.stringify({ op: null, state: null, published: null, data: message, code: code ?? 'bug' }));
  }
}
`;

export class Publisher {
  readonly agent: string;
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(script: string, cwd: string, agent: string) {
    this.agent = agent;
    this.#child = spawn(process.execPath, [script, cwd, agent], { cwd, stdio: ['pipe', 'pipe', 'inherit'] });
    const out = this.#child.stdout as NodeJS.ReadableStream;
    this.#lines = createInterface({ input: out })[Symbol.asyncIterator]();
    onTestFinished(() => {
      this.#child.kill('SIGKILL');
    });
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  async ready(): Promise<this> {
    const { value } = await this.#lines.next();
    if (value !== 'ready') throw new Error(`${this.agent} said ${value}`);
    return this;
  }

  async perform(kind: string, args: Readonly<Record<string, unknown>>): Promise<PublisherAnswer> {
    this.#child.stdin?.write(`${JSON.stringify({ kind, args })}\n`);
    const { value, done } = await this.#lines.next();
    if (done === true) return { op: null, state: null, published: null, data: null, code: 'killed' };
    return JSON.parse(value) as PublisherAnswer;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it, and comes back when it is gone. */
  async kill(): Promise<void> {
    const gone = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await gone;
  }
}

/** Publishers in linked work trees of one clone. */
export async function startPublishers(clone: string, count: number): Promise<Publisher[]> {
  const script = bundleScript('publisher', source);
  git(clone, 'commit', '--quiet', '--allow-empty', '-m', 'first');
  const publishers = Array.from({ length: count }, (_, index) => {
    const folder = path.join(path.dirname(clone), `tree-${index}`);
    git(clone, 'worktree', 'add', '--quiet', folder);
    return new Publisher(script, folder, `agent-${index}`);
  });
  return Promise.all(publishers.map((publisher) => publisher.ready()));
}

/** The next push waits in the remote's `pre-receive` hook. */
export class HeldPush {
  readonly #folder: string;

  constructor(remote: string) {
    this.#folder = makeTempDir();
    const script = `
      if [ -e armed ] && mkdir taken 2>/dev/null; then
        touch entered
        while [ ! -e go ]; do sleep 0.01; done
        touch left
        exit "$(cat go)"
      fi
      exit 0`;
    installHook(remote, 'pre-receive', `cd '${this.#folder}' || exit 1\n${script}`);
    onTestFinished(() => this.release(1)); // nobody waits for ever
  }

  arm(): void {
    fs.writeFileSync(path.join(this.#folder, 'armed'), '');
  }

  /** Comes back when a push is under way, and waits. */
  entered(): Promise<void> {
    return this.#seen('entered');
  }

  /** Lets the push go on (0) or declines it. */
  release(exitCode: 0 | 1): void {
    fs.writeFileSync(path.join(this.#folder, 'go.new'), String(exitCode));
    fs.renameSync(path.join(this.#folder, 'go.new'), path.join(this.#folder, 'go'));
  }

  async #seen(name: string): Promise<void> {
    while (!fs.existsSync(path.join(this.#folder, name))) await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** A bare remote and a clone of it. */
export function makeRemoteAndClone(): { remote: string; clone: string } {
  const remote = makeBareRemote();
  return { remote, clone: makeClone(remote) };
}
