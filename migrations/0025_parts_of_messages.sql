-- Deliveries that are parts of one long message find each other, however much else waits.

alter table inbound add column part_of TEXT;
create index if not exists inbound_parts on inbound (agency_id, account_id, part_of, id)
  where part_of is not null and state = 'waiting';
