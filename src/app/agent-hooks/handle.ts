/** Hooks of coding agents: an event in, an answer out. What is decided stands in decisions.ts; here it is carried out. */
import { lockOfPath, locksOnPath } from '../../core/edit-locks.ts';
import { OrcError } from '../../errors.ts';
import { givenClaim } from '../environment.ts';
import { lockMoment } from '../list-locks.ts';
import type { Orc } from '../orc.ts';
import type { BatchRequest } from '../orc-core.ts';
import { prime } from '../prime.ts';
import { contextAnswer, denyAnswer, goOnAnswer, type HookAnswer } from './answer.ts';
import {
  dueRenewals,
  editLockMs,
  editReason,
  handOver,
  isEnd,
  reminderFor,
  type Self,
  whyNotEdit,
} from './decisions.ts';
import { pathsInRepository } from './edited-paths.ts';
import { type AgentEvent, type HookEvent, parseAgentEvent } from './event.ts';
import { exportName, type Identity, identify } from './identity.ts';
import { HookMemory } from './memory.ts';
import { openThere, type Place } from './open-there.ts';
import { whereWorkStands } from './where-work-stands.ts';

export interface HookRequest extends Omit<Place, 'folders' | 'mayJoin' | 'timeoutMs'> {
  readonly event: HookEvent;
  /** What came on standard input; `null`: it did not end, or was too long. */
  readonly text: string | null;
  /** Where the process stands. */
  readonly cwd: string;
  /** That folder was asked for, whatever the event says. */
  readonly isPlaceGiven: boolean;
  /** Do not remind an agent of what it holds when it stops. */
  readonly isQuiet: boolean;
  /** Leave tasks to their leases when a session ends. */
  readonly isKeeping: boolean;
  readonly maxChars?: number | undefined;
}

export interface HookOutcome {
  readonly answer: HookAnswer | null;
  /** What went wrong, for people. None of it stops the agent. */
  readonly troubles: readonly string[];
}

/** How long a call to the upstream may take, ms; a tool waits for `pre-tool-use`. */
const networkMs: Readonly<Record<HookEvent, number>> = {
  'session-start': 5_000,
  'pre-tool-use': 2_000,
  stop: 3_000,
  'session-end': 8_000,
};
/** And the whole of it: then the agent is let go, whatever is still under way. */
export const deadlineMs: Readonly<Record<HookEvent, number>> = {
  'session-start': 9_000,
  'pre-tool-use': 3_000,
  stop: 6_000,
  'session-end': 12_000,
};
/** What is known of the upstream is good for so long, ms; and one that did not answer is left alone for so long. */
const freshMs = 15_000;
const leftAloneMs = 60_000;

/** What happens when somebody was faster, or a claim is over: it changes nothing for the agent. */
const expected: ReadonlySet<string> = new Set([
  'not-holder',
  'stale-token',
  'closed',
  'not-found',
  'unreachable',
  'not-published',
]);

/** @throws what a broken board, disk or configuration makes of it; callers let the agent go on */
export async function handleAgentEvent(request: HookRequest): Promise<HookOutcome> {
  const event = request.text === null ? null : parseAgentEvent(request.text);
  if (event === null) return { answer: null, troubles: [faultOf(request.text)].flatMap((fault) => fault ?? []) };
  const { event: kind, cwd, env, isPlaceGiven } = request;
  const folders = isPlaceGiven ? [cwd] : [event.cwd ?? cwd, env.CLAUDE_PROJECT_DIR ?? cwd, cwd];
  const orc = await openThere({
    ...request,
    folders,
    mayJoin: kind === 'session-start',
    timeoutMs: networkMs[kind],
  });
  if (orc === null) return { answer: null, troubles: [] };
  try {
    const hook = new Hook(orc, event, request);
    const answer = await hook.run();
    return { answer, troubles: hook.troubles };
  } finally {
    await orc.close();
  }
}

/** Nothing at all is what a person gives who tries it at a terminal. */
function faultOf(text: string | null): string | null {
  if (text === null) return 'standard input did not end, or is too long: nothing was done';
  return text.trim() === '' ? null : 'standard input is no JSON object: nothing was done';
}

class Hook {
  readonly troubles: string[] = [];
  readonly #orc: Orc;
  readonly #event: AgentEvent;
  readonly #request: HookRequest;
  readonly #memory: HookMemory;

  constructor(orc: Orc, event: AgentEvent, request: HookRequest) {
    this.#orc = orc;
    this.#event = event;
    this.#request = request;
    this.#memory = new HookMemory(orc.connection.store.path);
  }

  async run(): Promise<HookAnswer | null> {
    const identity = await identify(this.#orc, this.#event.session, this.#memory);
    switch (this.#request.event) {
      case 'session-start':
        return this.#begin(identity);
      case 'pre-tool-use':
        return this.#beforeTool(identity.agent);
      case 'stop':
        return this.#beforeStop(identity.agent);
      case 'session-end':
        return this.#end(identity);
    }
  }

  async #begin({ agent, isNamedAfterSession }: Identity): Promise<HookAnswer> {
    const { session, source } = this.#event;
    await this.#sync();
    if (agent !== null) {
      const { reminded } = session === null ? { reminded: [] } : this.#memory.session(session);
      if (session !== null) this.#memory.keepSession(session, { agent, reminded });
      exportName(this.#request.env, agent);
      await this.#register(agent, isNamedAfterSession || source === null || source === 'startup');
      await this.#renew(agent);
    }
    const { maxChars } = this.#request;
    return contextAnswer((await prime(this.#orc, { agent, maxChars })).text);
  }

  /** Somebody may have retired it on purpose: then only a new beginning brings it back. */
  async #register(agent: string, isBeginning: boolean): Promise<void> {
    const known = await this.#orc.ask((board) => {
      board.agents.require([agent]);
      return board.agents.get(agent)?.status;
    });
    if (known === undefined || (known === 'retired' && isBeginning))
      await this.#perform(agent, [{ kind: 'agent.register', args: { id: agent } }]);
  }

  async #beforeTool(agent: string | null): Promise<HookAnswer | null> {
    const { cwd, edits, name } = this.#event;
    const { surroundings } = this.#orc;
    const mode = (await this.#orc.head()).read.board.settings.edit_locks;
    const paths =
      mode === 'off' || edits.length === 0
        ? []
        : pathsInRepository(edits, cwd ?? this.#request.cwd, surroundings.host, surroundings.env);
    if (paths.length > 0 && this.#isAskDue()) {
      // What others locked a moment ago has to be known; but nobody waits long for a network that hangs.
      this.#memory.keepAsked({ at: this.#now(), isReached: await this.#fetch() });
    }
    const why = await this.#whyNot(paths, agent);
    if (why !== null) return denyAnswer(name, why);
    if (agent === null) return null;
    const [refusal] = await Promise.all([mode === 'take' ? this.#take(paths, agent) : null, this.#renew(agent)]);
    return refusal === null ? null : denyAnswer(name, refusal);
  }

  async #whyNot(paths: readonly string[], agent: string | null): Promise<string | null> {
    if (paths.length === 0) return null;
    const moment = await lockMoment(this.#orc);
    return this.#orc.ask((board) => whyNotEdit(board, paths, agent, moment(board)));
  }

  /** Locks what the agent has not locked yet. Why it must not go on, when somebody else was faster. */
  async #take(paths: readonly string[], agent: string): Promise<string | null> {
    const moment = await lockMoment(this.#orc);
    const free = await this.#orc.ask((board) =>
      paths.filter((path) => !locksOnPath(board, path, agent, moment(board)).isOwn),
    );
    const resources = [...new Set(free.flatMap((path) => lockOfPath(path) ?? []))];
    if (resources.length === 0 || !this.#mayPublish()) return null;
    const taking = resources.map((resource) => ({
      kind: 'lock.acquire',
      args: { resource, ttl_ms: editLockMs, reason: editReason },
    }));
    const refusals = await this.#perform(agent, taking);
    // Refused to a call of the same agent beside this one, which has it now, or for a lock that does not cover the file: no reason.
    return refusals.some(({ code }) => code === 'lock-held') ? this.#whyNot(paths, agent) : null;
  }

  async #beforeStop(agent: string | null): Promise<HookAnswer | null> {
    const { session, isStopActive, name } = this.#event;
    if (agent !== null) await this.#renew(agent);
    if (this.#isAskDue()) await this.#sync();
    if (agent === null || session === null || isStopActive || (await this.#isQuiet())) return null;
    const { reminded } = this.#memory.session(session);
    const self = await this.#self(agent);
    const reminder = await this.#orc.ask((board) => reminderFor(board, self, new Set(reminded)));
    if (reminder === null) return null;
    // Where it cannot be remembered, the agent would be held back at every turn.
    const isKept = this.#memory.keepSession(session, { agent, reminded: [...reminded, ...reminder.about] });
    return isKept ? goOnAnswer(name, reminder.text) : null;
  }

  async #end({ agent, isNamedAfterSession }: Identity): Promise<null> {
    const { session, reason } = this.#event;
    if (agent === null || !isEnd(reason, isNamedAfterSession)) {
      if (agent !== null) await this.#renew(agent);
      await this.#sync();
      return null;
    }
    const self = await this.#self(agent);
    const isKeeping = this.#request.isKeeping || (await this.#isSwitchedOff('orc.handover'));
    const words = `its session ended${reason === null ? '' : ` (${reason})`}; ${whereWorkStands(this.#orc.surroundings.host)}`;
    const back = await this.#orc.ask((board) => handOver(board, self, words, isKeeping));
    const isRegistered = await this.#orc.ask((board) => board.agents.get(agent)?.status === 'active');
    // Nobody comes back under a session's name: without this, every session would leave an agent on the board.
    const isGone = isNamedAfterSession && isRegistered && !isKeeping && self.givenTask === null;
    const leaving = [...back, ...(isGone ? [{ kind: 'agent.retire', args: { id: agent } }] : [])];
    // Agents do not wait long at their end: what is published takes along whatever waits.
    if (leaving.length === 0) await this.#sync();
    else await this.#together(agent, leaving);
    if (session !== null) this.#memory.forgetSession(session, this.#now());
    return null;
  }

  async #renew(agent: string): Promise<void> {
    if (!this.#mayPublish()) return;
    const self = await this.#self(agent);
    const moment = await lockMoment(this.#orc);
    const due = await this.#orc.ask((board) => dueRenewals(board, self, moment(board)));
    await this.#perform(agent, due);
  }

  async #self(agent: string): Promise<Self> {
    const holds = await this.#orc.holds.list();
    const claims = new Set(holds.filter((hold) => hold.agent === agent).map(({ claim }) => claim));
    return { agent, claims, givenTask: givenClaim(this.#request.env)?.task ?? null };
  }

  /** Each for itself, in one push: one that is refused stops none of the others. */
  async #perform(agent: string, requests: readonly BatchRequest[]): Promise<OrcError[]> {
    if (requests.length === 0) return [];
    const options = { agent, publish: await this.#publish(), requirePublished: false };
    const settled = await Promise.allSettled(
      requests.map(({ kind, args }) => this.#orc.perform(kind, args, { ...options })),
    );
    const isMissed = settled.some(
      (each) => each.status === 'fulfilled' && each.value.published === false && each.value.reason !== null,
    );
    if (options.publish !== 'sync') this.#memory.keepAsked({ at: this.#now(), isReached: !isMissed });
    return settled.flatMap((each) => (each.status === 'rejected' ? this.#note(each.reason) : []));
  }

  /** In one push and in their order; where one is refused, each for itself, so that the others are done. */
  async #together(agent: string, requests: readonly BatchRequest[]): Promise<void> {
    try {
      await this.#orc.batch(requests, { agent, publish: await this.#publish(), requirePublished: false });
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
      for (const request of requests) await this.#perform(agent, [request]);
    }
  }

  /** A sign of life that waits for the next claim keeps nothing alive: `claims` would hold it back. */
  async #publish(): Promise<'each' | 'sync'> {
    return this.#mayPublish() && (await this.#orc.publishMode()) !== 'sync' ? 'each' : 'sync';
  }

  async #sync(): Promise<void> {
    try {
      const { reachable } = await this.#orc.sync({ timeoutMs: networkMs[this.#request.event] });
      this.#memory.keepAsked({ at: this.#now(), isReached: reachable });
    } catch (error) {
      this.#note(error);
    }
  }

  async #fetch(): Promise<boolean> {
    try {
      await this.#orc.head({ fresh: true });
      return true;
    } catch (error) {
      this.#note(error);
      return false;
    }
  }

  /** Whether it is time to ask the upstream, and whether that can be remembered. */
  #isAskDue(): boolean {
    const asked = this.#memory.asked();
    const age = asked === null ? Number.POSITIVE_INFINITY : Math.abs(this.#now() - asked.at);
    if (age < (asked?.isReached === false ? leftAloneMs : freshMs)) return false;
    return this.#memory.keepAsked({ at: this.#now(), isReached: asked?.isReached ?? true });
  }

  /** Not while the upstream is known not to answer: each call would wait for it again. */
  #mayPublish(): boolean {
    const asked = this.#memory.asked();
    return asked === null || asked.isReached || Math.abs(this.#now() - asked.at) >= leftAloneMs;
  }

  async #isQuiet(): Promise<boolean> {
    return this.#request.isQuiet || (await this.#isSwitchedOff('orc.stopreminder'));
  }

  /** `git config orc.stopReminder false`, for who cannot change the plugin's command line. */
  async #isSwitchedOff(key: string): Promise<boolean> {
    const value = (await this.#orc.surroundings.config()).get(key);
    return value !== null && /^(?:no|off|false|0)$/i.test(value);
  }

  #note(error: unknown): OrcError[] {
    if (!(error instanceof OrcError)) throw error;
    if (error.code !== 'lock-held' && !expected.has(error.code)) this.troubles.push(error.message);
    return [error];
  }

  #now(): number {
    return this.#orc.world.clock.now();
  }
}
