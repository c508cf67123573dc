-- Accounts at providers, what came in raw, exchanges that go on, and a fuller outbound ledger.

create table if not exists channel_accounts (
  agency_id BIGINT not null,
  id BIGINT not null,
  -- email, sms, whatsapp, telegram, messenger, instagram, x, webchat.
  channel TEXT not null,
  name TEXT not null,
  -- Our own address there: mailbox, number, page, bot.
  address TEXT not null,
  -- JSON, without secrets.
  settings TEXT not null,
  -- JSON of tokens and passwords, sealed with the installation's key.
  secrets BYTEA not null,
  active BOOLEAN not null,
  -- The provider's last word where it refuses us; null where all is well.
  trouble TEXT,
  trouble_at BIGINT,
  created_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists channel_accounts_by_address
  on channel_accounts (channel, address);

-- How far an account has been read: JSON, changed with each batch.
create table if not exists channel_cursors (
  agency_id BIGINT not null,
  account_id BIGINT not null,
  -- A folder, an update offset; empty where an account has one only.
  part TEXT not null,
  cursor TEXT not null,
  updated_at BIGINT not null,
  primary key (agency_id, account_id, part)
);

-- What providers told us, as it came: acknowledged when this row exists, understood by a job.
create table if not exists inbound (
  agency_id BIGINT not null,
  id BIGINT not null,
  account_id BIGINT not null,
  -- The provider's id of the delivery or the hash of its bytes.
  external_id TEXT not null,
  received_at BIGINT not null,
  -- The payload, or the blob that holds it.
  payload BYTEA,
  raw TEXT,
  -- waiting, done, quarantined.
  state TEXT not null,
  error TEXT,
  primary key (agency_id, id)
);
create unique index if not exists inbound_by_external
  on inbound (agency_id, account_id, external_id);
create index if not exists inbound_undone on inbound (agency_id, state, id) where state <> 'done';

-- Exchanges that go on: who is to write next, where an answer goes, who is at it.
create table if not exists talks (
  agency_id BIGINT not null,
  interaction_id BIGINT not null,
  account_id BIGINT,
  channel TEXT not null,
  -- Where an answer goes at that channel; empty where it has no such place.
  thread TEXT not null,
  contact_id BIGINT,
  -- open, snoozed, ended.
  state TEXT not null,
  -- The citizen wrote last and nobody has answered.
  awaiting BOOLEAN not null,
  -- How the last message begins.
  preview TEXT not null,
  -- Who is at it.
  owner_id BIGINT,
  unit_id BIGINT,
  queue_id BIGINT,
  language TEXT,
  -- What it was about and why they wrote (set when it ends).
  topic TEXT,
  reason TEXT,
  last_in_at BIGINT,
  last_out_at BIGINT,
  -- The end of the time in which the channel lets us write freely.
  window_until BIGINT,
  snoozed_until BIGINT,
  ended_at BIGINT,
  rating BIGINT,
  started_at BIGINT not null,
  updated_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, interaction_id)
);
create unique index if not exists talks_by_thread
  on talks (agency_id, account_id, thread) where state <> 'ended' and thread <> '';
create index if not exists talks_open on talks (agency_id, updated_at, interaction_id)
  where state = 'open';
create index if not exists talks_unowned on talks (agency_id, updated_at, interaction_id)
  where state = 'open' and owner_id is null;
create index if not exists talks_of_owner
  on talks (agency_id, owner_id, updated_at, interaction_id) where state = 'open';
create index if not exists talks_snoozed
  on talks (agency_id, snoozed_until, interaction_id) where state = 'snoozed';
create index if not exists talks_ended
  on talks (agency_id, ended_at, interaction_id) where state = 'ended';
create index if not exists talks_of_contact on talks (agency_id, contact_id, interaction_id);

-- What goes out is a ledger: one row for each message and recipient. A lane is an agency's account
-- of a channel; 0 is what the installation itself is configured with (the mail relay).
alter table outbound add column account_id BIGINT not null default 0;
-- Ours, unique: the same thing asked for twice goes out once.
alter table outbound add column key TEXT;
-- 0: a person waits at the other end; 2: owed by law; 5: ordinary; 9: to very many.
alter table outbound add column priority BIGINT not null default 5;
-- Not before this moment: what was asked for, or the next try.
alter table outbound add column due_at BIGINT not null default 0;
-- The session of the lane that has it in hand; 0 where nobody has.
alter table outbound add column lease_token BIGINT not null default 0;
-- The provider's id, by which receipts come.
alter table outbound add column external_id TEXT;
alter table outbound add column parts BIGINT;
alter table outbound add column delivered_at BIGINT;
alter table outbound add column read_at BIGINT;
-- JSON: template, files, what it answers.
alter table outbound add column extra TEXT;
-- The message on another channel that this one takes the place of.
alter table outbound add column instead_of BIGINT;
create unique index if not exists outbound_by_key
  on outbound (agency_id, key) where key is not null;
create index if not exists outbound_by_external
  on outbound (agency_id, account_id, external_id) where external_id is not null;
create index if not exists outbound_by_message
  on outbound (agency_id, message_id) where message_id is not null;
-- What went out is in none of these, so that a million sent rows cost the sending nothing.
create index if not exists outbound_due
  on outbound (agency_id, channel, account_id, priority, due_at, id)
  where state = 'waiting' and lease_token = 0;
create index if not exists outbound_held
  on outbound (agency_id, channel, account_id, id) where lease_token <> 0;
create index if not exists outbound_open on outbound (agency_id, state, channel, id)
  where state in ('waiting', 'sending', 'failed', 'unsure', 'suppressed');
create index if not exists outbound_sent on outbound (agency_id, channel, sent_at)
  where sent_at is not null;
drop index if exists outbound_waiting;
-- Sending is no job any more: the rows themselves say what is due.
delete from jobs where kind = 'outbound_send';

-- Who does not want, or cannot get, messages by a channel.
create table if not exists suppressions (
  agency_id BIGINT not null,
  channel TEXT not null,
  address TEXT not null,
  -- stop, bounce, complaint, staff.
  reason TEXT not null,
  at BIGINT not null,
  detail TEXT not null,
  primary key (agency_id, channel, address)
);

-- How a channel is used: JSON of rate, quiet hours, the channel to fall back to.
create table if not exists channel_rules (
  agency_id BIGINT not null,
  channel TEXT not null,
  rules TEXT not null,
  version BIGINT not null,
  primary key (agency_id, channel)
);
