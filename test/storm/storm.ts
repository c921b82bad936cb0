/** Real clients over a real server, killed in the middle of their pushes; then the whole history is checked. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openOrc } from '../../src/index.ts';
import { bundleScript, projectRoot } from '../support/bundle.ts';
import { checkBoard } from '../support/checker/check.ts';
import { readRepository } from '../support/checker/repository.ts';
import type { CallAnswer, CallRecord, CheckReport, FinalFacts } from '../support/checker/types.ts';
import { addRepository, type GitServer, startServer } from '../support/servers/git-server.ts';
import { Recorder, readCalls } from './recorder.ts';
import { machineTime, randomSource, type StormSettings, type WorkerOrders } from './settings.ts';

export interface StormReport {
  readonly check: CheckReport;
  readonly answers: Readonly<Partial<Record<CallAnswer, number>>>;
  readonly operations: number;
  readonly published: number;
  readonly pushes: number;
  readonly kills: number;
  /** Operations whose process was killed before it heard anything, and that are published all the same. */
  readonly landedUnheard: number;
  readonly waiting: number;
  /** Git's locks of the branch that a git left which was killed, and that were removed as orc's hint says. */
  readonly locksRemoved: number;
  readonly seconds: number;
  /** What processes said that ended by themselves: empty. */
  readonly complaints: readonly string[];
}

const repositoryName = 'board.git';
/** A kill comes so long after the push begins, at most; a push takes 20 to 80 ms. */
const maxDelayMs = 90;
/** So long a lock is looked at before it counts as left. */
const lockStaysMs = 20_000;

export async function runStorm(
  settings: StormSettings,
  onProgress: (line: string) => void = () => {},
): Promise<StormReport> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'orc-storm-'));
  let isSound = false;
  const server = await startServer(settings.transport, path.join(folder, makeFolder(folder, 'server')));
  try {
    const began = performance.now();
    const storm = new Storm(settings, folder, server);
    await storm.begin();
    await storm.rage(onProgress);
    const finals = await storm.settle();
    const report = storm.judge(finals, (performance.now() - began) / 1000);
    isSound = report.complaints.length === 0 && report.check.violations.length === 0;
    return report;
  } finally {
    await server.stop();
    rmSync(besidePackages, { recursive: true, force: true });
    if (isSound) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    else console.log(`what is left of the storm: ${folder}`);
  }
}

class Storm {
  readonly #settings: StormSettings;
  readonly #folder: string;
  readonly #server: GitServer;
  readonly #random: () => number;
  readonly #clones: string[] = [];
  readonly #script: string;
  readonly #workers = new Set<ChildProcess>();
  readonly #complaints: string[] = [];
  #asked = 0;
  #pushes = 0;
  #kills = 0;
  #locksRemoved = 0;
  #isOver = false;

  constructor(settings: StormSettings, folder: string, server: GitServer) {
    this.#settings = settings;
    this.#folder = folder;
    this.#server = server;
    this.#random = randomSource(settings.seed);
    this.#script = bundleScript('storm-worker', "import './test/storm/worker.ts';", besidePackages, 'outside');
  }

  async begin(): Promise<void> {
    const url = addRepository(this.#server, repositoryName);
    makeFolder(this.#folder, 'logs');
    Object.assign(process.env, this.#server.env);
    for (let at = 0; at < Math.ceil(this.#settings.clients / 2); at++) {
      const clone = path.join(this.#folder, `clone-${at}`);
      execFileSync('git', ['clone', '--quiet', url, clone], { stdio: 'pipe' });
      this.#clones.push(clone);
    }
    const recorder = new Recorder('setup', this.#log('setup'));
    await using orc = await openOrc({
      cwd: this.#clones[0] as string,
      agent: 'setup',
      create: true,
      world: recorder.world(),
    });
    for (const name of ['build', 'test']) {
      await recorder.ask(orc, { kind: 'workstream.create', agent: 'setup', args: { name } });
    }
  }

  /** Keeps so many clients at work until enough was asked. */
  async rage(onProgress: (line: string) => void): Promise<void> {
    const { clients, operations, minutes } = this.#settings;
    const end = performance.now() + minutes * 60_000;
    const ticker = setInterval(
      () => onProgress(`${this.#asked} asked, ${this.#pushes} pushes, ${this.#kills} kills`),
      10_000,
    );
    const lives = Array.from({ length: clients }, async (_, at) => {
      for (let life = 0; !this.#isOver; life++) {
        await this.#live(at, life, () => {
          this.#isOver ||= this.#asked >= operations || performance.now() > end;
        });
      }
    });
    using _operator = this.#operate();
    await Promise.all(lives);
    clearInterval(ticker);
  }

  /** Does what orc asks for where a killed git left its lock on the branch: a push holds it for some milliseconds. */
  #operate(): Disposable {
    const lock = path.join(this.#server.repositoryPath(repositoryName), 'refs/heads/orc.lock');
    let before: number | undefined;
    const timer = setInterval(() => {
      const now = statSync(lock, { throwIfNoEntry: false })?.ino;
      const isLeft = now !== undefined && now === before;
      before = isLeft ? undefined : now;
      if (!isLeft) return;
      rmSync(lock, { force: true });
      this.#locksRemoved++;
    }, lockStaysMs);
    return { [Symbol.dispose]: () => clearInterval(timer) };
  }

  #live(client: number, life: number, onAnswer: () => void): Promise<void> {
    const name = `client-${client}-${life}`;
    const orders: WorkerOrders = {
      name,
      agent: `agent-${client}`,
      cwd: this.#clones[client % this.#clones.length] as string,
      log: this.#log(name),
      seed: Math.floor(this.#random() * 2 ** 31),
      lanes: this.#settings.lanes,
    };
    const worker = spawn(process.execPath, [this.#script, JSON.stringify(orders)], { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#workers.add(worker);
    let isDoomed = false;
    let rest = '';
    let errors = '';
    worker.stdin.on('error', () => {}); // it may be dead already
    worker.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        if (line === 'asked') this.#asked++;
        if (line === 'push') {
          this.#pushes++;
          if (!isDoomed && !this.#isOver && this.#random() < this.#settings.kill) {
            isDoomed = true;
            setTimeout(() => this.#kill(worker), this.#random() * maxDelayMs);
          }
        }
      }
      onAnswer();
      if (this.#isOver) for (const each of this.#workers) each.stdin?.write('stop\n');
    });
    worker.stderr.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    return new Promise((resolve) => {
      worker.on('close', (code, signal) => {
        this.#workers.delete(worker);
        if (signal !== 'SIGKILL' && (code !== 0 || errors !== ''))
          this.#complaints.push(`${name}: exit ${code} ${errors.slice(0, 2_000)}`);
        resolve();
      });
    });
  }

  /** Half of the time the git that pushes goes too, and half of the time it is left to itself. */
  #kill(worker: ChildProcess): void {
    const { pid } = worker;
    if (pid === undefined || worker.exitCode !== null || worker.signalCode !== null) return;
    const children = this.#random() < 0.5 ? childrenOf(pid) : [];
    this.#kills++;
    process.kill(pid, 'SIGKILL');
    for (const child of children) {
      try {
        process.kill(-child, 'SIGKILL'); // git is started as a group of its own
      } catch {
        // it has ended
      }
    }
  }

  /**
   * Publishes what the dead left; and once more, for what the dead of one clone deposited may be carried in from another. Then the branch
   * moves under what a git still pushes that its killed process left alone. Only after that does the queue say what became of everything.
   */
  async settle(): Promise<FinalFacts[]> {
    using _operator = this.#operate();
    for (const cwd of this.#clones) {
      await using orc = await openOrc({ cwd, agent: 'survivor' });
      for (let tries = 0; tries < 5 && (await orc.sync()).waiting > 0; tries++);
    }
    await this.#proveItGoesOn();
    for (const cwd of this.#clones) {
      await using orc = await openOrc({ cwd, agent: 'survivor' });
      await orc.sync();
    }
    return Promise.all(this.#clones.map((cwd, at) => this.#facts(cwd, at)));
  }

  /** Asks nobody: whatever went out now could be carried in from another clone that was looked at already. */
  async #facts(cwd: string, at: number): Promise<FinalFacts> {
    await using orc = await openOrc({ cwd, agent: 'survivor' });
    const { queue } = orc.connection.session;
    const rejected = (await queue.listRejected()).map(({ operation, refusal }) => ({
      op: operation.id,
      code: refusal.code,
    }));
    return { client: `clone-${at}`, rejected, queued: (await queue.list()).map(({ operation }) => operation.id) };
  }

  /** A board that tells nothing false, since nothing gets in any more, is no sound one. */
  async #proveItGoesOn(): Promise<void> {
    for (const [at, cwd] of this.#clones.entries()) {
      const recorder = new Recorder(`end-${at}`, this.#log(`end-${at}`));
      await using orc = await openOrc({ cwd, agent: 'survivor', world: recorder.world() });
      const call = { kind: 'workstream.create', agent: 'survivor', args: { name: `end-${at}` } };
      const performed = await recorder.ask(orc, call);
      if (performed?.published !== true) this.#complaints.push(`clone-${at}: nothing is published any more`);
    }
  }

  judge(finals: readonly FinalFacts[], seconds: number): StormReport {
    const repository = this.#server.repositoryPath(repositoryName);
    execFileSync('git', ['-C', repository, 'fsck', '--strict', '--no-dangling'], { stdio: 'pipe' });
    const logs = readdirSync(path.join(this.#folder, 'logs')).flatMap((name) =>
      readCalls(path.join(this.#folder, 'logs', name)),
    );
    const chain = readRepository(repository);
    const published = new Set(
      chain.commits.map(({ trailers }) => (typeof trailers === 'object' ? trailers?.operation.id : null)),
    );
    const beginnings = new Set(
      chain.commits.map(({ trailers }) =>
        typeof trailers === 'object' && trailers?.operation.kind === 'board.init' ? trailers.operation.id : '',
      ),
    );
    const options = { unlogged: beginnings, timeOrigin: Date.now() - machineTime(), clockError: 50 };
    return {
      check: checkBoard({ chain, logs, finals, options }),
      answers: tally(logs),
      operations: logs.length,
      published: chain.commits.length,
      pushes: this.#pushes,
      kills: this.#kills,
      landedUnheard: logs.filter(({ answer, op }) => answer === 'never' && published.has(op)).length,
      locksRemoved: this.#locksRemoved,
      waiting: finals.reduce((sum, { queued }) => sum + queued.length, 0),
      seconds,
      complaints: this.#complaints,
    };
  }

  #log(name: string): string {
    return path.join(this.#folder, 'logs', `${name}.jsonl`);
  }
}

function tally(logs: readonly CallRecord[]): Partial<Record<CallAnswer, number>> {
  const counts: Partial<Record<CallAnswer, number>> = {};
  for (const { answer } of logs) counts[answer] = (counts[answer] ?? 0) + 1;
  return counts;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

function makeFolder(folder: string, name: string): string {
  mkdirSync(path.join(folder, name), { recursive: true });
  return name;
}

/** Where a script finds the packages that it does not hold itself. */
const besidePackages = path.join(projectRoot, 'node_modules', `.orc-storm-${process.pid}`);
