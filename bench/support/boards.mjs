/**
 * Boards of any size, made once and kept: `open` tasks that can be taken, `closed` ones, over so many commits.
 *
 * Doing all of it would take hours. So the commits are written by orc's own encoders, as imports of some tasks each, and
 * given to `git fast-import`; what lies on the branch is what orc would have there.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { advance } from '../../dist/lib/core/apply.js';
import { formatVersion } from '../../dist/lib/core/records.js';
import { openOrc } from '../../dist/lib/index.js';
import { encodeAccepted } from '../../dist/lib/layout/write-board.js';
import { formatCommitMessage } from '../../dist/lib/sync/commit-message.js';
import { benchEnv, git, makeFolder } from './repositories.mjs';

/** Of what is written here; a new number makes all boards anew. */
const revision = 1;
const cacheFolder = path.join(os.tmpdir(), `orc-bench-boards-${formatVersion}-${revision}`);
const begin = Date.UTC(2026, 0, 1);
const workstream = 'bench';
const closedStatuses = ['done', 'done', 'done', 'done', 'done', 'done', 'done', 'cancelled', 'failed', 'done'];

/**
 * A fresh copy of a bare repository with the board on its branch `orc`, and a clone of it (nothing of orc in it yet).
 * @param {{ open?: number, closed?: number, commits?: number }} size `commits` at least so many, where there are tasks for them
 */
export async function makeBoard(size = {}) {
  const cached = await cachedBoard(size);
  const folder = makeFolder();
  const remote = path.join(folder, 'remote.git');
  const clone = path.join(folder, 'clone');
  cpSync(cached, remote, { recursive: true });
  git('/', 'clone', '--quiet', '--single-branch', '--branch', 'main', remote, clone);
  return { remote, clone };
}

/** The same board, with its store in the clone: the store is joined once and copied. */
export async function makeJoinedBoard(size = {}) {
  const made = await makeBoard(size);
  const orc = await openOrc({ cwd: made.clone, env: { ...benchEnv, CI: '' } });
  await orc.close();
  return { ...made, store: path.join(made.clone, '.git/orc/board.git') };
}

/** @returns {Promise<string>} the bare repository that all copies are made of */
export async function cachedBoard({ open = 0, closed = 0, commits = Math.min(10_000, open + closed) }) {
  const kept = path.join(cacheFolder, `${open}-${closed}-${commits}.git`);
  if (existsSync(kept)) return kept;
  const work = makeFolder();
  const remote = path.join(work, 'remote.git');
  const clone = path.join(work, 'clone');
  git('/', 'init', '--quiet', '--bare', '--initial-branch', 'main', remote);
  git('/', 'clone', '--quiet', remote, clone);
  git(clone, 'commit', '--quiet', '--allow-empty', '--message', 'begin');
  git(clone, 'push', '--quiet', 'origin', 'HEAD:main');
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream(workstream);
  const head = await orc.head();
  await orc.close();
  if (commits > 0) await importTasks(remote, head, { open, closed, commits });
  // As a server has it that was looked after: one pack.
  git(remote, 'repack', '-adq', '--window=10');
  git(remote, 'pack-refs', '--all');
  mkdirSync(cacheFolder, { recursive: true });
  try {
    renameSync(remote, kept);
  } catch {
    rmSync(kept, { recursive: true, force: true });
    cpSync(remote, kept, { recursive: true });
  }
  return kept;
}

async function importTasks(remote, head, { open, closed, commits }) {
  const child = spawn('git', ['fast-import', '--quiet', '--force', '--depth=10'], {
    cwd: remote,
    env: benchEnv,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const ended = once(child, 'exit');
  const write = async (text) => child.stdin.write(text) || once(child.stdin, 'drain');
  const { board } = head.read;
  let tail = head.tail;
  let parent = head.commit;
  const total = open + closed;
  const taken = new Set();
  for (let at = 0, commit = 0; commit < commits; commit++) {
    const until = Math.floor((total * (commit + 1)) / commits);
    const tasks = [];
    for (; at < until; at++) tasks.push(makeTask(at, at < closed, board.meta.version + 1, tasks.length, taken));
    const accepted = accept(board, tasks, commit);
    advance(board, accepted);
    const settings = board.settings;
    // It is large, and only the newest is ever read.
    board.settings = { ...settings, board_md: commit === commits - 1 };
    const encoded = await encodeAccepted(accepted, board, tail);
    board.settings = settings;
    if (commit < commits - 1) encoded.files.delete('BOARD.md');
    tail = encoded.tail;
    const message = formatCommitMessage(accepted, accepted.version - 1, () => '0'.repeat(40));
    const who = (name) => `${name} Bench <bench@example.com> ${Math.floor(accepted.at / 1000)} +0000\n`;
    await write(
      `commit refs/heads/orc\n${who('author')}${who('committer')}${data(message)}${commit === 0 ? `from ${parent}\n` : ''}`,
    );
    parent = null;
    for (const [file, text] of encoded.files)
      await write(text === null ? `D ${file}\n` : `M 100644 inline ${file}\n${data(text)}`);
    await write('\n');
  }
  child.stdin.end('done\n');
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}

function accept(board, tasks, commit) {
  const version = board.meta.version + 1;
  const at = begin + commit * 60_000;
  const operation = { id: idOf(`operation ${commit}`, 32), kind: 'board.import', agent: 'bench', args: {} };
  const n = board.meta.events + 1;
  const ts = new Date(at).toISOString();
  const event = { n, v: version, ts, agent: 'bench', action: 'board_imported', tasks: tasks.length, op: operation.id };
  return {
    outcome: 'accepted',
    operation,
    version,
    at,
    changes: tasks.map((task) => ({ collection: 'tasks', key: task.id, before: null, after: task })),
    events: [event],
    result: { event: n },
    subject: 'board.import by bench',
  };
}

/** As long as tasks are: a title, two lines of description, now and then a note and a result. */
function makeTask(at, isClosed, version, index, taken) {
  const time = new Date(begin + at * 6_000).toISOString();
  const status = isClosed ? closedStatuses[at % closedStatuses.length] : 'pending';
  let id = idOf(`task ${at}`, 8);
  if (taken.has(id)) id = idOf(`task ${at}`, 9);
  taken.add(id);
  return {
    id,
    workstream,
    title: `Task ${at}: bring the ${idOf(`word ${at}`, 5)} in order`,
    description: `Look at part ${idOf(`part ${at}`, 12)} and see what is missing there.\nSay what you found, and mend it.`,
    status,
    priority: 1 + (at % 9),
    estimate: null,
    assigned_to: isClosed ? `agent-${at % 16}` : null,
    claim: null,
    attempts: 0,
    depends_on: [],
    parent: null,
    labels: at % 3 === 0 ? ['upkeep'] : [],
    needs: [],
    paths: at % 5 === 0 ? [`src/part-${at % 40}/**`] : [],
    notes: at % 4 === 0 ? [{ at: time, by: `agent-${at % 16}`, text: `Looked at ${idOf(`note ${at}`, 10)} too.` }] : [],
    result: isClosed ? `Put in order: ${idOf(`result ${at}`, 20)}` : null,
    checks: [],
    created_by: 'bench',
    created_version: version,
    created_index: index,
    created_at: time,
    updated_at: time,
  };
}

function idOf(text, digits) {
  return createHash('sha256').update(text).digest('hex').slice(0, digits);
}

function data(text) {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}

/** What lies in a repository's object folder. */
export function countObjects(repository) {
  const lines = execFileSync('git', ['count-objects', '-v'], { cwd: repository, encoding: 'utf8' }).trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(': ')).map(([key, value]) => [key, Number(value)]));
}
