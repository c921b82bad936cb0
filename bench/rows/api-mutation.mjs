/** One mutation through the Node API, published on a file remote, against a bare commit and push. */
import { openOrc } from '../../dist/lib/index.js';
import { compare } from '../support/report.mjs';
import { benchEnv, makeBarePublisher, makeRemoteAndClone } from '../support/repositories.mjs';

export async function benchApiMutation({ rounds }) {
  const { clone } = makeRemoteAndClone();
  const orc = await openOrc({ cwd: clone, create: true, env: benchEnv });
  await orc.createWorkstream('bench');
  const publishBare = makeBarePublisher();
  const pairs = [];
  for (let round = -3; round < rounds; round++) {
    let began = performance.now();
    await orc.addTask('bench', { title: `Task ${round}` });
    const ours = performance.now() - began;
    began = performance.now();
    publishBare();
    if (round >= 0) pairs.push([ours, performance.now() - began]);
  }
  await orc.close();
  return compare('one mutation through the Node API, published, against commit-tree + push', pairs, 1.3);
}
