-- On which day somebody comes back to a talk or a case, and why.

create table if not exists reminders (
  agency_id BIGINT not null,
  id BIGINT not null,
  user_id BIGINT not null,
  -- talk, case.
  kind TEXT not null,
  subject_id BIGINT not null,
  at BIGINT not null,
  note TEXT not null,
  created_at BIGINT not null,
  -- When it came back to their list, and when they were through with it.
  rang_at BIGINT,
  done_at BIGINT,
  primary key (agency_id, id)
);
create unique index if not exists reminders_open
  on reminders (agency_id, user_id, kind, subject_id) where done_at is null;
create index if not exists reminders_by_day on reminders (agency_id, user_id, at, id)
  where done_at is null;
