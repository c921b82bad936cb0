/**
 * What hooks have noted, carried onto the board: commits and their tasks, and overridden locks.
 *
 * Hooks append lines to `commits.spool` in the store's folder, and start nothing. Before it changes or syncs the board, orc turns
 * them into operations that wait in the queue, and are published with whatever comes next. Their ids follow from the lines: one that
 * is carried twice, after a crash in between, is one operation all the same.
 *
 * A line is `commit`, commit, task id, agent, or `event`, operation id, agent, action, data as JSON; tabs in between.
 */
import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import path from 'node:path';
import { checkOperation } from '../core/apply.ts';
import { isOperationId } from '../core/ids.ts';
import { faultInName } from '../core/names.ts';
import type { Operation } from '../core/operation.ts';
import { OrcError } from '../errors.ts';
import { machineExclusion } from '../sync/machine-exclusion.ts';
import type { Session } from '../sync/session.ts';

const spoolName = 'commits.spool';
const takenName = 'commits.taken';
const setAsideName = 'commits.set-aside';
const timeoutMs = 5_000;

export interface Carrier {
  readonly storePath: string;
  readonly session: Session;
  /** Who acts where a line does not say. */
  readonly actor: () => Promise<string>;
}

/** Appends what `pre-commit` has to tell. Throws what the file system throws. */
export function spoolEvent(
  storePath: string,
  { id, agent, action, data }: { id: string; agent: string; action: string; data: object },
): void {
  appendFileSync(path.join(storePath, spoolName), `event\t${id}\t${agent}\t${action}\t${JSON.stringify(data)}\n`);
}

/**
 * Carries what is there; costs two looks where there is nothing. Never fails: what cannot be carried now is carried by whoever
 * comes next, and what never can is set aside in `commits.set-aside`.
 */
export async function carrySpool(carrier: Carrier): Promise<void> {
  const spool = path.join(carrier.storePath, spoolName);
  const taken = path.join(carrier.storePath, takenName);
  if (!existsSync(spool) && !existsSync(taken)) return;
  try {
    // Only one process carries; another one has it in hand.
    const lock = await machineExclusion(path.join(carrier.storePath, 'spool.lock')).tryTake();
    if (lock === null) return;
    try {
      // What a process left that died in the middle.
      if (existsSync(taken)) await carryFile(carrier, taken, true);
      if (!existsSync(spool)) return;
      renameSync(spool, taken);
      await carryFile(carrier, taken, false);
    } finally {
      await lock.release();
    }
  } catch {
    // It stays where it is.
  }
}

async function carryFile(carrier: Carrier, file: string, isLeft: boolean): Promise<void> {
  const actor = await carrier.actor();
  let carried = 0;
  // A hook may have opened the file just before it was taken, and writes only now: until nothing more comes.
  for (;;) {
    const lines = readFileSync(file, 'utf8').split('\n').slice(carried);
    if (lines.every((line) => line === '')) break;
    const asked = lines.filter((line) => line !== '').map((line) => ({ line, operation: operationOf(line, actor) }));
    // Whoever died may have carried some of them, and they may be published by now.
    const ids = asked.flatMap(({ operation }) => (isLeft && operation !== null ? [operation.id] : []));
    const { recorded, lookedUpTo } = await carrier.session.findRecorded(ids);
    for (const { line, operation } of asked) {
      if (operation === null) setAside(carrier, line, 'not understood');
      else if (!recorded.has(operation.id)) await carry(carrier, line, operation, lookedUpTo);
    }
    carried += lines.at(-1) === '' ? lines.length - 1 : lines.length;
  }
  rmSync(file, { force: true });
}

async function carry(carrier: Carrier, line: string, operation: Operation, lookedUpTo: number): Promise<void> {
  try {
    const [answer] = await carrier.session.submit([operation], { publish: false, timeoutMs, lookedUpTo });
    if (answer?.outcome.outcome === 'refused') setAside(carrier, line, answer.outcome.message);
  } catch (error) {
    // It waits in the queue already.
    if (!(error instanceof OrcError) || error.code !== 'store-busy') throw error;
  }
}

/** `null` for a line that is none. */
function operationOf(line: string, actor: string): Operation | null {
  const [what, ...fields] = line.split('\t');
  const draft = what === 'commit' ? commitOf(fields) : what === 'event' ? eventOf(fields) : null;
  if (draft === null) return null;
  const { agent, ...rest } = draft;
  const operation = { ...rest, agent: agent === '' ? actor : agent };
  return faultInName(operation.agent) === null && !('outcome' in checkOperation(operation)) ? operation : null;
}

/** The same commit and task make the same operation, whoever carries it. */
function commitOf([commit = '', task = '', agent = '', ...more]: readonly string[]): Operation | null {
  if (more.length > 0) return null;
  const id = `commit-${createHash('sha256').update(`${commit} ${task}`).digest('hex').slice(0, 32)}`;
  return { id, kind: 'task.link', agent, args: { id: task, commit } };
}

function eventOf([id = '', agent = '', action = '', json = '', ...more]: readonly string[]): Operation | null {
  if (more.length > 0 || !isOperationId(id)) return null;
  try {
    return { id, kind: 'event.log', agent, args: { action, data: JSON.parse(json) } };
  } catch {
    return null;
  }
}

function setAside({ storePath }: Carrier, line: string, why: string): void {
  appendFileSync(path.join(storePath, setAsideName), `${line}\t# ${why}\n`);
}
