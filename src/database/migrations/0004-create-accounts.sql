-- Accounts with passwords, their sessions and the browsers that they have logged in with; and API keys of any caller.
create table accounts (
  id uuid primary key,
  name text not null unique, -- normalized
  password_hash text not null, -- with its parameters
  scopes text[] not null,
  created_at timestamptz not null default now()
);

create table sessions (
  id_hash bytea primary key, -- SHA-256: who reads this table has no session
  account_id uuid not null references accounts (id) on delete cascade,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(), -- to the minute
  expires_at timestamptz not null
);

create index sessions_account_id on sessions (account_id, created_at);

create table known_browsers (
  id_hash bytea primary key,
  account_id uuid not null references accounts (id) on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);

create index known_browsers_account_id on known_browsers (account_id, created_at);

create table api_keys (
  id text primary key, -- the visible part of the key
  secret_hash bytea not null,
  owner text not null, -- the id of a caller
  name text not null,
  scopes text[] not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_at timestamptz, -- to the hour; null if never
  revoked_at timestamptz
);

create index api_keys_owner on api_keys (owner, created_at);
create unique index api_keys_name on api_keys (owner, name) where revoked_at is null;
