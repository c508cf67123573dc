-- Who gets what next: queues, skills, presence, items and their offers.

create table if not exists routing_queues (
  agency_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  -- The unit whose people serve it, where it is one unit's.
  unit_id BIGINT,
  active BOOLEAN not null,
  -- JSON: round the clock, or the hours of a week.
  hours TEXT not null,
  target_s BIGINT not null,
  priority_target_s BIGINT not null,
  offer_s BIGINT not null,
  wrap_up_s BIGINT not null,
  affinity_s BIGINT not null,
  overflow_id BIGINT,
  overflow_s BIGINT not null,
  -- JSON: how skills are relaxed.
  relax TEXT not null,
  -- Somebody waits at the other end.
  live BOOLEAN not null,
  version BIGINT not null,
  primary key (agency_id, id)
);

create table if not exists routing_skills (
  agency_id BIGINT not null,
  id BIGINT not null,
  -- topic, language.
  kind TEXT not null,
  -- A category's word, or a language's (ISO 639).
  code TEXT not null,
  name TEXT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists routing_skills_by_code
  on routing_skills (agency_id, kind, code);

-- How much of a person one thing on a channel takes, where it is not the usual.
create table if not exists routing_weights (
  agency_id BIGINT not null,
  channel TEXT not null,
  percent BIGINT not null,
  primary key (agency_id, channel)
);

create table if not exists routing_agents (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  presence TEXT not null,
  since BIGINT not null,
  capacity BIGINT not null,
  load BIGINT not null,
  held BIGINT not null,
  idle_since BIGINT not null,
  -- The last sign of their browser.
  seen_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, user_id)
);
create index if not exists routing_agents_on_duty
  on routing_agents (agency_id, user_id) where presence <> 'offline';

create table if not exists routing_agent_queues (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  queue_id BIGINT not null,
  primary key (agency_id, user_id, queue_id)
);

create table if not exists routing_agent_skills (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  skill_id BIGINT not null,
  level BIGINT not null,
  primary key (agency_id, user_id, skill_id)
);

-- What each was doing when: without gap or overlap; the last one is open.
create table if not exists presence_intervals (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  from_at BIGINT not null,
  presence TEXT not null,
  -- What led to it: chosen, accepted, ended, missed, lost, set (by a supervisor).
  cause TEXT not null,
  to_at BIGINT,
  primary key (agency_id, user_id, from_at)
);

create table if not exists routing_items (
  agency_id BIGINT not null,
  id BIGINT not null,
  -- talk, case, call.
  kind TEXT not null,
  subject_id BIGINT not null,
  queue_id BIGINT not null,
  channel TEXT not null,
  weight BIGINT not null,
  -- JSON.
  needs TEXT not null,
  priority BOOLEAN not null,
  -- Since when it has waited, when that began to count, and when somebody should be at it.
  entered_at BIGINT not null,
  starts_at BIGINT not null,
  due_at BIGINT not null,
  wanted_id BIGINT,
  wanted_until BIGINT,
  -- JSON: who did not want it.
  refused TEXT not null,
  -- waiting, offered, accepted, ended.
  state TEXT not null,
  agent_id BIGINT,
  offer_id BIGINT,
  offered_until BIGINT,
  -- Since when it is in this state.
  since BIGINT not null,
  -- When somebody was at it first.
  answered_at BIGINT,
  ended_at BIGINT,
  -- What the one who handed it over wrote to the next.
  note TEXT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists routing_items_live
  on routing_items (agency_id, kind, subject_id) where state <> 'ended';
create index if not exists routing_items_waiting
  on routing_items (agency_id, queue_id, due_at, id) where state = 'waiting';
create index if not exists routing_items_of_agent
  on routing_items (agency_id, agent_id, id) where agent_id is not null;
create index if not exists routing_items_answered
  on routing_items (agency_id, answered_at) where answered_at is not null;
create index if not exists routing_items_gone
  on routing_items (agency_id, ended_at) where ended_at is not null and answered_at is null;

create table if not exists routing_offers (
  agency_id BIGINT not null,
  id BIGINT not null,
  item_id BIGINT not null,
  user_id BIGINT not null,
  at BIGINT not null,
  until BIGINT not null,
  ended_at BIGINT,
  -- accepted, declined, missed, lost, gone.
  outcome TEXT,
  -- Why it was declined: a word.
  reason TEXT,
  primary key (agency_id, id)
);
create index if not exists routing_offers_of_item on routing_offers (agency_id, item_id, id);
