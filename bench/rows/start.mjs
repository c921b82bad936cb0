/** What a command takes to start: `--version`, `--help`, and a warm `status` of 200 open tasks, against `node -e 0`. */
import { makeJoinedBoard } from '../support/boards.mjs';
import { compareWithNode, runOrc } from '../support/commands.mjs';
import { makeFolder } from '../support/repositories.mjs';

export function benchVersion(options) {
  return compareWithNode('`orc --version`, against node -e 0', options, makeFolder(), ['--version'], 1.4);
}

export function benchHelp(options) {
  return compareWithNode('`orc --help`, against node -e 0', options, makeFolder(), ['--help'], 1.4);
}

export async function benchStatusWarm(options) {
  const { clone } = await makeJoinedBoard({ open: 200 });
  runOrc(clone, 'status');
  return compareWithNode('`orc status`, 200 open tasks, warm, against node -e 0', options, clone, ['status'], 1.6);
}
