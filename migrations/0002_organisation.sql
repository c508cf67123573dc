-- Agencies, units, people, roles, sign-in, calendars, tokens.

create table if not exists agencies (
  id BIGINT not null,
  slug TEXT not null,
  name TEXT not null,
  short_name TEXT not null,
  zone TEXT not null,
  calendar_id BIGINT,
  address TEXT not null,
  phone TEXT not null,
  email TEXT not null,
  -- Who manages complaints, as UU 25/2009 art. 36(4) has it published: JSON.
  complaint_manager TEXT not null,
  settings TEXT not null,
  created_at BIGINT not null,
  version BIGINT not null,
  primary key (id)
);
create unique index if not exists agencies_by_slug on agencies (slug);

create table if not exists units (
  agency_id BIGINT not null,
  id BIGINT not null,
  parent_id BIGINT,
  code TEXT not null,
  name TEXT not null,
  name_en TEXT not null,
  phone TEXT not null,
  email TEXT not null,
  -- Agreed follow-up time (OLA), in working days.
  agreed_days BIGINT not null,
  calendar_id BIGINT,
  active BOOLEAN not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists units_by_code on units (agency_id, code);

create table if not exists users (
  agency_id BIGINT not null,
  id BIGINT not null,
  -- Lower case; one sign-in name for the whole installation.
  email TEXT not null,
  name TEXT not null,
  title TEXT not null,
  unit_id BIGINT,
  password_hash TEXT not null,
  -- From it and the installation's key the secret of the authenticator is derived; null: none.
  totp_salt TEXT,
  -- The newest 30-second step whose code was used, so that no code is used twice.
  totp_step BIGINT not null,
  locale TEXT not null,
  active BOOLEAN not null,
  created_at BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists users_by_email on users (email);
create index if not exists users_by_unit on users (agency_id, unit_id);
create index if not exists users_by_name on users (agency_id, name, id);

create table if not exists user_roles (
  agency_id BIGINT not null,
  user_id BIGINT not null,
  role TEXT not null,
  -- 0: the whole agency; otherwise this unit and those under it.
  unit_id BIGINT not null,
  primary key (agency_id, user_id, role, unit_id)
);

create table if not exists sessions (
  token_hash BYTEA not null,
  agency_id BIGINT not null,
  user_id BIGINT not null,
  created_at BIGINT not null,
  seen_at BIGINT not null,
  expires_at BIGINT not null,
  agent TEXT not null,
  primary key (token_hash)
);
create index if not exists sessions_by_user on sessions (agency_id, user_id);
create index if not exists sessions_by_end on sessions (expires_at);

-- Failed tries of sign-in, PIN and one-time codes, by what was tried.
create table if not exists throttles (
  key TEXT not null,
  count BIGINT not null,
  until BIGINT not null,
  primary key (key)
);
create index if not exists throttles_by_end on throttles (until);

create table if not exists api_tokens (
  agency_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  token_hash BYTEA not null,
  scopes TEXT not null,
  created_at BIGINT not null,
  expires_at BIGINT,
  revoked_at BIGINT,
  primary key (agency_id, id)
);
create unique index if not exists api_tokens_by_hash on api_tokens (token_hash);

create table if not exists idempotency_keys (
  agency_id BIGINT not null,
  token_id BIGINT not null,
  key TEXT not null,
  request_hash BYTEA not null,
  status BIGINT not null,
  body TEXT not null,
  at BIGINT not null,
  primary key (agency_id, token_id, key)
);
create index if not exists idempotency_keys_by_age on idempotency_keys (at);

create table if not exists calendars (
  agency_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  -- government: national holidays and cuti bersama are off; national: cuti bersama is worked.
  base TEXT not null,
  -- Weekly hours as JSON; empty: Perpres 21/2023.
  hours TEXT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);

create table if not exists calendar_days (
  agency_id BIGINT not null,
  calendar_id BIGINT not null,
  date TEXT not null,
  kind TEXT not null,
  name TEXT not null,
  decree TEXT not null,
  primary key (agency_id, calendar_id, date)
);

create table if not exists law_profiles (
  agency_id BIGINT not null,
  id TEXT not null,
  version BIGINT not null,
  kind TEXT not null,
  text TEXT not null,
  created_at BIGINT not null,
  -- Since when it binds no new case; cases that began under it keep it.
  retired_at BIGINT,
  primary key (agency_id, id, version)
);

create table if not exists categories (
  agency_id BIGINT not null,
  id BIGINT not null,
  slug TEXT not null,
  name TEXT not null,
  name_en TEXT not null,
  hint TEXT not null,
  hint_en TEXT not null,
  -- Words by which people look for it.
  words TEXT not null,
  kind TEXT,
  unit_id BIGINT,
  -- Questions of its own, JSON.
  questions TEXT not null,
  active BOOLEAN not null,
  position BIGINT not null,
  version BIGINT not null,
  primary key (agency_id, id)
);
create unique index if not exists categories_by_slug on categories (agency_id, slug);
