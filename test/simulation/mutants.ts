/**
 * Planted bugs of the sync layer: what somebody might write who knows less, or improves too much. Each is one replacement of a
 * text that stands exactly once in its file. The worlds, or the unit tests that it names, have to find every one (`run-mutants.ts`).
 */

export interface Mutant {
  readonly name: string;
  /** Below the repository's folder. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What is wrong with it. */
  readonly why: string;
  /** The tests that have to fail, where it takes an order of events that worlds do not meet in some thousands. */
  readonly unitTests?: readonly string[];
}

const publisher = 'src/sync/publisher.ts';
const replay = 'src/sync/replay.ts';
const queue = 'src/sync/queue.ts';
const storedQueue = 'src/sync/stored-queue.ts';
const view = 'src/sync/upstream-view.ts';

const pushesChain =
  'const pushed = await this.#pushOnce(base, replayed.tip, { objects: replayed.objects, store: stored }, remove);';

/** The whole call of `apply`, so that a decision can be kept. */
const carryOver = `((board, operation, context) => {
        const kept = (globalThis.keptDecisions ??= new Map());
        const had = kept.get(operation.id);
        if (had !== undefined) return { ...had, version: context.version, at: context.at };
        const decision = apply(board, operation, context);
        if (decision.outcome === 'accepted') kept.set(operation.id, decision);
        return decision;
      })(board, operation, {`;

export const mutants: readonly Mutant[] = [
  {
    name: 'unknown is taken for failure',
    file: publisher,
    find: `case 'unknown': {`,
    replace: `case 'unknown': {
        this.#taking.cleared();
        return this.#unreachable(pushed.reason, units);`,
    why: 'a push without an answer may have landed',
  },
  {
    name: 'unknown is answered as refused',
    file: publisher,
    find: `case 'unknown': {`,
    replace: `case 'unknown': {
        this.#taking.cleared();
        return { outcome: 'refused', reason: pushed.reason, units, removed: 'none', settled: this.#settled };`,
    why: 'as above, and the caller hears a definite no',
  },
  {
    name: 'answered before the push',
    file: publisher,
    find: pushesChain,
    replace: `await this.#settle(await outcomesOf(this.#ports, replayed.decided));
    ${pushesChain}`,
    why: 'the push may yet lose the race',
  },
  {
    name: 'refusals are told before the push beneath them',
    file: publisher,
    find: pushesChain,
    replace: `const nos = replayed.decided.filter(({ decision }) => decision.outcome === 'refused');
    await this.#settle(await outcomesOf(this.#ports, nos));
    ${pushesChain}`,
    why: 'what they were refused for may never be published',
  },
  {
    name: 'a refusal of a stale state is told',
    file: publisher,
    find: 'if (!isBare && !view.isConfirmed(base, this.#began)) {',
    replace: 'if (false) {',
    why: 'the upstream was not asked',
  },
  {
    name: 'another head was confirmed than was decided on',
    file: publisher,
    find: 'if (!view.isConfirmed(base, this.#began)) continue;',
    replace: `if (confirmed.outcome === 'moved') continue;`,
    why: 'another call may have moved the head meanwhile',
    unitTests: ['test/sync/session.test.ts'],
  },
  {
    name: 'what was confirmed before the question counts',
    file: 'src/sync/upstream-view.ts',
    find: 'this.#confirmed.at > since',
    replace: 'this.#confirmed.at > 0',
    why: 'the upstream may have moved between that and the question',
  },
  {
    name: 'a claim is published though its owner died',
    file: 'src/sync/orphans.ts',
    find: `record.told?.state !== 'queued' &&`,
    replace: `false &&`,
    why: 'nobody would work on it',
  },
  {
    name: 'a retaken record is pushed all the same',
    file: publisher,
    find: '!(await this.#taking.pushing(base.commit))',
    replace: '!(await this.#taking.pushing(base.commit)) && false',
    why: 'whoever took it over may have answered already',
  },
  {
    name: 'decided again without looking for it',
    file: replay,
    find: 'const event = proofs.get(record.operation.id);',
    replace: 'const event: BoardEvent | undefined = undefined;',
    why: 'what landed without an answer is done twice',
  },
  {
    name: 'only what is known to be sent is looked for',
    file: replay,
    find: 'record.sent !== null || version !== record.base',
    replace: 'record.sent !== null',
    why: 'a crash loses that knowledge, the log does not',
  },
  {
    name: 'the first decision is carried over',
    file: replay,
    find: 'apply(board, operation, {',
    replace: carryOver,
    why: 'the board has changed since',
  },
  {
    name: 'a version is used twice',
    file: replay,
    find: 'version: board.meta.version + 1',
    replace: 'version: Math.max(1, board.meta.version)',
    why: 'versions are fencing tokens',
  },
  {
    name: 'a tentative next is not pinned',
    file: 'src/sync/as-told.ts',
    find: `if (operation.kind !== 'task.next') return operation;`,
    replace: 'if (operation.id !== told.state) return operation;',
    why: 'its caller works on the task that it was told',
  },
  {
    name: 'a batch is split',
    file: queue,
    find: 'const batch = record.operation.batch;',
    replace: 'const batch: Operation["batch"] = undefined;',
    why: 'it is one unit',
  },
  {
    name: 'what a dead process left is not taken',
    file: storedQueue,
    find: 'isOpen(record, this.liveness) && ',
    replace: `isOpen(record, this.liveness) && this.liveness(record.owner) !== 'dead' && `,
    why: 'what was told as queued is never published',
  },
  {
    name: 'a dead publisher was not pushing',
    file: storedQueue,
    find: 'if (pushing !== null) {',
    replace: 'if (false) {',
    why: 'its push may be under way',
  },
  {
    name: 'told, though a publisher has it in hand',
    file: storedQueue,
    find: ' || inHand.has(idOf(record))',
    replace: '',
    why: 'it becomes something else than what is told',
  },
  {
    name: 'two publishers take the same',
    file: storedQueue,
    find: ' && !taken.has(idOf(record))',
    replace: '',
    why: 'one refuses what the other publishes',
  },
  {
    name: 'nothing goes to the rejected',
    file: storedQueue,
    find: 'await storage.putRejected(this.#rejectedRecord(record, outcome));',
    replace: '',
    why: 'what was told as queued vanishes',
  },
  {
    name: 'what is rejected already is decided again',
    file: storedQueue,
    find: 'const isRejected = (record: QueueRecord): boolean => storage.isRejected(idOf(record));',
    replace: 'const isRejected = (_: QueueRecord): boolean => false;',
    why: 'who rejected it may have died before it left the queue',
  },
  {
    name: 'the rest of a batch that is in is decided again',
    file: replay,
    find: 'if (isIn) {',
    replace: 'if (false) {',
    why: 'what had nothing to do gets something to do, outside of its batch',
  },
  {
    name: 'removed for good, until the power goes',
    file: storedQueue,
    find: `return outcomes.some(({ outcome }) => outcome !== 'accepted');`,
    replace: 'return outcomes.length < 0;',
    why: 'what was refused comes back and is published',
    unitTests: ['test/sync/queue.test.ts'],
  },
  {
    name: 'the tracking head moves backward',
    file: view,
    find: 'if (!isForward && from !== after) return store.isAncestor(commit, from);',
    replace: '',
    why: 'who fetched earlier and is slower wins',
  },
  {
    name: 'an older state confirms what is known',
    file: view,
    find: "if (relation === 'behind') return { outcome: 'unreachable', reason: this.#behindReason() };",
    replace: `if (relation === 'behind') {
      this.#confirmed = { commit: seen.before, at: seen.began };
      return { outcome: 'same' };
    }`,
    why: 'a replica that lags says nothing of what is known already',
    unitTests: ['test/sync/session.test.ts'],
  },
  {
    name: 'the local head moves wherever it is told to',
    file: view,
    find: 'if (now.tracking !== from.tracking) return false;',
    replace: '',
    why: 'somebody was told meanwhile, and does not find it when it reads',
    unitTests: ['test/sync/upstream-view.test.ts'],
  },
  {
    name: 'a version goes back after a revert by hand',
    file: 'src/sync/head.ts',
    find: 'trailers === null ? await versionAboveManualEdits(store, commit, board.meta.version) : trailers.version',
    replace: 'trailers === null ? board.meta.version : trailers.version',
    why: 'a token is given twice',
  },
  {
    name: 'asked again, done again',
    file: 'src/sync/recorded.ts',
    find: 'await findProofs(store, head, new Set(open), 0)',
    replace: 'await findProofs(store, head, new Set<string>(), 0)',
    why: '`--op` is how one goes on after unknown',
  },
  {
    name: 'carried twice',
    file: replay,
    find: 'records.filter((record) => record.sent !== null || version !== record.base);',
    replace:
      "records.filter((record) => record.owner.session !== '' && (record.sent !== null || version !== record.base));",
    why: 'a carrier that does not look for what it carries publishes again what its author has published',
  },
  {
    name: 'a deposit is deleted without being carried',
    file: 'src/sync/inbox.ts',
    find: 'units.push(...contents.units.filter(isFree));',
    replace: 'void isFree;',
    why: 'its author has to find that out, and to begin again',
  },
  {
    name: 'told, though it is deposited',
    file: storedQueue,
    find: 'return sent !== null || deposit !== null;',
    replace: 'return sent !== null;',
    why: 'the author is told one result, and the carrier publishes another',
  },
  {
    name: 'a carrier’s refusal is an outcome',
    file: publisher,
    find: 'const { carried, waiting, others } = await this.#own.fates(units, await this.#ports.view.head(), this.#inbox);',
    replace: `const { carried, waiting, others } = await this.#own.fates(units, await this.#ports.view.head(), this.#inbox);
    const sentBack = others.flatMap(({ records: each }) => each).filter((each) => this.#own.markOf(each)?.state === 'there');
    await this.#settle(sentBack.map((each) => ({ record: each, outcome: { outcome: 'refused', code: 'not-found', message: '' } })));`,
    why: 'it was refused on another board, between other operations; and it may be in',
  },
  {
    name: 'foreign operations stay in the carrier’s queue',
    file: publisher,
    find: 'const foreign = await readInbox(store, this.#inbox ?? new Map(), options);',
    replace: `const foreign = await readInbox(store, this.#inbox ?? new Map(), options);
    const mine = this.#taking.records[0]?.owner;
    if (mine !== undefined)
      await this.#ports.queue.add(
        foreign.units.flatMap(({ records: each }) =>
          each.map((one) => ({ ...one, order: 'f' + one.operation.id, owner: mine, told: { state: 'unknown' } as const })),
        ),
      );`,
    why: 'they are published, refused and rejected as if they had been asked for here',
  },
  {
    name: 'the local head shows what is carried before it is published',
    file: publisher,
    find: 'const stored = lazily(() => store.writeObjects(replayed.objects));\n    const began',
    replace: `const stored = lazily(() => store.writeObjects(replayed.objects));
    await stored();
    if (foreign.units.length > 0) await view.moveLocal(replayed.tip, await view.place());
    const began`,
    why: 'readers see what may never be published',
  },
  {
    name: 'of a deposit whose marks differ each counts for itself',
    file: 'src/sync/own-deposits.ts',
    find: 'known.get(deposit.name) ?? deposit',
    replace: 'deposit',
    why: 'whoever was killed while it marked them holds up its clone for good',
    unitTests: ['test/sync/carrying.test.ts'],
  },
];
