/** What helps when the store is damaged: it is a copy, and what is precious in it (the queue) is plain files. */
export const damagedStoreHint =
  'move the store (orc/board.git in the git folder) aside and run `orc sync`: the board is joined again; what waited is in its queue/ folder';
