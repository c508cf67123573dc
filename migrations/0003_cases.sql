-- Contacts, interactions, messages, cases, deadlines, follow-ups, files, outbound.

create table if not exists contacts (
  agency_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  address TEXT not null,
  nik TEXT,
  created_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create index if not exists contacts_by_nik on contacts (agency_id, nik) where nik is not null;

create table if not exists contact_identities (
  agency_id BIGINT not null,
  contact_id BIGINT not null,
  -- phone (E.164), email (lower case).
  kind TEXT not null,
  value TEXT not null,
  verified_at BIGINT,
  -- Set where mail came back from it.
  bounced_at BIGINT,
  primary key (agency_id, contact_id, kind, value)
);
create index if not exists contact_identities_by_value
  on contact_identities (agency_id, kind, value, contact_id);

create table if not exists interactions (
  agency_id BIGINT not null,
  id BIGINT not null,
  contact_id BIGINT,
  case_id BIGINT,
  channel TEXT not null,
  subject TEXT not null,
  started_at BIGINT not null,
  primary key (agency_id, id)
);
create index if not exists interactions_by_case on interactions (agency_id, case_id, id);
create index if not exists interactions_by_contact on interactions (agency_id, contact_id, id);

create table if not exists messages (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  id BIGINT not null,
  at BIGINT not null,
  -- in, out, internal.
  direction TEXT not null,
  actor TEXT not null,
  body TEXT not null,
  -- The Message-ID or the provider's id, where the channel has one.
  external_id TEXT,
  -- The raw payload as it came, by its blob.
  raw TEXT,
  primary key (agency_id, interaction_id, id)
);
create index if not exists messages_by_id on messages (agency_id, id);
create unique index if not exists messages_by_external
  on messages (agency_id, external_id) where external_id is not null;
create index if not exists messages_by_raw on messages (raw) where raw is not null;

-- only: sqlite
create virtual table if not exists message_search
  using fts5(words, content='', contentless_delete=1, detail=none, tokenize='ascii');
-- only: postgres
create table if not exists message_search (
  agency_id BIGINT not null,
  message_id BIGINT not null,
  words TSVECTOR not null,
  primary key (agency_id, message_id)
);
-- only: postgres
create index if not exists message_search_words on message_search using gin (words)
  with (fastupdate = off);

create table if not exists attachments (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  message_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  media_type TEXT not null,
  size BIGINT not null,
  blob TEXT not null,
  thumbnail TEXT,
  -- pending, clean, infected, unscanned.
  scan TEXT not null,
  primary key (agency_id, interaction_id, message_id, id)
);
create index if not exists attachments_by_id on attachments (agency_id, id);
create index if not exists attachments_by_blob on attachments (blob);
create index if not exists attachments_by_thumbnail on attachments (thumbnail);

create table if not exists cases (
  agency_id BIGINT not null,
  id BIGINT not null,
  code TEXT not null,
  pin_hash BYTEA not null,
  kind TEXT not null,
  status TEXT not null,
  open BOOLEAN not null,
  subject TEXT not null,
  category_id BIGINT not null,
  channel TEXT not null,
  -- The unit in charge, and the person there who took it.
  unit_id BIGINT,
  owner_id BIGINT,
  contact_id BIGINT,
  -- For whom, where the reporter is a proxy.
  proxy_for TEXT,
  anonymous BOOLEAN not null,
  confidential BOOLEAN not null,
  region_code TEXT,
  place TEXT not null,
  -- JSON: date of the service, loss, what is asked for, answers to the category's questions.
  details TEXT not null,
  -- About whom the complaint is: they never see it (UU 25/2009 art. 45).
  reported_unit_id BIGINT,
  reported_user_id BIGINT,
  profile_id TEXT not null,
  profile_version BIGINT not null,
  received_at BIGINT not null,
  -- The nearest running deadline and when 80 % of it are gone; far away where none runs.
  due_at BIGINT not null,
  risk_at BIGINT not null,
  due_policy TEXT,
  -- 0: nobody; 1: the unit's superior; 2: the agency's supervisors.
  escalation BIGINT not null,
  returns BIGINT not null,
  reopens BIGINT not null,
  objected_at BIGINT,
  answered_at BIGINT,
  closed_at BIGINT,
  rating BIGINT,
  -- Sent without proof of work: to be looked at first.
  unproven BOOLEAN not null,
  -- The citizen wrote and nobody has answered yet.
  awaiting BOOLEAN not null,
  updated_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists cases_by_code on cases (agency_id, code);
-- Holds all that queues, board and counts ask for; `open` too, or SQLite would read each row.
create index if not exists cases_open on cases (agency_id, status, due_at, id, risk_at, unit_id,
  owner_id, kind, received_at, escalation, awaiting, reported_unit_id, reported_user_id, open)
  where open;
create index if not exists cases_open_by_due on cases (agency_id, due_at, id) where open;
create index if not exists cases_open_by_risk on cases (agency_id, risk_at) where open;
create index if not exists cases_open_by_unit on cases (agency_id, unit_id, due_at, id) where open;
create index if not exists cases_open_by_owner on cases (agency_id, owner_id, due_at, id) where open;
create index if not exists cases_open_by_kind on cases (agency_id, kind, due_at, id) where open;
create index if not exists cases_by_status on cases (agency_id, status, id, unit_id,
  reported_unit_id, reported_user_id);
create index if not exists cases_by_unit on cases (agency_id, unit_id, id);
create index if not exists cases_by_contact on cases (agency_id, contact_id, id)
  where contact_id is not null;
create index if not exists cases_by_closing on cases (agency_id, closed_at, id)
  where closed_at is not null;
create index if not exists cases_closed_by_unit on cases (agency_id, unit_id, closed_at, id)
  where closed_at is not null;

create table if not exists case_deadlines (
  agency_id BIGINT not null,
  case_id BIGINT not null,
  policy TEXT not null,
  -- agency or citizen: whose limit it is.
  owner TEXT not null,
  starts_at BIGINT not null,
  -- Limit and unit as they apply, extension included.
  limit_count BIGINT not null,
  unit TEXT not null,
  first_due_at BIGINT not null,
  due_at BIGINT not null,
  due_date TEXT not null,
  -- running, paused, met, late, cancelled.
  state TEXT not null,
  paused_at BIGINT,
  -- Pauses that are over, JSON: [[from, until], ...].
  pauses TEXT not null,
  extended BOOLEAN not null,
  -- Highest warning given: 0, 50, 80, 100.
  warned BIGINT not null,
  warn_at BIGINT,
  risk_at BIGINT not null,
  ended_at BIGINT,
  source TEXT not null,
  primary key (agency_id, case_id, policy, starts_at)
);
create index if not exists case_deadlines_running
  on case_deadlines (agency_id, case_id) where state in ('running', 'paused');

create table if not exists follow_ups (
  agency_id BIGINT not null,
  case_id BIGINT not null,
  id BIGINT not null,
  unit_id BIGINT not null,
  -- pending, accepted, returned, done, cancelled.
  state TEXT not null,
  instruction TEXT not null,
  agreed_days BIGINT not null,
  due_at BIGINT not null,
  forwarded_by TEXT not null,
  forwarded_at BIGINT not null,
  accepted_by TEXT,
  accepted_at BIGINT,
  ended_at BIGINT,
  reason TEXT,
  primary key (agency_id, case_id, id)
);
create index if not exists follow_ups_by_unit on follow_ups (agency_id, unit_id, due_at, case_id)
  where state in ('pending', 'accepted');

create table if not exists drafts (
  agency_id BIGINT not null,
  case_id BIGINT not null,
  user_id BIGINT not null,
  body TEXT not null,
  updated_at BIGINT not null,
  primary key (agency_id, case_id, user_id)
);

-- What goes out, and what became of it.
create table if not exists outbound (
  agency_id BIGINT not null,
  id BIGINT not null,
  case_id BIGINT,
  interaction_id BIGINT,
  message_id BIGINT,
  channel TEXT not null,
  recipient TEXT not null,
  subject TEXT not null,
  body TEXT not null,
  -- waiting, sent, failed.
  state TEXT not null,
  attempts BIGINT not null,
  error TEXT,
  created_at BIGINT not null,
  sent_at BIGINT,
  primary key (agency_id, id)
);
create index if not exists outbound_by_case on outbound (agency_id, case_id, id);
create index if not exists outbound_waiting on outbound (agency_id, state, id)
  where state <> 'sent';

-- Proofs of work that were already spent.
create table if not exists spent_proofs (
  proof TEXT not null,
  until BIGINT not null,
  primary key (proof)
);
create index if not exists spent_proofs_by_end on spent_proofs (until);
