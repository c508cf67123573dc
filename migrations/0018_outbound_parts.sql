-- What a provider took in several parts (a long SMS, a text with files): one row for each, since
-- receipts come for each. A message has arrived when all of them have.
create table if not exists outbound_parts (
  agency_id BIGINT not null,
  outbound_id BIGINT not null,
  account_id BIGINT not null,
  -- The provider's id of the part.
  external_id TEXT not null,
  -- As of a message: sent, delivered, read, failed.
  state TEXT not null,
  primary key (agency_id, outbound_id, external_id)
);
create index if not exists outbound_parts_by_external
  on outbound_parts (agency_id, account_id, external_id, outbound_id);
