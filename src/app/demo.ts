/**
 * `orc demo`: agents at work on a board of their own, in a folder that is thrown away. No network, nothing configured.
 *
 * What it prints is what happened: the commands run as processes of their own, those of a race at the same time, and
 * in the end the log is asked whether each task and the lock had one winner.
 */
import { rmSync } from 'node:fs';
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { boardLines, learnt, machines, newsletter, resultOf } from './demo-board.ts';
import { type CommandResult, killCommands, type Machine, type RunOrc, runCommand, Stage } from './demo-stage.ts';
import { openOrc } from './orc.ts';

export interface DemoOptions {
  /** Takes the output, line by line. */
  readonly out: (line: string) => void;
  /** Leave the folder, to look around in it. */
  readonly keep?: boolean | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  /** How the command is run; default: as a process of its own. */
  readonly run?: RunOrc | undefined;
}

export interface DemoReport {
  readonly folder: string;
  /** Task id → who was given it, as the log says. */
  readonly claims: ReadonlyMap<string, readonly string[]>;
  /** Who was given the lock, as the log says. */
  readonly lockHolders: readonly string[];
  /** How many of the racing commands were told that they won. */
  readonly told: { readonly tasks: number; readonly lock: number };
}

const removal = { recursive: true, force: true, maxRetries: 3 };

interface Racer {
  readonly machine: Machine;
  readonly agent: string;
}

interface Writer extends Racer {
  readonly id: string;
  readonly title: string;
}

const racers: readonly Racer[] = machines.flatMap(({ name, agents }) =>
  agents.map((agent) => ({ machine: name, agent })),
);

/** @throws OrcError `git-missing`, `unsupported` when the command is not built */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const { out, keep = false, env = process.env, run = runCommand } = options;
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'orc-demo-')));
  // Ctrl-C ends the process in the middle.
  const giveUp = (): void => {
    killCommands();
    try {
      if (!keep) rmSync(folder, removal);
    } catch {
      // What cannot be removed is the system's to clear away.
    }
  };
  process.once('exit', giveUp);
  try {
    return await play(new Stage(folder, { out, env, run }));
  } finally {
    process.off('exit', giveUp);
    if (keep) out(`The folder is kept: ${folder}`);
    else await rm(folder, removal);
  }
}

async function play(stage: Stage): Promise<DemoReport> {
  await prepare(stage);
  const writers = await raceForStories(stage);
  const claimed = await raceForOneTask(stage);
  const locked = await raceForTheLock(stage);
  await finishStories(stage, writers);
  await lookBack(stage);
  const facts = await askTheLog(stage);
  return { folder: stage.folder, ...facts, told: { tasks: writers.length + claimed, lock: locked } };
}

/** A bare repository that both share, and a clone on each machine. */
async function prepare(stage: Stage): Promise<void> {
  stage.title(`${newsletter}: four agents, two machines, one repository`);
  await writeFile(path.join(stage.folder, 'gitconfig'), '[init]\n\tdefaultBranch = main\n');
  await stage.git(stage.folder, 'init', '--quiet', '--bare', 'station.git');
  for (const { name, agents } of machines) {
    await stage.git(stage.folder, 'clone', '--quiet', 'station.git', name);
    stage.say(`${name}: a clone of station.git, where ${agents.join(' and ')} work`);
  }
  await writeFile(path.join(stage.folder, 'issue-42.jsonl'), boardLines);
  await stage.orc('bridge', 'init');
  await stage.orc('bridge', 'batch', '../issue-42.jsonl');
}

async function raceForStories(stage: Stage): Promise<Writer[]> {
  stage.title('Three stories, four writers: all ask for work at once');
  const results = await race(stage, (agent) => ['t', 'next', 'stories', agent]);
  return results.flatMap(({ machine, agent, result }) => {
    const [, id, title] = /^Claimed next task: ([0-9a-f]+) - (.+)$/m.exec(result.stdout) ?? [];
    return id === undefined || title === undefined ? [] : [{ machine, agent, id, title }];
  });
}

async function raceForOneTask(stage: Stage): Promise<number> {
  stage.title('One sock, four photographers: all claim the same task');
  const { stdout } = await stage.runQuietly('bridge', 't', 'list', 'pictures', '--json');
  const id = (JSON.parse(stdout) as { data: { id: string }[] }).data[0]?.id ?? '';
  return countWinners(await race(stage, (agent) => ['t', 'claim', 'pictures', id, agent]));
}

async function raceForTheLock(stage: Stage): Promise<number> {
  stage.title('One printer: all want its lock');
  return countWinners(await race(stage, (agent) => ['l', 'acquire', 'printer', agent, '--ttl', '5m']));
}

async function finishStories(stage: Stage, writers: readonly Writer[]): Promise<void> {
  stage.title('The stories come in, and nobody hands in for somebody else');
  const [first] = writers;
  const stranger = racers.find(({ machine }) => machine !== first?.machine);
  if (first !== undefined && stranger !== undefined) {
    await stage.orc(stranger.machine, 't', 'complete', 'stories', first.id, 'I wrote it!', '--agent', stranger.agent);
  }
  await stage.orc('galley', 't', 'next', 'printing', 'altair');
  for (const { machine, agent, id, title } of writers) {
    await stage.orc(machine, 't', 'complete', 'stories', id, resultOf(title), '--agent', agent);
  }
  await stage.orc('galley', 'kb', 'write', learnt.topic, learnt.text, '--agent', 'rigel');
  stage.title('All three are done: the front page waits for nothing more');
  await stage.orc('galley', 't', 'next', 'printing', 'altair');
}

async function lookBack(stage: Stage): Promise<void> {
  stage.title('The board, as the other machine sees it');
  await stage.orc('bridge', 'sync');
  await stage.orc('bridge', 'status');
  stage.title('It is a branch: plain git shows who did what');
  await stage.showGit('bridge', 'log', '--oneline', '--max-count=10', 'origin/orc');
  await stage.showGit('bridge', 'shortlog', '--summary', '--numbered', 'origin/orc');
  await stage.showGit('bridge', 'show', 'origin/orc:BOARD.md');
}

/** The log is the proof: each task was given away once, and so was the lock. */
async function askTheLog(stage: Stage): Promise<Pick<DemoReport, 'claims' | 'lockHolders'>> {
  const orc = await openOrc({ cwd: stage.cloneOf('bridge'), env: stage.env });
  try {
    const events = await orc.getEvents();
    const claims = new Map<string, string[]>();
    for (const { action, task_id: id, agent } of events) {
      if (action === 'task_claimed' && id !== undefined) claims.set(id, [...(claims.get(id) ?? []), agent]);
    }
    const lockHolders = events.filter(({ action }) => action === 'lock_acquired').map(({ agent }) => agent);
    stage.title('What the log says');
    for (const [id, agents] of claims) stage.say(`task ${id} was given to ${agents.join(', ')}`);
    stage.say(`the lock of the printer was given to ${lockHolders.join(', ')}`);
    return { claims, lockHolders };
  } finally {
    await orc.close();
  }
}

/** The same command for all agents at once. */
async function race(
  stage: Stage,
  wordsFor: (agent: string) => string[],
): Promise<(Racer & { result: CommandResult })[]> {
  const results = await Promise.all(
    racers.map(async (racer) => ({
      ...racer,
      result: await stage.runQuietly(racer.machine, ...wordsFor(racer.agent)),
    })),
  );
  for (const { machine, agent, result } of results) stage.show(machine, ['orc', ...wordsFor(agent)], result);
  return results;
}

function countWinners(results: readonly { readonly result: CommandResult }[]): number {
  return results.filter(({ result }) => result.exitCode === 0).length;
}
