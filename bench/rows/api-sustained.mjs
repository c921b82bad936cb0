/** 64 callers of the Node API that each ask again as soon as they were answered, against one at a time, on a file remote. */
import { openOrc } from '../../dist/lib/index.js';
import { compareRates } from '../support/report.mjs';
import { benchEnv, makeBarePublisher, makeRemoteAndClone } from '../support/repositories.mjs';

const callers = 64;
const spanMs = 2000;
const spans = 3;

export async function benchApiSustained() {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  /** Operations a second. */
  const rateOf = async (many, waits) => {
    const began = performance.now();
    let count = 0;
    const ask = async (caller) => {
      while (performance.now() - began < spanMs) {
        const asked = performance.now();
        await orc.addTask('bench', { title: `${caller}: ${count++}` });
        waits.push(performance.now() - asked);
      }
    };
    await Promise.all(Array.from({ length: many }, (_, caller) => ask(caller)));
    return (waits.length * 1000) / (performance.now() - began);
  };
  const publishBare = makeBarePublisher();
  const floors = [];
  await rateOf(callers, []);
  const [one, many, waits] = [[], [], []];
  for (let span = 0; span < spans; span++) {
    one.push(await rateOf(1, []));
    const own = [];
    many.push(await rateOf(callers, own));
    waits.push(...own);
    for (let push = 0; push < 5; push++) {
      const began = performance.now();
      publishBare();
      floors.push(performance.now() - began);
    }
  }
  await orc.close();
  return compareRates('64 API callers that keep asking, against one', {
    ours: many,
    theirs: one,
    waits,
    goal: 20,
    goalRate: 1000,
    floors,
  });
}
