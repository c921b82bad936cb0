/** Many operations: what a batch of 10 000 takes, and what 10 000 leave in the host repository. */
import { openOrc } from '../../dist/lib/index.js';
import { countObjects } from '../support/boards.mjs';
import { compareRates, figure } from '../support/report.mjs';
import { benchEnv, makeBarePublisher, makeRemoteAndClone } from '../support/repositories.mjs';

async function makeEmpty() {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv, timeoutMs: 600_000 });
  await orc.createWorkstream('bench');
  return { clone, orc };
}

export async function benchBatch({ scale }) {
  const { orc } = await makeEmpty();
  const operations = Math.ceil(10_000 * scale);
  const publishBare = makeBarePublisher();
  const alone = [];
  const floors = [];
  for (let n = 0; n < 10; n++) {
    let began = performance.now();
    await orc.addTask('bench', { title: `alone ${n}` });
    alone.push(1000 / (performance.now() - began));
    began = performance.now();
    publishBare();
    floors.push(performance.now() - began);
  }
  const began = performance.now();
  await orc.batch(
    Array.from({ length: operations }, (_, n) => ({
      kind: 'task.add',
      args: { workstream: 'bench', title: `Task ${n}` },
    })),
  );
  const took = performance.now() - began;
  await orc.close();
  return compareRates(`a batch of ${operations} operations, against one at a time`, {
    ...{ ours: [(operations * 1000) / took], theirs: alone, waits: [took], goal: 1, goalRate: 1000, floors },
  });
}

export async function benchLooseObjects({ scale }) {
  const { clone, orc } = await makeEmpty();
  const operations = Math.ceil(10_000 * scale);
  let asked = 0;
  const ask = async () => {
    while (asked < operations) await orc.addTask('bench', { title: `Task ${asked++}` });
  };
  await Promise.all(Array.from({ length: 64 }, ask));
  await orc.sync();
  await orc.close();
  const { count } = countObjects(clone);
  return figure(`loose objects that ${operations} operations leave in the host repository`, {
    ...{ ours: count, against: 0, unit: 'objects', goal: null, most: 0 },
  });
}
