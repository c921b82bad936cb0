/** `orc status` of 10 000 open tasks without a snapshot, against git reading the same tree: `ls-tree -r` piped to `cat-file --batch`. */
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import path from 'node:path';
import { makeJoinedBoard } from '../support/boards.mjs';
import { inTurn, runOrc } from '../support/commands.mjs';
import { compare } from '../support/report.mjs';
import { benchEnv } from '../support/repositories.mjs';

export async function benchStatusCold({ rounds, scale }) {
  const open = Math.ceil(10_000 * scale);
  const { clone, store } = await makeJoinedBoard({ open });
  const ours = {
    prepare: () => rmSync(path.join(store, 'snapshot'), { recursive: true, force: true }),
    run: () => runOrc(clone, 'status'),
  };
  const script = 'git ls-tree -r orc | cut -d" " -f3 | cut -f1 | git cat-file --batch --buffer > /dev/null';
  const theirs = { run: () => execFileSync('/bin/sh', ['-c', script], { cwd: store, env: benchEnv }) };
  const pairs = await inTurn({ rounds: Math.min(rounds, 10), warm: 1 }, ours, theirs);
  return compare(`\`orc status\`, ${open} open tasks, cold, against git reading the same tree`, pairs, 2);
}
