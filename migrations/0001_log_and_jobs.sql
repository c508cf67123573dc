-- The append-only log, its chain, durable jobs, leases.

create table if not exists events (
  agency_id BIGINT not null,
  id BIGINT not null,
  seq BIGINT,
  at BIGINT not null,
  kind TEXT not null,
  subject_kind TEXT not null,
  subject_id BIGINT not null,
  actor TEXT not null,
  on_behalf_of TEXT,
  body TEXT not null,
  private_hash BYTEA,
  prev_hash BYTEA,
  hash BYTEA,
  primary key (agency_id, id)
);
create unique index if not exists events_by_seq on events (agency_id, seq);
create index if not exists events_by_subject on events (agency_id, subject_id, id);
-- only: postgres
create index if not exists events_unsealed on events (agency_id, id) where seq is null;

-- Personal data beside the log: erasing a row here leaves the chain whole.
create table if not exists event_private (
  agency_id BIGINT not null,
  event_id BIGINT not null,
  salt BYTEA not null,
  body TEXT not null,
  primary key (agency_id, event_id)
);

create table if not exists chain_heads (
  agency_id BIGINT not null,
  seq BIGINT not null,
  hash BYTEA not null,
  primary key (agency_id)
);

create table if not exists leases (
  name TEXT not null,
  holder TEXT not null,
  until BIGINT not null,
  primary key (name)
);
insert into leases (name, holder, until) values ('sealer', '', 0) on conflict (name) do nothing;

create table if not exists jobs (
  kind TEXT not null,
  key TEXT not null,
  agency_id BIGINT not null,
  run_at BIGINT not null,
  body TEXT not null,
  attempts BIGINT not null,
  lease_until BIGINT not null,
  lease_token BIGINT not null,
  last_error TEXT,
  dead_at BIGINT,
  created_at BIGINT not null,
  primary key (kind, key)
);
create index if not exists jobs_due on jobs (run_at) where dead_at is null;
create index if not exists jobs_dead on jobs (agency_id, dead_at) where dead_at is not null;
create index if not exists jobs_by_agency on jobs (agency_id, kind, key);
