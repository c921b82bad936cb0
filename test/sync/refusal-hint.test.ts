import { expect, test } from 'vitest';
import { refusalHint } from '../../src/sync/refusal-hint.ts';
import { refusedByUpstream } from '../../src/sync/trouble.ts';

/** As forges word it, in the form that a push's reason has: git's status line, then what followed `remote:`. */
const github = {
  ruleSet:
    '[remote rejected] (push declined due to repository rule violations): GH013: Repository rule violations found for refs/heads/orc. Review all repository rules at https://github.com/o/r/rules?ref=refs%2Fheads%2Forc - Changes must be made through a pull request.',
  secret:
    '[remote rejected] (push declined due to repository rule violations): GH013: Repository rule violations found for refs/heads/orc. - GITHUB PUSH PROTECTION - Push cannot contain secrets',
  protectedBranch:
    '[remote rejected] (protected branch hook declined): GH006: Protected branch update failed for refs/heads/orc. At least 1 approving review is required by reviewers with write access.',
};

test.each([
  [
    "[remote rejected] (failed to update ref): cannot lock ref 'refs/heads/orc': Unable to create '/r/./refs/heads/orc.lock': File exists.",
    /remove the file/,
  ],
  [github.ruleSet, /^ask an admin to exempt the branch coord .*Rulesets.*bypass list$/],
  [github.secret, /credential/],
  [github.protectedBranch, /Settings → Branches, narrow .* matches coord/],
  [
    '[remote rejected] (branch is currently checked out): refusing to update checked out branch: refs/heads/orc; By default, updating the current branch in a non-bare repository; is denied',
    /^coord is checked out in the remote's work tree: `git switch -` there/,
  ],
  ['Permission to o/r.git denied to github-actions[bot].', /contents: write/],
  [
    '[remote rejected] (pre-receive hook declined): GitLab: You are not allowed to push code to protected branches on this project.',
    /Protected branches.*coord/,
  ],
  [
    '[remote rejected] (pre-receive hook declined): GitLab: You are not allowed to force push code to a protected branch on this project.',
    /Protected branches/,
  ],
  ['You are not allowed to push code to this project.', /Job token permissions/],
  ['GitLab: You are not allowed to upload code.', /Job token permissions/],
  [
    '[remote rejected] (TF402455: Pushes to this branch are not permitted; you must use a pull request to update this branch.)',
    /Branch security.*Bypass policies when pushing/,
  ],
  ['[remote rejected] (pre-receive hook declined): Permission denied to update branch orc.', /Branch restrictions/],
  [
    '[remote rejected] (pre-receive hook declined): Branch refs/heads/orc can only be modified through pull requests.',
    /Branch restrictions/,
  ],
  [
    '[remote rejected] (pre-receive hook declined): Gitea: Not allowed to push to protected branch orc',
    /a rule for coord with "Enable push"/,
  ],
  [
    '[remote rejected] (pre-receive hook declined): Forgejo: Not allowed to push to protected branch orc',
    /a rule for coord with "Enable push"/,
  ],
  ['[remote rejected] (pre-receive hook declined): commit message must name a ticket', /refs\/heads\/coord/],
  [
    "[remote rejected] (failed to update ref): cannot lock ref 'refs/heads/orc': 'refs/heads/orc/feature' exists; cannot create 'refs/heads/orc'",
    /beside one such as coord\/x: .* --branch NAME$/,
  ],
  [
    '[remote rejected] (hook declined): orc: refused (clock-off): 0123abcd (task.add w/1 GH013): its time is ahead of the clock of this server; set the clock of the machine that made it',
    /^the board's own hook/,
  ],
  [
    '[remote rejected] (hook declined): orc: refused: the hook that guards the board could not run (exit code 127)',
    /orc hooks install --server/,
  ],
  ['[remote rejected] (update hook declined)', /refs\/heads\/coord/],
  ['[remote rejected] (funny refname)', /^ask whoever runs the remote .* coord, through$/],
])('%s', (message, hint) => {
  expect(refusalHint(message, 'coord')).toMatch(hint);
});

test('what a refusal of the upstream tells', () => {
  expect(refusedByUpstream(github.ruleSet, 'coord')).toMatchObject({
    code: 'upstream-refused',
    message: `the upstream refused the push: ${github.ruleSet}`,
    hint: refusalHint(github.ruleSet, 'coord'),
  });
  expect(refusedByUpstream('no').hint).toContain('orc');
});
