/** Shows a worker at work: its events on standard output, what its commands write on standard error. */
import { StringDecoder } from 'node:string_decoder';
import { superseded } from '../app/superseded.ts';
import type { ClaimedTask, WorkEvent } from '../app/worker-ports.ts';
import { formatDuration } from '../core/time.ts';
import type { ErrorCode } from '../errors.ts';
import { escapeJson, escapeLine } from './escape.ts';
import type { Io } from './io.ts';
import { cutToWidth } from './width.ts';

interface Output {
  readonly decoder: StringDecoder;
  rest: string;
}

const clearLine = '\r\u001b[K';
const refreshMs = 1_000;
/** Characters of a line that has not ended yet: what is longer, such as a progress bar's, is shown as several. */
const longestLine = 16 * 1024;

export class WorkPrinter {
  readonly #io: Io;
  readonly #isJson: boolean;
  readonly #isParallel: boolean;
  readonly #now: () => number;
  readonly #running = new Map<string, { readonly title: string; readonly since: number }>();
  readonly #outputs = new Map<string, Output>();
  readonly #timer: NodeJS.Timeout | undefined;
  #completed = 0;
  #failed = 0;
  #isStatusShown = false;

  constructor(io: Io, options: { readonly isJson: boolean; readonly isParallel: boolean; readonly now: () => number }) {
    this.#io = io;
    this.#isJson = options.isJson;
    this.#isParallel = options.isParallel;
    this.#now = options.now;
    if (this.#hasStatus) this.#timer = setInterval(() => this.#showStatus(), refreshMs).unref();
  }

  event(event: WorkEvent): void {
    this.#count(event);
    if (this.#isJson) {
      const { published = null, version = null, ...data } = { published: undefined, version: undefined, ...event };
      this.#io.stdout(`${escapeJson(JSON.stringify({ data, published, version }))}\n`);
      return;
    }
    this.#hideStatus();
    const line = eventLine(event);
    if (isAside(event)) this.#io.stderr(`${line}\n`);
    else this.#io.stdout(`${line}\n`);
    this.#showStatus();
  }

  /** Whole lines alone, so that those of several commands do not mix. */
  output({ task: { id } }: ClaimedTask, chunk: Buffer): void {
    const output = this.#outputs.get(id) ?? { decoder: new StringDecoder('utf8'), rest: '' };
    this.#outputs.set(id, output);
    const lines = (output.rest + output.decoder.write(chunk)).split('\n');
    output.rest = lines.pop() ?? '';
    if (output.rest.length > longestLine) {
      lines.push(output.rest);
      output.rest = '';
    }
    this.#write(id, lines);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#hideStatus();
  }

  get #hasStatus(): boolean {
    return this.#io.isTty && !this.#isJson;
  }

  #count(event: WorkEvent): void {
    if (event.event === 'claimed') this.#running.set(event.task, { title: event.title, since: this.#now() });
    if (event.event === 'completed') this.#completed++;
    if (event.event === 'failed') this.#failed++;
    if ('ms' in event) {
      this.#running.delete(event.task);
      const rest = this.#outputs.get(event.task)?.rest ?? '';
      if (rest !== '') this.#write(event.task, [rest]);
      this.#outputs.delete(event.task);
    }
  }

  #write(id: string, lines: readonly string[]): void {
    if (lines.length === 0) return;
    this.#hideStatus();
    const prefix = this.#isParallel ? `${id} | ` : '';
    this.#io.stderr(lines.map((line) => `${prefix}${line}\n`).join(''));
    this.#showStatus();
  }

  #showStatus(): void {
    if (!this.#hasStatus) return;
    const now = this.#now();
    const running = [...this.#running].map(
      ([id, { title, since }]) => `${id} ${escapeLine(title)} (${formatDuration(now - since)})`,
    );
    const done = `${this.#completed} completed, ${this.#failed} failed`;
    const line = [done, running.length === 0 ? 'nothing at work' : running.join('; ')].join(' | ');
    this.#io.stderr(`${clearLine}${cutToWidth(line, Math.max(20, (this.#io.columns || 80) - 1))}`);
    this.#isStatusShown = true;
  }

  #hideStatus(): void {
    if (!this.#isStatusShown) return;
    this.#io.stderr(clearLine);
    this.#isStatusShown = false;
  }
}

/** What is said beside the work. */
function isAside({ event }: WorkEvent): boolean {
  return event === 'trouble' || event === 'waiting' || event === 'stopping';
}

function eventLine(event: WorkEvent): string {
  switch (event.event) {
    case 'claimed':
      return `Claimed ${event.task} ${escapeLine(`${event.workstream}: ${event.title}`)}${
        event.attempts === 0 ? '' : ` (attempt ${event.attempts + 1})`
      }`;
    case 'completed':
      return `Completed ${about(event)}${itself(event)}${unpublished(event)}${
        event.withheld === null ? '' : `; its result is not published: it is kept in ${event.withheld}`
      }`;
    case 'failed':
      return `Failed ${about(event)}: ${escapeLine(firstLine(event.reason))}, ${
        event.status === 'failed' ? 'given up' : 'pending again'
      }${unpublished(event)}`;
    case 'released': {
      const why = event.reason === null ? '' : `: ${escapeLine(firstLine(event.reason))}`;
      return `Released ${about(event)}${why}${unpublished(event)}`;
    }
    case 'lost':
      return `Lost ${about(event)}: ${
        superseded.has(event.code as ErrorCode)
          ? `the claim is not this worker's any more (${event.code})`
          : `it could not be reported (${event.code})`
      }${event.withheld === null ? '' : `; its result is kept in ${event.withheld}`}`;
    case 'trouble':
      return `warning: ${event.task === null ? '' : `task ${event.task}: `}${escapeLine(event.message)}`;
    case 'waiting':
      return event.why === 'nothing-ready'
        ? 'Nothing is ready; waiting for work'
        : `Waiting for the upstream${event.message === null ? '' : `: ${escapeLine(event.message)}`}`;
    case 'stopping':
      return `Stopping: ${event.running === 1 ? 'one task is' : `${event.running} tasks are`} handed back`;
  }
}

function about({ task, title, ms }: { readonly task: string; readonly title: string; readonly ms: number }): string {
  return `${task} ${escapeLine(title)} (${formatDuration(ms)})`;
}

function itself(event: { readonly itself: boolean }): string {
  return event.itself ? ', by its command' : '';
}

function unpublished({ published }: { readonly published: boolean | null }): string {
  return published === false ? ' (not published yet)' : '';
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
