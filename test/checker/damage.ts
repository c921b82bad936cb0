/** The story with damage: in its log, or in its chain. */
import { checkBoard } from '../support/checker/check.ts';
import type { CallRecord, CheckInput, Rule } from '../support/checker/types.ts';
import { type Draft, Forge } from './forge.ts';
import type { Story } from './story.ts';

export const tail = 'events/0000000001.jsonl';

/** The rules that are broken. */
export function broken(input: CheckInput): Rule[] {
  return [...new Set(checkBoard(input).violations.map(({ rule }) => rule))].sort();
}

/** Changes one draft. */
export function change(drafts: Draft[], at: number, make: (draft: Draft) => Draft): void {
  drafts[at] = make(drafts[at] as Draft);
}

export class Damage {
  constructor(readonly story: Story) {}

  id(name: string): string {
    const found = this.story.ids[name];
    if (found === undefined) throw new Error(`the story has no ${name}`);
    return found;
  }

  call(name: string): CallRecord {
    return this.story.logs.find(({ op }) => op === this.id(name)) as CallRecord;
  }

  /** The story with one line of its log changed, or left out. */
  withLog(name: string, other: Partial<CallRecord> | null): Required<CheckInput> {
    const op = this.id(name);
    const logs = this.story.logs.flatMap((call) => {
      if (call.op !== op) return [call];
      return other === null ? [] : [{ ...call, ...other }];
    });
    return { ...this.story, logs };
  }

  /** The story with its chain written anew. */
  withChain(damage: (drafts: Draft[], forge: Forge, at: (name: string) => number) => void): Required<CheckInput> {
    const forge = new Forge(this.story.chain);
    const at = (name: string): number => {
      const found = forge.drafts.findIndex(({ message }) => message.includes(`"id":"${this.id(name)}"`));
      if (found < 0) throw new Error(`${name} is not in the chain`);
      return found;
    };
    damage(forge.drafts, forge, at);
    return { ...this.story, chain: forge.chain() };
  }
}
