import type { Rule, Violation } from '../types.ts';

/** Gathers what one rule has to say, and how much it has looked at. */
export class Findings {
  readonly violations: Violation[] = [];
  judged = 0;

  constructor(readonly rule: Rule) {}

  add(message: string, where: { readonly commit?: string; readonly op?: string } = {}): void {
    this.violations.push({ rule: this.rule, message, ...where });
  }
}
