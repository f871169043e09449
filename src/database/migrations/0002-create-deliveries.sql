-- Webhooks that report completed tasks. The job that sends one has the same id.
create table deliveries (
  id uuid primary key,
  task_id uuid not null references tasks (id) on delete cascade,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  attempts integer not null default 0,
  last_status integer, -- null if the receiver did not respond
  last_error text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);

create index deliveries_task_id on deliveries (task_id, created_at);
