-- The web chat: whose browser holds which exchange, and how far each side has read.

create table if not exists chat_visitors (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  account_id BIGINT not null,
  -- Keyed hash of the secret that the browser holds.
  token TEXT not null,
  locale TEXT not null,
  name TEXT not null,
  -- Where an answer may follow.
  email TEXT,
  phone TEXT,
  -- Whom the host application vouches for; null where nobody does.
  vouched TEXT,
  -- The page on which they wrote.
  page TEXT not null,
  -- Begun without proof of work.
  unproven BOOLEAN not null,
  -- The newest message that each side has seen.
  read_by_visitor BIGINT not null,
  read_by_staff BIGINT not null,
  -- The newest message that followed by mail.
  mailed BIGINT not null,
  transcripts BIGINT not null,
  created_at BIGINT not null,
  primary key (agency_id, interaction_id)
);
create index if not exists chat_visitors_by_token
  on chat_visitors (agency_id, token, interaction_id);
