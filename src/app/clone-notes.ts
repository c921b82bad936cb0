/**
 * What git hooks of this clone know without starting orc: small text files in the store's folder, read by a shell.
 *
 * - `path-locks`: a line for each hold of a lock on paths: until when, who, the resource. Missing: there is none.
 * - `holds/<session>/task-<id>.txt`: a task that was claimed here and is still held: who, and `<workstream>/<id>`.
 *
 * They are derived from the local head. A hook that reads an older state does no harm: orc decides again on what it finds.
 */
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Board } from '../core/board.ts';
import { globOf } from '../core/globs.ts';
import { temporaryName } from '../git/atomic-file.ts';

export interface PathLock {
  /** ISO 8601. */
  readonly until: string;
  readonly agent: string;
  readonly resource: string;
}

const heldTask = /^task-([0-9a-f]+)\.txt$/;

export function pathLocksFile(storePath: string): string {
  return path.join(storePath, 'path-locks');
}

/**
 * Brings both up to date with a local head. Called while the store is locked, so that the newest head is written last; it costs
 * a few looks at files where nothing changed. Never fails: whoever moves a head has more important things to do.
 */
export function noteForHooks(storePath: string, board: Board): void {
  try {
    writePathLocks(storePath, pathLocksOf(board));
    // Those of all sessions: a task that one work tree claimed may be completed from another one.
    for (const folder of holdsFolders(storePath)) dropLostTasks(folder, board);
  } catch {
    // A disk that is full or read-only: what is noted stays, until the next head.
  }
}

export function readPathLocks(storePath: string): PathLock[] {
  const file = pathLocksFile(storePath);
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const [until, agent, resource] = line.split('\t');
      return until && agent && resource ? [{ until, agent, resource }] : [];
    });
}

/** Writes the list, or removes it when it is empty; leaves it alone when it is right. Throws what the file system throws. */
export function writePathLocks(storePath: string, locks: readonly PathLock[]): void {
  const file = pathLocksFile(storePath);
  const isThere = statSync(file, { throwIfNoEntry: false }) !== undefined;
  if (locks.length === 0) {
    if (isThere) rmSync(file, { force: true });
    return;
  }
  const text = locks
    .map(({ until, agent, resource }) => `${until}\t${agent}\t${resource}\n`)
    .sort()
    .join('');
  if (isThere && readFileSync(file, 'utf8') === text) return;
  replaceFile(file, text);
}

/** Notes that an agent of this session works on a task. Never fails. */
export function noteHeldTask(holdsFolder: string, held: { id: string; workstream: string; agent: string }): void {
  try {
    replaceFile(heldTaskFile(holdsFolder, held.id), `${held.agent}\t${held.workstream}/${held.id}\n`);
  } catch {
    // Commits will lack their trailer.
  }
}

export function forgetHeldTask(holdsFolder: string, id: string): void {
  try {
    rmSync(heldTaskFile(holdsFolder, id), { force: true });
  } catch {
    // The next head shows that it is not held any more.
  }
}

function holdsFolders(storePath: string): string[] {
  const holds = path.join(storePath, 'holds');
  if (!existsSync(holds)) return [];
  const sessions = readdirSync(holds, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return sessions.map(({ name }) => path.join(holds, name));
}

function heldTaskFile(holdsFolder: string, id: string): string {
  return path.join(holdsFolder, `task-${id}.txt`);
}

function pathLocksOf(board: Board): PathLock[] {
  const found: PathLock[] = [];
  for (const { resource, holders } of board.locks.loaded()) {
    if (globOf(resource) === null) continue;
    for (const { agent, expires_at: until } of holders) found.push({ until, agent, resource });
  }
  return found;
}

/** Completed elsewhere, taken over, cancelled: commits do not belong to them any more. */
function dropLostTasks(holdsFolder: string, board: Board): void {
  for (const name of readdirSync(holdsFolder)) {
    const id = heldTask.exec(name)?.[1];
    if (id === undefined) continue;
    const [agent] = readFileSync(path.join(holdsFolder, name), 'utf8').split('\t');
    const task = board.isOpenTask(id) ? board.tasks.get(id) : undefined;
    if (task?.status !== 'in_progress' || task.assigned_to !== agent) forgetHeldTask(holdsFolder, id);
  }
}

function replaceFile(file: string, text: string): void {
  const temporary = temporaryName(file);
  try {
    writeFileSync(temporary, text, { flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}
