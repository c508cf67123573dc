-- What is overdue is told to each person concerned once every working day.

create table if not exists overdue_notices (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  -- The working day, local to the office: 2026-11-23. One notice a day; it replaces the last one.
  day TEXT not null,
  -- How many of theirs, of nobody's where they could take them, and of those escalated to them.
  own BIGINT not null,
  untaken BIGINT not null,
  escalated BIGINT not null,
  told_at BIGINT not null,
  read_at BIGINT,
  primary key (agency_id, user_id)
);
-- Where something is overdue already, the first morning comes by itself.
insert into jobs (kind, key, agency_id, run_at, body, attempts, lease_until, lease_token,
  created_at)
  select 'overdue_day', cast(id as TEXT), id, 0, '{}', 0, 0, 0, 0 from agencies where true
  on conflict (kind, key) do nothing;
