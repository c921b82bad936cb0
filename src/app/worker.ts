/**
 * The loop of `orc work` and `orc.work`: takes tasks as long as there are some, has them done, and waits politely for more.
 * What it does next is decided in worker-decisions.ts; what happens to one task, in worker-task.ts.
 */
import { setMaxListeners } from 'node:events';
import { OrcError } from '../errors.ts';
import { type EndReason, type LoopState, nextStep } from './worker-decisions.ts';
import type { ClaimedTask, WorkPorts, WorkSettings, WorkSummary } from './worker-ports.ts';
import { handBack, type TaskPorts, type WorkedTask, workOnTask } from './worker-task.ts';

/**
 * Works until there is nothing to do any more, as the mode has it, or until `signal` is aborted: then the commands that run
 * are told to end, and their tasks are handed back.
 * @throws OrcError what asking again cannot mend, after the tasks at work were handed back; `not-published` with `once`, and with
 * `drain` after `patienceMs`, when it cannot be known whether there is work
 */
export function runWorker(ports: WorkPorts, settings: WorkSettings): Promise<WorkSummary> {
  return new Worker(ports, settings).run();
}

class Worker {
  readonly #ports: WorkPorts;
  readonly #settings: WorkSettings;
  readonly #stopping = new AbortController();
  readonly #running = new Set<Promise<void>>();
  readonly #killed = new Set<string>();
  readonly #unfinished = new Set<string>();
  readonly #counts = { claimed: 0, completed: 0, failed: 0, released: 0, lost: 0, unpublished: 0 };
  #hasReason = true;
  #prospect: LoopState['prospect'] = null;
  #wakeAt: number | null = null;
  #isWaiting: 'nothing-ready' | 'unreachable' | null = null;
  #unreachableSince: number | null = null;
  #error: unknown;
  /** Wakes whoever waits for news. */
  #waking = new AbortController();

  constructor(ports: WorkPorts, settings: WorkSettings) {
    this.#ports = ports;
    this.#settings = settings;
    // One listener for each task at work: more than ten are no leak.
    setMaxListeners(0, this.#stopping.signal);
  }

  async run(): Promise<WorkSummary> {
    const { signal } = this.#settings;
    const stop = (): void => this.#stop();
    if (signal?.aborted === true) stop();
    signal?.addEventListener('abort', stop);
    try {
      const because = await this.#loop();
      if (this.#error !== undefined) throw this.#error;
      return this.#summary(because);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  async #loop(): Promise<EndReason> {
    const { mode, parallel } = this.#settings;
    for (;;) {
      const next = nextStep({
        mode,
        parallel,
        running: this.#running.size,
        taken: this.#counts.claimed,
        isStopping: this.#stopping.signal.aborted,
        hasReason: this.#hasReason,
        prospect: this.#prospect,
      });
      switch (next.step) {
        case 'end':
          return next.because;
        case 'join':
          await Promise.race(this.#running);
          break;
        case 'claim':
          await this.#guard(() => this.#claim(next.count));
          break;
        case 'wait':
          await this.#guard(() => this.#wait());
          break;
      }
    }
  }

  #stop(): void {
    if (this.#stopping.signal.aborted) return;
    if (this.#running.size > 0) this.#ports.tell({ event: 'stopping', running: this.#running.size });
    this.#stopping.abort();
    this.#waking.abort();
  }

  /** The first error that asking again cannot mend ends the worker, after its tasks were handed back. */
  async #guard(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#error ??= error;
      this.#stop();
    }
  }

  async #claim(count: number): Promise<void> {
    const { board } = this.#ports;
    this.#hasReason = false;
    const asked = await Promise.allSettled(Array.from({ length: count }, () => board.claim()));
    const answers = asked.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    const failed = asked.find((each) => each.status === 'rejected');
    if (failed !== undefined) {
      this.#error ??= failed.reason;
      this.#stop();
    }
    for (const answer of answers) if (answer.found === 'task') this.#begin(answer.claimed);
    const nobody = answers.find((answer) => answer.found === 'nobody');
    if (nobody !== undefined) this.#notReached(nobody.reason);
    else this.#reached();
    // With a place free, there was nothing more to be had: what is there to hope for?
    if (answers.some((answer) => answer.found === 'none')) await this.#look();
  }

  async #look(): Promise<void> {
    const outlook = await this.#ports.board.outlook();
    this.#prospect = outlook.prospect;
    this.#wakeAt = outlook.prospect === 'coming' ? outlook.wakeAt : null;
  }

  async #wait(): Promise<void> {
    const { clock, waiter } = this.#ports;
    this.#tellWaiting(this.#unreachableSince === null ? 'nothing-ready' : 'unreachable', null);
    this.#waking = new AbortController();
    if (this.#stopping.signal.aborted) return;
    const atMostMs = this.#wakeAt === null ? null : this.#wakeAt + 1 - clock.now();
    const news = await waiter.news({ atMostMs, signal: this.#waking.signal });
    if (this.#waking.signal.aborted) return;
    // What is known here may be long outdated: nobody goes home on the strength of that.
    if (news === 'failed') {
      this.#notReached('the upstream does not answer');
      return;
    }
    await this.#look();
    // Whether what looks ready can be had is for the next claim to tell.
    if (this.#prospect === 'ready') this.#hasReason = true;
    else this.#reached();
  }

  #reached(): void {
    this.#unreachableSince = null;
  }

  /** Nobody knows whether there is work. @throws OrcError `not-published` where nobody wants to wait for that */
  #notReached(reason: string): void {
    const { mode, patienceMs } = this.#settings;
    const now = this.#ports.clock.monotonic();
    this.#unreachableSince ??= now;
    // What was hoped for before is not known any more.
    this.#prospect = null;
    this.#tellWaiting('unreachable', reason);
    const isOver = mode === 'once' || (mode === 'drain' && now - this.#unreachableSince >= patienceMs);
    if (!isOver || this.#running.size > 0) return;
    throw new OrcError('not-published', `no task could be claimed: ${reason}`, {
      hint: 'whether there is work is not known; check the remote (`git remote -v`) and the network',
      details: { state: 'none' },
    });
  }

  #tellWaiting(why: 'nothing-ready' | 'unreachable', message: string | null): void {
    if (this.#isWaiting === why || (why === 'nothing-ready' && this.#running.size > 0)) return;
    this.#isWaiting = why;
    this.#ports.tell({ event: 'waiting', why, message });
  }

  #begin(claimed: ClaimedTask): void {
    const { task, token, version } = claimed;
    const { id, workstream, title, attempts } = task;
    this.#isWaiting = null;
    this.#counts.claimed++;
    this.#unfinished.add(id);
    this.#ports.tell({ event: 'claimed', task: id, workstream, title, token, attempts, published: true, version });
    const running = this.#workOn(claimed).finally(() => {
      this.#running.delete(running);
      // A place is free, and what waited for this task may be ready.
      this.#hasReason = true;
      this.#ports.waiter.hurry();
      this.#waking.abort();
    });
    this.#running.add(running);
  }

  async #workOn(claimed: ClaimedTask): Promise<void> {
    const { clock, board, keep, tell } = this.#ports;
    const ports: TaskPorts = { clock, board, keep, tell, settings: this.#settings, stopping: this.#stopping.signal };
    const { id } = claimed.task;
    try {
      this.#count(id, await this.#startAndWork(ports, claimed));
    } catch (error) {
      this.#error ??= error;
      this.#stop();
    }
  }

  async #startAndWork(ports: TaskPorts, claimed: ClaimedTask): Promise<WorkedTask> {
    if (this.#stopping.signal.aborted) return handBack(ports, claimed, 'the worker was stopped');
    let job: Awaited<ReturnType<WorkPorts['start']>>;
    try {
      job = await this.#ports.start(claimed);
    } catch (error) {
      // What cannot be started for this task cannot be started for the next.
      this.#error ??= error;
      this.#stop();
      return handBack(ports, claimed, 'the worker could not begin');
    }
    return workOnTask(ports, claimed, job, this.#killed.has(claimed.task.id));
  }

  #count(id: string, { end, published }: WorkedTask): void {
    if (end === 'killed') this.#killed.add(id);
    if (end === 'completed') this.#unfinished.delete(id);
    this.#counts[end === 'killed' ? 'released' : end]++;
    if (!published) this.#counts.unpublished++;
  }

  #summary(because: EndReason): WorkSummary {
    const { agent } = this.#settings;
    return { event: 'done', because, agent, ...this.#counts, unfinished: [...this.#unfinished] };
  }
}
