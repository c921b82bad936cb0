/**
 * A board opened for a process that acts as one agent as long as it lives. What it claims and locks is its own: another process
 * of the same name in the same work tree is somebody else, as it would be in another clone.
 */
import { faultInName } from '../core/names.ts';
import { OrcError } from '../errors.ts';
import { realWorld } from './connect.ts';
import { HoldKeeper } from './hold-keeper.ts';
import { Orc, openOrc } from './orc.ts';
import type { OpenOptions } from './orc-core.ts';

export interface AgentSession {
  readonly orc: Orc;
  /** Who acts where a call does not say. */
  readonly agent: string;
  /** Nobody named it: its name means nothing when this process has ended. */
  readonly isMadeUp: boolean;
  readonly keeper: HoldKeeper;
  /** Forgets what was held here, and closes the board. Hands nothing back. */
  close(): Promise<void>;
}

export interface AgentSessionOptions extends OpenOptions {
  /** Hears, in one line, of what goes wrong between two calls. */
  readonly tell?: ((line: string) => void) | undefined;
}

/**
 * The agent is whom the process or the clone names, else the linked work tree's name, else one that is made up for this process.
 * @throws OrcError as `openOrc`; `invalid-argument` for a name that is none: nothing could be changed under it
 */
export async function openAgentSession(options: AgentSessionOptions = {}): Promise<AgentSession> {
  const { tell = () => {}, ...open } = options;
  const world = options.world ?? realWorld;
  const given = options.env ?? process.env;
  const isOwnSession = !given.ORC_SESSION;
  const env = isOwnSession ? { ...given, ORC_SESSION: `agent-${world.chance.id().slice(0, 12)}` } : given;
  const asked = await openOrc({ ...open, env, world });
  const actor = await asked.actor(undefined);
  const isMadeUp = actor === 'system';
  const agent = isMadeUp ? `agent-${world.chance.id().slice(0, 6)}` : actor;
  const fault = faultInName(agent);
  if (fault !== null) {
    await asked.close();
    await asked.refuseBadName(agent);
    throw new OrcError('invalid-argument', `agent ${fault}`);
  }
  const { surroundings, how } = asked;
  const orc = new Orc({ ...asked.connection, surroundings, how }, world, { ...open, env, world, agent });
  return {
    orc,
    agent,
    isMadeUp,
    keeper: new HoldKeeper(orc, { agent, tell }),
    async close() {
      // Whoever chose the session goes on with it elsewhere.
      if (isOwnSession) await orc.holds.discard();
      await orc.close();
    },
  };
}
