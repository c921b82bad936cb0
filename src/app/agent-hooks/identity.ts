/** Who acts in a session of a coding agent. */
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { faultInName } from '../../core/names.ts';
import { shellWord } from '../brief-quote.ts';
import type { OrcCore } from '../orc-core.ts';
import { type HookMemory, shortHash } from './memory.ts';

export interface Identity {
  /** `null`: nobody is named, and the agent did not tell its session. */
  readonly agent: string | null;
  /** It has its name from the session, and goes with it. */
  readonly isNamedAfterSession: boolean;
}

/**
 * As commands find it out (`OrcCore.actor`): `--agent`, `ORC_AGENT`, `git config orc.agent`, the linked work tree's name. Where
 * that gives `system`, the session's id gives a name that stays the same as long as the session does. What a session was called
 * when it began comes before the two guesses: it may have walked to another work tree since.
 */
export async function identify(orc: OrcCore, session: string | null, memory: HookMemory): Promise<Identity> {
  const actor = await orc.actor(undefined);
  const isGuess = actor === 'system' || (await isWorktreeName(orc, actor));
  const known = session === null || !isGuess ? null : memory.session(session).agent;
  const derived = session === null ? null : nameOfSession(session);
  const agent = known ?? (actor === 'system' ? derived : actor);
  return { agent, isNamedAfterSession: agent !== null && agent === derived };
}

export function nameOfSession(session: string): string {
  return `session-${shortHash(session).slice(0, 8)}`;
}

async function isWorktreeName({ surroundings }: OrcCore, actor: string): Promise<boolean> {
  const { env, host } = surroundings;
  if (env.ORC_AGENT || host?.worktreeName !== actor) return false;
  return (await surroundings.config()).get('orc.agent') === null;
}

/**
 * Claude Code reads a file of `export` lines before each command that the agent runs: so its commands act under the same name as
 * its hooks. Nothing depends on it: the agent is told its name as well.
 */
export function exportName(env: NodeJS.ProcessEnv, agent: string): void {
  const { CLAUDE_ENV_FILE: file, ORC_AGENT: already } = env;
  if (!file || already || faultInName(agent) !== null) return;
  const line = `export ORC_AGENT=${shellWord(agent)}`;
  try {
    const before = existsSync(file) ? readFileSync(file, 'utf8') : '';
    if (before.split('\n').includes(line)) return;
    appendFileSync(file, `${before === '' || before.endsWith('\n') ? '' : '\n'}${line}\n`);
  } catch {
    // a file that cannot be written: the agent has to name itself
  }
}
