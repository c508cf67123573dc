-- By when a citizen's message is answered: targets by channel and queue, and each turn as it went.

create table if not exists reply_targets (
  agency_id BIGINT not null,
  -- 0: whatever the queue.
  queue_id BIGINT not null,
  channel TEXT not null,
  -- Minutes of office hours until the first answer of a talk, and until each further one.
  first_minutes BIGINT not null,
  next_minutes BIGINT not null,
  primary key (agency_id, queue_id, channel)
);

-- Each time that citizens wait for an answer: since when, by when, and when it came.
create table if not exists talk_turns (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  asked_at BIGINT not null,
  queue_id BIGINT not null,
  channel TEXT not null,
  -- first, next.
  turn TEXT not null,
  due_at BIGINT not null,
  answered_at BIGINT,
  -- Ended without an answer.
  dropped_at BIGINT,
  primary key (agency_id, interaction_id, asked_at)
);
create index if not exists talk_turns_open on talk_turns (agency_id, due_at)
  where answered_at is null and dropped_at is null;
create index if not exists talk_turns_answered on talk_turns (agency_id, answered_at)
  where answered_at is not null;

alter table talks add column reply_turn TEXT;
alter table talks add column reply_from BIGINT;
alter table talks add column reply_warn_at BIGINT;
alter table talks add column reply_due_at BIGINT;
-- The place in lists: by when it is answered; what waits for nobody's answer after that, by its age.
alter table talks add column sort_at BIGINT not null default 0;
update talks set sort_at = case when awaiting then updated_at
  else updated_at + 3153600000000000 end where sort_at = 0;
drop index if exists talks_open;
drop index if exists talks_unowned;
drop index if exists talks_of_owner;
create index if not exists talks_open on talks (agency_id, sort_at, interaction_id)
  where state = 'open';
create index if not exists talks_unowned on talks (agency_id, sort_at, interaction_id)
  where state = 'open' and owner_id is null;
create index if not exists talks_of_owner on talks (agency_id, owner_id, sort_at, interaction_id)
  where state = 'open';
