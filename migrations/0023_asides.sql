-- What staff say to each other beside a talk, apart from its messages: no path sends what lies here.

create table if not exists talk_asides (
  agency_id BIGINT not null,
  id BIGINT not null,
  interaction_id BIGINT not null,
  -- whisper, question, advice, taken.
  kind TEXT not null,
  by_id BIGINT not null,
  -- Whom a question asks, or whom a talk was taken from.
  to_id BIGINT,
  to_unit BIGINT,
  -- The question that it answers.
  question_id BIGINT,
  body TEXT not null,
  at BIGINT not null,
  -- When a question was answered.
  answered_at BIGINT,
  primary key (agency_id, id)
);
create index if not exists talk_asides_of_talk on talk_asides (agency_id, interaction_id, id);
create index if not exists talk_asides_open on talk_asides (agency_id, id)
  where kind = 'question' and answered_at is null;

-- Who silently looked at a talk, and when last.
create table if not exists talk_watches (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  user_id BIGINT not null,
  seen_at BIGINT not null,
  primary key (agency_id, interaction_id, user_id)
);
