/**
 * What hooks remember from one call to the next, in small files of the store: who a session is, of what it was reminded, and when the
 * upstream was last asked. It is all convenience: where it cannot be read it is empty, and where it cannot be written, callers do
 * without what would need it.
 */
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';

export interface SessionMemory {
  /** Who acts in it, where nobody named somebody else. */
  readonly agent: string | null;
  /** Claims and messages of which it was reminded. */
  readonly reminded: readonly string[];
}

export interface Asked {
  readonly at: number;
  readonly isReached: boolean;
}

const nothing: SessionMemory = { agent: null, reminded: [] };
const maxReminded = 500;
const keptMs = 30 * 86_400_000;

export class HookMemory {
  readonly #folder: string;

  constructor(storePath: string) {
    this.#folder = path.join(storePath, 'agent-hooks');
  }

  session(id: string): SessionMemory {
    try {
      const { agent, reminded } = JSON.parse(fs.readFileSync(this.#file(id), 'utf8')) as Partial<SessionMemory>;
      return {
        agent: typeof agent === 'string' && agent !== '' ? agent : null,
        reminded: Array.isArray(reminded) ? reminded.filter((each) => typeof each === 'string') : [],
      };
    } catch {
      return nothing; // not there, or half written when the power went
    }
  }

  /** `false`: it could not be kept. */
  keepSession(id: string, memory: SessionMemory): boolean {
    const reminded = memory.reminded.slice(-maxReminded);
    return this.#write(this.#file(id), `${JSON.stringify({ ...memory, reminded })}\n`);
  }

  /** Forgets a session, and those that nobody has heard of for a month. */
  forgetSession(id: string, now: number): void {
    try {
      fs.rmSync(this.#file(id), { force: true });
      for (const name of fs.readdirSync(this.#folder)) {
        const file = path.join(this.#folder, name);
        if (now - fs.statSync(file).mtimeMs > keptMs) fs.rmSync(file, { force: true });
      }
    } catch {
      // a folder that is not there, or is read only
    }
  }

  /** When a hook last asked the upstream, and whether it answered; `null`: nobody knows. */
  asked(): Asked | null {
    try {
      const { at, isReached } = JSON.parse(fs.readFileSync(this.#askedFile, 'utf8')) as Partial<Asked>;
      return typeof at === 'number' && typeof isReached === 'boolean' ? { at, isReached } : null;
    } catch {
      return null;
    }
  }

  /** `false`: it could not be kept, so the next one would ask again. */
  keepAsked(asked: Asked): boolean {
    return this.#write(this.#askedFile, `${JSON.stringify(asked)}\n`);
  }

  get #askedFile(): string {
    return path.join(this.#folder, 'asked.json');
  }

  #file(session: string): string {
    return path.join(this.#folder, `session-${shortHash(session)}.json`);
  }

  #write(file: string, text: string): boolean {
    const temporary = `${file}.${process.pid}`;
    try {
      fs.mkdirSync(this.#folder, { recursive: true });
      fs.writeFileSync(temporary, text);
      fs.renameSync(temporary, file);
      return true;
    } catch {
      return false;
    }
  }
}

/** Sessions have ids of any form. */
export function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
