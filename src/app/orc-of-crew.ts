/** The Node API of what agents do together: mail between them, and cycles of work. */
import type { BoardEvent, Cycle, Message } from '../core/records.ts';
import { type CycleSummary, collectCycle, listCycles, openCycle, readCycle } from './cycle-board.ts';
import { acknowledge, readIds, readInbox, type SentMessage, sentMessage } from './mail.ts';
import { OrcCore } from './orc-core.ts';
import type { MutationOptions } from './perform.ts';
import { defined, told } from './performed.ts';

export class OrcOfCrew extends OrcCore {
  /**
   * Sends a message: to `all`, to `ws:NAME` (those who work in that workstream), to `agent:NAME`, or to a name: that of an
   * agent which the board knows, else of a workstream.
   * @throws OrcError `not-found` for nobody, `too-large` for a long text and for a full mailbox, `invalid-argument`, `secret-found`
   */
  async sendMessage(
    to: string,
    text: string,
    options: MutationOptions & { readonly task?: string | null } = {},
  ): Promise<SentMessage> {
    const { task, ...rest } = options;
    return sentMessage(
      told('message.send', await this.perform<BoardEvent>('message.send', defined({ to, text, task }), rest)),
    );
  }

  /** Unread messages of an agent (default: who acts), oldest first; `all`: with those that were read lately. */
  async inbox(agent?: string, options: { readonly all?: boolean } = {}): Promise<Message[]> {
    return readInbox(this, agent ?? (await this.actor(undefined)), options);
  }

  /**
   * Marks messages of who acts as read; gives the ids of those that were unread.
   * @throws OrcError `not-found` for ids that are not in that agent's mail, `ambiguous-id`
   */
  async ackMessages(ids: readonly string[] | 'all', options: MutationOptions = {}): Promise<string[]> {
    const performed = await acknowledge(this, ids, options);
    return performed === null ? [] : readIds(told('message.ack', performed));
  }

  /** Opens a cycle of work: its plan is made now, and kept on the board. @throws OrcError `already-exists` while one is open */
  async openCycle(options: MutationOptions = {}): Promise<Cycle> {
    return told('cycle.open', await openCycle(this, options));
  }

  /**
   * Ends a cycle, by default the one that is open, with what came of it since its opening.
   * @throws OrcError `not-found`, `closed` when it was collected already
   */
  async collectCycle(number?: number, options: MutationOptions = {}): Promise<Cycle> {
    return told('cycle.collect', await collectCycle(this, number, options));
  }

  /** By default the newest cycle, with its plan and its results. @throws OrcError `not-found` */
  async getCycle(number?: number): Promise<Cycle> {
    return readCycle(this, number);
  }

  /** Newest first. */
  async listCycles(options: { readonly last?: number } = {}): Promise<CycleSummary[]> {
    return listCycles(this, options.last);
  }
}
