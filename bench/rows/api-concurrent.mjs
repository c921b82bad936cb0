/** 64 calls of the Node API at a time, against one at a time: published operations a second on a file remote. */
import { openOrc } from '../../dist/lib/index.js';
import { compareRates } from '../support/report.mjs';
import { benchEnv, makeBarePublisher, makeRemoteAndClone } from '../support/repositories.mjs';

const callers = 64;

export async function benchApiConcurrent({ rounds }) {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  const add = (title) => orc.addTask('bench', { title });
  for (let i = 0; i < 3; i++) await add(`warm ${i}`);
  const publishBare = makeBarePublisher();
  const floors = [];
  const one = [];
  const many = [];
  const waits = [];
  for (let round = 0; round < rounds; round++) {
    let began = performance.now();
    await add(`alone ${round}`);
    one.push(1000 / (performance.now() - began));
    began = performance.now();
    await Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        await add(`${caller} of ${round}`);
        waits.push(performance.now() - began);
      }),
    );
    many.push((callers * 1000) / (performance.now() - began));
    began = performance.now();
    publishBare();
    floors.push(performance.now() - began);
  }
  await orc.close();
  return compareRates('64 concurrent API calls, against one at a time', {
    ours: many,
    theirs: one,
    waits,
    goal: 20,
    goalRate: 1000,
    floors,
  });
}
