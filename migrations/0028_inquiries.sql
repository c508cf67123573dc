-- Somebody outside who is asked about a case by mail. What is said lies in an exchange of its own,
-- whose messages are internal: no page, mail or news of the citizen reads them.

create table if not exists inquiries (
  agency_id BIGINT not null,
  id BIGINT not null,
  case_id BIGINT not null,
  interaction_id BIGINT not null,
  -- Whom we ask.
  name TEXT not null,
  address TEXT not null,
  asked_by BIGINT not null,
  begun_at BIGINT not null,
  -- waiting, answered, bounced; and since when.
  state TEXT not null,
  state_at BIGINT not null,
  -- Their newest letter, by its Message-ID.
  heard TEXT,
  -- Something came of it that nobody has called read.
  news BOOLEAN not null,
  primary key (agency_id, id)
);
create index if not exists inquiries_of_case on inquiries (agency_id, case_id, id);
create unique index if not exists inquiries_by_exchange on inquiries (agency_id, interaction_id);
create index if not exists inquiries_with_news on inquiries (agency_id, state_at, id) where news;
create index if not exists inquiries_waiting on inquiries (agency_id, state_at, id)
  where state = 'waiting' and not news;
