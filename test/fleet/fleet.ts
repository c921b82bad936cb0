/**
 * A fleet: workers as processes of their own in several clones, on one board of tasks that wait for one another. Some are killed
 * with -9 in the middle of a task, one is stopped past its lease and goes on afterwards. In the end every task is done, each once and in
 * the order of the dependencies; the one that slept was refused; and the checker has nothing to say.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { randomSource } from '../checker/random-source.ts';
import { checkBoard } from '../support/checker/check.ts';
import { readRepository } from '../support/checker/repository.ts';
import { type FleetRequest, fleetAgents, fleetBoard } from '../support/fleet-board.ts';

export interface FleetSettings {
  readonly seed: number;
  readonly clones: number;
  readonly workers: number;
  readonly tasks: number;
  /** Killed with -9, each while it has a task. */
  readonly killed: number;
  /** Stopped past its lease, and then told to go on. */
  readonly stopped: number;
  /** ms */
  readonly lease: number;
  readonly minutes: number;
}

export const defaultFleet: FleetSettings = {
  seed: 1,
  clones: 4,
  workers: 8,
  tasks: 200,
  killed: 2,
  stopped: 1,
  lease: 6_000,
  minutes: 10,
};

export interface FleetReport {
  readonly complaints: readonly string[];
  readonly violations: readonly string[];
  readonly commits: number;
  readonly reclaimed: number;
  readonly seconds: number;
}

interface Place {
  /** For everything; thrown away by the caller. */
  readonly folder: string;
  /** The built command. */
  readonly command: string;
  readonly say?: (line: string) => void;
}

interface Said {
  readonly event: string;
  readonly task?: string;
  readonly code?: string;
}

interface LoggedEvent {
  readonly n: number;
  readonly action: string;
  readonly agent: string;
  readonly task_id?: string;
}

interface FleetTask {
  readonly id: string;
  readonly title: string;
  readonly status: string;
  readonly depends_on: readonly string[];
}

/** What a worker that is to be killed or stopped does for each task: long enough to be met at it. */
const longWork = 'sleep 1.5; echo ok > "$ORC_RESULT_FILE"';
/** For the others: whoever takes a task over from a sleeper has it until that one was heard. */
const shortWork = 'sleep 0.05; while [ -e "$FLEET/$ORC_TASK" ]; do sleep 0.1; done; echo ok > "$ORC_RESULT_FILE"';

export async function runFleet(
  settings: FleetSettings,
  { folder, command, say = () => {} }: Place,
): Promise<FleetReport> {
  const began = performance.now();
  const { seed, tasks, workers: count, killed, stopped, minutes } = settings;
  const env: NodeJS.ProcessEnv = {
    PATH: process.env.PATH,
    HOME: folder,
    FLEET: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_COMMITTER_NAME: 'Fleet',
    GIT_COMMITTER_EMAIL: 'fleet@example.com',
  };
  const { remote, clones } = begin(settings, { folder, command, env });
  const random = randomSource(seed);
  const agents = [...fleetAgents].reverse().map(({ id }) => id);
  const start = (index: number): FleetWorker =>
    new FleetWorker(agents[index] ?? `agent-${index}`, index > 0 && index <= killed + stopped, {
      cwd: clones[index % clones.length] as string,
      command,
      env,
      settings,
    });
  // Those that something will happen to come first, so that there is work for them.
  const victims = Array.from({ length: killed + stopped }, (_, index) => start(index + 1));
  await Promise.all(victims.map((victim) => victim.until(({ event }) => event === 'claimed')));
  const others = Array.from({ length: count - victims.length - 1 }, (_, index) => start(index + 1 + victims.length));
  const workers = [start(0), ...victims, ...others];
  const timer = setTimeout(() => {
    for (const worker of workers) worker.signal('SIGKILL');
  }, minutes * 60_000);
  const complaints: string[] = [];
  /** Somebody else has the task; or nobody is left to take it. */
  const taken = (task: string, from: FleetWorker): Promise<unknown> => {
    const rest = workers.filter((worker) => worker !== from);
    const looking = rest.map((worker) => worker.until((said) => said.event === 'claimed' && said.task === task));
    const found = looking.map((each) => each.then((said) => (said === null ? new Promise(() => {}) : said)));
    return Promise.race([...found, Promise.all(looking)]);
  };
  const fates = victims.map(async (victim, index) => {
    // At its first task, or at a later one where there are enough.
    const claims = tasks < 100 ? 1 : 1 + random.below(3);
    const met = await victim.until(
      (said, all) => said.event === 'claimed' && all.filter(({ event }) => event === 'claimed').length >= claims,
    );
    if (met?.task === undefined) {
      complaints.push(`${victim.agent} never had a task to be met at`);
      return;
    }
    if (index < killed) {
      victim.signal('SIGKILL');
      say(`${victim.agent} was killed at ${met.task}`);
      return;
    }
    victim.signal('SIGSTOP');
    writeFileSync(path.join(folder, met.task), '');
    say(`${victim.agent} was stopped at ${met.task}`);
    await taken(met.task, victim);
    victim.signal('SIGCONT');
    say(`${victim.agent} goes on`);
    const end = await victim.until(
      (said) => said.task === met.task && said.event !== 'claimed' && said.event !== 'trouble',
    );
    rmSync(path.join(folder, met.task));
    if (end?.event !== 'lost' || end.code !== 'stale-token')
      complaints.push(`${victim.agent} slept past its lease on ${met.task}, and heard ${JSON.stringify(end)}`);
  });
  await Promise.all(fates);
  const codes = await Promise.all(workers.map(({ ended }) => ended));
  clearTimeout(timer);
  for (const [index, worker] of workers.entries()) {
    const isDead = index > 0 && index <= killed;
    // On a busy machine one may lose a task, or be told late that its report is in: the board says whether all is well.
    const hasLost = worker.said.some(({ event }) => event === 'lost');
    const isFine = codes[index] === 0 || codes[index] === 5 || (codes[index] === 1 && hasLost);
    if (!isDead && !isFine) complaints.push(`${worker.agent} ended with ${codes[index]}: ${worker.errors.slice(-500)}`);
  }
  const { faults, reclaimed } = judgeBoard(settings, { cwd: clones[0] as string, command, env });
  const chain = readRepository(remote, 'orc');
  const { violations } = checkBoard({ chain, options: { unlogged: () => true } });
  return {
    complaints: [...complaints, ...faults],
    violations: violations.map(({ rule, message }) => `rule ${rule}: ${message}`),
    commits: chain.commits.length,
    reclaimed,
    seconds: Math.round((performance.now() - began) / 100) / 10,
  };
}

interface Stage {
  readonly cwd: string;
  readonly command: string;
  readonly env: NodeJS.ProcessEnv;
}

function orc({ cwd, command, env }: Stage, ...words: string[]): string {
  return execFileSync(process.execPath, [command, ...words], {
    cwd,
    env,
    encoding: 'utf8',
    stdio: 'pipe',
    maxBuffer: 1e9,
  });
}

/** The remote, the clones, and the board with its tasks, in one batch. */
function begin(
  { seed, clones: count, tasks, workers }: FleetSettings,
  { folder, command, env }: Omit<Stage, 'cwd'> & { readonly folder: string },
): { readonly remote: string; readonly clones: readonly string[] } {
  const remote = path.join(folder, 'remote.git');
  const git = (...words: string[]): void => void execFileSync('git', words, { env, stdio: 'pipe' });
  mkdirSync(folder, { recursive: true });
  git('init', '--quiet', '--bare', remote);
  const clones = Array.from({ length: count }, (_, index) => path.join(folder, `clone-${index}`));
  for (const clone of clones) git('clone', '--quiet', remote, clone);
  const stage: Stage = { cwd: clones[0] as string, command, env };
  orc(stage, 'init', '--yes');
  // All of them share this machine's clock.
  orc(stage, 'config', 'set', 'clock_skew', '0s', '--shared');
  // Few workers cannot do everything that wants capabilities.
  const lines = fleetBoard(seed, { tasks, hasNeeds: workers >= fleetAgents.length });
  const file = path.join(folder, 'board.jsonl');
  writeFileSync(file, lines.map((line: FleetRequest) => `${JSON.stringify(line)}\n`).join(''));
  orc(stage, 'batch', file);
  return { remote, clones };
}

/** Every task done, once, and after all that it depends on. */
function judgeBoard({ tasks: count }: FleetSettings, stage: Stage): { faults: string[]; reclaimed: number } {
  orc(stage, 'sync');
  const read = <T>(...words: string[]): T[] => (JSON.parse(orc(stage, ...words, '--json')) as { data: T[] }).data;
  const tasks = read<FleetTask>('t', 'list', '--all');
  const events = read<LoggedEvent>('events', '--last', '1000000');
  const faults: string[] = [];
  if (tasks.length !== count) faults.push(`there are ${tasks.length} tasks instead of ${count}`);
  const numbersOf = (action: string, task: string): number[] =>
    events.flatMap((event) => (event.action === action && event.task_id === task ? [event.n] : []));
  for (const { id, title, status, depends_on: dependencies } of tasks) {
    if (status !== 'done') faults.push(`${id} ${title} is ${status}`);
    const [done = 0, ...more] = numbersOf('task_completed', id);
    if (more.length > 0) faults.push(`${id} was completed ${more.length + 1} times`);
    const first = Math.min(...numbersOf('task_claimed', id));
    for (const dependency of dependencies) {
      const [before = Number.POSITIVE_INFINITY] = numbersOf('task_completed', dependency);
      if (before > first) faults.push(`${id} was claimed before ${dependency} was done`);
    }
    if (status === 'done' && done < first) faults.push(`${id} was done before it was claimed`);
  }
  return { faults, reclaimed: events.filter(({ action }) => action === 'task_reclaimed').length };
}

/** One worker, and what it says. */
class FleetWorker {
  readonly agent: string;
  readonly said: Said[] = [];
  /** Its exit code; `null`: a signal ended it. */
  readonly ended: Promise<number | null>;
  errors = '';
  readonly #child: ChildProcess;
  readonly #waiting = new Set<() => void>();

  constructor(agent: string, isVictim: boolean, stage: Stage & { readonly settings: FleetSettings }) {
    this.agent = agent;
    const words = ['work', '--any', '--drain', '--json', '--agent', agent, '--lease', `${stage.settings.lease}ms`];
    const { cwd, env, command } = stage;
    const script = isVictim ? longWork : shortWork;
    this.#child = spawn(process.execPath, [command, ...words, '--', 'sh', '-c', script], {
      cwd,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let rest = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.said.push((JSON.parse(line) as { data: Said }).data);
      for (const look of this.#waiting) look();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.errors += chunk;
    });
    this.ended = new Promise((resolve) => {
      this.#child.on('close', (code) => {
        resolve(code);
        for (const look of this.#waiting) look();
      });
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** The first thing that it says, or has said, of which this is so; `null` when it ends without. */
  until(isIt: (said: Said, all: readonly Said[]) => boolean): Promise<Said | null> {
    return new Promise((resolve) => {
      const look = (): void => {
        const found = this.said.find((said, index) => isIt(said, this.said.slice(0, index + 1)));
        const isOver = this.#child.exitCode !== null || this.#child.signalCode !== null;
        if (found === undefined && !isOver) return;
        this.#waiting.delete(look);
        resolve(found ?? null);
      };
      this.#waiting.add(look);
      look();
    });
  }
}
