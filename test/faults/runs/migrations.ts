/** Changes of the schema while requests are served. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { ReloadResult } from '../../../src/supervision/supervision.ts';
import type { Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { send } from '../traffic.ts';

/** The code of the old version goes on using `title`: the trigger keeps both columns equal. */
const EXPAND = `
alter table tasks add label text;
create function keep_equal() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' then
    new.label := coalesce(new.label, new.title);
    new.title := new.label;
  elsif new.title is distinct from old.title then
    new.label := new.title;
  else
    new.title := new.label;
  end if;
  return new;
end $$;
create trigger keep_equal before insert or update on tasks for each row execute function keep_equal();
update tasks set label = title;
`;
const CONTRACT = `
drop trigger keep_equal on tasks;
drop function keep_equal;
alter table tasks drop title;
alter table tasks alter label set not null;
`;
/** The code of the new version. */
const SWITCH = [
  [`'id, title, done,`, `'id, label, done,`],
  ['set title = $3', 'set label = $3'],
  ['readonly title: string;', 'readonly label: string;'],
  ['function toTask({ id, title,', 'function toTask({ id, label: title,'],
] as const;

function migrate(sandbox: Sandbox, name: string, sql: string): void {
  writeFileSync(sandbox.path(`src/database/migrations/${name}.sql`), sql);
}

/** @throws if the code has changed, so that a replacement finds nothing */
function switchCode(sandbox: Sandbox): void {
  const file = sandbox.path('src/tasks/task-store.ts');
  let code = readFileSync(file, 'utf8');
  for (const [old, replacement] of SWITCH) {
    if (!code.includes(old)) throw new Error(`task-store.ts lacks "${old}"`);
    code = code.replace(old, replacement);
  }
  writeFileSync(file, code);
}

async function countTasks(program: Program): Promise<{ readonly total: number; readonly titled: number }> {
  let total = 0;
  let titled = 0;
  for (let next = ''; ;) {
    const { text } = await send({ url: `${program.url}/tasks?limit=100${next}` });
    const page = JSON.parse(text) as { items: { title: string }[]; next?: string };
    total += page.items.length;
    titled += page.items.filter(({ title }) => title === 'Renamed').length;
    if (page.next === undefined) return { total, titled };
    next = `&cursor=${page.next}`;
  }
}

export const renameColumn: Fault = {
  name: 'rename-column',
  expects:
    'a column renamed by expand and contract, in three reloads under load: no failed request; no created task lost',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program, [
      {
        url: `${program.url}/tasks`,
        body: '{"title":"Renamed"}',
        headers: { 'Content-Type': 'application/json' },
      },
      { url: `${program.url}/tasks?limit=5` },
    ]);
    const steps = [
      () => migrate(sandbox, '0901-add-label', EXPAND),
      () => switchCode(sandbox),
      () => migrate(sandbox, '0902-drop-title', CONTRACT),
    ];
    const wanted = sandbox.amount(4_000);
    const results: ReloadResult[] = [];
    for (const [index, step] of steps.entries()) {
      await traffic.untilSent((wanted * (index + 0.5)) / steps.length);
      sandbox.show(`step ${index + 1}, ${traffic.sent} requests sent`);
      step();
      const { text } = await send({ url: `${program.managementUrl}/reload`, method: 'POST' });
      results.push(JSON.parse(text) as ReloadResult);
    }
    await traffic.untilSent(wanted);
    await traffic.stop();
    const created = traffic.byStatus[201] ?? 0;
    const { total, titled } = await countTasks(program);
    const applied = program.lines.filter(({ event }) => event === 'migrated').length;
    return {
      figure: `${traffic.summary}; ${created} tasks created, ${total} found; ${results.length} reloads, ${applied} logged migrations`,
      checks: {
        'no failed request': traffic.failed === 0 && created > 0,
        'every worker replaced by each reload': results.every(({ ok, replaced }) => ok && replaced === 2),
        'every created task found, with its title': total === created && titled === created,
        'each migration applied once': applied === 3,
      },
    };
  },
};
