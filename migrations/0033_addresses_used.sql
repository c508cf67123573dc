-- By which address the reporter of a case last wrote to us about it, or proved to be themself.

create table if not exists case_addresses (
  agency_id BIGINT not null,
  case_id BIGINT not null,
  -- email, phone.
  kind TEXT not null,
  value TEXT not null,
  used_at BIGINT not null,
  primary key (agency_id, case_id, kind)
);
