/** The first command in a fresh clone of a board with 100 000 closed tasks: the board joined, shallow or whole. */

import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { makeBoard } from '../support/boards.mjs';
import { command, inTurn } from '../support/commands.mjs';
import { compare } from '../support/report.mjs';
import { benchEnv, git, makeFolder } from '../support/repositories.mjs';

/** Milliseconds that a shallow join may take, on a machine of usual speed. */
const shallowGoalMs = 1500;

export async function benchJoin({ rounds, scale }) {
  const size = { open: Math.ceil(1_000 * scale), closed: Math.ceil(100_000 * scale) };
  const { remote, clone } = await makeBoard({ ...size, commits: Math.ceil(10_000 * scale) });
  const times = Math.min(rounds, 7);
  const store = path.join(clone, '.git/orc');
  const join = (shallow) => ({
    prepare: () => rmSync(store, { recursive: true, force: true }),
    run: () =>
      execFileSync(process.execPath, [command, 'status'], {
        cwd: clone,
        env: { ...benchEnv, ORC_SHALLOW: shallow, CI: '' },
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
  });
  const clones = (...options) => ({
    prepare: () => path.join(makeFolder(), 'clone.git'),
    run: (to) =>
      git('/', 'clone', '--quiet', '--bare', '--single-branch', '--branch', 'orc', ...options, `file://${remote}`, to),
  });
  const label = `a board of ${size.closed} closed and ${size.open} open tasks`;
  const shallow = compare(
    `\`orc status\` that joins ${label}, shallow, against \`git clone --depth 50\``,
    await inTurn({ rounds: times, warm: 1 }, join('1'), clones('--depth', '50')),
    2,
  );
  const one = await inTurn({ rounds: times, warm: 1 }, join('1'), clones('--depth', '1'));
  const whole = await inTurn({ rounds: Math.min(times, 3), warm: 0 }, join('0'), clones());
  return [
    { ...shallow, note: `the goal is ${shallowGoalMs} ms on a machine of usual speed` },
    compare('the same, against `git clone --depth 1`', one, 2),
    compare(`\`orc status\` that joins ${label}, whole, against \`git clone\``, whole, 2),
  ];
}
