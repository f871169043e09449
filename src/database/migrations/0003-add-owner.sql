-- The caller who created a task; empty without an issuer of tokens. The default lets the version before go on inserting.
alter table tasks add column owner text not null default '';
create index tasks_owner on tasks (owner, id);
