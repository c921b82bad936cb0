/**
 * 4. Finding the one operation that the upstream refuses among several. Pure.
 *
 * A refusal of the whole proves nothing by itself, so it is tried again; then ever fewer of the oldest units are tried. One
 * that is refused alone, again and again, is set apart; if a later one lands without it, it is the upstream that will never
 * have it. If none lands, nobody is to blame: the upstream refuses everything.
 */
import type { Unit } from './queue.ts';

/** A no without a move proves nothing the first time: a lock that another pusher holds looks the same. */
export const refusalTries = 3;
/** So many are set apart before it is clear that nothing is taken. */
const maxSuspects = 3;

export interface Suspect {
  readonly ids: readonly string[];
  readonly reason: string;
}

export class Isolation {
  #limit = Number.POSITIVE_INFINITY;
  /** Among so many of the oldest units there is one that is refused. */
  #bad = Number.POSITIVE_INFINITY;
  #refusals = 0;
  #suspects: Suspect[] = [];
  /** How many units are not set apart. */
  #free = 0;

  /** Which units the next round takes. */
  select(units: readonly Unit[]): readonly Unit[] {
    const apart = new Set(this.#suspects.flatMap(({ ids }) => ids));
    const free = units.filter((unit) => !idsOf(unit).some((id) => apart.has(id)));
    this.#free = free.length;
    return free.slice(0, this.#limit);
  }

  /** What was selected has its outcome. `isPushed`: the upstream took something. Gives those that are proven guilty by that. */
  settled(isPushed: boolean): readonly Suspect[] {
    if (this.#limit < Number.POSITIVE_INFINITY) this.#lookAmong(this.#bad - this.#limit);
    else this.#refusals = 0;
    if (!isPushed) {
      // Somebody else has the rest, or it is gone: nothing can land without them any more, so they are tried again.
      if (this.#free === 0) this.#suspects = [];
      return [];
    }
    const guilty = this.#suspects;
    this.#suspects = [];
    return guilty;
  }

  /** The upstream refused these. `false`: everything was tried. */
  refused(units: readonly Unit[], reason: string): boolean {
    this.#refusals++;
    const [first] = units;
    if (first === undefined) return false;
    if (this.#refusals < refusalTries) return true;
    if (units.length > 1) {
      this.#lookAmong(units.length);
      return true;
    }
    // Nothing is left that could land without it: it is refused for itself, or everything is.
    if (this.#free === units.length) return false;
    this.#suspects = [...this.#suspects, { ids: idsOf(first), reason }];
    this.#lookAmong(Number.POSITIVE_INFINITY);
    return this.#suspects.length < maxSuspects;
  }

  /** Halves it. A single one is tried as often as the whole was; several only tell where to look. */
  #lookAmong(bad: number): void {
    // None left: it was taken after all.
    this.#bad = bad > 0 ? bad : Number.POSITIVE_INFINITY;
    this.#limit = Math.ceil(this.#bad / 2);
    this.#refusals = this.#limit === 1 ? 0 : refusalTries - 1;
  }
}

function idsOf({ records }: Unit): string[] {
  return records.map(({ operation }) => operation.id);
}
