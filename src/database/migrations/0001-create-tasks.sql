-- Tasks, and the keys by which callers retry their creation.
create table tasks (
  id uuid primary key, -- of version 7, which sorts by creation
  title text not null,
  done boolean not null,
  version integer not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table idempotency_keys (
  key text primary key,
  request_hash text not null,
  response jsonb not null, -- what a retry gets, even if the task has changed since
  created_at timestamptz not null default now()
);

create index idempotency_keys_created_at on idempotency_keys (created_at);
