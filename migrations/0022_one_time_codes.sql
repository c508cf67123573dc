-- Codes by which somebody proves that an address is theirs. Short-lived, and kept as keyed hashes.

create table if not exists one_time_codes (
  agency_id BIGINT not null,
  -- Keyed hash of the address as it was asked for; there is one for every address that was asked
  -- for, known or not.
  address_hash BYTEA not null,
  code_hash BYTEA not null,
  tries BIGINT not null,
  expires_at BIGINT not null,
  primary key (agency_id, address_hash)
);
create index if not exists one_time_codes_by_age on one_time_codes (agency_id, expires_at);
