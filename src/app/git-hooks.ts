/** orc's git hooks in a clone: put in beside what is there, taken out without a trace, looked at. */
import { OrcError } from '../errors.ts';

export interface HooksPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface HookReport {
  readonly name: string;
  /** `outdated`: it is another version's, or what it stands beside has changed since. */
  readonly state: 'installed' | 'absent' | 'outdated';
  /** The hook that runs beside it; `null` where there is none. */
  readonly beside: string | null;
}

export interface HooksReport {
  /** Where git looks for hooks. */
  readonly folder: string;
  /** Whose folder that is: `husky`, `lefthook`, `pre-commit`, `core.hooksPath`; `null` for git's own. */
  readonly manager: string | null;
  readonly hooks: readonly HookReport[];
  /** Whether this call changed anything. */
  readonly changed: boolean;
  /** What there is to know, in sentences. */
  readonly notes: readonly string[];
}

export async function installHooks(place: HooksPlace): Promise<HooksReport> {
  throw new OrcError('unsupported', `no hooks to install in ${place.cwd} yet`);
}

export async function uninstallHooks(place: HooksPlace): Promise<HooksReport> {
  throw new OrcError('unsupported', `no hooks to uninstall in ${place.cwd} yet`);
}

export async function readHooks(place: HooksPlace): Promise<HooksReport> {
  throw new OrcError('unsupported', `no hooks to show in ${place.cwd} yet`);
}
