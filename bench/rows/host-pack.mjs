/** A command in a clone with a large pack, against the same in an empty clone: time and memory. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { makeJoinedBoard } from '../support/boards.mjs';
import { inTurn, peakOf, runOrc } from '../support/commands.mjs';
import { compare, figure, median } from '../support/report.mjs';
import { benchEnv } from '../support/repositories.mjs';

export async function benchHostPack({ rounds, packMiB }) {
  const [large, empty] = [await makeJoinedBoard({ open: 200 }), await makeJoinedBoard({ open: 200 })];
  await addPack(large.clone, packMiB);
  const next = ({ clone }) => ({ run: () => runOrc(clone, 't', 'next', 'bench', 'agent-1') });
  const label = `in a clone with a pack of ${packMiB} MiB, against an empty clone`;
  const times = compare(`\`orc t next\` ${label}`, await inTurn({ rounds }, next(large), next(empty)), 1.1);
  const peak = ({ clone }) => median([1, 2, 3].map(() => peakOf(clone, 't', 'next', 'bench', 'agent-1')));
  const [ours, against] = [peak(large), peak(empty)];
  return [times, figure(`peak memory of \`orc t next\` ${label}`, { ours, against, unit: 'MiB', goal: 1.1 })];
}

/** Blobs that nothing compresses, on a branch of their own. */
async function addPack(clone, packMiB) {
  // Few objects would be written one by one, and there would be no pack.
  const child = spawn('git', ['-c', 'fastimport.unpackLimit=0', 'fast-import', '--quiet', '--done'], {
    cwd: clone,
    env: benchEnv,
    stdio: ['pipe', 'ignore', 'inherit'],
  });
  const write = async (data) => child.stdin.write(data) || once(child.stdin, 'drain');
  await write('commit refs/heads/large\ncommitter Bench <bench@example.com> 1 +0000\ndata 0\n');
  for (let at = 0; at < packMiB; at++) {
    await write(`M 100644 inline blob-${at}\ndata ${1 << 20}\n`);
    await write(randomBytes(1 << 20));
    await write('\n');
  }
  child.stdin.end('done\n');
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`git fast-import ended with ${code}`);
}
