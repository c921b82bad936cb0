/** How orc introduces itself to servers: some answer only what calls itself git. */
export const agentName = 'git/orc';
