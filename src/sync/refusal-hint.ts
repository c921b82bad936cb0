/**
 * What to ask for when a forge refuses the board's branch: which exemption, and where it is set. Only a hint: whether a push was
 * refused is found out by fetching, never by these words, which change from one version of a forge to the next. Pure.
 */
import { heldLock } from '../git/held-lock.ts';

interface Wording {
  readonly says: RegExp;
  readonly hint: (branch: string) => string;
}

/** The first that fits counts: the particular ones come before those that others say too. */
const wordings: readonly Wording[] = [
  // Its line names the operation, with whatever somebody wrote there.
  {
    says: /orc: refused \([a-z-]+\): /,
    hint: () => "the board's own hook there says why, and what helps; docs/hooks.md has a word on each code",
  },
  {
    says: /orc: refused: the hook that guards the board could not run/,
    hint: () => 'ask whoever runs the remote to install the hook again: `orc hooks install --server` there',
  },
  {
    says: /push protection|push cannot contain secrets/i,
    hint: () =>
      'GitHub takes something in it for a credential: take that out of the text, or allow it under the address that GitHub names',
  },
  {
    says: /GH013|repository rule violations/i,
    hint: (branch) =>
      `ask an admin to exempt the branch ${branch} from the rule set: Settings → Rules → Rulesets, exclude ${branch} from its target branches, or add who pushes to its bypass list`,
  },
  {
    says: /GH006|protected branch update failed|protected branch hook declined/i,
    hint: (branch) =>
      `ask an admin to exempt the branch ${branch}: Settings → Branches, narrow the protection rule whose pattern matches ${branch}, or let who pushes bypass it`,
  },
  {
    says: /denied to github-actions\[bot\]/i,
    hint: () => 'give the workflow `permissions: contents: write`',
  },
  {
    says: /GitLab:.*protected branch|push code to protected branches/i,
    hint: (branch) =>
      `ask a maintainer to let who pushes push to ${branch}: Settings → Repository → Protected branches, "Allowed to push and merge", or a pattern that leaves ${branch} out`,
  },
  {
    says: /not allowed to (?:push|upload) code/i,
    hint: () =>
      'ask a maintainer: a job token may push where Settings → CI/CD → Job token permissions allows Git push requests; another token needs the scope write_repository and the role Developer',
  },
  {
    says: /TF402455|TF40\d{4}|GenericContribute/i,
    hint: (branch) =>
      `ask an admin of the project: Repos → Branches → ${branch} → Branch security, "Contribute" and "Bypass policies when pushing" for who pushes, or no policies on ${branch}`,
  },
  {
    says: /permission denied to update branch|modified through pull requests|branch restriction/i,
    hint: (branch) =>
      `ask an admin to exempt the branch ${branch}: Repository settings → Branch restrictions (Branch permissions), write access to ${branch} for who pushes`,
  },
  {
    says: /(?:gitea|forgejo):|not allowed to push to protected branch/i,
    hint: (branch) =>
      `ask an admin to exempt the branch ${branch}: Settings → Branches, a rule for ${branch} with "Enable push" for who pushes, above the one that matches it`,
  },
  {
    says: /branch is currently checked out|refusing to update checked out branch/,
    hint: (branch) => `${branch} is checked out in the remote's work tree: \`git switch -\` there leaves it`,
  },
  {
    says: heldLock,
    hint: () =>
      'another push has the branch in hand, and it is tried again; a git that was killed there leaves its lock: when no git runs there any more, remove the file that is named',
  },
  {
    says: /cannot lock ref '[^']+': '[^']+' exists/,
    hint: (branch) =>
      `git keeps no branch ${branch} beside one such as ${branch}/x: rename that one, or put the board on another branch with --branch NAME`,
  },
  {
    says: /answers with an older state than before/,
    hint: () =>
      'a replica that lags catches up: try again; `orc sync --accept-rewrite` only if the branch was moved back on purpose',
  },
  {
    says: /hook declined/i,
    hint: (branch) => `a hook of the remote says no: ask whoever runs it to let pushes to refs/heads/${branch} through`,
  },
];

/** @param message what the server said, cleaned; @param branch the board's branch as the upstream calls it */
export function refusalHint(message: string, branch: string): string {
  return (
    knownRefusalHint(message, branch) ??
    `ask whoever runs the remote to let pushes to the board's branch, ${branch}, through`
  );
}

/** `null` for words that are none of a forge's. */
export function knownRefusalHint(message: string, branch: string): string | null {
  return wordings.find(({ says }) => says.test(message))?.hint(branch) ?? null;
}
