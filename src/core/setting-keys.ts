/** Which settings of a board can be changed one by one. */
import type { Settings } from './records.ts';

/** The settings keys that `config set` may change, with what they mean; `orc.yaml` in the template says more. */
export const settingKeys = [
  'publish',
  'lease',
  'lock_ttl',
  'clock_skew',
  'max_attempts',
  'board_md',
  'manual_edits',
  'edit_locks',
] as const satisfies readonly (keyof Settings | 'lease' | 'lock_ttl' | 'clock_skew')[];

/** What `git config orc.KEY` says of a clone alone; no board has a say in it. Completed and shown, not set, by `orc config`. */
export const cloneSettingKeys = ['runChecks', 'carry', 'stopReminder', 'handOver'] as const;
export type CloneSettingKey = (typeof cloneSettingKeys)[number];
