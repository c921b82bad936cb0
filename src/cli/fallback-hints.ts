/** What helps where whoever raised an error did not say: every refusal leads somewhere. */
import type { ErrorCode } from '../errors.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';

const hints: Partial<Readonly<Record<ErrorCode, string>>> = {
  'not-found': 'see `orc status`; `orc sync` brings what others added',
  'no-repository': 'run `git init` (or `git clone …`) first, or name a board with --board URL',
  'no-board': '`orc init` begins one',
  'board-mismatch': 'choose another branch with --branch NAME',
  unreachable: 'check the remote (`git remote -v`) and the network; what is known here can still be read',
  'git-failed': 'ORC_DEBUG=1 shows where it happened; `git fsck` looks for damage',
  'store-busy': 'try again',
  io: 'check the disk and the permissions of the repository',
};

/** @param command the command that was understood, such as `orc t add`; `null` when none was */
export function fallbackHint(code: ErrorCode, command: string | null): string | undefined {
  const isUsage = exitCodeOf[code] === exitCodes.usage;
  if (isUsage) return `see \`${command ?? 'orc'} --help\``;
  return hints[code] ?? (exitCodeOf[code] === exitCodes.refused ? 'see `orc status`' : undefined);
}
