
import { test } from 'vitest';
import { orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
test('probe', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('emit','a','x','__proto__=1','constructor=2'); console.log((await orc('events','--last','1','--json')).out);
  const b = makeBareRemote(); const c = makeClone(b); const oc = orcIn(c); await oc('ws','create','x'); for (const u of ['ext::sh','-x','ssh://-oX/y','http://user:s3cr3t-token@127.0.0.1:1/x']) { git(c,'config','remote.origin.url',u); for (const w of [['t','add','x','y'],['sync'],['l','acquire','d','a'],['status','--fresh'],['status']]) { const t=Date.now(); const r=await oc(...w,'--timeout','5000ms'); console.log(u,w,r.code,r.out.slice(0,80),r.err,Date.now()-t); } }
  for (const input of ['{"op":"knowledge.write","topic":"x","content":"a\\ud800b"}','{"op":"task.add","workstream":"build","title":"a\\ud800b"}']) { const r = await orcIn(folder,{input})('batch','-'); console.log(r.code,r.out,r.err); }
  console.log(JSON.stringify((await orc('kb','read','x')).out), (await orc('t','list','--json')).out, (await orc('status')).out);
});
