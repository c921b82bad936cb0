/** A hundred thousand operations on one board: whether an operation takes as long, and as many bytes, as on a new one. */
import { execFileSync } from 'node:child_process';
import { openOrc } from '../../dist/lib/index.js';
import { countObjects } from '../support/boards.mjs';
import { compare, figure } from '../support/report.mjs';
import { benchEnv, git, makeRemoteAndClone } from '../support/repositories.mjs';

const callers = 64;
/** Operations between two times that the remote is looked after, as a server does. */
const careEvery = 10_000;

/** Adds, takes and completes tasks, so that few are open at any time. */
async function workThrough(orc, operations) {
  let asked = 0;
  const work = async (caller) => {
    const agent = `agent-${caller}`;
    for (; asked < operations; ) {
      asked += 3;
      await orc.addTask('bench', { title: `Task of ${agent}`, description: 'Look at it, and mend what is missing.' });
      const task = await orc.getNextTask('bench', agent);
      if (task !== null) await orc.completeTask('bench', task.id, 'Put in order', { agent });
    }
  };
  await Promise.all(Array.from({ length: callers }, (_, caller) => work(caller)));
}

/** A board with a few hundred operations. */
async function makeBoard() {
  const { remote, clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv, timeoutMs: 600_000 });
  await orc.createWorkstream('bench');
  await workThrough(orc, 300);
  return { remote, clone, orc };
}

/** Adds, takes and completes a task, one call after the other: how long taking it takes, ms. */
async function measure({ orc }, round) {
  await orc.addTask('bench', { title: `Measured ${round}` });
  const began = performance.now();
  const task = await orc.getNextTask('bench', 'agent-m');
  const took = performance.now() - began;
  await orc.completeTask('bench', task.id, 'Put in order', { agent: 'agent-m' });
  return took;
}

/** Bytes of each operation since a commit, in a pack that may lean on what is there. */
function bytesSince({ remote }, before, operations) {
  const args = ['pack-objects', '--revs', '--thin', '--stdout', '--delta-base-offset', '-q', '--threads=1'];
  const packed = execFileSync('git', args, { cwd: remote, env: benchEnv, input: `orc\n^${before}\n`, maxBuffer: 1e9 });
  return packed.length / operations;
}

export async function benchLongRun({ rounds, scale }) {
  const operations = Math.ceil(100_000 * scale);
  const old = await makeBoard();
  const began = performance.now();
  for (let done = 0; done < operations; done += careEvery) {
    await workThrough(old.orc, Math.min(careEvery, operations - done));
    git(old.remote, 'repack', '--geometric=2', '-d', '-q');
  }
  const took = (performance.now() - began) / 1000;
  // In turn: a machine that is twice as quick a quarter of an hour later says nothing about the board.
  const young = await makeBoard();
  const boards = [old, young];
  for (let round = -4; round < 0; round++) for (const board of boards) await measure(board, round);
  const heads = boards.map(({ remote }) => git(remote, 'rev-parse', 'orc'));
  const pairs = [];
  for (let round = 0; round < rounds; round++) pairs.push([await measure(old, round), await measure(young, round)]);
  const [ours, against] = boards.map((board, at) => bytesSince(board, heads[at], 3 * rounds));
  for (const { orc } of boards) await orc.close();
  const store = countObjects(`${old.clone}/.git/orc/board.git`);
  const label = `after ${operations} operations, against a new board`;
  const note = `${operations} operations took ${took.toFixed(0)} s, ${(operations / took).toFixed(0)} a second; the store has ${store.count} loose objects and ${store.packs} packs, ${Math.round((store['size-pack'] + store.size) / 1024)} MiB`;
  return [
    { ...compare(`one task.next through the Node API, ${label}`, pairs, 1.3), note },
    figure(`bytes of one operation, ${label}`, {
      ...{ ours, against, unit: 'bytes', goal: 1.5, most: 2048 },
    }),
  ];
}
