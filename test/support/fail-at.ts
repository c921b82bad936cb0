/**
 * Lets the n-th file-system call or process start of a piece of work fail once, as an operating system would let it fail:
 * a number and a variant name the fault, and reproduce it. Everything else is carried out for real.
 *
 * Calls belong to the work that made them (by its asynchronous context), so that what the test runner does beside it
 * neither counts nor fails. The functions are replaced when this file is loaded, for the whole process.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import childProcess, { type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { type CallKind, callbackCalls, handleCalls, promiseCalls, syncCalls } from './io-calls.ts';

/**
 * - `before`: not carried out; `after`: carried out, and said to have failed
 * - `half`: the first half is written, then the error; `part`: a write that says that it wrote half, without an error
 * - `thrown`: `spawn` itself throws; `killed`: the process starts, and is killed at once
 */
export type FaultForm = 'before' | 'after' | 'half' | 'part' | 'thrown' | 'killed';

export interface Variant {
  readonly errno: string;
  readonly form: FaultForm;
}

export interface Fault extends Variant {
  /** Which call it was, from 1. */
  readonly number: number;
  readonly call: string;
  readonly kind: CallKind;
  /** The file, or the command. */
  readonly about: string;
  /** How many variants there are for such a call. */
  readonly variants: number;
}

export type Ended<T> =
  | { readonly outcome: 'done'; readonly value: T }
  | { readonly outcome: 'failed'; readonly error: unknown };

export interface FaultedRun<T> {
  /** `null`: the work made fewer calls. */
  readonly fault: Fault | null;
  /** The calls in their order, each with its file; what differs from run to run (ids, numbers) is left out. */
  readonly calls: readonly string[];
  readonly ended: Ended<T>;
}

const before = (...errnos: string[]): Variant[] => errnos.map((errno) => ({ errno, form: 'before' }));
const after: Variant = { errno: 'EIO', form: 'after' };

const variantsByKind: Readonly<Record<CallKind, readonly Variant[]>> = {
  open: before('EIO', 'ENOSPC', 'EACCES', 'EMFILE'),
  read: before('EIO', 'EACCES', 'EMFILE'),
  look: before('EIO', 'EACCES'),
  write: [...before('EIO', 'ENOSPC'), after, { errno: 'ENOSPC', form: 'half' }, { errno: 'ENOSPC', form: 'part' }],
  sync: [...before('EIO', 'ENOSPC'), after],
  rename: [...before('EIO', 'ENOSPC', 'EACCES'), after],
  link: [...before('EIO', 'EACCES', 'EPERM'), after],
  remove: [...before('EIO', 'EACCES'), after],
  make: [...before('EIO', 'ENOSPC', 'EACCES'), after],
  close: [after], // the descriptor is gone in any case
  spawn: [
    ...before('EAGAIN', 'ENOENT', 'EMFILE'),
    { errno: 'ENOMEM', form: 'thrown' },
    { errno: 'SIGKILL', form: 'killed' },
  ],
};

/** The most variants that any call has. */
export const maxVariants = Math.max(...Object.values(variantsByKind).map(({ length }) => length));

interface Plan {
  readonly at: number;
  readonly variant: number;
  readonly calls: string[];
  fault: Fault | null;
  isOver: boolean;
}

const plans = new AsyncLocalStorage<Plan>();
/** Set while a synchronous call runs: what it calls in turn is part of it. */
let isInside = false;

/**
 * Does the work; its call number `at` fails once, in the variant of this number (counted round where there are fewer).
 * @param at from 1; 0 lets nothing fail
 */
export async function failAt<T>(at: number, variant: number, work: () => Promise<T>): Promise<FaultedRun<T>> {
  const plan: Plan = { at, variant, calls: [], fault: null, isOver: false };
  const ended = await plans.run(plan, () =>
    work().then(
      (value): Ended<T> => ({ outcome: 'done', value }),
      (error: unknown): Ended<T> => ({ outcome: 'failed', error }),
    ),
  );
  plan.isOver = true;
  return { fault: plan.fault, calls: plan.calls, ended };
}

/**
 * Does the work again and again while its first, second, third … call fails in each of its ways, until there is no such call.
 * Gives the number of faults.
 */
export async function tryEveryFault<T>(
  work: () => Promise<T>,
  check: (run: FaultedRun<T>) => Promise<void> | void,
): Promise<number> {
  let faults = 0;
  for (let at = 1; ; at++) {
    let variants = 1;
    for (let variant = 0; variant < variants; variant++) {
      const run = await failAt(at, variant, work);
      try {
        await check(run);
      } catch (error) {
        if (error instanceof Error) error.message = `${nameFault(run.fault)}: ${error.message}`;
        throw error;
      }
      if (run.fault === null) return faults;
      faults++;
      variants = run.fault.variants;
    }
  }
}

/**
 * Which calls of a run, by their numbers from 1, are left out where every run is expensive: of the many that do the same to
 * files of one kind (writing an object, reading one) the first two stay, and every eighth.
 */
export function findRepeated(calls: readonly string[], shift: number): ReadonlySet<number> {
  const counts = new Map<string, number>();
  const repeated = new Set<number>();
  for (const [index, call] of calls.entries()) {
    const count = (counts.get(call) ?? 0) + 1;
    counts.set(call, count);
    if (count > 2 && (index + shift) % 8 !== 0) repeated.add(index + 1);
  }
  return repeated;
}

/** `12 renameSync EIO after .../queue/x.json`, for messages. */
export function nameFault(fault: Fault | null): string {
  if (fault === null) return 'no fault';
  const { number, call, errno, form, about } = fault;
  return `call ${number}: ${call} ${errno} (${form}) ${about}`;
}

/** The fault of this very call, or `null` for a call that is to pass. */
function takeFault(kind: CallKind, call: string, args: readonly unknown[]): Fault | null {
  const plan = plans.getStore();
  if (plan === undefined || plan.isOver || isInside || isForeign(args[0])) return null;
  const about = kind === 'spawn' ? `git ${nameCommand(args[1] as string[])}` : String(args[0]);
  plan.calls.push(`${call} ${about.replace(/[0-9a-f]{8,}|\d+|(?<=objects\/)../g, '*')}`);
  const number = plan.calls.length;
  if (number !== plan.at) return null;
  const fitting = variantsByKind[kind].filter(({ form }) => fits(form, call, args));
  const variant = fitting[plan.variant % fitting.length] as Variant;
  plan.fault = { ...variant, number, call, kind, about, variants: fitting.length };
  return plan.fault;
}

const nameCommand = (args: readonly string[]): string => args.find((arg) => /^[a-z]/.test(arg)) ?? '';

/** Modules that are loaded on the way are not the work's own files. */
const isForeign = (about: unknown): boolean =>
  typeof about === 'string' && /\/node_modules\/|\.[cm]?[jt]s$|\/package\.json$|\/\.orc-template(?:\/|$)/.test(about);

function fits(form: FaultForm, call: string, args: readonly unknown[]): boolean {
  // The others go on by themselves until all is written.
  if (form === 'part') return call === 'writeSync' && sizeOfWrite(args) > 1;
  if (form === 'half') return !call.endsWith('chmod');
  return true;
}

function makeError({ errno, call, about }: Fault): NodeJS.ErrnoException {
  const syscall = call.replace(/Sync$/, '');
  const number = os.constants.errno[errno as keyof typeof os.constants.errno];
  return Object.assign(new Error(`${errno}: injected, ${syscall} '${about}'`), {
    code: errno,
    errno: -number,
    syscall,
    path: about,
  });
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;
type Owner = Record<string, AnyFunction>;

/** Runs a synchronous call for real, with all that it calls in turn. */
function quietly(work: () => unknown): unknown {
  const wasInside = isInside;
  isInside = true;
  try {
    return work();
  } finally {
    isInside = wasInside;
  }
}

function sizeOfWrite([, data, offset]: readonly unknown[]): number {
  if (typeof data === 'string') return Buffer.byteLength(data);
  return (data as Uint8Array).length - (typeof offset === 'number' ? offset : 0);
}

/** The arguments of `writeSync(fd, …)` and of `handle.write(…)` with `fd` before it, cut to the first half. */
function halfOfWrite(args: readonly unknown[]): unknown[] {
  const [to, data, offset] = args;
  const half = Math.ceil(sizeOfWrite(args) / 2);
  if (typeof data === 'string') return [to, Buffer.from(data).subarray(0, half), 0, half, offset];
  const from = typeof offset === 'number' ? offset : 0;
  return [to, data, from, half, args[4]];
}

const halfOf = (data: unknown): Uint8Array => {
  const bytes = typeof data === 'string' ? Buffer.from(data) : (data as Uint8Array);
  return bytes.subarray(0, Math.ceil(bytes.length / 2));
};

function replaceSync(owner: Owner, name: string, kind: CallKind): void {
  const original = owner[name] as AnyFunction;
  const replaced: AnyFunction = function (this: unknown, ...args) {
    const fault = takeFault(kind, name, args);
    const carryOut = (given: readonly unknown[]) => quietly(() => original.apply(this, [...given]));
    if (fault === null) return carryOut(args);
    if (name === 'existsSync') return false; // it knows no errors: whatever is wrong, nothing is there
    if (fault.form === 'part') return carryOut(halfOfWrite(args));
    if (fault.form === 'half') carryOut(name === 'writeSync' ? halfOfWrite(args) : [args[0], halfOf(args[1]), args[2]]);
    if (fault.form === 'after') carryOut(args);
    throw makeError(fault);
  };
  owner[name] = Object.assign(replaced, original); // `realpathSync.native`
}

function replaceAsync(owner: Owner, name: string, kind: CallKind, isHandle: boolean): void {
  const original = owner[name] as AnyFunction;
  owner[name] = async function (this: unknown, ...args) {
    const fault = takeFault(kind, isHandle ? `handle.${name}` : name, isHandle ? ['an open file', ...args] : args);
    if (fault === null) return original.apply(this, args);
    if (fault.form === 'half') {
      const [first, ...rest] = args;
      await original.apply(this, isHandle ? [halfOf(first), ...rest] : [first, halfOf(rest[0]), ...rest.slice(1)]);
    }
    if (fault.form === 'after') await original.apply(this, args);
    throw makeError(fault);
  };
}

function replaceWithCallback(owner: Owner, name: string, kind: CallKind): void {
  const original = owner[name] as AnyFunction;
  owner[name] = function (this: unknown, ...args) {
    const fault = takeFault(kind, name, args);
    if (fault === null) return original.apply(this, args);
    const callback = args.at(-1) as (error: Error | null) => void;
    const fail = () => callback(makeError(fault));
    if (fault.form === 'after') return original.apply(this, [...args.slice(0, -1), fail]);
    process.nextTick(fail);
  };
}

/** Node tells some errors by the `error` event and throws the others; without descriptors left there are no pipes either. */
function replaceSpawn(owner: { spawn: unknown }): void {
  const original = owner.spawn as (...args: unknown[]) => ChildProcess;
  owner.spawn = (...args: unknown[]): ChildProcess => {
    const fault = takeFault('spawn', 'spawn', args);
    if (fault === null) return original(...args);
    if (fault.form === 'thrown') throw makeError(fault);
    if (fault.form === 'killed') {
      const child = original(...args);
      child.kill('SIGKILL');
      return child;
    }
    const child = original('/nonexistent/program', ...args.slice(1));
    if (fault.errno === 'EMFILE') Object.assign(child, { stdin: undefined, stdout: undefined, stderr: undefined });
    const emit = child.emit.bind(child) as (event: string, ...rest: unknown[]) => boolean;
    child.emit = (event: string | symbol, ...rest: unknown[]) =>
      emit(event as string, ...(event === 'error' ? [makeError(fault)] : rest));
    return child;
  };
}

async function replaceAll(): Promise<void> {
  const handle = await fs.promises.open(os.devNull);
  const handles = Object.getPrototypeOf(handle) as Owner;
  await handle.close();
  const sync = fs as unknown as Owner;
  const { native } = fs.realpathSync as unknown as Owner;
  for (const [name, kind] of Object.entries(syncCalls)) replaceSync(sync, name, kind);
  const real = fs.realpathSync as unknown as Owner;
  real.native = native as AnyFunction;
  replaceSync(real, 'native', 'look');
  for (const [name, kind] of Object.entries(callbackCalls)) replaceWithCallback(sync, name, kind);
  for (const [name, kind] of Object.entries(promiseCalls)) {
    replaceAsync(fs.promises as unknown as Owner, name, kind, false);
  }
  for (const [name, kind] of Object.entries(handleCalls)) replaceAsync(handles, name, kind, true);
  replaceSpawn(childProcess);
  syncBuiltinESMExports();
}

await replaceAll();
