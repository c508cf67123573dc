-- Screens on walls that show the figures of queues without anybody signed in.

create table if not exists wallboards (
  agency_id BIGINT not null,
  id BIGINT not null,
  name TEXT not null,
  -- SHA-256 of the secret in its link.
  token_hash BYTEA not null,
  locale TEXT not null,
  -- system, light, dark.
  theme TEXT not null,
  created_at BIGINT not null,
  expires_at BIGINT not null,
  revoked_at BIGINT,
  primary key (agency_id, id)
);
create unique index if not exists wallboards_by_token on wallboards (token_hash);
