-- How the connection to an account goes, for the people who set it up; nothing is decided by it.
create table if not exists channel_states (
  agency_id BIGINT not null,
  account_id BIGINT not null,
  -- connecting, fetching, waiting, failing, refused, ended.
  state TEXT not null,
  -- The server's words where it fails or refuses.
  why TEXT,
  state_at BIGINT not null,
  -- Messages that came in by it, and when the last did.
  taken BIGINT not null,
  taken_at BIGINT,
  primary key (agency_id, account_id)
);
-- A raw message that was set aside is a file that a row names.
create index if not exists inbound_by_raw on inbound (raw) where raw is not null;
