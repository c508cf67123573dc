-- What a talk was about is noted after it ended; an agency may require it.

alter table talks add column noted_at BIGINT;
alter table talks add column noted_by BIGINT;
-- Whoever was at it when it ended is still to note it.
alter table talks add column note_due BOOLEAN not null default false;
create index if not exists talks_unnoted on talks (agency_id, owner_id, ended_at, interaction_id)
  where note_due;

-- How an agency handles its talks.
create table if not exists talk_settings (
  agency_id BIGINT primary key,
  wrap_up_required BOOLEAN not null
);
